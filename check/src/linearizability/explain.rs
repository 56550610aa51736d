//! A counterexample: the first window of a history that cannot be linearized,
//! with as few calls as show it.
//!
//! Every prefix of a linearizable history is linearizable, so the shortest bad
//! prefix is found by halving. Of its calls those are kept that are needed: sets of
//! calls that the specification calls [droppable](Spec::droppable) are taken away,
//! many at once first, as long as what remains is still not linearizable.

use crate::linearizability::check::{BUDGET, Judgement, Linearizability, judge, violation_of_part};
use crate::linearizability::history::{Call, History};
use crate::linearizability::spec::{Spec, Violation};
use crate::linearizability::table;
use std::fmt;

/// Why a history is not linearizable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counterexample {
    /// What is wrong, in a sentence.
    pub why: String,
    /// The calls that show it, as indices into the history, ascending.
    pub calls: Vec<usize>,
    /// The position of the response with which the history stopped being
    /// linearizable. `None` if its order is not real time.
    pub at: Option<u64>,
    /// These calls, and what became of them later, as a table.
    pub table: String,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not linearizable: {}\n{}", self.why, self.table)
    }
}

impl Linearizability<Counterexample> {
    /// Why the history is not linearizable, if it is not.
    pub fn counterexample(self) -> Option<Counterexample> {
        match self {
            Linearizability::NotLinearizable(counterexample) => Some(counterexample),
            Linearizability::Linearizable | Linearizability::GaveUp(_) => None,
        }
    }
}

/// Checks `history`; if it is not linearizable, finds the first window that is not,
/// and few calls that show it. Costs a check, and for a counterexample some
/// log n more, and some more of what remains.
pub fn explain<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>) -> Linearizability<Counterexample> {
    explain_within(spec, history, BUDGET)
}

/// [`explain`] with a number of configurations of your own for each search.
pub fn explain_within<S: Spec>(
    spec: &S,
    history: &History<S::Op, S::Ret>,
    budget: u64,
) -> Linearizability<Counterexample> {
    let bad = match judge(spec, history, budget) {
        Judgement::Linearizable => return Linearizability::Linearizable,
        Judgement::Undecided(undecided) => return Linearizability::GaveUp(undecided),
        Judgement::Bad(bad) => bad,
    };
    // Of the parts that are not linearizable, the one that stops to be so first.
    let windows = bad.into_iter().map(|bad| {
        let mut effort = Effort::after(bad.visited, budget);
        let window = Window::first(spec, bad.history, bad.part, &mut effort);
        (window, bad.violation, effort)
    });
    let first = windows.reduce(|first, other| if other.0.at < first.0.at { other } else { first });
    match first {
        Some((window, violation, mut effort)) => {
            let window = window.shrink(spec, &mut effort);
            Linearizability::NotLinearizable(window.show(spec, history, violation.why, &mut effort))
        }
        None => Linearizability::Linearizable,
    }
}

/// Configurations that may still be spent on making a counterexample short.
struct Effort {
    /// In one search.
    each: u64,
    /// In all of them.
    left: u64,
}

impl Effort {
    /// A window costs a few times what it cost to see that there is one.
    fn after(visited: u64, budget: u64) -> Effort {
        Effort {
            each: visited.saturating_mul(2).max(10_000).min(budget.max(visited)),
            left: visited.saturating_mul(16).max(500_000),
        }
    }

    /// Why `history` is not linearizable, if that is seen with what is left.
    fn violation<S: Spec>(&mut self, spec: &S, history: &History<S::Op, S::Ret>) -> Option<Violation> {
        let each = self.each.min(self.left);
        let mut left = each;
        let violation = violation_of_part(spec, history, &mut left);
        self.left -= each - left;
        violation
    }

    fn is_bad<S: Spec>(&mut self, spec: &S, history: &History<S::Op, S::Ret>) -> bool {
        self.violation(spec, history).is_some()
    }
}

/// Calls that are not linearizable.
struct Window<S: Spec> {
    history: History<S::Op, S::Ret>,
    /// Which calls of the whole history they are.
    names: Vec<usize>,
    /// The position up to which the history was cut.
    at: Option<u64>,
}

