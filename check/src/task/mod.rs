//! Futures on threads: enough of an executor to run async code under every
//! engine, and to test what a task does when it is aborted.
//!
//! Each task of [`spawn`] is a thread of its own that polls one future and parks
//! between polls, so the engines explore tasks as they explore threads. The
//! tasks of a [`TaskSet`] share a thread; which of the woken ones is polled next
//! is then a choice of the search. It is written over the door.
//!
//! # Orderings
//!
//! A wake-up is a flag and an unpark. The flag is set with Release and taken with
//! Acquire, so a poll sees what was done before the wake-up that caused it. The
//! flag is there because a future may itself park, and so eat an unpark that
//! was meant for the loop around it. Everything else is under a lock.

mod cancel;
mod executor;
mod set;
mod timer;

pub use cancel::{CancelAnywhere, cancel_anywhere, join};
pub use executor::{AbortHandle, JoinError, JoinHandle, block_on, spawn, yield_now};
pub use set::{TaskHandle, TaskSet};
pub use timer::{Elapsed, Sleep, sleep, timeout};
