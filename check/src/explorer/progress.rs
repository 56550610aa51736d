//! Progress: threads frozen for ever, and operations that must finish within a
//! stated number of their own steps.
//!
//! # Freezing
//!
//! *Lock-free* means that a thread which is stopped, wherever it is, keeps no
//! other from finishing. The search has one more choice just before each
//! operation that may write: whether the thread stops there for ever. Then all
//! others must finish, except for joining it.
//!
//! Why not before reads as well: a thread that stops before a read and one that
//! stops before its next write look the same to all others, and what the read
//! may give does not depend on anything later. For the same reason the rest of
//! the search is as it was: the execution is one of a program in which that
//! thread ends there.
//!
//! # Bounds
//!
//! *Wait-free* means that every operation finishes within a number of its
//! thread's own steps, whatever the others do. [`bounded`] counts them. A lock,
//! a wait, or a turn of a loop that cannot go on before somebody else has
//! written has no bound.

use crate::explorer::current::{step, with};
use crate::explorer::execution::{Execution, Status};
use crate::explorer::liveness::{FrozenThread, Liveness, Region};
use crate::explorer::request::{PendingRequest, Request};
use crate::graph::event::NONE;
use crate::plan::decision::Decision;
use crate::report::data::FailureKind;
use crate::report::words::count;
use crate::seam::place::Place;
use crate::seam::runtime;
use crate::seam::symbols::source_line;
use crate::seam::unwinding;
use crate::search::chooser::Chooser;
use std::collections::BTreeSet;
use std::panic::Location;

