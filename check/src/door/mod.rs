//! The door with the checker behind it: instrumented types that ask, on every
//! operation, whether a model runs them.

mod arc;
pub mod atomic;
mod barrier;
pub mod cell;
mod condvar;
mod fences;
mod held;
pub mod hint;
pub(crate) mod locals;
pub mod mpsc;
mod mutex;
mod object;
mod once;
#[cfg(feature = "parking_lot")]
pub mod parking_lot;
mod poison;
mod rwlock;
mod static_value;
pub mod thread;
pub mod time;

pub use crate::thread_local;
pub use arc::{Arc, Weak};
pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use fences::{heavy_fence, light_fence};
pub use locals::LocalKey;
pub use mutex::{Mutex, MutexGuard};
pub use once::{LazyLock, Once, OnceLock, OnceState};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};
