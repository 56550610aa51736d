//! The check of a history: part by part, by the object's own near-linear check if it has one that suits,
//! or else by the general search.

use crate::linearizability::history::History;
use crate::linearizability::spec::{Monitored, Spec, Violation};
use crate::linearizability::wgl;
use std::collections::BTreeMap;

/// Configurations that a search visits before it gives up, unless told otherwise.
pub const BUDGET: u64 = 2_000_000;

/// Calls named in an explanation, at most.
const NAMED: usize = 4;

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
pub(crate) fn check_part<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, budget: u64) -> Verdict {
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
            let mut placed = vec![false; history.len()];
            order.iter().for_each(|call| placed[*call] = true);
            let calls = history.calls().iter().zip(placed);
            let left: Vec<_> = calls.filter(|(call, placed)| call.returned.is_some() && !placed).collect();
            let names = left.iter().take(NAMED).map(|(call, _)| spec.show(&call.op, call.ret.as_ref()));
            let mut names = names.collect::<Vec<String>>().join(", ");
            if left.len() > NAMED {
                names.push_str(&format!(" and {} more", left.len() - NAMED));
            }
            let why = match order.len() {
                0 => format!("no call can come first of {names}"),
                n => format!(
                    "at best {n} calls can be put in order; then the state is {state}, and no call can come next of {names}"
                ),
            };
            Verdict::NotLinearizable(Violation::new(why, (0..history.len()).collect()))
        }
    }
}

/// [`check`] by the general search alone: slower, and the measure of the others.
pub fn search<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, budget: u64) -> Verdict {
    search_part(spec, history, budget)
}
