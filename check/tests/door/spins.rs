//! Loops that wait for a value.

use super::{acquit, convict, run};
use ringwright_check::door::atomic::{AtomicBool, Ordering};
use ringwright_check::door::{Arc, hint, thread};
use ringwright_check::{FailureKind, Verdict, outcome};

/// A model in which one thread sets a flag, if `set`, and the other waits for
/// it, doing `pause` each time that it is not set.
fn waits(set: bool, pause: impl Fn() + Copy + Send + Sync + 'static) -> impl Fn() + Send + Sync + 'static {
    move || {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        let thread = thread::spawn(move || {
            if set {
                // Release: pairs with the Acquire load below.
                theirs.store(true, Ordering::Release);
            }
        });
        // Acquire: pairs with the Release store above.
        while !flag.load(Ordering::Acquire) {
            pause();
        }
        thread.join().unwrap();
        outcome("seen");
    }
}

#[test]
fn a_loop_that_yields_ends_and_every_execution_is_seen() {
    for report in [
        run("yield_now", waits(true, thread::yield_now)),
        run("spin_loop", waits(true, hint::spin_loop)),
        run("silent", waits(true, || {})),
    ] {
        report.assert_passed().assert_outcomes(["seen"]);
        assert_eq!(report.verdict, Verdict::Exhaustive, "{report}");
    }
}

#[test]
fn a_loop_for_a_value_that_nobody_writes_is_a_livelock() {
    convict(waits(false, thread::yield_now), FailureKind::Livelock);
    convict(waits(false, hint::spin_loop), FailureKind::Livelock);
    convict(waits(false, || {}), FailureKind::Livelock);
}

#[test]
fn two_threads_that_wait_for_each_other_are_a_livelock() {
    let model = || {
        let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let side = |flags: &[AtomicBool; 2], me: usize| {
            // SeqCst: no ordering helps.
            while !flags[1 - me].load(Ordering::SeqCst) {
                thread::yield_now();
            }
            // SeqCst: as above.
            flags[me].store(true, Ordering::SeqCst);
        };
        let theirs = Arc::clone(&flags);
        let thread = thread::spawn(move || side(&theirs, 1));
        side(&flags, 0);
        thread.join().unwrap();
    };
    convict(model, FailureKind::Livelock);
}

#[test]
fn a_loop_that_gives_up_does_and_does_not() {
    acquit(
        || {
            let flag = Arc::new(AtomicBool::new(false));
            let theirs = Arc::clone(&flag);
            // Relaxed: only the value counts.
            let thread = thread::spawn(move || theirs.store(true, Ordering::Relaxed));
            let mut turns = 0;
            while turns < 3 && !flag.load(Ordering::Relaxed) {
                turns += 1;
                hint::spin_loop();
            }
            outcome(if turns < 3 { "seen" } else { "gave up" });
            thread.join().unwrap();
        },
        ["gave up", "seen"],
    );
}

#[test]
fn a_loop_that_gives_up_alone_gives_up() {
    acquit(
        || {
            let flag = AtomicBool::new(false);
            // Relaxed: nobody writes it.
            let tries = (0..10)
                .take_while(|_| !flag.load(Ordering::Relaxed))
                .inspect(|_| thread::yield_now())
                .count();
            outcome(tries);
        },
        ["10"],
    );
}
