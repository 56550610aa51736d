//! Drives [`crate::engines::sc`]: execution after execution until the schedules are
//! done, a limit is reached or something fails; then the failure again, twice.

use crate::engines::sc::{self, Sc};
use crate::engines::sc_execution::{ScExecution, ScStop};
use crate::plan::options::{Mode, Plan};
use crate::report::cause::Cause;
use crate::report::data::{Engine, Failure, FailureKind, Limit, Report, SourceLine, Trace, Verdict};
use crate::report::step::Interleaving;
use crate::seam::context;
use crate::seam::execution_cell::Installed;
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
    progress: Arc<Mutex<ScRecord>>,
    ran: bool,
}

fn lock(progress: &Mutex<ScRecord>) -> MutexGuard<'_, ScRecord> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scheduler for ScDriver {
    fn new_execution(&mut self) -> Option<Schedule> {
        if self.ran {
            finish_execution(&self.progress);
        }
        if lock(&self.progress).over {
            return None;
        }
        self.ran = true;
        sc::with(ScExecution::reset);
        Some(Schedule::new(0))
    }

    fn next_task(&mut self, tasks: &[&Task], _: Option<TaskId>, _: bool) -> Option<TaskId> {
        sc::with(|s| {
            if s.stop.is_none() && s.next.is_none() {
                s.decide();
            }
            if s.stop.is_some() {
                return None;
            }
            match s.next.take() {
                Some(next) => {
                    s.me = next;
                    Some(TaskId::from(next))
                }
                // Every thread has finished: shuttle lets the last one return.
                None => tasks.first().map(|task| task.id()),
            }
        })
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}

/// Looks at the execution that has just ended, and decides what to run next. What others have registered for
/// the end of an execution is the user's code in part, so nothing is borrowed or locked around it.
fn finish_execution(progress: &Mutex<ScRecord>) {
    let end = match sc::with(end_of) {
        Err(ScStop::Failed(cause)) => {
            context::judged(cause).map_or(Ok(()), |cause| Err(ScStop::Failed(cause)))
        }
        end => end,
    };
    context::end_of_execution(end.is_ok());
    let progress = &mut *lock(progress);
    sc::with(|s| {
        s.statics.put_back();
        progress.finished(s, end);
    });
}

/// How the execution has ended, before anybody judges it.
fn end_of(state: &mut ScExecution) -> Result<(), ScStop> {
    let panic = state.first_panic().cloned().map(|panic| ScStop::Failed(panic.into()));
    match (state.stop.take(), panic) {
        // A thread that died of a panic is the cause of whoever waits for it.
        (Some(ScStop::Failed(Cause { kind: FailureKind::Deadlock, .. })) | None, Some(panic)) => Err(panic),
        (Some(stop), _) => Err(stop),
        (None, None) => Ok(()),
    }
}

impl ScRecord {
    /// `state` has ended like this: decides what to run next.
    fn finished(&mut self, state: &mut ScExecution, end: Result<(), ScStop>) {
        self.over = true;
        if let Some((failing, nth)) = self.failing.take() {
            self.replayed(state, failing, nth, end);
            return;
        }
        self.executions += 1;
        match end {
            Ok(()) => {
                self.outcomes.extend(state.outcome.take());
                if self.plan.mode.is_random() && self.distinct.len() < REMEMBERED {
                    self.distinct.insert(state.schedule.fingerprint());
                }
                self.go_on(state);
            }
            Err(ScStop::Limit(limit)) => self.limit = Some(limit),
            Err(ScStop::Failed(cause)) => {
                state.schedule.replay();
                state.tracer.on = true;
                self.failing = Some((cause, 1));
                self.over = false;
            }
        }
    }

    /// Sets up the next execution of the search, if there is one.
    fn go_on(&mut self, state: &mut ScExecution) {
        let plan = &self.plan;
        let more = match plan.mode {
            Mode::Random { executions, .. } => self.executions < executions,
            _ => match state.schedule.advance() {
                Ok(more) => more,
                Err(mismatch) => {
                    self.failure = Some(not_deterministic(mismatch));
                    return;
                }
            },
        };
        if !more {
            return;
        }
        let late = self.executions.is_multiple_of(CLOCK_EVERY);
        if self.executions >= plan.max_executions {
            self.limit = Some(Limit::Executions(plan.max_executions));
        } else if let Some(max) = plan.max_time.filter(|max| late && self.started.elapsed() >= *max) {
            self.limit = Some(Limit::Millis(max.as_millis() as u64));
        } else {
            self.over = false;
        }
    }

    fn replayed(&mut self, state: &mut ScExecution, failing: Cause, nth: u8, end: Result<(), ScStop>) {
        let same = matches!(
            &end,
            Err(ScStop::Failed(again)) if again.kind == failing.kind && again.sites == failing.sites
        );
        if same && nth < REPLAYS {
            self.failing = Some((failing, nth + 1));
            self.over = false;
            return;
        }
        let (mut kind, mut message, mut trace) = (failing.kind, failing.message, Trace::default());
        if same {
            trace.lanes = state.lanes();
            trace.lines = std::mem::take(&mut state.tracer.lines);
            trace.interleaving = Some(Interleaving::Plain);
            mark_guilty(&mut trace, &failing.sites);
        } else {
            message = format!(
                "a failure did not show again when its schedule was run again: first {kind}: {message}; then {end:?}"
            );
            kind = FailureKind::NotDeterministic;
        }
        self.failure = Some(Failure { kind, message, sites: failing.sites, trace, token: String::new() });
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
struct ScInstallation {
    _execution: Installed<ScExecution>,
}

impl ScInstallation {
    fn new(execution: Box<ScExecution>) -> ScInstallation {
        let _execution = sc::install(execution);
        runtime::set_current(Some(&Sc));
        ScInstallation { _execution }
    }
}

impl Drop for ScInstallation {
    fn drop(&mut self) {
        runtime::set_current(None);
    }
}

/// Runs `model` by `plan`.
pub(crate) fn run(plan: Plan, model: Arc<dyn Fn() + Send + Sync>) -> Report {
    panics::install();
    let (name, stack) = (plan.name.clone(), plan.budget.stack);
    let execution = Box::new(ScExecution::new(&plan));
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
    let installed = ScInstallation::new(execution);
    let driver = ScDriver { progress: Arc::clone(&progress), ran: false };
    let mut config = Config::new();
    config.stack_size = stack;
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
         plain memory, are not looked for; a writer that waits for a lock holds no reader up"
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
        command: None,
    }
}
