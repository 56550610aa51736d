//! Code that runs while a panic unwinds is code of the model: it makes choices, races, waits and orders.

use crate::{Plain, acquit, convict};
use ringwright_check::door::atomic::{AtomicU32, Ordering};
use ringwright_check::door::{Arc, Condvar, Mutex, RwLock, mpsc, thread};
use ringwright_check::{Check, Engine, FailureKind, outcome};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs its closure when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Dies without a word.
fn die() {
    resume_unwind(Box::new(()));
}

#[test]
fn the_last_handle_after_a_panic_has_seen_all_that_others_did() {
    struct Data(Plain);
    impl Drop for Data {
        fn drop(&mut self) {
            self.0.set(9);
        }
    }
    acquit(["done"], || {
        || {
            let data = Arc::new(Data(Arc::into_inner(Plain::shared()).unwrap()));
            let (a, b) = (Arc::clone(&data), Arc::clone(&data));
            let dies = thread::spawn(move || {
                let _a = a;
                die();
            });
            let reads = thread::spawn(move || assert!(b.0.get() < 9));
            drop(data);
            assert!(dies.join().is_err());
            reads.join().unwrap();
            outcome("done");
        }
    });
}

#[test]
fn a_reader_that_panics_does_not_hide_the_other_readers() {
    acquit(["done"], || {
        || {
            let shared = Arc::new((RwLock::new(()), Plain::shared()));
            let (a, b) = (Arc::clone(&shared), Arc::clone(&shared));
            let dies = thread::spawn(move || {
                let _read = a.0.read().unwrap();
                die();
            });
            let reads = thread::spawn(move || {
                let _read = b.0.read().unwrap();
                b.1.get();
            });
            {
                let _write = shared.0.write().unwrap();
                shared.1.set(1);
            }
            assert!(dies.join().is_err());
            reads.join().unwrap();
            outcome("done");
        }
    });
}

#[test]
fn a_lock_that_another_holds_is_waited_for() {
    acquit(["2"], || {
        || {
            let shared = Arc::new((Mutex::new(0), AtomicU32::new(0)));
            let theirs = Arc::clone(&shared);
            let dies = thread::spawn(move || {
                let _count = OnDrop(|| *theirs.0.lock().unwrap_or_else(|e| e.into_inner()) += 1);
                theirs.1.load(Ordering::Relaxed);
                die();
            });
            {
                let mut count = shared.0.lock().unwrap();
                let was = *count;
                shared.1.load(Ordering::Relaxed);
                *count = was + 1;
            }
            assert!(dies.join().is_err());
            outcome(*shared.0.lock().unwrap_or_else(|e| e.into_inner()));
        }
    });
}

#[test]
fn what_a_destructor_does_races_and_may_be_read() {
    convict(FailureKind::Race, || {
        || {
            let plain = Plain::shared();
            let theirs = Arc::clone(&plain);
            let dies = thread::spawn(move || {
                let _set = OnDrop(|| theirs.set(1));
                die();
            });
            plain.get();
            drop(dies.join());
        }
    });
    acquit(["0", "1", "2"], || {
        || {
            let x = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&x);
            let dies = thread::spawn(move || {
                let _set = OnDrop(|| theirs.store(2, Ordering::Relaxed));
                theirs.store(1, Ordering::Relaxed);
                die();
            });
            outcome(x.load(Ordering::Relaxed));
            drop(dies.join());
        }
    });
    // And what it reads is a choice.
    acquit(["0", "1"], || {
        || {
            let x = Arc::new((AtomicU32::new(0), AtomicU32::new(9)));
            let theirs = Arc::clone(&x);
            let dies = thread::spawn(move || {
                let _look = OnDrop(|| theirs.1.store(theirs.0.load(Ordering::Relaxed), Ordering::Relaxed));
                die();
            });
            x.0.store(1, Ordering::Relaxed);
            drop(dies.join());
            outcome(x.1.load(Ordering::Relaxed));
        }
    });
}

#[test]
fn a_join_a_send_and_a_notification_in_a_destructor_work() {
    acquit(["joined 7"], || {
        || {
            let pool = thread::spawn(|| {
                let worker = thread::spawn(|| 7);
                let mut worker = Some(worker);
                let _join = OnDrop(|| outcome(format!("joined {}", worker.take().unwrap().join().unwrap())));
                die();
            });
            assert!(pool.join().is_err());
        }
    });
    acquit(["5"], || {
        || {
            let (sender, receiver) = mpsc::sync_channel(0);
            let dies = thread::spawn(move || {
                let _send = OnDrop(|| sender.send(5).unwrap());
                die();
            });
            outcome(receiver.recv().unwrap());
            assert!(dies.join().is_err());
        }
    });
    acquit(["woken"], || {
        || {
            let shared = Arc::new((Mutex::new(false), Condvar::new()));
            let theirs = Arc::clone(&shared);
            let dies = thread::spawn(move || {
                let _tell = OnDrop(|| {
                    *theirs.0.lock().unwrap() = true;
                    theirs.1.notify_one();
                });
                die();
            });
            let mut ready = shared.0.lock().unwrap();
            while !*ready {
                ready = shared.1.wait(ready).unwrap();
            }
            drop(ready);
            assert!(dies.join().is_err());
            outcome("woken");
        }
    });
}

