//! Makes the schedule of a failure smaller: fewer stale reads, fewer steps,
//! fewer switches between threads.
//!
//! # State
//!
//! A schedule is a list of [`Wish`]es: which thread goes next, and how old a
//! value it reads. Unlike a list of decisions it says nothing of an execution's
//! own numbers, so a list with a part taken out still means something: a wish
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
use std::collections::HashSet;

/// One choice of a schedule, so that it means something in others too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wish {
    /// This thread reads the value that has so many newer ones, with the
    /// alternative of this number.
    Read { thread: u8, behind: u32, alt: u8 },
    /// This one of so many.
    Branch { pick: u32, of: u32 },
}

/// Follows wishes as far as they go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Follow {
    pub(crate) wishes: Vec<Wish>,
    pub(crate) next: usize,
    /// The thread that was picked last.
    pub(crate) last: usize,
}

impl Follow {
    pub(crate) fn new(wishes: Vec<Wish>) -> Follow {
        Follow { wishes, next: 0, last: 0 }
    }

    pub(crate) fn rewind(&mut self) {
        (self.next, self.last) = (0, 0);
    }

    /// One of `of`: as wished, or else the first.
    pub(crate) fn branch(&mut self, of: u32) -> u32 {
        match self.wishes.get(self.next) {
            Some(Wish::Branch { pick, .. }) => {
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
pub(crate) struct Shown {
    pub(crate) cost: Cost,
    pub(crate) wishes: Vec<Wish>,
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
    /// With the `nth` wish as usual.
    Usual { nth: usize },
    /// With the `nth` wish for one older value.
    Older { nth: usize },
    /// With the next turn of the thread of the `nth` wish right after it.
    Together { nth: usize },
}

/// Proposes smaller schedules, and remembers the best that worked.
#[derive(Debug)]
pub(crate) struct Minimiser {
    best: Shown,
    first: Cost,
    next: Option<Try>,
    /// Whether this round has made it smaller.
    progress: bool,
    tried: HashSet<Vec<Wish>>,
    runs: usize,
    steps: usize,
}

impl Minimiser {
    pub(crate) fn new(first: Shown) -> Minimiser {
        let cost = first.cost;
        let next = Some(Try::Without { length: first.wishes.len().max(1), nth: 0 });
        let tried = HashSet::from([first.wishes.clone()]);
        Minimiser { best: first, first: cost, next, progress: false, tried, runs: 0, steps: 0 }
    }

    /// The next schedule to run, if there is one.
    pub(crate) fn propose(&mut self) -> Option<Vec<Wish>> {
        if self.runs >= RUNS || self.steps >= STEPS {
            return None;
        }
        while let Some(now) = self.next {
            self.next = self.after(now);
            let wishes = self.changed(now).filter(|wishes| !self.tried.contains(wishes));
            if let Some(wishes) = wishes {
                self.tried.insert(wishes.clone());
                self.runs += 1;
                return Some(wishes);
            }
        }
        None
    }

    /// The proposed schedule took so many steps, and showed the failure or not.
    /// Whether it is the best now.
    pub(crate) fn judge(&mut self, steps: usize, shown: Option<Shown>) -> bool {
        self.steps += steps;
        match shown {
            Some(shown) if shown.cost < self.best.cost => {
                self.tried.insert(shown.wishes.clone());
                self.best = shown;
                self.progress = true;
                true
            }
            _ => false,
        }
    }

    /// The best schedule.
    pub(crate) fn best(&self) -> &Shown {
        &self.best
    }

    /// What became smaller, if anything, for the reader of the report.
    pub(crate) fn note(&self) -> Option<String> {
        let ((odd, steps, switches, _), (odd_now, steps_now, switches_now, _)) = (self.first, self.best.cost);
        (self.first != self.best.cost).then(|| {
            format!(
                "the failing schedule was made smaller in {} runs: stale reads {odd} -> {odd_now}, steps {steps} -> \
                 {steps_now}, switches {switches} -> {switches_now}",
                self.runs
            )
        })
    }

    fn after(&mut self, now: Try) -> Option<Try> {
        let count = self.best.wishes.len();
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
    fn changed(&self, how: Try) -> Option<Vec<Wish>> {
        let mut wishes = self.best.wishes.clone();
        match how {
            Try::Without { length, nth } => {
                let from = (nth * length).min(wishes.len());
                let to = (from + length).min(wishes.len());
                wishes.drain(from..to);
            }
            Try::Usual { nth } => match wishes.get_mut(nth)? {
                Wish::Read { behind, alt, .. } => (*behind, *alt) = (0, 0),
                Wish::Branch { pick, .. } => *pick = 0,
            },
            Try::Older { nth } => match wishes.get_mut(nth)? {
                Wish::Read { behind, .. } => *behind += 1,
                Wish::Branch { .. } => return None,
            },
            Try::Together { nth } => {
                let of = |wish: &Wish| match wish {
                    Wish::Read { thread, .. } => Some(*thread),
                    Wish::Branch { .. } => None,
                };
                let thread = of(wishes.get(nth)?)?;
                let next = (nth + 1..wishes.len()).find(|at| of(&wishes[*at]) == Some(thread))?;
                wishes[nth + 1..=next].rotate_right(1);
            }
        }
        (wishes != self.best.wishes).then_some(wishes)
    }
}

/// How many choices of a schedule are not the first that there is.
pub(crate) fn unusual(wishes: &[Wish]) -> usize {
    let unusual = |wish: &&Wish| match wish {
        Wish::Read { behind, alt, .. } => *behind > 0 || *alt > 0,
        Wish::Branch { pick, .. } => *pick > 0,
    };
    wishes.iter().filter(unusual).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(thread: u8, behind: u32) -> Wish {
        Wish::Read { thread, behind, alt: 0 }
    }

    fn shown(wishes: Vec<Wish>) -> Shown {
        let switches = wishes.windows(2).filter(|w| w[0] != w[1]).count();
        Shown { cost: (unusual(&wishes), wishes.len(), switches, 0), wishes, decisions: Vec::new() }
    }

    /// Minimises `wishes`, which fail if `fails` says so.
    fn minimised(wishes: Vec<Wish>, fails: impl Fn(&[Wish]) -> bool) -> Minimiser {
        let mut minimiser = Minimiser::new(shown(wishes));
        while let Some(wishes) = minimiser.propose() {
            let failed = fails(&wishes).then(|| shown(wishes.clone()));
            minimiser.judge(wishes.len(), failed);
        }
        minimiser
    }

    #[test]
    fn only_what_the_failure_needs_is_left() {
        let noise = (0..40).map(|n| read(n % 3, u32::from(n) % 2));
        let wishes: Vec<Wish> = noise.clone().chain([read(7, 2)]).chain(noise).collect();
        let minimiser = minimised(wishes, |w| w.contains(&read(7, 2)));
        assert_eq!(minimiser.best().wishes, [read(7, 2)]);
        assert!(minimiser.note().is_some_and(|note| note.contains("steps 81 -> 1")));
    }

    #[test]
    fn a_stale_read_that_does_not_matter_reads_the_newest() {
        let minimiser = minimised(vec![read(1, 3), read(2, 1)], |w| w.len() == 2 && w[1] == read(2, 1));
        assert_eq!(minimiser.best().wishes, [read(1, 0), read(2, 1)]);
    }

    #[test]
    fn turns_of_a_thread_come_together() {
        let wishes = vec![read(1, 0), read(2, 0), read(1, 0), read(2, 0)];
        let minimiser = minimised(wishes, |w| w.len() == 4);
        assert_eq!(minimiser.best().wishes, [read(1, 0), read(1, 0), read(2, 0), read(2, 0)]);
    }

    #[test]
    fn what_never_fails_again_stays_and_the_budget_holds() {
        let wishes: Vec<Wish> = (0..100).map(|n| read(n % 5, 1)).collect();
        let minimiser = minimised(wishes.clone(), |_| false);
        assert_eq!(minimiser.best().wishes, wishes);
        assert_eq!(minimiser.runs, RUNS);
        assert_eq!(minimiser.note(), None);
    }
}
