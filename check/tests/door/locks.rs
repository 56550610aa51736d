//! `Mutex` and `RwLock`.

use super::{acquit, convict};
use ringwright_check::door::atomic::{AtomicU32, Ordering};
use ringwright_check::door::cell::UnsafeCell;
use ringwright_check::door::{Arc, Mutex, RwLock, RwLockWriteGuard, TryLockError, thread};
use ringwright_check::{FailureKind, outcome};

/// A cell that several threads touch, rightly or not.
struct Shared(UnsafeCell<u32>);

// SAFETY: whether accesses are ordered is what the models ask.
unsafe impl Sync for Shared {}

impl Shared {
    fn add(&self, n: u32) {
        // SAFETY: the explorer stops an execution before it races.
        self.0.with_mut(|p| unsafe { *p += n });
    }

    fn read(&self) -> u32 {
        // SAFETY: as above.
        self.0.with(|p| unsafe { *p })
    }
}

#[test]
fn a_mutex_keeps_increments_apart() {
    acquit(
        || {
            let counter = Arc::new(Mutex::new(0));
            let theirs = Arc::clone(&counter);
            let thread = thread::spawn(move || *theirs.lock().unwrap() += 1);
            *counter.lock().unwrap() += 1;
            thread.join().unwrap();
            outcome(*counter.lock().unwrap());
        },
        ["2"],
    );
}

#[test]
fn without_a_mutex_an_increment_is_lost() {
    acquit(
        || {
            let counter = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&counter);
            // Relaxed: only the values count here.
            let add = |c: &AtomicU32| c.store(c.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            let thread = thread::spawn(move || add(&theirs));
            add(&counter);
            thread.join().unwrap();
            // Relaxed: the join orders it.
            outcome(counter.load(Ordering::Relaxed));
        },
        ["1", "2"],
    );
}

#[test]
fn a_cell_needs_the_mutex_on_both_sides() {
    let model = |both: bool| {
        move || {
            let shared = Arc::new((Mutex::new(()), Shared(UnsafeCell::new(0))));
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || {
                let _held = theirs.0.lock().unwrap();
                theirs.1.add(1);
            });
            {
                let _held = both.then(|| shared.0.lock().unwrap());
                shared.1.add(1);
            }
            thread.join().unwrap();
            outcome(shared.1.read());
        }
    };
    acquit(model(true), ["2"]);
    let report = convict(model(false), FailureKind::Race);
    let failure = report.failure.unwrap();
    assert_eq!(failure.sites.len(), 2, "a race has two sides: {:?}", failure.sites);
}

#[test]
fn try_lock_sees_the_lock_free_and_held() {
    acquit(
        || {
            let lock = Arc::new(Mutex::new(()));
            let theirs = Arc::clone(&lock);
            let thread = thread::spawn(move || drop(theirs.lock().unwrap()));
            match lock.try_lock() {
                Ok(_) => outcome("free"),
                Err(TryLockError::WouldBlock) => outcome("held"),
                Err(TryLockError::Poisoned(_)) => outcome("poisoned"),
            }
            thread.join().unwrap();
        },
        ["free", "held"],
    );
}

#[test]
fn a_panic_poisons_the_mutex_and_the_join() {
    acquit(
        || {
            let lock = Arc::new(Mutex::new(5));
            let theirs = Arc::clone(&lock);
            let thread = thread::spawn(move || {
                let _held = theirs.lock().unwrap();
                panic!("while holding");
            });
            let message = *thread.join().unwrap_err().downcast::<&str>().unwrap();
            let value = *lock.lock().unwrap_err().into_inner();
            assert!(lock.is_poisoned());
            lock.clear_poison();
            assert!(lock.lock().is_ok());
            outcome(format!("{message}: {value}"));
        },
        ["while holding: 5"],
    );
}

#[test]
fn a_panic_that_nobody_joins_is_a_failure() {
    let report = convict(|| drop(thread::spawn(|| panic!("unseen"))), FailureKind::Panic);
    assert!(report.failure.unwrap().message.contains("unseen"));
}

#[test]
fn locking_twice_deadlocks() {
    let model = || {
        let lock = Mutex::new(());
        let _first = lock.lock().unwrap();
        let _second = lock.lock().unwrap();
    };
    convict(model, FailureKind::Deadlock);
}

#[test]
fn two_locks_in_opposite_orders_deadlock_and_in_one_order_do_not() {
    let model = |opposite: bool| {
        move || {
            let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
            let theirs = Arc::clone(&locks);
            let thread = thread::spawn(move || {
                let (first, second) = if opposite { (&theirs.1, &theirs.0) } else { (&theirs.0, &theirs.1) };
                let mut first = first.lock().unwrap();
                let mut second = second.lock().unwrap();
                *first += 1;
                *second += 1;
            });
            {
                let mut first = locks.0.lock().unwrap();
                let mut second = locks.1.lock().unwrap();
                *first += 1;
                *second += 1;
            }
            thread.join().unwrap();
            outcome(*locks.0.lock().unwrap() + *locks.1.lock().unwrap());
        }
    };
    acquit(model(false), ["4"]);
    convict(model(true), FailureKind::Deadlock);
}

