//! Bad input: one clear error each, with file and line and what to do; exit
//! code 2; every other case is still reported.

mod support;

use std::process::Command;
use support::{Corpus, Run, review, run};

/// A corpus of a good case and one that the test breaks.
fn pair() -> Corpus {
    Corpus::new(&["good", "broken"])
}

/// That the good case is still listed and the broken one is not.
#[track_caller]
fn the_good_case_is_listed(run: &Run) {
    let listed = run.json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{run:#?}");
    assert_eq!(listed[0]["id"], "good");
}

#[track_caller]
fn listed(corpus: &Corpus, place: &str, words: &str) {
    let run = corpus.review(&["list", "--format", "json"]);
    run.one_error(place, words);
    the_good_case_is_listed(&run);
}

/// That verifying still reports the good case as labelled, with this error for
/// the other.
#[track_caller]
fn verified(corpus: &Corpus, place: &str, words: &str) -> Run {
    let run = corpus.review(&["verify", "--format", "json"]);
    run.one_error(place, words);
    let json = run.json();
    let results = json["results"].as_array().expect("a list");
    let good: Vec<_> = results.iter().filter(|r| r["id"] == "good").collect();
    assert_eq!(good.len(), 5, "{run:#?}");
    assert!(good.iter().all(|r| r["as_labelled"] == true), "{run:#?}");
    run
}

#[test]
fn the_good_corpus_is_good() {
    let run = pair().review(&["list", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:#?}");
    assert_eq!(run.json().as_array().map(Vec::len), Some(2));
}

#[test]
fn a_malformed_case_toml() {
    let corpus = pair();
    corpus.replace("broken/case.toml", "minutes = 2", "minutes = = 2");
    listed(&corpus, "broken/case.toml:9:", "case.toml: ");
    let run = verified(&corpus, "broken/case.toml:9:", "case.toml: ");
    assert_eq!(run.json()["cases"], 1);
}

#[test]
fn an_unknown_key_and_an_unknown_kind() {
    let corpus = pair();
    corpus.replace("broken/case.toml", "minutes", "minuets");
    listed(&corpus, "broken/case.toml:9:", "unknown field `minuets`");
    corpus.replace("broken/case.toml", "minuets", "minutes");
    corpus.replace("broken/case.toml", "[\"panic\"]", "[\"painc\"]");
    listed(&corpus, "broken/case.toml:22:", "did you mean `panic`?");
}

#[test]
fn missing_files() {
    for file in ["case.toml", "pr.md", "explain.md", "harness.rs"] {
        let corpus = pair();
        corpus.remove(&format!("broken/{file}"));
        listed(&corpus, &format!("broken/{file}"), &format!("missing file `{file}`"));
    }
    let corpus = pair();
    corpus.rename("broken/fixed", "elsewhere");
    std::fs::remove_dir_all(corpus.path().join("elsewhere")).unwrap();
    listed(&corpus, "broken/case.toml:26:", "missing folder `fixed/`");
    let corpus = pair();
    corpus.rename("broken/fixed/src/lib.rs", "broken/fixed/src/gate.rs");
    let run = corpus.review(&["list", "--format", "json"]);
    assert!(run.stderr.contains("missing file `src/lib.rs`"), "{run:#?}");
}

#[test]
fn stray_files_and_folders() {
    for (stray, words) in [
        ("broken/notes.txt", "stray file `notes.txt`"),
        ("broken/wrong-other/src/lib.rs", "stray folder `wrong-other`"),
        ("broken/fixed/Cargo.toml", "stray entry `Cargo.toml`"),
        ("broken/fixed/src/x.txt", "stray file `x.txt`"),
        ("broken/fixed/src/unused.rs", "no module of this name"),
        ("broken/visible_tests/data.txt", "stray entry `data.txt`"),
    ] {
        let corpus = pair();
        corpus.write(stray, "x\n");
        let place = stray.trim_end_matches("/src/lib.rs");
        listed(&corpus, place, words);
    }
}

#[test]
fn a_stray_file_beside_the_cases() {
    let corpus = pair();
    corpus.write("notes.txt", "x\n");
    let run = corpus.review(&["list", "--format", "json"]);
    assert_eq!(run.code, 2, "{run:#?}");
    assert_eq!(run.errors().len(), 1, "{run:#?}");
    assert!(run.stderr.contains("stray file `notes.txt`"), "{run:#?}");
    assert_eq!(run.json().as_array().map(Vec::len), Some(2));
}

#[test]
fn an_id_that_is_not_the_folder_or_is_used_twice() {
    let corpus = pair();
    corpus.replace("broken/case.toml", "\"broken\"", "\"brokn\"");
    listed(&corpus, "broken/case.toml:1:", "is not the name of the folder");
    corpus.replace("broken/case.toml", "\"brokn\"", "\"good\"");
    listed(&corpus, "broken/case.toml:1:", "duplicate id `good`");
}

#[test]
fn a_span_that_is_not_its_line() {
    let corpus = pair();
    let listed = |words: &str| {
        let run = corpus.review(&["list", "--format", "json"]);
        run.one_error("broken/case.toml:42:", words);
        assert_eq!(run.json().as_array().map(Vec::len), Some(2), "{run:#?}");
    };
    corpus.replace("broken/case.toml", "line = 21", "line = 20");
    listed("write line = 21");
    let run = verified(&corpus, "broken/case.toml:42:", "write line = 21");
    assert_eq!(run.json()["checked"], 10, "the variants are still checked");
    corpus.replace("broken/case.toml", "line = 20", "line = 900");
    listed("but the file has");
    corpus.replace("broken/case.toml", "src/lib.rs\", line = 900", "src/no.rs\", line = 1");
    listed("is not in buggy/");
}

#[test]
fn two_variants_that_are_the_same() {
    let corpus = pair();
    let fixed = std::fs::read_to_string(corpus.path().join("broken/fixed/src/lib.rs")).unwrap();
    corpus.write("broken/also-exchange/src/lib.rs", &fixed);
    listed(&corpus, "broken/also-exchange", "is the same as `fixed`");
}

#[test]
fn several_problems_are_one_error_each() {
    let corpus = pair();
    corpus.remove("broken/explain.md");
    corpus.write("broken/notes.txt", "x\n");
    corpus.replace("broken/case.toml", "junior", "juniro");
    let run = corpus.review(&["list", "--format", "json"]);
    assert_eq!(run.errors().len(), 3, "{run:#?}");
    the_good_case_is_listed(&run);
}

#[test]
fn an_unknown_id_has_a_suggestion_and_the_other_ids_are_still_done() {
    let corpus = pair();
    let run = corpus.review(&["verify", "--format", "json", "goood", "good"]);
    assert_eq!(run.code, 2, "{run:#?}");
    assert_eq!(run.errors().len(), 1, "{run:#?}");
    assert!(run.stderr.contains("did you mean `good`?"), "{run:#?}");
    assert_eq!(run.json()["checked"], 5, "{run:#?}");
    let run = corpus.review(&["show", "brokem"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("did you mean `broken`?"), "{run:#?}");
}

#[test]
fn a_folder_of_cases_that_is_not_there() {
    let run = review(&["list", "--cases", "no-such-folder"]);
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.stderr.contains("no-such-folder"), "{run:#?}");
}

#[test]
fn a_snippet_that_does_not_compile() {
    let corpus = pair();
    corpus.replace("broken/wrong-seqcst/src/lib.rs", "seen < self.limit\n", "seen < self.limt\n");
    let run = verified(&corpus, "broken/wrong-seqcst/src/lib.rs:", "no field `limt`");
    assert_eq!(run.json()["checked"], 9, "the other variants are still checked");
}

#[test]
fn a_visible_test_or_a_harness_that_does_not_compile() {
    let corpus = pair();
    corpus.replace("broken/visible_tests/gate.rs", "Gate::new(2)", "Gate::new()");
    let run = corpus.review(&["verify", "--format", "json", "broken"]);
    assert_eq!(run.code, 2, "{run:#?}");
    run.one_error("broken/visible_tests/gate.rs:5:", "visible_tests/gate.rs on variant");
    let corpus = pair();
    corpus.replace("broken/harness.rs", "gate.enter()", "gate.entre()");
    let run = corpus.review(&["verify", "--format", "json", "broken"]);
    assert_eq!(run.code, 2, "{run:#?}");
    run.one_error("broken/harness.rs:14:", "harness.rs on variant");
}

#[test]
fn a_snippet_that_reaches_past_the_checkers_std() {
    let uses = "use std::sync::atomic::{AtomicUsize, Ordering};";
    for (past, line) in [
        ("use core::sync::atomic::{AtomicUsize, Ordering};", 3),
        ("extern crate core as plain;\nuse plain::{sync::atomic::{AtomicUsize, Ordering}};", 4),
        (
            "extern crate std as plain;\nextern crate alloc;\nuse alloc::sync::Arc;\nuse plain::sync::atomic::{AtomicUsize, Ordering};\npub type Shared = Arc<u8>;",
            5,
        ),
        (
            "use std::sync::atomic::{AtomicUsize, Ordering};\npub fn beat() { let _ = std::process::Command::new(\"true\"); }",
            4,
        ),
        (
            "use std::sync::atomic::{AtomicUsize, Ordering};\npub fn load() -> Vec<u8> { std::fs::read(\"x\").unwrap() }",
            4,
        ),
        (
            "use std::sync::atomic::{AtomicUsize, Ordering};\npub fn now() -> std::time::SystemTime { std::time::SystemTime::now() }",
            4,
        ),
    ] {
        let corpus = pair();
        corpus.replace("broken/fixed/src/lib.rs", uses, past);
        let place = format!("broken/fixed/src/lib.rs:{line}:");
        let run = verified(&corpus, &place, "but not against the checker's");
        assert_eq!(run.json()["checked"], 9, "{past}: {run:#?}");
    }
}

#[test]
fn a_harness_that_says_nothing() {
    let corpus = pair();
    corpus.replace("broken/harness.rs", "h.finish();", "drop(h);");
    let run = corpus.review(&["verify", "--format", "json", "broken"]);
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.stderr.contains("ended without a verdict"), "{run:#?}");
}

#[test]
fn no_rustc_and_no_cargo() {
    let corpus = Corpus::new(&["good"]);
    for (variable, words) in [("RUSTC", "no rustc found"), ("CARGO", "no cargo found")] {
        let run = run(Command::new(env!("CARGO_BIN_EXE_review"))
            .args(["verify", "--format", "json", "--cases"])
            .arg(corpus.path())
            .env(variable, "/no/such/program"));
        assert_eq!(run.code, 2, "{run:#?}");
        assert_eq!(run.errors().len(), 1, "{run:#?}");
        assert!(run.stderr.contains(words), "{run:#?}");
        assert_eq!(run.json()["checked"], 0);
    }
}
