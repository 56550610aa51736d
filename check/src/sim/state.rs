//! The state of one execution: its time, its nodes, its tasks, its faults.

use crate::report::cause::Cause;
use crate::report::data::{Limit, TraceLine};
use crate::search::choice::Choices;
use crate::sim::agenda::{Agenda, AgendaSlot, Weight};
use crate::sim::delivery::Datagram;
use crate::sim::lifecycle::NodeLifecycle;
use crate::sim::limits::{ExecutionLimits, TimeLimit};
use crate::sim::menu::{ClockFault, FaultCounts, FaultMenu};
use crate::sim::node::Node;
use crate::sim::partition::Partition;
use crate::sim::record::RunRecord;
use crate::sim::rules::Rules;
use crate::sim::time::{nanos, seconds};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

/// Tasks that a hint names, at most.
const HINTED: usize = 3;

/// A future that runs on a node.
pub(super) struct NodeTask {
    pub(super) node: Node,
    /// Whether the world goes on until this one has finished.
    pub(super) counts: bool,
    /// Taken while it is polled; gone once it has finished.
    pub(super) future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    pub(super) waker: Waker,
    /// It was just resumed from a pause: it makes a step before the next one.
    pub(super) resumed: bool,
    pub(super) done: bool,
    pub(super) spawned: &'static Location<'static>,
    /// Where it waits, if it said so.
    pub(super) waits: Option<(&'static str, &'static Location<'static>)>,
}

/// A timer of a node. Dropped sleeps cancel theirs.
pub(super) struct NodeTimer {
    pub(super) node: Node,
    /// Its place in the agenda, as long as it is there.
    pub(super) slot: Cell<Option<AgendaSlot>>,
    pub(super) fired: Cell<bool>,
    pub(super) waker: RefCell<Option<Waker>>,
}

/// Something that will happen in a world.
pub(super) enum WorldEvent {
    /// A message reaches its receiver. `settled`: what becomes of it was chosen
    /// before.
    Arrival { datagram: Box<dyn Datagram>, settled: bool },
    /// A timer runs out.
    Timer(Rc<NodeTimer>),
    /// A node comes out of its pause.
    Resumption(Node),
    /// A node that has crashed starts again.
    Reboot(Node),
    /// A partition is over: the one that began at this place in the list.
    Healing(usize),
}

/// The state of a node.
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
    pub(super) held: Vec<(u64, Box<dyn Datagram>)>,
    /// Chosen when a clock of the node is first read.
    pub(super) clock: Option<Option<ClockFault>>,
    /// Set by the model.
    pub(super) wall_offset: i128,
    pub(super) life: NodeLifecycle,
}

/// The state of an execution.
pub(super) struct WorldState {
    pub(super) now: u64,
    pub(super) settle: u64,
    pub(super) latency: u64,
    pub(super) agenda: Agenda<WorldEvent>,
    pub(super) nodes: Vec<NodeState>,
    pub(super) tasks: Vec<NodeTask>,
    pub(super) current: Option<usize>,
    pub(super) unfinished: usize,
    pub(super) idle_since: Option<u64>,
    /// What the present event is, and with it what a server does because of it.
    pub(super) cause: Weight,
    pub(super) calls: u64,
    pub(super) menu: Rc<FaultMenu>,
    pub(super) faults: u32,
    pub(super) faults_used: u32,
    pub(super) placed: FaultCounts,
    pub(super) partitions: Vec<Partition>,
    pub(super) odds: f64,
    pub(super) choices: Choices,
    pub(super) limits: ExecutionLimits,
    /// A hash of who did something when, to see whether a run is the same.
    digest: u64,
    pub(super) limit: Option<Limit>,
    pub(super) failure: Option<Cause>,
    pub(super) trace: Option<Vec<TraceLine>>,
    pub(super) outcomes: BTreeSet<String>,
}

impl NodeState {
    fn new(name: &str) -> Self {
        NodeState {
            name: name.to_owned(),
            paused_until: 0,
            parked: Vec::new(),
            gates: Vec::new(),
            events: 0,
            held: Vec::new(),
            clock: None,
            wall_offset: 0,
            life: NodeLifecycle::default(),
        }
    }
}

