//! Which thread goes next in a random search.

use crate::plan::strategy::Strategy;
use crate::seam::clock::MAX_THREADS;
use crate::search::random::Rng;

/// A thread that could go next, with its pending operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) thread: usize,
    pub(crate) loc: u32,
    pub(crate) writes: bool,
}

/// A random search: its source of randomness, and the priorities of the
/// execution under way.
#[derive(Clone, Debug)]
pub(crate) struct Sampler {
    pub(crate) rng: Rng,
    strategy: Strategy,
    /// A greater number goes first; 0 is not drawn yet.
    priorities: [u64; MAX_THREADS],
    /// Steps of this execution at which the running thread falls behind.
    changes: Vec<u32>,
    steps: u32,
    /// The most steps that an execution has had so far.
    longest: u32,
    last: usize,
    pub(crate) able: Vec<Candidate>,
}

/// Priorities from here on are drawn; smaller ones are for threads that fell
/// behind.
const DRAWN: u64 = 1 << 32;

impl Sampler {
    pub(crate) fn new(strategy: Strategy, seed: u64) -> Sampler {
        Sampler {
            rng: Rng::new(seed),
            strategy,
            priorities: [0; MAX_THREADS],
            changes: Vec::new(),
            steps: 0,
            longest: 16,
            last: 0,
            able: Vec::new(),
        }
    }

    /// An execution begins.
    pub(crate) fn begin(&mut self) {
        if matches!(self.strategy, Strategy::Random) {
            return;
        }
        self.longest = self.longest.max(self.steps);
        self.steps = 0;
        self.priorities = [0; MAX_THREADS];
        self.changes.clear();
        if let Strategy::Pct { depth } = self.strategy {
            for _ in 1..depth {
                let step = self.rng.below(self.longest as usize) as u32 + 1;
                self.changes.push(step);
            }
        }
    }

    /// A step of the execution begins.
    pub(crate) fn step(&mut self) {
        self.steps += 1;
        if let Some(at) = self.changes.iter().position(|step| *step == self.steps) {
            // Whoever falls later falls deeper.
            self.priorities[self.last] = DRAWN - u64::from(self.steps) - 1;
            self.changes[at] = 0;
        }
    }

    /// Takes one of the threads that are able out of the list.
    pub(crate) fn take(&mut self) -> Option<Candidate> {
        if self.able.is_empty() {
            return None;
        }
        let at = match self.strategy {
            Strategy::Pct { .. } | Strategy::Pos => self.foremost(),
            _ => self.rng.below(self.able.len()),
        };
        Some(self.able.swap_remove(at))
    }

    /// The index of the able thread with the greatest priority.
    fn foremost(&mut self) -> usize {
        for Candidate { thread, .. } in &self.able {
            if self.priorities[*thread] == 0 {
                self.priorities[*thread] = self.rng.next() | DRAWN;
            }
        }
        let priority = |at: &usize| self.priorities[self.able[*at].thread];
        (0..self.able.len()).max_by_key(priority).expect("somebody is able")
    }

    /// `chosen` goes, out of `all` that were able.
    pub(crate) fn chosen(&mut self, chosen: Candidate, all: impl Iterator<Item = Candidate>) {
        self.last = chosen.thread;
        if self.strategy != Strategy::Pos {
            return;
        }
        self.priorities[chosen.thread] = 0;
        for other in all {
            if other.loc == chosen.loc && (other.writes || chosen.writes) {
                self.priorities[other.thread] = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The orders in which two threads of two steps each on one location run.
    fn orders(strategy: Strategy) -> BTreeSet<Vec<usize>> {
        let mut sampler = Sampler::new(strategy, 1);
        let mut orders = BTreeSet::new();
        for _ in 0..500 {
            sampler.begin();
            let mut left = [2, 2];
            let mut order = Vec::new();
            while left != [0, 0] {
                sampler.step();
                let able = |left: &[i32; 2]| {
                    let able = (0..2).filter(|t| left[*t] > 0);
                    able.map(|thread| Candidate { thread, loc: 0, writes: true }).collect::<Vec<_>>()
                };
                sampler.able = able(&left);
                let chosen = sampler.take().expect("a thread is left");
                sampler.chosen(chosen, able(&left).into_iter());
                left[chosen.thread] -= 1;
                order.push(chosen.thread);
            }
            orders.insert(order);
        }
        orders
    }

    #[test]
    fn random_and_pos_see_all_six_orders() {
        assert_eq!(orders(Strategy::Random).len(), 6);
        assert_eq!(orders(Strategy::Pos).len(), 6);
    }

    #[test]
    fn pct_switches_no_more_often_than_its_depth_says() {
        assert_eq!(orders(Strategy::Pct { depth: 1 }), [vec![0, 0, 1, 1], vec![1, 1, 0, 0]].into());
        let two = orders(Strategy::Pct { depth: 2 });
        assert!(two.contains(&vec![0, 1, 1, 0]) && !two.contains(&vec![0, 1, 0, 1]), "{two:?}");
    }
}
