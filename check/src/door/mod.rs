//! The door with the checker behind it: instrumented types that ask, on every
//! operation, whether a model runs them.

mod arc;
pub mod atomic;
mod barrier;
pub mod cell;
mod condvar;
mod fences;
mod locals;
pub mod mpsc;
mod mutex;
mod object;
mod once;
#[cfg(feature = "parking_lot")]
pub mod parking_lot;
mod poison;
mod rwlock;
pub mod thread;
pub mod time;

/// What a thread says to the processor: [`std::hint`].
pub mod hint {
    use crate::seam::runtime;
    use std::panic::Location;

    /// Says that the thread spins: [`std::hint::spin_loop`]. In a model it
    /// waits until one of the values that it has just read changes.
    #[track_caller]
    pub fn spin_loop() {
        match runtime::current() {
            Some(engine) => engine.yield_now(Location::caller()),
            None => std::hint::spin_loop(),
        }
    }
}

pub use arc::{Arc, Weak};
pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use fences::{heavy_fence, light_fence};
pub use locals::LocalKey;
pub use mutex::{Mutex, MutexGuard};
pub use once::{LazyLock, Once, OnceLock, OnceState};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

#[doc(hidden)]
pub use std::thread_local as real_thread_local;
