//! Probabilistic concurrency testing: threads have random priorities, and at a few random steps of an execution
//! the running one falls behind all others.
//!
//! A priority is drawn when its thread is first looked at. The steps are drawn
//! among as many as the longest execution so far has had. Burckhardt, Kothari,
//! Musuvathi, Nagarakatte: "A randomized scheduler with probabilistic guarantees
//! of finding bugs", ASPLOS 2010.

use crate::search::random::Rng;

/// The length of an execution before any has been seen, in steps.
const FIRST_LENGTH: u32 = 16;

/// Drawn priorities are at least this; smaller ones are of threads that fell.
const DRAWN: u64 = 1 << 32;

/// Who goes first, in the executions of one search.
#[derive(Clone, Debug)]
pub(crate) struct Priorities {
    /// By thread; the greatest goes. 0 is not drawn yet.
    by_thread: Vec<u64>,
    /// Steps of this execution at which the running thread falls, counted from 1.
    changes: Vec<u32>,
    /// How many of these steps an execution has.
    change_count: u32,
    steps: u32,
    /// The most steps that an execution has had so far.
    longest: u32,
    /// The priority of the thread that fell last: whoever falls later falls deeper.
    bottom: u64,
}

impl Priorities {
    /// Priorities that find bugs of this `depth`; at depth 1 they never change by themselves.
    pub(crate) fn new(depth: u32) -> Priorities {
        Priorities {
            by_thread: Vec::new(),
            changes: Vec::new(),
            change_count: depth.saturating_sub(1),
            steps: 0,
            longest: FIRST_LENGTH,
            bottom: DRAWN,
        }
    }

    /// An execution begins.
    pub(crate) fn begin(&mut self, rng: &mut Rng) {
        self.longest = self.longest.max(self.steps);
        self.steps = 0;
        self.bottom = DRAWN;
        self.by_thread.clear();
        self.changes.clear();
        for _ in 0..self.change_count {
            self.changes.push(rng.below(self.longest as usize) as u32 + 1);
        }
    }

    /// A step of the execution begins; `running` made the one before.
    pub(crate) fn step(&mut self, running: usize) {
        self.steps += 1;
        if self.changes.contains(&self.steps) {
            self.fall(running);
        }
    }

    /// `thread` falls behind all others.
    pub(crate) fn fall(&mut self, thread: usize) {
        self.bottom -= 1;
        *self.of(thread) = self.bottom;
    }

    /// `thread` gets a new priority when it is next looked at.
    pub(crate) fn redraw(&mut self, thread: usize) {
        *self.of(thread) = 0;
    }

    /// The index in `able` of the thread that goes first; 0 if nobody is able.
    pub(crate) fn foremost(&mut self, able: impl Iterator<Item = usize>, rng: &mut Rng) -> usize {
        let drawn = able.map(|thread| {
            let priority = self.of(thread);
            if *priority == 0 {
                *priority = rng.next() | DRAWN;
            }
            *priority
        });
        drawn.enumerate().max_by_key(|(_, priority)| *priority).map_or(0, |(at, _)| at)
    }

    fn of(&mut self, thread: usize) -> &mut u64 {
        if thread >= self.by_thread.len() {
            self.by_thread.resize(thread + 1, 0);
        }
        &mut self.by_thread[thread]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The threads that run when all of `threads` always can, `steps` times.
    fn run(priorities: &mut Priorities, rng: &mut Rng, threads: usize, steps: usize) -> Vec<usize> {
        priorities.begin(rng);
        let mut running = 0;
        let step = |_| {
            priorities.step(running);
            running = priorities.foremost(0..threads, rng);
            running
        };
        (0..steps).map(step).collect()
    }

    #[test]
    fn the_first_stays_first_until_it_falls() {
        let (mut priorities, mut rng) = (Priorities::new(1), Rng::new(1));
        for _ in 0..50 {
            let ran = run(&mut priorities, &mut rng, 4, 20);
            assert_eq!(BTreeSet::from_iter(&ran).len(), 1, "{ran:?}");
        }
    }

    #[test]
    fn whoever_falls_later_falls_deeper() {
        let (mut priorities, mut rng) = (Priorities::new(1), Rng::new(1));
        for _ in 0..50 {
            priorities.begin(&mut rng);
            let mut fall = |_| {
                let first = priorities.foremost(0..4, &mut rng);
                priorities.fall(first);
                first
            };
            let order: Vec<usize> = (0..8).map(&mut fall).collect();
            assert_eq!(BTreeSet::from_iter(&order[..4]).len(), 4, "{order:?}");
            assert_eq!(order[..4], order[4..]);
        }
    }

    #[test]
    fn anybody_can_be_first_and_the_index_is_the_one_in_the_list() {
        let (mut priorities, mut rng) = (Priorities::new(1), Rng::new(1));
        let first: BTreeSet<usize> = (0..200).map(|_| run(&mut priorities, &mut rng, 4, 1)[0]).collect();
        assert_eq!(first.len(), 4);
        priorities.begin(&mut rng);
        priorities.fall(7);
        assert_eq!(priorities.foremost([7, 2].into_iter(), &mut rng), 1);
        assert_eq!(priorities.foremost([2, 7].into_iter(), &mut rng), 0);
    }

    #[test]
    fn a_thread_falls_at_each_change_and_at_no_other_step() {
        let (mut priorities, mut rng) = (Priorities::new(3), Rng::new(1));
        let mut most = 0;
        for _ in 0..200 {
            let ran = run(&mut priorities, &mut rng, 3, FIRST_LENGTH as usize);
            let switches = ran.windows(2).filter(|pair| pair[0] != pair[1]).count();
            assert!(switches <= 2, "{ran:?}");
            most = most.max(switches);
        }
        assert_eq!(most, 2);
    }

    #[test]
    fn changes_come_anywhere_in_the_longest_execution() {
        let (mut priorities, mut rng) = (Priorities::new(2), Rng::new(1));
        run(&mut priorities, &mut rng, 2, 100);
        let switches: BTreeSet<usize> = (0..500)
            .filter_map(|_| {
                run(&mut priorities, &mut rng, 2, 100).windows(2).position(|pair| pair[0] != pair[1])
            })
            .collect();
        assert!(switches.first() < Some(&10) && switches.last() > Some(&90), "{switches:?}");
    }

    #[test]
    fn a_redrawn_priority_is_another_one() {
        let (mut priorities, mut rng) = (Priorities::new(1), Rng::new(1));
        priorities.begin(&mut rng);
        let first: BTreeSet<usize> = (0..100)
            .map(|_| {
                priorities.redraw(0);
                priorities.foremost(0..2, &mut rng)
            })
            .collect();
        assert_eq!(first.len(), 2);
    }
}
