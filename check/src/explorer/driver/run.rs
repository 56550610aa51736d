//! A check from its plan to its report: execution after execution on shuttle's coroutines, on as many
//! operating-system threads as the plan says.

use crate::explorer::allocations::ExplorerAllocations;
use crate::explorer::current;
use crate::explorer::driver::lifecycle::ExplorerDriver;
use crate::explorer::driver::record::{CheckRecord, ExecutionEnd, Phase};
use crate::explorer::execution::Execution;
use crate::explorer::heartbeat::SearchPlace;
use crate::explorer::liveness::Liveness;
use crate::explorer::operations::Explorer;
use crate::explorer::unseen::{Sight, Unseen};
use crate::explorer::workers;
use crate::memory::free_lists::Reuse;
use crate::memory::heap;
use crate::plan::options::{Mode, Plan};
use crate::plan::orderings::OrderingSites;
use crate::report::data::{Engine, Report, Verdict};
use crate::report::meter::Meter;
use crate::seam::context;
use crate::seam::execution_cell::Installed;
use crate::seam::fatal;
use crate::seam::outside::SearchSlot;
use crate::seam::panics;
use crate::seam::place;
use crate::seam::runtime;
use crate::seam::symbols::source_line;
use crate::seam::unwinding;
use crate::seam::watchdog::{self, Watchable};
use crate::search::chooser::Chooser;
use crate::search::stages::Stages;
use rustc_hash::FxHashSet;
use shuttle_engine::scheduler::{Schedule, Scheduler, Task, TaskId};
use shuttle_engine::{Config, FailurePersistence, MaxSteps, Runner};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

thread_local! {
    /// The driver of the check that runs on this operating-system thread.
    static DRIVER: Cell<Option<NonNull<ExplorerDriver>>> = const { Cell::new(None) };
}

/// Gives `f` the driver.
fn with<R>(f: impl FnOnce(&mut ExplorerDriver) -> R) -> R {
    let mut driver = DRIVER.get().expect("a check is under way on this thread");
    // SAFETY: `Installation` owns the driver, keeps it while the pointer is set, and makes no reference to it
    // meanwhile. `f` is code of this file, which neither calls `with` again, nor runs the user's code, nor
    // switches coroutines.
    f(unsafe { driver.as_mut() })
}

/// The execution under way has ended. Begins the next one if there is one and
/// it `may` begin in the same round; whether it did.
fn next_execution(may: bool) -> bool {
    let end = with(ExplorerDriver::end).map(judged);
    if let Some(end) = &end {
        context::end_of_execution(matches!(end, ExecutionEnd::Complete));
    }
    with(|driver| {
        if let Some(end) = end {
            driver.finish_execution(end);
        }
        may && driver.begin_execution()
    })
}

/// What the end of an execution amounts to where somebody judges threads that wait for ever.
fn judged(end: ExecutionEnd) -> ExecutionEnd {
    match end {
        ExecutionEnd::Failed(cause) => {
            context::judged(cause).map_or(ExecutionEnd::Waiting, ExecutionEnd::Failed)
        }
        end => end,
    }
}

/// Shuttle's scheduler: resumes whomever the state decided on.
struct Resumer;

impl Scheduler for Resumer {
    fn new_execution(&mut self) -> Option<Schedule> {
        workers::new_round();
        next_execution(true).then(|| Schedule::new(0))
    }

