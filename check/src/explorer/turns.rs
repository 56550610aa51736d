//! The turns of a thread: what its loop has done between two hints, as data. What follows from it is the story of
//! [`crate::explorer::waiting`].

use crate::seam::place::Place;

/// Reads of one location at one line, after which a loop without hints is noticed.
pub(super) const SILENT: usize = 8;
/// Steps back to look for them.
const LOOK_BACK: usize = 64;
/// Steps of a turn, and locations that it writes, at most. A longer one repeats nothing.
const LONGEST: usize = 512;
const MOST_WRITES: usize = 32;

/// What a step of a turn did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Did {
    /// Read a message: the first of those that leave the value as it was.
    Read(u32),
    /// Read what the turn itself has written: its so-manieth write there.
    ReadOwn(u32),
    Wrote(u64),
}

/// One step of a turn: where, what, and at which line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TurnStep {
    pub(super) loc: u32,
    pub(super) did: Did,
    pub(super) line: usize,
}

/// What a turn has written to one location.
#[derive(Clone, Copy, Debug)]
pub(super) struct TurnWrites {
    pub(super) loc: u32,
    /// The message before the first write, and the first and the last one.
    pub(super) before: u32,
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) count: u32,
}

/// How the turn under way may read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pace {
    /// As it likes.
    Free,
    /// Something newer than the last turn, somewhere.
    News,
    /// Just what the last turn read, at once: to see whether all memory is then as before.
    Verify(u64),
    /// Just what the last turn read, at once, for so many turns so far: the loop counts.
    Repeat(u32),
}

/// The turns of a thread.
#[derive(Debug)]
pub(crate) struct Turns {
    pub(super) steps: Vec<TurnStep>,
    pub(super) writes: Vec<TurnWrites>,
    /// Whether the turn under way is too long to be compared.
    pub(super) too_long: bool,
    /// Whether the turn under way has written a cell in a static, which nobody looks at.
    pub(super) wrote_static: bool,
    /// How often the turn under way has asked for the time, and what the last one that did was told.
    pub(super) asked_time: u32,
    pub(super) time: Option<u64>,
    /// Whether time has passed in the turn under way, and whether it did in the last one.
    pub(super) slept: bool,
    pub(super) last_slept: bool,
    /// How many turns have asked for it since the loop got on.
    pub(super) timed_turns: u32,
    /// The last turn that was not empty, if there is one.
    pub(super) last: Option<Vec<TurnStep>>,
    /// Memory for it.
    pub(super) spare: Vec<TurnStep>,
    /// The locations that the last turn wrote, and took back.
    pub(super) taken_back: Vec<u32>,
    /// What turns have written last, and nobody has verified yet.
    pub(super) unverified: Vec<u32>,
    /// What others' turns have written last without anybody's verifying it, and this loop has looked at in vain.
    pub(super) looked_at: Vec<u32>,
    pub(super) pace: Pace,
    pub(super) repeats: u8,
    pub(super) counted: u32,
    /// The stack after the last turn that was not empty, and after the last turn of all.
    pub(super) state: Option<u64>,
    pub(super) latest: Option<u64>,
    /// Whether something outside its stack has changed in a turn that looked the same.
    pub(super) counts_elsewhere: bool,
    /// Where a loop that says nothing ends its turns.
    pub(super) silent: Option<(u32, usize)>,
    /// Whether it waits although its loop counts: another execution repeats it.
    pub(super) counts: bool,
    /// Whether it has had a turn because nobody could go on.
    pub(super) asked: bool,
    /// Where it takes something back, and was cut: location and line.
    pub(super) cut_writes: Vec<(u32, Place)>,
    /// The loop that repeats itself to verify.
    pub(super) verifies: Option<Place>,
}

impl Turns {
    pub(crate) const fn new() -> Turns {
        Turns {
            steps: Vec::new(),
            writes: Vec::new(),
            too_long: false,
            wrote_static: false,
            asked_time: 0,
            time: None,
            slept: false,
            last_slept: false,
            timed_turns: 0,
            last: None,
            spare: Vec::new(),
            taken_back: Vec::new(),
            unverified: Vec::new(),
            looked_at: Vec::new(),
            pace: Pace::Free,
            repeats: 0,
            counted: 0,
            state: None,
            latest: None,
            counts_elsewhere: false,
            silent: None,
            counts: false,
            asked: false,
            cut_writes: Vec::new(),
            verifies: None,
        }
    }

    /// A thread begins.
    pub(crate) fn reset(&mut self) {
        self.clear();
        self.forget();
        self.latest = None;
        self.time = None;
        (self.slept, self.last_slept) = (false, false);
        self.silent = None;
        self.cut_writes.clear();
        self.verifies = None;
    }

    /// A turn begins.
    pub(super) fn clear(&mut self) {
        self.steps.clear();
        self.writes.clear();
        self.too_long = false;
        self.wrote_static = false;
        self.asked_time = 0;
    }

    /// The loop has got on: what was is nothing to compare with.
    pub(super) fn forget(&mut self) {
        self.spare = self.last.take().unwrap_or_else(|| std::mem::take(&mut self.spare));
        self.taken_back.clear();
        self.unverified.clear();
        self.looked_at.clear();
        self.pace = Pace::Free;
        (self.repeats, self.counted) = (0, 0);
        self.state = None;
        self.timed_turns = 0;
        self.counts_elsewhere = false;
        (self.counts, self.asked) = (false, false);
    }

    /// Whether the thread is in a loop, so that its stack will be looked at.
    pub(super) fn in_a_loop(&self) -> bool {
        self.last.is_some() || self.latest.is_some() || self.silent.is_some()
    }

    /// Whether it waits although its loop counts.
    pub(super) fn counts(&self) -> bool {
        self.counts
    }

    /// Whether it goes on, for one turn, because nobody else could.
    pub(super) fn is_asked(&self) -> bool {
        self.asked
    }

    /// Nobody can go on: whether the loop is to make one more turn, because it takes writes back.
    pub(super) fn ask(&mut self) -> bool {
        let asks = !self.asked && !self.taken_back.is_empty();
        self.asked |= asks;
        if asks {
            self.pace = Pace::Free;
        }
        asks
    }

    /// The thread goes on although it has no news.
    pub(super) fn release(&mut self) {
        self.pace = Pace::Free;
    }

    pub(super) fn last(&self) -> &[TurnStep] {
        self.last.as_deref().unwrap_or_default()
    }

    /// What the last turn did where this one is.
    pub(super) fn expected(&self) -> Option<&TurnStep> {
        self.last().get(self.steps.len())
    }

    /// Adds a step; whether it is the one of the last turn, or need not be.
    pub(super) fn push(&mut self, step: TurnStep) -> bool {
        if self.steps.len() == LONGEST || self.writes.len() > MOST_WRITES {
            self.clear();
            self.too_long = true;
        }
        let as_before = self.expected() == Some(&step);
        self.steps.push(step);
        as_before || self.pace == Pace::Free
    }

    /// Whether the last step ends a turn of a loop that says nothing of it.
    pub(super) fn ends_silently(&mut self) -> bool {
        let Some(last) = self.steps.last() else { return false };
        let here = (last.loc, last.line);
        if let Some(silent) = self.silent {
            return silent == here;
        }
        if !self.steps.len().is_multiple_of(SILENT) {
            return false;
        }
        let recent = &self.steps[self.steps.len().saturating_sub(LOOK_BACK)..];
        if recent.iter().filter(|s| (s.loc, s.line) == here).count() >= SILENT {
            self.silent = Some(here);
            // The turns so far were not told apart: the next one is the first.
            self.clear();
        }
        false
    }
}
