//! The house rules, as tests over the sources.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files below `dir` whose names end with one of `endings`, relative to the root.
fn files(dir: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(dir)];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())).flatten() {
            let path = entry.path();
            if path.is_dir() {
                if !path.ends_with("target") {
                    open.push(path);
                }
            } else if endings.iter().any(|e| path.to_string_lossy().ends_with(e)) {
                found.push(path.strip_prefix(root()).expect("it is below the root").to_owned());
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The lines of code of a file, numbered from 1: no comments, no unit tests.
fn code(text: &str) -> Vec<(usize, &str)> {
    let lines = text.lines().enumerate();
    lines
        .take_while(|(_, line)| line.trim() != "mod tests {")
        .map(|(number, line)| (number + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .collect()
}

/// The structures' own files: neither the door nor the checker.
fn structure_files() -> Vec<PathBuf> {
    let below = |path: &Path, dir: &str| path.starts_with(Path::new("src").join(dir));
    files("src", &[".rs"]).into_iter().filter(|p| !below(p, "sync") && !below(p, "check")).collect()
}

fn assert_none(rule: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}

#[test]
fn lib_rs_is_a_face() {
    let text = read(Path::new("src/lib.rs"));
    for (number, line) in code(&text) {
        for word in ["fn ", "impl ", "unsafe", "struct ", "enum "] {
            assert!(
                !line.contains(word),
                "src/lib.rs:{number} holds more than modules and re-exports: {line}"
            );
        }
    }
}

#[test]
fn only_the_door_names_shared_memory_and_threads() {
    let names =
        ["std::sync", "core::sync", "alloc::sync", "std::thread", "std::time", "core::cell::UnsafeCell"];
    let mut offences = Vec::new();
    for path in structure_files() {
        let text = read(&path);
        for (number, line) in code(&text) {
            if names.iter().any(|name| line.contains(name)) {
                offences.push(format!("{}:{number} {}", path.display(), line.trim()));
            }
            if line.contains("UnsafeCell") && !path.ends_with("src/slot.rs") {
                offences.push(format!("{}:{number} a cell outside slot.rs: {}", path.display(), line.trim()));
            }
        }
    }
    assert_none("use `crate::sync`", &offences);
}

#[test]
fn imports_go_one_way() {
    let structures = ["spsc", "mpmc"];
    let mut offences = Vec::new();
    for path in files("src", &[".rs"]) {
        let text = read(&path);
        let own = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let layer_below = ["error", "position", "slot"].contains(&own.as_str());
        let in_check = path.starts_with("src/check") || path.starts_with("src/sync");
        for (number, line) in code(&text) {
            for structure in structures.iter().filter(|s| **s != own && path != Path::new("src/lib.rs")) {
                let named = line.contains(&format!("crate::{structure}"));
                if named && (layer_below || in_check || structures.contains(&own.as_str())) {
                    offences.push(format!("{}:{number} {}", path.display(), line.trim()));
                }
            }
        }
    }
    assert_none(
        "no structure is imported by another, by the checker, by the door or by what it stands on",
        &offences,
    );
}

/// The orderings that a line of code names, stronger than Relaxed.
fn strong_orderings(line: &str) -> Vec<&'static str> {
    let words = ["Acquire", "Release", "AcqRel", "SeqCst"];
    words.into_iter().filter(|word| line.contains(&format!("Ordering::{word}"))).collect()
}

#[test]
fn every_strong_ordering_says_what_it_pairs_with() {
    let mut paths = structure_files();
    paths.extend(files("src/sync", &[".rs"]));
    paths.extend(files("check/src/door", &[".rs"]));
    paths.extend(files("check/src/task", &[".rs"]));
    let mut seen = 0;
    let mut offences = Vec::new();
    for path in paths {
        let text = read(&path);
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in code(&text) {
            if line.contains("=>") || line.contains("==") || line.contains("!=") {
                continue;
            }
            for word in strong_orderings(line) {
                seen += 1;
                let above = &lines[number.saturating_sub(10)..number - 1];
                let said =
                    above.iter().any(|l| l.trim_start().starts_with("//") && l.contains(&format!("{word}:")));
                if !said {
                    offences.push(format!(
                        "{}:{number} no `// {word}:` above: {}",
                        path.display(),
                        line.trim()
                    ));
                }
            }
        }
    }
    assert!(seen > 20, "the rule looked at {seen} orderings only");
    assert_none("the comment above an ordering says the same word and its partner", &offences);
}

/// What is wrong with the comments in `text` that explain to the audit why an
/// ordering stays: line and what.
fn misplaced_reasons(text: &str) -> Vec<(usize, &'static str)> {
    let lines: Vec<&str> = text.lines().take_while(|line| line.trim() != "mod tests {").collect();
    let mut found = Vec::new();
    for (number, line) in (1..).zip(&lines) {
        let Some(said) = line.trim_start().strip_prefix("// Audit:") else {
            continue;
        };
        let why = said.strip_prefix(" survives, because ").or(said.strip_prefix(" blind, because "));
        let below = lines[number..].iter().take(10);
        let ordering = below
            .filter(|line| !line.trim_start().starts_with("//"))
            .any(|line| !strong_orderings(line).is_empty());
        if why.is_none_or(|why| why.trim().len() < 10) {
            found.push((number, "say `// Audit: survives, because …` or `// Audit: blind, because …`"));
        } else if !ordering {
            found.push((number, "no ordering stronger than Relaxed within the ten lines below"));
        }
    }
    found
}

#[test]
fn a_survivor_of_the_audit_gives_its_reason_at_its_ordering() {
    let good =
        "// Audit: survives, because the lock orders it\n// Acquire: as above.\nx.load(Ordering::Acquire);\n";
    assert!(misplaced_reasons(good).is_empty());
    for bad in [
        good.replace("Ordering::Acquire", "Ordering::Relaxed"),
        good.replace("because the lock orders it", "because"),
        good.replace("survives", "is fine"),
        good.replace("// Acquire: as above.\n", &"let x = &y;\n".repeat(10)),
    ] {
        assert_eq!(misplaced_reasons(&bad).len(), 1, "{bad}");
    }
    let mut offences = Vec::new();
    for dir in ["src", "check/src", "loom-tests/src", "benches/src", "review-cases/src"] {
        for path in files(dir, &[".rs"]) {
            let wrong = misplaced_reasons(&read(&path));
            offences.extend(wrong.iter().map(|(number, what)| format!("{}:{number} {what}", path.display())));
        }
    }
    assert_none("a reason for the audit stands at its ordering, in its form", &offences);
}

#[test]
fn files_are_one_story_each() {
    let mut offences = Vec::new();
    for dir in ["src", "check/src", "loom-tests/src", "benches/src", "review-cases/src"] {
        for path in files(dir, &[".rs"]) {
            let text = read(&path);
            let lines = code(&text).iter().filter(|(_, line)| !line.trim().is_empty()).count();
            if lines > 460 {
                offences.push(format!("{}: {lines} lines of code", path.display()));
            }
        }
    }
    assert_none("a file of more than about 400 lines of code is two things", &offences);
}

#[test]
fn nothing_is_left_for_later() {
    let words = [
        "TO".to_owned() + "DO",
        "FIX".to_owned() + "ME",
        "to".to_owned() + "do!(",
        "unimplemented".to_owned() + "!(",
    ];
    let mut offences = Vec::new();
    for dir in ["src", "check", "tests", "examples", "loom-tests", "benches", "review-cases"] {
        for path in files(dir, &[".rs", ".md", ".toml"]) {
            for (number, line) in read(&path).lines().enumerate() {
                let bare_ignore = line.trim() == "#[ignore]";
                if bare_ignore || words.iter().any(|word| line.contains(word.as_str())) {
                    offences.push(format!("{}:{} {}", path.display(), number + 1, line.trim()));
                }
            }
        }
    }
    assert_none("no loose ends, and no ignored test without a reason", &offences);
}

#[test]
fn no_test_of_threads_sleeps() {
    let mut offences = Vec::new();
    for dir in ["tests", "check/tests", "loom-tests/tests"] {
        for path in files(dir, &[".rs"]) {
            if path.ends_with("tidy.rs") {
                continue;
            }
            for (number, line) in code(&read(&path)) {
                if line.contains("std::thread::sleep") {
                    offences.push(format!("{}:{number} {}", path.display(), line.trim()));
                }
            }
        }
    }
    assert_none("a sleep is no synchronisation", &offences);
}

#[test]
fn the_default_build_stands_on_crossbeam_utils_alone() {
    let manifest = read(Path::new("Cargo.toml"));
    let section = manifest.split("\n[dependencies]").nth(1).expect("there are dependencies");
    let section = section.split("\n[").next().expect("a split has a first part");
    let required: Vec<&str> =
        section.lines().filter(|l| l.contains('=') && !l.contains("optional = true")).collect();
    assert_eq!(required.len(), 1, "{required:?}");
    assert!(required[0].starts_with("crossbeam-utils"), "{required:?}");
}
