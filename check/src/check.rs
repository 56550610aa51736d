//! The builder of a check: a model, how to search it, and the engine that runs it.

use crate::advice;
use crate::engines::native;
use crate::engines::sc_driver;
#[cfg(feature = "loom")]
use crate::engines::{loom_child, loom_parent};
use crate::explorer::driver;
use crate::graph::event::BrokenRule;
use crate::plan::environment::{self, Division};
use crate::plan::options::{Mode, Plan};
use crate::plan::orderings::{OrderingRecorder, OrderingSpot, Weakened};
use crate::plan::strategy::Stage;
use crate::plan::token::{self, Token};
use crate::report::data::{Engine, Report, Verdict};
use crate::seam::clock::MAX_EVENTS;
use crate::seam::context;
use crate::seam::fatal;
use crate::seam::op::Strength;
use crate::seam::runtime;
use std::collections::BTreeSet;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Runs `model` by the default plan: every execution, within a minute.
///
/// # Panics
///
/// If an execution fails or a limit is reached. The message is the whole report
/// with the interleaving.
#[track_caller]
pub fn model(model: impl Fn() + Send + Sync + 'static) {
    let site = Location::caller();
    let name = std::thread::current().name().map_or_else(|| site.to_string(), str::to_owned);
    Check::new(name).run(model).assert_passed();
}

/// Records the outcome of this execution of the model. The report holds the set
/// of the outcomes of all complete executions. Several calls in one execution
/// make one outcome.
///
/// # Panics
///
/// Outside a model.
pub fn outcome(what: impl ToString) {
    let text = {
        let _engine = runtime::engine_code();
        what.to_string()
    };
    match runtime::current() {
        Some(engine) => engine.outcome(text),
        None => {
            let engine = context::real_threads();
            engine.expect("`check::outcome` is for use inside a model").outcome(text);
        }
    }
}

/// A number below `n`; the search tries each.
///
/// # Panics
///
/// Outside a model, and if `n` is 0.
#[must_use]
pub fn any(n: usize) -> usize {
    assert!(n > 0, "`check::any(0)`: there is no number below 0");
    match runtime::current() {
        Some(engine) => engine.choose(n),
        None => {
            let engine = context::real_threads();
            engine.expect("`check::any` is for use inside a model").choose(n)
        }
    }
}

/// A check of one model, with its engine, its search and its limits.
#[derive(Clone, Debug)]
#[must_use = "a check does nothing before `run`"]
pub struct Check {
    plan: Plan,
    engine: Engine,
    loom_args: Option<Vec<String>>,
    threads_set: bool,
}

impl Check {
    /// A check of the model called `name`, by the default plan.
    pub fn new(name: impl Into<String>) -> Check {
        Check { plan: Plan::new(name.into()), engine: Engine::Explorer, loom_args: None, threads_set: false }
    }

    /// Runs the exhaustive search alone, without the other stages of the default
    /// plan.
    pub fn exhaustive(mut self) -> Check {
        self.plan.mode = Mode::Exhaustive;
        self
    }

    /// Runs `executions` random executions.
    ///
    /// # Panics
    ///
    /// If `executions` is 0.
    pub fn random(mut self, executions: u64) -> Check {
        assert!(executions > 0, "a check of 0 executions checks nothing");
        self.plan.mode = Mode::Random { executions };
        self
    }

    /// Runs these stages one after another: see [`Strategy`](crate::Strategy).
    /// The engines other than the explorer can only search everything or at
    /// random; they do what comes nearer to the plan.
    ///
    /// # Panics
    ///
    /// If there is no stage, or a random one without a budget.
    pub fn plan<S: Into<Stage>>(mut self, stages: impl IntoIterator<Item = S>) -> Check {
        let stages: Vec<Stage> = stages.into_iter().map(Into::into).collect();
        assert!(!stages.is_empty(), "a plan without a stage checks nothing");
        let endless = |s: &Stage| s.strategy.is_random() && s.executions.is_none() && s.time.is_none();
        assert!(!stages.iter().any(endless), "a random stage without a budget never ends");
        self.plan.mode = Mode::Stages(stages);
        self
    }

    /// Sets the seed of the random searches.
    pub fn seed(mut self, seed: u64) -> Check {
        self.plan.seed = seed;
        self
    }

