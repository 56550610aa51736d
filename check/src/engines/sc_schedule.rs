//! Who goes next, for the engine [`crate::engines::sc`]: every schedule, schedules at
//! random, or one from a list.
//!
//! At random, every other execution picks uniformly at each step; the ones
//! between go by [`Priorities`]. A thread that has run alone for [`PATIENCE`]
//! steps while others could go on falls behind them, so that a spinning one
//! lets go.

use crate::plan::hash::hash_of;
use crate::plan::options::Mode;
use crate::search::choice::{Choices, Mismatch, Odometer};
use crate::search::pct::Priorities;
use crate::search::random::Rng;

/// Steps in a row before a thread loses its priority.
const PATIENCE: u32 = 500;

/// Ordered steps of the bugs that executions by priority look for.
const DEPTH: u32 = 3;

/// Makes the choices of executions, and remembers those of the current one.
#[derive(Debug)]
pub(super) struct ThreadSchedule {
    how: ScheduleKind,
    /// The choices of this execution.
    choices: Choices,
}

#[derive(Debug)]
enum ScheduleKind {
    All(Odometer),
    Random(Box<RandomSchedule>),
    /// The execution with these choices.
    List(Vec<u32>),
}

#[derive(Debug)]
struct RandomSchedule {
    /// Draws the changes and the seed of each execution.
    rng: Rng,
    /// Whether this execution goes by priorities.
    by_priority: bool,
    priorities: Priorities,
    /// Steps that the running thread has run alone.
    alone: u32,
}

impl ThreadSchedule {
    pub(super) fn new(mode: &Mode, seed: u64) -> ThreadSchedule {
        let how = match mode {
            Mode::Random { .. } => ScheduleKind::Random(Box::new(RandomSchedule::new(seed))),
            Mode::Exhaustive | Mode::Replay(_) | Mode::Stages(_) => ScheduleKind::All(Odometer::default()),
        };
        ThreadSchedule { how, choices: Choices::zeros() }
    }

    /// From now on, runs the execution that has just ended.
    pub(super) fn replay(&mut self) {
        self.how = ScheduleKind::List(self.choices.picks());
    }

    /// An execution begins.
    pub(super) fn begin(&mut self) {
        self.choices = match &mut self.how {
            ScheduleKind::All(odometer) => odometer.choices(),
            ScheduleKind::Random(random) => random.choices(),
            ScheduleKind::List(picks) => Choices::replay(picks),
        };
    }

    /// Moves on to the next execution; `Ok(false)` when there is none.
    ///
    /// # Errors
    ///
    /// The execution that has just ended did not follow the walk.
    pub(super) fn advance(&mut self) -> Result<bool, Mismatch> {
        match &mut self.how {
            ScheduleKind::All(odometer) => odometer.advance(&self.choices),
            ScheduleKind::Random(_) => Ok(true),
            ScheduleKind::List(_) => Ok(false),
        }
    }

    /// Picks one of `of`.
    pub(super) fn pick(&mut self, of: usize) -> usize {
        self.choices.pick(of as u32) as usize
    }

    /// Picks who runs next among `able`, none twice; `current` runs now.
    pub(super) fn thread(&mut self, able: &[usize], current: usize) -> usize {
        let of = able.len() as u32;
        let pick = match &mut self.how {
            ScheduleKind::Random(random) if random.by_priority => {
                self.choices.pick_by(of, |rng| random.foremost(able, current, rng))
            }
            _ => self.choices.pick(of),
        };
        able[pick as usize]
    }

    /// A number for the choices of this execution.
    pub(super) fn fingerprint(&self) -> u64 {
        hash_of(self.choices.made())
    }
}

impl RandomSchedule {
    fn new(seed: u64) -> RandomSchedule {
        RandomSchedule {
            rng: Rng::new(seed),
            by_priority: true,
            priorities: Priorities::new(DEPTH),
            alone: 0,
        }
    }

