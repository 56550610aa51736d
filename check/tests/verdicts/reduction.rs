//! What the reduction must not leave out: programs whose search without reduction finds more if it does.

use ringwright_check::door::atomic::{AtomicU32, Ordering};
use ringwright_check::door::{Arc, Mutex, hint, thread};
use ringwright_check::{Check, Report, outcome};

fn whole(model: impl Fn() + Send + Sync + 'static, reduction: bool) -> Report {
    let report = Check::new("m").exhaustive().reduction(reduction).run(model);
    report.assert_passed();
    report
}

/// Both searches see the same, and that is so many outcomes.
#[track_caller]
fn same<M: Fn() + Send + Sync + 'static>(outcomes: usize, model: impl Fn() -> M) {
    let (reduced, all) = (whole(model(), true), whole(model(), false));
    assert_eq!(reduced.outcomes, all.outcomes, "{reduced}");
    assert_eq!(reduced.outcomes.len(), outcomes, "{reduced}");
}

type Shared = Arc<([Mutex<()>; 3], AtomicU32)>;

/// Runs the threads; the outcome is what the first has read, and the last value.
fn run(threads: Vec<fn(&Shared) -> u32>) -> impl Fn() + Send + Sync + 'static {
    move || {
        let shared: Shared = Arc::default();
        let threads: Vec<_> = threads
            .iter()
            .map(|body| {
                let (body, shared) = (*body, Arc::clone(&shared));
                thread::spawn(move || body(&shared))
            })
            .collect();
        let read: Vec<u32> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        outcome(format!("{read:?} {}", shared.1.load(Ordering::Relaxed)));
    }
}

fn reads_under_the_first(shared: &Shared) -> u32 {
    let _held = shared.0[0].lock().unwrap();
    shared.1.load(Ordering::Relaxed)
}

#[test]
fn a_thread_that_waits_for_the_lock_that_another_has_just_taken_may_come_first() {
    same(6, || {
        run(vec![
            reads_under_the_first,
            |s| {
                let _outer = s.0[1].lock().unwrap();
                let _inner = s.0[0].lock().unwrap();
                s.1.store(2, Ordering::Relaxed);
                0
            },
            |s| {
                let _held = s.0[1].lock().unwrap();
                s.1.store(1, Ordering::Relaxed);
                0
            },
        ])
    });
}

#[test]
fn so_may_one_that_would_come_to_that_lock_only_later() {
    same(6, || {
        run(vec![
            reads_under_the_first,
            |s| {
                let _outer = s.0[1].lock().unwrap();
                let _between = s.0[2].lock().unwrap();
                let _inner = s.0[0].lock().unwrap();
                s.1.store(2, Ordering::Relaxed);
                0
            },
            |s| {
                drop(s.0[2].lock().unwrap());
                let _held = s.0[1].lock().unwrap();
                s.1.store(1, Ordering::Relaxed);
                0
            },
        ])
    });
}

#[test]
fn and_with_locks_of_the_models_own() {
    struct Spin(Vec<AtomicU32>);
    impl Spin {
        fn with(&self, lock: usize, body: impl FnOnce() -> u32) -> u32 {
            // Acquire: pairs with the Release store below.
            while self.0[lock].swap(1, Ordering::Acquire) == 1 {
                hint::spin_loop();
            }
            let result = body();
            // Release: pairs with the Acquire swap above.
            self.0[lock].store(0, Ordering::Release);
            result
        }
    }
    fn model() -> impl Fn() + Send + Sync + 'static {
        || {
            let shared = Arc::new((Spin((0..2).map(|_| AtomicU32::new(0)).collect()), AtomicU32::new(0)));
            let (a, b) = (Arc::clone(&shared), Arc::clone(&shared));
            let second = thread::spawn(move || {
                a.0.with(1, || {
                    a.0.with(0, || {
                        a.1.store(2, Ordering::Relaxed);
                        0
                    })
                })
            });
            let third = thread::spawn(move || {
                b.0.with(1, || {
                    b.1.store(1, Ordering::Relaxed);
                    0
                })
            });
            let read = shared.0.with(0, || shared.1.load(Ordering::Relaxed));
            second.join().unwrap();
            third.join().unwrap();
            outcome(format!("{read} {}", shared.1.load(Ordering::Relaxed)));
        }
    }
    let reduced = whole(model(), true);
    let sampled = Check::new("random").random(20_000).run(model());
    assert!(sampled.outcomes.is_subset(&reduced.outcomes), "{reduced}\n{sampled}");
    assert_eq!(reduced.outcomes.len(), 6, "{reduced}");
}
