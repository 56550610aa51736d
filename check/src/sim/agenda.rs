//! What is waiting to happen: the ready tasks, and the queue of events.

use crate::sim::network::Parcel;
use crate::sim::world::Node;
use std::cell::{Cell, RefCell};
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

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

    pub(super) fn pop(&self) -> Option<usize> {
        let mut list = self.list();
        let task = list.order.pop_front()?;
        list.queued[task] = false;
        Some(task)
    }

    pub(super) fn all(&self) -> Vec<usize> {
        self.list().order.iter().copied().collect()
    }
}

struct TaskWaker {
    task: usize,
    ready: Arc<Ready>,
}

/// The waker of a task.
pub(super) fn waker_of(task: usize, ready: &Arc<Ready>) -> Waker {
    let ready = Arc::clone(ready);
    Waker::from(Arc::new(TaskWaker { task, ready }))
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
    /// A node that has crashed starts again.
    Boot(Node),
    /// A partition is over: the one that began at this place in the list.
    Heal(usize),
}

/// An event in the queue. Ordered by when it happens, then by when it was due
/// (a pause puts events off), then by creation.
pub(super) struct Entry {
    pub(super) at: u64,
    pub(super) due: u64,
    number: u64,
    pub(super) event: Event,
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
    pub(super) work: usize,
}

impl Agenda {
    fn counts(event: &Event) -> bool {
        match event {
            Event::Arrive { .. } | Event::Resume(_) | Event::Boot(_) => true,
            Event::Heal(_) => false,
            Event::Fire(timer) => timer.counts && timer.state.get() == TimerState::Armed,
        }
    }

    pub(super) fn put(&mut self, at: u64, event: Event) {
        // A node wakes before anything that was put off until then.
        let wakes = matches!(event, Event::Resume(_) | Event::Boot(_) | Event::Heal(_));
        let due = if wakes { 0 } else { at };
        self.put_due(at, due, event);
    }

    pub(super) fn put_due(&mut self, at: u64, due: u64, event: Event) {
        self.work += usize::from(Self::counts(&event));
        let number = self.created;
        self.created += 1;
        self.heap.push(Reverse(Entry { at, due, number, event }));
    }

    pub(super) fn cancel(&mut self, timer: &Timer) {
        if timer.state.replace(TimerState::Cancelled) == TimerState::Armed && timer.counts {
            self.work -= 1;
        }
    }

    /// When the next event happens; forgets cancelled timers on the way.
    pub(super) fn next_at(&mut self) -> Option<u64> {
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

    pub(super) fn take(&mut self) -> Option<Entry> {
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
