//! Runs a program of blocking objects through the door.

use crate::fuzz::locks::objects::fresh;
use crate::fuzz::locks::program::{Bound, HandleOp, LockOp, LockShape, LocksProgram};
use ringwright::sync::mpsc::{self, Receiver, Sender, SyncSender, TryRecvError, TrySendError};
use ringwright::sync::thread::{self, JoinHandle, ScopedJoinHandle, Thread};
use ringwright::sync::{Arc, Barrier, Condvar, Mutex, MutexGuard, Once, OnceLock, RwLock};
use ringwright::sync::{RwLockReadGuard, RwLockWriteGuard, Weak};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};
use std::time::Duration;

struct Shared {
    program: LocksProgram,
    first: Mutex<u32>,
    /// Shared with the thread-locals, which may outlive everything else.
    second: Arc<Mutex<u32>>,
    rw: RwLock<u32>,
    condvar: Condvar,
    /// Std's, under the first mutex.
    flag: std::sync::atomic::AtomicBool,
    barrier: Barrier,
    once: Once,
    made: OnceLock<u32>,
    /// Std's: the program does not know of them.
    logs: Vec<std::sync::Mutex<String>>,
}

enum Tx {
    Unbounded(Sender<u32>),
    Bounded(SyncSender<u32>),
}

