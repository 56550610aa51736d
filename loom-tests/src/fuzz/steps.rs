//! The reference for everything that blocks: every interleaving of atomic steps on a plain state.

use crate::fuzz::program::Expected;
use std::collections::HashSet;
use std::hash::Hash;

/// A state of a program whose threads take atomic steps.
pub trait Steps: Clone + Eq + Hash {
    /// How many threads there are.
    fn threads(&self) -> usize;

    /// Whether the thread is over.
    fn done(&self, thread: usize) -> bool;

    /// The states after the thread's next step, one for each thing that it may do; none if it waits.
    fn step(&self, thread: usize, next: &mut Vec<Self>);

    /// The states after something that happens to the thread for no reason, on which nobody may rely.
    fn spurious(&self, _thread: usize, _next: &mut Vec<Self>) {}

    /// Whether a thread has panicked that nobody has awaited.
    fn has_panicked(&self) -> bool {
        false
    }

    /// What the program records when all threads are over.
    fn outcome(&self) -> String;
}

/// Every outcome, and whether some interleaving gets stuck; `None` if there are more than `limit` states.
pub fn enumerate<S: Steps>(start: S, limit: usize) -> Option<Expected> {
    let (mut open, mut seen) = (vec![start], HashSet::new());
    let mut expected = Expected::default();
    let mut next = Vec::new();
    while let Some(state) = open.pop() {
        if !seen.insert(state.clone()) {
            continue;
        }
        if seen.len() > limit {
            return None;
        }
        let left: Vec<usize> = (0..state.threads()).filter(|t| !state.done(*t)).collect();
        if left.is_empty() {
            expected.outcomes.insert(state.outcome());
            continue;
        }
        next.clear();
        left.iter().for_each(|t| state.step(*t, &mut next));
        expected.deadlock |= next.is_empty();
        expected.panic |= next.is_empty() && state.has_panicked();
        left.iter().for_each(|t| state.spurious(*t, &mut next));
        open.append(&mut next);
    }
    Some(expected)
}
