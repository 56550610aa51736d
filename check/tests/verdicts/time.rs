//! Time: what a thread may know of it, whatever the order in which the search runs the threads.

use crate::acquit;
use ringwright_check::door::atomic::{AtomicU32, Ordering};
use ringwright_check::door::time::{Duration, Instant};
use ringwright_check::door::{Arc, Condvar, Mutex, hint, thread};
use ringwright_check::{Check, FailureKind, Verdict, outcome};

const TEN: Duration = Duration::from_millis(10);

/// Another thread sleeps, then sets a flag with `store`; main reads it with `load`, then the time.
fn sleeper(order: (Ordering, Ordering)) -> impl Fn() + Send + Sync + 'static {
    move || {
        let start = Instant::now();
        let x = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&x);
        let other = thread::spawn(move || {
            thread::sleep(TEN);
            theirs.store(1, order.0);
        });
        let value = x.load(order.1);
        outcome(format!("{value} {}", start.elapsed() >= TEN));
        other.join().unwrap();
        assert!(start.elapsed() >= TEN);
    }
}

#[test]
fn another_threads_sleep_may_be_over_or_not() {
    acquit(["0 false", "0 true", "1 true"], || sleeper((Ordering::SeqCst, Ordering::SeqCst)));
    acquit(["0 false", "0 true", "1 true"], || sleeper((Ordering::Release, Ordering::Acquire)));
    // What is read was written after the sleep, whatever the ordering.
    acquit(["0 false", "0 true", "1 true"], || sleeper((Ordering::Relaxed, Ordering::Relaxed)));
}

#[test]
fn time_goes_on_and_never_back() {
    acquit(["0 0", "0 10", "0 30", "10 10", "10 30", "30 30"], || {
        || {
            let start = Instant::now();
            let other = thread::spawn(|| {
                thread::sleep(TEN);
                thread::sleep(2 * TEN);
            });
            let first = start.elapsed().as_millis();
            outcome(format!("{first} {}", start.elapsed().as_millis()));
            other.join().unwrap();
        }
    });
}

#[test]
fn a_wait_whose_time_is_up_has_taken_it() {
    acquit(["10", "woken"], || {
        || {
            let start = Instant::now();
            let shared = Arc::new((Mutex::new(false), Condvar::new()));
            let theirs = Arc::clone(&shared);
            let other = thread::spawn(move || {
                *theirs.0.lock().unwrap() = true;
                theirs.1.notify_one();
            });
            let (ready, late) =
                shared.1.wait_timeout_while(shared.0.lock().unwrap(), TEN, |ready| !*ready).unwrap();
            if late.timed_out() {
                outcome(start.elapsed().as_millis());
            } else {
                assert!(*ready);
                outcome("woken");
            }
            drop(ready);
            other.join().unwrap();
        }
    });
}

#[test]
fn a_loop_with_a_deadline_ends_and_may_be_in_time() {
    for pause in [|| hint::spin_loop(), || thread::sleep(Duration::from_millis(1)), || ()] {
        let report = Check::new("alone").run(move || {
            let start = Instant::now();
            while start.elapsed() < Duration::from_secs(3_600) {
                pause();
            }
        });
        report.assert_passed();
        let report = Check::new("deadline").run(move || {
            let start = Instant::now();
            let x = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&x);
            let other = thread::spawn(move || theirs.store(1, Ordering::Relaxed));
            let seen = loop {
                if x.load(Ordering::Relaxed) == 1 {
                    break true;
                }
                if start.elapsed() >= TEN {
                    break false;
                }
                pause();
            };
            outcome(seen);
            other.join().unwrap();
        });
        report.assert_passed().assert_outcomes(["false", "true"]);
        assert!(matches!(report.verdict, Verdict::Exhaustive | Verdict::Bounded(_)), "{report}");
    }
}

