//! The engine without an engine: real threads, many rounds.
//!
//! Inside it the door does what `std` does, so a round costs what it costs in
//! production, and whatever the machine does is what is seen. A round runs on
//! a new operating-system thread; the threads that it starts inherit its
//! [`Round`] and wait at a gate, so that they begin together.
//!
//! The gate opens when the main thread joins, or for each thread by itself
//! after [`GATE`]: a main thread that waits in some other way must not wait
//! for ever. A round that does not end within [`PATIENCE`] ends the check, and
//! its threads are left behind.
//!
//! # Orderings
//!
//! The gate is Relaxed on purpose: an edge from it would hide races that the
//! model has.

use crate::plan::options::{Mode, Plan};
use crate::report::cause::{Cause, PanicData};
use crate::report::data::{Engine, Failure, FailureKind, Limit, Report, Trace, Verdict};
use crate::seam::context::{self, RealThreads};
use crate::seam::fatal;
use crate::seam::panic_memory::PanicMemory;
use crate::seam::panics;
use crate::seam::runtime;
use crate::search::random::Rng;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// Rounds, unless the check says how many.
const ROUNDS: u64 = 2_000;

/// How long a thread waits for the others.
const GATE: Duration = Duration::from_micros(200);

/// How long a round may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One run of the model's body.
#[derive(Debug)]
pub(crate) struct Round {
    /// Of the model.
    name: String,
    gate: AtomicBool,
    state: Mutex<RoundState>,
    /// What the panics of its threads were.
    memory: Mutex<PanicMemory>,
    /// A thread has ended.
    ended: Condvar,
}

#[derive(Debug)]
struct RoundState {
    rng: Rng,
    /// Threads that have not ended.
    live: usize,
    outcome: Option<String>,
    /// Panics that nobody has joined.
    panics: Vec<(ThreadId, PanicData)>,
    /// Panics that a join gave to its caller.
    taken: Vec<String>,
}

impl RealThreads for Round {
    fn outcome(&self, text: String) {
        runtime::add_outcome(&mut self.lock().outcome, text);
    }

    fn choose(&self, n: usize) -> usize {
        self.lock().rng.below(n)
    }

    fn panics(&self) -> MutexGuard<'_, PanicMemory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn panicked(&self, panic: PanicData) {
        self.lock().panics.push((thread::current().id(), panic));
    }

    fn joining(&self) {
        // Relaxed: see the chapter.
        self.gate.store(true, Ordering::Relaxed);
    }

    fn joined(&self, thread: ThreadId) {
        let state = &mut *self.lock();
        let (theirs, others) =
            std::mem::take(&mut state.panics).into_iter().partition(|(by, _)| *by == thread);
        let theirs: Vec<(ThreadId, PanicData)> = theirs;
        state.taken.extend(theirs.into_iter().map(|(_, panic)| panic.message));
        state.panics = others;
    }

    fn adopt(self: Arc<Self>, body: Box<dyn FnOnce()>) -> Box<dyn FnOnce()> {
        self.lock().live += 1;
        let live = Live(Arc::clone(&self));
        Box::new(move || {
            let live = live;
            let round = Arc::clone(&live.0);
            let _running = fatal::running(&round.name, None);
            runtime::set_quiet(true);
            context::set_real_threads(Some(self));
            live.0.wait_at_gate();
            body();
            context::set_real_threads(None);
        })
    }
}

/// A thread of the round that has not ended.
struct Live(Arc<Round>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.lock().live -= 1;
        self.0.ended.notify_all();
    }
}

