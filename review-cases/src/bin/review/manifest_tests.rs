//! The unit tests of the manifest.
use super::*;

const GOOD: &str = r#"
id = "demo"
title = "A title"
language = "rust"
edition = "2024"
crate = "demo"
class = "atomicity"
cwe = ["CWE-362"]
engine = "explorer"
minutes = 5
level = "mid"
tags = ["counter"]
origin = "re-created shape: none"
[[variant]]
name = "base"
expect = "pass"
about = "a"
[[variant]]
name = "buggy"
expect = "fail"
kinds = ["panic"]
about = "a"
[[variant]]
name = "fixed"
expect = "pass"
about = "a"
[[variant]]
name = "wrong-x"
expect = "fail"
kinds = ["panic"]
about = "a"
[[variant]]
name = "also-x"
expect = "pass"
about = "a"
[[span]]
a = { file = "src/lib.rs", line = 1, text = "x" }
about = "a"
"#;

/// The problems of a manifest, as text.
fn problems(text: &str) -> Vec<String> {
    let source = ManifestText { case: "demo", file: Path::new("case.toml"), text };
    let problems = match parse(source) {
        Ok(manifest) => check(&manifest, source),
        Err(problem) => vec![problem],
    };
    problems.iter().map(ToString::to_string).collect()
}

/// The one problem of the good manifest with `from` replaced by `to`.
fn problem(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let found = problems(&GOOD.replacen(from, to, 1));
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].clone()
}

#[test]
fn the_good_manifest_has_no_problem() {
    assert_eq!(problems(GOOD), Vec::<String>::new());
}

#[test]
fn each_bad_word_is_one_problem_at_its_line() {
    for (from, to, line, message) in [
        ("\"demo\"", "\"other\"", 2, "is not the name of the folder"),
        ("\"A title\"", "\"\"", 3, "`title` must be one line"),
        ("language = \"rust\"", "language = \"rost\"", 4, "did you mean `rust`"),
        ("\"2024\"", "\"2025\"", 5, "unknown edition"),
        ("crate = \"demo\"", "crate = \"std\"", 6, "cannot be the crate's name"),
        ("\"atomicity\"", "\"Atomic ity\"", 7, "is not a slug"),
        ("CWE-362", "362", 8, "is not a CWE number"),
        ("\"explorer\"", "\"exploder\"", 9, "did you mean `explorer`"),
        ("minutes = 5", "minutes = 0", 10, "1 to 120 minutes"),
        ("minutes = 5", "minutes = \"5\"", 10, "invalid type"),
        ("\"mid\"", "\"expert\"", 11, "unknown level"),
        ("origin", "orgin", 13, "unknown field"),
        ("expect = \"pass\"", "expect = \"fail\"\nkinds = [\"race\"]", 16, "must pass"),
        ("expect = \"pass\"", "expect = \"maybe\"", 16, "unknown expectation"),
        ("kinds = [\"panic\"]\n", "", 20, "names no kinds"),
        ("\"panic\"", "\"panik\"", 21, "did you mean `panic`"),
        ("\"also-x\"", "\"also\"", 33, "cannot be named"),
    ] {
        let found = problems(&GOOD.replacen(from, to, 1));
        let first = &found[0];
        assert!(first.contains(message), "{from} -> {to}: {first}");
        assert!(first.contains(&format!("case.toml:{line}:")), "{first}");
    }
}

#[test]
fn a_manifest_that_is_not_toml_is_one_problem() {
    let found = problem("minutes = 5", "minutes = ");
    assert!(found.contains("case.toml:10:"), "{found}");
}

#[test]
fn a_missing_key_is_named() {
    let found = problem("level = \"mid\"\n", "");
    assert!(found.contains("missing field `level`"), "{found}");
}

#[test]
fn every_mandatory_variant_is_asked_for() {
    for name in ["base", "buggy", "fixed", "also-x", "wrong-x"] {
        let found = problems(&GOOD.replace(&format!("name = \"{name}\""), "name = \"also-y\""));
        let missing = name.replace("-x", "-*");
        assert!(
            name == "also-x" || found.iter().any(|p| p.contains(&format!("no variant `{missing}`"))),
            "{name}: {found:?}"
        );
    }
    let found = problem(
        "name = \"also-x\"\nexpect = \"pass\"",
        "name = \"wrong-y\"\nexpect = \"fail\"\nkinds = [\"race\"]",
    );
    assert!(found.contains("no variant `also-*`"), "{found}");
}

#[test]
fn a_variant_declared_twice_is_a_problem() {
    let found = problem(
        "name = \"also-x\"",
        "name = \"fixed\"\nexpect = \"pass\"\nabout = \"a\"\n[[variant]]\nname = \"also-x\"",
    );
    assert!(found.contains("declared twice"), "{found}");
}

#[test]
fn a_pass_with_kinds_and_an_unknown_skip_are_problems() {
    let found = problem("name = \"fixed\"", "name = \"fixed\"\nkinds = [\"race\"]");
    assert!(found.contains("must pass, but names kinds"), "{found}");
    let found = problem("name = \"fixed\"", "name = \"fixed\"\nskip_without = \"loom\"");
    assert!(found.contains("it is one of: plain"), "{found}");
}

#[test]
fn a_case_without_spans_is_a_problem() {
    let at = GOOD.find("[[span]]").unwrap();
    let found = problems(&GOOD[..at]);
    assert!(found[0].contains("no [[span]]"), "{found:?}");
}