impl<S: Spec> Window<S> {
    /// The shortest prefix of `history` that is not linearizable.
    fn first(spec: &S, history: History<S::Op, S::Ret>, names: Vec<usize>, effort: &mut Effort) -> Self {
        if !history.is_real_time() {
            return Window { history, names, at: None };
        }
        let mut responses: Vec<u64> = history.calls().iter().filter_map(|call| call.returned).collect();
        responses.sort_unstable();
        let first_bad = responses.partition_point(|at| !effort.is_bad(spec, &history.prefix(*at).0));
        let at = responses.get(first_bad).copied();
        let (prefix, kept) = history.prefix(at.unwrap_or(u64::MAX));
        Window { history: prefix, names: kept.into_iter().map(|call| names[call]).collect(), at }
    }

    fn restrict(&self, keep: &[usize]) -> Self {
        let names = keep.iter().map(|call| self.names[*call]).collect();
        Window { history: self.history.restrict(keep), names, at: self.at }
    }

    /// Takes away what is not needed.
    fn shrink(self, spec: &S, effort: &mut Effort) -> Self {
        let mut window = self;
        if let Some(violation) = effort.violation(spec, &window.history) {
            let core = window.restrict(&violation.calls);
            if effort.is_bad(spec, &core.history) {
                window = core;
            }
        }
        loop {
            let before = window.history.len();
            window = window.drop_sets(spec, effort);
            if window.history.len() == before {
                return window;
            }
        }
    }

    /// One round: half of the droppable sets at a time, then a quarter, down to one.
    fn drop_sets(mut self, spec: &S, effort: &mut Effort) -> Self {
        let mut size = spec.droppable(self.history.calls()).len().div_ceil(2);
        while size > 0 {
            let mut start = 0;
            loop {
                let sets = spec.droppable(self.history.calls());
                if start >= sets.len() {
                    break;
                }
                let gone: Vec<usize> = sets.into_iter().skip(start).take(size).flatten().collect();
                let mut stays = vec![true; self.history.len()];
                gone.into_iter().for_each(|call| stays[call] = false);
                let keep: Vec<usize> = (0..self.history.len()).filter(|call| stays[*call]).collect();
                let smaller = self.restrict(&keep);
                if effort.is_bad(spec, &smaller.history) {
                    self = smaller;
                } else {
                    start += size;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
        self
    }

    /// `why`: what is wrong with the whole, if it is not seen of the window.
    fn show(
        self,
        spec: &S,
        whole: &History<S::Op, S::Ret>,
        why: String,
        effort: &mut Effort,
    ) -> Counterexample {
        // One more search, whatever is left.
        effort.left = effort.left.max(effort.each);
        let why = effort.violation(spec, &self.history).map_or(why, |violation| violation.why);
        let table = match self.at {
            Some(at) => table::real_time(spec, whole, &self.names, &self.later(spec, whole), at),
            None => table::partial(spec, &self.history, &self.names),
        };
        Counterexample { why, calls: self.names, at: self.at, table }
    }

    /// Calls after the window that belong to those in it.
    fn later(&self, spec: &S, whole: &History<S::Op, S::Ret>) -> Vec<usize> {
        let Some(at) = self.at else {
            return Vec::new();
        };
        let ours = |call: &usize| self.names.binary_search(call).is_ok();
        let after = |call: &usize| whole.calls()[*call].invoked > at && !ours(call);
        let part = self.names.first().map(|call| spec.part(&whole.calls()[*call].op));
        let same: Vec<usize> =
            (0..whole.len()).filter(|call| Some(spec.part(&whole.calls()[*call].op)) == part).collect();
        let calls: Vec<Call<S::Op, S::Ret>> = same.iter().map(|call| whole.calls()[*call].clone()).collect();
        let sets = spec.droppable(&calls).into_iter();
        let sets = sets.map(|set| set.into_iter().map(|call| same[call]).collect::<Vec<usize>>());
        let mut later: Vec<usize> = sets
            .filter(|set| set.len() <= LATER && set.iter().any(ours))
            .flat_map(|set| set.into_iter().filter(after).collect::<Vec<usize>>())
            .collect();
        later.sort_unstable();
        later.dedup();
        later
    }
}

/// Calls of one set, at most, for those after the window to be shown.
const LATER: usize = 6;
