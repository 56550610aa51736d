//! A model checker for concurrent Rust: one test body, run in every way that the memory model allows.
//!
//! A *model* is a closure that starts a few threads and asserts what must hold.
//! It takes its threads, atomics and locks from the *door*, the module [`door`],
//! which has the names of `std`. Each run of the model is an *execution*.
//! [`model`] runs every execution that C++20's memory model allows, and panics
//! with the interleaving if one of them fails:
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
//! [`Check`] sets the engine, the search and its limits. Its [`Report`] holds
//! the verdict, the counts and the set of outcomes. A model can also pass
//! because it never did what it is meant to test. To exclude that, record the
//! result of each execution with [`outcome`] and assert the whole set:
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
//! [`Verdict::Exhaustive`] means every execution within the *budgets*. A budget
//! limits what could happen any number of times in one execution: spurious
//! failures and wake-ups, time-outs, and repeated turns of a spinning loop. The
//! notes of the report name the budgets.
//!
//! A limit that is reached gives [`Verdict::LimitHit`]. A model that could not
//! be run, for example because the replay token is for another model, gives
//! [`Verdict::NotRun`]. Neither is a pass.
//!
//! A failure is reproduced before it is shown. It comes with a token: the same
//! program with `RINGWRIGHT_REPLAY=<token>` in its environment runs only that
//! execution.
//!
//! # What is seen
//!
//! - Data races on the door's [`UnsafeCell`](crate::door::cell::UnsafeCell),
//!   where it is accessed by `with`, `with_mut` or `replace`. What is done
//!   through the pointer that `get` returns is not seen; the report counts the
//!   calls of `get`.
//! - Data races on all other plain memory only in code that is compiled with the
//!   thread-sanitizer pass and linked with the feature `plain` (section 4 below).
//! - Leaks, double frees, uses of freed objects of the door, and fresh memory
//!   that is published without synchronization, if the program declares
//!   [`alloc::Quarantine`] as its allocator. With the thread-sanitizer pass, also
//!   plain accesses to freed memory.
//!
//! # Are the orderings needed?
//!
//! [`audit::Audit`] weakens every memory ordering that the models execute, one
//! at a time, and reports whether a model fails without it.
//!
//! # Progress, reuse, cancellation
//!
//! - [`Check::lock_free`] stops a thread permanently before each of its writes;
//!   all others must finish. [`wait_free`] and [`bounded`] limit the steps of an
//!   operation.
//! - [`Check::reuse`] reuses the addresses of freed memory, which is how an ABA
//!   bug shows.
//! - [`task::cancel_anywhere`] drops a future
//!   at each of its awaits. A [`TaskSet`](crate::task::TaskSet) polls its
//!   woken tasks in every order. Sleeps and time limits end early and late.
//!
//! # Models that cannot be checked
//!
//! | what the model does | what happens |
//! |---|---|
//! | differs from run to run | [`NotDeterministic`](FailureKind::NotDeterministic): the first execution is run twice, and the search notices a difference before a choice that it repeats |
//! | shares objects with a thread that std started | [`Unsupported`](FailureKind::Unsupported), if both use the same atomic or cell of the door in one execution |
//! | leaves a thread that never ends | [`Deadlock`](FailureKind::Deadlock), with a message that main has returned |
//! | loops or blocks without the door | the watchdog prints an error on standard error and ends the process: [`Check::watchdog`] |
//! | exceeds a limit | [`Verdict::LimitHit`] with the limit's name |
//!
//! # What is not modelled
//!
//! - Load buffering: a load that reads a store which comes after it in its own
//!   thread, through another thread.
//! - Accesses of different sizes to one atomic, and signals.
//! - A thread that unwinds a panic: its operations take the newest values,
//!   without choices.
//! - Stale reads in an execution with SeqCst operations and more than 1,024
//!   events. The verdict is then [`Verdict::Bounded`].
//!
#![doc = include_str!("guide.md")]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod advice;
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
    //! The allocator that a test program declares: see [`Quarantine`].
    pub use crate::seam::quarantine::Quarantine;
}

pub use check::{Check, any, model, outcome};
pub use explorer::progress::{bounded, wait_free};
pub use plan::strategy::{Stage, Strategy};
pub use report::data::{Engine, Failure, FailureKind, Limit, Report, SourceLine, Trace, TraceLine, Verdict};
pub use report::step::{Interleaving, Operation, OperationKind, StoreSeen};