/// How a thread has the reader-writer lock.
enum Rw<'a> {
    // Held until it is dropped.
    Shared(#[expect(dead_code)] RwLockReadGuard<'a, u32>),
    Alone(RwLockWriteGuard<'a, u32>),
}

/// The guards of a thread, dropped in this order.
#[derive(Default)]
struct Guards<'a> {
    mutexes: [Option<MutexGuard<'a, u32>>; 2],
    rw: Option<Rw<'a>>,
}

/// What else a thread has, dropped in this order after the guards.
struct Ends {
    sender: Option<Tx>,
    receiver: Option<Receiver<u32>>,
    weak: Vec<Weak<()>>,
    strong: Vec<Arc<()>>,
}

/// The handles of the threads that a thread knows, by number.
type Known = Vec<Option<Thread>>;

/// A thread-local whose destructor takes the second mutex.
struct Local(RefCell<Option<Arc<Mutex<u32>>>>);

impl Drop for Local {
    fn drop(&mut self) {
        if let Some(second) = self.0.get_mut().take() {
            *second.lock().unwrap_or_else(PoisonError::into_inner) += 1000;
        }
    }
}

ringwright::sync::thread::thread_local! {
    static LOCAL: Local = const { Local(RefCell::new(None)) };
}

/// Longer than any program runs.
const TIME: Duration = Duration::from_millis(1);

/// Runs the program once and records its outcome.
pub fn run(program: &LocksProgram) {
    let shared = std::sync::Arc::new(Shared {
        program: program.clone(),
        first: Mutex::new(0),
        second: Arc::new(Mutex::new(0)),
        rw: RwLock::default(),
        condvar: Condvar::new(),
        flag: std::sync::atomic::AtomicBool::new(false),
        barrier: Barrier::new(program.barrier),
        once: Once::new(),
        made: OnceLock::new(),
        logs: program.threads.iter().map(|_| std::sync::Mutex::default()).collect(),
    });
    let mut ends = ends(program).into_iter();
    let own = ends.next().expect("there is a main thread");
    let mut known: Known = vec![Some(thread::current())];
    if program.shape == LockShape::Spawn {
        let mut handles: Vec<JoinHandle<()>> = Vec::new();
        for (number, ends) in ends.enumerate() {
            let (shared, theirs) = (std::sync::Arc::clone(&shared), known.clone());
            let handle = thread::spawn(move || Runner::start(&shared, number + 1, theirs, ends, &|_| false));
            known.push(Some(handle.thread().clone()));
            handles.push(handle);
        }
        Runner::start(&shared, 0, known, own, &|of| handles[of - 1].is_finished());
        for handle in handles {
            if handle.join().is_err() {
                shared.log(0, "panicked ");
            }
        }
    } else {
        let scope = AssertUnwindSafe(|| {
            thread::scope(|scope| {
                for (number, ends) in ends.enumerate() {
                    let (shared, theirs) = (std::sync::Arc::clone(&shared), known.clone());
                    let body = move || Runner::start(&shared, number + 1, theirs, ends, &|_| false);
                    let handle: ScopedJoinHandle<'_, ()> = scope.spawn(body);
                    known.push(Some(handle.thread().clone()));
                }
                Runner::start(&shared, 0, known, own, &|_| false);
            });
        });
        if catch_unwind(scope).is_err() {
            shared.log(0, "panicked ");
        }
    }
    for at in 0..2 {
        let (guard, poison) = unpoisoned(shared.mutex(at).lock());
        shared.log(0, &format!("m{at}={}{poison} ", *guard));
    }
    let (guard, poison) = unpoisoned(shared.rw.read());
    shared.log(0, &format!("r={}{poison} ", *guard));
    drop(guard);
    let logs: Vec<String> = shared.logs.iter().map(|log| log.lock().expect("no panic").clone()).collect();
    ringwright::check::outcome(logs.join("| "));
}

/// What each thread has at its start.
fn ends(program: &LocksProgram) -> Vec<Ends> {
    let mut channel = program.has_channel().then(|| match program.bound {
        Bound::None => {
            let (sender, receiver) = mpsc::channel();
            (Tx::Unbounded(sender), Some(receiver))
        }
        Bound::Of(most) => {
            let (sender, receiver) = mpsc::sync_channel(most);
            (Tx::Bounded(sender), Some(receiver))
        }
    });
    let value = program.handles.then(|| Arc::new(()));
    let all = (0..program.threads.len()).map(|number| Ends {
        sender: channel.as_ref().filter(|_| program.senders[number]).map(|(sender, _)| match sender {
            Tx::Unbounded(sender) => Tx::Unbounded(sender.clone()),
            Tx::Bounded(sender) => Tx::Bounded(sender.clone()),
        }),
        receiver: channel.as_mut().filter(|_| program.receiver == number).and_then(|(_, end)| end.take()),
        weak: value.iter().map(Arc::downgrade).collect(),
        strong: value.iter().map(Arc::clone).collect(),
    });
    all.collect()
}

/// The guard, and how a poisoned lock shows in the log.
fn unpoisoned<G>(result: LockResult<G>) -> (G, &'static str) {
    match result {
        Ok(guard) => (guard, ""),
        Err(poisoned) => (poisoned.into_inner(), "p"),
    }
}

/// The same for an attempt; `None` if the lock is not free.
fn attempted<G>(result: TryLockResult<G>) -> Option<(G, &'static str)> {
    match result {
        Ok(guard) => Some((guard, "")),
        Err(TryLockError::Poisoned(poisoned)) => Some((poisoned.into_inner(), "p")),
        Err(TryLockError::WouldBlock) => None,
    }
}

impl Shared {
    fn mutex(&self, at: usize) -> &Mutex<u32> {
        if at == 0 { &self.first } else { &self.second }
    }

    fn log(&self, thread: usize, text: &str) {
        self.logs[thread].lock().expect("no panic").push_str(text);
    }
}

/// A panic of the program.
fn planned() -> ! {
    resume_unwind(Box::new("planned"))
}

struct Runner<'a> {
    shared: &'a std::sync::Arc<Shared>,
    me: usize,
    at: usize,
    known: Known,
    finished: &'a dyn Fn(usize) -> bool,
}

impl<'a> Runner<'a> {
    fn start(
        shared: &'a std::sync::Arc<Shared>,
        me: usize,
        known: Known,
        mut ends: Ends,
        finished: &'a dyn Fn(usize) -> bool,
    ) {
        let mut guards = Guards::default();
        let mut runner = Runner { shared, me, at: 0, known, finished };
        for (at, op) in shared.program.threads[me].iter().enumerate() {
            runner.at = at;
            runner.step(*op, &mut guards, &mut ends);
        }
    }

    fn log(&self, text: &str) {
        self.shared.log(self.me, text);
    }

