//! The plain state of the reference: the objects and the threads between two atomic steps.

use crate::fuzz::locks::program::{Bound, Broken, LocksProgram};
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// A mutex.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Mutex {
    pub(super) taken: bool,
    pub(super) value: u32,
    pub(super) poisoned: bool,
}

/// How a thread has the reader-writer lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Hold {
    #[default]
    Not,
    Shared,
    Alone,
}

/// A reader-writer lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct RwLock {
    pub(super) readers: usize,
    pub(super) writer: bool,
    pub(super) value: u32,
    pub(super) poisoned: bool,
}

/// The state of a `Once`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Once {
    #[default]
    Incomplete,
    Running,
    Complete,
    Poisoned,
}

/// What a thread does between its operations, or in the midst of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// Stands before its next operation.
    #[default]
    Ready,
    /// Waits for a notification.
    Waiting { timed: bool, notified: bool },
    /// Waits for the mutex after a wait.
    Relock { late: bool },
    /// Waits for the end of a round.
    AtBarrier { round: usize },
    /// Waits for the receiver to take a message.
    Offering { message: u32, taken: bool },
    /// Waits for a message of a channel of bound 0.
    Receiving { timed: bool, handed: Option<u32> },
    /// Waits to write, if readers care.
    WaitingToWrite,
    /// Runs the closure of the `Once`: before the second mutex, with it, after it.
    InOnce { stage: u8 },
    /// Drops its guards because of a panic that it will catch.
    Unwinding,
    /// Drops what it has, at its end.
    Ending,
    /// Runs the destructor of its thread-local: before the mutex, with it.
    Local { locked: bool },
    /// Waits for the thread with this number.
    Joining(usize),
    /// Waits for the end of the scope.
    AtEndOfScope,
    /// Reads the last values: of the mutexes, of the reader-writer lock.
    Last(usize),
    /// Is over.
    Done,
}

/// A thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Thread {
    pub(super) at: usize,
    pub(super) phase: Phase,
    pub(super) log: String,
    pub(super) mutexes: [bool; 2],
    pub(super) rw: Hold,
    pub(super) sender: bool,
    pub(super) receiver: bool,
    pub(super) weak: usize,
    pub(super) strong: usize,
    pub(super) local: bool,
    pub(super) token: bool,
    pub(super) spurious: u8,
    pub(super) panicked: bool,
    /// Its closure is over, though not its thread-locals.
    pub(super) finished: bool,
}

/// Everything that changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) threads: Vec<Thread>,
    pub(super) mutexes: [Mutex; 2],
    pub(super) flag: bool,
    pub(super) rw: RwLock,
    pub(super) here: usize,
    pub(super) round: usize,
    pub(super) queue: Vec<u32>,
    pub(super) receiver_gone: bool,
    pub(super) once: Once,
    pub(super) made: Option<u32>,
}

/// A state of the reference.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) program: Rc<LocksProgram>,
    pub(super) world: World,
}

impl PartialEq for State {
    fn eq(&self, other: &State) -> bool {
        self.world == other.world
    }
}

impl Eq for State {}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.world.hash(hasher);
    }
}

impl State {
    pub(super) fn new(program: &LocksProgram) -> State {
        let mut world = World::default();
        for number in 0..program.threads.len() {
            let channel = program.has_channel();
            world.threads.push(Thread {
                sender: channel && program.senders[number],
                receiver: channel && program.receiver == number,
                weak: usize::from(program.handles),
                strong: usize::from(program.handles),
                spurious: program.spurious,
                ..Thread::default()
            });
        }
        State { program: Rc::new(program.clone()), world }
    }
}

impl State {
    pub(super) fn with(&self, thread: usize, change: impl FnOnce(&mut World, usize)) -> State {
        let mut state = self.clone();
        change(&mut state.world, thread);
        state
    }

    /// The state after the thread's operation, with `text` in its log.
    pub(super) fn after(&self, thread: usize, text: &str, change: impl FnOnce(&mut World, usize)) -> State {
        self.with(thread, |world, me| {
            change(world, me);
            world.threads[me].log.push_str(text);
            world.threads[me].phase = Phase::Ready;
            world.threads[me].at += 1;
        })
    }

    pub(super) fn is_broken(&self, what: Broken) -> bool {
        self.program.broken == Some(what)
    }
}

impl World {
    pub(super) fn senders(&self) -> usize {
        self.threads.iter().filter(|thread| thread.sender).count()
    }

    /// Whether the receiver waits and has nothing yet; its thread.
    pub(super) fn waiting_receiver(&self) -> Option<usize> {
        let waits = |thread: &Thread| matches!(thread.phase, Phase::Receiving { handed: None, .. });
        self.threads.iter().position(waits)
    }

    /// Whether one more message has a place.
    pub(super) fn has_room(&self, bound: Bound) -> bool {
        match bound {
            Bound::None => true,
            Bound::Of(most) => self.queue.len() < most,
        }
    }
}

impl World {
    pub(super) fn unlock(&mut self, me: usize, at: usize, panics: bool) {
        self.mutexes[at].taken = false;
        self.mutexes[at].poisoned |= panics;
        self.threads[me].mutexes[at] = false;
    }

    pub(super) fn release(&mut self, me: usize, panics: bool) {
        if self.threads[me].rw == Hold::Alone {
            self.rw.writer = false;
            self.rw.poisoned |= panics;
        } else {
            self.rw.readers -= 1;
        }
        self.threads[me].rw = Hold::Not;
    }

    pub(super) fn drop_receiver(&mut self, me: usize) {
        self.threads[me].receiver = false;
        self.receiver_gone = true;
        self.queue.clear();
    }
}

/// What is written under a lock by the operation at this place: another value each time.
pub(super) fn fresh(thread: usize, at: usize) -> u32 {
    10 * (thread as u32 + 1) + at as u32
}

pub(super) fn poison(poisoned: bool) -> &'static str {
    if poisoned { "p" } else { "" }
}
