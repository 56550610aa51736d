//! The house rules, as tests over the parsed sources.
//!
//! Each rule is a function from a source text to its offences. Each is shown
//! an example that it must catch before it looks at the house, so that no rule
//! passes because it sees nothing. `cargo test -p ringwright --test tidy --
//! table --nocapture` prints the graph of imports.

#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/manifest.rs"]
mod manifest;
#[path = "tidy/orderings.rs"]
mod orderings;
#[path = "tidy/rooms.rs"]
mod rooms;
#[path = "tidy/shape.rs"]
mod shape;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/ways.rs"]
mod ways;

use source::Source;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The packages: where each is, and the folders with its sources.
const PACKAGES: [&str; 5] = [".", "check", "loom-tests", "benches", "review-cases"];

/// Names that two types of one package share, each with its reason: the
/// package, the names, why.
const SHARED_NAMES: &[(&str, &[&str], &str)] = &[
    (
        ".",
        &["Producer", "Consumer", "Drain"],
        "every structure has the same ends: `spsc::Producer`, `mpmc::Producer`",
    ),
    (
        "check",
        &[
            "Condvar",
            "Mutex",
            "MutexGuard",
            "RwLock",
            "RwLockReadGuard",
            "RwLockWriteGuard",
            "WaitTimeoutResult",
        ],
        "the door mirrors std and, in `door::parking_lot`, parking_lot: they share these names",
    ),
    ("check", &["JoinHandle"], "of a thread as std has it, and of a task as executors have it"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files below `dir` whose names end with one of `endings`, relative to the
/// root; none if there is no such folder.
fn files(dir: &str, endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![root().join(dir)];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("target") {
                open.push(path);
            } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
                let below = path.strip_prefix(root()).expect("it is below the root");
                found.push(below.to_string_lossy().trim_start_matches("./").to_owned());
            }
        }
    }
    found.sort();
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Every Rust file of a package's own: sources, tests, examples, benches.
static HOUSE: LazyLock<BTreeMap<String, Source>> = LazyLock::new(|| {
    let mut found = BTreeMap::new();
    for package in PACKAGES {
        for folder in ["src", "tests", "examples", "benches"] {
            let folder = if package == "." { folder.to_owned() } else { format!("{package}/{folder}") };
            for path in files(&folder, &[".rs"]) {
                let source = Source::parse(&path, &read(&path));
                found.insert(path, source);
            }
        }
    }
    assert!(found.len() > 150, "the house has {} files only", found.len());
    found
});

/// The sources below one of these folders.
fn below(folders: &[&str]) -> Vec<&'static Source> {
    let found: Vec<&Source> =
        HOUSE.values().filter(|s| folders.iter().any(|f| Path::new(&s.path).starts_with(f))).collect();
    assert!(!found.is_empty(), "nothing below {folders:?}");
    found
}

const ALL_SOURCES: [&str; 5] = ["src", "check/src", "loom-tests/src", "benches/src", "review-cases/src"];

fn assert_none(rule: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}

/// [`assert_none`] for offences that are told as what, and why.
fn assert_no_offence(rule: &str, offences: &[(String, String)]) {
    let told: Vec<String> = offences.iter().map(|(what, why)| format!("{what}: {why}")).collect();
    assert_none(rule, &told);
}

fn example(text: &str) -> Source {
    Source::parse("example.rs", text)
}

#[test]
fn a_face_holds_modules_and_re_exports() {
    for bad in ["pub fn f() {}", "impl S {}", "mod inner { fn f() {} }", "unsafe impl Send for S {}"] {
        assert_eq!(shape::more_than_a_face(&example(bad)).len(), 1, "{bad}");
    }
    let good = "mod a;\npub use a::B;\n#[cfg(test)]\nmod tests { fn f() {} }";
    assert!(shape::more_than_a_face(&example(good)).is_empty());
    assert_eq!(shape::types_in_a_face(&example("pub struct S;")).len(), 1);

    let mut offences = Vec::new();
    for source in below(&ALL_SOURCES) {
        if source.path.ends_with("/mod.rs") || source.path.ends_with("/lib.rs") {
            let code = shape::more_than_a_face(source);
            if !code.is_empty() {
                offences.push((source.path.clone(), code.join(", ")));
            }
        }
    }
    assert_no_offence("a face holds modules and re-exports, and no function", &offences);
    let types = shape::types_in_a_face(&HOUSE["src/lib.rs"]);
    assert_none("src/lib.rs holds more than modules and re-exports", &types);
}

