//! `Condvar`, `Barrier`, parking.

use super::{acquit, convict};
use ringwright_check::door::atomic::{AtomicBool, AtomicU32, Ordering};
use ringwright_check::door::cell::UnsafeCell;
use ringwright_check::door::time::Duration;
use ringwright_check::door::{Arc, Barrier, Condvar, Mutex, thread};
use ringwright_check::{Check, FailureKind, outcome};

type Flag = Arc<(Mutex<bool>, Condvar)>;

fn flag() -> (Flag, Flag) {
    let flag = Arc::new((Mutex::new(false), Condvar::new()));
    let other = Arc::clone(&flag);
    (flag, other)
}

#[test]
fn a_wait_in_a_loop_under_the_lock_is_woken() {
    acquit(
        || {
            let (mine, theirs) = flag();
            let thread = thread::spawn(move || {
                *theirs.0.lock().unwrap() = true;
                theirs.1.notify_one();
            });
            let ready = mine.1.wait_while(mine.0.lock().unwrap(), |ready| !*ready).unwrap();
            outcome(*ready);
            drop(ready);
            thread.join().unwrap();
        },
        ["true"],
    );
}

#[test]
fn a_flag_that_is_set_without_the_lock_loses_the_wake_up() {
    let model = || {
        let shared = Arc::new((AtomicBool::new(false), Mutex::new(()), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            // SeqCst: no ordering of the flag helps; what is missing is the lock.
            theirs.0.store(true, Ordering::SeqCst);
            theirs.2.notify_one();
        });
        let mut held = shared.1.lock().unwrap();
        // SeqCst: as above.
        while !shared.0.load(Ordering::SeqCst) {
            held = shared.2.wait(held).unwrap();
        }
        drop(held);
        thread.join().unwrap();
    };
    convict(model, FailureKind::Deadlock);
}

#[test]
fn an_if_around_a_wait_falls_for_a_spurious_wake_up() {
    let model = || {
        let (mine, theirs) = flag();
        let thread = thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            theirs.1.notify_one();
        });
        let mut ready = mine.0.lock().unwrap();
        if !*ready {
            ready = mine.1.wait(ready).unwrap();
        }
        assert!(*ready, "woken for no reason");
        drop(ready);
        thread.join().unwrap();
    };
    convict(model, FailureKind::Panic);
    // The twin without spurious wake-ups shows that nothing else was wrong.
    Check::new("no spurious wake-ups").spurious(0).run(model).assert_passed();
}

#[test]
fn notify_one_wakes_either_of_two_waiters() {
    let model = || {
        // How many wait; whose turn it is to go (a count of wake-ups); who went first.
        let shared = Arc::new((Mutex::new((0, 0, 0)), Condvar::new(), Condvar::new()));
        let waiter = |me| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let mut held = shared.0.lock().unwrap();
                held.0 += 1;
                shared.2.notify_one();
                while held.1 == 0 {
                    held = shared.1.wait(held).unwrap();
                }
                if held.2 == 0 {
                    held.2 = me;
                    shared.1.notify_one();
                }
            })
        };
        let threads = [waiter(1), waiter(2)];
        let mut held = shared.2.wait_while(shared.0.lock().unwrap(), |s| s.0 < 2).unwrap();
        held.1 = 1;
        shared.1.notify_one();
        drop(held);
        threads.into_iter().for_each(|t| t.join().unwrap());
        outcome(shared.0.lock().unwrap().2);
    };
    // Without spurious wake-ups only the notification says who goes first.
    let report = Check::new("notify_one").spurious(0).run(model);
    report.assert_passed().assert_outcomes(["1", "2"]);
}

#[test]
fn notify_one_for_two_waiters_is_one_too_few() {
    let model = |all: bool| {
        move || {
            let shared = Arc::new((Mutex::new(false), Condvar::new()));
            let waiters = [(); 2].map(|()| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || drop(shared.1.wait_while(shared.0.lock().unwrap(), |go| !*go).unwrap()))
            });
            *shared.0.lock().unwrap() = true;
            if all {
                shared.1.notify_all();
            } else {
                shared.1.notify_one();
            }
            waiters.into_iter().for_each(|t| t.join().unwrap());
            outcome("done");
        }
    };
    acquit(model(true), ["done"]);
    convict(model(false), FailureKind::Deadlock);
}

#[test]
fn a_timed_wait_ends_both_ways_and_time_passes() {
    acquit(
        || {
            let (mine, theirs) = flag();
            let thread = thread::spawn(move || {
                *theirs.0.lock().unwrap() = true;
                theirs.1.notify_one();
            });
            let start = ringwright_check::door::time::Instant::now();
            let patience = Duration::from_secs(60);
            let (ready, late) =
                mine.1.wait_timeout_while(mine.0.lock().unwrap(), patience, |ready| !*ready).unwrap();
            assert!(*ready || late.timed_out());
            if late.timed_out() {
                assert!(start.elapsed() >= patience);
            }
            outcome(if late.timed_out() { "late" } else { "in time" });
            drop(ready);
            thread.join().unwrap();
        },
        ["in time", "late"],
    );
}

