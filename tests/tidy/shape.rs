//! What a file looks like: its first line, its length, its face, the names of
//! its types, and what it may name of the standard library.

use crate::source::{Scope, Source, Type};
use std::collections::BTreeMap;

/// A file opens with its story.
pub(crate) fn without_story(source: &Source) -> Option<String> {
    let first = source.text.lines().next().unwrap_or_default();
    let said = first.strip_prefix("//!").is_some_and(|story| story.trim().len() >= 10);
    (!said).then(|| format!("its first line is no `//!` that says its story: {first}"))
}

/// A file of more than about 400 lines of code is two things.
pub(crate) fn too_long(source: &Source) -> Option<String> {
    let lines = source.code_lines.len();
    (lines > 460).then(|| format!("{lines} lines of code"))
}

/// A face (`lib.rs`, `mod.rs`) holds modules and re-exports, and no function,
/// implementation or item-writing macro.
pub(crate) fn more_than_a_face(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for scope in source.scope.all() {
        let lines = scope.functions.iter().chain(&scope.implementations);
        found.extend(lines.map(|line| format!("{}:{line}", source.path)));
    }
    found
}

/// The types that a face defines.
pub(crate) fn types_in_a_face(source: &Source) -> Vec<String> {
    let scopes = source.scope.all();
    let types = scopes.iter().flat_map(|scope| &scope.types);
    types.map(|t| format!("{}:{} {}", source.path, t.line, t.name)).collect()
}

/// A glob over the parent hides who imports what.
pub(crate) fn globs_over_a_parent(source: &Source) -> Vec<String> {
    let scopes = source.scope.all();
    let imports = scopes.iter().flat_map(|scope| &scope.imports);
    let globs = imports.filter(|i| i.name == "*" && i.path.first().is_some_and(|first| first == "super"));
    globs.map(|i| format!("{}:{} use {}", source.path, i.line, i.path.join("::"))).collect()
}

/// What only the door may name: `std`'s memory, threads and clocks. Cells may
/// be named (through the door) where `cells` says so.
pub(crate) fn shared_memory(source: &Source, cells: bool) -> Vec<String> {
    let mut found = Vec::new();
    for scope in source.scope.all() {
        for mention in &scope.mentions {
            for path in scope.spelled_out(&mention.path) {
                let words: Vec<&str> = path.iter().map(String::as_str).collect();
                let of_std = ["std", "core", "alloc"].contains(&words[0]);
                let whole = of_std && (words.len() == 1 || words[1] == "*" || words[1] == "self");
                let shared = of_std && words.get(1).is_some_and(|w| ["sync", "thread", "time"].contains(w));
                let cell = words.contains(&"UnsafeCell") && (of_std || !cells);
                if (whole && is_import(scope, &mention.path)) || shared || cell {
                    found.push(format!("{}:{} {}", source.path, mention.line, path.join("::")));
                }
            }
        }
    }
    found.dedup();
    found
}

/// Whether some `use` item says exactly this.
fn is_import(scope: &Scope, path: &[String]) -> bool {
    scope.imports.iter().any(|import| import.path == path)
}

/// The calls of `std::thread::sleep`, by whatever name, tests not left out.
pub(crate) fn sleeps(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for scope in source.with_tests.all() {
        for mention in &scope.mentions {
            for path in scope.spelled_out(&mention.path) {
                let words: Vec<&str> = path.iter().map(String::as_str).collect();
                if let ["std", "thread", "sleep" | "sleep_ms" | "sleep_until"] = words[..] {
                    found.push(format!("{}:{} {}", source.path, mention.line, path.join("::")));
                }
            }
        }
    }
    found.dedup();
    found
}

/// The names that more than one visible type has, with the places.
pub(crate) fn names_taken_twice(sources: &[&Source]) -> Vec<(String, String)> {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for source in sources {
        for scope in source.scope.all() {
            // Two in one scope are one type, behind two `cfg`s.
            let types: BTreeMap<&str, &Type> =
                scope.types.iter().filter(|t| t.visible).map(|t| (t.name.as_str(), t)).collect();
            for (name, found) in types {
                places.entry(name).or_default().push(format!("{}:{}", source.path, found.line));
            }
        }
    }
    places.retain(|_, places| places.len() > 1);
    places.into_iter().map(|(name, places)| (name.to_owned(), places.join(", "))).collect()
}

/// What is left for later: the words for it, and tests that are ignored
/// without a reason.
pub(crate) fn loose_ends(path: &str, text: &str) -> Vec<String> {
    let words = [
        "TO".to_owned() + "DO",
        "FIX".to_owned() + "ME",
        "to".to_owned() + "do!(",
        "unimplemented".to_owned() + "!(",
    ];
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim() == "#[ignore]" || words.iter().any(|word| line.contains(word.as_str())) {
            found.push(format!("{path}:{number} {}", line.trim()));
        }
    }
    found
}
