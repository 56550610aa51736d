//! [`std::sync::Mutex`].

use super::object::Word;
use super::poison::Poison;
use crate::seam::op::{MISSED, SyncOp};
use crate::seam::runtime::{self, Site};
use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

/// A mutex: [`std::sync::Mutex`], poisoning included.
pub struct Mutex<T: ?Sized> {
    pub(super) word: Word,
    pub(super) real: std::sync::Mutex<()>,
    pub(super) poison: Poison,
    value: UnsafeCell<T>,
}

// SAFETY: the lock hands out access to one thread at a time, as std's does.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: the lock hands out access to one thread at a time, as std's does.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T: ?Sized> std::panic::UnwindSafe for Mutex<T> {}
impl<T: ?Sized> std::panic::RefUnwindSafe for Mutex<T> {}

/// The right to use what a [`Mutex`] protects, until dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct MutexGuard<'a, T: ?Sized> {
    pub(super) mutex: &'a Mutex<T>,
    /// The real lock, outside a model.
    pub(super) real: Option<std::sync::MutexGuard<'a, ()>>,
    pub(super) site: Site,
    panicking: bool,
}

// SAFETY: a shared guard gives shared access to the value, which `T: Sync` allows.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<T> Mutex<T> {
    /// A mutex that protects `value`.
    pub const fn new(value: T) -> Self {
        Self {
            word: Word::new(),
            real: std::sync::Mutex::new(()),
            poison: Poison::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// If a holder panicked; the value is in the error.
    pub fn into_inner(self) -> LockResult<T> {
        let poisoned = self.poison.get();
        let value = self.value.into_inner();
        if poisoned { Err(PoisonError::new(value)) } else { Ok(value) }
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock.
    ///
    /// # Errors
    ///
    /// If a holder panicked; the guard is in the error.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let site = Location::caller();
        let real = match runtime::current() {
            Some(engine) => {
                engine.sync(self.word.object(), SyncOp::Lock, 0, site);
                None
            }
            None => Some(self.real.lock().unwrap_or_else(PoisonError::into_inner)),
        };
        self.poison.wrap(MutexGuard::new(self, real, site))
    }

    /// Takes the lock if nobody holds it.
    ///
    /// # Errors
    ///
    /// If somebody holds it, or a holder panicked; then the guard is in the
    /// error.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let site = Location::caller();
        let real = match runtime::current() {
            Some(engine) => {
                if engine.sync(self.word.object(), SyncOp::TryLock, 0, site) == MISSED {
                    return Err(TryLockError::WouldBlock);
                }
                None
            }
            None => match self.real.try_lock() {
                Ok(real) => Some(real),
                Err(TryLockError::Poisoned(real)) => Some(real.into_inner()),
                Err(TryLockError::WouldBlock) => return Err(TryLockError::WouldBlock),
            },
        };
        Ok(self.poison.wrap(MutexGuard::new(self, real, site))?)
    }

    /// Whether a holder panicked.
    pub fn is_poisoned(&self) -> bool {
        self.poison.get()
    }

    /// Forgets that a holder panicked.
    pub fn clear_poison(&self) {
        self.poison.set(false);
    }

    /// The value, by exclusive borrow.
    ///
    /// # Errors
    ///
    /// If a holder panicked; the borrow is in the error.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let poisoned = self.poison.get();
        let value = self.value.get_mut();
        if poisoned { Err(PoisonError::new(value)) } else { Ok(value) }
    }
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    pub(super) fn new(mutex: &'a Mutex<T>, real: Option<std::sync::MutexGuard<'a, ()>>, site: Site) -> Self {
        Self { mutex, real, site, panicking: std::thread::panicking() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if !self.panicking && std::thread::panicking() {
            self.mutex.poison.set(true);
        }
        if self.real.is_none()
            && let Some(engine) = runtime::current()
        {
            engine.unlock(self.mutex.word.object(), self.site);
        }
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock, so nobody else has access.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the lock, so nobody else has access.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").field("poisoned", &self.poison.get()).finish_non_exhaustive()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}
