//! Nobody may rely on a spurious wake-up: a thread that nobody wakes waits for ever, whatever another thread
//! still has to do.

use crate::{acquit, convict};
use ringwright_check::door::atomic::{AtomicU32, Ordering};
use ringwright_check::door::{Arc, Condvar, Mutex, thread};
use ringwright_check::{FailureKind, outcome};
use std::time::Duration;

/// Something for another thread to do that has nothing to do with the wait.
fn unrelated() -> impl Fn(usize) -> thread::JoinHandle<()> {
    let (x, m) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(0)));
    move |what| {
        let (x, m) = (Arc::clone(&x), Arc::clone(&m));
        thread::spawn(move || match what {
            0 => drop(x.load(Ordering::Relaxed)),
            1 => drop(x.fetch_add(1, Ordering::Relaxed)),
            2 => *m.lock().unwrap() += 1,
            3 => drop(m.try_lock()),
            _ => drop(x),
        })
    }
}

#[test]
fn a_park_that_nobody_ends_waits_for_ever() {
    for what in 0..5 {
        convict(FailureKind::Deadlock, || {
            move || {
                let other = unrelated()(what);
                thread::park();
                other.join().unwrap();
            }
        });
    }
}

#[test]
fn a_notification_that_comes_too_early_is_lost() {
    convict(FailureKind::Deadlock, || {
        || {
            let shared = Arc::new((Mutex::new(()), Condvar::new()));
            let theirs = Arc::clone(&shared);
            let other = thread::spawn(move || theirs.1.notify_one());
            drop(shared.1.wait(shared.0.lock().unwrap()).unwrap());
            other.join().unwrap();
        }
    });
}

#[test]
fn a_wait_in_a_spawned_thread_waits_for_ever_too() {
    for what in 0..5 {
        convict(FailureKind::Deadlock, || {
            move || {
                let waiter = thread::spawn(|| {
                    let (lock, condition) = (Mutex::new(()), Condvar::new());
                    drop(condition.wait(lock.lock().unwrap()).unwrap());
                });
                unrelated()(what).join().unwrap();
                waiter.join().unwrap();
            }
        });
    }
}

#[test]
fn a_wait_that_ends_in_time_ends() {
    acquit(["0", "1"], || {
        || {
            let x = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&x);
            let other = thread::spawn(move || theirs.fetch_add(1, Ordering::Relaxed));
            thread::park_timeout(Duration::from_millis(1));
            outcome(x.load(Ordering::Relaxed));
            other.join().unwrap();
        }
    });
}
