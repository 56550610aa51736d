//! Mistakes with locks and counters that need no memory model.

use crate::shapes::body::both;
use crate::shapes::shape::Shape;
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use ringwright::sync::hint::spin_loop;
use ringwright::sync::{Mutex, MutexGuard, thread};

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "lock-order-deadlock",
        source: "Coffman, Elphick and Shoshani, System deadlocks, 1971",
        buggy: || lock_order(true),
        fixed: || lock_order(false),
        expected: &[FailureKind::Deadlock],
    },
    Shape {
        name: "unlock-missed-on-error",
        source: "MITRE, CWE-667: improper locking",
        buggy: || missed_unlock(true),
        fixed: || missed_unlock(false),
        expected: &[FailureKind::Livelock, FailureKind::Deadlock],
    },
    Shape {
        name: "lost-update",
        source: "Lu et al., Learning from mistakes: real world concurrency bugs, ASPLOS 2008",
        buggy: || lost_update(true),
        fixed: || lost_update(false),
        expected: &[FailureKind::Panic],
    },
    Shape {
        name: "check-then-act",
        source: "Goetz et al., Java concurrency in practice, 2006",
        buggy: || check_then_act(true),
        fixed: || check_then_act(false),
        expected: &[FailureKind::Panic],
    },
    Shape {
        name: "lock-released-between-check-and-use",
        source: "Artho, Havelund and Biere, High-level data races, 2003",
        buggy: || two_critical_sections(true),
        fixed: || two_critical_sections(false),
        expected: &[FailureKind::Panic],
    },
    Shape {
        name: "unlock-of-a-lock-not-held",
        source: "MITRE, CWE-832: unlock of a resource that is not locked",
        buggy: || foreign_unlock(true),
        fixed: || foreign_unlock(false),
        expected: &[FailureKind::Panic],
    },
];

fn lock_order(flaw: bool) {
    let locks = [Mutex::new(1), Mutex::new(2)];
    let add = |first: usize, second: usize| {
        let first = locks[first].lock().unwrap();
        let second = locks[second].lock().unwrap();
        assert_eq!(*first + *second, 3);
    };
    both(|| add(0, 1), || if flaw { add(1, 0) } else { add(0, 1) });
}

/// A lock without a guard, and a way out that forgets it.
fn missed_unlock(flaw: bool) {
    let (locked, count) = (AtomicBool::new(false), AtomicU32::new(0));
    let lock = || {
        // Acquire: pairs with the Release store in `unlock`.
        while locked.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            spin_loop();
        }
    };
    // Release: pairs with the Acquire swap in `lock`.
    let unlock = || locked.store(false, Ordering::Release);
    let step = || {
        lock();
        let before = count.load(Ordering::Relaxed);
        if before == 1 {
            if !flaw {
                unlock();
            }
            return Err("it is full");
        }
        count.store(before + 1, Ordering::Relaxed);
        unlock();
        Ok(())
    };
    let mut results = [Ok(()); 2];
    let [first, second] = &mut results;
    both(|| *first = step(), || *second = step());
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    lock();
}

fn lost_update(flaw: bool) {
    let count = AtomicU32::new(0);
    let add = || {
        if flaw {
            count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        } else {
            count.fetch_add(1, Ordering::Relaxed);
        }
    };
    both(add, add);
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

/// Two buyers and one ticket.
fn check_then_act(flaw: bool) {
    let (left, sold) = (AtomicU32::new(1), AtomicU32::new(0));
    let buy = || {
        let bought = if flaw {
            let some = left.load(Ordering::Relaxed) > 0;
            if some {
                left.fetch_sub(1, Ordering::Relaxed);
            }
            some
        } else {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        };
        if bought {
            sold.fetch_add(1, Ordering::Relaxed);
        }
    };
    both(buy, buy);
    assert_eq!(sold.load(Ordering::Relaxed), 1, "sold more than there was");
}

/// The balance is read under the lock, and written under it later.
fn two_critical_sections(flaw: bool) {
    let balance = Mutex::new(10);
    let withdraw = |amount: i32| {
        let guard: MutexGuard<'_, i32> = balance.lock().unwrap();
        if *guard < amount {
            return;
        }
        let mut guard = if flaw {
            drop(guard);
            balance.lock().unwrap()
        } else {
            guard
        };
        *guard -= amount;
        assert!(*guard >= 0, "overdrawn");
    };
    both(|| withdraw(8), || withdraw(8));
}

/// Whoever fails to get the lock releases it all the same.
fn foreign_unlock(flaw: bool) {
    let (locked, inside) = (AtomicBool::new(false), AtomicU32::new(0));
    let attempt = || {
        // Acquire: pairs with the Release store below.
        let got = !locked.swap(true, Ordering::Acquire);
        if got {
            assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0, "two are inside");
            inside.fetch_sub(1, Ordering::Relaxed);
        }
        if got || flaw {
            // Release: pairs with the Acquire swap above.
            locked.store(false, Ordering::Release);
        }
    };
    thread::scope(|scope| {
        scope.spawn(attempt);
        scope.spawn(attempt);
        attempt();
    });
}
