//! Tasks, wakers and the queue of events: what happens next.
//!
//! One step takes the earliest event (a message arrives, a timer fires, a node
//! comes out of a pause), lets it act, and then polls every task that is ready,
//! in the order in which they became ready, until none is. Ties in time go in
//! the order of creation. Computing takes no simulated time.

use super::network::Parcel;
use super::world::{Node, World};
use std::cell::{Cell, RefCell};
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

/// The tasks that wakers have made ready. Wakers must be `Send + Sync`, so this
/// is behind a lock although only one thread ever comes here.
#[derive(Default)]
pub(super) struct Ready(Mutex<ReadyList>);

#[derive(Default)]
struct ReadyList {
    order: VecDeque<usize>,
    queued: Vec<bool>,
}

impl Ready {
    fn list(&self) -> MutexGuard<'_, ReadyList> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, task: usize) {
        let mut list = self.list();
        if list.queued.len() <= task {
            list.queued.resize(task + 1, false);
        }
        if !list.queued[task] {
            list.queued[task] = true;
            list.order.push_back(task);
        }
    }

    fn pop(&self) -> Option<usize> {
        let mut list = self.list();
        let task = list.order.pop_front()?;
        list.queued[task] = false;
        Some(task)
    }

    fn all(&self) -> Vec<usize> {
        self.list().order.iter().copied().collect()
    }
}

struct TaskWaker {
    task: usize,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.ready.push(self.task);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.push(self.task);
    }
}

/// A future that runs on a node.
pub(super) struct Task {
    pub(super) node: Node,
    /// Whether the world goes on until this one has finished.
    pub(super) counts: bool,
    /// Taken while it is polled; gone once it has finished.
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    waker: Waker,
    /// It was just resumed from a pause: it makes a step before the next one.
    resumed: bool,
    pub(super) done: bool,
    pub(super) spawned: &'static Location<'static>,
    /// Where it waits, if it said so.
    pub(super) waits: Option<(&'static str, &'static Location<'static>)>,
}

/// A timer of a node. Dropped sleeps cancel theirs.
pub(super) struct Timer {
    pub(super) node: Node,
    /// Whether a task that counts waits for it.
    pub(super) counts: bool,
    pub(super) state: Cell<TimerState>,
    pub(super) waker: RefCell<Option<Waker>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimerState {
    Armed,
    Fired,
    Cancelled,
}

/// Something that will happen.
pub(super) enum Event {
    /// A message is at its receiver's door. `settled`: its fate was chosen before.
    Arrive {
        parcel: Box<dyn Parcel>,
        settled: bool,
    },
    Fire(Rc<Timer>),
    Resume(Node),
}

/// An event in the queue. Ordered by when it happens, then by when it was due
/// (a pause puts events off), then by creation.
struct Entry {
    at: u64,
    due: u64,
    number: u64,
    event: Event,
}

impl Entry {
    fn key(&self) -> (u64, u64, u64) {
        (self.at, self.due, self.number)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// The queue, and how much of it keeps the world going.
#[derive(Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<Entry>>,
    created: u64,
    /// Entries other than timers that nobody who counts waits for.
    work: usize,
}

impl Agenda {
    fn counts(event: &Event) -> bool {
        match event {
            Event::Arrive { .. } | Event::Resume(_) => true,
            Event::Fire(timer) => timer.counts && timer.state.get() == TimerState::Armed,
        }
    }

    pub(super) fn put(&mut self, at: u64, event: Event) {
        // A node wakes before anything that was put off until then.
        let due = if matches!(event, Event::Resume(_)) {
            0
        } else {
            at
        };
        self.put_due(at, due, event);
    }

    fn put_due(&mut self, at: u64, due: u64, event: Event) {
        self.work += usize::from(Self::counts(&event));
        let number = self.created;
        self.created += 1;
        self.heap.push(Reverse(Entry {
            at,
            due,
            number,
            event,
        }));
    }

    pub(super) fn cancel(&mut self, timer: &Timer) {
        if timer.state.replace(TimerState::Cancelled) == TimerState::Armed && timer.counts {
            self.work -= 1;
        }
    }

    /// When the next event happens; forgets cancelled timers on the way.
    fn next_at(&mut self) -> Option<u64> {
        while let Some(Reverse(entry)) = self.heap.peek() {
            match &entry.event {
                Event::Fire(timer) if timer.state.get() != TimerState::Armed => {
                    self.heap.pop();
                }
                _ => return Some(entry.at),
            }
        }
        None
    }

    fn take(&mut self) -> Option<Entry> {
        let Reverse(entry) = self.heap.pop()?;
        self.work -= usize::from(Self::counts(&entry.event));
        Some(entry)
    }

