//! `task`: futures on threads.

use super::{acquit, convict};
use ringwright_check::door::atomic::{AtomicBool, AtomicU32, Ordering};
use ringwright_check::door::cell::UnsafeCell;
use ringwright_check::door::{Arc, Mutex, mpsc, thread};
use ringwright_check::task;
use ringwright_check::{FailureKind, outcome};
use std::future::poll_fn;
use std::task::{Poll, Waker};

#[derive(Default)]
struct Signal {
    set: bool,
    waker: Option<Waker>,
}

/// Waits until the signal is set. If not `registers`, nobody can wake it.
async fn signalled(signal: Arc<Mutex<Signal>>, registers: bool) {
    poll_fn(|cx| {
        let mut signal = signal.lock().unwrap();
        if signal.set {
            return Poll::Ready(());
        }
        if registers {
            signal.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    })
    .await;
}

#[test]
fn block_on_is_woken_by_a_waker_and_never_without() {
    let model = |registers: bool| {
        move || {
            let signal = Arc::new(Mutex::new(Signal::default()));
            let theirs = Arc::clone(&signal);
            let thread = thread::spawn(move || {
                let waker = {
                    let mut signal = theirs.lock().unwrap();
                    signal.set = true;
                    signal.waker.take()
                };
                waker.into_iter().for_each(Waker::wake);
            });
            task::block_on(signalled(signal, registers));
            thread.join().unwrap();
            outcome("woken");
        }
    };
    acquit(model(true), ["woken"]);
    convict(model(false), FailureKind::Deadlock);
}

#[test]
fn a_wake_up_orders_what_was_before_it() {
    struct Shared(UnsafeCell<u32>);
    // SAFETY: whether accesses are ordered is what the model asks.
    unsafe impl Sync for Shared {}
    let model = |order: Ordering| {
        move || {
            let shared =
                Arc::new((Shared(UnsafeCell::new(0)), AtomicBool::new(false), Mutex::new(None::<Waker>)));
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || {
                // SAFETY: the explorer stops an execution before it races.
                theirs.0.0.with_mut(|p| unsafe { *p = 7 });
                theirs.1.store(true, order);
                let waker = theirs.2.lock().unwrap().take();
                waker.into_iter().for_each(Waker::wake);
            });
            task::block_on(poll_fn(|cx| {
                *shared.2.lock().unwrap() = Some(cx.waker().clone());
                // Acquire: pairs with the store above, if that is a Release.
                if shared.1.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
            }));
            // SAFETY: as above.
            outcome(shared.0.0.with(|p| unsafe { *p }));
            thread.join().unwrap();
        }
    };
    acquit(model(Ordering::Release), ["7"]);
    convict(model(Ordering::Relaxed), FailureKind::Race);
}

#[test]
fn a_wake_up_alone_orders_what_was_before_it() {
    struct Shared(UnsafeCell<u32>);
    // SAFETY: whether accesses are ordered is what the model asks.
    unsafe impl Sync for Shared {}
    let model = |late: bool| {
        move || {
            let cell = Arc::new(Shared(UnsafeCell::new(0)));
            let theirs = Arc::clone(&cell);
            let (sender, receiver) = mpsc::channel::<Waker>();
            let thread = thread::spawn(move || {
                // SAFETY: the explorer stops an execution before it races.
                let write = || theirs.0.with_mut(|p| unsafe { *p = 7 });
                let waker = receiver.recv().unwrap();
                if late {
                    waker.wake();
                    write();
                } else {
                    write();
                    waker.wake();
                }
            });
            let mut polled = false;
            task::block_on(poll_fn(|cx| {
                if std::mem::replace(&mut polled, true) {
                    return Poll::Ready(());
                }
                sender.send(cx.waker().clone()).unwrap();
                Poll::Pending
            }));
            // SAFETY: as above.
            outcome(cell.0.with(|p| unsafe { *p }));
            thread.join().unwrap();
        }
    };
    acquit(model(false), ["7"]);
    convict(model(true), FailureKind::Race);
}

#[test]
fn a_task_gives_its_value() {
    acquit(|| outcome(task::block_on(task::spawn(async { 7 })).unwrap()), ["7"]);
}

#[test]
fn an_abort_comes_in_time_or_too_late() {
    /// Counts when it is dropped.
    struct Noted(Arc<AtomicU32>);
    impl Drop for Noted {
        fn drop(&mut self) {
            // Relaxed: the join orders it.
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    acquit(
        || {
            let drops = Arc::new(AtomicU32::new(0));
            let held = Noted(Arc::clone(&drops));
            let task = task::spawn(async move {
                let _held = held;
                task::yield_now().await;
                7
            });
            task.abort();
            let result = task::block_on(task);
            // Relaxed: as above.
            assert_eq!(drops.load(Ordering::Relaxed), 1, "dropped once, either way");
            outcome(result.map_or_else(|error| error.to_string(), |n| n.to_string()));
        },
        ["7", "the task was aborted"],
    );
}

#[test]
fn an_abort_between_two_steps_leaves_the_first_one_done() {
    acquit(
        || {
            let steps = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&steps);
            let task = task::spawn(async move {
                // Relaxed, both: the join orders them.
                theirs.fetch_add(1, Ordering::Relaxed);
                task::yield_now().await;
                theirs.fetch_add(1, Ordering::Relaxed);
            });
            task.abort_handle().abort();
            drop(task::block_on(task));
            // Relaxed: as above.
            outcome(steps.load(Ordering::Relaxed));
        },
        ["0", "1", "2"],
    );
}

#[test]
fn a_task_that_waits_for_ever_ends_only_when_it_is_aborted() {
    let model = |abort: bool| {
        move || {
            let task = task::spawn(std::future::pending::<()>());
            if abort {
                task.abort();
            }
            outcome(task::block_on(task).unwrap_err().is_cancelled());
        }
    };
    acquit(model(true), ["true"]);
    convict(model(false), FailureKind::Deadlock);
}

#[test]
fn the_panic_of_a_task_is_its_awaiters() {
    let model = |awaited: bool| {
        move || {
            let task = task::spawn(async { panic!("in the task") });
            if awaited {
                let result: Result<(), task::JoinError> = task::block_on(task);
                outcome(result.unwrap_err().is_panic());
            }
        }
    };
    acquit(model(true), ["true"]);
    convict(model(false), FailureKind::Panic);
}
