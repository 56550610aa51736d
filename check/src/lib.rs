//! The checker: one test body under many engines.
//!
//! A *model* is a closure that starts a few threads through
//! [`sync`](crate::door) and asserts what must hold. [`model`] runs it in every
//! way that C++20's memory model allows and panics with the interleaving if one
//! of them fails:
//!
//! ```
//! use ringwright_check as check;
//! use ringwright_check::door::atomic::{AtomicBool, AtomicU32, Ordering};
//! use ringwright_check::door::{Arc, thread};
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
//! use ringwright_check::{self as check, Check};
//! use ringwright_check::door::atomic::{AtomicU32, Ordering};
//! use ringwright_check::door::thread;
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
//! [`Verdict::LimitHit`], and a model that could not be run (a token of another
//! model, say) is [`Verdict::NotRun`]; neither is a pass. A failure is run twice more before
//! it is shown, and comes with a token: the same program with
//! `RINGWRIGHT_REPLAY=<token>` in its environment runs that one execution.
//!
//! # What is seen
//!
//! - Races on [`UnsafeCell`](crate::door::cell::UnsafeCell) always. On all other
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
//! # Progress, reuse, cancellation
//!
//! - [`Check::lock_free`] freezes a thread for ever before each of its writes;
//!   all others must finish. [`wait_free`] and [`bounded`] limit the steps of an
//!   operation.
//! - [`Check::reuse`] gives out freed memory again, which is what ABA needs.
//! - [`task::cancel_anywhere`](crate::task::cancel_anywhere) drops a future
//!   at each of its awaits; a [`TaskSet`](crate::task::TaskSet) polls its
//!   woken tasks in every order; sleeps and time limits end early and late.
//!
//! # Models that are none
//!
//! | what the model does | what it gets |
//! |---|---|
//! | differs from run to run | [`NotDeterministic`](FailureKind::NotDeterministic): the first execution is run twice, and the search notices what changes before a choice that it repeats |
//! | shares objects with a real thread | [`Unsupported`](FailureKind::Unsupported), where both use an atomic or a cell of the door in one execution |
//! | leaves a thread that never ends | [`Deadlock`](FailureKind::Deadlock), which says that main has returned |
//! | loops or blocks without the door | an error on standard error, and the process ends: [`Check::watchdog`] |
//! | exceeds a limit | [`Verdict::LimitHit`] with the limit's name |
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

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod audit;
mod check;
pub mod door;
mod engines;
mod explorer;
mod graph;
mod linearizability;
pub mod linearize;
mod memory;
mod plan;
mod report;
mod scenarios;
mod seam;
mod search;
pub mod sim;
pub mod task;

pub mod alloc {
    //! The allocator that a test binary declares: see [`Quarantine`].
    pub use crate::seam::quarantine::Quarantine;
}

pub use check::{Check, any, model, outcome};
pub use explorer::progress::{bounded, wait_free};
pub use plan::strategy::{Stage, Strategy};
pub use report::data::{Engine, Failure, FailureKind, Limit, Report, SourceLine, Trace, TraceLine, Verdict};
pub use report::step::{Interleaving, Operation, OperationKind, StoreSeen};
