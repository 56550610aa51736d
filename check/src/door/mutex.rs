//! [`std::sync::Mutex`].

use crate::door::held::{Held, guard, lock};
use crate::door::object::Word;
use crate::door::poison::{Poison, Watch, unpoisoned};
use crate::door::static_value;
use crate::seam::op::SyncOp;
use std::cell::UnsafeCell;
use std::fmt;
use std::panic::Location;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

/// A mutex: [`std::sync::Mutex`], poisoning included.
pub struct Mutex<T: ?Sized> {
    pub(super) word: Word,
    real: std::sync::Mutex<()>,
    pub(super) poison: Poison,
    value: UnsafeCell<T>,
}

impl<T: ?Sized> std::panic::UnwindSafe for Mutex<T> {}
impl<T: ?Sized> std::panic::RefUnwindSafe for Mutex<T> {}

/// The real lock's guard, outside a model.
pub(super) type Real<'a> = std::sync::MutexGuard<'a, ()>;

/// The right to use what a [`Mutex`] protects, until dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct MutexGuard<'a, T: ?Sized> {
    pub(super) lock: &'a Mutex<T>,
    /// Before the lock, which it must find still held.
    _watch: Watch<'a>,
    pub(super) held: Held<'a, Real<'a>>,
}

lock!(Mutex, Send);
guard!(mut MutexGuard);

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
    pub fn into_inner(mut self) -> LockResult<T> {
        self.poison.wrap_owned(self.value.into_inner())
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
        let real = || self.real.lock().unwrap_or_else(PoisonError::into_inner);
        let held = Held::take(&self.word, SyncOp::Lock, Location::caller(), real);
        self.poison.wrap(MutexGuard::new(self, held))
    }

    /// Takes the lock if nobody holds it.
    ///
    /// # Errors
    ///
    /// If somebody holds it, or a holder panicked; then the guard is in the
    /// error.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let real = || unpoisoned(self.real.try_lock());
        let held = Held::try_take(&self.word, SyncOp::TryLock, Location::caller(), real);
        let held = held.ok_or(TryLockError::WouldBlock)?;
        Ok(self.poison.wrap(MutexGuard::new(self, held))?)
    }

    /// Whether a holder panicked.
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        self.poison.get()
    }

    /// Forgets that a holder panicked.
    #[track_caller]
    pub fn clear_poison(&self) {
        self.poison.clear();
    }

    /// The value, by exclusive borrow.
    ///
    /// # Errors
    ///
    /// If a holder panicked; the borrow is in the error.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.poison.wrap_owned(self.value.get_mut())
    }
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    #[track_caller]
    pub(super) fn new(lock: &'a Mutex<T>, held: Held<'a, Real<'a>>) -> Self {
        static_value::keep(lock.value.get());
        Self { lock, _watch: Watch::new(&lock.poison), held }
    }
}

impl<T: ?Sized> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").field("poisoned", &self.poison.newest()).finish_non_exhaustive()
    }
}
