//! One cached `rustc` a crate.
//!
//! A compiled crate lives in `<cache>/<hash>/`, where the hash is over everything
//! that it is made from: the toolchain, the flags, the crates it is linked to and
//! every source file. The folder is made under another name and then renamed, so
//! that what is there is complete.

use super::child;
use crate::case::Variant;
use crate::problem::Problem;
use serde::Deserialize;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// More than any snippet takes to compile.
const LIMIT: Duration = Duration::from_secs(300);

/// What a compiled crate is made from: a hash in the making.
#[derive(Clone)]
pub(crate) struct Key(DefaultHasher, DefaultHasher);

impl Key {
    pub(crate) fn new(purpose: &str) -> Self {
        let mut key = Self(DefaultHasher::new(), DefaultHasher::new());
        key.1.write_u8(1); // Two different 64-bit halves.
        key.text(purpose);
        key
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for half in [&mut self.0, &mut self.1] {
            half.write_usize(bytes.len());
            half.write(bytes);
        }
    }

    /// Adds the file `dir/name`, by name and content. Where `dir` is does not
    /// count: nothing compiled says so.
    pub(crate) fn file(&mut self, dir: &Path, name: &Path) -> Result<(), Problem> {
        let file = dir.join(name);
        let content = fs::read(&file).map_err(|error| unreadable(&file, &error))?;
        self.text(&name.display().to_string());
        self.bytes(&content);
        Ok(())
    }

    fn hex(&self) -> String {
        format!("{:016x}{:016x}", self.0.finish(), self.1.finish())
    }
}

fn unreadable(file: &Path, error: &std::io::Error) -> Problem {
    Problem::new(format!("cannot read or write this: {error}"), "check that it is there").at(file)
}

/// The folder of everything compiled.
#[derive(Clone, Debug)]
pub(crate) struct Cache(pub(crate) PathBuf);

impl Cache {
    /// The folder for `key`; if it is not there yet, `make` fills it.
    pub(crate) fn get(
        &self,
        key: &Key,
        make: impl FnOnce(&Path) -> Result<(), Problem>,
    ) -> Result<PathBuf, Problem> {
        // Only a number: nothing is published through it.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let done = self.0.join(key.hex());
        if done.is_dir() {
            return Ok(done);
        }
        let unique = NEXT.fetch_add(1, Ordering::Relaxed);
        let draft = self.0.join(format!("{}.draft-{}-{unique}", key.hex(), std::process::id()));
        fs::create_dir_all(&draft).map_err(|error| unreadable(&draft, &error))?;
        let made = make(&draft);
        // Somebody else may have made the same thing meanwhile; theirs is as good.
        if made.is_err() || fs::rename(&draft, &done).is_err() {
            let _ = fs::remove_dir_all(&draft);
        }
        made.map(|()| done)
    }
}

/// One message of `rustc --error-format=json`.
#[derive(Debug, Deserialize)]
struct Message {
    message: String,
    level: String,
    spans: Vec<MessageSpan>,
    rendered: Option<String>,
}

#[derive(Debug, Deserialize)]
struct MessageSpan {
    file_name: String,
    line_start: usize,
    is_primary: bool,
}

/// Why a crate did not compile.
#[derive(Debug)]
pub(crate) struct Refused {
    /// rustc's first error.
    message: String,
    /// Its file, as the compiler was given it, and its line.
    at: Option<(String, usize)>,
    /// Every error, as rustc prints them.
    rendered: String,
}

/// Runs rustc to its end.
///
/// # Errors
/// What rustc refused, or the problem of not being able to run it at all.
pub(crate) fn rustc(command: &mut Command) -> Result<Result<(), Refused>, Problem> {
    command.args(["--error-format=json", "--cap-lints=allow"]);
    let ran = child::run(command, LIMIT).map_err(|error| {
        Problem::new(
            format!("cannot run {}: {error}", command.get_program().display()),
            "install a Rust toolchain, or name its compiler in RUSTC",
        )
    })?;
    if ran.succeeded() {
        return Ok(Ok(()));
    }
    let refused = refusal(&ran.stderr);
    Ok(Err(if ran.status.is_none() {
        let message = format!("rustc was stopped after {} s", LIMIT.as_secs());
        Refused { message, ..refused }
    } else {
        refused
    }))
}

