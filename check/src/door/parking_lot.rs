//! [`parking_lot`]'s `Mutex`, `RwLock` and `Condvar`.
//!
//! As there: no poisoning, a guard that is waited with stays where it is, and a
//! wait that ends for no reason does not exist. Timed locking, upgradable and
//! mapped guards are not modelled, so they are not here.

use crate::door::held::{self, Held};
use crate::door::object::Word;
use crate::door::static_value;
use crate::door::time::Instant;
use crate::seam::op::{MISSED, SyncOp};
use crate::seam::runtime;
use ::parking_lot as real;
use std::cell::UnsafeCell;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// A mutex: [`parking_lot::Mutex`](real::Mutex).
pub struct Mutex<T: ?Sized> {
    word: Word,
    real: real::Mutex<()>,
    value: UnsafeCell<T>,
}

/// The right to use what a [`Mutex`] protects, until dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct MutexGuard<'a, T: ?Sized> {
    lock: &'a Mutex<T>,
    held: Held<'a, real::MutexGuard<'a, ()>>,
}

/// A reader-writer lock: [`parking_lot::RwLock`](real::RwLock). Under the explorer a writer that waits holds up
/// those who come to read, or not; both are explored, each for a whole execution.
pub struct RwLock<T: ?Sized> {
    word: Word,
    real: real::RwLock<()>,
    value: UnsafeCell<T>,
}

/// The right to read what a [`RwLock`] protects, until dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    _held: Held<'a, real::RwLockReadGuard<'a, ()>>,
}

/// The right to write what a [`RwLock`] protects, until dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    held: Held<'a, real::RwLockWriteGuard<'a, ()>>,
}

held::lock!(Mutex, Send);
held::lock!(RwLock, Send + Sync);
held::guard!(mut MutexGuard);
held::guard!(RwLockReadGuard);
held::guard!(mut RwLockWriteGuard);

/// What both locks have beside locking.
macro_rules! owned {
    ($lock:ident) => {
        impl<T> $lock<T> {
            /// A lock that protects `value`.
            pub const fn new(value: T) -> Self {
                Self { word: Word::new(), real: real::$lock::new(()), value: UnsafeCell::new(value) }
            }

            /// The value.
            pub fn into_inner(self) -> T {
                self.value.into_inner()
            }
        }

        impl<T: ?Sized> $lock<T> {
            /// The value, by exclusive borrow.
            pub fn get_mut(&mut self) -> &mut T {
                self.value.get_mut()
            }
        }

        impl<T: ?Sized> fmt::Debug for $lock<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($lock)).finish_non_exhaustive()
            }
        }
    };
}

owned!(Mutex);
owned!(RwLock);

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let held = Held::take(&self.word, SyncOp::Lock, Location::caller(), || self.real.lock());
        static_value::keep(self.value.get());
        MutexGuard { lock: self, held }
    }

    /// Takes the lock if nobody holds it.
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let real = || self.real.try_lock();
        let held = Held::try_take(&self.word, SyncOp::TryLock, Location::caller(), real)?;
        static_value::keep(self.value.get());
        Some(MutexGuard { lock: self, held })
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until no writer holds the lock, and reads.
    #[track_caller]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        let held = Held::take(&self.word, SyncOp::ReadLock, Location::caller(), || self.real.read());
        static_value::keep(self.value.get());
        RwLockReadGuard { lock: self, _held: held }
    }

    /// Reads if no writer holds the lock.
    #[track_caller]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        let real = || self.real.try_read();
        let held = Held::try_take(&self.word, SyncOp::TryReadLock, Location::caller(), real)?;
        static_value::keep(self.value.get());
        Some(RwLockReadGuard { lock: self, _held: held })
    }

    /// Waits until nobody holds the lock, and writes.
    #[track_caller]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        let held = Held::take(&self.word, SyncOp::WriteLock, Location::caller(), || self.real.write());
        static_value::keep(self.value.get());
        RwLockWriteGuard { lock: self, held }
    }

    /// Writes if nobody holds the lock.
    #[track_caller]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        let real = || self.real.try_write();
        let held = Held::try_take(&self.word, SyncOp::TryWriteLock, Location::caller(), real)?;
        static_value::keep(self.value.get());
        Some(RwLockWriteGuard { lock: self, held })
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Lets readers in, in one step: no writer comes between.
    #[track_caller]
    pub fn downgrade(this: Self) -> RwLockReadGuard<'a, T> {
        let held = this.held.downgrade(Location::caller(), real::RwLockWriteGuard::downgrade);
        RwLockReadGuard { lock: this.lock, _held: held }
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
                held::wait(engine, &self.word, &guard.lock.word, None, false, Location::caller());
            }
            None => self.real.wait(real_guard(guard)),
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
                held::wait(engine, &self.word, &guard.lock.word, Some(timeout), false, Location::caller())
            }
            None => self.real.wait_for(real_guard(guard), timeout).timed_out(),
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
}

/// The real guard of a lock that was taken outside a model.
fn real_guard<'g, 'a, T: ?Sized>(guard: &'g mut MutexGuard<'a, T>) -> &'g mut real::MutexGuard<'a, ()> {
    let held = guard.held.real.as_mut();
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
