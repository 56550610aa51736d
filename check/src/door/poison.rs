//! The flag that says that a lock's holder panicked, and who sets it.
//!
//! `is_poisoned` and `clear_poison` do not take the lock, so the flag is an atomic of the model, with std's
//! Relaxed loads and stores. A holder too asks it by a load, but only where it may be set: as long as nobody
//! has set it, whoever holds the lock reads false. (A store that comes later in the run than the load does not
//! happen before it, and is either made under the lock, later, or makes the flag false.)

use crate::door::atomic::AtomicBool;
use crate::seam::runtime::{self, Site};
use crate::seam::statics;
use std::panic::Location;
use std::sync::atomic::{self as real, Ordering};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

/// A lock's poison flag.
#[derive(Debug)]
pub(crate) struct Poison {
    flag: AtomicBool,
    /// Whether anybody has ever set it. Not of the model: it only saves loads.
    was_set: real::AtomicBool,
}

impl Poison {
    pub(crate) const fn new() -> Poison {
        Poison { flag: AtomicBool::new(false), was_set: real::AtomicBool::new(false) }
    }

    /// The flag, for who need not hold the lock.
    #[track_caller]
    // Never inlined: callers are generic and may be compiled with the sanitizer's pass, which would
    // take the flag for one of the model's atomics.
    #[inline(never)]
    pub(crate) fn get(&self) -> bool {
        let _own = runtime::own_code();
        // Relaxed: as in std, the flag orders nothing.
        self.flag.load(Ordering::Relaxed)
    }

    /// Forgets that a holder panicked.
    #[track_caller]
    #[inline(never)]
    pub(crate) fn clear(&self) {
        let _own = runtime::own_code();
        // Relaxed: as in std, the flag orders nothing.
        self.flag.store(false, Ordering::Relaxed);
    }

    /// The holder who took the lock at `site` panics.
    #[inline(never)]
    fn set(&self, site: Site) {
        // Relaxed: the engine's threads share one operating-system thread, and outside a model the lock orders.
        self.was_set.store(true, Ordering::Relaxed);
        match runtime::current() {
            Some(engine) => {
                let _own = runtime::own_code();
                // Relaxed: as in std, the flag orders nothing.
                engine.store(self.flag.object(), 1, Ordering::Relaxed, site);
            }
            // Relaxed: as above.
            None => self.flag.store(true, Ordering::Relaxed),
        }
    }

    /// The flag, for who holds the lock. In a static it may be left over from another execution, which the
    /// engine has put back: there nothing is saved.
    #[track_caller]
    #[inline(never)]
    fn held(&self) -> bool {
        // Relaxed: as in `set`.
        let may_be_set = self.was_set.load(Ordering::Relaxed);
        (may_be_set || self.in_a_used_static()) && self.get()
    }

    /// Whether the flag is in a static: in another execution it may have been set.
    fn in_a_used_static(&self) -> bool {
        runtime::current().is_some() && statics::is_static(std::ptr::from_ref(self).addr())
    }

    /// `inner`, as an error if the flag is set.
    #[track_caller]
    pub(crate) fn wrap<G>(&self, inner: G) -> LockResult<G> {
        if self.held() { Err(PoisonError::new(inner)) } else { Ok(inner) }
    }

    /// `inner`, which nobody else can reach, as an error if the flag is set.
    pub(crate) fn wrap_owned<G>(&mut self, inner: G) -> LockResult<G> {
        if *self.flag.get_mut() { Err(PoisonError::new(inner)) } else { Ok(inner) }
    }

    /// The flag's newest value, for `Debug`.
    pub(crate) fn newest(&self) -> bool {
        self.flag.peek()
    }
}

/// Sets the flag if its holder begins to panic before this is dropped.
#[derive(Debug)]
pub(crate) struct Watch<'a> {
    poison: &'a Poison,
    panicking: bool,
    site: Site,
}

impl<'a> Watch<'a> {
    #[track_caller]
    pub(crate) fn new(poison: &'a Poison) -> Watch<'a> {
        Watch { poison, panicking: std::thread::panicking(), site: Location::caller() }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if !self.panicking && std::thread::panicking() {
            self.poison.set(self.site);
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