    fn step(&mut self, op: LockOp, guards: &mut Guards<'a>, ends: &mut Ends) {
        match op {
            LockOp::Lock(_) | LockOp::TryLock(_) | LockOp::Unlock(_) => self.mutex(op, guards),
            LockOp::Read
            | LockOp::TryRead
            | LockOp::Write
            | LockOp::TryWrite
            | LockOp::Downgrade
            | LockOp::Release => {
                self.read_write(op, guards);
            }
            LockOp::Wait | LockOp::WaitTimeout | LockOp::WaitWhile => self.wait(op, guards),
            LockOp::SetFlag if guards.mutexes[0].is_some() => self.shared.flag.store(true, Ordering::Relaxed),
            LockOp::SetFlag => {}
            LockOp::NotifyOne => self.shared.condvar.notify_one(),
            LockOp::NotifyAll => self.shared.condvar.notify_all(),
            LockOp::Park => thread::park(),
            LockOp::ParkTimeout => thread::park_timeout(TIME),
            LockOp::Unpark(of) => self.known.get(of).into_iter().flatten().for_each(Thread::unpark),
            LockOp::Barrier => {
                let leader = self.shared.barrier.wait().is_leader();
                self.log(if leader { "b1 " } else { "b0 " });
            }
            LockOp::Send(_) | LockOp::TrySend(_) => self.send(op, ends),
            LockOp::Recv | LockOp::TryRecv | LockOp::RecvTimeout => self.receive(op, ends),
            LockOp::DropSender => ends.sender = None,
            LockOp::DropReceiver => ends.receiver = None,
            LockOp::CallOnce { panics } => self.call_once(panics, guards.mutexes[1].is_some()),
            LockOp::GetOrInit(value) => self.log(&format!("g{} ", self.shared.made.get_or_init(|| value))),
            LockOp::Handle(op) => self.handle(op, ends),
            LockOp::UseLocal => {
                LOCAL.with(|local| *local.0.borrow_mut() = Some(Arc::clone(&self.shared.second)))
            }
            LockOp::IsFinished(of) => self.log(if (self.finished)(of) { "f1 " } else { "f0 " }),
            LockOp::Panic => planned(),
            LockOp::PanicCaught => {
                let held = std::mem::take(guards);
                let caught = catch_unwind(AssertUnwindSafe(move || {
                    let _held = held;
                    planned()
                }));
                assert!(caught.is_err(), "it panics");
            }
        }
    }

    fn mutex(&self, op: LockOp, guards: &mut Guards<'a>) {
        let shared: &'a Shared = self.shared;
        let taken = match op {
            LockOp::Unlock(at) => return guards.mutexes[at] = None,
            LockOp::Lock(at) | LockOp::TryLock(at) if guards.mutexes[at].is_some() => return,
            LockOp::Lock(at) => Some((at, unpoisoned(shared.mutex(at).lock()))),
            LockOp::TryLock(at) => match attempted(shared.mutex(at).try_lock()) {
                Some(taken) => Some((at, taken)),
                None => return self.log(&format!("m{at}! ")),
            },
            _ => None,
        };
        if let Some((at, (mut guard, poison))) = taken {
            self.log(&format!("m{at}={}{poison} ", *guard));
            *guard = fresh(self.me, self.at);
            guards.mutexes[at] = Some(guard);
        }
    }

    fn read_write(&self, op: LockOp, guards: &mut Guards<'a>) {
        let rw: &'a RwLock<u32> = &self.shared.rw;
        if op == LockOp::Release {
            guards.rw = None;
            return;
        }
        if op == LockOp::Downgrade {
            guards.rw = guards.rw.take().map(|held| match held {
                Rw::Alone(guard) => Rw::Shared(RwLockWriteGuard::downgrade(guard)),
                shared => shared,
            });
            return;
        }
        if guards.rw.is_some() {
            return;
        }
        let read = match op {
            LockOp::Read => Some(unpoisoned(rw.read())),
            LockOp::TryRead => attempted(rw.try_read()),
            _ => None,
        };
        let written = match op {
            LockOp::Write => Some(unpoisoned(rw.write())),
            LockOp::TryWrite => attempted(rw.try_write()),
            _ => None,
        };
        guards.rw = match (read, written) {
            (Some((guard, poison)), _) => {
                self.log(&format!("r={}{poison} ", *guard));
                Some(Rw::Shared(guard))
            }
            (_, Some((mut guard, poison))) => {
                self.log(&format!("r={}{poison} ", *guard));
                *guard = fresh(self.me, self.at);
                Some(Rw::Alone(guard))
            }
            _ => {
                self.log("r! ");
                None
            }
        };
    }

