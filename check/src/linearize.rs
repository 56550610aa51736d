//! Linearizability: whether a history of concurrent calls can be explained by one call at a time.
//!
//! A *history* is what a client of a concurrent object sees: who called what, what
//! came back, and which call ended before which began. It is *linearizable* if
//! the calls can be put in an order that keeps that precedence and in which a
//! sequential object would give the same results (Herlihy and Wing, 1990).
//!
//! ```
//! use ringwright_check::linearize::{BufferOp, BufferRet, Queue, Recorder, explain};
//!
//! let mut recorder = Recorder::new();
//! for value in [1, 2] {
//!     let push = recorder.invoke(0, BufferOp::Push(value));
//!     recorder.ok(push, BufferRet::Pushed);
//! }
//! let pop = recorder.invoke(1, BufferOp::Pop);
//! recorder.ok(pop, BufferRet::Popped(2));
//! let history = recorder.finish();
//!
//! let counterexample = explain(&Queue::new(), &history).counterexample().unwrap();
//! assert_eq!(counterexample.calls.len(), 3);
//! println!("{counterexample}");
//! ```
//!
//! # Three ways to use it
//!
//! - [`check`] and [`explain`] take a history that you recorded ([`Recorder`],
//!   [`History`]) and a specification: one of the ready ones ([`Register`],
//!   [`Queue`], [`Stack`], [`Set`], [`Lock`], [`Keyed`]) or your own [`Spec`].
//! - [`Scenarios`] generates small programs for an object, runs each in a model,
//!   checks every history that the model can produce, and returns the smallest
//!   program that fails.
//! - [`files`] reads the history of a real system from a file; the example
//!   `linearize` is a command that checks one.
//!
//! # Calls without an answer
//!
//! A call that never returned may have taken effect at any time after its
//! invocation, or not at all: both are tried. A call that is known to have
//! failed is not part of the history. A call that returned nobody knows what
//! ([`Recorder::done`]) took effect before it returned. An operation that must wait
//! ([`Spec::apply`] gives `None`) can be placed only where it can run; as long
//! as it waits it counts as a call that never returned.
//!
//! # Cost
//!
//! The problem is NP-complete. Each part of the object ([`Spec::part`]) is
//! checked alone: by the specification's own near-linear method if it has one
//! for this history, otherwise by a search that remembers the configurations it
//! has left. All parts get a small budget first, then a larger one, up to
//! [`BUDGET`]:
//!
//! | specification | condition | time, n calls |
//! |---|---|---|
//! | [`Queue`], unbounded | each value pushed once | O(n log n) |
//! | [`Stack`] | each value pushed once, every pop returned | O(n log n) |
//! | [`Register`] | each value written once, no compare-and-set | O(n log n) |
//! | [`Set`] | each element added and removed once | O(n) |
//! | any | | exponential in the calls that overlap, linear in n if they are few |
//!
//! A search keeps some 500 MB at most, by estimate. Where that is not enough it
//! forgets, and spends time instead. What is undecided within its budget says
//! how far it came ([`Undecided`]).
//!
//! The queue method allows pops that never returned, unless another pop found
//! the queue empty. 100,000 calls of a queue take about 0.3 s in a debug build.
//!
//! # Sources
//!
//! The search is that of Wing and Gong (1993) with Lowe's memory (2017) and the
//! partition of Horn and Kroening (2015). Near-linear checks of queues, stacks and
//! sets: Lee and Mathur, "Efficient decrease-and-conquer linearizability
//! monitoring" (OOPSLA 2025, arXiv 2410.04581), and Abdulla and others, "Efficient
//! linearizability monitoring" (PLDI 2025, arXiv 2509.17795); of registers: Gibbons
//! and Korach (1997). Scenarios and their minimisation are as in JetBrains'
//! Lincheck. The head of each source file gives its rules and why they are right,
//! and says which arguments are our own. Tests compare every method with the
//! search on tens of thousands of small histories.

pub use crate::linearizability::buffer::{BufferOp, BufferRet};
pub use crate::linearizability::check::{BUDGET, Linearizability, check, check_within, search};
pub use crate::linearizability::explain::{Counterexample, explain, explain_within};
pub use crate::linearizability::files;
pub use crate::linearizability::history::{Call, CallId, History, Recorder, Value};
pub use crate::linearizability::keyed::{At, Keyed, Lock, LockOp};
pub use crate::linearizability::queue::Queue;
pub use crate::linearizability::register::{Register, RegisterOp, RegisterRet};
pub use crate::linearizability::set::{Set, SetOp};
pub use crate::linearizability::spec::{Monitored, Spec, Violation};
pub use crate::linearizability::stack::Stack;
pub use crate::linearizability::undecided::Undecided;
pub use crate::scenarios::findings::{FailingScenario, Findings};
pub use crate::scenarios::program::{Lane, Role, Scenario, Subject};
pub use crate::scenarios::record::Order;
pub use crate::scenarios::run::Scenarios;
