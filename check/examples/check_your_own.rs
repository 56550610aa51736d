//! Checking your own crate: a one-shot slot that uses only `ringwright::sync`,
//! its model, and the same model with one ordering weakened.
//!
//! `cargo run -p ringwright-check --example check_your_own`

use ringwright_check::door::atomic::{AtomicBool, Ordering};
use ringwright_check::door::cell::UnsafeCell;
use ringwright_check::door::{Arc, thread};
use ringwright_check::{self as check, Check};

/// A value that one thread puts and another one takes.
struct Slot {
    full: AtomicBool,
    value: UnsafeCell<u32>,
}

// SAFETY: the value is written before `full` is set and read only after that has been seen.
unsafe impl Sync for Slot {}

impl Slot {
    fn put(&self, value: u32, publish: Ordering) {
        // SAFETY: there is one producer, and nobody reads before `full` is set.
        self.value.with_mut(|slot| unsafe { *slot = value });
        self.full.store(true, publish);
    }

    fn take(&self) -> Option<u32> {
        // Acquire: pairs with the store in `put`.
        let full = self.full.load(Ordering::Acquire);
        // SAFETY: `full` was set after the write, and nobody writes again.
        full.then(|| self.value.with(|slot| unsafe { *slot }))
    }
}

fn model(publish: Ordering) -> impl Fn() + Send + Sync + 'static {
    move || {
        let slot = Arc::new(Slot { full: AtomicBool::new(false), value: UnsafeCell::new(0) });
        let theirs = Arc::clone(&slot);
        let producer = thread::spawn(move || theirs.put(7, publish));
        check::outcome(format!("{:?}", slot.take()));
        producer.join().unwrap();
    }
}

fn main() {
    let right = Check::new("Release").run(model(Ordering::Release));
    right.assert_passed().assert_outcomes(["None", "Some(7)"]);
    println!("{right}\n");
    // A model proves itself: its twin with a weaker ordering must fail.
    let wrong = Check::new("Relaxed").run(model(Ordering::Relaxed));
    wrong.assert_failed(check::FailureKind::Race);
    println!("{wrong}");
}
