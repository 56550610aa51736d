//! Progress: what a frozen thread holds up, and operations that take more steps
//! than they may. Each check convicts something and acquits something.

use ringwright_check::alloc::Quarantine;
use ringwright_check::door::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use ringwright_check::door::{Arc, Mutex, hint, thread};
use ringwright_check::{Check, Engine, FailureKind, Report, Verdict, bounded, wait_free};
use std::collections::VecDeque;
use std::ptr;

#[global_allocator]
static ALLOC: Quarantine = Quarantine;

fn lock_free(name: &str, model: impl Fn() + Send + Sync + 'static) -> Report {
    Check::new(name).lock_free().run(model)
}

/// A counter behind a lock of its own.
#[derive(Default)]
struct SpinCounter {
    locked: AtomicBool,
    count: AtomicUsize,
}

impl SpinCounter {
    fn add(&self) {
        while self.locked.swap(true, Ordering::Acquire) {
            hint::spin_loop();
        }
        self.count.store(self.count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.locked.store(false, Ordering::Release);
    }
}

/// Runs `work` in two threads and joins them.
fn twice<S: Send + Sync + 'static>(shared: S, work: fn(&S)) -> Arc<S> {
    let shared = Arc::new(shared);
    let threads = [0, 1].map(|_| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || work(&shared))
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    shared
}

#[test]
fn a_frozen_holder_of_a_spinlock_holds_up_the_rest() {
    let report = lock_free("spinlock", || drop(twice(SpinCounter::default(), SpinCounter::add)));
    let failure = report.assert_failed(FailureKind::NotLockFree).failure.as_ref().unwrap();
    assert!(
        failure.message.contains("is frozen forever just before store at check/tests/progress.rs:"),
        "{report}"
    );
    assert!(failure.message.contains("at a loop that spins"), "{report}");
    assert_eq!(failure.sites.len(), 2, "who is frozen and who waits: {report}");
    assert!(failure.trace.lines.iter().any(|l| l.guilty && l.what.starts_with("frozen forever")), "{report}");
}

#[test]
fn without_a_frozen_thread_the_spinlock_is_right() {
    let check = Check::new("spinlock, nobody frozen");
    check.run(|| drop(twice(SpinCounter::default(), SpinCounter::add))).assert_passed();
}

#[test]
fn a_frozen_thread_in_a_locked_queue_holds_up_the_rest() {
    let push = |queue: &Mutex<VecDeque<u32>>| queue.lock().unwrap().push_back(1);
    let report = lock_free("queue with a lock", move || drop(twice(Mutex::new(VecDeque::new()), push)));
    let failure = report.assert_failed(FailureKind::NotLockFree).failure.as_ref().unwrap();
    assert!(failure.message.contains("frozen forever just before unlock"), "{report}");
    assert!(failure.message.contains("at lock"), "{report}");
}

#[test]
fn random_executions_freeze_too() {
    let check = Check::new("spinlock at random").random(2_000).lock_free();
    let report = check.run(|| drop(twice(SpinCounter::default(), SpinCounter::add)));
    report.assert_failed(FailureKind::NotLockFree);
}

#[test]
fn a_shared_counter_is_lock_free_and_wait_free() {
    let report = lock_free("fetch_add", || {
        let count = twice(AtomicUsize::new(0), |count| {
            bounded(1, "add", || count.fetch_add(1, Ordering::Relaxed));
        });
        // Joining a frozen thread is excused, and then nobody gets here.
        assert_eq!(count.load(Ordering::Relaxed), 2);
    });
    report.assert_passed();
    assert_eq!(report.verdict, Verdict::Exhaustive);
    let says = |text: &str| report.notes.iter().any(|note| note.contains(text));
    assert!(says("`add` took at most 1 of its own steps (limit 1)"), "{report}");
    assert!(says("frozen forever, at most 1 at a time: main at"), "{report}");
    assert!(says("t1 at") && says("t2 at"), "{report}");
}

fn add_by_compare_exchange(count: &AtomicUsize) {
    let mut old = count.load(Ordering::Relaxed);
    while let Err(now) = count.compare_exchange(old, old + 1, Ordering::Relaxed, Ordering::Relaxed) {
        old = now;
    }
}

#[test]
fn a_loop_of_compare_exchange_is_lock_free_but_not_wait_free() {
    lock_free("compare-exchange loop", || drop(twice(AtomicUsize::new(0), add_by_compare_exchange)))
        .assert_passed();
    let run = |limit| {
        Check::new("compare-exchange loop, bounded").run(move || {
            let count = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&count);
            let other = thread::spawn(move || add_by_compare_exchange(&theirs));
            bounded(limit, "add", || add_by_compare_exchange(&count));
            other.join().unwrap();
        })
    };
    let report = run(2);
    let failure = report.assert_failed(FailureKind::NotWaitFree).failure.as_ref().unwrap();
    assert!(failure.message.contains("`add` by main is not done after 2 steps of its own"), "{report}");
    // One other thread with one addition can spoil one attempt.
    let report = run(3);
    report.assert_passed();
    assert!(report.notes.iter().any(|note| note.contains("at most 3 of its own steps")), "{report}");
}

