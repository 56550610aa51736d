//! Drives [`crate::engines::sc`]: execution after execution until the schedules are
//! done, a limit is reached or something fails; then the failure again, twice.

use crate::engines::sc::{self, STACK, Sc};
use crate::engines::sc_execution::{ScExecution, ScStop};
use crate::plan::options::{Mode, Plan};
use crate::report::cause::Cause;
use crate::report::data::{Engine, Failure, FailureKind, Limit, Report, SourceLine, Trace, Verdict};
use crate::report::step::Interleaving;
use crate::seam::context;
use crate::seam::panics;
use crate::seam::runtime;
use crate::search::choice::Mismatch;
use shuttle_engine::scheduler::{Schedule, Scheduler, Task, TaskId};
use shuttle_engine::{Config, FailurePersistence, MaxSteps, Runner};
use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Times a failure is run again before it is shown.
const REPLAYS: u8 = 2;

/// Executions between two looks at the clock.
const CLOCK_EVERY: u64 = 64;

/// Schedules of which it is remembered that they have been seen.
const REMEMBERED: usize = 1 << 22;

/// A failure, and how often it has been run again.
type Again = (Cause, u8);

/// What a check has found so far.
#[derive(Debug)]
struct ScRecord {
    plan: Plan,
    started: Instant,
    executions: u64,
    distinct: HashSet<u64>,
    outcomes: BTreeSet<String>,
    /// The failure that is being run again.
    failing: Option<Again>,
    limit: Option<Limit>,
    failure: Option<Failure>,
    over: bool,
}

struct ScDriver {
    state: Box<ScExecution>,
    progress: Arc<Mutex<ScRecord>>,
    ran: bool,
}

// SAFETY: shuttle asks for `Send` only to move schedulers into runners of other threads, which does not
// happen here: the driver is made, run and dropped on one thread.
unsafe impl Send for ScDriver {}

fn lock(progress: &Mutex<ScRecord>) -> MutexGuard<'_, ScRecord> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scheduler for ScDriver {
    fn new_execution(&mut self) -> Option<Schedule> {
        if self.ran {
            let progress = Arc::clone(&self.progress);
            self.finish_execution(&mut lock(&progress));
        }
        if lock(&self.progress).over {
            return None;
        }
        self.ran = true;
        self.state.reset();
        Some(Schedule::new(0))
    }

    fn next_task(&mut self, tasks: &[&Task], _: Option<TaskId>, _: bool) -> Option<TaskId> {
        let state = &mut self.state;
        if state.stop.is_none() && state.next.is_none() {
            state.decide();
        }
        if state.stop.is_some() {
            return None;
        }
        match state.next.take() {
            Some(next) => {
                state.me = next;
                Some(TaskId::from(next))
            }
            // Every thread has finished: shuttle lets the last one return.
            None => tasks.first().map(|task| task.id()),
        }
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}

impl ScDriver {
    /// Looks at the execution that has just ended, and decides what to run next.
    fn finish_execution(&mut self, progress: &mut ScRecord) {
        let end = self.end();
        context::end_of_execution(end.is_ok());
        self.state.statics.put_back();
        progress.over = true;
        if let Some((failing, nth)) = progress.failing.take() {
            self.replayed(progress, failing, nth, end);
            return;
        }
        progress.executions += 1;
        match end {
            Ok(()) => {
                progress.outcomes.extend(self.state.outcome.take());
                if progress.plan.mode.is_random() && progress.distinct.len() < REMEMBERED {
                    progress.distinct.insert(self.state.schedule.fingerprint());
                }
                self.go_on(progress);
            }
            Err(ScStop::Limit(limit)) => progress.limit = Some(limit),
            Err(ScStop::Failed { kind, message, sites }) => {
                self.state.schedule.replay();
                self.state.tracer.on = true;
                progress.failing = Some((Cause { kind, message, sites }, 1));
                progress.over = false;
            }
        }
    }

    fn end(&mut self) -> Result<(), ScStop> {
        let panic = self.state.first_panic().cloned().map(|panic| {
            let Cause { kind, message, sites } = panic.into();
            ScStop::Failed { kind, message, sites }
        });
        match (self.state.stop.take(), panic) {
            // A thread that died of a panic is the cause of whoever waits for it.
            (Some(ScStop::Failed { kind: FailureKind::Deadlock, .. }) | None, Some(panic)) => Err(panic),
            (Some(ScStop::Failed { kind, message, sites }), _) => {
                let stuck = matches!(kind, FailureKind::Deadlock | FailureKind::Livelock);
                match stuck.then(context::judge_stuck).flatten() {
                    Some(Ok(())) => Ok(()),
                    Some(Err(why)) => {
                        Err(ScStop::Failed { kind, message: format!("{message}\n{why}"), sites })
                    }
                    None => Err(ScStop::Failed { kind, message, sites }),
                }
            }
            (Some(stop), _) => Err(stop),
            (None, None) => Ok(()),
        }
    }

