//! Waiting and waking: condition variables, parking, event counts, semaphores.

use crate::shapes::body::both;
use crate::shapes::shape::{Shape, Structure};
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};
use ringwright::sync::{Condvar, Mutex, thread};

const HANSEN: &str = "Lampson and Redell, Experience with processes and monitors in Mesa, CACM 1980";
const EVENT_COUNT: &str =
    "Vyukov, Event counts, 2008; Reed and Kanodia, Synchronization with eventcounts, CACM 1979";
const STUCK: &[FailureKind] = &[FailureKind::Deadlock];

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "condvar-if-instead-of-while",
        source: HANSEN,
        buggy: || condvar_if(true),
        fixed: || condvar_if(false),
        expected: &[FailureKind::Panic],
    },
    Shape {
        name: "condvar-flag-set-without-the-lock",
        source: "Butenhof, Programming with POSIX threads, 1997: lost wake-ups",
        buggy: || flag_without_lock(true),
        fixed: || flag_without_lock(false),
        expected: STUCK,
    },
    Shape {
        name: "condvar-notify-one-of-two-kinds",
        source: "Bloch, Effective Java: prefer notifyAll",
        buggy: || two_kinds(true),
        fixed: || two_kinds(false),
        expected: STUCK,
    },
    Shape {
        name: "park-without-recheck",
        source: "Rust standard library, thread::park: it may return for no reason",
        buggy: || park_once(true),
        fixed: || park_once(false),
        expected: &[FailureKind::Panic],
    },
    Shape {
        name: "event-count-no-fence-before-the-wait",
        source: EVENT_COUNT,
        buggy: || event_count(EventFlaw::NoWaiterFence),
        fixed: || event_count(EventFlaw::None),
        expected: STUCK,
    },
    Shape {
        name: "event-count-no-fence-before-the-look",
        source: EVENT_COUNT,
        buggy: || event_count(EventFlaw::NoNotifierFence),
        fixed: || event_count(EventFlaw::None),
        expected: STUCK,
    },
    Shape {
        name: "event-count-key-after-the-check",
        source: EVENT_COUNT,
        buggy: || event_count(EventFlaw::KeyLate),
        fixed: || event_count(EventFlaw::None),
        expected: STUCK,
    },
    Shape {
        name: "work-stealing-sleep-store-buffering",
        source: "Rayon, rayon-core/src/sleep/README.md: the sequentially consistent fences",
        buggy: || sleepy_worker(true),
        fixed: || sleepy_worker(false),
        expected: STUCK,
    },
    Shape {
        name: "thread-pool-shutdown-wakes-one",
        source: "Goetz et al., Java concurrency in practice, 2006",
        buggy: || shutdown(true),
        fixed: || shutdown(false),
        expected: STUCK,
    },
    Shape {
        name: "semaphore-wakes-only-from-zero",
        source: "JDK-6801020: a concurrent release of a Semaphore leaves a thread unsignalled",
        buggy: || semaphore(true),
        fixed: || semaphore(false),
        expected: STUCK,
    },
];

pub(super) const STRUCTURES: &[Structure] = &[
    Structure { name: "event-count-two-waiters", source: EVENT_COUNT, model: two_waiters },
    Structure { name: "event-count-two-events", source: EVENT_COUNT, model: two_events },
];

fn condvar_if(flaw: bool) {
    let (items, filled) = (Mutex::new(Vec::new()), Condvar::new());
    let consumer = || {
        let mut guard = items.lock().unwrap();
        if flaw {
            if guard.is_empty() {
                guard = filled.wait(guard).unwrap();
            }
        } else {
            guard = filled.wait_while(guard, |items| items.is_empty()).unwrap();
        }
        assert_eq!(guard.pop(), Some(1), "woken for nothing");
    };
    both(consumer, || {
        items.lock().unwrap().push(1);
        filled.notify_one();
    });
}

/// The flag is set between the waiter's look and its wait.
fn flag_without_lock(flaw: bool) {
    let (lock, done, changed) = (Mutex::new(()), AtomicBool::new(false), Condvar::new());
    let setter = || {
        let guard = if flaw { None } else { Some(lock.lock().unwrap()) };
        done.store(true, Ordering::Relaxed);
        drop(guard);
        changed.notify_one();
    };
    both(setter, || {
        let guard = lock.lock().unwrap();
        drop(changed.wait_while(guard, |()| !done.load(Ordering::Relaxed)).unwrap());
    });
}

/// A buffer of one place, one producer, two consumers. If both kinds wait on one
/// condition variable, a consumer's wake-up can reach the other consumer.
fn two_kinds(flaw: bool) {
    let (full, changed, emptied) = (Mutex::new(false), Condvar::new(), Condvar::new());
    let (filled, emptied) = if flaw { (&changed, &changed) } else { (&changed, &emptied) };
    let put = || {
        let mut guard = emptied.wait_while(full.lock().unwrap(), |full| *full).unwrap();
        *guard = true;
        filled.notify_one();
    };
    let take = || {
        let mut guard = filled.wait_while(full.lock().unwrap(), |full| !*full).unwrap();
        *guard = false;
        emptied.notify_one();
    };
    thread::scope(|scope| {
        scope.spawn(take);
        scope.spawn(take);
        put();
        put();
    });
}

