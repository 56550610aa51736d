//! The run of an execution: what happens next, and who acts on it.
//!
//! One step takes the earliest event (a message arrives, a timer fires, a node
//! comes out of a pause), lets it act, and then polls every task that is ready,
//! in the order in which they became ready, until none is. Ties in time go in
//! the order of creation. Computing takes no simulated time.

use crate::report::data::FailureKind;
use crate::sim::agenda::{Entry, Weight};
use crate::sim::lifecycle::StopSite;
use crate::sim::node::Node;
use crate::sim::record::cause;
use crate::sim::state::{NodeTask, WorldEvent};
use crate::sim::time::seconds;
use crate::sim::world::World;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

/// What the world does next.
enum NextStep {
    /// The earliest event, at this time.
    Event,
    /// A message that waits for others, now that no other is left.
    Release,
    /// Nothing: the execution is over.
    Quiet,
}

impl World {
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

    #[track_caller]
    fn add_task(&self, node: Node, counts: bool, future: impl Future<Output = ()> + 'static) {
        self.add_task_at(node, counts, Box::pin(future), Location::caller());
    }

    pub(super) fn add_task_at(
        &self,
        node: Node,
        counts: bool,
        future: Pin<Box<dyn Future<Output = ()>>>,
        spawned: &'static Location<'static>,
    ) {
        let mut state = self.state();
        let task = state.tasks.len();
        let waker = self.core.ready.waker_of(task);
        state.tasks.push(NodeTask {
            node,
            counts,
            future: Some(future),
            waker,
            resumed: false,
            done: false,
            spawned,
            waits: None,
        });
        state.unfinished += usize::from(counts);
        state.nodes[node.0].life.live += 1;
        drop(state);
        self.core.ready.push(task);
    }

    /// Runs until the execution is over.
    pub(super) fn run_to_end(&self) {
        loop {
            self.poll_ready();
            self.check_properties(false);
            if self.is_over() || !self.step() {
                break;
            }
        }
        if !self.is_over() {
            self.check_properties(true);
        }
    }

    fn poll_ready(&self) {
        while let Some(task) = self.core.ready.pop() {
            let (node, resumed) = {
                let mut state = self.state();
                let task = &mut state.tasks[task];
                // A finished task may still be woken by a waker it left behind.
                if task.done {
                    continue;
                }
                (task.node, std::mem::take(&mut task.resumed))
            };
            if !self.state().count_step(node) {
                return;
            }
            if self.is_paused(node) || (!resumed && self.stop_point(node, StopSite::Wake)) {
                self.state().nodes[node.0].parked.push(task);
            } else {
                self.poll_task(task);
                if self.is_over() {
                    return;
                }
                // The poll may have stopped the node at a gate.
                if !self.is_down(node) && !self.is_paused(node) {
                    self.stop_point(node, StopSite::Wait);
                }
            }
            if self.is_down(node) {
                self.clear_crashed(node);
            }
        }
    }

    fn poll_task(&self, task: usize) {
        let (future, waker) = {
            let mut state = self.state();
            let slot = &mut state.tasks[task];
            slot.waits = None;
            let node = slot.node;
            let taken = (slot.future.take(), slot.waker.clone());
            state.current = Some(task);
            state.nodes[node.0].life.goes_on();
            taken
        };
        let Some(mut future) = future else { return };
        self.watched(task);
        let finished = future.as_mut().poll(&mut Context::from_waker(&waker));
        self.core.heartbeat.rest();
        if finished.is_ready() {
            drop(future);
            let mut state = self.state();
            let (counts, node) = (state.tasks[task].counts, state.tasks[task].node);
            state.tasks[task].done = true;
            state.unfinished -= usize::from(counts);
            state.nodes[node.0].life.live -= 1;
        } else {
            self.state().tasks[task].future = Some(future);
        }
        self.state().current = None;
    }

    /// Tells the watchdog whose task is about to be polled.
    fn watched(&self, task: usize) {
        let state = self.state();
        self.core.heartbeat.poll(&state.nodes[state.tasks[task].node.0].name);
    }

    /// Takes the next event. `false`: there is none.
    fn step(&self) -> bool {
        match self.next() {
            NextStep::Quiet => {
                self.report_stuck();
                return false;
            }
            NextStep::Release => {
                let held = self.state().oldest_held();
                if let Some(datagram) = held {
                    self.state().cause = Weight::Work;
                    self.hand_over(datagram);
                }
            }
            NextStep::Event => {
                let entry = self.state().agenda.take();
                if let Some(entry) = entry {
                    self.act(entry);
                }
            }
        }
        !self.is_over()
    }

