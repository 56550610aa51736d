//! Makes the schedule of a failure smaller: fewer stale reads, fewer steps,
//! fewer switches between threads.
//!
//! # State
//!
//! A schedule is a list of [`Preference`]es: which thread goes next, and how old a
//! value it reads. Unlike a list of decisions it says nothing of an execution's
//! own numbers, so a list with a part taken out still means something: a preference
//! that cannot be had is passed over, and after the last one the thread that
//! runs goes on, and reads the newest values.
//!
//! # Steps
//!
//! The [`Minimiser`] proposes a smaller list, the driver runs it, and says how
//! it ended. If the same failure showed again, at a lower [`Cost`], the list of
//! what that run really did is the new one. The rounds: take out pieces, halves
//! first; let each stale read read the newest; let each read read one older
//! value, which may need fewer steps before it; bring together the turns of each
//! thread. It ends after a round of all four without success, or when its budget
//! is spent.
//!
//! This is delta debugging (Zeller, Hildebrandt, "Simplifying and isolating
//! failure-inducing input", 2002) over schedules.

use crate::plan::decision::Decision;
use crate::report::words::count;
use std::collections::HashSet;

/// One choice of a schedule, so that it means something in others too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Preference {
    /// This thread reads the value that has so many newer ones, with the
    /// alternative of this number.
    Read { thread: u8, behind: u32, alt: u8 },
    /// This one of so many.
    Branch { pick: u32, of: u32 },
}

/// Follows preferences as far as they go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Follower {
    pub(crate) preferences: Vec<Preference>,
    pub(crate) next: usize,
    /// The thread that was picked last.
    pub(crate) last: usize,
}

impl Follower {
    pub(crate) fn new(preferences: Vec<Preference>) -> Follower {
        Follower { preferences, next: 0, last: 0 }
    }

    pub(crate) fn rewind(&mut self) {
        (self.next, self.last) = (0, 0);
    }

    /// One of `of`: as preferred, or else the first.
    pub(crate) fn branch(&mut self, of: u32) -> u32 {
        match self.preferences.get(self.next) {
            Some(Preference::Branch { pick, .. }) => {
                self.next += 1;
                if *pick < of { *pick } else { 0 }
            }
            _ => 0,
        }
    }
}

/// How good a run shows the failure. Less is better, the first number first:
/// stale reads and late stores, steps, switches, choices other than the first.
pub(crate) type Cost = (usize, usize, usize, usize);

/// A run that showed the failure.
#[derive(Clone, Debug)]
pub(crate) struct FailingRun {
    pub(crate) cost: Cost,
    pub(crate) preferences: Vec<Preference>,
    pub(crate) decisions: Vec<Decision>,
}

/// Runs that a minimisation takes, at most.
const RUNS: usize = 200;

/// Steps of these runs, at most.
const STEPS: usize = 100_000;

/// What to try next.
#[derive(Clone, Copy, Debug)]
enum Try {
    /// Without the `nth` piece of this length.
    Without { length: usize, nth: usize },
    /// With the `nth` preference as usual.
    Usual { nth: usize },
    /// With the `nth` preference for one older value.
    Older { nth: usize },
    /// With the next turn of the thread of the `nth` preference right after it.
    Together { nth: usize },
}

/// Proposes smaller schedules, and remembers the best that worked.
#[derive(Debug)]
pub(crate) struct Minimiser {
    best: FailingRun,
    first: Cost,
    next: Option<Try>,
    /// Whether this round has made it smaller.
    progress: bool,
    tried: HashSet<Vec<Preference>>,
    runs: usize,
    steps: usize,
}

impl Minimiser {
    pub(crate) fn new(first: FailingRun) -> Minimiser {
        let cost = first.cost;
        let next = Some(Try::Without { length: first.preferences.len().max(1), nth: 0 });
        let tried = HashSet::from([first.preferences.clone()]);
        Minimiser { best: first, first: cost, next, progress: false, tried, runs: 0, steps: 0 }
    }

    /// The next schedule to run, if there is one.
    pub(crate) fn propose(&mut self) -> Option<Vec<Preference>> {
        if self.runs >= RUNS || self.steps >= STEPS {
            return None;
        }
        while let Some(now) = self.next {
            self.next = self.after(now);
            let preferences = self.changed(now).filter(|preferences| !self.tried.contains(preferences));
            if let Some(preferences) = preferences {
                self.tried.insert(preferences.clone());
                self.runs += 1;
                return Some(preferences);
            }
        }
        None
    }

    /// The proposed schedule took so many steps, and showed the failure or not.
    /// Whether it is the best now.
    pub(crate) fn judge(&mut self, steps: usize, shown: Option<FailingRun>) -> bool {
        self.steps += steps;
        match shown {
            Some(shown) if shown.cost < self.best.cost => {
                self.tried.insert(shown.preferences.clone());
                self.best = shown;
                self.progress = true;
                true
            }
            _ => false,
        }
    }

    /// The best schedule.
    pub(crate) fn best(&self) -> &FailingRun {
        &self.best
    }

    /// What became smaller, if anything, for the reader of the report.
    pub(crate) fn note(&self) -> Option<String> {
        let ((odd, steps, switches, _), (odd_now, steps_now, switches_now, _)) = (self.first, self.best.cost);
        (self.first != self.best.cost).then(|| {
            format!(
                "the failing schedule was made smaller in {}: stale reads {odd} -> {odd_now}, steps {steps} -> \
                 {steps_now}, switches {switches} -> {switches_now}",
                count(self.runs as u64, "run")
            )
        })
    }

