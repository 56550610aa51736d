//! The world of one execution: what a model asks of it, and what it says about itself.

use crate::report::cause::Cause;
use crate::report::data::{FailureKind, Limit, TraceLine};
use crate::search::choice::Choices;
use crate::sim::limits::{TimeLimit, cut_short};
use crate::sim::menu::FaultMenu;
use crate::sim::node::Node;
use crate::sim::poll_monitor::PollMonitor;
use crate::sim::ready::ReadyQueue;
use crate::sim::record::{RunRecord, cause, line_of};
use crate::sim::resource::NodeResource;
use crate::sim::rules::Rules;
use crate::sim::state::WorldState;
use crate::sim::time::seconds;
use std::cell::{RefCell, RefMut};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// One execution of a model. Clones are handles to the same world.
///
/// The closure given to [`Sim::run`](crate::sim::Sim::run) gets a fresh one each
/// time; it spawns the nodes' tasks and states the properties.
#[derive(Clone)]
pub struct World {
    pub(super) core: Rc<Core>,
}

/// Who looks after an execution from outside.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) time: TimeLimit,
    pub(super) heartbeat: Arc<PollMonitor>,
}

pub(super) struct Core {
    pub(super) heartbeat: Arc<PollMonitor>,
    state: RefCell<WorldState>,
    pub(super) ready: Arc<ReadyQueue>,
    properties: RefCell<Vec<Property>>,
    /// What a crash takes part of.
    resources: RefCell<Vec<Rc<dyn NodeResource>>>,
}

struct Property {
    at_end_only: bool,
    holds: Box<dyn Fn() -> Result<(), String>>,
    site: &'static Location<'static>,
}

impl World {
    pub(super) fn new(
        rules: &Rules,
        menu: Rc<FaultMenu>,
        choices: Choices,
        watched: &Watched,
        tracing: bool,
    ) -> Self {
        World {
            core: Rc::new(Core {
                state: RefCell::new(WorldState::new(rules, menu, choices, watched.time, tracing)),
                heartbeat: Arc::clone(&watched.heartbeat),
                ready: Arc::default(),
                properties: RefCell::default(),
                resources: RefCell::default(),
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

    /// True time since the start, for oracles. Nodes have [`clock`](Self::clock).
    #[track_caller]
    pub fn now(&self) -> Duration {
        self.operation();
        Duration::from_nanos(self.state().now)
    }

    /// One of `0..of`: a choice of the model itself. All are explored; it costs
    /// no fault.
    ///
    /// # Panics
    ///
    /// `of` is 0.
    #[track_caller]
    pub fn any(&self, of: u32) -> u32 {
        self.operation();
        self.state().choices.pick(of)
    }

    /// Adds a line to the node's lane. Formatted only where a trace is kept.
    #[track_caller]
    pub fn note(&self, node: Node, what: impl fmt::Display) {
        self.operation();
        self.trace(node, Some(Location::caller()), || what.to_string());
    }

    /// Records the outcome of this execution. The report holds the set of all.
    #[track_caller]
    pub fn outcome(&self, outcome: impl Into<String>) {
        self.operation();
        self.state().outcomes.insert(outcome.into());
    }

    /// A property that must hold after every event and at the end. The first
    /// `Err` ends the execution with a property failure.
    #[track_caller]
    pub fn check(&self, holds: impl Fn() -> Result<(), String> + 'static) {
        self.add_property(false, Box::new(holds), Location::caller());
    }

    /// A property that must hold when everything has happened.
    #[track_caller]
    pub fn check_at_end(&self, holds: impl Fn() -> Result<(), String> + 'static) {
        self.add_property(true, Box::new(holds), Location::caller());
    }

    /// Ends the execution with a property failure, seen at `node`.
    #[track_caller]
    pub fn violated(&self, node: Node, message: impl Into<String>) {
        self.operation();
        let message = message.into();
        let site = Location::caller();
        self.trace(node, Some(site), || message.clone());
        if let Some(line) = self.state().trace.as_mut().and_then(|t| t.last_mut()) {
            line.guilty = true;
        }
        self.fail(cause(FailureKind::Property, message, &[site]));
    }
}

/// What the other files of the simulation ask of the world.
impl World {
    pub(super) fn state(&self) -> RefMut<'_, WorldState> {
        self.core.state.borrow_mut()
    }

    /// Counts an operation that does not wait, and ends the poll of a task that makes too many in a row.
    #[track_caller]
    pub(super) fn operation(&self) {
        let running = {
            let state = self.state();
            state.current.map(|task| state.tasks[task].node)
        };
        if !self.counts_operation(running.unwrap_or(Node(0)), Location::caller()) {
            cut_short();
        }
    }

    /// Counts an operation of `node`. `false`: it is one too many, or the time is over.
    pub(super) fn counts_operation(&self, node: Node, site: &'static Location<'static>) -> bool {
        let mut state = self.state();
        let limit = state.limits.operation(node, site);
        let goes_on = limit.is_none();
        // A failure that is known ends the execution as well, and says more.
        if state.failure.is_none() {
            state.limit = state.limit.take().or(limit);
        }
        goes_on
    }

    /// Lets crashes take part of `resource`.
    pub(super) fn add_resource(&self, resource: Rc<dyn NodeResource>) {
        self.core.resources.borrow_mut().push(resource);
    }

    pub(super) fn resources(&self) -> Vec<Rc<dyn NodeResource>> {
        self.core.resources.borrow().clone()
    }

    fn add_property(
        &self,
        at_end_only: bool,
        holds: Box<dyn Fn() -> Result<(), String>>,
        site: &'static Location<'static>,
    ) {
        self.core.properties.borrow_mut().push(Property { at_end_only, holds, site });
    }

    pub(super) fn check_properties(&self, at_end: bool) {
        if self.is_over() {
            return;
        }
        // A property may compute for as long as it needs.
        self.core.heartbeat.rest();
        for property in self.core.properties.borrow().iter() {
            if property.at_end_only && !at_end {
                continue;
            }
            if let Err(message) = (property.holds)() {
                self.fail(cause(FailureKind::Property, message, &[property.site]));
                return;
            }
        }
    }

    pub(super) fn is_over(&self) -> bool {
        let state = self.state();
        state.failure.is_some() || state.limit.is_some()
    }

    /// Ends the execution with a failure. The first one counts.
    pub(super) fn fail(&self, cause: Cause) {
        self.state().failure.get_or_insert(cause);
    }

    /// Ends the execution because a limit was reached. The first one counts.
    pub(super) fn stop_at(&self, limit: Limit) {
        self.state().limit.get_or_insert(limit);
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

    /// Takes the world apart: futures, messages and properties hold handles to it.
    pub(super) fn finish(self) -> RunRecord {
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
        let properties = std::mem::take(&mut *self.core.properties.borrow_mut());
        drop(properties);
        let resources = std::mem::take(&mut *self.core.resources.borrow_mut());
        drop(resources);
        let programs: Vec<_> = {
            let mut state = self.state();
            state.nodes.iter_mut().filter_map(|node| node.life.program.take()).collect()
        };
        let boots = !programs.is_empty();
        drop(programs);
        self.state().take_record(boots)
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}
