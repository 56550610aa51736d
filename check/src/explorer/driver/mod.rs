//! Drives the explorer: execution after execution until the search is done, a
//! limit is reached or something fails; then the failure again, twice.

mod probe;
mod replaying;

use crate::explorer::allocations::ExplorerAllocations;
use crate::explorer::current;
use crate::explorer::execution::{Execution, Stop};
use crate::explorer::liveness::Liveness;
use crate::explorer::operations::Explorer;
use crate::explorer::watchdog;
use crate::explorer::workers;
use crate::memory::free_lists::Reuse;
use crate::memory::heap;
use crate::plan::options::{Mode, Plan};
use crate::plan::orderings::OrderingSites;
use crate::report::cause::{Cause, PanicData};
use crate::report::data::{Engine, Failure, FailureKind, Limit, Report, Trace, Verdict};
use crate::report::meter::{Counts, Meter};
use crate::report::words::count;
use crate::seam::context;
use crate::seam::outside::SearchSlot;
use crate::seam::panics;
use crate::seam::place::Place;
use crate::seam::runtime;
use crate::seam::symbols::source_line;
use crate::search::chooser::Chooser;
use crate::search::stages::Stages;
use probe::Probing;
use replaying::{Minimising, Replaying};
use shuttle_engine::scheduler::{Schedule, Scheduler, Task, TaskId};
use shuttle_engine::{Config, FailurePersistence, MaxSteps, Runner};
use std::cell::Cell;
use std::collections::{BTreeSet, HashSet};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// How an execution ended.
#[derive(Clone, Debug)]
enum ExecutionEnd {
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
enum Phase {
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

/// Executions that are run again because of a possible leak, at most. What an
/// execution keeps once (a lazily made table, say) is no leak.
const LEAK_SUSPECTS: u32 = 64;

/// Executions between two looks at the clock.
const CLOCK_EVERY: u64 = 64;

/// What a check has found so far.
#[derive(Debug)]
struct CheckRecord {
    plan: Plan,
    stages: Stages,
    phase: Phase,
    started: Instant,
    executions: u64,
    blocked: u64,
    distinct: HashSet<u64>,
    outcomes: BTreeSet<String>,
    suspects: u32,
    limit: Option<Limit>,
    failure: Option<Failure>,
    /// What became smaller of the failing schedule.
    minimised: Option<String>,
    too_large: bool,
    /// Whether the quarantining allocator has been heard of.
    hooked: bool,
    meter: Meter,
    /// Threads that were frozen, and steps that were counted.
    liveness: Liveness,
    reuse: Reuse,
    /// Raw pointers to what cells hold that models got.
    unseen_cells: u64,
}

impl CheckRecord {
    /// An execution of the search is over: says how far it is, if it is time.
    fn tick(&mut self, state: &Execution) {
        let random = matches!(state.search, Chooser::Random(_));
        self.meter.tick(|| Counts {
            complete: self.executions,
            blocked: self.blocked,
            distinct: random.then_some(self.distinct.len() as u64),
            stale_choices: state.stale_choices,
        });
    }
}

/// Runs one execution after another.
struct ExplorerDriver {
    /// The execution under way, which the model's threads reach too: see [`current`], invariant 1.
    state: NonNull<Execution>,
    progress: Arc<Mutex<CheckRecord>>,
    /// Whether an execution has begun and not been looked at.
    under_way: bool,
    slot: Option<SearchSlot>,
}

thread_local! {
    /// The driver of the check that runs on this operating-system thread.
    static DRIVER: Cell<Option<NonNull<ExplorerDriver>>> = const { Cell::new(None) };
}

static EXECUTION: AtomicU32 = AtomicU32::new(1);

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

/// What the end of an execution amounts to where somebody judges threads that wait for ever. The judge is the
/// user's code.
fn judged(end: ExecutionEnd) -> ExecutionEnd {
    let ExecutionEnd::Failed(mut cause) = end else { return end };
    let stuck = matches!(cause.kind, FailureKind::Deadlock | FailureKind::Livelock);
    match stuck.then(context::judge_stuck).flatten() {
        Some(Ok(())) => return ExecutionEnd::Waiting,
        Some(Err(why)) => cause.message = format!("{}\n{why}", cause.message),
        None => {}
    }
    ExecutionEnd::Failed(cause)
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

fn lock(progress: &Mutex<CheckRecord>) -> std::sync::MutexGuard<'_, CheckRecord> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ExplorerDriver {
    /// Begins an execution, unless the check is over.
    fn begin_execution(&mut self) -> bool {
        if matches!(lock(&self.progress).phase, Phase::Over) {
            return false;
        }
        self.under_way = true;
        // Relaxed: only uniqueness counts.
        let execution = EXECUTION.fetch_add(1, Ordering::Relaxed);
        self.state().reset(execution);
        if let Some(slot) = &self.slot {
            slot.begin(execution);
        }
        heap::set_active(true);
        true
    }

    /// The execution under way. The reference ends before anybody makes another one.
    fn state(&mut self) -> &mut Execution {
        // SAFETY: the execution lives as long as the driver, and nobody is inside `current::with`: the driver
        // runs between executions only (invariants 1 and 2 of `current`).
        unsafe { self.state.as_mut() }
    }

    /// How the execution under way has ended, if there is one.
    fn end(&mut self) -> Option<ExecutionEnd> {
        if !std::mem::take(&mut self.under_way) {
            return None;
        }
        let end = end_of(self.state());
        let touched = self.slot.as_ref().and_then(SearchSlot::end);
        Some(touched.map_or(end, ExecutionEnd::Failed))
    }

    /// Looks at the execution that has ended like this, and decides what to run next.
    fn finish_execution(&mut self, end: ExecutionEnd) {
        self.put_back();
        let progress = Arc::clone(&self.progress);
        let progress = &mut *lock(&progress);
        progress.too_large |= self.state().too_large;
        match std::mem::replace(&mut progress.phase, Phase::Over) {
            Phase::Searching => self.searched(progress, end),
            Phase::Leaking { left, search } => self.checked_leak(progress, end, left, search),
            Phase::Probing(probing) => self.probed(progress, &end, *probing),
            Phase::Replaying(replaying) => self.replayed(progress, end, *replaying),
            Phase::Minimising(minimising) => self.minimised(progress, end, *minimising),
            Phase::Over => {}
        }
    }

    /// Puts statics back as they were, and memory back where it came from.
    fn put_back(&mut self) {
        for object in &self.state().objects {
            if let Some(value) = object.restore {
                // SAFETY: `restore` is set only for atomics in a static segment, which are always live.
                unsafe { runtime::write_atomic(object.ptr, object.size, value) }
            }
        }
        heap::set_active(false);
    }

    fn searched(&mut self, progress: &mut CheckRecord, end: ExecutionEnd) {
        let leaked = heap::with(|heap| heap.leaked());
        heap::with(heap::Heap::clear);
        if matches!(end, ExecutionEnd::Failed(_)) {
            progress.plan.split.stop();
        }
        match end {
            ExecutionEnd::Blocked => progress.blocked += 1,
            ExecutionEnd::Frozen => progress.executions += 1,
            ExecutionEnd::Foreign => {}
            ExecutionEnd::Complete if matches!(&self.state().search, Chooser::Exhaustive(stack) if !stack.counts()) =>
                {}
            ExecutionEnd::Waiting => progress.executions += 1,
            ExecutionEnd::Complete => {
                progress.executions += 1;
                if let Some(outcome) = self.state().outcome.take() {
                    progress.outcomes.insert(outcome);
                }
                if matches!(self.state().search, Chooser::Random(_)) && progress.distinct.len() < 1 << 22 {
                    progress.distinct.insert(self.fingerprint());
                }
                if leaked.0 > 0 && progress.plan.leaks && progress.suspects < LEAK_SUSPECTS {
                    progress.suspects += 1;
                    let list = self.state().decisions.clone();
                    let search =
                        std::mem::replace(&mut self.state().search, Chooser::Replay { list, next: 0 });
                    progress.phase = Phase::Leaking { left: leaked, search: Some(search) };
                    return;
                }
                if progress.executions == 1 && !matches!(progress.plan.mode, Mode::Replay(_)) {
                    return self.begin_probe(progress);
                }
            }
            ExecutionEnd::Limit(limit) => {
                progress.executions += 1;
                progress.limit = Some(limit);
                return;
            }
            // A real thread need not do the same again.
            ExecutionEnd::Failed(Cause { kind: kind @ FailureKind::Unsupported, message, sites }) => {
                progress.executions += 1;
                progress.failure =
                    Some(Failure { kind, message, sites, trace: Trace::default(), token: String::new() });
                return;
            }
            ExecutionEnd::Failed(failing) => {
                progress.executions += 1;
                self.begin_replay(progress, failing);
                return;
            }
        }
        self.go_on(progress);
    }

    fn checked_leak(
        &mut self,
        progress: &mut CheckRecord,
        end: ExecutionEnd,
        left: (usize, usize),
        search: Option<Chooser>,
    ) {
        let leaked = heap::with(|heap| heap.leaked());
        heap::with(heap::Heap::clear);
        if matches!(end, ExecutionEnd::Complete) && leaked.0 > 0 {
            let (blocks, bytes) = (leaked.0.min(left.0), leaked.1.min(left.1));
            let message = format!(
                "{} ({}) of the model {} never freed",
                count(blocks as u64, "block"),
                count(bytes as u64, "byte"),
                if blocks == 1 { "is" } else { "are" }
            );
            self.begin_replay(progress, Cause { kind: FailureKind::Leak, message, sites: Vec::new() });
            return;
        }
        if let Some(search) = search {
            self.state().search = search;
        }
        self.go_on(progress);
    }

    /// Sets up the next execution of the search, if there is one.
    fn go_on(&mut self, progress: &mut CheckRecord) {
        progress.tick(self.state());
        let plan = &progress.plan;
        let runs = progress.executions + progress.blocked;
        if let Mode::Replay(_) = plan.mode {
            return;
        }
        if plan.split.stopped() || !progress.stages.next(&mut self.state().search) {
            return;
        }
        if runs >= plan.max_executions {
            progress.limit = Some(Limit::Executions(plan.max_executions));
            return;
        }
        if runs.is_multiple_of(CLOCK_EVERY)
            && plan.max_time.is_some_and(|max| progress.started.elapsed() >= max)
        {
            let millis = plan.max_time.map_or(0, |max| max.as_millis() as u64);
            progress.limit = Some(Limit::Millis(millis));
            return;
        }
        progress.phase = Phase::Searching;
    }
}

/// How the execution has ended, before anybody judges it.
fn end_of(state: &mut Execution) -> ExecutionEnd {
    let first_panic = state.panics.first().cloned();
    match (state.stop.take(), first_panic) {
        (Some(Stop::Blocked), _) => ExecutionEnd::Blocked,
        (Some(Stop::Foreign), _) => ExecutionEnd::Foreign,
        (Some(Stop::Limit(limit)), _) => ExecutionEnd::Limit(limit),
        // A thread that died of a panic is the cause of whoever waits for it.
        (Some(Stop::Failed { kind: FailureKind::Deadlock, .. } | Stop::Frozen) | None, Some(panic)) => {
            ExecutionEnd::Failed(panicked(panic))
        }
        (Some(Stop::Failed { kind, message, sites }), _) => {
            ExecutionEnd::Failed(Cause { kind, message, sites: sites.into_iter().map(source_line).collect() })
        }
        (Some(Stop::Frozen), None) => ExecutionEnd::Frozen,
        (None, None) => unlisted_outcome(state).map_or(ExecutionEnd::Complete, ExecutionEnd::Failed),
    }
}

/// The failure of an execution that came to an outcome that it may not come to.
fn unlisted_outcome(state: &Execution) -> Option<Cause> {
    let (allowed, outcome) = (state.outcomes.as_ref()?, state.outcome.as_ref()?);
    (!allowed.contains(outcome)).then(|| Cause {
        kind: FailureKind::Property,
        message: format!("the outcome `{outcome}` is none of those that the check allows"),
        sites: Vec::new(),
    })
}

/// The failure of a thread that panicked: where the panic came from, or else the thread's last operation.
fn panicked((_, panic, last): (usize, PanicData, Option<Place>)) -> Cause {
    let mut cause = Cause::from(panic);
    if cause.sites.is_empty() {
        cause.sites.extend(last.map(source_line));
    }
    cause
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

impl CheckRecord {
    /// Adds what another thread of the same check has found.
    fn join(&mut self, other: CheckRecord) {
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
        self.unseen_cells += other.unseen_cells;
    }
}

/// Searches the `worker`th part of `plan`, on this operating-system thread.
fn search(plan: Plan, worker: u64, model: Arc<dyn Fn() + Send + Sync>) -> CheckRecord {
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
    state.tracer.on = matches!(plan.mode, Mode::Replay(_));
    let meter =
        Meter::new(&if worker == 0 { plan.name.clone() } else { format!("{} ({worker})", plan.name) });
    let progress = Arc::new(Mutex::new(CheckRecord {
        plan,
        stages,
        phase: Phase::Searching,
        started: Instant::now(),
        executions: 0,
        blocked: 0,
        distinct: HashSet::new(),
        outcomes: BTreeSet::new(),
        suspects: 0,
        limit: None,
        failure: None,
        minimised: None,
        too_large: false,
        hooked: false,
        meter,
        liveness: Liveness::default(),
        unseen_cells: 0,
        reuse: Reuse::default(),
    }));
    let watched = watchdog::watch(&name, silence, &state.heartbeat);
    let installed = Installation::new(state, &progress);
    let mut config = Config::new();
    config.stack_size = workers::STACK;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::None;
    config.silence_warnings = true;
    Runner::new(Resumer, config).run(move || workers::conduct(&*model, next_execution));
    let (liveness, reuse, unseen_cells) = with(|driver| {
        let state = driver.state();
        (std::mem::take(&mut state.liveness), std::mem::take(&mut state.reuse), state.unseen_cells)
    });
    drop(installed);
    drop(watched);
    let progress = Arc::into_inner(progress).expect("the driver is gone");
    let mut progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    progress.hooked = heap::hooked();
    (progress.liveness, progress.reuse) = (liveness, reuse);
    progress.unseen_cells = unseen_cells;
    progress
}

/// The engine of this thread, while it lives: owns the driver and the execution.
struct Installation(NonNull<ExplorerDriver>);

impl Installation {
    fn new(state: Box<Execution>, progress: &Arc<Mutex<CheckRecord>>) -> Installation {
        let state = NonNull::from(Box::leak(state));
        current::install(Some(state));
        let (progress, slot) = (Arc::clone(progress), SearchSlot::take());
        let driver =
            NonNull::from(Box::leak(Box::new(ExplorerDriver { state, progress, under_way: false, slot })));
        DRIVER.set(Some(driver));
        runtime::set_current(Some(&Explorer));
        context::set_allocations(Some(&ExplorerAllocations));
        Installation(driver)
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        runtime::set_current(None);
        context::set_allocations(None);
        heap::set_active(false);
        heap::with(heap::Heap::clear);
        current::install(None);
        DRIVER.set(None);
        // SAFETY: both came from boxes in `new`, and nobody has the pointers any more.
        unsafe {
            let driver = Box::from_raw(self.0.as_ptr());
            drop(Box::from_raw(driver.state.as_ptr()));
        }
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
    let complete = progress.stages.verdict(progress.too_large);
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
    notes.extend(progress.minimised.take());
    if !progress.hooked {
        notes.push(
            "no quarantining allocator: use after free, leaks and the publication of fresh nodes are not seen".into(),
        );
    }
    if progress.unseen_cells > 0 && !pass_is_active() {
        notes.push(format!(
            "{} calls of `UnsafeCell::get`: what is done through the pointer is not seen without the thread-sanitizer pass",
            progress.unseen_cells
        ));
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
    };
    progress.liveness.report(&mut report);
    progress.reuse.report(&mut report);
    report
}
