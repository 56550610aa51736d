//! The orderings that stand in a source file, and the comments that explain why
//! one stays.
//!
//! The text is read, not parsed: comments and strings are blanked out, unit
//! tests too, and what is left is searched for the names of orderings. Each
//! belongs to the call whose arguments it is among, and to the one around that
//! if it only makes an ordering; a call is known by its opening parenthesis,
//! which is also the first one after the place that the compiler gives for it.

/// Words that name an ordering stronger than Relaxed.
const WORDS: [&str; 4] = ["Acquire", "Release", "AcqRel", "SeqCst"];

/// Lines between a comment and the ordering that it explains, at most.
const REACH: u32 = 10;

/// An ordering in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceOrdering {
    pub(crate) word: &'static str,
    /// Where the called name begins, from 1.
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// The called name.
    pub(crate) op: String,
    /// Where the call's parenthesis is: the call's identity in the text. Then,
    /// for a call that only makes an ordering, the calls that it is an argument
    /// of.
    parens: Vec<usize>,
    /// The line of the word itself.
    own_line: u32,
}

/// What a comment says of the ordering below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) line: u32,
    /// Whether it says that nobody executes it; otherwise that it survives.
    pub(crate) blind: bool,
    pub(crate) text: String,
    /// The line of the orderings that it is about; `None` if there is none in
    /// reach.
    pub(crate) about: Option<u32>,
}

/// A source file.
#[derive(Debug)]
pub(crate) struct SourceText {
    code: Vec<char>,
    /// Where each line begins in `code`.
    lines: Vec<usize>,
    pub(crate) orderings: Vec<SourceOrdering>,
    pub(crate) reasons: Vec<Reason>,
}

impl SourceText {
    pub(crate) fn new(text: &str) -> SourceText {
        let mut code = blanked(text);
        blank_tests(&mut code);
        let mut lines = vec![0];
        lines.extend(code.iter().enumerate().filter(|(_, c)| **c == '\n').map(|(at, _)| at + 1));
        let mut source = SourceText { code, lines, orderings: Vec::new(), reasons: Vec::new() };
        source.orderings = source.find_orderings();
        source.reasons = reasons(text, &source.orderings);
        source
    }

    /// The orderings among the arguments of the call that the compiler places
    /// at this line and column.
    pub(crate) fn orderings_of(&self, line: u32, column: u32) -> impl Iterator<Item = &SourceOrdering> {
        let start = self.lines.get(line as usize - 1).map(|start| start + column as usize - 1);
        let paren = start.and_then(|start| {
            let rest = self.code.get(start..)?;
            Some(start + rest.iter().position(|c| *c == '(')?)
        });
        self.orderings
            .iter()
            .filter(move |ordering| paren.is_some_and(|paren| ordering.parens.contains(&paren)))
    }

    /// The reasons that are about this ordering of the call at this place.
    pub(crate) fn reason(&self, line: u32, column: u32, word: &str) -> Option<&Reason> {
        let mut orderings = self.orderings_of(line, column).filter(|ordering| ordering.word == word);
        orderings.find_map(|ordering| self.reasons.iter().find(|r| r.about == Some(ordering.own_line)))
    }

    fn find_orderings(&self) -> Vec<SourceOrdering> {
        let mut orderings = Vec::new();
        let mut at = 0;
        while at < self.code.len() {
            if !is_word(self.code[at]) {
                at += 1;
                continue;
            }
            let end = at + self.code[at..].iter().take_while(|c| is_word(**c)).count();
            let name: String = self.code[at..end].iter().collect();
            if let Some(word) = WORDS.into_iter().find(|word| *word == name)
                && let Some(paren) = self.argument_of(at, end)
            {
                orderings.push(self.ordering_at(word, at, paren));
            }
            at = end;
        }
        orderings
    }

    /// The parenthesis of the call that the word at `start..end` is an argument
    /// of. `None` if it is none: a pattern, a comparison, an import.
    fn argument_of(&self, start: usize, end: usize) -> Option<usize> {
        let next = self.code[end..].iter().find(|c| !c.is_whitespace())?;
        if !matches!(next, ',' | ')') {
            return None;
        }
        let path = self.code[..start].iter().rev().take_while(|c| is_word(**c) || **c == ':').count();
        let before = self.code[..start - path].iter().rev().find(|c| !c.is_whitespace())?;
        if !matches!(before, ',' | '(') {
            return None;
        }
        self.enclosing(start)
    }

