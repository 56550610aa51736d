//! The audit: is every memory ordering in the source needed, and does a model
//! notice when one is missing?
//!
//! Each ordering that the models execute is weakened in turn, at run time, and
//! the models that execute it run again. What a model notices, by a race, a
//! panic, a deadlock, a leak or an [`outcome`](crate::outcome) that it does not
//! have as written, is *necessary*, and the failing execution is its witness.
//! What nobody notices has *survived*: it is stronger than it needs to be, or
//! the models do not look.
//!
//! ```
//! use ringwright_check::audit::{Audit, AuditVerdict};
//! use ringwright_check::door::atomic::{AtomicBool, AtomicU32, Ordering};
//! use ringwright_check::door::{Arc, thread};
//!
//! let report = Audit::new()
//!     .model("message", || {
//!         let shared = Arc::new((AtomicU32::new(0), AtomicBool::new(false)));
//!         let theirs = Arc::clone(&shared);
//!         let writer = thread::spawn(move || {
//!             theirs.0.store(42, Ordering::Relaxed);
//!             theirs.1.store(true, Ordering::SeqCst);
//!         });
//!         if shared.1.load(Ordering::Acquire) {
//!             assert_eq!(shared.0.load(Ordering::Relaxed), 42);
//!         }
//!         writer.join().unwrap();
//!     })
//!     .run();
//! let verdicts: Vec<_> = report.sites.iter().map(|s| (s.ordering.as_str(), s.weaker.as_deref(), s.verdict)).collect();
//! assert_eq!(
//!     verdicts,
//!     [
//!         ("SeqCst", Some("Release"), AuditVerdict::Survived),
//!         ("SeqCst", Some("Relaxed"), AuditVerdict::Necessary),
//!         ("Acquire", Some("Relaxed"), AuditVerdict::Necessary),
//!     ]
//! );
//! ```
//!
//! # What is tried
//!
//! | operation | steps down |
//! |---|---|
//! | load, failed compare-exchange, `fetch` of a `fetch_update` | SeqCst, Acquire, Relaxed |
//! | store | SeqCst, Release, Relaxed |
//! | read-modify-write, successful compare-exchange, `set` of a `fetch_update` | SeqCst, AcqRel, Acquire and Release, Relaxed |
//! | fence | SeqCst, AcqRel, Acquire and Release, dropped |
//!
//! The next step is tried only where all of the last one survived. One ordering
//! is weakened at a time: of two that can stand in for each other both survive,
//! and only one of them may go. So weaken one, and run the audit again.
//!
//! # Reasons
//!
//! With [`Audit::sources`] the audit also reads the files: an ordering that no
//! model executes is *blind*, and a survivor may say in a comment why it stays:
//!
//! ```text
//! // Audit: survives, because …
//! // Audit: blind, because …
//! ```
//!
//! The comment stands within ten lines above the ordering. One that explains
//! nothing, because the ordering has become necessary, is reported as well.

mod ladder;
mod report;
mod run;
mod source;

pub use report::{AuditReport, AuditVerdict, AuditedModel, AuditedSite, StaleReason, Witness};

use crate::check::Check;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

type Body = Arc<dyn Fn() + Send + Sync>;

/// An audit of the orderings that some models execute.
#[must_use = "an audit does nothing before `run`"]
pub struct Audit {
    models: Vec<(String, Body)>,
    sources: Vec<PathBuf>,
    max_time: Duration,
    plan: Arc<dyn Fn(Check) -> Check + Send + Sync>,
    wanted: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    outcomes: bool,
}

impl Default for Audit {
    fn default() -> Audit {
        Audit::new()
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.models.iter().map(|(name, _)| name).collect();
        f.debug_struct("Audit")
            .field("models", &names)
            .field("sources", &self.sources)
            .finish_non_exhaustive()
    }
}

impl Audit {
    /// An audit without models yet.
    pub fn new() -> Audit {
        Audit {
            models: Vec::new(),
            sources: Vec::new(),
            max_time: Duration::from_secs(20),
            plan: Arc::new(|check| check),
            wanted: Arc::new(|_| true),
            outcomes: true,
        }
    }

    /// Adds a model.
    pub fn model(mut self, name: impl Into<String>, model: impl Fn() + Send + Sync + 'static) -> Audit {
        self.models.push((name.into(), Arc::new(model)));
        self
    }

    /// Reads this file, or all Rust files in this folder, for orderings that no
    /// model executes and for reasons. An absolute path is best:
    /// `concat!(env!("CARGO_MANIFEST_DIR"), "/src")`.
    pub fn sources(mut self, path: impl Into<PathBuf>) -> Audit {
        self.sources.push(path.into());
        self
    }

    /// Weakens orderings only in files whose path, as the compiler names it,
    /// passes `wanted`. (This crate's own door is left out in any case.)
    pub fn files(mut self, wanted: impl Fn(&str) -> bool + Send + Sync + 'static) -> Audit {
        self.wanted = Arc::new(wanted);
        self
    }

    /// How long each run of a model may take: 20 seconds, unless this says
    /// otherwise. A site that only models survive which took longer is blind.
    pub fn max_time_per_model(mut self, time: Duration) -> Audit {
        self.max_time = time;
        self
    }

    /// How each model is searched, if not by the default plan:
    /// `.plan(|check| check.random(10_000))`.
    pub fn plan(mut self, plan: impl Fn(Check) -> Check + Send + Sync + 'static) -> Audit {
        self.plan = Arc::new(plan);
        self
    }

    /// Whether an [`outcome`](crate::outcome) that a model does not have as
    /// written counts as noticed (the default), or only what fails by itself.
    /// Models that cannot be searched exhaustively are never asked for theirs.
    pub fn outcomes(mut self, count: bool) -> Audit {
        self.outcomes = count;
        self
    }

    /// Runs the audit, on as many threads as the machine has cores. The result
    /// is the same each time, unless a run reaches its time limit.
    ///
    /// With `RINGWRIGHT_REPLAY=<token>` in the environment, only the run that
    /// the token of a witness is for is looked at.
    ///
    /// # Panics
    ///
    /// If there is no model, if two have the same name, if a source cannot be
    /// read, or inside a model.
    #[must_use]
    pub fn run(self) -> AuditReport {
        run::run(&self)
    }
}
