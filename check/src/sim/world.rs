//! One execution: its nodes, its time, its faults, and what is said about it.

use crate::search::choice::Choices;
use crate::sim::FailureKind;
use crate::sim::SourceLine;
use crate::sim::TraceLine;
use crate::sim::agenda::{Agenda, Ready, Task};
use crate::sim::clock::Clock;
use crate::sim::crash::{Life, Perishable};
use crate::sim::disk::Disk;
use crate::sim::file::File;
use crate::sim::network::{Net, Parcel};
use crate::sim::partition::Wall;
use crate::sim::plan::{ClockFault, Counts, Menu, seconds};
use std::cell::{RefCell, RefMut};
use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

/// A node of the world: a machine or process with its own clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node(pub(super) usize);

/// One execution of a model. Clones are handles to the same world.
///
/// The closure given to [`Sim::run`](crate::sim::Sim::run) gets a fresh one each
/// time; it spawns the nodes' tasks and states the properties.
#[derive(Clone)]
pub struct World {
    pub(super) core: Rc<Core>,
}

pub(super) struct Core {
    state: RefCell<State>,
    pub(super) ready: Arc<Ready>,
    checks: RefCell<Vec<Check>>,
    /// What a crash takes part of.
    pub(super) perishable: RefCell<Vec<Rc<dyn Perishable>>>,
}

struct Check {
    at_end_only: bool,
    holds: Box<dyn Fn() -> Result<(), String>>,
    site: &'static Location<'static>,
}

/// Why an execution was broken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) kind: FailureKind,
    pub(super) message: String,
    pub(super) sites: Vec<SourceLine>,
}

/// What every execution of a model shares.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) nodes: Vec<String>,
    pub(super) faults: u32,
    pub(super) menu: Menu,
    pub(super) latency: Duration,
    pub(super) settle: Duration,
    pub(super) max_steps: u64,
    /// The chance of a fault where one is possible; only random search asks.
    pub(super) odds: f64,
}

pub(super) struct NodeState {
    pub(super) name: String,
    pub(super) paused_until: u64,
    /// Ready tasks that the pause caught.
    pub(super) parked: Vec<usize>,
    /// Operations that the pause caught.
    pub(super) gates: Vec<Waker>,
    /// Deliveries and timers so far.
    pub(super) events: u64,
    /// Late messages, with the count of events that lets them in.
    pub(super) held: Vec<(u64, Box<dyn Parcel>)>,
    /// Chosen when a clock of the node is first read.
    pub(super) clock: Option<Option<ClockFault>>,
    /// Set by the model.
    pub(super) wall_offset: i128,
    pub(super) life: Life,
}

pub(super) struct State {
    pub(super) now: u64,
    pub(super) settle: u64,
    pub(super) latency: u64,
    pub(super) agenda: Agenda,
    pub(super) nodes: Vec<NodeState>,
    pub(super) tasks: Vec<Task>,
    pub(super) current: Option<usize>,
    pub(super) unfinished: usize,
    pub(super) idle_since: Option<u64>,
    pub(super) calls: u64,
    pub(super) menu: Rc<Menu>,
    pub(super) faults: u32,
    pub(super) faults_used: u32,
    pub(super) placed: Counts,
    pub(super) walls: Vec<Wall>,
    pub(super) odds: f64,
    pub(super) choices: Choices,
    steps: u64,
    /// A hash of who did something when, to see whether a run is the same.
    digest: u64,
    max_steps: u64,
    out_of_steps: bool,
    broken: Option<Broken>,
    pub(super) trace: Option<Vec<TraceLine>>,
    outcomes: BTreeSet<String>,
}

impl Broken {
    pub(super) fn new(kind: FailureKind, message: String, sites: &[&'static Location<'static>]) -> Self {
        Broken { kind, message, sites: sites.iter().map(|site| line_of(site)).collect() }
    }
}

impl State {
    pub(super) fn oldest_held(&mut self) -> Option<Box<dyn Parcel>> {
        let node = self.nodes.iter_mut().find(|node| !node.held.is_empty())?;
        Some(node.held.remove(0).1)
    }

    /// The first message that waited long enough at this node.
    pub(super) fn due_held(&mut self, node: Node) -> Option<Box<dyn Parcel>> {
        let node = &mut self.nodes[node.0];
        let at = node.held.iter().position(|held| held.0 <= node.events)?;
        Some(node.held.remove(at).1)
    }
}

/// What is left of a finished execution.
pub(super) struct Finished {
    pub(super) choices: Choices,
    pub(super) faults_used: u32,
    pub(super) placed: Counts,
    /// Whether a node could crash at all.
    pub(super) boots: bool,
    pub(super) steps: u64,
    pub(super) digest: u64,
    pub(super) out_of_steps: bool,
    pub(super) broken: Option<Broken>,
    pub(super) trace: Option<Vec<TraceLine>>,
    pub(super) outcomes: BTreeSet<String>,
}

