//! A lock that somebody holds: in a model by its state word, outside by the real lock.
//!
//! What the locks of std and of parking_lot have in common is here: how a lock
//! is taken, given back and downgraded, and what a guard and a lock are beside that.

use crate::door::object::Word;
use crate::seam::op::{MISSED, QUEUED, SyncOp};
use crate::seam::runtime::{self, RunningEngine, Site};
use std::time::Duration;

/// What the lock's word says of the holder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    Alone,
    /// Alone, of a reader-writer lock.
    Writing,
    Shared,
    /// Nothing any more: another [`Held`] has taken over.
    Given,
}

/// A lock that is held until this is dropped. `R` is the real lock's guard.
pub(crate) struct Held<'a, R> {
    word: &'a Word,
    /// The real lock, outside a model. It also keeps the guard on its thread.
    pub(crate) real: Option<R>,
    site: Site,
    hold: Hold,
}

impl<'a, R> Held<'a, R> {
    /// The lock, taken by `op` in a model and by `real` outside.
    pub(crate) fn take(word: &'a Word, op: SyncOp, site: Site, real: impl FnOnce() -> R) -> Self {
        match runtime::current() {
            Some(engine) => {
                if engine.sync(word.object(), op, 0, site) == QUEUED {
                    engine.sync(word.object(), SyncOp::QueuedWriteLock, 0, site);
                }
                Held::of(word, op, site, None)
            }
            None => Held::of(word, op, site, Some(real())),
        }
    }

    /// The lock, if `op` in a model and `real` outside do not miss it.
    pub(crate) fn try_take(
        word: &'a Word,
        op: SyncOp,
        site: Site,
        real: impl FnOnce() -> Option<R>,
    ) -> Option<Self> {
        let real = match runtime::current() {
            Some(engine) if engine.sync(word.object(), op, 0, site) == MISSED => return None,
            Some(_) => None,
            None => Some(real()?),
        };
        Some(Held::of(word, op, site, real))
    }

    /// The lock that a condition variable's wait in a model has taken again.
    pub(crate) fn again(word: &'a Word, site: Site) -> Self {
        Held::of(word, SyncOp::Lock, site, None)
    }

    fn of(word: &'a Word, op: SyncOp, site: Site, real: Option<R>) -> Self {
        let hold = match op {
            SyncOp::ReadLock | SyncOp::TryReadLock => Hold::Shared,
            SyncOp::WriteLock | SyncOp::TryWriteLock => Hold::Writing,
            _ => Hold::Alone,
        };
        Held { word, real, site, hold }
    }

    /// Lets readers in, in one step, so that no writer comes between.
    pub(crate) fn downgrade<S>(mut self, site: Site, real: impl FnOnce(R) -> S) -> Held<'a, S> {
        self.hold = Hold::Given;
        let real = self.real.take().map(real);
        if real.is_none()
            && let Some(engine) = runtime::current()
        {
            engine.sync(self.word.object(), SyncOp::Downgrade, 0, site);
        }
        Held { word: self.word, real, site: self.site, hold: Hold::Shared }
    }
}

/// Waits in a model at the condition variable `condition`, for at most
/// `timeout`: gives back the lock that is held alone, and takes it again.
/// Whether the time ran out.
// Not generic: the callers are, and may be compiled with the sanitizer's pass.
#[inline(never)]
pub(crate) fn wait(
    engine: RunningEngine,
    condition: &Word,
    lock: &Word,
    timeout: Option<Duration>,
    spurious: bool,
    site: Site,
) -> bool {
    engine.sync(condition.object(), SyncOp::Enter, 0, site);
    engine.unlock(lock.object(), site);
    let nanos = timeout.map_or(0, |t| u64::try_from(t.as_nanos()).unwrap_or(u64::MAX));
    let op = SyncOp::Wait { timed: timeout.is_some(), spurious };
    let late = engine.sync(condition.object(), op, nanos, site) == MISSED;
    engine.sync(lock.object(), SyncOp::Lock, 0, site);
    late
}

impl<R> Drop for Held<'_, R> {
    fn drop(&mut self) {
        let Some(engine) = runtime::current().filter(|_| self.real.is_none()) else {
            return;
        };
        match self.hold {
            Hold::Alone => engine.unlock(self.word.object(), self.site),
            Hold::Writing => engine.unlock_write(self.word.object(), self.site),
            Hold::Shared => {
                engine.sync(self.word.object(), SyncOp::ReadUnlock, 0, self.site);
            }
            Hold::Given => {}
        }
    }
}

/// What a guard is beside the lock that it holds: a reference to `lock.value`.
macro_rules! guard {
    ($guard:ident) => {
        // SAFETY: a shared guard gives shared access to the value, which `T: Sync` allows.
        unsafe impl<T: ?Sized + Sync> Sync for $guard<'_, T> {}

        impl<T: ?Sized> std::ops::Deref for $guard<'_, T> {
            type Target = T;

            fn deref(&self) -> &T {
                // SAFETY: the guard holds the lock, so nobody else writes.
                unsafe { &*self.lock.value.get() }
            }
        }

        impl<T: ?Sized + std::fmt::Debug> std::fmt::Debug for $guard<'_, T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<T: ?Sized + std::fmt::Display> std::fmt::Display for $guard<'_, T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                (**self).fmt(f)
            }
        }
    };
    (mut $guard:ident) => {
        $crate::door::held::guard!($guard);

        impl<T: ?Sized> std::ops::DerefMut for $guard<'_, T> {
            fn deref_mut(&mut self) -> &mut T {
                // SAFETY: the guard holds the lock alone, so nobody else has access.
                unsafe { &mut *self.lock.value.get() }
            }
        }
    };
}

/// What a lock is beside its locking. `$sync`: what it takes of `T` to share one.
macro_rules! lock {
    ($lock:ident, $($sync:tt)+) => {
        // SAFETY: the lock owns the value.
        unsafe impl<T: ?Sized + Send> Send for $lock<T> {}
        // SAFETY: a mutex hands out access to one thread at a time, and a reader-writer lock also shared
        // access to many, which its bound on `T` allows: the bounds are those of the real locks.
        unsafe impl<T: ?Sized + $($sync)+> Sync for $lock<T> {}

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
    };
}

pub(crate) use {guard, lock};
