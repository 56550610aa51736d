//! Linearizability: whether a history of concurrent calls can be explained by one call at a time.
//!
//! A *history* is what a client of a concurrent object sees: who called what, what
//! came back, and which call ended before which began. It is *linearizable* if
//! the calls can be put in an order that keeps that precedence and in which a
//! sequential object would give the same results (Herlihy and Wing, 1990).
//!
//! ```
//! use ringwright::check::linearize::{BufferOp, BufferRet, Queue, Recorder, explain};
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
//! - [`Scenarios`] makes up small programs for an object, runs each in a model
//!   under an engine, checks every history that can come out, and gives the
//!   smallest program that shows a failure.
//! - [`command::run`] checks a file of a real system's history; it is the whole of
//!   `examples/linearize.rs`.
//!
//! # Calls without an answer
//!
//! A call that never returned may have taken effect, at any time after its
//! invocation, or not: both are tried. A call that is known to have failed is
//! none. An operation that waits ([`Spec::apply`] gives `None`) is in order only
//! where it can run; while it waits it is a call that never returned.
//!
//! # Cost
//!
//! The question is NP-complete. Each part of the object ([`Spec::part`]) is
//! checked alone; first by the specification's own near-linear method, where
//! there is one for this history, then by a search that never visits a
//! configuration twice:
//!
//! | specification | condition | time, n calls |
//! |---|---|---|
//! | [`Queue`], unbounded | each value pushed once | O(n log n) |
//! | [`Stack`] | each value pushed once, no open pop of an unknown value | O(n log n) |
//! | [`Register`] | each value written once, no compare-and-set | O(n log n) |
//! | [`Set`] | each element added and removed once | O(n) |
//! | any | | exponential in the calls that overlap, linear in n if they are few |
//!
//! The queue method takes open pops of unknown values unless a pop found the
//! queue empty.

mod buffer;
pub mod command;
mod edn;
mod events;
mod explain;
mod history;
mod jsonl;
mod keyed;
mod queue;
mod record;
mod register;
mod scenario;
mod scenarios;
mod set;
mod spec;
mod stack;
mod table;
mod translate;
mod trees;
mod wgl;

pub use buffer::{BufferOp, BufferRet, Queue, Stack};
pub use explain::{Counterexample, Explained, explain, explain_within};
pub use history::{Call, CallId, History, Recorder, Value};
pub use keyed::{At, Keyed, Lock, LockOp};
pub use record::Order;
pub use register::{Register, RegisterOp, RegisterRet};
pub use scenario::{Lane, Role, Scenario, Subject};
pub use scenarios::{Findings, Scenarios, Shown};
pub use set::{Set, SetOp};
pub use spec::{Monitored, Spec, Violation};

use std::collections::BTreeMap;

/// Configurations that a search visits before it gives up, unless told otherwise.
pub const BUDGET: u64 = 2_000_000;

/// What a check of a history says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// One order of its calls explains all results.
    Linearizable,
    /// No order does.
    NotLinearizable(Violation),
    /// The search visited this many configurations and was not done. Not a pass.
    GaveUp(u64),
}

impl Verdict {
    /// Whether the history is linearizable, and known to be.
    pub fn is_linearizable(&self) -> bool {
        *self == Verdict::Linearizable
    }
}

/// Whether `history` is linearizable as `spec` says, within [`BUDGET`].
pub fn check<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>) -> Verdict {
    check_within(spec, history, BUDGET)
}

/// [`check`] with a number of configurations of your own, for each part.
pub fn check_within<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, budget: u64) -> Verdict {
    let mut gave_up = false;
    for part in parts(spec, history) {
        let verdict = if part.len() == history.len() {
            check_part(spec, history, budget)
        } else {
            check_part(spec, &history.restrict(&part), budget)
        };
        match verdict {
            Verdict::Linearizable => {}
            Verdict::GaveUp(_) => gave_up = true,
            Verdict::NotLinearizable(Violation { why, calls }) => {
                let calls = calls.into_iter().map(|call| part[call]).collect();
                return Verdict::NotLinearizable(Violation { why, calls });
            }
        }
    }
    if gave_up { Verdict::GaveUp(budget) } else { Verdict::Linearizable }
}

/// The calls of each part of the object, ascending; the part that begins first is first.
fn parts<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>) -> Vec<Vec<usize>> {
    let mut parts: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (at, call) in history.calls().iter().enumerate() {
        parts.entry(spec.part(&call.op)).or_default().push(at);
    }
    let mut parts: Vec<Vec<usize>> = parts.into_values().collect();
    parts.sort();
    parts
}

/// Checks calls that are all of one part.
fn check_part<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, budget: u64) -> Verdict {
    if history.is_real_time() {
        match spec.monitor(history) {
            Monitored::Linearizable => return Verdict::Linearizable,
            Monitored::Violation(violation) => return Verdict::NotLinearizable(violation),
            Monitored::Unsuited => {}
        }
    }
    search_part(spec, history, budget)
}

/// Checks calls that are all of one part by the general search.
fn search_part<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, budget: u64) -> Verdict {
    match wgl::search(spec, history, wgl::Open::Unknown, budget) {
        wgl::Found::Order(_) => Verdict::Linearizable,
        wgl::Found::GaveUp => Verdict::GaveUp(budget),
        wgl::Found::Stuck { order, state } => {
            let why = match order.len() {
                0 => "no call can come first".to_owned(),
                1 => format!("after one call the state is {state}, and no call can come next"),
                n => format!("after {n} calls, at best, the state is {state}, and no call can come next"),
            };
            Verdict::NotLinearizable(Violation::new(why, (0..history.len()).collect()))
        }
    }
}

/// [`check`] by the general search alone: slower, and the measure of the others.
pub fn search<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, budget: u64) -> Verdict {
    search_part(spec, history, budget)
}
