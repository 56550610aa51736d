//! Which thread goes next in a random search.

use crate::plan::strategy::Strategy;
use crate::search::pct::Priorities;
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
    /// Who goes first, under the strategies that have priorities.
    priorities: Priorities,
    /// Who went last.
    last: usize,
    pub(crate) able: Vec<Candidate>,
}

impl Sampler {
    pub(crate) fn new(strategy: Strategy, seed: u64) -> Sampler {
        let depth = if let Strategy::Pct { depth } = strategy { depth } else { 1 };
        Sampler {
            rng: Rng::new(seed),
            strategy,
            priorities: Priorities::new(depth),
            last: 0,
            able: Vec::new(),
        }
    }

    /// An execution begins.
    pub(crate) fn begin(&mut self) {
        self.last = 0;
        self.priorities.begin(&mut self.rng);
    }

    /// A step of the execution begins.
    pub(crate) fn step(&mut self) {
        self.priorities.step(self.last);
    }

    /// Takes one of the threads that are able out of the list.
    pub(crate) fn take(&mut self) -> Option<Candidate> {
        if self.able.is_empty() {
            return None;
        }
        let at = match self.strategy {
            Strategy::Pct { .. } | Strategy::Pos => {
                self.priorities.foremost(self.able.iter().map(|c| c.thread), &mut self.rng)
            }
            _ => self.rng.below(self.able.len()),
        };
        Some(self.able.swap_remove(at))
    }

    /// `chosen` goes, out of `all` that were able.
    pub(crate) fn chosen(&mut self, chosen: Candidate, all: impl Iterator<Item = Candidate>) {
        self.last = chosen.thread;
        if self.strategy != Strategy::Pos {
            return;
        }
        self.priorities.redraw(chosen.thread);
        for other in all {
            if other.loc == chosen.loc && (other.writes || chosen.writes) {
                self.priorities.redraw(other.thread);
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
        assert!(two.contains(&vec![1, 0, 0, 1]), "whoever goes falls: {two:?}");
    }
}