    /// Decides what comes next; changes nothing but the clock of idleness.
    fn next(&self) -> NextStep {
        let mut state = self.state();
        let state = &mut *state;
        let next = state.agenda.next_at();
        let moves = state.agenda.has_motion();
        let held = state.nodes.iter().any(|node| !node.held.is_empty());
        if held && !moves {
            return NextStep::Release;
        }
        // What a fault has put off will come, and servers that still send may need a partition to heal.
        if held || state.agenda.has_work() || moves && state.is_divided() {
            state.idle_since = None;
            return NextStep::Event;
        }
        let since = *state.idle_since.get_or_insert(state.now);
        match next {
            Some(at) if at <= since.saturating_add(state.settle) => NextStep::Event,
            _ => NextStep::Quiet,
        }
    }

    fn act(&self, entry: Entry<WorldEvent>) {
        {
            let mut state = self.state();
            state.now = entry.at();
            state.cause = match &entry.event {
                WorldEvent::Arrival { .. } | WorldEvent::Timer(_) => entry.weight(),
                // What follows from a fault is as finite as the faults.
                WorldEvent::Resumption(_) | WorldEvent::Reboot(_) | WorldEvent::Healing(_) => Weight::Work,
            };
        }
        let node = match &entry.event {
            WorldEvent::Arrival { datagram, .. } => datagram.to(),
            WorldEvent::Timer(timer) => timer.node,
            WorldEvent::Resumption(node) => return self.resume(*node),
            WorldEvent::Reboot(node) => return self.reboot(*node),
            WorldEvent::Healing(place) => return self.heal(*place),
        };
        if !self.state().count_step(node) {
            return;
        }
        if self.is_paused(node) {
            self.postpone(entry, node);
            return;
        }
        match entry.event {
            WorldEvent::Arrival { datagram, settled: true } => self.hand_over(datagram),
            WorldEvent::Arrival { datagram, .. } => self.arrive(datagram),
            WorldEvent::Timer(timer) => {
                timer.slot.set(None);
                timer.fired.set(true);
                let waker = timer.waker.borrow_mut().take();
                if let Some(waker) = waker {
                    waker.wake();
                }
                self.after_event(node);
            }
            WorldEvent::Resumption(_) | WorldEvent::Reboot(_) | WorldEvent::Healing(_) => {}
        }
    }

    /// Puts off what was to happen at a node until the end of its pause.
    fn postpone(&self, entry: Entry<WorldEvent>, node: Node) {
        let timer = match &entry.event {
            WorldEvent::Timer(timer) => Some(Rc::clone(timer)),
            _ => None,
        };
        let mut state = self.state();
        let until = state.nodes[node.0].paused_until;
        let slot = state.agenda.postpone(entry, until);
        if let Some(timer) = timer {
            timer.slot.set(Some(slot));
        }
    }

    /// A node comes out of its pause: what it was about to do, it does first.
    fn resume(&self, node: Node) {
        let (gates, parked) = {
            let mut state = self.state();
            let now = state.now;
            let node = &mut state.nodes[node.0];
            // A crash cut the pause short.
            if node.life.down || node.paused_until != now {
                return;
            }
            (std::mem::take(&mut node.gates), std::mem::take(&mut node.parked))
        };
        self.trace(node, None, || "goes on".to_owned());
        gates.into_iter().for_each(Waker::wake);
        parked.into_iter().for_each(|task| self.core.ready.push(task));
        for task in self.core.ready.all() {
            self.state().tasks[task].resumed = true;
        }
    }

    /// Polls what the event made ready, then lets in the messages that waited
    /// for an event at this node.
    pub(super) fn after_event(&self, node: Node) {
        self.poll_ready();
        if self.is_over() {
            return;
        }
        self.state().nodes[node.0].events += 1;
        let due = self.state().due_held(node);
        if let Some(datagram) = due {
            self.check_properties(false);
            self.state().cause = Weight::Work;
            self.hand_over(datagram);
        }
    }

    /// The world has gone quiet: is anybody left waiting?
    fn report_stuck(&self) {
        let state = self.state();
        if state.unfinished == 0 {
            return;
        }
        let stuck = state.tasks.iter().filter(|task| task.counts && !task.done);
        let mut sites = Vec::new();
        let mut lines = Vec::new();
        for task in stuck {
            let name = &state.nodes[task.node.0].name;
            let (what, site) = task.waits.unwrap_or(("an await", task.spawned));
            lines.push(format!("{name} waits in {what} ({site})"));
            sites.push(site);
        }
        let mut message = format!("nothing is left to happen, but {}", lines.join(", "));
        if state.agenda.has_motion() || state.agenda.next_at().is_some() {
            let settle = seconds(Duration::from_nanos(state.settle));
            message.push_str(&format!(" (servers went on by their own timers for {settle})"));
        }
        drop(state);
        self.fail(cause(FailureKind::Deadlock, message, &sites));
    }
}
