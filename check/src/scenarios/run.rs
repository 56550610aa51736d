//! Runs scenarios under an engine, checks every history, and shrinks what fails.

use crate::Check;
use crate::Report;
use crate::door::thread;
use crate::linearizability::check::BUDGET;
use crate::linearizability::explain::{Explained, explain_within};
use crate::linearizability::history::{History, Value};
use crate::linearizability::spec::Spec;
use crate::linearizability::wgl;
use crate::scenarios::program::{Odometer, OpOf, RetOf, Scenario, Size, Subject};
use crate::scenarios::record::{Log, Order};
use crate::seam::context;
use crate::seam::panics;
use crate::seam::runtime;
use crate::search::random::Rng;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

/// Which scenarios to run.
#[derive(Clone, Copy, Debug)]
enum Pick {
    All,
    Random { count: u64, seed: u64 },
}

/// A search for a scenario in which an object is not linearizable.
///
/// All scenarios of a size, or some at random, each run as a model; every history
/// that comes out is checked (equal ones once). A scenario that fails is made
/// smaller while it still fails: by a call, by two, by a lane, by moving a call out
/// of the threads.
///
/// An execution in which no thread can go on is right if the calls that are open
/// could not run in the specification's state either, and wrong otherwise: a
/// lost wake-up is found as a call that waits though it could run.
///
/// ```
/// use ringwright_check::linearize::{BufferOp, BufferRet, Queue, Scenarios, Subject};
/// use ringwright_check::door::{Arc, Mutex};
/// use std::collections::VecDeque;
///
/// /// A queue behind a lock.
/// struct Locked;
///
/// impl Subject for Locked {
///     type Spec = Queue<u64>;
///     type Handle = Arc<Mutex<VecDeque<u64>>>;
///
///     fn spec(&self) -> Queue<u64> {
///         Queue::new()
///     }
///     fn handles(&self, lanes: &[usize]) -> Vec<Self::Handle> {
///         let queue = Self::Handle::default();
///         lanes.iter().map(|_| Arc::clone(&queue)).collect()
///     }
///     fn operations(&self, _role: usize, fresh: u64) -> Vec<BufferOp<u64>> {
///         vec![BufferOp::Push(fresh), BufferOp::Pop]
///     }
///     fn call(&self, queue: &mut Self::Handle, op: &BufferOp<u64>) -> BufferRet<u64> {
///         match op {
///             BufferOp::Push(item) => {
///                 queue.lock().unwrap().push_back(*item);
///                 BufferRet::Pushed
///             }
///             _ => queue.lock().unwrap().pop_front().map_or(BufferRet::Empty, BufferRet::Popped),
///         }
///     }
/// }
///
/// Scenarios::new("a locked queue", Locked).threads(2).ops(1).init(1).run().assert_passed();
/// ```
pub struct Scenarios<S: Subject> {
    name: String,
    subject: Arc<S>,
    size: Size,
    pick: Pick,
    order: Order,
    plan: Box<dyn Fn(Check) -> Check>,
}

impl<S: Subject> fmt::Debug for Scenarios<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scenarios { name, size, pick, order, .. } = self;
        f.debug_struct("Scenarios")
            .field("name", name)
            .field("size", size)
            .field("pick", pick)
            .field("order", order)
            .finish_non_exhaustive()
    }
}

/// A scenario that failed, as small as it got.
#[derive(Clone, Debug)]
pub struct Shown<O> {
    /// The scenario.
    pub scenario: Scenario<O>,
    /// It as a table.
    pub table: String,
    /// The report of its check; its message holds the history as a table.
    pub report: Report,
}

/// What a search over scenarios found.
#[derive(Clone, Debug)]
#[must_use = "findings may be a failure"]
pub struct Findings<O> {
    /// The name of the search.
    pub name: String,
    /// Scenarios that ran, without those of the minimisation.
    pub scenarios: u64,
    /// Complete executions of them.
    pub executions: u64,
    /// Different histories among them.
    pub histories: u64,
    /// The reports of scenarios that hit a limit. Not a pass.
    pub limits: Vec<Report>,
    /// The scenario that failed, if one did; it ended the search.
    pub failure: Option<Shown<O>>,
}

impl<O> Findings<O> {
    /// Whether every scenario passed, and there was one.
    pub fn passed(&self) -> bool {
        self.failure.is_none() && self.limits.is_empty() && self.scenarios > 0
    }

    /// Panics with everything there is to say unless all passed.
    #[track_caller]
    pub fn assert_passed(&self) -> &Self {
        assert!(self.passed(), "{self}");
        self
    }
}

