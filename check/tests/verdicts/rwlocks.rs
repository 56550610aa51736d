//! Reader-writer locks: a writer that waits may hold new readers up, or not; std and parking_lot leave it open.

use crate::{acquit, convict};
use ringwright_check::door::{Arc, RwLock, thread};
use ringwright_check::{FailureKind, outcome};

#[test]
fn two_reads_around_a_waiting_writer_are_a_deadlock() {
    convict(FailureKind::Deadlock, || {
        || {
            let lock = Arc::new(RwLock::new(0));
            let theirs = Arc::clone(&lock);
            let writer = thread::spawn(move || *theirs.write().unwrap() = 1);
            let first = lock.read().unwrap();
            let second = lock.read().unwrap();
            drop((first, second));
            writer.join().unwrap();
        }
    });
    // Through another thread.
    convict(FailureKind::Deadlock, || {
        || {
            let lock = Arc::new(RwLock::new(0));
            let (theirs, others) = (Arc::clone(&lock), Arc::clone(&lock));
            let writer = thread::spawn(move || *theirs.write().unwrap() = 1);
            let held = lock.read().unwrap();
            let reader = thread::spawn(move || *others.read().unwrap());
            reader.join().unwrap();
            drop(held);
            writer.join().unwrap();
        }
    });
    #[cfg(feature = "parking_lot")]
    convict(FailureKind::Deadlock, || {
        || {
            let lock = Arc::new(ringwright_check::door::parking_lot::RwLock::new(0));
            let theirs = Arc::clone(&lock);
            let writer = thread::spawn(move || *theirs.write() = 1);
            let first = lock.read();
            let second = lock.read();
            drop((first, second));
            writer.join().unwrap();
        }
    });
}

#[test]
fn a_writer_that_waits_while_the_lock_is_given_back_is_not_forgotten() {
    // The holder has tried, so nobody has said yet who goes first.
    acquit(["0", "1", "held"], || {
        || {
            let lock = Arc::new(RwLock::new(0));
            let theirs = Arc::clone(&lock);
            let writer = thread::spawn(move || *theirs.write().unwrap() = 1);
            match lock.try_write() {
                Ok(value) => outcome(*value),
                Err(_) => outcome("held"),
            }
            writer.join().unwrap();
            assert_eq!(*lock.read().unwrap(), 1);
        }
    });
    // The holder was alone when it took the lock.
    acquit(["1"], || {
        || {
            let lock = Arc::new(RwLock::new(0));
            let theirs = Arc::clone(&lock);
            let value = lock.write().unwrap();
            let writer = thread::spawn(move || *theirs.write().unwrap() = 1);
            drop(value);
            writer.join().unwrap();
            outcome(*lock.read().unwrap());
        }
    });
}

#[test]
fn a_try_around_a_waiting_writer_may_fail_and_nothing_is_stuck() {
    acquit(["Err", "Ok"], || {
        || {
            let lock = Arc::new(RwLock::new(0));
            let theirs = Arc::clone(&lock);
            let writer = thread::spawn(move || *theirs.write().unwrap() = 1);
            let held = lock.read().unwrap();
            outcome(if lock.try_read().is_ok() { "Ok" } else { "Err" });
            drop(held);
            writer.join().unwrap();
        }
    });
}

#[test]
fn readers_and_writers_that_take_the_lock_once_are_never_stuck() {
    acquit(["0 2", "1 2", "2 1", "2 2"], || {
        || {
            let lock = Arc::new(RwLock::new(0));
            let writer = |value: u32| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || *lock.write().unwrap() = value)
            };
            let writers = [writer(1), writer(2)];
            let seen = *lock.read().unwrap();
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            let last = *lock.read().unwrap();
            if (seen, last) == (0, 1) || (seen, last) == (1, 1) {
                // The same as with the writers the other way round.
                outcome(format!("{} 2", if seen == 0 { 0 } else { 2 }));
            } else {
                outcome(format!("{seen} {last}"));
            }
        }
    });
}