    /// The parenthesis that encloses `at`, if a parenthesis does and no other
    /// bracket within it.
    fn enclosing(&self, at: usize) -> Option<usize> {
        let mut depth = 0;
        let at = self.code[..at].iter().rposition(|c| {
            depth += i32::from(matches!(c, ')' | ']' | '}')) - i32::from(matches!(c, '(' | '[' | '{'));
            depth < 0
        })?;
        (self.code[at] == '(').then_some(at)
    }

    /// Where the name before the parenthesis at `paren` begins and ends.
    fn called(&self, paren: usize) -> (usize, usize) {
        let mut end = paren;
        // A turbofish stands between the name and its parenthesis.
        if self.code[..end].ends_with(&['>']) {
            end = self.code[..end].iter().rposition(|c| *c == '<').unwrap_or(end);
            end = self.code[..end].iter().rposition(|c| is_word(*c)).map_or(end, |last| last + 1);
        }
        (end - self.code[..end].iter().rev().take_while(|c| is_word(**c)).count(), end)
    }

    fn name(&self, (start, end): (usize, usize)) -> String {
        self.code[start..end].iter().collect()
    }

    fn ordering_at(&self, word: &'static str, at: usize, paren: usize) -> SourceOrdering {
        let mut parens = vec![paren];
        let mut called = self.called(paren);
        while !is_operation(&self.name(called))
            && let Some(outer) = self.enclosing(called.0)
        {
            parens.push(outer);
            called = self.called(outer);
        }
        let called = self.called(paren);
        let line = self.line_of(called.0);
        SourceOrdering {
            word,
            line: line as u32 + 1,
            column: (called.0 - self.lines[line]) as u32 + 1,
            op: self.name(called),
            parens,
            own_line: self.line_of(at) as u32 + 1,
        }
    }

    /// The line, from 0, that the character at `at` is on.
    fn line_of(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at) - 1
    }
}

/// Whether a call of this name has an ordering of its own: then it is not one
/// that only makes an ordering for the call around it.
fn is_operation(name: &str) -> bool {
    let exact = ["load", "store", "swap", "fence", "light_fence", "heavy_fence"];
    exact.contains(&name) || name.starts_with("fetch_") || name.starts_with("compare_exchange")
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The comments of the form `// Audit: survives, because …` or
/// `// Audit: blind, because …`, each with the ordering below it.
fn reasons(text: &str, orderings: &[SourceOrdering]) -> Vec<Reason> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut found = Vec::new();
    for (number, line) in (1..).zip(&lines) {
        let Some(said) = line.strip_prefix("// Audit: ") else {
            continue;
        };
        let Some((verdict, why)) = said.split_once(", because ") else {
            continue;
        };
        let more = lines[number as usize..].iter().map_while(|l| l.strip_prefix("// ")).take_while(|l| {
            let first = l.split(' ').next().unwrap_or("");
            !first.ends_with(':')
        });
        let text = std::iter::once(why).chain(more).collect::<Vec<_>>().join(" ");
        let below =
            orderings.iter().map(|t| t.own_line).filter(|l| (number + 1..=number + REACH).contains(l));
        found.push(Reason { line: number, blind: verdict == "blind", text, about: below.min() });
    }
    found
}

/// `text` with its comments and the contents of its literals replaced by blanks.
fn blanked(text: &str) -> Vec<char> {
    let mut code: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < code.len() {
        let rest = &code[at..];
        let end = match rest {
            ['/', '/', ..] => at + rest.iter().take_while(|c| **c != '\n').count(),
            ['/', '*', ..] => at + block_comment(rest),
            ['r', '"' | '#', ..] if at == 0 || !is_word(code[at - 1]) => at + raw_string(rest),
            ['"', ..] => at + string(rest),
            ['\'', '\\', ..] => at + 3 + rest[3..].iter().take_while(|c| **c != '\'').count() + 1,
            ['\'', _, '\'', ..] => at + 3,
            _ => {
                at += 1;
                continue;
            }
        };
        let end = end.min(code.len());
        code[at..end].iter_mut().filter(|c| **c != '\n').for_each(|c| *c = ' ');
        at = end;
    }
    code
}

