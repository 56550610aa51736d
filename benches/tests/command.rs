//! The command line: what it refuses, and what it prints.

use contenders::refusal;
use std::process::{Command, Output};

fn contenders(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_contenders")).args(arguments).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the output is UTF-8")
}

#[test]
fn an_unknown_shape_is_one_clear_error_and_exit_code_2() {
    for arguments in
        [&["compare", "--shape", "9p9c"][..], &["compare", "--shape", "1p1c,9p9c", "--format", "json"]]
    {
        let output = contenders(arguments);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(&output.stdout), "");
        let error = text(&output.stderr);
        assert!(error.contains("'9p9c'"), "{error}");
        assert!(error.contains("1p1c, 2p1c, 1p2c, 2p2c, 4p4c"), "{error}");
    }
}

#[test]
fn quick_and_full_exclude_each_other() {
    let output = contenders(&["compare", "--quick", "--full"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_list_names_everyone_and_says_why_somebody_is_not_in_a_shape() {
    let output = contenders(&["list"]);
    assert_eq!(output.status.code(), Some(0));
    let list = text(&output.stdout);
    for entry in contenders::peers::ALL {
        assert!(list.contains(entry.name), "{list}");
    }
    assert!(list.contains("not in 4p4c: one producer and one consumer only"));
    assert!(list.contains("not in 1p2c: one consumer only"));
}

/// One shape for real. In a workspace build the checker may be on: then the
/// command must refuse, and say why.
#[test]
fn a_comparison_prints_json_or_is_refused() {
    let output = contenders(&["compare", "--quick", "--shape", "1p1c", "--format", "json"]);
    if refusal().is_some() {
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(&output.stdout), "");
        assert!(text(&output.stderr).contains("feature `check`"));
        return;
    }
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("standard output is one JSON object");
    let rows = report["rows"].as_array().expect("rows are an array");
    let fitting = contenders::peers::fitting(contenders::Shape::OneToOne);
    let names: Vec<_> = rows.iter().map(|row| row["contender"].as_str()).collect();
    let expected: Vec<_> = fitting.iter().map(|entry| Some(entry.name)).collect();
    assert_eq!(names, expected, "everyone who fits has a row");
    for row in rows {
        let number = |name: &str| row[name].as_f64().expect("it is a number");
        assert!(number("low") <= number("median") && number("median") <= number("high"));
        let (low, high) = (number("ratio_low"), number("ratio_high"));
        assert_eq!(row["tie"], low <= 1.0 && 1.0 <= high);
    }
    let best = rows.iter().filter(|row| row["ratio_low"] == 1.0 && row["ratio_high"] == 1.0);
    assert_eq!(best.count(), 1);
}
