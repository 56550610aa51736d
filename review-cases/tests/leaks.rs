//! What a candidate sees does not say which side it is, nor what is wrong with
//! the other one.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use support::{Corpus, real_cases, real_ids, review};

/// Words that give the answer away in what a candidate sees.
const GIVE_AWAYS: [&str; 22] = [
    "bug",
    "bugs",
    "buggy",
    "race",
    "races",
    "racy",
    "deadlock",
    "deadlocks",
    "livelock",
    "wrong",
    "incorrect",
    "broken",
    "unsound",
    "todo",
    "fixme",
    "xxx",
    "hack",
    "fixed",
    "planted",
    "use-after-free",
    "double-free",
    "candidate",
];

/// The kinds of failure, without those that are ordinary words of Rust code
/// (`panic`, `leak`, `property`).
const KINDS: [&str; 5] = ["race", "deadlock", "livelock", "use-after-free", "double-free"];

/// The give-away words in a text, compared as whole words.
fn found_in(text: &str, words: &[&str]) -> Vec<String> {
    let text = text.to_lowercase();
    let of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut found: Vec<String> =
        text.split(|c| !of_word(c)).filter(|word| words.contains(word)).map(str::to_owned).collect();
    found.dedup();
    found
}

fn listed(id: &str) -> serde_json::Value {
    let cases = review(&["list", "--format", "json"]).json();
    let cases = cases.as_array().expect("a list").clone();
    let case = cases.into_iter().find(|case| case["id"] == id);
    case.expect("a listed case")
}

#[test]
fn the_served_side_does_not_name_the_answer() {
    for id in real_ids() {
        let case = listed(&id);
        let class = case["class"].as_str().expect("a class");
        let variants = case["variants"].as_array().expect("a list");
        let names: Vec<&str> = variants
            .iter()
            .map(|v| v["name"].as_str().expect("a name"))
            .filter(|&name| name != "base")
            .collect();
        let mut shown = Vec::new();
        for side in ["buggy", "fixed"] {
            let run = review(&["show", &id, "--side", side]);
            assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{id}");
            for word in names.iter().chain(&[class, "wrong-", "also-", "case.toml", "explain"]) {
                assert!(!run.stdout.contains(word), "{id}, {side}: says `{word}`");
            }
            assert_eq!(found_in(&run.stdout, &KINDS), Vec::<String>::new(), "{id}, {side}");
            assert!(run.stdout.contains("--- a/src/"), "{id}, {side}: no change is shown");
            shown.push(run.stdout);
        }
        assert_ne!(shown[0], shown[1], "{id}");
        let chosen = review(&["show", &id]).stdout;
        assert!(shown.contains(&chosen), "{id}: the side chosen is one of the two");
    }
}

#[test]
fn the_choice_of_a_side_does_not_always_fall_the_same_way() {
    let chosen = |id: &String| {
        let of = |side: &str| review(&["show", id, "--side", side]).stdout;
        let shown = review(&["show", id]).stdout;
        assert_ne!(of("buggy"), of("fixed"));
        shown == of("buggy")
    };
    let sides: Vec<bool> = real_ids().iter().map(chosen).collect();
    assert!(sides.contains(&true) && sides.contains(&false), "{sides:?}");
}

#[test]
fn the_answer_names_side_class_kinds_lines_and_explanation() {
    let corpus = Corpus::new(&["gate"]);
    let run = corpus.review(&["show", "gate", "--side", "buggy", "--answer"]);
    assert_eq!(run.code, 0, "{run:#?}");
    for word in [
        "Served: buggy",
        "Class: atomicity (CWE-362)",
        "wrong-seqcst (must fail: panic)",
        "src/lib.rs:21: `let seen",
        "src/lib.rs:23: `self.inside.store",
        "Two visitors can both see the last place.",
    ] {
        assert!(run.stdout.contains(word), "no `{word}`: {}", run.stdout);
    }
}

/// Every `.rs` and `.md` file under a folder.
fn files(under: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(under).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn no_file_that_a_candidate_sees_gives_the_answer_away() {
    let root = real_cases();
    for id in real_ids() {
        let case = root.join(&id);
        let mut seen = vec![case.join("pr.md")];
        for folder in fs::read_dir(&case).expect("a folder") {
            let folder = folder.expect("an entry").path();
            if folder.is_dir() {
                seen.extend(files(&folder));
            }
        }
        assert_eq!(found_in(&id.replace('-', " "), &GIVE_AWAYS), Vec::<String>::new(), "{id}");
        for file in seen {
            let text = fs::read_to_string(&file).expect("text");
            let found = found_in(&text, &GIVE_AWAYS);
            assert_eq!(found, Vec::<String>::new(), "{}", file.display());
        }
    }
}

#[test]
fn the_search_for_words_finds_whole_words_only() {
    assert_eq!(found_in("A Data race, here.", &GIVE_AWAYS), ["race"]);
    assert_eq!(found_in("trace debug prefixed", &GIVE_AWAYS), Vec::<String>::new());
    assert_eq!(found_in(concat!("// TO", "DO: x"), &GIVE_AWAYS), ["todo"]);
}
