//! Handles of threads: what reaches the thread, what says that it has ended, and what that orders.

use crate::{Plain, acquit, convict};
use ringwright_check::door::{Arc, Mutex, thread};
use ringwright_check::{FailureKind, outcome};
use std::cell::RefCell;

#[test]
fn every_handle_of_a_thread_unparks_it() {
    acquit(["done"], || {
        || {
            let parked = thread::spawn(thread::park);
            parked.thread().unpark();
            parked.join().unwrap();
            outcome("done");
        }
    });
    acquit(["done"], || {
        || {
            let parked = thread::Builder::new().name("parked".into()).spawn(thread::park).unwrap();
            assert_eq!(parked.thread().name(), Some("parked"));
            parked.thread().clone().unpark();
            parked.join().unwrap();
            outcome("done");
        }
    });
    acquit(["done"], || {
        || {
            thread::scope(|scope| {
                let parked = scope.spawn(thread::park);
                parked.thread().unpark();
                let named =
                    thread::Builder::new().name("n".into()).spawn_scoped(scope, thread::park).unwrap();
                named.thread().unpark();
            });
            outcome("done");
        }
    });
    // A thread's own handle, given to another; and the main thread's.
    acquit(["done"], || {
        || {
            let main = thread::current();
            let own = Arc::new(Mutex::new(None));
            let theirs = Arc::clone(&own);
            let other = thread::spawn(move || {
                *theirs.lock().unwrap() = Some(thread::current());
                main.unpark();
                thread::park();
            });
            thread::park();
            let handle = loop {
                if let Some(handle) = own.lock().unwrap().take() {
                    break handle;
                }
                thread::park();
            };
            assert_eq!(handle.id(), other.thread().id());
            handle.unpark();
            other.join().unwrap();
            outcome("done");
        }
    });
}

#[test]
fn a_token_that_nobody_gives_wakes_nobody() {
    convict(FailureKind::Deadlock, || {
        || {
            let first = thread::spawn(thread::park);
            let second = thread::spawn(thread::park);
            first.thread().unpark();
            first.join().unwrap();
            second.join().unwrap();
        }
    });
}

#[test]
fn that_a_thread_is_finished_orders_nothing_and_a_join_does() {
    convict(FailureKind::Race, || {
        || {
            let plain = Plain::shared();
            let theirs = Arc::clone(&plain);
            let writer = thread::spawn(move || theirs.set(1));
            if writer.is_finished() {
                plain.get();
            }
            writer.join().unwrap();
        }
    });
    convict(FailureKind::Race, || {
        || {
            let plain = Plain::shared();
            let theirs = Arc::clone(&plain);
            thread::scope(|scope| {
                let writer = scope.spawn(move || theirs.set(1));
                if writer.is_finished() {
                    plain.get();
                }
            });
        }
    });
    acquit(["false", "true"], || {
        || {
            let plain = Plain::shared();
            let theirs = Arc::clone(&plain);
            let writer = thread::spawn(move || theirs.set(1));
            outcome(writer.is_finished());
            writer.join().unwrap();
            assert_eq!(plain.get(), 1);
        }
    });
}

struct SetsOnDrop(Arc<Plain>);

impl Drop for SetsOnDrop {
    fn drop(&mut self) {
        self.0.set(1);
    }
}

ringwright_check::thread_local! {
    static LAST: RefCell<Option<SetsOnDrop>> = const { RefCell::new(None) };
}

#[test]
fn a_scope_does_not_wait_for_thread_locals_and_a_join_does() {
    convict(FailureKind::Race, || {
        || {
            let plain = Plain::shared();
            let theirs = Arc::clone(&plain);
            thread::scope(|scope| {
                scope.spawn(move || LAST.with(|last| *last.borrow_mut() = Some(SetsOnDrop(theirs))));
            });
            plain.set(2);
        }
    });
    acquit(["1"], || {
        || {
            let plain = Plain::shared();
            let theirs = Arc::clone(&plain);
            thread::scope(|scope| {
                let handle =
                    scope.spawn(move || LAST.with(|last| *last.borrow_mut() = Some(SetsOnDrop(theirs))));
                handle.join().unwrap();
            });
            outcome(plain.get());
        }
    });
    // What the closure itself did is there when the scope ends.
    acquit(["3"], || {
        || {
            let plain = Plain::shared();
            let theirs = Arc::clone(&plain);
            thread::scope(|scope| {
                scope.spawn(move || theirs.set(3));
            });
            outcome(plain.get());
        }
    });
}

#[test]
fn a_thread_is_finished_before_its_thread_locals_are_dropped() {
    convict(FailureKind::Race, || {
        || {
            let plain = Plain::shared();
            let theirs = Arc::clone(&plain);
            let shared = Arc::new(Mutex::new(()));
            let lock = Arc::clone(&shared);
            let thread = thread::spawn(move || {
                LAST.with(|last| *last.borrow_mut() = Some(SetsOnDrop(theirs)));
                drop(lock.lock().unwrap());
            });
            drop(shared.lock().unwrap());
            if thread.is_finished() {
                plain.get();
            }
            thread.join().unwrap();
        }
    });
}