    /// Divides the search among this many operating-system threads, which take
    /// disjoint parts of the search tree. `RINGWRIGHT_THREADS` in the environment
    /// sets the number for checks that do not call this. For the explorer only.
    ///
    /// # Panics
    ///
    /// If `threads` is 0.
    pub fn threads(mut self, threads: usize) -> Check {
        assert!(threads > 0, "a check on 0 threads checks nothing");
        self.plan.threads = threads;
        self.threads_set = true;
        self
    }

    /// Searches only the `number`th of `count` disjoint parts, counted from 1, and
    /// leaves the others to other machines. A random search runs its share of the
    /// executions. `RINGWRIGHT_SHARD=number/count` in the environment does the same
    /// for every check.
    ///
    /// # Panics
    ///
    /// If `number` is 0 or greater than `count`.
    pub fn shard(mut self, number: u64, count: u64) -> Check {
        assert!((1..=count).contains(&number), "there is no shard {number} of {count}");
        self.plan.split.shard = Some((number - 1, count));
        self
    }

    /// Whether the exhaustive search visits each execution graph once (the
    /// default) or in every order. The latter finds nothing more; it is there to
    /// test the checker.
    pub fn reduction(mut self, on: bool) -> Check {
        self.plan.reduction = on;
        self
    }

    /// Ends the check after this many executions. Reaching the limit is not a pass.
    ///
    /// # Panics
    ///
    /// If `executions` is 0.
    pub fn max_executions(mut self, executions: u64) -> Check {
        assert!(executions > 0, "a check of 0 executions checks nothing");
        self.plan.max_executions = executions;
        self
    }

    /// Ends the check after this time. Reaching the limit is not a pass.
    pub fn max_time(mut self, time: Duration) -> Check {
        self.plan.max_time = Some(time);
        self
    }

    /// Ends an execution after this many operations, 65,534 at most. Reaching the
    /// limit is not a pass.
    pub fn max_steps(mut self, steps: u32) -> Check {
        self.plan.budget.steps = steps.min(MAX_EVENTS.into());
        self
    }

    /// Allows each thread of an execution this many spurious failures (of a
    /// `compare_exchange_weak`) and spurious wake-ups.
    pub fn spurious(mut self, times: u8) -> Check {
        self.plan.budget.spurious = times;
        self
    }

    /// Allows each thread of an execution, and each [`TaskSet`](crate::task::TaskSet), this many time-outs while
    /// another thread, or task, can still go on. So often, too, a thread that asks for the time may
    /// find that another thread's sleep is over which it does not come after.
    pub fn timeouts(mut self, times: u8) -> Check {
        self.plan.budget.timeouts = times;
        self
    }

    /// Allows a loop that only waits this many turns in a row that read nothing
    /// new, while another thread can still go on. More are not needed: such turns
    /// change nothing at all. (One that sleeps changes the time. If the model asks for
    /// that, the loop counts: see [`turns`](Check::turns).)
    pub fn repeats(mut self, turns: u8) -> Check {
        self.plan.budget.repeats = turns;
        self
    }

    /// Follows a loop that counts, and so may give up, for this many turns in a
    /// row that read nothing new (12 by default). After that it is still seen to
    /// give up, but not to read news only later; the verdict is then
    /// [`Bounded`](crate::Verdict::Bounded) and names the loop.
    pub fn turns(mut self, turns: u32) -> Check {
        self.plan.budget.turns = turns;
        self
    }

    /// Gives each thread of the model this many bytes of stack (2 MiB by default), under the explorer and
    /// [`Engine::Sc`]. Memory is used only as far as a thread gets. A thread that needs more ends the process, with an
    /// error that names the model.
    pub fn stack_size(mut self, bytes: usize) -> Check {
        self.plan.budget.stack = bytes;
        self
    }

    /// Whether memory that the model never frees is a failure (the default).
    pub fn leaks(mut self, are_failures: bool) -> Check {
        self.plan.leaks = are_failures;
        self
    }

    /// Whether a failure that needs weak memory, a race or a use after free comes
    /// with advice (the default): for at most five seconds the check tries which
    /// ordering of the failing execution, made stronger by itself, makes the model
    /// pass, and the report's notes say so. Not for a check that
    /// [`weaken`](Check::weaken)s, nor for a replay. For the explorer only.
    pub fn advice(mut self, given: bool) -> Check {
        self.plan.advice = given;
        self
    }

