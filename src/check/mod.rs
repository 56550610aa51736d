//! The checker: one test body under many engines.
//!
//! A *model* is a closure that starts a few threads through
//! [`sync`](crate::sync) and asserts what must hold. [`model`] runs it in every
//! way that C++20's memory model allows and panics with the interleaving if one
//! of them fails:
//!
//! ```
//! use ringwright::check;
//! use ringwright::sync::atomic::{AtomicBool, AtomicU32, Ordering};
//! use ringwright::sync::{Arc, thread};
//!
//! check::model(|| {
//!     let shared = Arc::new((AtomicU32::new(0), AtomicBool::new(false)));
//!     let theirs = Arc::clone(&shared);
//!     let writer = thread::spawn(move || {
//!         theirs.0.store(42, Ordering::Relaxed);
//!         theirs.1.store(true, Ordering::Release);
//!     });
//!     if shared.1.load(Ordering::Acquire) {
//!         assert_eq!(shared.0.load(Ordering::Relaxed), 42);
//!     }
//!     writer.join().unwrap();
//! });
//! ```
//!
//! [`Check`] says more: which engine, how many executions, which budgets. Its
//! [`Report`] holds the verdict, the counts and the set of outcomes. A model
//! that asserts nothing about the *set* of outcomes can pass because it never
//! did what it is about, so say what each execution came to ([`outcome`]) and
//! assert the set:
//!
//! ```
//! use ringwright::check::{self, Check};
//! use ringwright::sync::atomic::{AtomicU32, Ordering};
//! use ringwright::sync::thread;
//!
//! let report = Check::new("store buffering").run(|| {
//!     let (x, y) = (AtomicU32::new(0), AtomicU32::new(0));
//!     let (seen_y, seen_x) = thread::scope(|scope| {
//!         let first = scope.spawn(|| {
//!             x.store(1, Ordering::Relaxed);
//!             y.load(Ordering::Relaxed)
//!         });
//!         y.store(1, Ordering::Relaxed);
//!         let seen_x = x.load(Ordering::Relaxed);
//!         (first.join().unwrap(), seen_x)
//!     });
//!     check::outcome(format!("{seen_y} {seen_x}"));
//! });
//! report.assert_passed().assert_outcomes(["0 0", "0 1", "1 0", "1 1"]);
//! ```
//!
//! # Verdicts
//!
//! [`Verdict::Exhaustive`] means every execution within the budgets that the
//! report's notes name: spurious failures and wake-ups, time-outs and repeated
//! turns of a spinning loop, a thread. A limit that is reached is
//! [`Verdict::LimitHit`], and never a pass. A failure is run twice more before
//! it is shown, and comes with a token: the same program with
//! `RINGWRIGHT_REPLAY=<token>` in its environment runs that one execution.
//!
//! # What is seen
//!
//! - Races on [`UnsafeCell`](crate::sync::cell::UnsafeCell) always. On all other
//!   plain memory in code that is compiled with the thread-sanitizer pass and
//!   linked with the feature `check-plain`.
//! - Use after free, double free, leaks and the unordered publication of fresh
//!   memory, if the program declares [`alloc::Quarantine`] as its allocator.
//!
//! # Are the orderings needed?
//!
//! [`audit::Audit`] weakens every memory ordering that a few models execute, one
//! at a time, and says of each whether a model notices.
//!
//! # What is not modelled
//!
//! Load buffering (a load that reads a store which depends on it), accesses of
//! mixed sizes to one atomic, signals, and what a thread does while it unwinds
//! a panic: that runs on the newest values, without choices. A graph with
//! SeqCst operations and more than 1,024 events takes no stale choice any more;
//! the verdict is then [`Verdict::Bounded`].
//!
#![doc = include_str!("guide.md")]

pub mod alloc;
pub mod audit;
mod choice;
mod clock;
mod decide;
mod driver;
mod explorer;
mod graph;
mod heap;
pub(crate) mod hook;
mod html;
mod interleave;
mod lanes;
pub mod linearize;
#[cfg(feature = "check-loom")]
pub(crate) mod loom;
#[cfg(feature = "check-loom")]
mod loom_child;
#[cfg(feature = "check-loom")]
mod loom_object;
#[cfg(feature = "check-loom")]
mod loom_state;
mod meter;
mod minimise;
mod model;
mod narrate;
pub(crate) mod native;
mod objects;
pub(crate) mod op;
mod place;
mod plain;
mod plan;
mod psc;
mod race;
pub mod report;
mod report_files;
pub(crate) mod runtime;
mod sampler;
mod sc;
mod sc_driver;
mod sc_state;
mod schedule;
mod search;
pub mod sim;
mod split;
mod stages;
mod state;
mod statics;
mod step;
mod strategy;
mod token;
mod tracing;
#[cfg(feature = "check-plain")]
mod tsan;
mod workers;

pub use graph::BrokenRule;
pub use model::{Check, any, model, outcome};
pub use report::{Engine, Failure, FailureKind, Limit, Report, SourceLine, Trace, TraceLine, Verdict};
pub use report::{Interleaving, Operation, OperationKind, StoreSeen};
pub use strategy::{Stage, Strategy};