fn park_once(flaw: bool) {
    let (ready, main) = (AtomicBool::new(false), thread::current());
    let setter = || {
        ready.store(true, Ordering::Relaxed);
        main.unpark();
    };
    both(setter, || {
        if flaw {
            thread::park();
        } else {
            while !ready.load(Ordering::Relaxed) {
                thread::park();
            }
        }
        assert!(ready.load(Ordering::Relaxed), "woken for nothing");
    });
}

#[derive(Clone, Copy, PartialEq)]
enum EventFlaw {
    None,
    /// The waiter counts itself and looks at the condition, with nothing between.
    NoWaiterFence,
    /// The notifier makes the condition true and looks for waiters, with nothing between.
    NoNotifierFence,
    /// The waiter takes its key after it has looked at the condition.
    KeyLate,
}

struct EventCount {
    flaw: EventFlaw,
    waiters: AtomicU32,
    epoch: Mutex<u32>,
    changed: Condvar,
}

impl EventCount {
    fn new(flaw: EventFlaw) -> EventCount {
        EventCount { flaw, waiters: AtomicU32::new(0), epoch: Mutex::new(0), changed: Condvar::new() }
    }

    fn key(&self) -> u32 {
        *self.epoch.lock().unwrap()
    }

    fn wait_until(&self, condition: impl Fn() -> bool) {
        while !condition() {
            self.waiters.fetch_add(1, Ordering::Relaxed);
            if self.flaw != EventFlaw::NoWaiterFence {
                // SeqCst: pairs with the SeqCst fence in `notify`.
                fence(Ordering::SeqCst);
            }
            let early = self.key();
            if !condition() {
                let key = if self.flaw == EventFlaw::KeyLate { self.key() } else { early };
                let guard = self.epoch.lock().unwrap();
                drop(self.changed.wait_while(guard, |epoch| *epoch == key).unwrap());
            }
            self.waiters.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn notify(&self) {
        if self.flaw != EventFlaw::NoNotifierFence {
            // SeqCst: pairs with the SeqCst fence in `wait_until`: either the waiter sees the condition, or
            // this thread sees the waiter.
            fence(Ordering::SeqCst);
        }
        if self.waiters.load(Ordering::Relaxed) > 0 {
            *self.epoch.lock().unwrap() += 1;
            self.changed.notify_all();
        }
    }
}

fn event_count(flaw: EventFlaw) {
    let (events, ready) = (EventCount::new(flaw), AtomicBool::new(false));
    let setter = || {
        ready.store(true, Ordering::Relaxed);
        events.notify();
    };
    both(setter, || events.wait_until(|| ready.load(Ordering::Relaxed)));
}

fn two_waiters() {
    let (events, ready) = (EventCount::new(EventFlaw::None), AtomicBool::new(false));
    let wait = || events.wait_until(|| ready.load(Ordering::Relaxed));
    thread::scope(|scope| {
        scope.spawn(wait);
        scope.spawn(wait);
        ready.store(true, Ordering::Relaxed);
        events.notify();
    });
}

fn two_events() {
    let (events, items) = (EventCount::new(EventFlaw::None), AtomicU32::new(0));
    let producer = || {
        for items_now in [1, 2] {
            items.store(items_now, Ordering::Relaxed);
            events.notify();
        }
    };
    both(producer, || {
        events.wait_until(|| items.load(Ordering::Relaxed) >= 1);
        events.wait_until(|| items.load(Ordering::Relaxed) == 2);
    });
}

/// A worker that finds no job says that it sleeps, looks once more and parks.
fn sleepy_worker(flaw: bool) {
    let (jobs, sleeping, worker) = (AtomicU32::new(0), AtomicBool::new(false), thread::current());
    let submit = || {
        jobs.store(1, Ordering::Relaxed);
        if !flaw {
            // SeqCst: pairs with the SeqCst fence of the worker.
            fence(Ordering::SeqCst);
        }
        if sleeping.load(Ordering::Relaxed) {
            worker.unpark();
        }
    };
    both(submit, || {
        loop {
            sleeping.store(true, Ordering::Relaxed);
            // SeqCst: pairs with the SeqCst fence of whoever submits.
            fence(Ordering::SeqCst);
            if jobs.load(Ordering::Relaxed) > 0 {
                break;
            }
            thread::park();
        }
    });
}

/// Two workers wait for jobs; then the pool is told to end.
fn shutdown(flaw: bool) {
    let (ended, changed) = (Mutex::new(false), Condvar::new());
    let worker = || drop(changed.wait_while(ended.lock().unwrap(), |ended| !*ended).unwrap());
    thread::scope(|scope| {
        scope.spawn(worker);
        scope.spawn(worker);
        *ended.lock().unwrap() = true;
        if flaw {
            changed.notify_one();
        } else {
            changed.notify_all();
        }
    });
}

/// Two permits come one after the other; the second finds one there already.
fn semaphore(flaw: bool) {
    let (permits, some) = (Mutex::new(0), Condvar::new());
    let acquire = || {
        let mut guard = some.wait_while(permits.lock().unwrap(), |permits| *permits == 0).unwrap();
        *guard -= 1;
    };
    let release = || {
        let mut guard = permits.lock().unwrap();
        *guard += 1;
        if !flaw || *guard == 1 {
            some.notify_one();
        }
    };
    thread::scope(|scope| {
        scope.spawn(acquire);
        scope.spawn(acquire);
        release();
        release();
    });
}