/// An operation that is about to run: what it may do, and its name.
#[derive(Clone, Copy, Debug)]
pub(super) enum StepKind {
    Read(&'static str),
    Write(&'static str),
    /// It may have to wait for another thread.
    Wait(&'static str),
}

impl StepKind {
    fn name(self) -> &'static str {
        match self {
            StepKind::Read(name) | StepKind::Write(name) | StepKind::Wait(name) => name,
        }
    }
}

impl Execution {
    /// Counts a step of the running thread's operations; fails if one of them
    /// has had all that it may.
    fn count(&mut self, next: StepKind, site: Place) {
        let me = self.me;
        let mut over = None;
        for region in self.liveness.regions.iter_mut().filter(|r| r.thread == me) {
            if let StepKind::Wait(what) = next {
                over = Some(format!("waits for others ({what}), for as long as it takes"));
            } else if region.taken == region.limit {
                let Region { limit, .. } = region;
                let steps = count(*limit, "step");
                over = Some(format!("is not done after {steps} of its own: {} comes next", next.name()));
            }
            region.taken += 1;
        }
        if let Some(why) = over {
            self.unbounded(&why, site);
        }
    }

    /// The running thread spins until somebody else has written.
    pub(super) fn spins_inside(&mut self, site: Place) {
        if self.liveness.regions.iter().any(|r| r.thread == self.me) {
            self.unbounded("spins until another thread has written: its steps have no bound", site);
        }
    }

    fn unbounded(&mut self, why: &str, site: Place) {
        let me = self.me;
        let region = self.liveness.regions.iter().rfind(|r| r.thread == me);
        let name = region.map_or("the operation", |r| r.name.as_str());
        let message = format!("`{name}` by {} {why}", self.threads[me].name);
        self.fail(FailureKind::NotWaitFree, message, vec![site]);
    }

    /// Whether the running thread stops for ever before `next`. A choice.
    fn freezes(&mut self, next: StepKind, site: Place) -> bool {
        if matches!(next, StepKind::Read(_)) || self.liveness.freezes == 0 {
            return false;
        }
        let me = self.me;
        self.liveness.writes[me] += 1;
        if self.liveness.frozen.len() >= usize::from(self.liveness.freezes) || self.stop.is_some() {
            return false;
        }
        // At random the early steps must not get all of it.
        let rarely = matches!(self.search, Chooser::Random(_)) && self.random(8) != 0;
        let freezes = if rarely {
            self.decisions.push(Decision::Branch { pick: 0, of: 2 });
            self.trace_branch(0, 2);
            false
        } else {
            self.branch(2) == 1
        };
        if freezes {
            let Liveness { tried, writes, frozen, .. } = &mut self.liveness;
            let name = &self.threads[me].name;
            tried.entry(me).or_insert_with(|| (name.clone(), BTreeSet::new())).1.insert(writes[me]);
            frozen.push(FrozenThread { thread: me, before: next.name(), site });
        }
        freezes
    }

    /// Whether `thread` need not finish: it is frozen, or joins one that need not.
    pub(super) fn excused(&self, thread: usize) -> bool {
        let t = &self.threads[thread];
        match t.pending.as_ref().filter(|_| t.status == Status::Waiting).map(|p| p.want) {
            Some(Request::Frozen) => true,
            Some(Request::Join(of)) => of != thread && self.excused(of),
            _ => false,
        }
    }

    /// Whether all who must finish have.
    pub(super) fn only_frozen_left(&self) -> bool {
        let done = |t: usize| self.threads[t].status == Status::Finished || self.excused(t);
        self.liveness.any_frozen() && (0..self.live().len()).all(done)
    }

    /// Nobody can go on, and somebody is frozen: that is why.
    pub(super) fn held_up(&mut self, waits: &[String], mut sites: Vec<Place>) {
        let frozen: Vec<String> = self.liveness.frozen.iter().map(|ice| self.ice_text(ice)).collect();
        let message =
            format!("{}; then the others cannot finish: {}", frozen.join(" and "), waits.join(", "));
        sites.splice(0..0, self.liveness.frozen.iter().map(|ice| ice.site));
        self.fail(FailureKind::NotLockFree, message, sites);
    }

    fn ice_text(&self, ice: &FrozenThread) -> String {
        let name = &self.threads[ice.thread].name;
        format!("{name} is frozen forever just before {} at {}", ice.before, source_line(ice.site))
    }
}

/// The running thread is about to run `next`: counts it, and freezes the
/// thread if the search says so.
#[inline]
pub(super) fn begin(next: StepKind, site: Place) {
    if !unwinding::unmodelled() && !with(|s| s.liveness.idle()) {
        watched(next, site);
    }
}

fn watched(next: StepKind, site: Place) {
    let freezes = step(|s| {
        s.steps = s.steps.saturating_sub(1);
        s.count(next, site);
        s.stop.is_none() && s.freezes(next, site)
    });
    if !freezes {
        return;
    }
    step(|s| s.stand(PendingRequest { want: Request::Frozen, loc: NONE, bits: 0, site }));
    loop {
        unwinding::give_up_control(shuttle_engine::runtime::thread::switch);
    }
}

/// Runs `op`, which must finish within `limit` of the calling thread's own
/// steps in every execution, and gives its result. If it does not, the failure
/// is [`NotWaitFree`](FailureKind::NotWaitFree) and names `operation`; if it
/// does, the report's notes say how many steps it took at most.
///
/// A step is an operation of the [`door`](crate::door): on an atomic, a fence,
/// an attempt to take a lock, a spawn. Accesses to cells and plain memory do not
/// count. A lock, an untimed wait, a join, and a loop that spins until another
/// thread has written have no bound, so with them `op` fails whatever the limit.
/// Spurious failures count, within their budget: a weak compare-exchange in a loop
/// may take an extra turn.
///
/// Only the explorer counts. Under other engines, and outside a model, `op` just
/// runs.
pub fn bounded<R>(limit: u32, operation: &str, op: impl FnOnce() -> R) -> R {
    struct Counted(&'static dyn runtime::Runtime);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.end_operation();
        }
    }
    let Some(engine) = runtime::current() else {
        return op();
    };
    engine.begin_operation(operation, limit);
    let _counted = Counted(engine.inner());
    op()
}

/// [`bounded`], with the caller's place in the source as the operation's name.
#[track_caller]
pub fn wait_free<R>(limit: u32, op: impl FnOnce() -> R) -> R {
    bounded(limit, &Location::caller().to_string(), op)
}
