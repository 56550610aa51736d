//! Crashes: a node loses all that is not on its disk, and starts anew.
//!
//! A node may crash if it says how it starts ([`World::boot`]). A crash takes
//! all of its tasks, its inboxes, its calls and timers, and leaves of each disk
//! and file what a [`Perishable`] says. While it is down what is sent to it is
//! lost; then its program is started again, on the same disks.
//!
//! # Where
//!
//! At every await: where a task is left waiting ([`Place::Wait`]), where one is
//! woken but has not yet acted ([`Place::Wake`]: what woke it is lost with it),
//! and before each operation takes effect ([`Place::Gate`]). Two of these that
//! lie at the same time with no code of the node in between are one.

use crate::sim::agenda::Event;
use crate::sim::plan::{Down, Kind};
use crate::sim::world::{Node, State, World, nanos};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;

/// Starts a node's program.
type Start = Rc<dyn Fn() -> Pin<Box<dyn Future<Output = ()>>>>;

/// The program of a node.
#[derive(Clone)]
pub(super) struct Program {
    start: Start,
    site: &'static Location<'static>,
}

/// Whether a node runs, and what it runs.
#[derive(Default)]
pub(super) struct Life {
    pub(super) program: Option<Program>,
    pub(super) down: bool,
    /// Tasks that have not finished.
    pub(super) live: usize,
    /// Counts the stretches of the node's own code.
    progress: u64,
    /// When a crash was last asked for: the time, and the progress then.
    asked: Option<(u64, u64)>,
}

/// A place where a node may be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A task was woken and is about to go on.
    Wake,
    /// An operation is about to take effect.
    Gate,
    /// A sleep is about to begin: a crash here is one where the task waits.
    Sleep,
    /// A task has gone as far as it could.
    Wait,
}

/// Something that loses its contents, or some of them, when a node crashes.
pub(super) trait Perishable {
    /// In how many ways a crash of `node` can leave it; at least 1.
    fn ways(&self, node: Node) -> u32;
    /// `node` has crashed and leaves it in this way. Says what is lost, if a
    /// reader wants to know.
    fn crash(&self, node: Node, way: u32) -> Option<String>;
}

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
        let start: Start = Rc::new(move || Box::pin(start()));
        let program = Program { start, site: Location::caller() };
        let before = self.state().nodes[node.0].life.program.replace(program);
        assert!(before.is_none(), "{} was booted already", self.name(node));
        self.start(node);
    }

    /// Whether the node runs. For oracles: no node can know this of another.
    pub fn is_up(&self, node: Node) -> bool {
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

    /// The node stops here and now. [`bury`](Self::bury) does the rest, once
    /// none of its code is on the stack.
    pub(super) fn strike(&self, node: Node, down: Down) {
        self.trace(node, None, || format!("crash, {down}"));
        self.mark_fault(Kind::Crash);
        let mut state = self.state();
        state.nodes[node.0].life.down = true;
        if let Down::For(span) = down {
            let at = state.now + nanos(span);
            state.agenda.put(at, Event::Boot(node));
        }
    }

    /// Takes from a crashed node what a crash takes.
    pub(super) fn bury(&self, node: Node) {
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
        let perishable = self.core.perishable.borrow().clone();
        for thing in perishable {
            let ways = thing.ways(node);
            let way = self.state().choices.pick(ways);
            if let Some(lost) = thing.crash(node, way) {
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
            node.life.progress += 1;
            std::mem::take(&mut node.gates)
        };
        gates.into_iter().for_each(std::task::Waker::wake);
        self.start(node);
    }
}

impl State {
    /// Whether a crash of the node here is one that was not asked for yet.
    pub(super) fn may_crash(&mut self, node: Node, place: Place) -> bool {
        let life = &mut self.nodes[node.0].life;
        if place == Place::Sleep || life.program.is_none() || life.live == 0 || life.down {
            return false;
        }
        let here = (self.now, life.progress);
        life.asked.replace(here) != Some(here)
    }

    /// Code of the node has run, or an operation of it takes effect.
    pub(super) fn goes_on(&mut self, node: Node) {
        self.nodes[node.0].life.progress += 1;
    }
}
