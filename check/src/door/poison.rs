//! The flag that says that a lock's holder panicked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LockResult, PoisonError};

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

    /// `guard`, as an error if the flag is set.
    pub(crate) fn wrap<G>(&self, guard: G) -> LockResult<G> {
        if self.get() { Err(PoisonError::new(guard)) } else { Ok(guard) }
    }
}