impl World {
    pub(super) fn new(rules: &Rules, menu: Rc<Menu>, choices: Choices, tracing: bool) -> Self {
        let node = |name: &String| NodeState {
            name: name.clone(),
            paused_until: 0,
            parked: Vec::new(),
            gates: Vec::new(),
            events: 0,
            held: Vec::new(),
            clock: None,
            wall_offset: 0,
            life: Life::default(),
        };
        let state = State {
            now: 0,
            settle: nanos(rules.settle),
            latency: nanos(rules.latency).max(1),
            agenda: Agenda::default(),
            nodes: rules.nodes.iter().map(node).collect(),
            tasks: Vec::new(),
            current: None,
            unfinished: 0,
            idle_since: None,
            calls: 0,
            menu,
            faults: rules.faults,
            faults_used: 0,
            placed: Counts::default(),
            walls: Vec::new(),
            odds: rules.odds,
            choices,
            steps: 0,
            digest: 0,
            max_steps: rules.max_steps,
            out_of_steps: false,
            broken: None,
            trace: tracing.then(Vec::new),
            outcomes: BTreeSet::new(),
        };
        World {
            core: Rc::new(Core {
                state: RefCell::new(state),
                ready: Arc::default(),
                checks: RefCell::default(),
                perishable: RefCell::default(),
            }),
        }
    }

    /// The node of this name.
    ///
    /// # Panics
    ///
    /// There is none.
    #[track_caller]
    pub fn node(&self, name: &str) -> Node {
        let found = self.state().nodes.iter().position(|node| node.name == name);
        match found {
            Some(index) => Node(index),
            None => panic!("no node is called {name:?}: name it in Sim::nodes"),
        }
    }

    /// All nodes, in the order of [`Sim::nodes`](crate::sim::Sim::nodes).
    pub fn nodes(&self) -> Vec<Node> {
        (0..self.state().nodes.len()).map(Node).collect()
    }

    /// The name of a node.
    pub fn name(&self, node: Node) -> String {
        self.state().nodes[node.0].name.clone()
    }

    /// Runs a future on a node. The execution lasts until it has finished; that
    /// nothing can make it finish is a deadlock.
    #[track_caller]
    pub fn spawn(&self, node: Node, future: impl Future<Output = ()> + 'static) {
        self.add_task(node, true, future);
    }

    /// Runs a future on a node that need not finish: a server.
    #[track_caller]
    pub fn serve(&self, node: Node, future: impl Future<Output = ()> + 'static) {
        self.add_task(node, false, future);
    }

    /// A network for messages of one type. `name` is how the trace calls it;
    /// networks are separate, whatever they are called.
    pub fn net<M: Clone + fmt::Debug + 'static>(&self, name: &str) -> Net<M> {
        Net::new(self, name)
    }

    /// The clocks of a node.
    pub fn clock(&self, node: Node) -> Clock {
        Clock::new(self, node)
    }

    /// A disk of a node.
    pub fn disk<K: Ord + Clone + fmt::Debug + 'static, V: Clone + fmt::Debug + 'static>(
        &self,
        node: Node,
    ) -> Disk<K, V> {
        Disk::new(self, node)
    }

    /// A file of bytes on a node.
    pub fn file(&self, node: Node) -> File {
        File::new(self, node)
    }

    /// True time since the start, for oracles. Nodes have [`clock`](Self::clock).
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.state().now)
    }

    /// One of `0..of`: a choice of the model itself. All are explored; it costs
    /// no fault.
    ///
    /// # Panics
    ///
    /// `of` is 0.
    pub fn any(&self, of: u32) -> u32 {
        self.state().choices.pick(of)
    }

    /// A place where `node` may be paused, for code that awaits nothing else.
    #[track_caller]
    pub fn point(&self, node: Node) -> impl Future<Output = ()> + use<> {
        self.gate(node)
    }

    /// Adds a line to the node's lane. Formatted only where a trace is kept.
    #[track_caller]
    pub fn note(&self, node: Node, what: impl fmt::Display) {
        self.trace(node, Some(Location::caller()), || what.to_string());
    }

    /// Says what this execution came to; the report has the set of all of them.
    pub fn outcome(&self, outcome: impl Into<String>) {
        self.state().outcomes.insert(outcome.into());
    }

    /// A property that must hold after every event and at the end. The first
    /// `Err` ends the execution with a property failure.
    #[track_caller]
    pub fn check(&self, holds: impl Fn() -> Result<(), String> + 'static) {
        self.add_check(false, Box::new(holds), Location::caller());
    }

    /// A property that must hold when everything has happened.
    #[track_caller]
    pub fn check_at_end(&self, holds: impl Fn() -> Result<(), String> + 'static) {
        self.add_check(true, Box::new(holds), Location::caller());
    }

    /// Ends the execution with a property failure, seen at `node`.
    #[track_caller]
    pub fn violated(&self, node: Node, message: impl Into<String>) {
        let message = message.into();
        let site = Location::caller();
        self.trace(node, Some(site), || message.clone());
        if let Some(line) = self.state().trace.as_mut().and_then(|t| t.last_mut()) {
            line.guilty = true;
        }
        self.break_off(Broken::new(FailureKind::Property, message, &[site]));
    }
}