    /// Ends the process with an error on standard error when no thread of the
    /// model has made a step for `silence` (noticed within twice that time). Then
    /// a thread loops or blocks outside of the [`door`](crate::door), and cannot
    /// be stopped in another way. 30 seconds by default; zero turns it off. For
    /// the explorer only.
    pub fn watchdog(mut self, silence: Duration) -> Check {
        self.plan.watchdog = silence;
        self
    }

    /// Whether an allocation of the model may get a block that the model has
    /// freed before, as an ABA bug needs. The search then tries every freed block
    /// of the same layout, and a fresh one. The free happens before the
    /// allocation that reuses its block.
    ///
    /// An access through an old pointer then reaches the objects of the new owner
    /// and is not reported as a use after free. So check the model without reuse
    /// as well. Needs the allocator [`Quarantine`](crate::alloc::Quarantine). For
    /// the explorer only.
    pub fn reuse(mut self, happens: bool) -> Check {
        self.plan.reuse = happens;
        self
    }

    /// Stops one thread permanently before each of its writes; all others must
    /// finish. See [`freeze`](Check::freeze).
    pub fn lock_free(self) -> Check {
        self.freeze(1)
    }

    /// Stops ("freezes") up to this many threads of an execution permanently. The
    /// search tries every place: just before each operation that may write (a
    /// store, read-modify-write, lock, unlock or spawn). Places between them make
    /// no difference, because reads change nothing for the other threads.
    ///
    /// All other threads must finish, except while they join a frozen thread or
    /// one that waits for it. Otherwise the failure is
    /// [`NotLockFree`](crate::FailureKind::NotLockFree). So the threads of the
    /// model must not wait for each other on purpose.
    ///
    /// If all threads but one may be frozen, that one runs alone, which checks
    /// obstruction freedom. Executions with a frozen thread have no outcome and
    /// report no leak. For the explorer only.
    pub fn freeze(mut self, threads: u8) -> Check {
        self.plan.freezes = threads;
        self
    }

    /// Runs the operation on `line` of the file whose name ends with `file` with
    /// the ordering `to`. This makes a seeded twin: a good model must fail. For a
    /// compare-exchange, `to` replaces the ordering of success. A fence that is
    /// weakened to Relaxed is left out. [`Audit`](crate::audit::Audit) weakens
    /// every ordering in turn.
    pub fn weaken(mut self, file: impl Into<String>, line: u32, to: Ordering) -> Check {
        let (file, to) = (file.into(), Strength::of(to));
        self.plan.advice = false;
        self.plan.weakened.push(Weakened::Line { file, line, failure: false, to });
        self
    }

    /// [`weaken`](Check::weaken), for the failure ordering of a compare-exchange.
    pub fn weaken_failure(mut self, file: impl Into<String>, line: u32, to: Ordering) -> Check {
        let (file, to) = (file.into(), Strength::of(to));
        self.plan.advice = false;
        self.plan.weakened.push(Weakened::Line { file, line, failure: true, to });
        self
    }

    /// Runs the ordering at `spot` as if `to` stood there.
    pub(crate) fn weaken_spot(mut self, spot: OrderingSpot, to: Strength) -> Check {
        self.plan.advice = false;
        self.plan.weakened.push(Weakened::OrderingSpot { spot, to });
        self
    }

    /// Writes down, into `recorder`, which orderings the model executes.
    pub(crate) fn record(mut self, recorder: &OrderingRecorder) -> Check {
        self.plan.advice = false;
        self.plan.recorder = Some(recorder.clone());
        self
    }

    /// The outcomes that are allowed. An execution with another [`outcome`] is a
    /// failure, shown with its interleaving. (To assert that all of them were
    /// seen, use [`Report::assert_outcomes`].)
    pub fn outcomes<S: Into<String>>(mut self, allowed: impl IntoIterator<Item = S>) -> Check {
        self.plan.outcomes = Some(Arc::new(allowed.into_iter().map(Into::into).collect()));
        self
    }

    /// Breaks one rule of the memory model, to show that the checker's own
    /// tests notice.
    #[doc(hidden)]
    pub fn broken(mut self, rule: BrokenRule) -> Check {
        self.plan.broken = rule;
        self
    }

    /// Which engine runs the model.
    pub fn engine(mut self, engine: Engine) -> Check {
        self.engine = engine;
        self
    }