#[test]
fn readers_share_and_a_writer_is_alone() {
    acquit(
        || {
            let lock = Arc::new(RwLock::new(()));
            let inside = Arc::new(AtomicU32::new(0));
            let (lock2, inside2) = (Arc::clone(&lock), Arc::clone(&inside));
            let reader = thread::spawn(move || {
                let _held = lock2.read().unwrap();
                // Relaxed: a count of who is inside; the lock orders what must be ordered.
                inside2.fetch_add(1, Ordering::Relaxed);
                inside2.fetch_sub(1, Ordering::Relaxed);
            });
            let with_reader = {
                let _held = lock.read().unwrap();
                // Relaxed: as above.
                inside.load(Ordering::Relaxed)
            };
            let with_writer = {
                let _held = lock.write().unwrap();
                // Relaxed: as above.
                inside.load(Ordering::Relaxed)
            };
            reader.join().unwrap();
            outcome(format!("{with_reader} {with_writer}"));
        },
        ["0 0", "1 0"],
    );
}

#[test]
fn writing_under_a_read_lock_races() {
    let model = |write: bool| {
        move || {
            let shared = Arc::new((RwLock::new(()), Shared(UnsafeCell::new(0))));
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || {
                if write {
                    let _held = theirs.0.write().unwrap();
                    theirs.1.add(1);
                } else {
                    let _held = theirs.0.read().unwrap();
                    theirs.1.add(1);
                }
            });
            let seen = {
                let _held = shared.0.read().unwrap();
                shared.1.read()
            };
            thread.join().unwrap();
            outcome(seen);
        }
    };
    acquit(model(true), ["0", "1"]);
    convict(model(false), FailureKind::Race);
}

#[test]
fn try_write_fails_beside_a_reader_and_try_read_beside_a_writer() {
    acquit(
        || {
            let lock = Arc::new(RwLock::new(()));
            let theirs = Arc::clone(&lock);
            let thread = thread::spawn(move || drop(theirs.read().unwrap()));
            let write = lock.try_write().is_ok();
            let read = lock.try_read().is_ok();
            thread.join().unwrap();
            assert!(read, "readers do not hold off readers");
            let held = lock.write().unwrap();
            assert!(matches!(lock.try_read(), Err(TryLockError::WouldBlock)));
            drop(held);
            outcome(write);
        },
        ["false", "true"],
    );
}

#[test]
fn upgrading_a_read_lock_deadlocks() {
    let model = || {
        let lock = RwLock::new(());
        let _read = lock.read().unwrap();
        let _write = lock.write().unwrap();
    };
    convict(model, FailureKind::Deadlock);
}

#[test]
fn a_writer_poisons_and_a_reader_does_not() {
    acquit(
        || {
            let lock = Arc::new(RwLock::new(1));
            let theirs = Arc::clone(&lock);
            let reader = thread::spawn(move || {
                let _held = theirs.read().unwrap();
                panic!("reader");
            });
            assert!(reader.join().is_err());
            assert!(!lock.is_poisoned());
            let theirs = Arc::clone(&lock);
            let writer = thread::spawn(move || {
                let _held = theirs.write().unwrap();
                panic!("writer");
            });
            assert!(writer.join().is_err());
            outcome(lock.read().is_err());
        },
        ["true"],
    );
}

#[test]
fn outside_a_model_the_locks_are_stds() {
    let lock = std::sync::Arc::new(Mutex::new(0));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let lock = std::sync::Arc::clone(&lock);
            thread::spawn(move || (0..1000).for_each(|_| *lock.lock().unwrap() += 1))
        })
        .collect();
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(*lock.lock().unwrap(), 4000);
    let held = lock.lock().unwrap();
    assert!(lock.try_lock().is_err());
    drop(held);
}

#[test]
fn no_writer_comes_between_a_write_and_the_read_that_it_is_downgraded_to() {
    let model = |in_one_step: bool| {
        move || {
            let lock = Arc::new(RwLock::new(0));
            let theirs = Arc::clone(&lock);
            let thread = thread::spawn(move || *theirs.write().unwrap() = 2);
            let mut guard = lock.write().unwrap();
            *guard = 1;
            let guard = if in_one_step {
                RwLockWriteGuard::downgrade(guard)
            } else {
                drop(guard);
                lock.read().unwrap()
            };
            let seen = *guard;
            drop(guard);
            thread.join().unwrap();
            outcome(format!("{seen} {}", lock.read().unwrap()));
        }
    };
    acquit(model(true), ["1 1", "1 2"]);
    acquit(model(false), ["1 1", "1 2", "2 2"]);
}

#[test]
fn a_downgraded_guard_lets_readers_in_and_shows_them_what_was_written() {
    let body = || {
        let shared = (RwLock::new(()), Shared(UnsafeCell::new(0)));
        let guard = shared.0.write().unwrap();
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let _guard = shared.0.read().unwrap();
                shared.1.read()
            });
            shared.1.add(1);
            let guard = RwLockWriteGuard::downgrade(guard);
            assert!(shared.0.try_write().is_err());
            assert_eq!(reader.join().unwrap(), 1);
            drop(guard);
        });
        assert!(shared.0.try_write().is_ok() && !shared.0.is_poisoned());
    };
    body();
    acquit(body, []);
}
