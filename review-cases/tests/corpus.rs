//! The corpus of this package: it loads without a problem, and one case is
//! proved here from end to end (`cargo run --release -- verify` proves all).

mod support;

use std::fs;
use support::{real_cases, real_ids, review};

#[test]
fn every_case_loads_and_every_folder_is_a_case() {
    let run = review(&["list", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:#?}");
    let folders = fs::read_dir(real_cases()).expect("the corpus").count();
    assert_eq!(run.json().as_array().map(Vec::len), Some(folders));
    assert!(folders >= 8, "the corpus has shrunk to {folders} cases");
}

#[test]
fn the_table_names_every_case() {
    let table = review(&["list"]).stdout;
    for id in real_ids() {
        assert!(table.lines().any(|line| line.starts_with(&id)), "{id}: {table}");
    }
}

/// A fault that changed nothing but plain memory orderings is seen with the
/// sanitizer pass only; this is the case that shows that the pass is in use.
#[test]
fn the_ring_is_as_labelled() {
    let run = review(&["verify", "--format", "json", "market-data-ring"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:#?}");
    let json = run.json();
    assert_eq!((&json["wrong"], &json["cases"]), (&0.into(), &1.into()), "{run:#?}");
    let results = json["results"].as_array().expect("a list");
    let skipped = json["skipped"].as_array().expect("a list");
    let buggy = results.iter().chain(skipped).find(|r| r["variant"] == "buggy");
    let buggy = buggy.expect("the side at fault is reported");
    if skipped.is_empty() {
        assert_eq!(buggy["kind"], "race", "{run:#?}");
    } else {
        let reason = buggy["reason"].as_str().expect("a reason");
        assert!(reason.contains("thread-sanitizer pass"), "{reason}");
    }
}

#[test]
fn the_table_fits_80_columns_where_there_is_no_terminal() {
    let table = review(&["list"]).stdout;
    let widest = table.lines().map(|line| line.chars().count()).max();
    assert!(widest.is_some_and(|widest| (60..=80).contains(&widest)), "{widest:?}: {table}");
}
