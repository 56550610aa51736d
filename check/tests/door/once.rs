//! `Once`, `OnceLock`, `LazyLock`.

use super::{acquit, convict, run};
use ringwright_check::door::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use ringwright_check::door::cell::UnsafeCell;
use ringwright_check::door::{Arc, LazyLock, Mutex, Once, OnceLock, thread};
use ringwright_check::{FailureKind, outcome};

/// A cell that several threads touch, rightly or not.
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

#[test]
fn one_of_two_threads_initialises_and_both_see_it() {
    acquit(
        || {
            let shared = Arc::new((OnceLock::new(), AtomicU32::new(0)));
            let get = |shared: &(OnceLock<Box<u32>>, AtomicU32), me| {
                **shared.0.get_or_init(|| {
                    // Relaxed: only the number counts.
                    shared.1.fetch_add(1, Ordering::Relaxed);
                    Box::new(me)
                })
            };
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || get(&theirs, 2));
            let mine = get(&shared, 1);
            assert_eq!(thread.join().unwrap(), mine);
            // Relaxed: the join orders it.
            outcome(format!("{mine}, made {}", shared.1.load(Ordering::Relaxed)));
        },
        ["1, made 1", "2, made 1"],
    );
}

#[test]
fn a_hand_made_double_check_needs_release_and_acquire() {
    let model = |set: Ordering, get: Ordering| {
        move || {
            let shared = Arc::new((AtomicBool::new(false), Mutex::new(()), Shared(UnsafeCell::new(0))));
            let value = move |shared: &(AtomicBool, Mutex<()>, Shared)| {
                if !shared.0.load(get) {
                    let _held = shared.1.lock().unwrap();
                    // Relaxed: the lock orders it.
                    if !shared.0.load(Ordering::Relaxed) {
                        shared.2.set(7);
                        shared.0.store(true, set);
                    }
                }
                shared.2.get()
            };
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || value(&theirs));
            outcome(value(&shared));
            thread.join().unwrap();
        }
    };
    acquit(model(Ordering::Release, Ordering::Acquire), ["7"]);
    convict(model(Ordering::Relaxed, Ordering::Acquire), FailureKind::Race);
    convict(model(Ordering::Release, Ordering::Relaxed), FailureKind::Race);
}

#[test]
fn get_never_waits_and_set_takes_one_value() {
    acquit(
        || {
            let cell = Arc::new(OnceLock::new());
            let theirs = Arc::clone(&cell);
            let thread = thread::spawn(move || theirs.set(2));
            let before = cell.get().copied();
            let mine = cell.set(1);
            let other = thread.join().unwrap();
            assert!(mine.is_ok() ^ other.is_ok());
            outcome(format!("{before:?} {:?}", cell.get()));
        },
        ["None Some(1)", "None Some(2)", "Some(2) Some(2)"],
    );
}

#[test]
fn a_call_that_ran_nothing_orders_nothing() {
    // `std` orders the call that ran the closure before the others, and those not among themselves.
    let model = || {
        let shared = Arc::new((Once::new(), Shared(UnsafeCell::new(0))));
        let (first, second) = (Arc::clone(&shared), Arc::clone(&shared));
        let first = thread::spawn(move || {
            first.1.set(1);
            first.0.call_once(|| {});
        });
        let second = thread::spawn(move || {
            second.0.call_once(|| {});
            second.1.get()
        });
        shared.0.call_once(|| {});
        first.join().unwrap();
        second.join().unwrap();
    };
    convict(model, FailureKind::Race);
}

#[test]
fn what_the_closure_wrote_is_seen_by_every_caller() {
    acquit(
        || {
            let shared = Arc::new((Once::new(), Shared(UnsafeCell::new(0))));
            let call = |shared: &(Once, Shared)| {
                shared.0.call_once(|| shared.1.set(7));
                shared.1.get()
            };
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || call(&theirs));
            let mine = call(&shared);
            outcome(mine + thread.join().unwrap());
        },
        ["14"],
    );
}

