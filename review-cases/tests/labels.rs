//! The labels are proved: what is as labelled exits 0, and what is not exits 1
//! and is named.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::Corpus;

#[test]
fn a_good_corpus_is_as_labelled() {
    let corpus = Corpus::new(&["gate"]);
    let run = corpus.review(&["verify", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:#?}");
    let json = run.json();
    assert_eq!((&json["cases"], &json["checked"], &json["wrong"]), (&1.into(), &5.into(), &0.into()));
    let results = json["results"].as_array().expect("a list");
    let mut keys: Vec<&String> = results[1].as_object().expect("an object").keys().collect();
    keys.sort();
    assert_eq!(
        keys,
        ["as_labelled", "engine", "executions", "expected", "id", "kind", "seconds", "variant", "verdict"]
    );
    assert_eq!(results[1]["variant"], "buggy");
    assert_eq!((&results[1]["verdict"], &results[1]["kind"]), (&"fail".into(), &"panic".into()));
    assert_eq!(results[2]["kind"], serde_json::Value::Null);
    assert!(results.iter().all(|r| r["executions"].as_u64() > Some(1)), "{run:#?}");
}

#[test]
fn swapping_the_two_sides_exits_1_and_names_the_case() {
    let corpus = Corpus::new(&["other", "gate"]);
    corpus.rename("gate/buggy", "gate/kept");
    corpus.rename("gate/fixed", "gate/buggy");
    corpus.rename("gate/kept", "gate/fixed");
    let run = corpus.review(&["verify", "--format", "json"]);
    assert_eq!(run.code, 1, "{run:#?}");
    assert_eq!(run.json()["wrong"], 2);
    for side in ["gate/buggy: NOT AS LABELLED", "gate/fixed: NOT AS LABELLED"] {
        assert!(run.stderr.contains(side), "{run:#?}");
    }
    assert!(run.stderr.contains("are the two folders swapped?"), "{run:#?}");
    assert!(!run.stderr.contains("other/"), "{run:#?}");
    let table = corpus.review(&["verify"]);
    assert_eq!(table.code, 1);
    assert!(table.stdout.contains("gate/buggy: NOT AS LABELLED"), "{table:#?}");
}

#[test]
fn a_failure_of_another_kind_does_not_count() {
    let corpus = Corpus::new(&["gate"]);
    corpus.replace("gate/case.toml", "[\"panic\"]", "[\"deadlock\"]");
    let run = corpus.review(&["verify", "--format", "json"]);
    assert_eq!(run.code, 1, "{run:#?}");
    assert_eq!(run.json()["wrong"], 1);
    assert!(run.stderr.contains("gate/buggy: NOT AS LABELLED"), "{run:#?}");
}

#[test]
fn visible_tests_that_fail_on_a_variant_are_not_as_labelled() {
    let corpus = Corpus::new(&["gate"]);
    corpus.replace("gate/buggy/src/lib.rs", "seen + 1", "seen");
    corpus.replace("gate/case.toml", "store(seen + 1,", "store(seen,");
    let run = corpus.review(&["verify", "--format", "json"]);
    assert_eq!(run.code, 1, "{run:#?}");
    let buggy = &run.json()["results"][1];
    assert_eq!((&buggy["kind"], &buggy["as_labelled"]), (&"visible-tests".into(), &false.into()));
}

#[test]
fn a_hang_is_a_limit_and_not_a_hang_of_the_tool() {
    let corpus = Corpus::new(&["gate"]);
    corpus.replace(
        "gate/harness.rs",
        "let mut h",
        "let (_open, hang) = std::sync::mpsc::channel::<()>();\n    hang.recv().unwrap();\n    let mut h",
    );
    let run = corpus.review(&["verify", "--format", "json", "--timeout", "1"]);
    assert_eq!(run.code, 1, "{run:#?}");
    let results = &run.json()["results"];
    assert_eq!((&results[0]["verdict"], &results[0]["as_labelled"]), (&"limit".into(), &false.into()));
}

/// The compiled snippets in the cache that contain `text`.
fn compiled_with(text: &str) -> BTreeSet<PathBuf> {
    let target = Path::new(env!("CARGO_BIN_EXE_review")).ancestors().nth(2).expect("the target folder");
    let entries = fs::read_dir(target.join("review-cache")).expect("the cache is there");
    entries
        .map(|entry| entry.expect("an entry").path().join("libgate.rlib"))
        .filter(|file| {
            let bytes = fs::read(file).unwrap_or_default();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
        .collect()
}

#[test]
fn a_second_verification_compiles_nothing() {
    // Text of its own, to tell what was compiled for this test.
    let unique = format!("second verification {}", std::process::id());
    let corpus = |unique: &str| {
        let corpus = Corpus::new(&["gate"]);
        let check = format!("assert!(self.limit > 0, \"{unique}\");\n        // One");
        corpus.replace("gate/also-exchange/src/lib.rs", "// One", &check);
        corpus
    };
    let run = corpus(&unique).review(&["verify", "--format", "json"]);
    assert_eq!(run.code, 0, "{run:#?}");
    let first = compiled_with(&unique);
    assert_eq!(first.len(), 2, "once for the tests, once for the checker: {first:?}");
    // The same sources in another folder are the same.
    let run = corpus(&unique).review(&["verify", "--format", "json"]);
    assert_eq!(run.code, 0, "{run:#?}");
    assert_eq!(compiled_with(&unique), first);
}

#[test]
fn what_needs_the_sanitizer_pass_is_skipped_without_it_for_the_declared_reason() {
    let corpus = Corpus::new(&["gate"]);
    corpus.replace("gate/case.toml", "kinds = [\"panic\"]", "kinds = [\"panic\"]\nskip_without = \"plain\"");
    let run = corpus.review(&["verify", "--format", "json", "--without-plain"]);
    assert_eq!(run.code, 0, "{run:#?}");
    let json = run.json();
    assert_eq!((&json["checked"], &json["skipped"][0]["variant"]), (&4.into(), &"buggy".into()));
    let reason = json["skipped"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("thread-sanitizer pass"), "{reason}");
}

/// A token exported for a test of one's own is not meant for the corpus: here
/// every model would answer that the token is of another one.
#[test]
fn a_token_in_the_environment_is_ignored_and_one_that_is_asked_for_is_replayed() {
    let corpus = Corpus::new(&["gate"]);
    let review = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_review"));
        command.args(args).arg("--cases").arg(corpus.path());
        command.env("RINGWRIGHT_REPLAY", "rw1-of-another-test").env("RINGWRIGHT_SHARD", "2/3");
        support::run(&mut command)
    };
    let all = review(&["verify", "--show-trace"]);
    assert_eq!((all.code, all.stderr.as_str()), (0, ""), "{all:#?}");
    let replay = "replay: review verify gate --variant buggy -v --replay ";
    let token = all.stdout.split_once(replay).map(|(_, rest)| rest.lines().next().expect("a token"));
    let token = token.expect("the failure says how to replay it");
    let args = ["verify", "gate", "--variant", "buggy", "--format", "json", "--replay"];
    let one = review(&[&args[..], &[token]].concat());
    assert_eq!(one.code, 0, "{one:#?}");
    let results = one.json()["results"].clone();
    assert_eq!((&results[0]["variant"], &results[0]["kind"]), (&"buggy".into(), &"panic".into()));
    assert_eq!(
        (results.as_array().map(Vec::len), &results[0]["executions"]),
        (Some(1), &1.into()),
        "{one:#?}"
    );
    // A token of something else is a limit, and a limit is not as labelled.
    let other = review(&[&args[..], &["rw1-of-another-test"]].concat());
    assert_eq!((other.code, &other.json()["results"][0]["verdict"]), (1, &"limit".into()), "{other:#?}");
}

#[test]
fn a_variant_that_no_case_has_is_bad_input() {
    let run = Corpus::new(&["gate"]).review(&["verify", "--variant", "bugy"]);
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.stderr.contains("did you mean `buggy`?"), "{run:#?}");
}
