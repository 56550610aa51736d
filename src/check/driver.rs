//! Drives the explorer: execution after execution until the search is done, a
//! limit is reached or something fails; then the failure again, twice.

use super::explorer::{self, Explorer};
use super::place::{Place, source_line};
use super::plan::{Mode, Plan};
use super::report::{Engine, Failure, FailureKind, Limit, Report, SourceLine, Trace, Verdict};
use super::runtime;
use super::search::{Decision, Rng, Stack};
use super::state::{Search, State, Status, Stop};
use super::{heap, hook, token};
use shuttle_engine::scheduler::{Schedule, Scheduler, Task, TaskId};
use shuttle_engine::{Config, FailurePersistence, MaxSteps, Runner};
use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// How an execution ended.
#[derive(Clone, Debug)]
enum End {
    Complete,
    /// Threads wait for ever, and may.
    Waiting,
    Blocked,
    Failed(Failing),
    Limit(Limit),
}

/// A failure without its trace.
#[derive(Clone, Debug)]
struct Failing {
    kind: FailureKind,
    message: String,
    sites: Vec<SourceLine>,
}

/// What the driver is doing.
#[derive(Debug)]
enum Phase {
    Searching,
    /// Running a complete execution again, because it seems to leak.
    Leaking {
        left: (usize, usize),
        search: Option<Search>,
    },
    /// Running a failure again, for the `nth` time.
    Replaying {
        nth: u8,
        failing: Failing,
        decisions: Vec<Decision>,
    },
    Over,
}

/// Times a failure is run again before it is shown.
const REPLAYS: u8 = 2;

/// Executions that are run again because of a possible leak, at most. What an
/// execution keeps once (a lazily made table, say) is no leak.
const LEAK_SUSPECTS: u32 = 64;

/// Executions between two looks at the clock.
const CLOCK_EVERY: u64 = 64;

/// What a check has found so far.
#[derive(Debug)]
struct Progress {
    plan: Plan,
    phase: Phase,
    started: Instant,
    executions: u64,
    blocked: u64,
    distinct: HashSet<u64>,
    outcomes: BTreeSet<String>,
    suspects: u32,
    limit: Option<Limit>,
    failure: Option<Failure>,
    too_large: bool,
}

/// Shuttle's scheduler: resumes whomever the state decided on.
struct Driver {
    state: Box<State>,
    progress: Arc<Mutex<Progress>>,
    ran: bool,
}

// SAFETY: shuttle asks for `Send` only to move schedulers into runners of other threads, which does not
// happen here: the driver is made, run and dropped on one thread. Its raw parts are source locations.
unsafe impl Send for Driver {}

static EXECUTION: AtomicU32 = AtomicU32::new(1);

impl Scheduler for Driver {
    fn new_execution(&mut self) -> Option<Schedule> {
        if self.ran {
            self.finish_execution();
        }
        let progress = lock(&self.progress);
        if matches!(progress.phase, Phase::Over) {
            return None;
        }
        drop(progress);
        self.ran = true;
        // Relaxed: only uniqueness counts.
        self.state.reset(EXECUTION.fetch_add(1, Ordering::Relaxed));
        heap::set_active(true);
        Some(Schedule::new(0))
    }

