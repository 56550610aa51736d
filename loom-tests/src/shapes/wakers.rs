//! Futures, wakers, timers and channels that close.

use crate::shapes::body::{Plain, both};
use crate::shapes::shape::{Shape, Structure};
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use ringwright::sync::cell::UnsafeCell;
use ringwright::sync::hint::spin_loop;
use ringwright::sync::task::block_on;
use ringwright::sync::{Mutex, thread};
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

const ATOMIC_WAKER: &str = "futures-rs, AtomicWaker: its documented states and order of use";

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "atomic-waker-register-after-the-check",
        source: ATOMIC_WAKER,
        buggy: || flag_future(WakerFlaw::CheckFirst),
        fixed: || flag_future(WakerFlaw::None),
        expected: &[FailureKind::Deadlock],
    },
    Shape {
        name: "atomic-waker-wake-during-register-lost",
        source: ATOMIC_WAKER,
        buggy: || flag_future(WakerFlaw::WakeLost),
        fixed: || flag_future(WakerFlaw::None),
        expected: &[FailureKind::Deadlock],
    },
    Shape {
        name: "atomic-waker-takes-what-is-being-written",
        source: ATOMIC_WAKER,
        buggy: || flag_future(WakerFlaw::NoState),
        fixed: || flag_future(WakerFlaw::None),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "waker-of-an-earlier-poll-kept",
        source: "Rust standard library, Future::poll: only the last Waker must be woken",
        buggy: || replaced_waker(true),
        fixed: || replaced_waker(false),
        expected: &[FailureKind::Deadlock],
    },
    Shape {
        name: "timer-fires-while-cancelled",
        source: "Linux, del_timer and del_timer_sync: a handler may still run",
        buggy: || timer(true),
        fixed: || timer(false),
        expected: &[FailureKind::Race, FailureKind::UseAfterFree],
    },
    Shape {
        name: "channel-send-after-close-lost",
        source: "Tu et al., Understanding real-world concurrency bugs in Go, ASPLOS 2019",
        buggy: || closing_channel(true),
        fixed: || closing_channel(false),
        expected: &[FailureKind::Panic],
    },
];

pub(super) const STRUCTURES: &[Structure] =
    &[Structure { name: "atomic-waker-two-wakers", source: ATOMIC_WAKER, model: two_wakers }];

#[derive(Clone, Copy, PartialEq)]
enum WakerFlaw {
    None,
    /// The future looks at the flag, and registers afterwards.
    CheckFirst,
    /// Whoever registers does not look whether somebody woke meanwhile.
    WakeLost,
    /// Whoever wakes takes the waker without asking for it.
    NoState,
}

const WAITING: u8 = 0;
const REGISTERING: u8 = 1;
const WAKING: u8 = 2;

/// One waker, registered by one task and taken by whoever wakes it.
struct AtomicWaker {
    flaw: WakerFlaw,
    state: AtomicU8,
    waker: UnsafeCell<Option<Waker>>,
}

// SAFETY: the state says who may touch the waker; the models check it.
unsafe impl Sync for AtomicWaker {}

impl AtomicWaker {
    fn new(flaw: WakerFlaw) -> AtomicWaker {
        AtomicWaker { flaw, state: AtomicU8::new(WAITING), waker: UnsafeCell::new(None) }
    }

    fn put(&self, waker: Option<Waker>) -> Option<Waker> {
        // SAFETY: the engine has seen the access, and runs one thread at a time.
        self.waker.with_mut(|place| unsafe { std::mem::replace(&mut *place, waker) })
    }

    fn register(&self, waker: &Waker) {
        // Acquire: pairs with the Release of whoever has taken a waker out.
        let tried = self.state.compare_exchange(WAITING, REGISTERING, Ordering::Acquire, Ordering::Relaxed);
        if tried.is_err() {
            // Somebody wakes right now: the task must look again when that is done.
            // Acquire: pairs with the Release in `wake`.
            while self.state.load(Ordering::Acquire) != WAITING {
                spin_loop();
            }
            waker.wake_by_ref();
            return;
        }
        drop(self.put(Some(waker.clone())));
        if self.flaw == WakerFlaw::WakeLost {
            // Release: pairs with the AcqRel in `wake`.
            self.state.store(WAITING, Ordering::Release);
            return;
        }
        // AcqRel: pairs with the AcqRel in `wake`, both ways: the waker for it, the event for this task.
        // Acquire: pairs with the same, when it fails.
        let tried = self.state.compare_exchange(REGISTERING, WAITING, Ordering::AcqRel, Ordering::Acquire);
        if tried.is_err() {
            // Somebody woke meanwhile, and has left the waker to this thread.
            let waker = self.put(None);
            // AcqRel: pairs with the AcqRel in `wake`.
            self.state.swap(WAITING, Ordering::AcqRel);
            waker.into_iter().for_each(Waker::wake);
        }
    }

