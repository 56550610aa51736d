//! [`std::sync::Condvar`].
//!
//! In a model a waiter may wake for no reason (a budget bounds how often), a
//! notification wakes any waiter, and a timed wait both times out and does not.

use crate::door::held::{self, Held};
use crate::door::mutex::{MutexGuard, Real};
use crate::door::object::Word;
use crate::door::time::Instant;
use crate::seam::op::SyncOp;
use crate::seam::runtime::{self, RunningEngine, Site};
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::{LockResult, PoisonError};
use std::time::Duration;

/// A condition variable: [`std::sync::Condvar`].
#[derive(Debug)]
pub struct Condvar {
    word: Word,
    real: std::sync::Condvar,
}

/// Whether a timed wait ended because its time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the time was up.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

impl Condvar {
    /// A condition variable that nobody waits on.
    pub const fn new() -> Self {
        Self { word: Word::new(), real: std::sync::Condvar::new() }
    }

    /// Gives the lock back, waits, and takes the lock again.
    ///
    /// # Errors
    ///
    /// If a holder panicked; the guard is in the error.
    #[track_caller]
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let site = Location::caller();
        match runtime::current() {
            Some(engine) => self.modelled(engine, guard, None, site).0,
            None => real(guard, |g| self.real.wait(g).unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// [`wait`](Self::wait) until `condition` is false.
    ///
    /// # Errors
    ///
    /// If a holder panicked; the guard is in the error.
    #[track_caller]
    pub fn wait_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut *guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// [`wait`](Self::wait) for at most `timeout`.
    ///
    /// # Errors
    ///
    /// If a holder panicked; the guard and whether the time was up are in the
    /// error.
    #[track_caller]
    pub fn wait_timeout<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let site = Location::caller();
        let mut timed_out = false;
        let result = match runtime::current() {
            Some(engine) => {
                let (result, late) = self.modelled(engine, guard, Some(timeout), site);
                timed_out = late;
                result
            }
            None => real(guard, |g| {
                let (g, late) = self.real.wait_timeout(g, timeout).unwrap_or_else(PoisonError::into_inner);
                timed_out = late.timed_out();
                g
            }),
        };
        let late = WaitTimeoutResult(timed_out);
        match result {
            Ok(guard) => Ok((guard, late)),
            Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), late))),
        }
    }

    /// [`wait_while`](Self::wait_while) for at most `timeout` altogether.
    ///
    /// # Errors
    ///
    /// If a holder panicked; the guard and whether the time was up are in the
    /// error.
    #[track_caller]
    pub fn wait_timeout_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        timeout: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let start = Instant::now();
        loop {
            if !condition(&mut *guard) {
                return Ok((guard, WaitTimeoutResult(false)));
            }
            let Some(left) = timeout.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) else {
                return Ok((guard, WaitTimeoutResult(true)));
            };
            guard = self.wait_timeout(guard, left)?.0;
        }
    }

    /// Wakes one waiter, if there is one.
    #[track_caller]
    pub fn notify_one(&self) {
        match runtime::current() {
            Some(engine) => {
                engine.sync(self.word.object(), SyncOp::NotifyOne, 0, Location::caller());
            }
            None => self.real.notify_one(),
        }
    }

    /// Wakes every waiter.
    #[track_caller]
    pub fn notify_all(&self) {
        match runtime::current() {
            Some(engine) => {
                engine.sync(self.word.object(), SyncOp::NotifyAll, 0, Location::caller());
            }
            None => self.real.notify_all(),
        }
    }

    #[track_caller]
    fn modelled<'a, T: ?Sized>(
        &self,
        engine: RunningEngine,
        guard: MutexGuard<'a, T>,
        timeout: Option<Duration>,
        site: Site,
    ) -> (LockResult<MutexGuard<'a, T>>, bool) {
        let lock = ManuallyDrop::new(guard).lock;
        let late = held::wait(engine, &self.word, &lock.word, timeout, true, site);
        (lock.poison.wrap(MutexGuard::new(lock, Held::again(&lock.word, site))), late)
    }
}

/// A wait of a real thread.
fn real<'a, T: ?Sized>(
    mut guard: MutexGuard<'a, T>,
    wait: impl FnOnce(Real<'a>) -> Real<'a>,
) -> LockResult<MutexGuard<'a, T>> {
    let held = guard.held.real.take().expect("a lock taken outside a model holds the real lock");
    guard.held.real = Some(wait(held));
    guard.lock.poison.wrap(guard)
}
