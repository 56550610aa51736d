//! One execution under [`crate::engines::sc`]: its threads, who of them can go on, and
//! what stands in the way of the others.

use crate::engines::sc_schedule::ThreadSchedule;
use crate::plan::budget::Budget;
use crate::plan::options::Plan;
use crate::report::cause::{Cause, PanicData};
use crate::report::data::{FailureKind, Limit};
use crate::seam::op::{Alt, AltKind, SyncOp};
use crate::seam::place::{self, Place};
use crate::seam::runtime::{self, Obj, Site};
use crate::seam::statics::StaticValues;
use crate::seam::symbols::source_line;
use crate::seam::tracer::{Tracer, name};

/// Turns for nothing, in a row, before nobody going on is a livelock.
const IDLE_TURNS: u32 = 1_000;

/// What a thread stands at.
#[derive(Clone, Copy, Debug)]
pub(super) enum ScRequest {
    /// An operation that always can run.
    Step,
    /// An operation of a lock, on the word there.
    Sync(SyncOp, *mut u8),
    /// The end of this thread.
    Join(usize),
    /// A write by another thread, since so many.
    Change(u64),
}

/// A thread of the execution.
#[derive(Debug)]
pub(super) struct ScThread {
    name: String,
    finished: bool,
    pub(super) want: ScRequest,
    pub(super) site: Place,
    pub(super) spurious: u8,
    pub(super) timeouts: u8,
    /// How many writes there had been at its last operation.
    pub(super) looked: u64,
}

/// Why an execution stopped before its end.
#[derive(Clone, Debug)]
pub(super) enum ScStop {
    Failed(Cause),
    Limit(Limit),
}

/// One execution.
#[derive(Debug)]
pub(super) struct ScExecution {
    pub(super) threads: Vec<ScThread>,
    pub(super) me: usize,
    /// Who runs next, once decided.
    pub(super) next: Option<usize>,
    pub(super) schedule: ThreadSchedule,
    pub(super) budget: Budget,
    pub(super) stop: Option<ScStop>,
    pub(super) steps: u32,
    /// Whether nobody can go on by what others have done.
    stuck: bool,
    /// Turns for nothing since the last write.
    idle: u32,
    pub(super) writes: u64,
    pub(super) nanos: u64,
    pub(super) tracer: Tracer,
    pub(super) outcome: Option<String>,
    /// Panics of threads that nobody has joined.
    pub(super) panics: Vec<(usize, PanicData)>,
    /// Addresses in the order of their first use, for their names in a trace.
    seen: Vec<usize>,
    pub(super) statics: StaticValues,
    pub(super) alts: Vec<Alt>,
    able: Vec<usize>,
}

impl ScExecution {
    pub(super) fn new(plan: &Plan) -> ScExecution {
        ScExecution {
            threads: Vec::new(),
            me: 0,
            next: None,
            schedule: ThreadSchedule::new(&plan.mode, plan.seed),
            budget: plan.budget,
            stop: None,
            steps: 0,
            stuck: false,
            idle: 0,
            writes: 0,
            nanos: 0,
            tracer: Tracer::default(),
            outcome: None,
            panics: Vec::new(),
            seen: Vec::new(),
            statics: StaticValues::default(),
            alts: Vec::new(),
            able: Vec::new(),
        }
    }

    /// Starts the next execution, with the main thread in it.
    pub(super) fn reset(&mut self) {
        self.threads.clear();
        self.me = 0;
        self.next = None;
        self.schedule.begin();
        self.stop = None;
        self.steps = 0;
        self.stuck = false;
        self.idle = 0;
        self.writes = 0;
        self.nanos = 0;
        self.tracer.reset();
        self.outcome = None;
        self.panics.clear();
        self.seen.clear();
        self.add_thread("main".into(), std::panic::Location::caller());
    }

    pub(super) fn add_thread(&mut self, name: String, site: Site) {
        self.threads.push(ScThread {
            name,
            finished: false,
            want: ScRequest::Step,
            site: Place::Line(site),
            spurious: self.budget.spurious,
            timeouts: self.budget.timeouts,
            looked: 0,
        });
    }

    /// The names of the threads.
    pub(super) fn lanes(&self) -> Vec<String> {
        self.threads.iter().map(|t| t.name.clone()).collect()
    }

    /// The first panic that nobody has joined.
    pub(super) fn first_panic(&self) -> Option<&PanicData> {
        self.panics.first().map(|(_, panic)| panic)
    }