    /// The arguments for the child process in which the engine loom runs this
    /// model. The child is this program again, and it must reach this check, found
    /// by its name, in its main thread. Without this call, a test is selected by
    /// the name of its thread, and any other program gets the arguments that it
    /// got this time. So a check needs this call if it runs neither in the thread
    /// of its test nor in the main thread.
    pub fn loom_args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Check {
        self.loom_args = Some(args.into_iter().map(Into::into).collect());
        self
    }

    /// Runs the check. A failure or a limit is in the report, and never a panic.
    ///
    /// With `RINGWRIGHT_REPLAY=<token>` in the environment, the model that the
    /// token is for runs only that execution, and other models are not run.
    ///
    /// # Panics
    ///
    /// If it is called inside a model.
    pub fn run(mut self, model: impl Fn() + Send + Sync + 'static) -> Report {
        if let Some(text) = token::requested() {
            match token::read(&text, &self.plan.name) {
                Token::Replay(_) if self.engine != Engine::Explorer => {
                    return self
                        .not_run("RINGWRIGHT_REPLAY is set, and replays under the explorer only".into());
                }
                Token::Replay(list) => self.plan.mode = Mode::Replay(list),
                Token::OtherModel => {
                    return self.not_run("RINGWRIGHT_REPLAY is set, and is for another model".into());
                }
                Token::Refused(why) => return self.not_run(why),
            }
        }
        if let Err(why) = self.take_part() {
            return self.not_run(why);
        }
        self.run_whole(Arc::new(model))
    }

    /// [`run`](Check::run), whatever the environment says.
    pub(crate) fn run_whole(self, model: Arc<dyn Fn() + Send + Sync>) -> Report {
        assert!(runtime::current().is_none(), "a model cannot run a check");
        #[cfg(feature = "loom")]
        if let Some(report) = loom_child::intercept(&self.plan, self.engine, &model) {
            return report;
        }
        let name = self.plan.name.clone();
        let running = fatal::running(&name, None);
        let report = self.run_by_engine(model).with_command();
        drop(running);
        #[cfg(feature = "loom")]
        loom_parent::remember(&report);
        report
    }

    /// Takes in what the environment says about threads and shards.
    fn take_part(&mut self) -> Result<(), String> {
        environment::switches()?;
        let Division { threads, shard } = environment::division()?;
        if self.engine == Engine::Explorer {
            self.plan.threads = threads.filter(|_| !self.threads_set).unwrap_or(self.plan.threads);
            self.plan.split.shard = shard.or(self.plan.split.shard);
        }
        Ok(())
    }

    fn run_by_engine(mut self, model: Arc<dyn Fn() + Send + Sync>) -> Report {
        if self.engine != Engine::Explorer {
            if self.plan.freezes > 0 {
                return self.not_run("threads are frozen by the explorer only".into());
            }
            if self.plan.reuse {
                return self.not_run("freed memory is given out again by the explorer only".into());
            }
            self.plan.mode = self.plan.mode.simple();
        }
        match self.engine {
            Engine::Explorer => {
                let advised = (self.plan.advice && !matches!(self.plan.mode, Mode::Replay(_)))
                    .then(|| (self.plan.clone(), Arc::clone(&model)));
                let mut report = driver::run(self.plan, model);
                if let Some((plan, model)) = advised {
                    advice::give(&mut report, &plan, &model);
                }
                report
            }
            Engine::Sc => sc_driver::run(self.plan, model),
            Engine::Native => native::run(&self.plan, model),
            #[cfg(feature = "loom")]
            Engine::Loom => loom_parent::run(&self.plan, self.loom_args.as_deref()),
            #[cfg(not(feature = "loom"))]
            Engine::Loom => {
                self.not_run("built without the feature `loom` (of ringwright: `check-loom`)".into())
            }
            Engine::Sim => self.not_run("the simulation runs tasks, not threads: see `check::sim`".into()),
        }
    }

    fn not_run(self, why: String) -> Report {
        Report {
            name: self.plan.name,
            engine: self.engine,
            verdict: Verdict::NotRun(why),
            executions: 0,
            blocked: 0,
            elapsed: Duration::ZERO,
            outcomes: BTreeSet::new(),
            failure: None,
            notes: Vec::new(),
            command: None,
        }
    }
}