    /// Throws everything away, and hands it out so that it drops elsewhere.
    pub(super) fn drain(&mut self) -> Vec<Event> {
        self.work = 0;
        self.heap.drain().map(|Reverse(e)| e.event).collect()
    }
}

/// What the world does next.
enum Next {
    /// The earliest event, at this time.
    Event,
    /// A message that waits for others, now that no other is left.
    Release,
    /// Nothing: the execution is over.
    Quiet,
}

impl World {
    #[track_caller]
    pub(super) fn add_task(
        &self,
        node: Node,
        counts: bool,
        future: impl Future<Output = ()> + 'static,
    ) {
        let spawned = Location::caller();
        let ready = Arc::clone(&self.core.ready);
        let mut state = self.state();
        let task = state.tasks.len();
        let waker = Waker::from(Arc::new(TaskWaker { task, ready }));
        state.tasks.push(Task {
            node,
            counts,
            future: Some(Box::pin(future)),
            waker,
            resumed: false,
            done: false,
            spawned,
            waits: None,
        });
        state.unfinished += usize::from(counts);
        drop(state);
        self.core.ready.push(task);
    }

    /// Runs until the execution is over or broken.
    pub(super) fn run_to_end(&self) {
        loop {
            self.poll_ready();
            self.run_checks(false);
            if self.is_over() || !self.step() {
                break;
            }
        }
        if !self.is_over() {
            self.run_checks(true);
        }
    }

    fn poll_ready(&self) {
        while let Some(task) = self.core.ready.pop() {
            let node = self.state().tasks[task].node;
            if !self.count_step(node) {
                return;
            }
            let resumed = std::mem::take(&mut self.state().tasks[task].resumed);
            if self.is_paused(node) || (!resumed && self.pause_point(node)) {
                self.state().nodes[node.0].parked.push(task);
                continue;
            }
            self.poll_task(task);
            if self.is_over() {
                return;
            }
        }
    }

    fn poll_task(&self, task: usize) {
        let (future, waker) = {
            let mut state = self.state();
            let slot = &mut state.tasks[task];
            slot.waits = None;
            (slot.future.take(), slot.waker.clone())
        };
        // A finished task may still be woken by a waker it left behind.
        let Some(mut future) = future else { return };
        self.state().current = Some(task);
        let finished = future.as_mut().poll(&mut Context::from_waker(&waker));
        if finished.is_ready() {
            drop(future);
            let mut state = self.state();
            let counts = state.tasks[task].counts;
            state.tasks[task].done = true;
            state.unfinished -= usize::from(counts);
        } else {
            self.state().tasks[task].future = Some(future);
        }
        self.state().current = None;
    }

    /// Takes the next event. `false`: there is none.
    fn step(&self) -> bool {
        match self.next() {
            Next::Quiet => {
                self.report_stuck();
                return false;
            }
            Next::Release => {
                let held = self.state().oldest_held();
                if let Some(parcel) = held {
                    self.hand_over(parcel);
                }
            }
            Next::Event => {
                let entry = self.state().agenda.take();
                if let Some(entry) = entry {
                    self.act(entry);
                }
            }
        }
        !self.is_over()
    }

    /// Decides what comes next; changes nothing but the clock of idleness.
    fn next(&self) -> Next {
        let mut state = self.state();
        let state = &mut *state;
        let next = state.agenda.next_at();
        if state.agenda.work > 0 {
            state.idle_since = None;
            return Next::Event;
        }
        if state.nodes.iter().any(|node| !node.held.is_empty()) {
            return Next::Release;
        }
        let since = *state.idle_since.get_or_insert(state.now);
        match next {
            Some(at) if at <= since + state.settle => Next::Event,
            _ => Next::Quiet,
        }
    }

    fn act(&self, entry: Entry) {
        self.state().now = entry.at;
        let node = match &entry.event {
            Event::Arrive { parcel, .. } => parcel.to(),
            Event::Fire(timer) => timer.node,
            Event::Resume(node) => {
                self.resume(*node);
                return;
            }
        };
        if !self.count_step(node) {
            return;
        }
        if self.is_paused(node) {
            let mut state = self.state();
            let until = state.nodes[node.0].paused_until;
            state.agenda.put_due(until, entry.due, entry.event);
            return;
        }
        match entry.event {
            Event::Arrive {
                parcel,
                settled: true,
            } => self.hand_over(parcel),
            Event::Arrive { parcel, .. } => self.arrive(parcel),
            Event::Fire(timer) => {
                timer.state.set(TimerState::Fired);
                let waker = timer.waker.borrow_mut().take();
                if let Some(waker) = waker {
                    waker.wake();
                }
                self.after_event(node);
            }
            Event::Resume(_) => {}
        }
    }

    /// A node comes out of its pause: what it was about to do, it does first.
    fn resume(&self, node: Node) {
        let (gates, parked) = {
            let mut state = self.state();
            let node = &mut state.nodes[node.0];
            (
                std::mem::take(&mut node.gates),
                std::mem::take(&mut node.parked),
            )
        };
        self.trace(node, None, || "goes on".to_owned());
        gates.into_iter().for_each(Waker::wake);
        parked
            .into_iter()
            .for_each(|task| self.core.ready.push(task));
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
        if let Some(parcel) = due {
            self.run_checks(false);
            self.hand_over(parcel);
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
        let message = format!("nothing is left to happen, but {}", lines.join(", "));
        drop(state);
        self.break_off(super::FailureKind::Deadlock, message, &sites);
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("node", &self.node)
            .field("counts", &self.counts)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

impl Task {
    /// The future, to be dropped when the execution is over.
    pub(super) fn take_future(&mut self) -> Option<Pin<Box<dyn Future<Output = ()>>>> {
        self.future.take()
    }
}