impl<O> fmt::Display for Findings<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Findings { name, scenarios, executions, histories, .. } = self;
        write!(f, "{name}: {scenarios} scenarios, {executions} executions, {histories} histories")?;
        for report in &self.limits {
            write!(f, "\n{report}")?;
        }
        match &self.failure {
            Some(shown) => write!(f, "\nthis scenario fails:\n{}{}", shown.table, shown.report),
            None => Ok(()),
        }
    }
}

impl<S: Subject> Scenarios<S> {
    /// All scenarios of two threads with two calls each.
    pub fn new(name: impl Into<String>, subject: S) -> Self {
        Scenarios {
            name: name.into(),
            subject: Arc::new(subject),
            size: Size { threads: 2, ops: 2, init: 0, post: 0 },
            pick: Pick::All,
            order: Order::default(),
            plan: Box::new(|check| check),
        }
    }

    /// So many threads.
    pub fn threads(mut self, threads: usize) -> Self {
        self.size.threads = threads;
        self
    }

    /// So many calls a thread.
    pub fn ops(mut self, calls: usize) -> Self {
        self.size.ops = calls;
        self
    }

    /// So many calls before the threads start.
    pub fn init(mut self, calls: usize) -> Self {
        self.size.init = calls;
        self
    }

    /// So many calls after the threads ended.
    pub fn post(mut self, calls: usize) -> Self {
        self.size.post = calls;
        self
    }

    /// Not all scenarios of this size, but so many at random.
    ///
    /// # Panics
    ///
    /// If that is none.
    pub fn random(mut self, scenarios: u64, seed: u64) -> Self {
        assert!(scenarios > 0, "a search over 0 scenarios finds nothing");
        self.pick = Pick::Random { count: scenarios, seed };
        self
    }

    /// Which calls precede which.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// How each scenario is checked: engine, search, budgets. The default plan,
    /// unless given. Not loom: it runs a model in a child process, which does not
    /// know the scenario.
    pub fn plan(mut self, plan: impl Fn(Check) -> Check + 'static) -> Self {
        self.plan = Box::new(plan);
        self
    }

    /// Runs the scenarios, up to the first that fails.
    ///
    /// # Panics
    ///
    /// If there is no scenario of this size: no operation, or more threads than
    /// the roles allow.
    pub fn run(&self) -> Findings<OpOf<S>> {
        let mut findings = Findings {
            name: self.name.clone(),
            scenarios: 0,
            executions: 0,
            histories: 0,
            limits: Vec::new(),
            failure: None,
        };
        let mut odometer = Odometer::default();
        let mut rng = Rng::new(if let Pick::Random { seed, .. } = self.pick { seed } else { 0 });
        let mut tries = 0;
        loop {
            let mut pick = |of: usize| match self.pick {
                Pick::All => odometer.pick(of),
                Pick::Random { .. } => rng.below(of),
            };
            tries += 1;
            if let Some(scenario) = Scenario::make(&*self.subject, self.size, &mut pick) {
                self.one(scenario, &mut findings);
            }
            let more = match self.pick {
                Pick::All => odometer.turn(),
                Pick::Random { count, .. } => findings.scenarios < count && tries < 100 * count,
            };
            if !more || findings.failure.is_some() {
                break;
            }
        }
        assert!(findings.scenarios > 0, "{}: there is no scenario of this size", self.name);
        findings
    }

    /// Runs one scenario, and what it becomes if it fails.
    fn one(&self, mut scenario: Scenario<OpOf<S>>, findings: &mut Findings<OpOf<S>>) {
        findings.scenarios += 1;
        let (mut report, histories) = self.check(&scenario);
        findings.executions += report.executions;
        findings.histories += histories;
        let Some(kind) = report.failed() else {
            if !report.passed() {
                findings.limits.push(report);
            }
            return;
        };
        // Each step leaves fewer calls, lanes or calls in threads.
        loop {
            let tried = scenario.simpler().into_iter().find_map(|simpler| {
                let (report, _) = self.check(&simpler);
                (report.failed() == Some(kind)).then_some((simpler, report))
            });
            match tried {
                Some(smaller) => (scenario, report) = smaller,
                None => break,
            }
        }
        let table = scenario.show(&*self.subject);
        findings.failure = Some(Shown { scenario, table, report });
    }

    /// Checks one scenario; also how many histories it had.
    fn check(&self, scenario: &Scenario<OpOf<S>>) -> (Report, u64) {
        let judge = Arc::new(Judge { known: Mutex::default() });
        let (subject, scenario) = (Arc::clone(&self.subject), Arc::new(scenario.clone()));
        let (order, known) = (self.order, Arc::clone(&judge));
        let check = (self.plan)(Check::new(&*self.name));
        let report = check.run(move || execute(&subject, &scenario, order, &known));
        context::when_stuck(None);
        let histories = judge.lock().len() as u64;
        (report, histories)
    }
}