#[test]
fn a_pool_that_joins_when_an_assertion_fails_reports_the_assertion() {
    for check in
        [Check::new("pool"), Check::new("pool").exhaustive().reduction(false), Check::new("pool").random(50)]
    {
        let report = check.run(|| {
            let x = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&x);
            let mut worker = Some(thread::spawn(move || theirs.store(1, Ordering::Relaxed)));
            let _pool = OnDrop(|| worker.take().unwrap().join().unwrap());
            assert_eq!(x.load(Ordering::Relaxed), 0, "too early");
        });
        report.assert_failed(FailureKind::Panic);
        assert!(report.failure.as_ref().unwrap().message.contains("too early"), "{report}");
    }
}

#[test]
fn a_destructor_that_waits_for_ever_is_told_with_the_panic_that_it_unwinds() {
    let report = Check::new("stuck").run(|| {
        let lock = Mutex::new(());
        let _held = lock.lock().unwrap();
        let _again = OnDrop(|| drop(lock.lock()));
        panic!("the reason");
    });
    report.assert_failed(FailureKind::Panic);
    let message = &report.failure.as_ref().unwrap().message;
    assert!(message.contains("the reason") && message.contains("main at lock"), "{report}");
}

#[test]
fn a_caught_panic_leaves_nothing_behind() {
    acquit(["caught"], || {
        || {
            assert!(catch_unwind(|| panic!("on purpose")).is_err());
            let thread = thread::spawn(|| {
                assert!(catch_unwind(|| panic!("on purpose {}", 1)).is_err());
            });
            thread.join().unwrap();
            outcome("caught");
        }
    });
    acquit(["poisoned, done"], || {
        || {
            let once = Arc::new(ringwright_check::door::Once::new());
            let theirs = Arc::clone(&once);
            let dies = thread::spawn(move || {
                let call = AssertUnwindSafe(|| theirs.call_once(|| panic!("on purpose")));
                assert!(catch_unwind(call).is_err());
            });
            dies.join().unwrap();
            once.call_once_force(|state| assert!(state.is_poisoned()));
            outcome("poisoned, done");
        }
    });
}

#[test]
fn two_threads_may_unwind_at_once() {
    acquit(["1 2", "2 1"], || {
        || {
            let log = Arc::new(Mutex::new(Vec::new()));
            let dies = |number: u32| {
                let log = Arc::clone(&log);
                thread::spawn(move || {
                    let _log = OnDrop(|| {
                        assert!(thread::panicking());
                        log.lock().unwrap_or_else(|e| e.into_inner()).push(number.to_string());
                        // A panic inside of a panic, caught.
                        assert!(catch_unwind(die).is_err());
                        assert!(thread::panicking());
                    });
                    die();
                })
            };
            let (one, two) = (dies(1), dies(2));
            assert!(!thread::panicking());
            assert!(one.join().is_err());
            assert!(two.join().is_err());
            assert!(!thread::panicking());
            outcome(log.lock().unwrap_or_else(|e| e.into_inner()).join(" "));
        }
    });
}

#[test]
fn whether_a_lock_is_poisoned_is_read_like_any_atomic() {
    acquit(["false", "true"], || {
        || {
            let lock = Arc::new(Mutex::new(0));
            let theirs = Arc::clone(&lock);
            let dies = thread::spawn(move || {
                let _held = theirs.lock().unwrap();
                die();
            });
            outcome(lock.is_poisoned());
            assert!(dies.join().is_err());
            assert!(lock.is_poisoned() && lock.lock().is_err());
            lock.clear_poison();
            assert!(lock.lock().is_ok());
        }
    });
    acquit(["Err", "Ok"], || {
        || {
            let lock = Arc::new(RwLock::new(0));
            let theirs = Arc::clone(&lock);
            let dies = thread::spawn(move || {
                let _held = theirs.write();
                die();
            });
            outcome(if lock.read().is_ok() { "Ok" } else { "Err" });
            assert!(dies.join().is_err());
        }
    });
    // Cleared by a third thread, which the next holder is not ordered with.
    acquit(["Err", "Ok"], || {
        || {
            let lock = Arc::new(Mutex::new(0));
            let (theirs, others) = (Arc::clone(&lock), Arc::clone(&lock));
            let dies = thread::spawn(move || {
                let _held = theirs.lock();
                die();
            });
            assert!(dies.join().is_err());
            let clears = thread::spawn(move || others.clear_poison());
            outcome(if lock.lock().is_ok() { "Ok" } else { "Err" });
            clears.join().unwrap();
        }
    });
}

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("in its destructor");
    }
}

ringwright_check::thread_local! {
    static PANICS: PanicsInDrop = const { PanicsInDrop };
}

#[test]
fn a_thread_local_whose_destructor_panics_is_a_failure_even_if_somebody_joins() {
    let of_another = || {
        let other = thread::spawn(|| PANICS.with(|_| ()));
        drop(other.join());
    };
    let of_main = || PANICS.with(|_| ());
    let after_a_panic = || {
        let other = thread::spawn(|| {
            PANICS.with(|_| ());
            panic!("the first");
        });
        drop(other.join());
    };
    let models: [fn(); 3] = [of_another, of_main, after_a_panic];
    for engine in [Engine::Explorer, Engine::Sc] {
        for model in models {
            let report = Check::new("destructor").engine(engine).run(model);
            report.assert_failed(FailureKind::Panic);
            let failure = report.failure.as_ref().unwrap();
            assert!(
                failure.message.starts_with("in its destructor\nin the destructor of a thread-local"),
                "{report}"
            );
            assert!(failure.sites[0].file.ends_with("unwinding.rs"), "{report}");
        }
    }
}