/// What the other files of the simulation ask of the world.
impl World {
    pub(super) fn state(&self) -> RefMut<'_, State> {
        self.core.state.borrow_mut()
    }

    fn add_check(
        &self,
        at_end_only: bool,
        holds: Box<dyn Fn() -> Result<(), String>>,
        site: &'static Location<'static>,
    ) {
        self.core.checks.borrow_mut().push(Check { at_end_only, holds, site });
    }

    pub(super) fn run_checks(&self, at_end: bool) {
        if self.is_over() {
            return;
        }
        for check in self.core.checks.borrow().iter() {
            if check.at_end_only && !at_end {
                continue;
            }
            if let Err(message) = (check.holds)() {
                self.break_off(Broken::new(FailureKind::Property, message, &[check.site]));
                return;
            }
        }
    }

    pub(super) fn is_over(&self) -> bool {
        let state = self.state();
        state.broken.is_some() || state.out_of_steps
    }

    /// Ends the execution. The first break counts.
    pub(super) fn break_off(&self, broken: Broken) {
        self.state().broken.get_or_insert(broken);
    }

    /// Counts one step of `node`; `false` when the bound is reached.
    pub(super) fn count_step(&self, node: Node) -> bool {
        let mut state = self.state();
        state.steps += 1;
        let what = state.now.wrapping_mul(64).wrapping_add(node.0 as u64);
        state.digest = (state.digest ^ what).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        if state.steps > state.max_steps {
            state.out_of_steps = true;
        }
        !state.out_of_steps
    }

    /// Says where the running task waits, for the report of a deadlock.
    pub(super) fn waits(&self, what: &'static str, site: &'static Location<'static>) {
        let mut state = self.state();
        if let Some(current) = state.current {
            state.tasks[current].waits = Some((what, site));
        }
    }

    /// Whether the running task is one that the execution waits for.
    pub(super) fn current_counts(&self) -> bool {
        let state = self.state();
        state.current.is_none_or(|task| state.tasks[task].counts)
    }

    /// Adds a line to a node's lane; `what` is asked only where a trace is kept.
    pub(super) fn trace(
        &self,
        node: Node,
        site: Option<&'static Location<'static>>,
        what: impl FnOnce() -> String,
    ) {
        if self.state().trace.is_none() {
            return;
        }
        let what = what();
        let mut state = self.state();
        let note = format!("at {}", seconds(Duration::from_nanos(state.now)));
        let line = TraceLine { lane: node.0, site: site.map(line_of), what, note, ..TraceLine::default() };
        state.trace.iter_mut().for_each(|t| t.push(line.clone()));
    }

    /// Takes the world apart: futures, messages and checks hold handles to it.
    pub(super) fn finish(self) -> Finished {
        let futures: Vec<_> = {
            let mut state = self.state();
            state.tasks.iter_mut().map(|task| task.future.take()).collect()
        };
        drop(futures);
        let (events, held) = {
            let mut state = self.state();
            let nodes = state.nodes.iter_mut();
            let held: Vec<_> = nodes.flat_map(|n| std::mem::take(&mut n.held)).collect();
            (state.agenda.drain(), held)
        };
        drop((events, held));
        let checks = std::mem::take(&mut *self.core.checks.borrow_mut());
        drop(checks);
        let perishable = std::mem::take(&mut *self.core.perishable.borrow_mut());
        drop(perishable);
        let programs: Vec<_> = {
            let mut state = self.state();
            state.nodes.iter_mut().filter_map(|node| node.life.program.take()).collect()
        };
        let boots = !programs.is_empty();
        drop(programs);
        let mut state = self.state();
        Finished {
            choices: std::mem::replace(&mut state.choices, Choices::zeros()),
            faults_used: state.faults_used,
            placed: state.placed,
            boots,
            steps: state.steps,
            digest: state.digest,
            out_of_steps: state.out_of_steps,
            broken: state.broken.take(),
            trace: state.trace.take(),
            outcomes: std::mem::take(&mut state.outcomes),
        }
    }
}

pub(super) fn line_of(site: &Location<'_>) -> SourceLine {
    SourceLine { file: site.file().to_owned(), line: site.line() }
}

/// A duration in nanoseconds, as the world counts them (584 years at most).
pub(super) fn nanos(d: Duration) -> u64 {
    u64::try_from(d.as_nanos()).unwrap_or(u64::MAX / 4)
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}