#[test]
fn a_wait_has_no_bound() {
    let report = Check::new("lock, bounded").run(|| {
        let mutex = Mutex::new(0);
        wait_free(100, || *mutex.lock().unwrap() += 1);
    });
    let failure = report.assert_failed(FailureKind::NotWaitFree).failure.as_ref().unwrap();
    assert!(failure.message.contains("`check/tests/progress.rs:"), "{report}");
    assert!(failure.message.contains("waits for others (lock)"), "{report}");

    let report = Check::new("try_lock, bounded").run(|| {
        let mutex = Mutex::new(0);
        bounded(2, "try_lock", || mutex.try_lock().map(|mut count| *count += 1).is_ok());
    });
    report.assert_passed();

    let report = Check::new("spinning, bounded").run(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        let other = thread::spawn(move || theirs.store(true, Ordering::Release));
        bounded(1_000, "await", || {
            while !flag.load(Ordering::Acquire) {
                hint::spin_loop();
            }
        });
        other.join().unwrap();
    });
    let failure = report.assert_failed(FailureKind::NotWaitFree).failure.as_ref().unwrap();
    assert!(failure.message.contains("spins until another thread has written"), "{report}");
}

struct Node {
    next: *mut Node,
}

/// A Treiber stack that is only pushed to while it is shared.
#[derive(Default)]
struct Stack {
    top: AtomicPtr<Node>,
}

impl Stack {
    fn push(&self) {
        let node = Box::into_raw(Box::new(Node { next: ptr::null_mut() }));
        let mut top = self.top.load(Ordering::Relaxed);
        loop {
            // SAFETY: the node is ours until it is published.
            unsafe { (*node).next = top };
            match self.top.compare_exchange(top, node, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => top = now,
            }
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let mut top = self.top.load(Ordering::Acquire);
        while !top.is_null() {
            // SAFETY: every node was boxed, is reached once, and nobody shares the stack any more.
            top = unsafe { Box::from_raw(top) }.next;
        }
    }
}

#[test]
fn a_treiber_push_is_lock_free() {
    lock_free("Treiber push", || drop(twice(Stack::default(), Stack::push))).assert_passed();
}

#[test]
fn whoever_joins_a_frozen_thread_is_excused_and_whoever_polls_is_not() {
    let report = lock_free("a chain of joins", || {
        let first = thread::spawn(|| AtomicUsize::new(0).store(1, Ordering::Relaxed));
        let second = thread::spawn(move || first.join().unwrap());
        second.join().unwrap();
    });
    report.assert_passed();
    let report = lock_free("polls a handle", || {
        let first = thread::spawn(|| AtomicUsize::new(0).store(1, Ordering::Relaxed));
        while !first.is_finished() {
            thread::yield_now();
        }
    });
    report.assert_failed(FailureKind::NotLockFree);
}

/// A flag of its own for each of two threads, and a third that goes on if either is set.
fn either_of_two() {
    let flags = Arc::new([const { AtomicBool::new(false) }; 2]);
    for own in 0..2 {
        let flags = Arc::clone(&flags);
        thread::spawn(move || flags[own].store(true, Ordering::Release));
    }
    while !flags.iter().any(|flag| flag.load(Ordering::Acquire)) {
        thread::yield_now();
    }
}

#[test]
fn one_frozen_thread_may_be_too_few() {
    // Main, frozen, has not started both; so only the two are counted on.
    lock_free("either of two", either_of_two).assert_passed();
    let report = Check::new("either of two, both frozen").freeze(2).run(either_of_two);
    let failure = report.assert_failed(FailureKind::NotLockFree).failure.as_ref().unwrap();
    assert!(failure.message.contains(" and "), "{report}");
}

#[test]
fn spinning_on_what_nobody_writes_is_a_livelock_still() {
    let report = lock_free("livelock", || {
        let flag = AtomicBool::new(false);
        while !flag.load(Ordering::Acquire) {
            hint::spin_loop();
        }
    });
    report.assert_failed(FailureKind::Livelock);
}

#[test]
fn freezing_nobody_is_no_pass() {
    let report = lock_free("reads only", || {
        let _ = AtomicUsize::new(0).load(Ordering::Relaxed);
    });
    assert!(!report.passed(), "{report}");
    assert!(matches!(&report.verdict, Verdict::NotRun(why) if why.contains("no thread was frozen")));
    for engine in [Engine::Sc, Engine::Native, Engine::Loom] {
        let report = Check::new("other engines").engine(engine).lock_free().run(|| {});
        assert!(!report.passed(), "{report}");
    }
}