#[test]
fn a_panic_poisons_a_once_but_not_a_once_lock() {
    acquit(
        || {
            let shared = Arc::new((Once::new(), OnceLock::new()));
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || theirs.0.call_once(|| panic!("first")));
            assert!(thread.join().is_err());
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || theirs.0.call_once(|| {}));
            assert!(thread.join().is_err(), "a poisoned Once refuses");
            let mut poisoned = false;
            shared.0.call_once_force(|state| poisoned = state.is_poisoned());
            assert!(poisoned && shared.0.is_completed());
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || *theirs.1.get_or_init(|| panic!("first")));
            assert!(thread.join().is_err());
            outcome(shared.1.get_or_init(|| 3));
        },
        ["3"],
    );
}

#[test]
fn an_initialisation_that_needs_itself_deadlocks() {
    let model = || {
        let cell: Arc<OnceLock<u32>> = Arc::new(OnceLock::new());
        cell.get_or_init(|| *cell.get_or_init(|| 1));
    };
    convict(model, FailureKind::Deadlock);
}

#[test]
fn wait_returns_when_somebody_has_set_it_and_not_before() {
    let model = |set: bool| {
        move || {
            let cell = Arc::new(OnceLock::new());
            let theirs = Arc::clone(&cell);
            let thread = thread::spawn(move || {
                if set {
                    theirs.set(5).unwrap();
                }
            });
            outcome(cell.wait());
            thread.join().unwrap();
        }
    };
    acquit(model(true), ["5"]);
    convict(model(false), FailureKind::Deadlock);
}

/// Counts its drops where no model sees it.
struct Counted(Arc<u32>);

static DROPS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

impl Drop for Counted {
    fn drop(&mut self) {
        // Relaxed: only the number counts, and one thread at a time checks this model.
        DROPS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn statics_start_afresh_in_every_execution_and_their_values_are_dropped() {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    static LAZY: LazyLock<Counted> = LazyLock::new(|| {
        // Relaxed: only the number counts.
        MADE.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::new(7))
    });
    static CELL: OnceLock<Vec<u32>> = OnceLock::new();
    let report = run("statics", || {
        let thread = thread::spawn(|| (*LAZY.0, CELL.get_or_init(|| vec![1, 2]).len()));
        let mine = (*LAZY.0, CELL.get_or_init(|| vec![1, 2]).len());
        assert_eq!(thread.join().unwrap(), mine);
        // Relaxed: the join orders it.
        outcome(format!("{mine:?}, made {}", MADE.load(Ordering::Relaxed)));
    });
    report.assert_passed().assert_outcomes(["(7, 2), made 1"]);
    assert!(report.executions > 1);
    // Relaxed: the check is over. The first execution was run once more, to see that it is the same.
    assert_eq!(DROPS.load(std::sync::atomic::Ordering::Relaxed), report.executions + 1);
    assert!(CELL.get().is_none(), "what a model put into a static is gone");
    assert_eq!(LAZY.0.checked_add(1), Some(8), "and outside the model it is made once more");
}

#[test]
fn outside_a_model_they_are_as_in_std() {
    let cell = std::sync::Arc::new(OnceLock::new());
    let threads: Vec<_> = (0..4)
        .map(|i| {
            let cell = std::sync::Arc::clone(&cell);
            thread::spawn(move || *cell.get_or_init(|| i))
        })
        .collect();
    let seen: Vec<i32> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    assert!(seen.iter().all(|v| Some(v) == cell.get()));
    let mut cell = OnceLock::from(3);
    assert_eq!(cell.set(4), Err(4));
    assert_eq!((cell.take(), cell.get()), (Some(3), None));
    let lazy = LazyLock::new(|| String::from("made"));
    assert_eq!(format!("{lazy:?}"), "LazyLock(<uninit>)");
    assert_eq!(lazy.as_str(), "made");
    drop(LazyLock::new({
        let owned = String::from("never made");
        move || owned
    }));
}