#[test]
fn a_deadline_that_is_too_short_is_found() {
    let report = Check::new("lease").run(|| {
        let start = Instant::now();
        let done = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&done);
        let worker = thread::spawn(move || {
            thread::sleep(2 * TEN);
            // Release: pairs with the Acquire load below.
            theirs.store(1, Ordering::Release);
        });
        while start.elapsed() < TEN {
            hint::spin_loop();
        }
        // Acquire: pairs with the Release store above.
        assert_eq!(done.load(Ordering::Acquire), 1, "the worker is late");
        worker.join().unwrap();
    });
    report.assert_failed(FailureKind::Panic);
}

/// A thread waits for a flag and sleeps between two looks; `spent` gets the milliseconds that it took.
fn poll(spent: fn(u128)) -> impl Fn() + Send + Sync + 'static {
    move || {
        let start = Instant::now();
        let x = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&x);
        // Release: pairs with the Acquire load below.
        let other = thread::spawn(move || theirs.store(1, Ordering::Release));
        // Acquire: pairs with the Release store above.
        while x.load(Ordering::Acquire) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        spent(start.elapsed().as_millis());
        other.join().unwrap();
    }
}

#[test]
fn a_loop_that_sleeps_may_take_its_time() {
    let report = Check::new("slow").run(poll(|millis| assert!(millis < 6, "it took too long")));
    report.assert_failed(FailureKind::Panic);
    let report = Check::new("odd").run(poll(|millis| assert_ne!(millis, 5)));
    report.assert_failed(FailureKind::Panic);
    // How long it may take has no bound, and the verdict says so.
    let report = Check::new("any").run(poll(|_| ()));
    report.assert_passed();
    assert!(matches!(report.verdict, Verdict::Bounded(_)), "{report}");
    // The time is asked for by another thread alone, and after the loop.
    let report = Check::new("told").run(|| {
        let x = Arc::new((AtomicU32::new(0), Mutex::new(0)));
        let theirs = Arc::clone(&x);
        let poller = thread::spawn(move || {
            // Acquire: pairs with the Release store below.
            while theirs.0.load(Ordering::Acquire) == 0 {
                thread::sleep(Duration::from_millis(1));
            }
            *theirs.1.lock().unwrap() = 1;
        });
        let start = Instant::now();
        // Release: pairs with the Acquire load above.
        x.0.store(1, Ordering::Release);
        poller.join().unwrap();
        assert!(start.elapsed() < Duration::from_millis(6), "it took too long");
    });
    report.assert_failed(FailureKind::Panic);
    // Nobody asks: the loop only waits.
    let report = Check::new("nobody asks").run(|| {
        let x = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&x);
        // Relaxed: nothing hangs on it.
        let other = thread::spawn(move || theirs.store(1, Ordering::Relaxed));
        // Relaxed: as above.
        while x.load(Ordering::Relaxed) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        other.join().unwrap();
    });
    assert_eq!(report.verdict, Verdict::Exhaustive, "{report}");
}

#[test]
fn a_loop_that_was_cut_before_anybody_asked_for_the_time_is_named() {
    // Only who reads 1 asks, and the first execution reads 0.
    let model = || {
        let x = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
        let theirs = Arc::clone(&x);
        let poller = thread::spawn(move || {
            // Relaxed, all of them: nothing hangs on it.
            while theirs.0.load(Ordering::Relaxed) == 0 {
                thread::sleep(Duration::from_millis(1));
            }
            theirs.1.store(1, Ordering::Relaxed);
        });
        x.0.store(1, Ordering::Relaxed);
        let asks = x.1.load(Ordering::Relaxed) == 1;
        poller.join().unwrap();
        if asks {
            outcome(Instant::now().elapsed() < TEN);
        }
    };
    for threads in [1, 2] {
        let report = Check::new("asks late").threads(threads).run(model);
        report.assert_passed();
        assert!(matches!(report.verdict, Verdict::Bounded(_)), "{report}");
    }
}
