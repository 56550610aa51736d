//! The search over scenarios: each is run as a model, and what fails is made smaller.

use crate::check::Check;
use crate::report::data::Report;
use crate::scenarios::execution::{HistoryChecker, execute};
use crate::scenarios::findings::{FailingScenario, Findings};
use crate::scenarios::program::{OpOf, Scenario, Size, Subject};
use crate::scenarios::record::Order;
use crate::seam::context;
use crate::search::choice::Odometer;
use crate::search::random::Rng;
use std::fmt;
use std::sync::Arc;

/// Which scenarios to run.
#[derive(Clone, Copy, Debug)]
enum Selection {
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
    selection: Selection,
    order: Order,
    plan: Box<dyn Fn(Check) -> Check>,
}

impl<S: Subject> fmt::Debug for Scenarios<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scenarios { name, size, selection, order, .. } = self;
        f.debug_struct("Scenarios")
            .field("name", name)
            .field("size", size)
            .field("selection", selection)
            .field("order", order)
            .finish_non_exhaustive()
    }
}

impl<S: Subject> Scenarios<S> {
    /// All scenarios of two threads with two calls each.
    pub fn new(name: impl Into<String>, subject: S) -> Self {
        Scenarios {
            name: name.into(),
            subject: Arc::new(subject),
            size: Size { threads: 2, ops: 2, init: 0, post: 0 },
            selection: Selection::All,
            order: Order::default(),
            plan: Box::new(|check| check),
        }
    }

    /// The number of threads of a scenario.
    pub fn threads(mut self, threads: usize) -> Self {
        self.size.threads = threads;
        self
    }

    /// The number of calls of each thread.
    pub fn ops(mut self, calls: usize) -> Self {
        self.size.ops = calls;
        self
    }

    /// The number of calls before the threads start.
    pub fn init(mut self, calls: usize) -> Self {
        self.size.init = calls;
        self
    }

    /// The number of calls after the threads have ended.
    pub fn post(mut self, calls: usize) -> Self {
        self.size.post = calls;
        self
    }

    /// Runs this many random scenarios of the size, instead of all.
    ///
    /// # Panics
    ///
    /// If `scenarios` is 0.
    pub fn random(mut self, scenarios: u64, seed: u64) -> Self {
        assert!(scenarios > 0, "a search over 0 scenarios finds nothing");
        self.selection = Selection::Random { count: scenarios, seed };
        self
    }

    /// Which calls precede which.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Sets the engine, the search and the budgets for each scenario, instead of
    /// the default plan. The engine loom cannot be used: it runs a model in a child
    /// process, which does not know the scenario.
    pub fn plan(mut self, plan: impl Fn(Check) -> Check + 'static) -> Self {
        self.plan = Box::new(plan);
        self
    }

    /// Runs the scenarios, up to the first that fails.
    ///
    /// # Panics
    ///
    /// If there is no scenario of this size: no operation, or more threads than
    /// the roles allow. If [`Subject::operations`] does not always give as many
    /// operations for the same role.
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
        let mut rng = Rng::new(if let Selection::Random { seed, .. } = self.selection { seed } else { 0 });
        let mut tries = 0;
        loop {
            let mut choices = odometer.choices();
            let mut pick = |of: usize| match self.selection {
                Selection::All => choices.pick(of as u32) as usize,
                Selection::Random { .. } => rng.below(of),
            };
            tries += 1;
            if let Some(scenario) = Scenario::make(&*self.subject, self.size, &mut pick) {
                self.try_scenario(scenario, &mut findings);
            }
            let more = match self.selection {
                Selection::All => odometer.advance(&choices).unwrap_or_else(|mismatch| {
                    panic!("{}: `operations` differs from call to call: {mismatch}", self.name)
                }),
                Selection::Random { count, .. } => findings.scenarios < count && tries < 100 * count,
            };
            if !more || findings.failure.is_some() {
                break;
            }
        }
        assert!(findings.scenarios > 0, "{}: there is no scenario of this size", self.name);
        findings
    }

    /// Runs one scenario, and what it becomes if it fails.
    fn try_scenario(&self, mut scenario: Scenario<OpOf<S>>, findings: &mut Findings<OpOf<S>>) {
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
        findings.failure = Some(FailingScenario { scenario, table, report });
    }

    /// Checks one scenario; also how many histories it had.
    fn check(&self, scenario: &Scenario<OpOf<S>>) -> (Report, u64) {
        let checker = Arc::new(HistoryChecker::default());
        let (subject, scenario) = (Arc::clone(&self.subject), Arc::new(scenario.clone()));
        let (order, checked) = (self.order, Arc::clone(&checker));
        let check = (self.plan)(Check::new(&*self.name));
        let report = check.run(move || execute(&subject, &scenario, order, &checked));
        context::when_stuck(None);
        (report, checker.count())
    }
}
