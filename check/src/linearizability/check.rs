//! The check of a history: part by part, by the object's own near-linear check if it has one that suits,
//! or else by the general search.

use crate::linearizability::brief;
use crate::linearizability::history::History;
use crate::linearizability::spec::{Monitored, Spec, Violation};
use crate::linearizability::undecided::Undecided;
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
    /// The search was not done within its budget. Not a pass.
    GaveUp(Undecided),
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
            Linearizability::GaveUp(undecided) => write!(f, "{undecided}"),
        }
    }
}

/// Whether `history` is linearizable as `spec` says, within [`BUDGET`].
pub fn check<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>) -> Linearizability {
    check_within(spec, history, BUDGET)
}

/// [`check`] with a number of configurations of your own, for each part.
pub fn check_within<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, budget: u64) -> Linearizability {
    match judge(spec, history, budget) {
        Judgement::Linearizable => Linearizability::Linearizable,
        Judgement::Undecided(undecided) => Linearizability::GaveUp(undecided),
        Judgement::Bad(mut bad) => {
            let BadPart { part, violation: Violation { why, calls }, .. } = bad.swap_remove(0);
            let calls = calls.into_iter().map(|call| part[call]).collect();
            Linearizability::NotLinearizable(Violation { why, calls })
        }
    }
}

/// Configurations for each part in the first round of searches.
const FIRST_ROUND: u64 = 10_000;
/// How many times more in the next one.
const GROWTH: u64 = 4;

/// What the parts of an object come to.
pub(crate) enum Judgement<S: Spec> {
    /// Each is linearizable.
    Linearizable,
    /// At least one is not: all that the same round of searches convicted.
    Bad(Vec<BadPart<S>>),
    /// Some are undecided, the others linearizable.
    Undecided(Undecided),
}

/// A part that is not linearizable.
pub(crate) struct BadPart<S: Spec> {
    /// Its calls, by their numbers in the whole history.
    pub(crate) part: Vec<usize>,
    pub(crate) history: History<S::Op, S::Ret>,
    /// By the numbers in `history`.
    pub(crate) violation: Violation,
    /// Configurations that it took to see that.
    pub(crate) visited: u64,
}

/// Checks each part: those first that have a faster way, then all others by
/// searches that are short at first. So one part that takes long does not hide
/// another that convicts at once.
pub(crate) fn judge<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, budget: u64) -> Judgement<S> {
    let (mut bad, mut left) = (Vec::new(), Vec::new());
    let parts = parts(spec, history);
    let count = parts.len();
    for part in parts {
        let alone = history.restrict(&part);
        match monitor(spec, &alone) {
            Monitored::Linearizable => {}
            Monitored::Violation(violation) => {
                bad.push(BadPart { part, history: alone, violation, visited: 0 })
            }
            Monitored::Unsuited => left.push((part, alone)),
        }
    }
    let mut round = FIRST_ROUND.min(budget);
    loop {
        if !bad.is_empty() {
            return Judgement::Bad(bad);
        }
        if left.is_empty() {
            return Judgement::Linearizable;
        }
        // One part that is left need not be searched twice.
        round = if left.len() == 1 { budget } else { round };
        let mut undecided = Undecided { configurations: 0, undecided: 0, parts: count, calls: 0, ordered: 0 };
        left.retain(|(part, alone)| {
            let searched = wgl::search(spec, alone, OpenCalls::Unknown, round);
            if let SearchResult::GaveUp { completed } = searched.result {
                undecided.configurations = undecided.configurations.max(searched.visited.min(round));
                undecided.undecided += 1;
                undecided.calls += alone.calls().iter().filter(|call| call.returned.is_some()).count();
                undecided.ordered += completed;
                return true;
            }
            let visited = searched.visited;
            if let Some(violation) = violation(spec, alone, searched.result) {
                bad.push(BadPart { part: part.clone(), history: alone.clone(), violation, visited });
            }
            false
        });
        if bad.is_empty() && !left.is_empty() && round == budget {
            return Judgement::Undecided(undecided);
        }
        round = round.saturating_mul(GROWTH).min(budget);
    }
}

fn monitor<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>) -> Monitored {
    if history.is_real_time() { spec.monitor(history) } else { Monitored::Unsuited }
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

/// Whether calls that are all of one part are known not to be linearizable, within
/// `left` configurations, of which it takes those that a search needs.
pub(crate) fn violation_of_part<S: Spec>(
    spec: &S,
    history: &History<S::Op, S::Ret>,
    left: &mut u64,
) -> Option<Violation> {
    match monitor(spec, history) {
        Monitored::Linearizable => None,
        Monitored::Violation(violation) => Some(violation),
        Monitored::Unsuited => {
            let searched = wgl::search(spec, history, OpenCalls::Unknown, *left);
            *left = left.saturating_sub(searched.visited);
            violation(spec, history, searched.result)
        }
    }
}

/// What is wrong with calls that have no linearization.
fn violation<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, result: SearchResult) -> Option<Violation> {
    let SearchResult::NoLinearization { prefix, state } = result else {
        return None;
    };
    let mut placed = vec![false; history.len()];
    prefix.iter().for_each(|call| placed[*call] = true);
    let calls = history.calls().iter().zip(placed);
    let left: Vec<_> = calls.filter(|(call, placed)| call.returned.is_some() && !placed).collect();
    let names = left.iter().take(NAMED).map(|(call, _)| brief::call(spec.show(&call.op, call.ret.as_ref())));
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
    Some(Violation::new(why, (0..history.len()).collect()))
}

/// [`check`] by the general search alone, of the whole object at once: slower, and
/// the measure of the others.
pub fn search<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, budget: u64) -> Linearizability {
    let searched = wgl::search(spec, history, OpenCalls::Unknown, budget);
    if let SearchResult::GaveUp { completed } = searched.result {
        let calls = history.calls().iter().filter(|call| call.returned.is_some()).count();
        let configurations = searched.visited.min(budget);
        let undecided = Undecided { configurations, undecided: 1, parts: 1, calls, ordered: completed };
        return Linearizability::GaveUp(undecided);
    }
    let found = violation(spec, history, searched.result);
    found.map_or(Linearizability::Linearizable, Linearizability::NotLinearizable)
}
