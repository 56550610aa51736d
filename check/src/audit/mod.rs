//! The audit: is every memory ordering in the source needed, and does a model
//! notice when one is missing?
//!
//! Each ordering that the models execute is weakened in turn, at run time, and
//! the models that execute it run again. If one of them then has a race, a panic,
//! a deadlock, a leak, or an [`outcome`](crate::outcome) that it does not have
//! otherwise, the ordering is *necessary*, and the failing execution is its
//! witness. If no model fails, the ordering has *survived*: it is stronger than
//! it needs to be, or the models do not test it.
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
//! The next step is tried only if every ordering of the last one survived. One
//! ordering is weakened at a time. So if either of two orderings would do, both
//! survive, and only one of them may be weakened: weaken one, and run the audit
//! again.
//!
//! # Reasons
//!
//! With [`Audit::sources`] the audit also reads the source files. An ordering
//! that no model executes is *blind*. A comment may say why a surviving or blind
//! ordering stays:
//!
//! ```text
//! // Audit: survives, because …
//! // Audit: blind, because …
//! ```
//!
//! The comment is at most ten lines above the ordering. A comment that is out of
//! date, because the ordering has become necessary, is reported as well.

mod builder;
mod ladder;
mod report;
mod run;
mod sites;
mod source;
mod source_files;
mod targets;

pub use builder::Audit;
pub use report::{AuditReport, AuditVerdict, AuditedModel, AuditedSite, StaleReason, Witness};
