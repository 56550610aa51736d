//! What the models of the structures share: words of outcomes, a plain flag, lines of a source.

use ringwright::PopError;
use ringwright::check::{Check, Report, Verdict};
use ringwright::sync::cell::UnsafeCell;
use std::path::Path;

/// What a pop gave, as a word of an outcome: the item, `E` for empty, `C` for
/// closed.
pub fn word(popped: Result<Box<u32>, PopError>) -> String {
    match popped {
        Ok(item) => item.to_string(),
        Err(PopError::Empty) => "E".into(),
        Err(PopError::Closed) => "C".into(),
    }
}

/// Runs `model` exhaustively by the explorer; it must pass.
#[track_caller]
pub fn passes(name: &str, model: impl Fn() + Send + Sync + 'static) -> Report {
    let report = Check::new(name).run(model);
    report.assert_passed();
    assert_eq!(report.verdict, Verdict::Exhaustive);
    report
}

/// The number of the `nth` line (from 0) of `file`, a path in the library's
/// package, that contains `text`.
///
/// # Panics
///
/// If there is none, or the file cannot be read: then the twin that asks is
/// out of date.
#[must_use]
#[track_caller]
pub fn line_of(file: &str, text: &str, nth: usize) -> u32 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = source.lines().enumerate().filter(|(_, line)| line.contains(text));
    let Some((number, _)) = lines.nth(nth) else {
        panic!("{file} has no line number {nth} with `{text}`");
    };
    u32::try_from(number + 1).expect("a source file has fewer lines")
}

/// A plain flag that one thread sets and another reads: what a model uses to
/// show that two things are ordered.
pub struct Mark(UnsafeCell<bool>);

// SAFETY: whether its accesses are ordered is what the models check; under an engine they are made one
// after the other.
unsafe impl Sync for Mark {}

impl Mark {
    /// A flag that is not set.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a model says what it makes")]
    pub fn new() -> Mark {
        Mark(UnsafeCell::new(false))
    }

    /// Sets it.
    #[track_caller]
    pub fn set(&self) {
        // SAFETY: the engine has seen the access, and runs one thread at a time.
        self.0.with_mut(|flag| unsafe { *flag = true });
    }

    /// Whether it is set.
    #[must_use]
    #[track_caller]
    pub fn is_set(&self) -> bool {
        // SAFETY: the engine has seen the access, and runs one thread at a time.
        self.0.with(|flag| unsafe { *flag })
    }
}