    fn next_task(&mut self, tasks: &[&Task], _: Option<TaskId>, _: bool) -> Option<TaskId> {
        let state = &mut self.state;
        if state.stop.is_none() {
            state.advance();
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

fn lock(progress: &Mutex<Progress>) -> std::sync::MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Driver {
    /// Looks at the execution that has just ended, and decides what to run next.
    fn finish_execution(&mut self) {
        let end = self.end();
        self.put_back(matches!(end, End::Complete));
        let progress = Arc::clone(&self.progress);
        let progress = &mut *lock(&progress);
        progress.too_large |= self.state.too_large;
        match std::mem::replace(&mut progress.phase, Phase::Over) {
            Phase::Searching => self.searched(progress, end),
            Phase::Leaking { left, search } => self.checked_leak(progress, end, left, search),
            Phase::Replaying { nth, failing, decisions } => {
                self.replayed(progress, end, nth, failing, decisions)
            }
            Phase::Over => {}
        }
    }

    fn end(&mut self) -> End {
        let state = &mut self.state;
        let first_panic = state.panics.first().cloned();
        match state.stop.take() {
            Some(Stop::Blocked) => End::Blocked,
            Some(Stop::Limit(limit)) => End::Limit(limit),
            Some(Stop::Failed { kind, message, sites }) => {
                // A thread that died of a panic is the cause of whoever waits for it.
                if let (FailureKind::Deadlock, Some(panic)) = (kind, first_panic) {
                    return End::Failed(panicked(panic));
                }
                let stuck = matches!(kind, FailureKind::Deadlock | FailureKind::Livelock);
                let message = match stuck.then(runtime::judge_stuck).flatten() {
                    Some(Ok(())) => return End::Waiting,
                    Some(Err(why)) => format!("{message}\n{why}"),
                    None => message,
                };
                End::Failed(Failing { kind, message, sites: sites.into_iter().map(source_line).collect() })
            }
            None => match first_panic {
                Some(panic) => End::Failed(panicked(panic)),
                None => End::Complete,
            },
        }
    }

    /// Puts statics back as they were, and memory back where it came from.
    fn put_back(&mut self, completed: bool) {
        explorer::run_resets(completed);
        crate::sync::new_execution();
        for object in &self.state.objects {
            if let Some(value) = object.restore {
                // SAFETY: `restore` is set only for atomics in a static segment, which are always live.
                unsafe { runtime::write_atomic(object.addr, object.size, value) }
            }
        }
        heap::set_active(false);
    }

    fn searched(&mut self, progress: &mut Progress, end: End) {
        let leaked = heap::with(|heap| heap.leaked());
        heap::with(heap::Heap::clear);
        match end {
            End::Blocked => progress.blocked += 1,
            End::Waiting => progress.executions += 1,
            End::Complete => {
                progress.executions += 1;
                if let Some(outcome) = self.state.outcome.take() {
                    progress.outcomes.insert(outcome);
                }
                if progress.plan.mode.is_random() && progress.distinct.len() < 1 << 22 {
                    progress.distinct.insert(self.fingerprint());
                }
                if leaked.0 > 0 && progress.plan.leaks && progress.suspects < LEAK_SUSPECTS {
                    progress.suspects += 1;
                    let list = self.state.decisions.clone();
                    let search = std::mem::replace(&mut self.state.search, Search::Replay { list, next: 0 });
                    progress.phase = Phase::Leaking { left: leaked, search: Some(search) };
                    return;
                }
            }
            End::Limit(limit) => {
                progress.executions += 1;
                progress.limit = Some(limit);
                return;
            }
            End::Failed(failing) => {
                progress.executions += 1;
                self.begin_replay(progress, failing);
                return;
            }
        }
        self.go_on(progress);
    }

    fn checked_leak(
        &mut self,
        progress: &mut Progress,
        end: End,
        left: (usize, usize),
        search: Option<Search>,
    ) {
        let leaked = heap::with(|heap| heap.leaked());
        heap::with(heap::Heap::clear);
        if matches!(end, End::Complete) && leaked.0 > 0 {
            let message = format!(
                "{} blocks ({} bytes) that the model allocated are never freed",
                leaked.0.min(left.0),
                leaked.1.min(left.1)
            );
            self.begin_replay(progress, Failing { kind: FailureKind::Leak, message, sites: Vec::new() });
            return;
        }
        if let Some(search) = search {
            self.state.search = search;
        }
        self.go_on(progress);
    }

    /// Sets up the next execution of the search, if there is one.
    fn go_on(&mut self, progress: &mut Progress) {
        let plan = &progress.plan;
        let runs = progress.executions + progress.blocked;
        if let Mode::Replay(_) = plan.mode {
            return;
        }
        let more = match &mut self.state.search {
            Search::Exhaustive(stack) => stack.backtrack(),
            Search::Random(_) => progress.executions < plan.mode.random_executions(),
            Search::Replay { .. } => false,
        };
        if !more {
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

    fn begin_replay(&mut self, progress: &mut Progress, failing: Failing) {
        let decisions = self.state.decisions.clone();
        self.state.search = Search::Replay { list: decisions.clone(), next: 0 };
        self.state.tracer.on = true;
        progress.phase = Phase::Replaying { nth: 1, failing, decisions };
    }

    fn replayed(
        &mut self,
        progress: &mut Progress,
        end: End,
        nth: u8,
        failing: Failing,
        decisions: Vec<Decision>,
    ) {
        let leaked = heap::with(|heap| heap.leaked());
        heap::with(heap::Heap::clear);
        let same = match &end {
            End::Failed(again) => again.kind == failing.kind && again.sites == failing.sites,
            End::Complete => failing.kind == FailureKind::Leak && leaked.0 > 0,
            _ => false,
        };
        if !same {
            let seen = match end {
                End::Failed(again) => format!("{}: {}", again.kind, again.message),
                End::Complete | End::Waiting => "a run that passes".into(),
                End::Blocked => "a run that stops early".into(),
                End::Limit(limit) => format!("a limit ({limit})"),
            };
            let message = format!(
                "a failure did not show again when its schedule was run again: first {}: {}; then {seen}",
                failing.kind, failing.message
            );
            progress.failure = Some(Failure {
                kind: FailureKind::NotDeterministic,
                message,
                sites: failing.sites,
                trace: Trace::default(),
                token: String::new(),
            });
            return;
        }
        if nth < REPLAYS {
            progress.phase = Phase::Replaying { nth: nth + 1, failing, decisions };
            return;
        }
        let mut trace = Trace {
            lanes: self.state.live().iter().map(|t| t.name.clone()).collect(),
            lines: std::mem::take(&mut self.state.tracer.lines),
        };
        mark_guilty(&mut trace, &failing);
        progress.failure = Some(Failure {
            kind: failing.kind,
            message: failing.message,
            sites: failing.sites,
            trace,
            token: token::write(&progress.plan.name, &decisions),
        });
    }

    /// A number for the execution's graph. Equal graphs have equal numbers,
    /// whatever order they were run in: the events' numbers are added up.
    fn fingerprint(&self) -> u64 {
        let graph = &self.state.graph;
        let message = |number: u32| match graph.messages.get(number as usize) {
            Some(m) => u64::from(m.thread) << 48 | u64::from(m.seq) << 32 | u64::from(m.pos),
            None => u64::MAX,
        };
        let mut sum = 0u64;
        for event in &graph.events {
            let own = u64::from(event.thread) << 16 | u64::from(event.seq);
            sum = sum.wrapping_add(mix(mix(mix(own) ^ message(event.reads)) ^ message(event.writes)));
        }
        sum
    }
}

/// Scatters the bits of a number (the finish of MurmurHash3).
fn mix(mut n: u64) -> u64 {
    n = (n ^ (n >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    n = (n ^ (n >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    n ^ (n >> 33)
}

/// The failure of a thread that panicked: where the panic came from, or else the
/// thread's last operation.
fn panicked((_, message, last): (usize, String, Option<Place>)) -> Failing {
    let site = hook::site_in(&message).or_else(|| last.map(source_line));
    Failing { kind: FailureKind::Panic, message, sites: site.into_iter().collect() }
}

/// Marks the last step at each of the failure's sites.
fn mark_guilty(trace: &mut Trace, failing: &Failing) {
    for site in &failing.sites {
        if let Some(line) = trace.lines.iter_mut().rev().find(|l| l.site.as_ref() == Some(site) && !l.guilty)
        {
            line.guilty = true;
        }
    }
    // Plain accesses are many, and all but the guilty ones say nothing.
    trace.lines.retain(|line| line.guilty || !line.what.contains(super::plain::MEMORY));
}

/// Runs `model` by `plan`.
pub(crate) fn run(plan: Plan, model: Arc<dyn Fn() + Send + Sync>) -> Report {
    hook::install();
    let name = plan.name.clone();
    let search = match &plan.mode {
        Mode::Exhaustive => Search::Exhaustive(Stack::default()),
        Mode::Random { seed, .. } => Search::Random(Rng::new(*seed)),
        Mode::Replay(list) => Search::Replay { list: list.clone(), next: 0 },
    };
    let mut state = Box::new(State::new(search, plan.budget));
    state.graph.broken = plan.broken;
    state.weakened.clone_from(&plan.weakened);
    state.tracer.on = matches!(plan.mode, Mode::Replay(_));
    let progress = Arc::new(Mutex::new(Progress {
        plan,
        phase: Phase::Searching,
        started: Instant::now(),
        executions: 0,
        blocked: 0,
        distinct: HashSet::new(),
        outcomes: BTreeSet::new(),
        suspects: 0,
        limit: None,
        failure: None,
        too_large: false,
    }));
    explorer::install(&raw mut *state);
    let driver = Driver { state, progress: Arc::clone(&progress), ran: false };
    let installed = Installed::new();
    let mut config = Config::new();
    config.stack_size = 256 * 1024;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::None;
    config.silence_warnings = true;
    Runner::new(driver, config).run(move || main_thread(&*model));
    drop(installed);
    let progress = &mut *lock(&progress);
    report(name, progress)
}

/// The engine of this thread, while it lives.
struct Installed;

impl Installed {
    fn new() -> Installed {
        runtime::set_current(Some(&Explorer));
        Installed
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        runtime::set_current(None);
        heap::set_active(false);
        heap::with(heap::Heap::clear);
        explorer::install(std::ptr::null_mut());
    }
}

/// The model's main thread: the closure, its thread-locals, its end.
fn main_thread(model: &(dyn Fn() + Send + Sync)) {
    hook::run_main(model);
    explorer::with(|s| s.threads[0].status = Status::Finished);
}

fn report(name: String, progress: &mut Progress) -> Report {
    let verdict = match (&progress.failure, &progress.limit) {
        (Some(failure), _) => Verdict::Failed(failure.kind),
        (None, Some(limit)) => Verdict::LimitHit(limit.clone()),
        (None, None) => match progress.plan.mode {
            Mode::Exhaustive if progress.too_large => {
                Verdict::Bounded("stale reads only in small graphs".into())
            }
            Mode::Exhaustive => Verdict::Exhaustive,
            Mode::Random { .. } => {
                Verdict::Sampled { executions: progress.executions, distinct: progress.distinct.len() as u64 }
            }
            Mode::Replay(_) => {
                Verdict::Sampled { executions: progress.executions, distinct: progress.executions }
            }
        },
    };
    let mut notes = progress.plan.notes();
    if !heap::hooked() {
        notes.push(
            "no quarantining allocator: use after free, leaks and the publication of fresh nodes are not seen".into(),
        );
    }
    Report {
        name,
        engine: Engine::Explorer,
        verdict,
        executions: progress.executions,
        blocked: progress.blocked,
        seconds: progress.started.elapsed().as_secs_f64(),
        outcomes: std::mem::take(&mut progress.outcomes),
        failure: progress.failure.take(),
        notes,
    }
}
