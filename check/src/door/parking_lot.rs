//! [`parking_lot`](::parking_lot)'s `Mutex`, `RwLock` and `Condvar`.
//!
//! As there: no poisoning, a guard that is waited with stays where it is, and a
//! wait that ends for no reason does not exist. Timed locking, upgradable and
//! mapped guards are not modelled, so they are not here.

use super::object::Word;
use super::time::Instant;
use crate::seam::op::{MISSED, SyncOp};
use crate::seam::runtime::{self, Runtime, Site};
use ::parking_lot as real;
use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::time::Duration;

/// A mutex: [`parking_lot::Mutex`](real::Mutex).
pub struct Mutex<T: ?Sized> {
    word: Word,
    real: real::Mutex<()>,
    value: UnsafeCell<T>,
}

// SAFETY: the lock hands out access to one thread at a time, as the real one does.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: the lock hands out access to one thread at a time, as the real one does.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

/// The right to use what a [`Mutex`] protects, until dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    /// The real lock, outside a model. It also keeps the guard on its thread.
    real: Option<real::MutexGuard<'a, ()>>,
    site: Site,
}

// SAFETY: a shared guard gives shared access to the value, which `T: Sync` allows.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<T> Mutex<T> {
    /// A mutex that protects `value`.
    pub const fn new(value: T) -> Self {
        Self { word: Word::new(), real: real::Mutex::new(()), value: UnsafeCell::new(value) }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let site = Location::caller();
        let real = match runtime::current() {
            Some(engine) => {
                engine.sync(self.word.object(), SyncOp::Lock, 0, site);
                None
            }
            None => Some(self.real.lock()),
        };
        MutexGuard { mutex: self, real, site }
    }

    /// Takes the lock if nobody holds it.
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let site = Location::caller();
        let real = match runtime::current() {
            Some(engine) => {
                if engine.sync(self.word.object(), SyncOp::TryLock, 0, site) == MISSED {
                    return None;
                }
                None
            }
            None => Some(self.real.try_lock()?),
        };
        Some(MutexGuard { mutex: self, real, site })
    }

    /// The value, by exclusive borrow.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
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

/// A reader-writer lock: [`parking_lot::RwLock`](real::RwLock). A model does
/// not know its fairness: a reader may overtake a writer that waits.
pub struct RwLock<T: ?Sized> {
    word: Word,
    real: real::RwLock<()>,
    value: UnsafeCell<T>,
}

// SAFETY: the lock hands out shared access to many threads or exclusive access to one.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: the lock hands out shared access to many threads or exclusive access to one.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

/// The right to read what a [`RwLock`] protects, until dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    real: Option<real::RwLockReadGuard<'a, ()>>,
    site: Site,
}

/// The right to write what a [`RwLock`] protects, until dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    real: Option<real::RwLockWriteGuard<'a, ()>>,
    site: Site,
}

// SAFETY: a shared guard gives shared access to the value, which `T: Sync` allows.
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}
// SAFETY: a shared guard gives shared access to the value, which `T: Sync` allows.
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<T> RwLock<T> {
    /// A lock that protects `value`.
    pub const fn new(value: T) -> Self {
        Self { word: Word::new(), real: real::RwLock::new(()), value: UnsafeCell::new(value) }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until no writer holds the lock, and reads.
    #[track_caller]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        let site = Location::caller();
        let real = match runtime::current() {
            Some(engine) => {
                engine.sync(self.word.object(), SyncOp::ReadLock, 0, site);
                None
            }
            None => Some(self.real.read()),
        };
        RwLockReadGuard { lock: self, real, site }
    }

    /// Reads if no writer holds the lock.
    #[track_caller]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        let real = match runtime::current() {
            Some(engine) => {
                if engine.sync(self.word.object(), SyncOp::TryReadLock, 0, site) == MISSED {
                    return None;
                }
                None
            }
            None => Some(self.real.try_read()?),
        };
        Some(RwLockReadGuard { lock: self, real, site })
    }

    /// Waits until nobody holds the lock, and writes.
    #[track_caller]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        let site = Location::caller();
        let real = match runtime::current() {
            Some(engine) => {
                engine.sync(self.word.object(), SyncOp::WriteLock, 0, site);
                None
            }
            None => Some(self.real.write()),
        };
        RwLockWriteGuard { lock: self, real, site }
    }

    /// Writes if nobody holds the lock.
    #[track_caller]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        let real = match runtime::current() {
            Some(engine) => {
                if engine.sync(self.word.object(), SyncOp::TryWriteLock, 0, site) == MISSED {
                    return None;
                }
                None
            }
            None => Some(self.real.try_write()?),
        };
        Some(RwLockWriteGuard { lock: self, real, site })
    }

    /// The value, by exclusive borrow.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
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