impl WorldState {
    pub(super) fn new(
        rules: &Rules,
        menu: Rc<FaultMenu>,
        choices: Choices,
        time: TimeLimit,
        tracing: bool,
    ) -> Self {
        WorldState {
            now: 0,
            settle: nanos(rules.settle),
            latency: nanos(rules.latency).max(1),
            agenda: Agenda::default(),
            nodes: rules.nodes.iter().map(|name| NodeState::new(name)).collect(),
            tasks: Vec::new(),
            current: None,
            unfinished: 0,
            idle_since: None,
            cause: Weight::Work,
            calls: 0,
            menu,
            faults: rules.faults,
            faults_used: 0,
            placed: FaultCounts::default(),
            partitions: Vec::new(),
            odds: rules.odds,
            choices,
            limits: ExecutionLimits::new(rules.max_steps, time),
            digest: 0,
            limit: None,
            failure: None,
            trace: tracing.then(Vec::new),
            outcomes: BTreeSet::new(),
        }
    }

    /// Counts one step of `node`; `false` when the bound is reached.
    pub(super) fn count_step(&mut self, node: Node) -> bool {
        let limit = self.limits.step();
        let what = self.now.wrapping_mul(64).wrapping_add(node.0 as u64);
        self.digest = (self.digest ^ what).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        self.limit = self.limit.take().or(limit);
        self.limit.is_none()
    }

    /// Lets a message arrive one latency from now. What a server sends by a timer of
    /// its own, and all that follows from that, is no work.
    pub(super) fn send(&mut self, datagram: Box<dyn Datagram>) {
        let at = self.now.saturating_add(self.latency);
        let counts = self.current.is_some_and(|task| self.tasks[task].counts);
        let weight = if counts || self.cause == Weight::Work { Weight::Work } else { Weight::Motion };
        self.agenda.put(at, weight, WorldEvent::Arrival { datagram, settled: false });
    }

    /// Chooses among `count` faults and none (0), if one is left to spend.
    pub(super) fn spend(&mut self, count: u32) -> u32 {
        if count == 0 || self.faults_used == self.faults {
            return 0;
        }
        let pick = self.choices.pick_rare(count + 1, self.odds);
        self.faults_used += u32::from(pick > 0);
        pick
    }

    /// Takes out the first message that is held back, at whichever node.
    pub(super) fn oldest_held(&mut self) -> Option<Box<dyn Datagram>> {
        let node = self.nodes.iter_mut().find(|node| !node.held.is_empty())?;
        Some(node.held.remove(0).1)
    }

    /// The first message that waited long enough at this node.
    pub(super) fn due_held(&mut self, node: Node) -> Option<Box<dyn Datagram>> {
        let node = &mut self.nodes[node.0];
        let at = node.held.iter().position(|held| held.0 <= node.events)?;
        Some(node.held.remove(at).1)
    }

    /// Whether a partition is there that will heal.
    pub(super) fn is_divided(&self) -> bool {
        self.partitions.iter().any(|partition| partition.heals_after(self.now))
    }

    /// What the execution was about when it reached a limit of its own.
    fn hint(&self) -> Option<String> {
        let limit = self.limit.as_ref()?;
        let now = seconds(Duration::from_nanos(self.now));
        if let Some((node, site)) = self.limits.loops_at {
            let name = &self.nodes[node.0].name;
            return Some(format!(
                "at the limit ({limit}) {name} was in a loop that waits for nothing ({site})"
            ));
        }
        if let Some(since) = self.idle_since {
            let (since, settle) =
                (seconds(Duration::from_nanos(since)), seconds(Duration::from_nanos(self.settle)));
            return Some(format!(
                "the limit ({limit}) came at {now} of simulated time; since {since} servers only went on by \
                 their own timers, which they may for {settle} (Sim::settle)"
            ));
        }
        let waits = |task: &NodeTask| {
            let (what, site) = task.waits.unwrap_or(("an await", task.spawned));
            format!("{} waits in {what} ({site})", self.nodes[task.node.0].name)
        };
        let open = self.tasks.iter().filter(|task| task.counts && !task.done).map(waits);
        let open: Vec<String> = open.take(HINTED).collect();
        let open =
            if open.is_empty() { "all tasks that must finish had".to_owned() } else { open.join(", ") };
        Some(format!("the limit ({limit}) came at {now} of simulated time: {open}"))
    }

    /// The record of this execution, which is over. `boots`: whether a node
    /// could crash.
    pub(super) fn take_record(&mut self, boots: bool) -> RunRecord {
        RunRecord {
            choices: std::mem::replace(&mut self.choices, Choices::zeros()),
            faults_used: self.faults_used,
            placed: self.placed,
            boots,
            steps: self.limits.steps,
            hint: self.hint(),
            digest: self.digest,
            limit: self.limit.take(),
            failure: self.failure.take(),
            trace: self.trace.take(),
            outcomes: std::mem::take(&mut self.outcomes),
        }
    }
}
