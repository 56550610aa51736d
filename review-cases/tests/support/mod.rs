//! A corpus of small cases in a temporary folder, and the tool run on it.

#![allow(dead_code)] // Each test program uses a part of this.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a run of `review` gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The standard output, which must be one JSON value and nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("not JSON: {error}\n{self:#?}"),
        }
    }

    /// The errors that were printed.
    pub(crate) fn errors(&self) -> Vec<&str> {
        let mut errors: Vec<&str> = self.stderr.split("error: ").collect();
        errors.remove(0);
        errors
    }

    /// That there was exactly one error, that it names `place` and says `words`,
    /// and that the exit code is 2.
    #[track_caller]
    pub(crate) fn one_error(&self, place: &str, words: &str) {
        assert_eq!(self.code, 2, "{self:#?}");
        assert_eq!(self.stderr.matches("error: case").count(), 1, "{self:#?}");
        assert!(self.stderr.contains(place), "no {place}: {self:#?}");
        assert!(self.stderr.contains(words), "no {words}: {self:#?}");
        assert!(self.stderr.contains("= help: "), "{self:#?}");
    }
}

/// Runs the tool.
pub(crate) fn review(args: &[&str]) -> Run {
    run(Command::new(env!("CARGO_BIN_EXE_review")).args(args))
}

/// Runs a command that was made for the tool.
pub(crate) fn run(command: &mut Command) -> Run {
    let output = command.output().expect("the tool starts");
    Run {
        code: output.status.code().expect("the tool is not killed"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// The corpus of this package.
pub(crate) fn real_cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// The ids of the corpus of this package.
pub(crate) fn real_ids() -> Vec<String> {
    let run = review(&["list", "--format", "json"]);
    assert_eq!(run.code, 0, "{run:#?}");
    let cases = run.json();
    let ids = cases.as_array().expect("a list").iter();
    ids.map(|case| case["id"].as_str().expect("an id").to_owned()).collect()
}

/// A corpus in a temporary folder.
pub(crate) struct Corpus(tempfile::TempDir);

impl Corpus {
    /// A corpus of good cases.
    pub(crate) fn new(ids: &[&str]) -> Self {
        let corpus = Self(tempfile::tempdir().expect("a temporary folder"));
        for id in ids {
            corpus.add(id);
        }
        corpus
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs the tool on this corpus.
    pub(crate) fn review(&self, args: &[&str]) -> Run {
        let mut all = args.to_vec();
        let path = self.path().to_str().expect("UTF-8").to_owned();
        all.extend(["--cases", &path]);
        review(&all)
    }

    /// Writes a file, with its folders.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let file = self.path().join(file);
        fs::create_dir_all(file.parent().expect("a folder")).expect("the folder is made");
        fs::write(file, text).expect("the file is written");
    }

    /// Replaces the first `from` in a file, which must be there.
    #[track_caller]
    pub(crate) fn replace(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path().join(file)).expect("the file is there");
        assert!(text.contains(from), "{from} is not in {file}");
        self.write(file, &text.replacen(from, to, 1));
    }

    pub(crate) fn remove(&self, file: &str) {
        fs::remove_file(self.path().join(file)).expect("the file is there");
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path().join(from), self.path().join(to)).expect("it is there");
    }

    /// Adds a good case: a gate that lets `limit` in, whose buggy side looks
    /// first and counts after.
    pub(crate) fn add(&self, id: &str) {
        self.write(&format!("{id}/case.toml"), &TOML.replace("ID", id));
        self.write(&format!("{id}/pr.md"), "# Gate: count without a lock\n\nFaster.\n");
        self.write(&format!("{id}/explain.md"), "Two visitors can both see the last place.\n");
        self.write(&format!("{id}/harness.rs"), HARNESS);
        self.write(&format!("{id}/visible_tests/gate.rs"), TESTS);
        for (variant, body) in [
            ("base", BASE),
            ("buggy", BUGGY),
            ("fixed", FIXED),
            ("wrong-seqcst", WRONG),
            ("also-exchange", ALSO),
        ] {
            self.write(&format!("{id}/{variant}/src/lib.rs"), &GATE.replace("BODY", body));
        }
    }
}

const TOML: &str = r#"id = "ID"
title = "Gate: count without a lock"
language = "rust"
edition = "2024"
crate = "gate"
class = "atomicity"
cwe = ["CWE-362"]
engine = "explorer"
minutes = 2
level = "junior"
tags = ["counter"]
origin = "re-created shape: look, then count"

[[variant]]
name = "base"
expect = "pass"
about = "exchanges in a loop by hand"

[[variant]]
name = "buggy"
expect = "fail"
kinds = ["panic"]
about = "looks, then counts"

[[variant]]
name = "fixed"
expect = "pass"
about = "counts only if there is a place"

[[variant]]
name = "wrong-seqcst"
expect = "fail"
kinds = ["panic"]
about = "a stronger ordering does not make two steps one"

[[variant]]
name = "also-exchange"
expect = "pass"
about = "a strong exchange"

[[span]]
a = { file = "src/lib.rs", line = 21, text = "let seen = self.inside.load(Ordering::Relaxed);" }
b = { file = "src/lib.rs", line = 23, text = "self.inside.store(seen + 1, Ordering::Relaxed);" }
about = "between the two another visitor comes in"
"#;

const GATE: &str = "//! A gate.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Lets a number of visitors in.
pub struct Gate {
    inside: AtomicUsize,
    limit: usize,
}

impl Gate {
    /// A gate for `limit` visitors.
    pub const fn new(limit: usize) -> Self {
        let inside = AtomicUsize::new(0);
        Self { inside, limit }
    }

    /// Whether there was a place.
    pub fn enter(&self) -> bool {
        // One at a time.
BODY
        seen < self.limit
    }
}
";

const BASE: &str = "        let mut seen = self.inside.load(Ordering::Relaxed);
        while seen < self.limit {
            match self.inside.compare_exchange_weak(seen, seen + 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }";

const BUGGY: &str = "        let seen = self.inside.load(Ordering::Relaxed);
        if seen < self.limit {
            self.inside.store(seen + 1, Ordering::Relaxed);
        }";

const WRONG: &str = "        let seen = self.inside.load(Ordering::SeqCst);
        if seen < self.limit {
            self.inside.store(seen + 1, Ordering::SeqCst);
        }";

const FIXED: &str = "        let update = |seen| (seen < self.limit).then_some(seen + 1);
        let (Ok(seen) | Err(seen)) =
            self.inside.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);";

const ALSO: &str = "        let mut seen = self.inside.load(Ordering::Relaxed);
        while seen < self.limit {
            match self.inside.compare_exchange(seen, seen + 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }";

const TESTS: &str = "use gate::Gate;

#[test]
fn lets_in_as_many_as_there_are_places() {
    let gate = Gate::new(2);
    assert!(gate.enter() && gate.enter());
    assert!(!gate.enter());
}
";

const HARNESS: &str = "//! Two visitors, one place.

use gate::Gate;
use review_cases::harness::Harness;
use std::sync::Arc;
use std::thread;

fn main() {
    let mut h = Harness::from_args();
    h.model(\"two visitors, one place\", || {
        let gate = Arc::new(Gate::new(1));
        let other = Arc::clone(&gate);
        let second = thread::spawn(move || other.enter());
        let first = gate.enter();
        assert!(first ^ second.join().unwrap(), \"two in one place\");
    });
    h.finish();
}
";
