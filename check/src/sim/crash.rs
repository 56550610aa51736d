//! Crashes: a node loses all that is not on its disk, and starts anew.
//!
//! A node may crash if it says how it starts ([`World::boot`]). A crash takes
//! all of its tasks, its inboxes, its calls and timers, and leaves of each disk
//! and file one of the states that its `NodeResource` names. While it is down
//! what is sent to it is lost; then its program is started again, on the same
//! disks.
//!
//! # Where
//!
//! At every await (`StopSite`): where a task is left waiting, where one is woken
//! but has not yet acted (what woke it is lost with it), and before each
//! operation takes effect. Two of these that lie at the same time with no code
//! of the node in between are one.

use crate::sim::agenda::Weight;
use crate::sim::lifecycle::{Program, StartFn};
use crate::sim::menu::{Downtime, FaultKind};
use crate::sim::node::Node;
use crate::sim::state::WorldEvent;
use crate::sim::time::nanos;
use crate::sim::world::World;
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;

impl World {
    /// Starts a program on a node, and again after every crash. Only nodes that
    /// were started in this way crash.
    ///
    /// `start` makes the program: everything that it makes and the future owns is
    /// lost in a crash. What is to survive is on a [`Disk`](crate::sim::Disk) or
    /// [`File`](crate::sim::File) made outside. The program need not finish; tasks
    /// that it starts on its node die with it.
    ///
    /// # Panics
    ///
    /// The node has a program already.
    #[track_caller]
    pub fn boot<F: Future<Output = ()> + 'static>(&self, node: Node, start: impl Fn() -> F + 'static) {
        let start: StartFn = Rc::new(move || Box::pin(start()));
        let program = Program { start, site: Location::caller() };
        let before = self.state().nodes[node.0].life.program.replace(program);
        assert!(before.is_none(), "{} was booted already", self.name(node));
        self.start(node);
    }

    /// Whether the node runs. For oracles: no node can know this of another.
    #[track_caller]
    pub fn is_up(&self, node: Node) -> bool {
        self.operation();
        !self.is_down(node)
    }

    fn start(&self, node: Node) {
        let program = self.state().nodes[node.0].life.program.clone();
        if let Some(program) = program {
            self.add_task_at(node, false, (program.start)(), program.site);
        }
    }

    pub(super) fn is_down(&self, node: Node) -> bool {
        self.state().nodes[node.0].life.down
    }

    /// The node stops here and now. [`clear_crashed`](Self::clear_crashed) does
    /// the rest, once none of its code is on the stack.
    pub(super) fn crash(&self, node: Node, down: Downtime) {
        self.trace(node, None, || format!("crash, {down}"));
        self.mark_fault(FaultKind::Crash);
        let mut state = self.state();
        state.nodes[node.0].life.down = true;
        if let Downtime::For(span) = down {
            let at = state.now + nanos(span);
            state.agenda.put_first(at, Weight::Work, WorldEvent::Reboot(node));
        }
    }

    /// Takes from a crashed node what a crash takes.
    pub(super) fn clear_crashed(&self, node: Node) {
        let futures = {
            let mut state = self.state();
            let state = &mut *state;
            let mut futures = Vec::new();
            for task in state.tasks.iter_mut().filter(|task| task.node == node && !task.done) {
                task.done = true;
                state.unfinished -= usize::from(task.counts);
                futures.push(task.future.take());
            }
            let node = &mut state.nodes[node.0];
            node.parked.clear();
            node.paused_until = 0;
            node.life.live = 0;
            futures
        };
        drop(futures);
        for resource in self.resources() {
            let ways = resource.ways(node);
            let way = self.state().choices.pick(ways);
            if let Some(lost) = resource.crash(node, way) {
                self.trace(node, None, || lost);
            }
        }
    }

    /// The node is up again.
    pub(super) fn reboot(&self, node: Node) {
        self.trace(node, None, || "starts again".to_owned());
        let gates = {
            let mut state = self.state();
            let node = &mut state.nodes[node.0];
            node.life.down = false;
            node.life.goes_on();
            std::mem::take(&mut node.gates)
        };
        gates.into_iter().for_each(std::task::Waker::wake);
        self.start(node);
    }
}
