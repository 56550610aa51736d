//! Threads, thread-locals, time.

use super::{acquit, convict};
use ringwright_check::door::atomic::{AtomicU32, Ordering};
use ringwright_check::door::cell::UnsafeCell;
use ringwright_check::door::time::{Duration, Instant};
use ringwright_check::door::{Arc, thread};
use ringwright_check::{FailureKind, outcome};
use std::cell::{Cell, RefCell};

#[test]
fn a_scope_lends_and_waits() {
    acquit(
        || {
            let mut numbers = [1, 2];
            let (left, right) = numbers.split_at_mut(1);
            thread::scope(|scope| {
                scope.spawn(|| left[0] += 10);
                let other = scope.spawn(|| right[0] += 20);
                other.join().unwrap();
            });
            outcome(format!("{numbers:?}"));
        },
        ["[11, 22]"],
    );
}

#[test]
fn the_end_of_a_scope_orders_its_threads() {
    struct Shared(UnsafeCell<u32>);
    // SAFETY: whether accesses are ordered is what the models ask.
    unsafe impl Sync for Shared {}
    impl Shared {
        fn set(&self, n: u32) {
            // SAFETY: the explorer stops an execution before it races.
            self.0.with_mut(|p| unsafe { *p = n });
        }
        fn get(&self) -> u32 {
            // SAFETY: as above.
            self.0.with(|p| unsafe { *p })
        }
    }
    let model = |inside: bool| {
        move || {
            let cell = Shared(UnsafeCell::new(0));
            let mut seen = 0;
            thread::scope(|scope| {
                scope.spawn(|| cell.set(1));
                if inside {
                    seen = cell.get();
                }
            });
            outcome(seen + cell.get());
        }
    };
    acquit(model(false), ["1"]);
    convict(model(true), FailureKind::Race);
}

#[test]
fn a_scope_panics_for_a_thread_that_nobody_joined() {
    let model = |join: bool| {
        move || {
            thread::scope(|scope| {
                let thread = scope.spawn(|| panic!("inside"));
                if join {
                    assert!(thread.join().is_err());
                }
            });
            outcome("over");
        }
    };
    acquit(model(true), ["over"]);
    convict(model(false), FailureKind::Panic);
}

#[test]
fn a_join_gives_the_value_and_what_was_written() {
    acquit(
        || {
            let count = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&count);
            let builder = thread::Builder::new().name("worker".into());
            let thread = builder
                .spawn(move || {
                    // Relaxed: the join orders it.
                    theirs.store(1, Ordering::Relaxed);
                    thread::current().name().map(str::to_owned)
                })
                .unwrap();
            assert_eq!(thread.thread().name(), Some("worker"));
            assert_ne!(thread.thread().id(), thread::current().id());
            let name = thread.join().unwrap();
            outcome(format!("{name:?} {}", count.load(Ordering::Relaxed)));
        },
        ["Some(\"worker\") 1"],
    );
}

#[test]
fn is_finished_is_seen_both_ways() {
    acquit(
        || {
            let thread = thread::spawn(|| ());
            outcome(thread.is_finished());
            thread.join().unwrap();
        },
        ["false", "true"],
    );
}

#[test]
fn a_thread_local_is_each_threads_own_and_dropped_at_its_end() {
    /// Adds one when it is dropped.
    struct Noted(Arc<AtomicU32>);
    impl Drop for Noted {
        fn drop(&mut self) {
            // Relaxed: the join orders it.
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    ringwright_check::thread_local! {
        static COUNT: Cell<u32> = const { Cell::new(1) };
        static NOTED: RefCell<Option<Noted>> = const { RefCell::new(None) };
    }
    acquit(
        || {
            let drops = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&drops);
            COUNT.set(5);
            let thread = thread::spawn(move || {
                NOTED.set(Some(Noted(theirs)));
                COUNT.set(COUNT.get() + 1);
                COUNT.get()
            });
            let other = thread.join().unwrap();
            // Relaxed: as above.
            outcome(format!("{other} {} {}", COUNT.get(), drops.load(Ordering::Relaxed)));
        },
        ["2 5 1"],
    );
    assert_eq!(COUNT.get(), 1, "outside the model it is std's");
}

#[test]
fn a_sleep_lets_time_pass_and_orders_nothing() {
    acquit(
        || {
            let flag = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&flag);
            let start = Instant::now();
            assert_eq!(start.elapsed(), Duration::ZERO, "time stands still by itself");
            // Relaxed: only the value counts.
            let thread = thread::spawn(move || theirs.store(1, Ordering::Relaxed));
            thread::sleep(Duration::from_secs(3600));
            assert!(start.elapsed() >= Duration::from_secs(3600));
            outcome(flag.load(Ordering::Relaxed));
            thread.join().unwrap();
        },
        ["0", "1"],
    );
}

#[test]
fn a_deadline_is_reached_by_sleeping() {
    acquit(
        || {
            let deadline = Instant::now() + Duration::from_millis(25);
            let mut sleeps = 0;
            while Instant::now() < deadline {
                thread::sleep(Duration::from_millis(10));
                sleeps += 1;
            }
            outcome(sleeps);
        },
        ["3"],
    );
}