#[test]
fn only_the_door_names_shared_memory_and_threads() {
    for bad in [
        "use std::sync::Arc;",
        "use std::{fmt, sync::{self, Arc}};",
        "use core as c;",
        "use std::*;",
        "fn f() { std::thread::yield_now() }",
        "fn f() { println!(\"{:?}\", std::time::Instant::now()) }",
        "struct S(core::cell::UnsafeCell<u8>);",
        "use crate::sync::cell::UnsafeCell;",
        "use alloc::sync::Arc;",
    ] {
        assert!(!shape::shared_memory(&example(bad), false).is_empty(), "{bad}");
    }
    assert!(!shape::shared_memory(&example("use core::cell::UnsafeCell;"), true).is_empty());
    for good in ["use crate::sync::Arc;", "use std::fmt;", "#[cfg(test)]\nmod tests { use std::thread; }"] {
        assert!(shape::shared_memory(&example(good), false).is_empty(), "{good}");
    }

    let mut offences = Vec::new();
    for source in below(&["src"]).iter().filter(|s| !s.path.starts_with("src/sync/")) {
        offences.extend(shape::shared_memory(source, source.path == "src/slot.rs"));
    }
    assert_none("use `crate::sync`, and cells in slot.rs only", &offences);
}

#[test]
fn every_strong_ordering_says_what_it_pairs_with() {
    let comment = "// Acquire: pairs with the Release store in `push`.\n";
    for bad in [
        "fn f() { x.load(Ordering::Acquire); }",
        "fn f() { if x.load(Acquire) == 0 {} }",
        "fn f() { match y { 0 => x.load(Ordering::Acquire), _ => 1 }; }",
        "fn f() { debug_assert_eq!(x.load(atomic::Ordering::Acquire), 0); }",
        "use Ordering::Acquire as Strong;\nfn f() { x.load(Strong); }",
    ] {
        assert_eq!(orderings::without_partner(&example(bad)).len(), 1, "{bad}");
        let told = example(&bad.replace("fn f", &format!("{comment}fn f")));
        assert!(orderings::without_partner(&told).is_empty(), "{bad}");
        let other =
            example(&bad.replace("fn f", &format!("{}fn f", comment.replace("Acquire:", "Release:"))));
        assert_eq!(orderings::without_partner(&other).len(), 1, "{bad}");
    }
    for good in [
        "fn f() { match order { Ordering::Acquire => 1, _ => 2 }; }",
        "fn f() { matches!(order, Ordering::Acquire | Ordering::AcqRel); }",
        "fn f() { if order == Ordering::SeqCst {} }",
        "use Ordering::Acquire;\nfn f() { x.load(Ordering::Relaxed); }",
        "#[cfg(test)]\nmod tests { fn f() { x.load(Ordering::Acquire); } }",
    ] {
        assert!(orderings::without_partner(&example(good)).is_empty(), "{good}");
    }

    let mut offences = Vec::new();
    let mut seen = 0;
    for source in below(&["src", "check/src/door", "check/src/task"]) {
        seen += orderings::strong(source).len();
        offences.extend(orderings::without_partner(source));
    }
    assert!(seen > 20, "the rule looked at {seen} orderings only");
    assert_none("the comment above an ordering says the same word and its partner", &offences);
}

#[test]
fn a_survivor_of_the_audit_gives_its_reason_at_its_ordering() {
    let good = "fn f() {\n// Audit: survives, because the lock orders it\n// Acquire: as above.\nx.load(Ordering::Acquire);\n}";
    assert!(orderings::misplaced_reasons(&example(good)).is_empty());
    for bad in [
        good.replace("Ordering::Acquire", "Ordering::Relaxed"),
        good.replace("because the lock orders it", "because"),
        good.replace("survives", "is fine"),
        good.replace("// Acquire: as above.\n", &"let x = &y;\n".repeat(10)),
    ] {
        assert_eq!(orderings::misplaced_reasons(&example(&bad)).len(), 1, "{bad}");
    }
    let mut offences = Vec::new();
    for source in below(&ALL_SOURCES) {
        let wrong = orderings::misplaced_reasons(source);
        offences.extend(wrong.iter().map(|(number, what)| format!("{}:{number} {what}", source.path)));
    }
    assert_none("a reason for the audit stands at its ordering, in its form", &offences);
}

#[test]
fn files_are_one_story_each() {
    let long = |lines: usize| example(&"const X: u8 = 1;\n".repeat(lines));
    assert!(shape::too_long(&long(461)).is_some());
    assert!(shape::too_long(&long(460)).is_none());
    let with_tests = "// words\n".repeat(200) + &"const X: u8 = 1;\n".repeat(460);
    let with_tests =
        with_tests + "#[cfg(test)]\nmod tests {\nfn f() {}\n}\n/// Words.\nconst Y: [u8; 1] = [\n\n";
    assert_eq!(example(&(with_tests.clone() + "1];")).code_lines.len(), 462);
    let long = below(&ALL_SOURCES).into_iter();
    let offences: Vec<(String, String)> =
        long.filter_map(|source| shape::too_long(source).map(|why| (source.path.clone(), why))).collect();
    assert_no_offence("a file of more than about 400 lines of code is two things", &offences);
}

