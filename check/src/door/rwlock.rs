//! [`std::sync::RwLock`].

use super::object::Word;
use super::poison::Poison;
use crate::seam::op::{MISSED, SyncOp};
use crate::seam::runtime::{self, Site};
use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

/// A reader-writer lock: [`std::sync::RwLock`], poisoning included.
pub struct RwLock<T: ?Sized> {
    word: Word,
    real: std::sync::RwLock<()>,
    poison: Poison,
    value: UnsafeCell<T>,
}

// SAFETY: the lock hands out shared access to many threads or exclusive access to one, as std's does.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: the lock hands out shared access to many threads or exclusive access to one, as std's does.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T: ?Sized> std::panic::UnwindSafe for RwLock<T> {}
impl<T: ?Sized> std::panic::RefUnwindSafe for RwLock<T> {}

/// The right to read what a [`RwLock`] protects, until dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    real: Option<std::sync::RwLockReadGuard<'a, ()>>,
    site: Site,
}

/// The right to write what a [`RwLock`] protects, until dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    real: Option<std::sync::RwLockWriteGuard<'a, ()>>,
    site: Site,
    panicking: bool,
}

// SAFETY: a shared guard gives shared access to the value, which `T: Sync` allows.
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}
// SAFETY: a shared guard gives shared access to the value, which `T: Sync` allows.
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<T> RwLock<T> {
    /// A lock that protects `value`.
    pub const fn new(value: T) -> Self {
        Self {
            word: Word::new(),
            real: std::sync::RwLock::new(()),
            poison: Poison::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// If a writer panicked; the value is in the error.
    pub fn into_inner(self) -> LockResult<T> {
        let poisoned = self.poison.get();
        let value = self.value.into_inner();
        if poisoned { Err(PoisonError::new(value)) } else { Ok(value) }
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until no writer holds the lock, and reads.
    ///
    /// # Errors
    ///
    /// If a writer panicked; the guard is in the error.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        let real = match runtime::current() {
            Some(engine) => {
                engine.sync(self.word.object(), SyncOp::ReadLock, 0, site);
                None
            }
            None => Some(self.real.read().unwrap_or_else(PoisonError::into_inner)),
        };
        self.poison.wrap(RwLockReadGuard { lock: self, real, site })
    }

    /// Reads if no writer holds the lock.
    ///
    /// # Errors
    ///
    /// If a writer holds it, or a writer panicked; then the guard is in the
    /// error.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        let real = match runtime::current() {
            Some(engine) => {
                if engine.sync(self.word.object(), SyncOp::TryReadLock, 0, site) == MISSED {
                    return Err(TryLockError::WouldBlock);
                }
                None
            }
            None => match self.real.try_read() {
                Ok(real) => Some(real),
                Err(TryLockError::Poisoned(real)) => Some(real.into_inner()),
                Err(TryLockError::WouldBlock) => return Err(TryLockError::WouldBlock),
            },
        };
        Ok(self.poison.wrap(RwLockReadGuard { lock: self, real, site })?)
    }

    /// Waits until nobody holds the lock, and writes.
    ///
    /// # Errors
    ///
    /// If a writer panicked; the guard is in the error.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        let real = match runtime::current() {
            Some(engine) => {
                engine.sync(self.word.object(), SyncOp::WriteLock, 0, site);
                None
            }
            None => Some(self.real.write().unwrap_or_else(PoisonError::into_inner)),
        };
        self.poison.wrap(RwLockWriteGuard { lock: self, real, site, panicking: std::thread::panicking() })
    }

    /// Writes if nobody holds the lock.
    ///
    /// # Errors
    ///
    /// If somebody holds it, or a writer panicked; then the guard is in the
    /// error.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        let real = match runtime::current() {
            Some(engine) => {
                if engine.sync(self.word.object(), SyncOp::TryWriteLock, 0, site) == MISSED {
                    return Err(TryLockError::WouldBlock);
                }
                None
            }
            None => match self.real.try_write() {
                Ok(real) => Some(real),
                Err(TryLockError::Poisoned(real)) => Some(real.into_inner()),
                Err(TryLockError::WouldBlock) => return Err(TryLockError::WouldBlock),
            },
        };
        let guard = RwLockWriteGuard { lock: self, real, site, panicking: std::thread::panicking() };
        Ok(self.poison.wrap(guard)?)
    }

    /// Whether a writer panicked.
    pub fn is_poisoned(&self) -> bool {
        self.poison.get()
    }

    /// Forgets that a writer panicked.
    pub fn clear_poison(&self) {
        self.poison.set(false);
    }

    /// The value, by exclusive borrow.
    ///
    /// # Errors
    ///
    /// If a writer panicked; the borrow is in the error.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let poisoned = self.poison.get();
        let value = self.value.get_mut();
        if poisoned { Err(PoisonError::new(value)) } else { Ok(value) }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        if self.real.is_none()
            && let Some(engine) = runtime::current()
        {
            engine.sync(self.lock.word.object(), SyncOp::ReadUnlock, 0, self.site);
        }
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        if !self.panicking && std::thread::panicking() {
            self.lock.poison.set(true);
        }
        if self.real.is_none()
            && let Some(engine) = runtime::current()
        {
            engine.unlock(self.lock.word.object(), self.site);
        }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock for reading, so nobody writes.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the lock for writing, so nobody else has access.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the lock for writing, so nobody else has access.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwLock").field("poisoned", &self.poison.get()).finish_non_exhaustive()
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}