fn refusal(stderr: &str) -> Refused {
    let mut first = None;
    let mut rendered = String::new();
    for line in stderr.lines() {
        match serde_json::from_str::<Message>(line) {
            Ok(message) if message.level.starts_with("error") => {
                rendered.push_str(message.rendered.as_deref().unwrap_or(&message.message));
                first.get_or_insert(message);
            }
            Ok(_) => {}
            Err(_) => {
                rendered.push_str(line);
                rendered.push('\n');
            }
        }
    }
    let at = first.as_ref().and_then(|message| {
        let mut spans = message.spans.iter();
        spans.find(|span| span.is_primary).map(|span| (span.file_name.clone(), span.line_start))
    });
    Refused {
        message: first.map_or_else(|| "rustc failed".to_owned(), |message| message.message),
        at,
        rendered,
    }
}

impl Refused {
    /// The problem that this is: `what` did not compile, with rustc in `dir`.
    pub(crate) fn problem(self, what: &str, dir: &Path, help: &str) -> Problem {
        let message = format!("{what} does not compile: {}", self.message);
        let mut problem = Problem::new(message, help).quoting(self.rendered);
        if let Some((file, line)) = self.at {
            let file = dir.join(file);
            let text = fs::read_to_string(&file).unwrap_or_default();
            let text = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
            problem = problem.line(&file, line, text);
        } else {
            problem = problem.at(dir);
        }
        problem
    }
}

/// Adds the files of a variant to a key.
pub(crate) fn add_sources(key: &mut Key, variant: &Variant) -> Result<(), Problem> {
    for file in &variant.files {
        key.file(&variant.dir, file)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_depends_on_everything_that_goes_in() {
        let key = |parts: &[&str]| {
            let mut key = Key::new("purpose");
            parts.iter().for_each(|part| key.text(part));
            key.hex()
        };
        assert_eq!(key(&["a", "b"]), key(&["a", "b"]));
        assert_ne!(key(&["a", "b"]), key(&["ab"]));
        assert_ne!(key(&["a", "b"]), key(&["b", "a"]));
        assert_ne!(key(&[]), Key::new("other").hex());
        let halves = key(&["a"]);
        assert_ne!(halves[..16], halves[16..]);
    }

    #[test]
    fn what_is_in_the_cache_is_not_made_again_and_a_failure_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache(dir.path().to_owned());
        let key = Key::new("x");
        let failed = cache.get(&key, |_| Err(Problem::new("m", "h")));
        assert!(failed.is_err());
        let write = |dir: &Path| {
            fs::write(dir.join("f"), "1").unwrap();
            Ok(())
        };
        let first = cache.get(&key, write).unwrap();
        let second = cache.get(&key, |_| panic!("made twice")).unwrap();
        assert_eq!(first, second);
        assert_eq!(fs::read_to_string(second.join("f")).unwrap(), "1");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_first_error_and_its_primary_line_are_taken() {
        let stderr = concat!(
            r#"{"message":"unused","level":"warning","spans":[],"rendered":"warning: unused\n"}"#,
            "\n",
            r#"{"message":"mismatched","level":"error","spans":[{"file_name":"src/a.rs","line_start":3,"is_primary":false},{"file_name":"src/b.rs","line_start":9,"is_primary":true}],"rendered":"error: mismatched\n"}"#,
            "\nnot json\n"
        );
        let refused = refusal(stderr);
        assert_eq!(refused.message, "mismatched");
        assert_eq!(refused.at, Some(("src/b.rs".into(), 9)));
        assert_eq!(refused.rendered, "error: mismatched\nnot json\n");
    }
}