/// The length of the block comment at the start of `rest`.
fn block_comment(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match &rest[at..] {
            ['/', '*', ..] => {
                depth += 1;
                at += 2;
            }
            ['*', '/', ..] => {
                depth -= 1;
                at += 2;
            }
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of the string at the start of `rest`.
fn string(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The length of the raw string at the start of `rest`; of the `r` if it is a
/// raw identifier.
fn raw_string(rest: &[char]) -> usize {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return 1;
    }
    let mut end = vec!['"'];
    end.extend(std::iter::repeat_n('#', hashes));
    let body = 2 + hashes;
    rest[body..].windows(end.len()).position(|w| *w == end[..]).map_or(rest.len(), |at| body + at + end.len())
}

/// Blanks the modules that are marked `#[cfg(test)]`.
fn blank_tests(code: &mut [char]) {
    let mark: Vec<char> = "#[cfg(test)]".chars().collect();
    let mut from = 0;
    while let Some(at) = code[from..].windows(mark.len()).position(|w| *w == mark[..]) {
        let start = from + at;
        from = start + mark.len();
        let rest: String = code[from..].iter().take(200).collect();
        let item = rest.trim_start();
        let Some(open) = code[from..].iter().position(|c| *c == '{').map(|at| from + at) else {
            continue;
        };
        if !(item.starts_with("mod ") || item.starts_with("pub mod ")) {
            continue;
        }
        let mut depth = 0;
        let length = code[open..].iter().position(|c| {
            depth += i32::from(*c == '{') - i32::from(*c == '}');
            depth == 0
        });
        let end = length.map_or(code.len(), |length| open + length + 1);
        code[start..end].iter_mut().filter(|c| **c != '\n').for_each(|c| *c = ' ');
        from = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &SourceText) -> Vec<(&str, u32, u32, &str)> {
        source.orderings.iter().map(|t| (t.op.as_str(), t.line, t.column, t.word)).collect()
    }

    #[test]
    fn orderings_belong_to_the_call_that_they_are_arguments_of() {
        let source = SourceText::new(
            "fn f() {\n    a.b.store(g(1), Ordering::Release);\n    x.fetch_update(Ordering::AcqRel, Acquire, |v| {\n        \
             Some(v + y.load(Ordering::SeqCst))\n    });\n    atomic::fence(core::sync::atomic::Ordering::SeqCst);\n}\n",
        );
        assert_eq!(
            words(&source),
            [
                ("store", 2, 9, "Release"),
                ("fetch_update", 3, 7, "AcqRel"),
                ("fetch_update", 3, 7, "Acquire"),
                ("load", 4, 20, "SeqCst"),
                ("fence", 6, 13, "SeqCst"),
            ]
        );
        let of = |line, column| source.orderings_of(line, column).map(|t| t.word).collect::<Vec<_>>();
        assert_eq!(of(3, 7), ["AcqRel", "Acquire"]);
        assert_eq!(of(6, 5), ["SeqCst"], "the compiler places a path call at its first word");
        assert!(of(9, 1).is_empty());
    }

    #[test]
    fn a_call_that_makes_an_ordering_makes_it_for_the_call_around_it() {
        let source = SourceText::new(
            "x.store(1, if_not(flaw, Ordering::Release));\ny.fetch_update(AcqRel, Relaxed, |v| z.load(Acquire));\n",
        );
        let of = |line, column| source.orderings_of(line, column).map(|t| t.word).collect::<Vec<_>>();
        assert_eq!(of(1, 3), ["Release"]);
        assert_eq!(of(2, 3), ["AcqRel"]);
        assert_eq!(of(2, 35), ["Acquire"]);
    }

    #[test]
    fn what_is_no_argument_is_no_ordering() {
        let source = SourceText::new(
            "use std::sync::atomic::Ordering::{self, SeqCst};\n// x.load(Ordering::Acquire)\n/* y.load(SeqCst) */\nlet \
             s = \"z.load(Acquire)\";\nlet r = r#\"z.load(Acquire)\"#;\nlet c = '\"';\nmatch o { Ordering::Acquire => 1, \
             _ => 2 };\nif o == Ordering::SeqCst {}\n#[cfg(test)]\nmod tests { fn f() { x.load(Ordering::SeqCst); } }\nfn \
             g() { y.load(Ordering::Acquire); }\n",
        );
        assert_eq!(words(&source), [("load", 11, 12, "Acquire")]);
    }

    #[test]
    fn a_reason_is_about_the_next_ordering() {
        let source = SourceText::new(
            "fn f() {\n    // Audit: survives, because the caller\n    // holds a lock.\n    // SeqCst: pairs with itself.\n    \
             x.load(Ordering::SeqCst);\n    y.load(Ordering::Acquire);\n    // Audit: blind, because nobody calls \
             it.\n}\n",
        );
        let reason = source.reason(5, 7, "SeqCst").expect("the comment is right above");
        assert_eq!((reason.text.as_str(), reason.blind), ("the caller holds a lock.", false));
        assert!(source.reason(6, 7, "Acquire").is_none());
        let lost = &source.reasons[1];
        assert_eq!((lost.line, lost.blind, lost.about), (7, true, None));
    }
}
