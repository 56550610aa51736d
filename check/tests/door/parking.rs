//! The mirror of parking_lot.

use super::{acquit, convict};
use ringwright_check::door::parking_lot::{Condvar, Mutex, RwLock};
use ringwright_check::door::time::Duration;
use ringwright_check::door::{Arc, thread};
use ringwright_check::{FailureKind, outcome};

#[test]
fn a_mutex_keeps_increments_apart_and_is_not_poisoned() {
    acquit(
        || {
            let counter = Arc::new(Mutex::new(0));
            let theirs = Arc::clone(&counter);
            let thread = thread::spawn(move || {
                *theirs.lock() += 1;
                let _held = theirs.lock();
                panic!("while holding");
            });
            *counter.lock() += 1;
            assert!(thread.join().is_err());
            outcome(*counter.lock());
        },
        ["2"],
    );
}

#[test]
fn try_lock_sees_the_lock_free_and_held() {
    acquit(
        || {
            let lock = Arc::new(Mutex::new(()));
            let theirs = Arc::clone(&lock);
            let thread = thread::spawn(move || drop(theirs.lock()));
            outcome(lock.try_lock().is_some());
            thread.join().unwrap();
        },
        ["false", "true"],
    );
}

#[test]
fn locking_twice_deadlocks() {
    let model = || {
        let lock = Mutex::new(());
        let _first = lock.lock();
        let _second = lock.lock();
    };
    convict(model, FailureKind::Deadlock);
}

#[test]
fn readers_share_and_a_writer_is_alone() {
    acquit(
        || {
            let lock = Arc::new(RwLock::new(0));
            let theirs = Arc::clone(&lock);
            let thread = thread::spawn(move || *theirs.write() += 1);
            let first = lock.read();
            // A writer that waits may hold this one up.
            let second = lock.try_read();
            assert!(lock.try_write().is_none(), "a reader holds off writers");
            assert!(second.as_ref().is_none_or(|second| **second == *first));
            let (seen, shared) = (*first, second.is_some());
            drop((first, second));
            thread.join().unwrap();
            outcome(format!("{seen} {shared} {}", *lock.read()));
        },
        ["0 false 1", "0 true 1", "1 true 1"],
    );
    let twice = || {
        let lock = Arc::new(RwLock::new(0));
        let theirs = Arc::clone(&lock);
        let writer = thread::spawn(move || *theirs.write() += 1);
        let first = lock.read();
        drop(lock.read());
        drop(first);
        writer.join().unwrap();
    };
    convict(twice, FailureKind::Deadlock);
    let upgrade = || {
        let lock = RwLock::new(());
        let _read = lock.read();
        let _write = lock.write();
    };
    convict(upgrade, FailureKind::Deadlock);
}

#[test]
fn a_wait_needs_no_loop_but_its_flag_needs_the_lock() {
    let model = |under_lock: bool| {
        move || {
            let shared = Arc::new((Mutex::new(false), Condvar::new()));
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || {
                if under_lock {
                    *theirs.0.lock() = true;
                }
                theirs.1.notify_one()
            });
            let mut ready = shared.0.lock();
            if !*ready {
                // parking_lot never wakes for no reason, so `if` will do.
                shared.1.wait(&mut ready);
            }
            outcome(*ready);
            drop(ready);
            thread.join().unwrap();
        }
    };
    acquit(model(true), ["true"]);
    convict(model(false), FailureKind::Deadlock);
}

#[test]
fn a_notification_says_how_many_it_woke() {
    acquit(
        || {
            let shared = Arc::new((Mutex::new(false), Condvar::new()));
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || {
                let mut go = theirs.0.lock();
                theirs.1.wait_while(&mut go, |go| !*go);
            });
            *shared.0.lock() = true;
            let woken = shared.1.notify_all();
            thread.join().unwrap();
            assert!(!shared.1.notify_one());
            outcome(woken);
        },
        ["0", "1"],
    );
}

#[test]
fn a_timed_wait_ends_both_ways() {
    acquit(
        || {
            let shared = Arc::new((Mutex::new(false), Condvar::new()));
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || {
                *theirs.0.lock() = true;
                theirs.1.notify_one();
            });
            let mut ready = shared.0.lock();
            let mut late = false;
            while !*ready && !late {
                late = shared.1.wait_for(&mut ready, Duration::from_millis(1)).timed_out();
            }
            outcome(if *ready { "ready" } else { "late" });
            drop(ready);
            thread.join().unwrap();
        },
        ["late", "ready"],
    );
}

#[test]
fn outside_a_model_they_are_parking_lots() {
    let shared = std::sync::Arc::new((Mutex::new(0), Condvar::new()));
    let theirs = std::sync::Arc::clone(&shared);
    let thread = thread::spawn(move || {
        *theirs.0.lock() = 1;
        theirs.1.notify_all();
    });
    let mut value = shared.0.lock();
    shared.1.wait_while(&mut value, |v| *v == 0);
    assert_eq!(*value, 1);
    assert!(shared.0.try_lock().is_none());
    drop(value);
    thread.join().unwrap();
}
