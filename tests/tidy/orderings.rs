//! What must stand above an ordering: its partner, and for a survivor of the
//! audit the reason.

use crate::source::{Position, Source};

const STRONG: [&str; 4] = ["Acquire", "Release", "AcqRel", "SeqCst"];

/// The orderings stronger than Relaxed that the code uses: line and word. What
/// stands in a pattern or beside `==` asks for an ordering and uses none; what
/// stands under `use` is only named.
pub(crate) fn strong(source: &Source) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for scope in source.scope.all() {
        for mention in scope.mentions.iter().filter(|mention| mention.position == Position::Code) {
            for path in scope.spelled_out(&mention.path) {
                let word = STRONG.into_iter().find(|word| path.last().is_some_and(|last| last == word));
                let ordering = path.iter().rev().nth(1).is_none_or(|of| of.ends_with("Ordering"));
                found.extend(word.filter(|_| ordering).map(|word| (mention.line, word)));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The orderings without a comment `// Word: …` in the lines above.
pub(crate) fn without_partner(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let said = |line: usize, word: &str| {
        let above = &lines[line.saturating_sub(10)..line - 1];
        let start = format!("{word}:");
        above.iter().any(|above| above.trim_start().starts_with("//") && above.contains(&start))
    };
    strong(source)
        .into_iter()
        .filter(|(line, word)| !said(*line, word))
        .map(|(line, word)| {
            format!("{}:{line} no `// {word}:` above: {}", source.path, lines[line - 1].trim())
        })
        .collect()
}

/// What is wrong with the comments that explain to the audit why an ordering
/// stays: line and what.
pub(crate) fn misplaced_reasons(source: &Source) -> Vec<(usize, &'static str)> {
    let orderings = strong(source);
    let mut found = Vec::new();
    for (number, line) in (1..).zip(source.text.lines()).filter(|(number, _)| !source.is_test_line(*number)) {
        let Some(said) = line.trim_start().strip_prefix("// Audit:") else {
            continue;
        };
        let why = said.strip_prefix(" survives, because ").or(said.strip_prefix(" blind, because "));
        let ordering = orderings.iter().any(|(line, _)| (number + 1..=number + 10).contains(line));
        if why.is_none_or(|why| why.trim().len() < 10) {
            found.push((number, "say `// Audit: survives, because …` or `// Audit: blind, because …`"));
        } else if !ordering {
            found.push((number, "no ordering stronger than Relaxed within the ten lines below"));
        }
    }
    found
}
