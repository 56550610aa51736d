//! [`std::sync::RwLock`].

use crate::door::held::{Held, guard, lock};
use crate::door::object::Word;
use crate::door::poison::{Poison, Watch, unpoisoned};
use crate::door::static_value;
use crate::seam::op::SyncOp;
use std::cell::UnsafeCell;
use std::fmt;
use std::panic::Location;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

/// A reader-writer lock: [`std::sync::RwLock`], poisoning included.
///
/// std leaves open whether a writer that waits holds up those who come to read. Under the explorer both are
/// explored, each for a whole execution, so a thread that reads twice while a writer waits may be in a deadlock.
/// The other engines let readers in.
///
/// A reader sees what earlier readers did before they gave the lock back, as with std's own lock; std's words
/// promise this only of a writer. A race between two readers may be hidden by that.
pub struct RwLock<T: ?Sized> {
    word: Word,
    real: std::sync::RwLock<()>,
    poison: Poison,
    value: UnsafeCell<T>,
}

impl<T: ?Sized> std::panic::UnwindSafe for RwLock<T> {}
impl<T: ?Sized> std::panic::RefUnwindSafe for RwLock<T> {}

/// The right to read what a [`RwLock`] protects, until dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    _held: Held<'a, std::sync::RwLockReadGuard<'a, ()>>,
}

/// The right to write what a [`RwLock`] protects, until dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    /// Before the lock, which it must find still held.
    _watch: Watch<'a>,
    held: Held<'a, std::sync::RwLockWriteGuard<'a, ()>>,
}

lock!(RwLock, Send + Sync);
guard!(RwLockReadGuard);
guard!(mut RwLockWriteGuard);

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
    pub fn into_inner(mut self) -> LockResult<T> {
        self.poison.wrap_owned(self.value.into_inner())
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
        let real = || self.real.read().unwrap_or_else(PoisonError::into_inner);
        let held = Held::take(&self.word, SyncOp::ReadLock, Location::caller(), real);
        static_value::keep(self.value.get());
        self.poison.wrap(RwLockReadGuard { lock: self, _held: held })
    }

    /// Reads if no writer holds the lock.
    ///
    /// # Errors
    ///
    /// If a writer holds it, or a writer panicked; then the guard is in the
    /// error.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let real = || unpoisoned(self.real.try_read());
        let held = Held::try_take(&self.word, SyncOp::TryReadLock, Location::caller(), real);
        let held = held.ok_or(TryLockError::WouldBlock)?;
        static_value::keep(self.value.get());
        Ok(self.poison.wrap(RwLockReadGuard { lock: self, _held: held })?)
    }

    /// Waits until nobody holds the lock, and writes.
    ///
    /// # Errors
    ///
    /// If a writer panicked; the guard is in the error.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let real = || self.real.write().unwrap_or_else(PoisonError::into_inner);
        let held = Held::take(&self.word, SyncOp::WriteLock, Location::caller(), real);
        static_value::keep(self.value.get());
        self.poison.wrap(RwLockWriteGuard { lock: self, _watch: Watch::new(&self.poison), held })
    }

    /// Writes if nobody holds the lock.
    ///
    /// # Errors
    ///
    /// If somebody holds it, or a writer panicked; then the guard is in the
    /// error.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let real = || unpoisoned(self.real.try_write());
        let held = Held::try_take(&self.word, SyncOp::TryWriteLock, Location::caller(), real);
        let held = held.ok_or(TryLockError::WouldBlock)?;
        static_value::keep(self.value.get());
        Ok(self.poison.wrap(RwLockWriteGuard { lock: self, _watch: Watch::new(&self.poison), held })?)
    }

    /// Whether a writer panicked.
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        self.poison.get()
    }

    /// Forgets that a writer panicked.
    #[track_caller]
    pub fn clear_poison(&self) {
        self.poison.clear();
    }

    /// The value, by exclusive borrow.
    ///
    /// # Errors
    ///
    /// If a writer panicked; the borrow is in the error.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.poison.wrap_owned(self.value.get_mut())
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Lets readers in, in one step: no writer comes between.
    #[track_caller]
    pub fn downgrade(this: Self) -> RwLockReadGuard<'a, T> {
        let held = this.held.downgrade(Location::caller(), std::sync::RwLockWriteGuard::downgrade);
        RwLockReadGuard { lock: this.lock, _held: held }
    }
}

impl<T: ?Sized> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwLock").field("poisoned", &self.poison.newest()).finish_non_exhaustive()
    }
}