/// What is wrong with a history, if anything, by history and whether it ended stuck.
type Known<O, R> = HashMap<(History<O, R>, bool), Option<String>>;

/// Judges histories, each once.
struct Judge<O, R> {
    known: Mutex<Known<O, R>>,
}

impl<O: Value, R: Value> Judge<O, R> {
    fn lock(&self) -> std::sync::MutexGuard<'_, Known<O, R>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wrong<T: Spec<Op = O, Ret = R>>(
        &self,
        spec: &T,
        history: History<O, R>,
        stuck: bool,
    ) -> Option<String> {
        let mut known = self.lock();
        if let Some(said) = known.get(&(history.clone(), stuck)) {
            return said.clone();
        }
        let said = match explain_within(spec, &history, BUDGET) {
            Explained::Linearizable if stuck => waits_wrongly(spec, &history),
            Explained::Linearizable => None,
            Explained::Not(counterexample) => Some(counterexample.to_string()),
            Explained::GaveUp(budget) => Some(format!("undecided after {budget} configurations")),
        };
        known.insert((history, stuck), said.clone());
        said
    }
}

/// Whether some call waits for ever that the specification lets run.
fn waits_wrongly<T: Spec>(spec: &T, history: &History<T::Op, T::Ret>) -> Option<String> {
    match wgl::search(spec, history, wgl::Open::Waiting, BUDGET) {
        wgl::Found::Order(_) => None,
        wgl::Found::GaveUp => Some(format!("undecided after {BUDGET} configurations")),
        wgl::Found::Stuck { .. } => {
            let all: Vec<usize> = (0..history.len()).collect();
            let table = crate::linearizability::table::partial(spec, history, &all);
            Some(format!("a call waits for ever though it could run:\n{table}"))
        }
    }
}

/// The model: one execution of `scenario`.
fn execute<S: Subject>(
    subject: &Arc<S>,
    scenario: &Arc<Scenario<OpOf<S>>>,
    order: Order,
    judge: &Arc<Judge<OpOf<S>, RetOf<S>>>,
) {
    let log = {
        let _engine = runtime::engine_code();
        let log = Arc::new(Log::<OpOf<S>, RetOf<S>>::new(order));
        let (subject, judge, log_when_stuck) = (Arc::clone(subject), Arc::clone(judge), Arc::clone(&log));
        context::when_stuck(Some(Rc::new(move || {
            if log_when_stuck.open() == 0 {
                return Err("no call is open".into());
            }
            judge.wrong(&subject.spec(), log_when_stuck.history(), true).map_or(Ok(()), Err)
        })));
        log
    };
    let roles: Vec<usize> = scenario.lanes.iter().map(|lane| lane.role).collect();
    let mut handles: Vec<Option<S::Handle>> = subject.handles(&roles).into_iter().map(Some).collect();
    assert!(handles.len() == roles.len(), "`handles` gives one handle a lane");
    let one = |handles: &mut Vec<Option<S::Handle>>, phase: u8, (lane, op): &(usize, OpOf<S>)| {
        let handle = handles[*lane].as_mut().expect("it is here outside the threads");
        log.call(phase, *lane, op, |op| subject.call(handle, op));
    };
    scenario.init.iter().for_each(|call| one(&mut handles, 0, call));
    let mut threads = Vec::new();
    for lane in (0..roles.len()).filter(|lane| !scenario.lanes[*lane].ops.is_empty()) {
        let mut handle = handles[lane].take().expect("it is here outside the threads");
        let (subject, scenario, log) = (Arc::clone(subject), Arc::clone(scenario), Arc::clone(&log));
        let body = move || {
            for op in &scenario.lanes[lane].ops {
                log.call(1, lane, op, |op| subject.call(&mut handle, op));
            }
            handle
        };
        let started = thread::Builder::new().name(format!("process {lane}")).spawn(body);
        threads.push((lane, started.expect("a model thread starts")));
    }
    for (lane, thread) in threads {
        match thread.join() {
            Ok(handle) => handles[lane] = Some(handle),
            Err(payload) => panic!("process {lane} panicked: {}", panics::message(&*payload)),
        }
    }
    scenario.post.iter().for_each(|call| one(&mut handles, 2, call));
    drop(handles);
    let wrong = {
        let _engine = runtime::engine_code();
        judge.wrong(&subject.spec(), log.history(), false)
    };
    if let Some(wrong) = wrong {
        panic!("{wrong}");
    }
}
