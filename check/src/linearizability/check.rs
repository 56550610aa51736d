//! The check of a history: part by part, by the object's own near-linear check if it has one that suits,
//! or else by the general search.

use crate::linearizability::history::History;
use crate::linearizability::spec::{Monitored, Spec, Violation};
use crate::linearizability::wgl::{self, OpenCalls, SearchResult};
use crate::report::words::count;
use std::collections::BTreeMap;
use std::fmt;

/// Configurations that a search visits before it gives up, unless told otherwise.
pub const BUDGET: u64 = 2_000_000;

/// Calls named in an explanation, at most.
const NAMED: usize = 4;

/// Whether a history is linearizable. `W` says why it is not: a [`Violation`], or
/// a [`Counterexample`](crate::linearize::Counterexample).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the history may not be linearizable"]
pub enum Linearizability<W = Violation> {
    /// One order of its calls explains all results.
    Linearizable,
    /// No order does.
    NotLinearizable(W),
    /// The search visited this many configurations and was not done. Not a pass.
    GaveUp(u64),
}

impl<W> Linearizability<W> {
    /// Whether the history is linearizable, and known to be.
    pub fn is_linearizable(&self) -> bool {
        matches!(self, Linearizability::Linearizable)
    }

    /// The same as [`is_linearizable`](Self::is_linearizable).
    pub fn passed(&self) -> bool {
        self.is_linearizable()
    }
}

impl<W: fmt::Display> Linearizability<W> {
    /// Panics, and says why, unless the history is linearizable.
    ///
    /// # Panics
    ///
    /// If it is not, or if the search gave up.
    #[track_caller]
    pub fn assert_passed(&self) -> &Self {
        assert!(self.passed(), "{self}");
        self
    }
}

impl<W: fmt::Display> fmt::Display for Linearizability<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Linearizability::Linearizable => f.write_str("linearizable"),
            Linearizability::NotLinearizable(why) => write!(f, "{why}"),
            Linearizability::GaveUp(budget) => {
                write!(f, "undecided after {}", count(*budget, "configuration"))
            }
        }
    }
}

/// Whether `history` is linearizable as `spec` says, within [`BUDGET`].
pub fn check<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>) -> Linearizability {
    check_within(spec, history, BUDGET)
}

/// [`check`] with a number of configurations of your own, for each part.
pub fn check_within<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, budget: u64) -> Linearizability {
    let mut gave_up = false;
    for part in parts(spec, history) {
        let result = if part.len() == history.len() {
            check_part(spec, history, budget)
        } else {
            check_part(spec, &history.restrict(&part), budget)
        };
        match result {
            Linearizability::Linearizable => {}
            Linearizability::GaveUp(_) => gave_up = true,
            Linearizability::NotLinearizable(Violation { why, calls }) => {
                let calls = calls.into_iter().map(|call| part[call]).collect();
                return Linearizability::NotLinearizable(Violation { why, calls });
            }
        }
    }
    if gave_up { Linearizability::GaveUp(budget) } else { Linearizability::Linearizable }
}

/// The calls of each part of the object, ascending; the part that begins first is first.
pub(crate) fn parts<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>) -> Vec<Vec<usize>> {
    let mut parts: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (at, call) in history.calls().iter().enumerate() {
        parts.entry(spec.part(&call.op)).or_default().push(at);
    }
    let mut parts: Vec<Vec<usize>> = parts.into_values().collect();
    parts.sort();
    parts
}

/// Checks calls that are all of one part.
pub(crate) fn check_part<S: Spec>(
    spec: &S,
    history: &History<S::Op, S::Ret>,
    budget: u64,
) -> Linearizability {
    if history.is_real_time() {
        match spec.monitor(history) {
            Monitored::Linearizable => return Linearizability::Linearizable,
            Monitored::Violation(violation) => return Linearizability::NotLinearizable(violation),
            Monitored::Unsuited => {}
        }
    }
    search_part(spec, history, budget)
}

/// Checks calls that are all of one part by the general search.
fn search_part<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, budget: u64) -> Linearizability {
    match wgl::search(spec, history, OpenCalls::Unknown, budget) {
        SearchResult::Linearization(_) => Linearizability::Linearizable,
        SearchResult::BudgetExhausted => Linearizability::GaveUp(budget),
        SearchResult::NoLinearization { prefix, state } => {
            let mut placed = vec![false; history.len()];
            prefix.iter().for_each(|call| placed[*call] = true);
            let calls = history.calls().iter().zip(placed);
            let left: Vec<_> = calls.filter(|(call, placed)| call.returned.is_some() && !placed).collect();
            let names = left.iter().take(NAMED).map(|(call, _)| spec.show(&call.op, call.ret.as_ref()));
            let mut names = names.collect::<Vec<String>>().join(", ");
            if left.len() > NAMED {
                names.push_str(&format!(" and {} more", left.len() - NAMED));
            }
            let why = match prefix.len() {
                0 => format!("no call can come first of {names}"),
                n => format!(
                    "at best {} can be put in order; then the state is {state}, and no call can come next of {names}",
                    count(n, "call")
                ),
            };
            Linearizability::NotLinearizable(Violation::new(why, (0..history.len()).collect()))
        }
    }
}

/// [`check`] by the general search alone: slower, and the measure of the others.
pub fn search<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, budget: u64) -> Linearizability {
    search_part(spec, history, budget)
}
