//! What a check has found so far, how its executions end, and what it does next: the driver's data.

use crate::explorer::execution::Execution;
use crate::explorer::liveness::Liveness;
use crate::explorer::unseen::Unseen;
use crate::memory::free_lists::Reuse;
use crate::plan::decision::Decision;
use crate::plan::options::Plan;
use crate::report::cause::Cause;
use crate::report::data::{Failure, Limit, SourceLine};
use crate::report::meter::{Meter, SearchCounts};
use crate::report::words::count;
use crate::search::chooser::Chooser;
use crate::search::minimise::Minimiser;
use crate::search::stages::Stages;
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::time::Instant;

/// How an execution ended.
#[derive(Clone, Debug)]
pub(super) enum ExecutionEnd {
    Complete,
    /// As far as it can with a frozen thread.
    Frozen,
    /// Threads wait for ever, and may.
    Waiting,
    Blocked,
    /// Left to another thread or shard.
    Foreign,
    Failed(Cause),
    Limit(Limit),
}

/// What the driver is doing.
#[derive(Debug)]
pub(super) enum Phase {
    Searching,
    /// Running a complete execution again, because it seems to leak.
    Leaking {
        left: (usize, usize),
        search: Option<Chooser>,
    },
    /// Running the first execution again, to see whether it is the same.
    Probing(Box<Probing>),
    /// Running a failure again.
    Replaying(Box<Replaying>),
    /// Running a smaller schedule that may fail in the same way.
    Minimising(Box<Minimising>),
    Over,
}

/// The execution that is being run again.
#[derive(Debug)]
pub(super) struct Probing {
    pub(super) decisions: Vec<Decision>,
    pub(super) fingerprint: u64,
    /// The search, which goes on afterwards.
    pub(super) search: Chooser,
}

/// A failure that is being run again.
#[derive(Debug)]
pub(super) struct Replaying {
    /// How often this makes it.
    pub(super) nth: u8,
    pub(super) failing: Cause,
    pub(super) decisions: Vec<Decision>,
    /// What has made it smaller, once that is over.
    pub(super) minimiser: Option<Minimiser>,
}

/// A failure that is being made smaller.
#[derive(Debug)]
pub(super) struct Minimising {
    pub(super) failing: Cause,
    pub(super) minimiser: Minimiser,
}

/// What a check has found so far.
#[derive(Debug)]
pub(super) struct CheckRecord {
    pub(super) plan: Plan,
    pub(super) stages: Stages,
    pub(super) phase: Phase,
    pub(super) started: Instant,
    pub(super) executions: u64,
    pub(super) blocked: u64,
    pub(super) distinct: FxHashSet<u64>,
    pub(super) outcomes: BTreeSet<String>,
    pub(super) suspects: u32,
    pub(super) limit: Option<Limit>,
    pub(super) failure: Option<Failure>,
    /// What became smaller of the failing schedule.
    pub(super) minimised: Option<String>,
    pub(super) too_large: bool,
    /// Whether the quarantining allocator has been heard of.
    pub(super) hooked: bool,
    pub(super) meter: Meter,
    /// Threads that were frozen, and steps that were counted.
    pub(super) liveness: Liveness,
    pub(super) reuse: Reuse,
    pub(super) unseen: Unseen,
    /// Whether a loop has waited for news.
    pub(super) loops_waited: bool,
    /// Loops that were not followed to their end: where, and for how many turns.
    pub(super) cut_loops: BTreeSet<(SourceLine, u32)>,
    /// Loops that were cut although time passes in them, before it was known whether that matters.
    pub(super) slept_loops: BTreeSet<SourceLine>,
    /// Whether anybody has asked for the time.
    pub(super) time_matters: bool,
}

impl CheckRecord {
    /// What the complete searches may have left out all the same, beside their own bounds.
    pub(super) fn cuts(&self) -> Vec<String> {
        let large = self.too_large.then(|| "stale reads only in small graphs".to_owned());
        let name = |(at, turns): &(SourceLine, u32)| {
            format!("the loop at {at} repeats itself for {} or until it ends", count(*turns, "turn"))
        };
        let slept = self.slept_loops.iter().filter(|_| self.time_matters);
        let turns = u32::from(self.plan.budget.repeats) + 1;
        let loops: BTreeSet<_> =
            self.cut_loops.iter().cloned().chain(slept.map(|at| (at.clone(), turns))).collect();
        large.into_iter().chain(loops.iter().map(name)).collect()
    }
}

impl CheckRecord {
    /// An execution of the search is over: says how far it is, if it is time.
    pub(super) fn tick(&mut self, state: &Execution) {
        let random = matches!(state.search, Chooser::Random(_));
        self.meter.tick(|| SearchCounts {
            complete: self.executions,
            blocked: self.blocked,
            distinct: random.then_some(self.distinct.len() as u64),
            stale_choices: state.stale_choices,
        });
    }
}

impl CheckRecord {
    /// Adds what another thread of the same check has found.
    pub(super) fn join(&mut self, other: CheckRecord) {
        self.stages.join(&other.stages);
        self.executions += other.executions;
        self.blocked += other.blocked;
        self.distinct.extend(other.distinct);
        self.outcomes.extend(other.outcomes);
        self.too_large |= other.too_large;
        self.limit = self.limit.take().or(other.limit);
        if self.failure.is_none() {
            (self.failure, self.minimised) = (other.failure, other.minimised);
        }
        self.hooked &= other.hooked;
        self.liveness.join(other.liveness);
        self.reuse.join(&other.reuse);
        self.unseen.join(&other.unseen);
        self.loops_waited |= other.loops_waited;
        self.cut_loops.extend(other.cut_loops);
        self.slept_loops.extend(other.slept_loops);
        self.time_matters |= other.time_matters;
    }
}
