//! One thread writes, another one reads: what must not be read too early.

use crate::shapes::body::{Plain, both, relaxed_if};
use crate::shapes::shape::Shape;
use ringwright::check::FailureKind;
use ringwright::sync::Mutex;
use ringwright::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, Ordering};
use ringwright::sync::hint::spin_loop;
use std::ptr;

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "message-passing-relaxed-flag",
        source: "Boehm and Adve, Foundations of the C++ concurrency memory model, PLDI 2008",
        buggy: || message_passing(true),
        fixed: || message_passing(false),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "stop-flag-guards-data",
        source: "Boehm, Threads cannot be implemented as a library, PLDI 2005",
        buggy: || stop_flag(true),
        fixed: || stop_flag(false),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "double-checked-locking",
        source: "Bacon et al., The \"double-checked locking is broken\" declaration, 2000",
        buggy: || double_checked(true),
        fixed: || double_checked(false),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "once-cell-relaxed-publish",
        source: "Meyers and Alexandrescu, C++ and the perils of double-checked locking, 2004",
        buggy: || once_cell(true),
        fixed: || once_cell(false),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "rcu-publish-relaxed",
        source: "McKenney, Is parallel programming hard, chapter on rcu_assign_pointer",
        buggy: || rcu(true),
        fixed: || rcu(false),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "double-width-counter-torn",
        source: "Lamport, Concurrent reading and writing, CACM 1977",
        buggy: || double_width(true),
        fixed: || double_width(false),
        expected: &[FailureKind::Panic],
    },
];

fn message_passing(flaw: bool) {
    let (data, ready) = (Plain::new(0), AtomicBool::new(false));
    let writer = || {
        data.set(42);
        // Release: pairs with the Acquire load of the reader.
        ready.store(true, relaxed_if(flaw, Ordering::Release));
    };
    both(writer, || {
        // Acquire: pairs with the Release store of the writer.
        if ready.load(Ordering::Acquire) {
            assert_eq!(data.get(), 42);
        }
    });
}

/// A worker runs until it is told to stop, and its master then reads what it
/// left behind.
fn stop_flag(flaw: bool) {
    let (stop, stopped, last) = (AtomicBool::new(false), AtomicBool::new(false), Plain::new(0));
    let worker = || {
        let mut turns = 1;
        while !stop.load(Ordering::Relaxed) {
            turns += 1;
            spin_loop();
        }
        last.set(turns);
        // Release: pairs with the Acquire load of the master.
        stopped.store(true, Ordering::Release);
    };
    both(worker, || {
        stop.store(true, Ordering::Relaxed);
        // Acquire: pairs with the Release store of the worker.
        while !stopped.load(relaxed_if(flaw, Ordering::Acquire)) {
            spin_loop();
        }
        assert!(last.get() > 0);
    });
}

/// The quick look at the flag has no Acquire.
fn double_checked(flaw: bool) {
    let (lock, made, value) = (Mutex::new(()), AtomicBool::new(false), Plain::new(0));
    let get = || {
        // Acquire: pairs with the Release store below.
        if !made.load(relaxed_if(flaw, Ordering::Acquire)) {
            let guard = lock.lock().unwrap();
            if !made.load(Ordering::Relaxed) {
                value.set(7);
                // Release: pairs with the Acquire load above.
                made.store(true, Ordering::Release);
            }
            drop(guard);
        }
        assert_eq!(value.get(), 7);
    };
    both(get, get);
}

/// One of two threads makes the value; the other waits for it.
fn once_cell(flaw: bool) {
    const EMPTY: u8 = 0;
    const BUSY: u8 = 1;
    const FULL: u8 = 2;
    let (state, value) = (AtomicU8::new(EMPTY), Plain::new(0));
    let get = || {
        if state.compare_exchange(EMPTY, BUSY, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            value.set(7);
            // Release: pairs with the Acquire load below.
            state.store(FULL, relaxed_if(flaw, Ordering::Release));
            return;
        }
        // Acquire: pairs with the Release store above.
        while state.load(Ordering::Acquire) != FULL {
            spin_loop();
        }
        assert_eq!(value.get(), 7);
    };
    both(get, get);
}

/// A fresh node becomes reachable before it is written.
fn rcu(flaw: bool) {
    let current: AtomicPtr<Plain<u32>> = AtomicPtr::new(ptr::null_mut());
    let writer = || {
        let fresh = Box::into_raw(Box::new(Plain::new(7)));
        // Release: pairs with the Acquire load of the reader.
        current.store(fresh, relaxed_if(flaw, Ordering::Release));
    };
    both(writer, || {
        // Acquire: pairs with the Release store of the writer.
        let seen = current.load(Ordering::Acquire);
        // SAFETY: the node lives until both threads are done with it.
        if let Some(node) = unsafe { seen.as_ref() } {
            assert_eq!(node.get(), 7);
        }
    });
    // SAFETY: the writer has made it by `into_raw`, and nobody uses it any more.
    drop(unsafe { Box::from_raw(current.load(Ordering::Relaxed)) });
}

/// A counter of two halves goes from (0, 9) to (1, 0). The writer writes the
/// upper half before and after the lower one; a reader must compare the two.
fn double_width(flaw: bool) {
    let (before, low, after) = (AtomicU32::new(0), AtomicU32::new(9), AtomicU32::new(0));
    let writer = || {
        before.store(1, Ordering::Relaxed);
        // Release: pairs with the Acquire load of `low`.
        low.store(0, Ordering::Release);
        // Release: pairs with the Acquire load of `after`.
        after.store(1, Ordering::Release);
    };
    both(writer, || {
        // Acquire: pairs with the Release store of `after`.
        let high = after.load(Ordering::Acquire);
        // Acquire: pairs with the Release store of `low`.
        let digit = low.load(Ordering::Acquire);
        if flaw || before.load(Ordering::Relaxed) == high {
            assert!([9, 10].contains(&(high * 10 + digit)), "torn: {high}{digit}");
        }
    });
}