impl Round {
    fn new(name: String, seed: u64) -> Round {
        let state =
            RoundState { rng: Rng::new(seed), live: 0, outcome: None, panics: Vec::new(), taken: Vec::new() };
        Round {
            name,
            gate: AtomicBool::new(false),
            state: Mutex::new(state),
            memory: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, RoundState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_at_gate(&self) {
        let start = Instant::now();
        // Relaxed: see the chapter.
        while !self.gate.load(Ordering::Relaxed) && start.elapsed() < GATE {
            thread::yield_now();
        }
    }

    /// Runs `model` in this round, on the calling thread.
    fn run(self: &Arc<Round>, model: &dyn Fn()) -> RoundEnd {
        context::set_real_threads(Some(Arc::clone(self) as Arc<dyn RealThreads>));
        runtime::set_quiet(true);
        let _running = fatal::running(&self.name, None);
        let result = catch_unwind(AssertUnwindSafe(model));
        // Relaxed: see the chapter.
        self.gate.store(true, Ordering::Relaxed);
        context::set_real_threads(None);
        let mut state = self.lock();
        while state.live > 0 {
            state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let main = result.err().map(|payload| self.panics().of(&*payload));
        let panic = main.or_else(|| state.panics.first().map(|(_, panic)| panic.clone()));
        let panic = panic.map(|mut panic| {
            if let Some(first) = state.taken.first() {
                panic.message.push_str(&format!("; a joined thread had panicked with: {first}"));
            }
            panic
        });
        RoundEnd { panic, outcome: state.outcome.take() }
    }
}

/// How a round ended.
struct RoundEnd {
    panic: Option<PanicData>,
    outcome: Option<String>,
}

/// Runs `model` round after round.
pub(crate) fn run(plan: &Plan, model: Arc<dyn Fn() + Send + Sync>) -> Report {
    panics::install();
    let started = Instant::now();
    let wanted = match plan.mode {
        Mode::Random { executions } => executions,
        Mode::Exhaustive | Mode::Replay(_) | Mode::Stages(_) => ROUNDS.min(plan.max_executions),
    };
    let patience = plan.max_time.map_or(PATIENCE, |max| max.min(PATIENCE));
    let mut outcomes = BTreeSet::new();
    let mut failure = None;
    let mut limit = None;
    let mut rounds = 0;
    while rounds < wanted && failure.is_none() && limit.is_none() {
        if plan.max_time.is_some_and(|max| started.elapsed() >= max) {
            limit = Some(Limit::Millis(started.elapsed().as_millis() as u64));
            break;
        }
        match one_round((plan.name.clone(), plan.seed.wrapping_add(rounds)), Arc::clone(&model), patience) {
            Ok(RoundEnd { panic: Some(panic), .. }) => failure = Some(panic_failure(panic)),
            Ok(RoundEnd { outcome, .. }) => outcomes.extend(outcome),
            Err(why) => limit = Some(Limit::Engine(format!("round {}: {why}", rounds + 1))),
        }
        rounds += 1;
    }
    let verdict = match (&failure, limit) {
        (Some(_), _) => Verdict::Failed(FailureKind::Panic),
        (None, Some(limit)) => Verdict::LimitHit(limit),
        (None, None) => Verdict::Sampled { executions: rounds, distinct: outcomes.len().max(1) as u64 },
    };
    Report {
        name: plan.name.clone(),
        engine: Engine::Native,
        verdict,
        executions: rounds,
        blocked: 0,
        elapsed: started.elapsed(),
        outcomes,
        failure,
        command: None,
        notes: vec![
            "real threads: only what this machine happened to do; distinct counts outcomes; data races, leaks and use \
             after free are not looked for; statics keep their values from round to round"
                .into(),
        ],
    }
}

fn one_round(
    (name, seed): (String, u64),
    model: Arc<dyn Fn() + Send + Sync>,
    patience: Duration,
) -> Result<RoundEnd, String> {
    let (sender, receiver) = mpsc::channel();
    let body = move || {
        let end = Arc::new(Round::new(name, seed)).run(&*model);
        // The receiver is gone if the round has taken too long.
        drop(sender.send(end));
    };
    let main = thread::Builder::new().name("main".into()).spawn(body).map_err(|error| error.to_string())?;
    match receiver.recv_timeout(patience) {
        Ok(end) => {
            drop(main.join());
            Ok(end)
        }
        Err(_) => Err(format!(
            "it did not end within {} ms: a deadlock, a livelock, or a slow model",
            patience.as_millis()
        )),
    }
}

fn panic_failure(panic: PanicData) -> Failure {
    let Cause { kind, message, sites } = panic.into();
    Failure { kind, message, sites, trace: Trace::default(), token: String::new() }
}