    fn wait(&self, op: LockOp, guards: &mut Guards<'a>) {
        let Some(guard) = guards.mutexes[0].take() else { return };
        let condvar = &self.shared.condvar;
        let (guard, text) = if op != LockOp::WaitTimeout {
            // Relaxed: the mutex orders it.
            let unset = |_: &mut u32| !self.shared.flag.load(Ordering::Relaxed);
            let waited =
                if op == LockOp::Wait { condvar.wait(guard) } else { condvar.wait_while(guard, unset) };
            let (guard, poison) = unpoisoned(waited);
            let text = format!("w{}{poison} ", *guard);
            (guard, text)
        } else {
            let ((guard, late), poison) = unpoisoned(condvar.wait_timeout(guard, TIME));
            let text = format!("w{}{poison}{} ", *guard, if late.timed_out() { "late" } else { "woken" });
            (guard, text)
        };
        self.log(&text);
        guards.mutexes[0] = Some(guard);
    }

    fn send(&self, op: LockOp, ends: &Ends) {
        let text = match (&ends.sender, op) {
            (None, _) => return,
            (Some(Tx::Unbounded(sender)), LockOp::Send(message) | LockOp::TrySend(message)) => {
                if sender.send(message).is_ok() { "s+ " } else { "s- " }
            }
            (Some(Tx::Bounded(sender)), LockOp::TrySend(message)) => match sender.try_send(message) {
                Ok(()) => "s+ ",
                Err(TrySendError::Full(_)) => "s! ",
                Err(TrySendError::Disconnected(_)) => "s- ",
            },
            (Some(Tx::Bounded(sender)), LockOp::Send(message)) => {
                if sender.send(message).is_ok() {
                    "s+ "
                } else {
                    "s- "
                }
            }
            _ => unreachable!("the caller sends"),
        };
        self.log(text);
    }

    fn receive(&self, op: LockOp, ends: &Ends) {
        let Some(receiver) = &ends.receiver else { return };
        let received = match op {
            LockOp::Recv => receiver.recv().map_err(|_| "v- "),
            LockOp::TryRecv => receiver.try_recv().map_err(|error| match error {
                TryRecvError::Empty => "v! ",
                TryRecvError::Disconnected => "v- ",
            }),
            _ => receiver.recv_timeout(TIME).map_err(|error| match error {
                mpsc::RecvTimeoutError::Timeout => "v! ",
                mpsc::RecvTimeoutError::Disconnected => "v- ",
            }),
        };
        match received {
            Ok(message) => self.log(&format!("v{message} ")),
            Err(text) => self.log(text),
        }
    }

    fn call_once(&self, panics: bool, has_mutex: bool) {
        let mut text = "o0 ";
        let body = || {
            if !has_mutex {
                let (mut guard, poison) = unpoisoned(self.shared.mutex(1).lock());
                self.log(&format!("c{}{poison} ", *guard));
                *guard = fresh(self.me, self.at);
            }
            if panics {
                planned();
            }
            text = "o1 ";
        };
        let caught = catch_unwind(AssertUnwindSafe(|| self.shared.once.call_once(body)));
        self.log(if caught.is_ok() { text } else { "o! " });
    }

    fn handle(&self, op: HandleOp, ends: &mut Ends) {
        let told = |yes: bool| self.log(if yes { "y " } else { "n " });
        let Ends { weak, strong, .. } = ends;
        match op {
            HandleOp::DropWeak if !weak.is_empty() => drop(weak.pop()),
            HandleOp::Upgrade if !weak.is_empty() => {
                let up = weak[0].upgrade();
                told(up.is_some());
                strong.extend(up);
            }
            HandleOp::DropWeak | HandleOp::Upgrade => {}
            _ if strong.is_empty() => {}
            HandleOp::Clone => strong.push(Arc::clone(&strong[0])),
            HandleOp::Drop => drop(strong.pop()),
            HandleOp::Downgrade => weak.push(Arc::downgrade(&strong[0])),
            HandleOp::GetMut => told(Arc::get_mut(&mut strong[0]).is_some()),
            HandleOp::TryUnwrap => match Arc::try_unwrap(strong.pop().expect("it is not empty")) {
                Ok(()) => told(true),
                Err(back) => {
                    told(false);
                    strong.push(back);
                }
            },
            HandleOp::IntoInner => {
                told(Arc::into_inner(strong.pop().expect("it is not empty")).is_some());
            }
        }
    }
}