    /// Sets up the next execution of the search, if there is one.
    fn go_on(&mut self, progress: &mut ScRecord) {
        let plan = &progress.plan;
        let more = match plan.mode {
            Mode::Random { executions, .. } => progress.executions < executions,
            _ => match self.state.schedule.advance() {
                Ok(more) => more,
                Err(mismatch) => {
                    progress.failure = Some(not_deterministic(mismatch));
                    return;
                }
            },
        };
        if !more {
            return;
        }
        let late = progress.executions.is_multiple_of(CLOCK_EVERY);
        if progress.executions >= plan.max_executions {
            progress.limit = Some(Limit::Executions(plan.max_executions));
        } else if let Some(max) = plan.max_time.filter(|max| late && progress.started.elapsed() >= *max) {
            progress.limit = Some(Limit::Millis(max.as_millis() as u64));
        } else {
            progress.over = false;
        }
    }

    fn replayed(&mut self, progress: &mut ScRecord, failing: Cause, nth: u8, end: Result<(), ScStop>) {
        let same = matches!(
            &end,
            Err(ScStop::Failed { kind, sites, .. }) if *kind == failing.kind && *sites == failing.sites
        );
        if same && nth < REPLAYS {
            progress.failing = Some((failing, nth + 1));
            progress.over = false;
            return;
        }
        let (mut kind, mut message, mut trace) = (failing.kind, failing.message, Trace::default());
        if same {
            trace.lanes = self.state.lanes();
            trace.lines = std::mem::take(&mut self.state.tracer.lines);
            trace.interleaving = Some(Interleaving::Plain);
            mark_guilty(&mut trace, &failing.sites);
        } else {
            message = format!(
                "a failure did not show again when its schedule was run again: first {kind}: {message}; then {end:?}"
            );
            kind = FailureKind::NotDeterministic;
        }
        progress.failure = Some(Failure { kind, message, sites: failing.sites, trace, token: String::new() });
    }
}

/// The failure of a model that did not offer the same choices again.
fn not_deterministic(mismatch: Mismatch) -> Failure {
    Failure {
        kind: FailureKind::NotDeterministic,
        message: format!(
            "the same schedule led to other choices ({mismatch}): the model depends on something that the checker \
             does not control (time, addresses, hashing, real threads, state kept between executions)"
        ),
        sites: Vec::new(),
        trace: Trace::default(),
        token: String::new(),
    }
}

/// Marks the last step at each of the failure's sites.
pub(crate) fn mark_guilty(trace: &mut Trace, sites: &[SourceLine]) {
    for site in sites {
        if let Some(line) = trace.lines.iter_mut().rev().find(|l| l.site.as_ref() == Some(site) && !l.guilty)
        {
            line.guilty = true;
        }
    }
}

/// The engine of this thread, while it lives.
struct ScInstallation;

impl ScInstallation {
    fn new(state: *mut ScExecution) -> ScInstallation {
        sc::install(state);
        runtime::set_current(Some(&Sc));
        ScInstallation
    }
}

impl Drop for ScInstallation {
    fn drop(&mut self) {
        runtime::set_current(None);
        sc::install(std::ptr::null_mut());
    }
}

/// Runs `model` by `plan`.
pub(crate) fn run(plan: Plan, model: Arc<dyn Fn() + Send + Sync>) -> Report {
    panics::install();
    let name = plan.name.clone();
    let mut state = Box::new(ScExecution::new(&plan));
    let progress = Arc::new(Mutex::new(ScRecord {
        plan,
        started: Instant::now(),
        executions: 0,
        distinct: HashSet::new(),
        outcomes: BTreeSet::new(),
        failing: None,
        limit: None,
        failure: None,
        over: false,
    }));
    let installed = ScInstallation::new(&raw mut *state);
    let driver = ScDriver { state, progress: Arc::clone(&progress), ran: false };
    let mut config = Config::new();
    config.stack_size = STACK;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::None;
    config.silence_warnings = true;
    Runner::new(driver, config).run(move || {
        panics::run_main(&*model);
        sc::main_finished();
    });
    drop(installed);
    report(name, &mut lock(&progress))
}

fn report(name: String, progress: &mut ScRecord) -> Report {
    let mut notes = progress.plan.notes();
    notes.push(
        "sequentially consistent interleavings of atomic operations and locks: weak behaviours, and data races on \
         plain memory, are not looked for"
            .into(),
    );
    let verdict = match (&progress.failure, &progress.limit) {
        (Some(failure), _) => Verdict::Failed(failure.kind),
        (None, Some(limit)) => Verdict::LimitHit(limit.clone()),
        (None, None) if progress.plan.mode.is_random() => {
            notes.push("distinct: by the choices of the schedule; two that differ may still commute".into());
            Verdict::Sampled { executions: progress.executions, distinct: progress.distinct.len() as u64 }
        }
        (None, None) => Verdict::Bounded("sequentially consistent interleavings".into()),
    };
    Report {
        name,
        engine: Engine::Sc,
        verdict,
        executions: progress.executions,
        blocked: 0,
        elapsed: progress.started.elapsed(),
        outcomes: std::mem::take(&mut progress.outcomes),
        failure: progress.failure.take(),
        notes,
    }
}
