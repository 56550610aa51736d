//! A use of memory and its free that nothing orders are reported, whichever came first in the run.

use crate::{acquit, convict};
use ringwright_check::door::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use ringwright_check::door::cell::UnsafeCell;
use ringwright_check::door::{Condvar, Mutex, RwLock, thread};
use ringwright_check::{Check, FailureKind, outcome};

struct Latch {
    set: AtomicBool,
    count: AtomicUsize,
    cell: UnsafeCell<u32>,
    lock: Mutex<u32>,
    rwlock: RwLock<u32>,
    condition: Condvar,
}

const TOUCHES: [&str; 12] = [
    "load",
    "store",
    "fetch_add",
    "swap",
    "failing compare_exchange",
    "cell read",
    "cell write",
    "lock",
    "try_lock",
    "read",
    "write",
    "notify",
];

fn touch(latch: &Latch, how: &str) {
    // Relaxed, all of them: the latch is gone, or another is ordered with its free.
    match how {
        "load" => drop(latch.count.load(Ordering::Relaxed)),
        "store" => latch.count.store(4, Ordering::Relaxed),
        "fetch_add" => drop(latch.count.fetch_add(1, Ordering::Relaxed)),
        "swap" => drop(latch.count.swap(1, Ordering::Relaxed)),
        "failing compare_exchange" => {
            assert!(latch.count.compare_exchange(9, 1, Ordering::Relaxed, Ordering::Relaxed).is_err());
        }
        // SAFETY: the checker ends the execution before two accesses overlap.
        "cell read" => drop(latch.cell.with(|p| unsafe { *p })),
        // SAFETY: as above.
        "cell write" => latch.cell.with_mut(|p| unsafe { *p = 2 }),
        "lock" => *latch.lock.lock().unwrap() += 1,
        "try_lock" => drop(latch.lock.try_lock()),
        "read" => drop(*latch.rwlock.read().unwrap()),
        "write" => *latch.rwlock.write().unwrap() += 1,
        _ => latch.condition.notify_one(),
    }
}

/// A thread sets a latch on the heap and touches it again, before or after; whoever sees it set frees it.
fn latch(how: &'static str, touches_after: bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        let latch = Box::into_raw(Box::new(Latch {
            set: AtomicBool::new(false),
            count: AtomicUsize::new(3),
            cell: UnsafeCell::new(1),
            lock: Mutex::new(0),
            rwlock: RwLock::new(0),
            condition: Condvar::new(),
        }));
        let addr = latch.expose_provenance();
        let setter = thread::spawn(move || {
            // SAFETY: the latch lives until it is set; that it may be freed afterwards is what the model shows.
            let latch = unsafe { &*std::ptr::with_exposed_provenance::<Latch>(addr) };
            if !touches_after {
                touch(latch, how);
            }
            // Release: pairs with the Acquire load below.
            latch.set.store(true, Ordering::Release);
            if touches_after {
                touch(latch, how);
            }
        });
        // SAFETY: nobody frees the latch but this thread.
        // Acquire: pairs with the Release store above.
        let gone = unsafe { (*latch).set.load(Ordering::Acquire) };
        if gone {
            // SAFETY: the box of above.
            drop(unsafe { Box::from_raw(latch) });
        }
        setter.join().unwrap();
        if !gone {
            // SAFETY: as above.
            drop(unsafe { Box::from_raw(latch) });
        }
        outcome(gone);
    }
}

#[test]
fn a_latch_that_is_touched_after_it_is_set_is_convicted() {
    for how in TOUCHES {
        for (plan, check) in [
            ("default", Check::new("d")),
            ("exhaustive", Check::new("e").exhaustive()),
            ("without reduction", Check::new("w").exhaustive().reduction(false)),
            ("on two threads", Check::new("t").exhaustive().threads(2)),
            ("at random", Check::new("r").random(1_000)),
        ] {
            let report = check.run(latch(how, true));
            let kinds = [Some(FailureKind::Race), Some(FailureKind::UseAfterFree)];
            assert!(kinds.contains(&report.failed()), "{how}, {plan}: {report}");
        }
    }
}

#[test]
fn a_latch_that_is_touched_before_it_is_set_is_acquitted() {
    for how in TOUCHES {
        acquit(["false", "true"], || latch(how, false));
    }
}

#[test]
fn a_free_that_a_fence_orders_is_acquitted_and_without_it_convicted() {
    fn model(fenced: bool) -> impl Fn() + Send + Sync + 'static {
        move || {
            let counts = Box::into_raw(Box::new((AtomicUsize::new(2), AtomicUsize::new(0))));
            let addr = counts.expose_provenance();
            let leave = move || {
                // SAFETY: each of the two threads has its count until it takes it back.
                let (count, other) =
                    unsafe { &*std::ptr::with_exposed_provenance::<(AtomicUsize, AtomicUsize)>(addr) };
                other.load(Ordering::Relaxed);
                // Release: pairs with the Acquire fence below.
                if count.fetch_sub(1, Ordering::Release) == 1 {
                    if fenced {
                        // Acquire: pairs with the Release of the other thread.
                        fence(Ordering::Acquire);
                    }
                    // SAFETY: the box of above, and the last count.
                    drop(unsafe {
                        Box::from_raw(std::ptr::with_exposed_provenance_mut::<(AtomicUsize, AtomicUsize)>(
                            addr,
                        ))
                    });
                }
            };
            let other = thread::spawn(leave);
            leave();
            other.join().unwrap();
            outcome("done");
        }
    }
    acquit(["done"], || model(true));
    convict(FailureKind::Race, || model(false));
}