    fn next_task(&mut self, tasks: &[&Task], _: Option<TaskId>, _: bool) -> Option<TaskId> {
        if workers::retiring() {
            return tasks.first().map(|task| task.id());
        }
        current::with(|state| {
            if state.stop.is_none() {
                state.advance();
            }
            if state.stop.is_some() {
                return None;
            }
            // When every thread has finished, the main task sees to what comes next.
            let next = state.next.take().unwrap_or(0);
            state.me = next;
            Some(TaskId::from(next))
        })
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}

/// Runs `model` by `plan`.
pub(crate) fn run(mut plan: Plan, model: Arc<dyn Fn() + Send + Sync>) -> Report {
    panics::install();
    if plan.threads == 1 || matches!(plan.mode, Mode::Replay(_)) {
        return report(&mut search(plan, 0, model));
    }
    plan.split.claims = Some(Arc::default());
    plan.split.stop = Some(Arc::default());
    let workers: Vec<_> = (0..plan.threads as u64)
        .map(|worker| {
            let (plan, model) = (plan.clone(), Arc::clone(&model));
            std::thread::spawn(move || search(plan, worker, model))
        })
        .collect();
    let mut parts = workers.into_iter().map(|worker| worker.join().expect("a search does not panic"));
    let mut whole = parts.next().expect("a check has a thread");
    parts.for_each(|part| whole.join(part));
    report(&mut whole)
}

/// Searches the `worker`th part of `plan`, on this operating-system thread.
fn search(plan: Plan, worker: u64, model: Arc<dyn Fn() + Send + Sync>) -> CheckRecord {
    // While nobody panics: here the count of panics is looked for, once for each thread of the system.
    unwinding::modelled();
    let mut stages = Stages::new(&plan, worker);
    let (name, silence) = (plan.name.clone(), plan.watchdog);
    let search = match &plan.mode {
        Mode::Replay(list) => Chooser::Replay { list: list.clone(), next: 0 },
        _ => stages.search(),
    };
    let mut state = Box::new(Execution::new(search, plan.budget));
    state.graph.broken = plan.broken;
    state.sites = OrderingSites::new(&plan.weakened, plan.recorder.as_ref());
    state.outcomes.clone_from(&plan.outcomes);
    state.liveness.freezes = plan.freezes;
    state.reuse.on = plan.reuse;
    state.wipes = plan.split.is_shared();
    state.tracer.on = matches!(plan.mode, Mode::Replay(_));
    place::look_exactly(state.tracer.on);
    let meter =
        Meter::new(&if worker == 0 { plan.name.clone() } else { format!("{} ({worker})", plan.name) });
    let progress = Arc::new(Mutex::new(CheckRecord {
        plan,
        stages,
        phase: Phase::Searching,
        started: Instant::now(),
        executions: 0,
        blocked: 0,
        distinct: FxHashSet::default(),
        outcomes: BTreeSet::new(),
        suspects: 0,
        limit: None,
        failure: None,
        minimised: None,
        too_large: false,
        hooked: false,
        meter,
        liveness: Liveness::default(),
        unseen: Unseen::default(),
        loops_waited: false,
        cut_loops: BTreeSet::new(),
        slept_loops: BTreeSet::new(),
        time_matters: false,
        reuse: Reuse::default(),
    }));
    let (stack, heartbeat) = (state.budget.stack, Arc::clone(&state.heartbeat));
    let watched = watchdog::watch(&name, silence, Arc::clone(&heartbeat) as Arc<dyn Watchable>);
    let whereabouts = SearchPlace { heartbeat, stack };
    let running = fatal::running(&name, Some(&whereabouts));
    let installed = Installation::new(state, &progress);
    let mut config = Config::new();
    config.stack_size = stack;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::None;
    config.silence_warnings = true;
    Runner::new(Resumer, config).run(move || workers::conduct(&*model, next_execution));
    let (liveness, reuse, unseen) = current::with(|s| {
        (std::mem::take(&mut s.liveness), std::mem::take(&mut s.reuse), std::mem::take(&mut s.unseen))
    });
    let (cut_loops, waited) = current::with(|s| (std::mem::take(&mut s.cut_loops), s.loops_waited));
    let (slept_loops, time_matters) = current::with(|s| (std::mem::take(&mut s.slept_loops), s.time_matters));
    drop(installed);
    drop((watched, running));
    let progress = Arc::into_inner(progress).expect("the driver is gone");
    let mut progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    progress.hooked = heap::hooked();
    (progress.liveness, progress.reuse) = (liveness, reuse);
    (progress.unseen, progress.loops_waited) = (unseen, waited);
    progress.cut_loops.extend(cut_loops.into_iter().map(|(place, turns)| (source_line(place), turns)));
    progress.slept_loops.extend(slept_loops.into_iter().map(source_line));
    progress.time_matters = time_matters;
    progress
}

/// The engine of this thread, while it lives: owns the driver and the execution.
struct Installation {
    driver: NonNull<ExplorerDriver>,
    _execution: Installed<Execution>,
}

impl Installation {
    fn new(execution: Box<Execution>, progress: &Arc<Mutex<CheckRecord>>) -> Installation {
        let _execution = current::install(execution);
        let (progress, slot) = (Arc::clone(progress), SearchSlot::take());
        let driver = Box::new(ExplorerDriver { progress, under_way: false, slot, asked: false });
        let driver = NonNull::from(Box::leak(driver));
        DRIVER.set(Some(driver));
        runtime::set_current(Some(&Explorer));
        context::set_allocations(Some(&ExplorerAllocations));
        Installation { driver, _execution }
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        runtime::set_current(None);
        context::set_allocations(None);
        place::look_exactly(false);
        place::look_at_drops(false);
        heap::set_active(false);
        heap::with(heap::Heap::clear);
        DRIVER.set(None);
        // SAFETY: the pointer came from the box in `new`, and nobody else has it any more.
        drop(unsafe { Box::from_raw(self.driver.as_ptr()) });
    }
}

/// Whether code of this program was compiled with the thread-sanitizer pass.
fn pass_is_active() -> bool {
    #[cfg(feature = "plain")]
    return crate::explorer::tsan::is_active();
    #[cfg(not(feature = "plain"))]
    false
}

fn report(progress: &mut CheckRecord) -> Report {
    let complete = progress.stages.verdict(&progress.cuts());
    let verdict = match (&progress.failure, complete, &progress.limit) {
        (Some(failure), _, _) => Verdict::Failed(failure.kind),
        (None, Some(verdict), _) => verdict,
        (None, None, Some(limit)) => Verdict::LimitHit(limit.clone()),
        (None, None, None) => {
            let distinct = match progress.plan.mode {
                Mode::Replay(_) => progress.executions,
                _ => progress.distinct.len() as u64,
            };
            Verdict::Sampled { executions: progress.executions, distinct }
        }
    };
    let mut notes = progress.plan.notes();
    if !matches!(progress.plan.mode, Mode::Replay(_)) {
        notes.push(format!("stages: {}", progress.stages.describe(progress.failure.is_some())));
    }
    notes.extend(progress.minimised.take());
    notes.extend(progress.unseen.notes(Sight {
        hooked: progress.hooked,
        pass_asked: cfg!(feature = "plain"),
        pass: pass_is_active(),
        loops_waited: progress.loops_waited,
        failed: progress.failure.is_some(),
    }));
    if !unwinding::modelled() {
        notes.push(
            "code that runs while a panic unwinds is run at once here, without choices and without checks"
                .into(),
        );
    }
    let mut report = Report {
        name: progress.plan.name.clone(),
        engine: Engine::Explorer,
        verdict,
        executions: progress.executions,
        blocked: progress.blocked,
        elapsed: progress.started.elapsed(),
        outcomes: std::mem::take(&mut progress.outcomes),
        failure: progress.failure.take(),
        notes,
        command: None,
    };
    progress.liveness.report(&mut report);
    progress.reuse.report(&mut report);
    report
}