    /// Decides who runs next. Afterwards `next` or `stop` is set, or every
    /// thread has finished.
    pub(super) fn decide(&mut self) {
        let mut able = std::mem::take(&mut self.able);
        able.clear();
        self.stuck = false;
        let threads = 0..self.threads.len();
        able.extend(threads.clone().filter(|t| self.can_run(*t)));
        if !able.is_empty() {
            for t in threads {
                if !able.contains(&t) && self.may_wake(t) {
                    able.push(t);
                }
            }
            self.next = Some(self.schedule.thread(&able, self.me));
        } else if self.threads.iter().any(|t| !t.finished) {
            self.stuck = true;
            self.idle += 1;
            able.extend(threads.filter(|t| self.may_idle(*t)));
            if able.is_empty() || self.idle > IDLE_TURNS {
                self.report_stuck();
            } else {
                self.next = Some(able[self.idle as usize % able.len()]);
            }
        }
        self.able = able;
    }

    /// Whether `thread` can go on by what others have done (rules 1 to 3 of [`crate::engines::sc`]).
    fn can_run(&mut self, thread: usize) -> bool {
        match self.threads[thread].want {
            _ if self.threads[thread].finished => false,
            ScRequest::Step => true,
            ScRequest::Join(of) => self.threads[of].finished,
            ScRequest::Change(since) => self.writes > since,
            ScRequest::Sync(op, word) => {
                self.fill_alts(thread, op, word);
                self.alts.iter().any(|a| matches!(a.kind, AltKind::Normal | AltKind::Fail))
            }
        }
    }

    /// Whether `thread` may wake for no reason, or because its time is up.
    fn may_wake(&mut self, thread: usize) -> bool {
        let ScRequest::Sync(op, word) = self.threads[thread].want else {
            return false;
        };
        self.fill_alts(thread, op, word);
        !self.threads[thread].finished && !self.alts.is_empty()
    }

    /// Whether `thread` may go on when nobody can (rule 4 of [`crate::engines::sc`]).
    fn may_idle(&self, thread: usize) -> bool {
        match self.threads[thread].want {
            _ if self.threads[thread].finished => false,
            ScRequest::Change(_) => true,
            ScRequest::Sync(op, _) => {
                matches!(op, SyncOp::Wait { timed: true, .. } | SyncOp::Park { timed: true })
            }
            _ => false,
        }
    }

    /// Fills `alts` with what `op` may do now.
    pub(super) fn fill_alts(&mut self, thread: usize, op: SyncOp, word: *mut u8) {
        self.alts.clear();
        // SAFETY: the thread stands at an operation on this word, which it borrows.
        let value = unsafe { runtime::read_atomic(word, 8) };
        op.alts(value, thread, &mut self.alts);
        let (t, stuck) = (&self.threads[thread], self.stuck);
        self.alts.retain(|alt| match alt.kind {
            AltKind::Spurious => t.spurious > 0 && !stuck,
            AltKind::Timeout => t.timeouts > 0 || stuck,
            AltKind::Normal | AltKind::Fail => true,
        });
    }

    fn report_stuck(&mut self) {
        let mut kind = FailureKind::Deadlock;
        let mut waits = Vec::new();
        let mut sites = Vec::new();
        for t in self.threads.iter().filter(|t| !t.finished) {
            let what = match t.want {
                ScRequest::Step => "an operation".to_owned(),
                ScRequest::Sync(op, _) => op.name().to_owned(),
                ScRequest::Join(of) => format!("join of {}", self.threads[of].name),
                ScRequest::Change(_) => {
                    kind = FailureKind::Livelock;
                    "a loop that spins".to_owned()
                }
            };
            waits.push(format!("{} at {what}", t.name));
            sites.push(source_line(t.site));
        }
        let message = format!("no thread can go on: {}", waits.join(", "));
        self.stop.get_or_insert(ScStop::Failed(Cause { kind, message, sites }));
    }

    /// The value in memory has been written: whoever waits may look again.
    pub(super) fn wrote(&mut self) {
        self.writes += 1;
        self.idle = 0;
        self.threads[self.me].looked = self.writes;
    }

    pub(super) fn finish(&mut self, thread: usize) {
        self.threads[thread].finished = true;
        self.idle = 0;
    }

    pub(super) fn trace(&mut self, obj: Option<&Obj<'_>>, site: Site, text: impl FnOnce(&str) -> String) {
        if !self.tracer.on {
            return;
        }
        let called = obj.map_or(String::new(), |obj| {
            let at = self.seen.iter().position(|a| *a == obj.addr()).unwrap_or_else(|| {
                self.seen.push(obj.addr());
                self.seen.len() - 1
            });
            name(at as u32)
        });
        self.tracer.step(self.me, Some(place::of(site)), || text(&called));
    }
}
