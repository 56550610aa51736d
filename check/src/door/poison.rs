//! The flag that says that a lock's holder panicked, and who sets it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

/// A lock's poison flag. Its holder alone reads and writes it, except in
/// `is_poisoned`, so Relaxed is enough.
#[derive(Debug)]
pub(crate) struct Poison(AtomicBool);

impl Poison {
    pub(crate) const fn new() -> Poison {
        Poison(AtomicBool::new(false))
    }

    // Never inlined: callers are generic and may be compiled with the sanitizer's pass, which would
    // take the flag for one of the model's atomics.
    #[inline(never)]
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    #[inline(never)]
    pub(crate) fn set(&self, poisoned: bool) {
        self.0.store(poisoned, Ordering::Relaxed);
    }

    /// `inner`, as an error if the flag is set.
    pub(crate) fn wrap<G>(&self, inner: G) -> LockResult<G> {
        if self.get() { Err(PoisonError::new(inner)) } else { Ok(inner) }
    }
}

/// Sets the flag if its holder begins to panic before this is dropped.
#[derive(Debug)]
pub(crate) struct Watch<'a> {
    poison: &'a Poison,
    panicking: bool,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(poison: &'a Poison) -> Watch<'a> {
        Watch { poison, panicking: std::thread::panicking() }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if !self.panicking && std::thread::panicking() {
            self.poison.set(true);
        }
    }
}

/// The guard of a real lock, whose own flag nobody asks.
pub(crate) fn unpoisoned<G>(guard: TryLockResult<G>) -> Option<G> {
    match guard {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(guard)) => Some(guard.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