/// Whether a timed wait ended because its time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the time was up.
    #[must_use]
    pub const fn timed_out(self) -> bool {
        self.0
    }
}

/// A condition variable: [`parking_lot::Condvar`](real::Condvar).
pub struct Condvar {
    word: Word,
    real: real::Condvar,
}

impl Condvar {
    /// A condition variable that nobody waits on.
    #[must_use]
    pub const fn new() -> Condvar {
        Condvar { word: Word::new(), real: real::Condvar::new() }
    }

    /// Wakes one waiter; whether there was one.
    #[track_caller]
    pub fn notify_one(&self) -> bool {
        match runtime::current() {
            Some(engine) => {
                let site = Location::caller();
                engine.sync(self.word.object(), SyncOp::NotifyOne, 0, site) != MISSED
            }
            None => self.real.notify_one(),
        }
    }

    /// Wakes every waiter; how many there were.
    #[track_caller]
    pub fn notify_all(&self) -> usize {
        match runtime::current() {
            Some(engine) => {
                let site = Location::caller();
                engine.sync(self.word.object(), SyncOp::NotifyAll, 0, site) as usize
            }
            None => self.real.notify_all(),
        }
    }

    /// Gives the lock back, waits, and takes the lock again.
    #[track_caller]
    pub fn wait<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>) {
        match runtime::current() {
            Some(engine) => {
                self.modelled(engine, &guard.mutex.word, None, Location::caller());
            }
            None => self.real.wait(held(guard)),
        }
    }

    /// [`wait`](Self::wait) until `condition` is false.
    #[track_caller]
    pub fn wait_while<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) {
        while condition(&mut **guard) {
            self.wait(guard);
        }
    }

    /// [`wait`](Self::wait) for at most `timeout`.
    #[track_caller]
    pub fn wait_for<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, timeout: Duration) -> WaitTimeoutResult {
        WaitTimeoutResult(match runtime::current() {
            Some(engine) => {
                let word = &guard.mutex.word;
                self.modelled(engine, word, Some(timeout), Location::caller())
            }
            None => self.real.wait_for(held(guard), timeout).timed_out(),
        })
    }

    /// [`wait`](Self::wait) until `deadline` at most.
    #[track_caller]
    pub fn wait_until<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        deadline: Instant,
    ) -> WaitTimeoutResult {
        self.wait_for(guard, deadline.saturating_duration_since(Instant::now()))
    }

    /// The wait of a model thread; whether its time ran out.
    #[inline(never)]
    fn modelled(&self, engine: &dyn Runtime, mutex: &Word, timeout: Option<Duration>, site: Site) -> bool {
        engine.sync(self.word.object(), SyncOp::Enter, 0, site);
        engine.unlock(mutex.object(), site);
        let nanos = timeout.map_or(0, |t| u64::try_from(t.as_nanos()).unwrap_or(u64::MAX));
        let op = SyncOp::Wait { timed: timeout.is_some(), spurious: false };
        let late = engine.sync(self.word.object(), op, nanos, site) == MISSED;
        engine.sync(mutex.object(), SyncOp::Lock, 0, site);
        late
    }
}

/// The real guard of a lock that was taken outside a model.
fn held<'g, 'a, T: ?Sized>(guard: &'g mut MutexGuard<'a, T>) -> &'g mut real::MutexGuard<'a, ()> {
    let held = guard.real.as_mut();
    held.expect("a lock taken outside a model holds the real lock")
}

impl Default for Condvar {
    fn default() -> Self {
        Condvar::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}

/// What both locks and their guards have beside locking.
macro_rules! conveniences {
    ($lock:ident: $($guard:ident),*) => {
        impl<T: Default> Default for $lock<T> {
            fn default() -> Self {
                Self::new(T::default())
            }
        }

        impl<T> From<T> for $lock<T> {
            fn from(value: T) -> Self {
                Self::new(value)
            }
        }

        impl<T: ?Sized> fmt::Debug for $lock<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($lock)).finish_non_exhaustive()
            }
        }

        $(
            impl<T: ?Sized + fmt::Debug> fmt::Debug for $guard<'_, T> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    (**self).fmt(f)
                }
            }

            impl<T: ?Sized + fmt::Display> fmt::Display for $guard<'_, T> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    (**self).fmt(f)
                }
            }
        )*
    };
}

conveniences!(Mutex: MutexGuard);
conveniences!(RwLock: RwLockReadGuard, RwLockWriteGuard);