    /// The choices of the execution that begins.
    fn choices(&mut self) -> Choices {
        self.by_priority = !self.by_priority;
        self.alone = 0;
        if self.by_priority {
            self.priorities.begin(&mut self.rng);
        }
        Choices::random(self.rng.next())
    }

    /// The index in `able` of the thread with the greatest priority.
    fn foremost(&mut self, able: &[usize], current: usize, rng: &mut Rng) -> u32 {
        self.priorities.step(current);
        if self.alone > PATIENCE {
            self.priorities.fall(current);
        }
        let best = self.priorities.foremost(able.iter().copied(), rng);
        self.alone = if able[best] == current { self.alone + 1 } else { 0 };
        best as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_of_choices_comes_once() {
        let mut schedule = ThreadSchedule::new(&Mode::Exhaustive, 0);
        let mut seen = Vec::new();
        loop {
            schedule.begin();
            let first = schedule.pick(2);
            let second = if first == 0 { schedule.pick(3) } else { 9 };
            seen.push((first, second));
            if !schedule.advance().expect("the same choices each time") {
                break;
            }
        }
        assert_eq!(seen, [(0, 0), (0, 1), (0, 2), (1, 9)]);
    }

    #[test]
    fn a_list_repeats_an_execution() {
        let mut schedule = ThreadSchedule::new(&Mode::Random { executions: 1 }, 7);
        schedule.begin();
        let run = |schedule: &mut ThreadSchedule| -> Vec<usize> {
            (0..50).map(|n| schedule.thread(&[0, 1, 2], n % 3)).collect()
        };
        let first = run(&mut schedule);
        schedule.replay();
        schedule.begin();
        assert_eq!(run(&mut schedule), first);
        assert_eq!(schedule.advance(), Ok(false));
    }

    #[test]
    fn every_other_execution_goes_by_priority() {
        let mut schedule = ThreadSchedule::new(&Mode::Random { executions: 1 }, 5);
        let mut most = 0;
        for number in 0..20 {
            schedule.begin();
            let mut current = 0;
            let switches = (0..200).filter(|_| {
                let before = current;
                current = schedule.thread(&[0, 1, 2], before);
                before != current
            });
            let switches = switches.count();
            let by_priority = number % 2 == 1;
            // One to the first, and one at each of two changes.
            assert_eq!(switches <= 3, by_priority, "{switches}");
            most = if by_priority { most.max(switches) } else { most };
        }
        assert_eq!(most, 3);
    }

    #[test]
    fn executions_have_numbers_by_their_choices() {
        let mut schedule = ThreadSchedule::new(&Mode::Exhaustive, 0);
        let mut seen = std::collections::BTreeSet::new();
        loop {
            schedule.begin();
            for _ in 0..3 {
                schedule.pick(3);
            }
            assert!(seen.insert(schedule.fingerprint()));
            if !schedule.advance().expect("the same choices each time") {
                break;
            }
        }
        assert_eq!(seen.len(), 27);
    }

    #[test]
    fn a_walk_ends_where_the_choices_change() {
        let mut schedule = ThreadSchedule::new(&Mode::Exhaustive, 0);
        schedule.begin();
        schedule.pick(2);
        assert_eq!(schedule.advance(), Ok(true));
        schedule.begin();
        schedule.pick(3);
        assert!(schedule.advance().is_err());
    }

    #[test]
    fn no_thread_runs_alone_for_ever() {
        let mut schedule = ThreadSchedule::new(&Mode::Random { executions: 1 }, 3);
        for _ in 0..2 {
            schedule.begin();
            let (mut current, mut alone) = (0, 0);
            for _ in 0..5_000 {
                let before = current;
                current = schedule.thread(&[0, 1], before);
                alone = if before == current { alone + 1 } else { 0 };
                assert!(alone <= PATIENCE + 1);
            }
        }
    }
}
