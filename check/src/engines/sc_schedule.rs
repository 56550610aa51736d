//! Who goes next, for the engine [`crate::engines::sc`]: every schedule, schedules at
//! random, or one from a list.
//!
//! At random, every other execution picks uniformly at each step; the ones
//! between follow PCT: threads have random priorities, the one with the highest
//! runs, and at a few random steps the running thread falls to the bottom. A
//! thread that has run alone for [`PATIENCE`] steps while others could go on
//! falls too, so that a spinning one lets go.

use crate::plan::options::Mode;
use crate::search::random::Rng;

/// Steps in a row before a thread loses its priority.
const PATIENCE: u32 = 500;

/// Steps at which the running thread loses its priority, an execution.
const CHANGES: usize = 2;

/// Choices: which of how many.
pub(super) type Picks = Vec<(u32, u32)>;

/// Makes the choices of executions, and remembers those of the current one.
#[derive(Debug)]
pub(super) struct ThreadSchedule {
    how: ScheduleKind,
    /// The choices of this execution.
    pub(super) picks: Picks,
}

#[derive(Debug)]
enum ScheduleKind {
    /// The first choices of the next execution, with how many there were.
    All(Picks),
    Random(Box<RandomSchedule>),
    List(Picks),
}

#[derive(Debug)]
struct RandomSchedule {
    rng: Rng,
    /// Whether this execution goes by priorities.
    pct: bool,
    /// By thread; the highest runs.
    priorities: Vec<u64>,
    /// Steps at which the running thread falls.
    changes: [u32; CHANGES],
    step: u32,
    /// The steps of the longest execution so far.
    longest: u32,
    alone: u32,
    /// The priority that the next thread to fall gets.
    bottom: u64,
}

impl ThreadSchedule {
    pub(super) fn new(mode: &Mode, seed: u64) -> ThreadSchedule {
        let how = match mode {
            Mode::Random { .. } => ScheduleKind::Random(Box::new(RandomSchedule::new(seed))),
            Mode::Exhaustive | Mode::Replay(_) | Mode::Stages(_) => ScheduleKind::All(Vec::new()),
        };
        ThreadSchedule { how, picks: Vec::new() }
    }

    /// From now on, runs the execution with these choices.
    pub(super) fn replay(&mut self, picks: Picks) {
        self.how = ScheduleKind::List(picks);
    }

    /// An execution begins.
    pub(super) fn begin(&mut self) {
        self.picks.clear();
        if let ScheduleKind::Random(random) = &mut self.how {
            random.begin();
        }
    }

    /// Moves on to the next execution; `false` when there is none.
    pub(super) fn advance(&mut self) -> bool {
        match &mut self.how {
            ScheduleKind::All(prefix) => {
                prefix.clone_from(&self.picks);
                while prefix.last().is_some_and(|(pick, of)| pick + 1 == *of) {
                    prefix.pop();
                }
                match prefix.last_mut() {
                    Some((pick, _)) => *pick += 1,
                    None => return false,
                }
                true
            }
            ScheduleKind::Random(_) => true,
            ScheduleKind::List(_) => false,
        }
    }

    /// Picks one of `of`.
    pub(super) fn pick(&mut self, of: usize) -> usize {
        if of < 2 {
            return 0;
        }
        let at = self.picks.len();
        let pick = match &mut self.how {
            ScheduleKind::All(list) | ScheduleKind::List(list) => {
                list.get(at).map_or(0, |(pick, _)| *pick as usize)
            }
            ScheduleKind::Random(random) => random.rng.below(of),
        };
        self.picks.push((pick as u32, of as u32));
        // A model that is not deterministic may offer less than the list expects.
        pick.min(of - 1)
    }

    /// Picks who runs next among `able`, none twice; `current` runs now.
    pub(super) fn thread(&mut self, able: &[usize], current: usize) -> usize {
        match &mut self.how {
            ScheduleKind::Random(random) if random.pct && able.len() > 1 => {
                let pick = random.by_priority(able, current);
                self.picks.push((pick as u32, able.len() as u32));
                able[pick]
            }
            _ => able[self.pick(able.len())],
        }
    }

    /// A number for the choices of this execution.
    pub(super) fn fingerprint(&self) -> u64 {
        let picks = self.picks.iter().map(|(pick, of)| u64::from(*of) << 32 | u64::from(*pick));
        picks.fold(0, |sum, pick| Rng::new(sum ^ pick).next())
    }
}

impl RandomSchedule {
    fn new(seed: u64) -> RandomSchedule {
        RandomSchedule {
            rng: Rng::new(seed),
            pct: true,
            priorities: Vec::new(),
            changes: [0; CHANGES],
            step: 0,
            longest: 8,
            alone: 0,
            bottom: 0,
        }
    }

    fn begin(&mut self) {
        self.longest = self.longest.max(self.step);
        self.step = 0;
        self.alone = 0;
        self.pct = !self.pct;
        self.bottom = 1 << 32;
        self.priorities.clear();
        for change in &mut self.changes {
            *change = self.rng.below(self.longest as usize) as u32;
        }
    }

    fn by_priority(&mut self, able: &[usize], current: usize) -> usize {
        let threads = able.iter().max().map_or(0, |t| t + 1).max(current + 1);
        while self.priorities.len() < threads {
            // Above every thread that has fallen.
            let priority = self.rng.next() | 1 << 63;
            self.priorities.push(priority);
        }
        if self.changes.contains(&self.step) || self.alone > PATIENCE {
            self.bottom -= 1;
            self.priorities[current] = self.bottom;
        }
        self.step += 1;
        let best = (0..able.len()).max_by_key(|at| self.priorities[able[*at]]).unwrap_or(0);
        self.alone = if able[best] == current { self.alone + 1 } else { 0 };
        best
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
            if !schedule.advance() {
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
        schedule.replay(schedule.picks.clone());
        schedule.begin();
        assert_eq!(run(&mut schedule), first);
    }

    #[test]
    fn no_thread_runs_alone_for_ever() {
        let mut schedule = ThreadSchedule::new(&Mode::Random { executions: 1 }, 3);
        for _ in 0..2 {
            schedule.begin();
            let mut current = 0;
            let runs = (0..2_000).filter(|_| {
                current = schedule.thread(&[0, 1], current);
                current == 1
            });
            let runs = runs.count();
            assert!((1..2_000).contains(&runs), "{runs}");
        }
    }
}