#[test]
fn every_file_opens_with_its_story() {
    for bad in ["use a::b;", "// A comment.", "//!", "\n//! Late by one line."] {
        assert!(shape::without_story(&example(bad)).is_some(), "{bad}");
    }
    assert!(shape::without_story(&example("//! What this is for.")).is_none());
    let offences: Vec<(String, String)> = HOUSE
        .values()
        .filter_map(|source| shape::without_story(source).map(|why| (source.path.clone(), why)))
        .collect();
    assert_no_offence("each file's first line says its story", &offences);
}

#[test]
fn no_glob_over_a_parent() {
    for bad in ["use super::*;", "use super::{a, *};", "fn f() { use super::super::*; }"] {
        assert_eq!(shape::globs_over_a_parent(&example(bad)).len(), 1, "{bad}");
    }
    assert!(shape::globs_over_a_parent(&example("#[cfg(test)]\nmod tests { use super::*; }")).is_empty());
    let files = ways::CRATES.iter().flat_map(|found| &found.files.files);
    let offences: Vec<String> = files.flat_map(shape::globs_over_a_parent).collect();
    assert_none("a file names what it imports", &offences);
}

#[test]
fn one_name_one_type() {
    let parse = |path: &str, text: &str| Source::parse(path, text);
    let (a, b) = (parse("a.rs", "pub struct State;"), parse("b.rs", "mod x { pub(crate) enum State {} }"));
    assert_eq!(shape::names_taken_twice(&[&a, &b]).len(), 1);
    let either = parse("c.rs", "#[cfg(unix)]\npub struct Word;\n#[cfg(not(unix))]\npub struct Word;");
    assert!(shape::names_taken_twice(&[&a, &either]).is_empty());
    let private = parse("b.rs", "struct State;\n#[cfg(test)]\nmod tests { pub struct State; }");
    assert!(shape::names_taken_twice(&[&a, &private]).is_empty());

    let mut offences = Vec::new();
    let mut needed = Vec::new();
    for package in PACKAGES {
        let folder = if package == "." { "src".to_owned() } else { format!("{package}/src") };
        for (name, places) in shape::names_taken_twice(&below(&[&folder])) {
            let key = format!("{package} {name}");
            let listed = SHARED_NAMES
                .iter()
                .any(|(of, names, why)| *of == package && names.contains(&name.as_str()) && why.len() >= 10);
            if listed {
                needed.push(key);
            } else {
                offences.push((key, places));
            }
        }
    }
    assert_no_offence("two types of one name in a package", &offences);
    for (package, names, _) in SHARED_NAMES {
        for name in *names {
            let key = format!("{package} {name}");
            assert!(needed.contains(&key), "{key} is one type now: take it out of SHARED_NAMES");
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    for bad in ["// TO".to_owned() + "DO: later", "to".to_owned() + "do!()", "  #[ignore]".to_owned()] {
        assert_eq!(shape::loose_ends("a.rs", &bad).len(), 1, "{bad}");
    }
    assert!(shape::loose_ends("a.rs", "#[ignore = \"takes an hour: cargo test -- --ignored\"]").is_empty());
    let mut offences = Vec::new();
    for dir in ["src", "check", "tests", "examples", "loom-tests", "benches", "review-cases"] {
        for path in files(dir, &[".rs", ".md", ".toml"]) {
            offences.extend(shape::loose_ends(&path, &read(&path)));
        }
    }
    assert_none("no loose ends, and no ignored test without a reason", &offences);
}

#[test]
fn no_test_of_threads_sleeps() {
    for bad in [
        "fn f() { std::thread::sleep(d) }",
        "use std::thread;\n#[test]\nfn f() { thread::sleep(d) }",
        "#[cfg(test)]\nmod tests { use std::thread::sleep as rest;\nfn f() { rest(d) } }",
    ] {
        assert!(!shape::sleeps(&example(bad)).is_empty(), "{bad}");
    }
    assert!(shape::sleeps(&example("use ringwright::sync::thread;\nfn f() { thread::sleep(d) }")).is_empty());
    let offences: Vec<String> =
        below(&["tests", "check/tests", "loom-tests/tests"]).into_iter().flat_map(shape::sleeps).collect();
    assert_none("a sleep is no synchronisation", &offences);
}