#[test]
fn a_timed_wait_that_nobody_ends_times_out() {
    acquit(
        || {
            let (mine, _) = flag();
            let held = mine.0.lock().unwrap();
            let (_held, late) =
                mine.1.wait_timeout_while(held, Duration::from_millis(1), |ready| !*ready).unwrap();
            outcome(late.timed_out());
        },
        ["true"],
    );
}

#[test]
fn a_barrier_orders_what_was_before_it() {
    struct Slots([UnsafeCell<u32>; 2]);
    // SAFETY: whether accesses are ordered is what the model asks.
    unsafe impl Sync for Slots {}
    let model = |wait: bool| {
        move || {
            let shared = Arc::new((Barrier::new(2), Slots([UnsafeCell::new(0), UnsafeCell::new(0)])));
            let side = move |shared: &(Barrier, Slots), me: usize| {
                // SAFETY: the explorer stops an execution before it races.
                shared.1.0[me].with_mut(|p| unsafe { *p = 1 });
                let leader = wait && shared.0.wait().is_leader();
                // SAFETY: as above.
                let seen = shared.1.0[1 - me].with(|p| unsafe { *p });
                (leader, seen)
            };
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || side(&theirs, 1));
            let (leader, seen) = side(&shared, 0);
            let (other, also) = thread.join().unwrap();
            assert!(leader ^ other, "one leader a round");
            outcome(format!("{leader} {seen} {also}"));
        }
    };
    acquit(model(true), ["false 1 1", "true 1 1"]);
    convict(model(false), FailureKind::Race);
}

#[test]
fn a_barrier_serves_round_after_round() {
    acquit(
        || {
            let shared = Arc::new((Barrier::new(2), AtomicU32::new(0)));
            let rounds = |shared: &(Barrier, AtomicU32)| {
                for round in 1..=2 {
                    // Relaxed: the barrier orders the counts.
                    shared.1.fetch_add(1, Ordering::Relaxed);
                    shared.0.wait();
                    let count = shared.1.load(Ordering::Relaxed);
                    assert!(count >= 2 * round, "{count} in round {round}");
                }
            };
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || rounds(&theirs));
            rounds(&shared);
            thread.join().unwrap();
            // Relaxed: the join orders it.
            outcome(shared.1.load(Ordering::Relaxed));
        },
        ["4"],
    );
}

#[test]
fn a_barrier_for_three_keeps_two_waiting() {
    let model = || {
        let barrier = Arc::new(Barrier::new(3));
        let theirs = Arc::clone(&barrier);
        let thread = thread::spawn(move || theirs.wait().is_leader());
        barrier.wait();
        thread.join().unwrap();
    };
    convict(model, FailureKind::Deadlock);
}

#[test]
fn a_hand_made_barrier_without_generations_hangs_in_its_second_round() {
    /// Waits until the count is full; the last one empties it for the next round.
    fn wait(shared: &(Mutex<u32>, Condvar)) {
        let mut here = shared.0.lock().unwrap();
        *here += 1;
        if *here == 2 {
            *here = 0;
            shared.1.notify_all();
            return;
        }
        while *here != 0 {
            here = shared.1.wait(here).unwrap();
        }
    }
    let model = || {
        let shared = Arc::new((Mutex::new(0), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || (0..2).for_each(|_| wait(&theirs)));
        (0..2).for_each(|_| wait(&shared));
        thread.join().unwrap();
    };
    convict(model, FailureKind::Deadlock);
}

#[test]
fn an_unpark_before_the_park_is_kept() {
    acquit(
        || {
            let me = thread::current();
            let done = Arc::new(AtomicBool::new(false));
            let theirs = Arc::clone(&done);
            let thread = thread::spawn(move || {
                // Relaxed: the unpark orders it.
                theirs.store(true, Ordering::Relaxed);
                me.unpark();
            });
            // Relaxed: an old value only leads to another park.
            while !done.load(Ordering::Relaxed) {
                thread::park();
            }
            thread.join().unwrap();
            outcome("woken");
        },
        ["woken"],
    );
}

#[test]
fn a_park_that_nobody_ends_deadlocks() {
    let model = || {
        let done = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&done);
        // Relaxed: what is missing is the unpark.
        let thread = thread::spawn(move || theirs.store(true, Ordering::Relaxed));
        while !done.load(Ordering::Relaxed) {
            thread::park();
        }
        thread.join().unwrap();
    };
    convict(model, FailureKind::Deadlock);
}

#[test]
fn two_unparks_are_one_token() {
    let model = || {
        let me = thread::current();
        me.unpark();
        me.unpark();
        thread::park();
        thread::park();
    };
    let report = Check::new("two unparks").spurious(0).run(model);
    report.assert_failed(FailureKind::Deadlock);
}

#[test]
fn a_timed_park_ends_both_ways() {
    acquit(
        || {
            let me = thread::current();
            let woken = Arc::new(AtomicBool::new(false));
            let theirs = Arc::clone(&woken);
            let thread = thread::spawn(move || {
                // Release: pairs with the Acquire load below.
                theirs.store(true, Ordering::Release);
                me.unpark();
            });
            thread::park_timeout(Duration::from_secs(1));
            // Acquire: pairs with the Release store above.
            outcome(woken.load(Ordering::Acquire));
            thread.join().unwrap();
        },
        ["false", "true"],
    );
}