    fn wake(&self) {
        if self.flaw == WakerFlaw::NoState {
            self.put(None).into_iter().for_each(Waker::wake);
            return;
        }
        // AcqRel: pairs with the Acquire and AcqRel in `register`, both ways.
        if self.state.fetch_or(WAKING, Ordering::AcqRel) == WAITING {
            let waker = self.put(None);
            // Release: pairs with the Acquire in `register`.
            self.state.fetch_and(!WAKING, Ordering::Release);
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

/// A future that is ready when `ready` says so.
fn wait_for(waker: &AtomicWaker, ready: impl Fn() -> bool) {
    block_on(poll_fn(|context| {
        if waker.flaw == WakerFlaw::CheckFirst && ready() {
            return Poll::Ready(());
        }
        waker.register(context.waker());
        if waker.flaw != WakerFlaw::CheckFirst && ready() { Poll::Ready(()) } else { Poll::Pending }
    }));
}

fn flag_future(flaw: WakerFlaw) {
    let (waker, ready) = (AtomicWaker::new(flaw), AtomicBool::new(false));
    let setter = || {
        ready.store(true, Ordering::Relaxed);
        waker.wake();
    };
    both(setter, || wait_for(&waker, || ready.load(Ordering::Relaxed)));
}

fn two_wakers() {
    let (waker, events) = (AtomicWaker::new(WakerFlaw::None), AtomicUsize::new(0));
    let setter = || {
        events.fetch_add(1, Ordering::Relaxed);
        waker.wake();
    };
    thread::scope(|scope| {
        scope.spawn(setter);
        scope.spawn(setter);
        wait_for(&waker, || events.load(Ordering::Relaxed) == 2);
    });
}

/// A future is polled once by a task that goes away, and then by another one.
fn replaced_waker(flaw: bool) {
    #[derive(Default)]
    struct Shared {
        done: bool,
        waker: Option<Waker>,
    }
    let shared = Mutex::new(Shared::default());
    let poll = |context: &mut Context<'_>| {
        let mut shared = shared.lock().unwrap();
        if shared.done {
            return Poll::Ready(());
        }
        if !flaw || shared.waker.is_none() {
            shared.waker = Some(context.waker().clone());
        }
        Poll::Pending
    };
    let finish = || {
        let mut shared = shared.lock().unwrap();
        shared.done = true;
        let waker = shared.waker.take();
        drop(shared);
        waker.into_iter().for_each(Waker::wake);
    };
    both(finish, || {
        if poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            block_on(poll_fn(poll));
        }
    });
}

/// A timer's handler uses what whoever cancels it takes away.
fn timer(flaw: bool) {
    const ARMED: u8 = 0;
    const FIRED: u8 = 1;
    const CANCELLED: u8 = 2;
    let (state, context) = (AtomicU8::new(ARMED), Plain::new(7));
    let claim = |how: u8| {
        if flaw {
            let armed = state.load(Ordering::Relaxed) == ARMED;
            if armed {
                state.store(how, Ordering::Relaxed);
            }
            return armed;
        }
        state.compare_exchange(ARMED, how, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    };
    let fire = || {
        if claim(FIRED) {
            assert_eq!(context.get(), 7);
        }
    };
    both(fire, || {
        if claim(CANCELLED) {
            context.set(0);
        }
    });
}

/// What is sent with success is received, or drained when the channel closes.
fn closing_channel(flaw: bool) {
    let (closed, items) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let (mut sent, mut drained) = (false, 0);
    let send = || {
        if flaw && closed.load(Ordering::Relaxed) {
            return;
        }
        let mut items = items.lock().unwrap();
        if !closed.load(Ordering::Relaxed) || flaw {
            items.push(1);
            sent = true;
        }
    };
    both(send, || {
        let mut items = items.lock().unwrap();
        closed.store(true, Ordering::Relaxed);
        drained = items.drain(..).count();
    });
    assert_eq!(usize::from(sent), drained, "an item is lost");
}