    fn after(&mut self, now: Try) -> Option<Try> {
        let count = self.best.preferences.len();
        match now {
            Try::Without { length, nth } if (nth + 1) * length < count => {
                Some(Try::Without { length, nth: nth + 1 })
            }
            Try::Without { length, .. } if length > 1 => Some(Try::Without { length: length / 2, nth: 0 }),
            Try::Without { .. } => Some(Try::Usual { nth: 0 }),
            Try::Usual { nth } if nth + 1 < count => Some(Try::Usual { nth: nth + 1 }),
            Try::Usual { .. } => Some(Try::Older { nth: 0 }),
            Try::Older { nth } if nth + 1 < count => Some(Try::Older { nth: nth + 1 }),
            Try::Older { .. } => Some(Try::Together { nth: 0 }),
            Try::Together { nth } if nth + 1 < count => Some(Try::Together { nth: nth + 1 }),
            Try::Together { .. } => {
                std::mem::take(&mut self.progress).then_some(Try::Without { length: count.max(1), nth: 0 })
            }
        }
    }

    /// The best schedule, changed; `None` where the change changes nothing.
    fn changed(&self, how: Try) -> Option<Vec<Preference>> {
        let mut preferences = self.best.preferences.clone();
        match how {
            Try::Without { length, nth } => {
                let from = (nth * length).min(preferences.len());
                let to = (from + length).min(preferences.len());
                preferences.drain(from..to);
            }
            Try::Usual { nth } => match preferences.get_mut(nth)? {
                Preference::Read { behind, alt, .. } => (*behind, *alt) = (0, 0),
                Preference::Branch { pick, .. } => *pick = 0,
            },
            Try::Older { nth } => match preferences.get_mut(nth)? {
                Preference::Read { behind, .. } => *behind += 1,
                Preference::Branch { .. } => return None,
            },
            Try::Together { nth } => {
                let of = |preference: &Preference| match preference {
                    Preference::Read { thread, .. } => Some(*thread),
                    Preference::Branch { .. } => None,
                };
                let thread = of(preferences.get(nth)?)?;
                let next = (nth + 1..preferences.len()).find(|at| of(&preferences[*at]) == Some(thread))?;
                preferences[nth + 1..=next].rotate_right(1);
            }
        }
        (preferences != self.best.preferences).then_some(preferences)
    }
}

/// How many choices of a schedule are not the first that there is.
pub(crate) fn unusual(preferences: &[Preference]) -> usize {
    let unusual = |preference: &&Preference| match preference {
        Preference::Read { behind, alt, .. } => *behind > 0 || *alt > 0,
        Preference::Branch { pick, .. } => *pick > 0,
    };
    preferences.iter().filter(unusual).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(thread: u8, behind: u32) -> Preference {
        Preference::Read { thread, behind, alt: 0 }
    }

    fn shown(preferences: Vec<Preference>) -> FailingRun {
        let switches = preferences.windows(2).filter(|w| w[0] != w[1]).count();
        FailingRun {
            cost: (unusual(&preferences), preferences.len(), switches, 0),
            preferences,
            decisions: Vec::new(),
        }
    }

    /// Minimises `preferences`, which fail if `fails` says so.
    fn minimised(preferences: Vec<Preference>, fails: impl Fn(&[Preference]) -> bool) -> Minimiser {
        let mut minimiser = Minimiser::new(shown(preferences));
        while let Some(preferences) = minimiser.propose() {
            let failed = fails(&preferences).then(|| shown(preferences.clone()));
            minimiser.judge(preferences.len(), failed);
        }
        minimiser
    }

    #[test]
    fn only_what_the_failure_needs_is_left() {
        let noise = (0..40).map(|n| read(n % 3, u32::from(n) % 2));
        let preferences: Vec<Preference> = noise.clone().chain([read(7, 2)]).chain(noise).collect();
        let minimiser = minimised(preferences, |w| w.contains(&read(7, 2)));
        assert_eq!(minimiser.best().preferences, [read(7, 2)]);
        assert!(minimiser.note().is_some_and(|note| note.contains("steps 81 -> 1")));
    }

    #[test]
    fn a_stale_read_that_does_not_matter_reads_the_newest() {
        let minimiser = minimised(vec![read(1, 3), read(2, 1)], |w| w.len() == 2 && w[1] == read(2, 1));
        assert_eq!(minimiser.best().preferences, [read(1, 0), read(2, 1)]);
    }

    #[test]
    fn turns_of_a_thread_come_together() {
        let preferences = vec![read(1, 0), read(2, 0), read(1, 0), read(2, 0)];
        let minimiser = minimised(preferences, |w| w.len() == 4);
        assert_eq!(minimiser.best().preferences, [read(1, 0), read(1, 0), read(2, 0), read(2, 0)]);
    }

    #[test]
    fn what_never_fails_again_stays_and_the_budget_holds() {
        let preferences: Vec<Preference> = (0..100).map(|n| read(n % 5, 1)).collect();
        let minimiser = minimised(preferences.clone(), |_| false);
        assert_eq!(minimiser.best().preferences, preferences);
        assert_eq!(minimiser.runs, RUNS);
        assert_eq!(minimiser.note(), None);
    }
}
