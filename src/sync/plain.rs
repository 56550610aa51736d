//! The door of the build that ships: `std` under another name.

pub use alloc::sync::{Arc, Weak};

/// Atomic integers, booleans and pointers, fences: [`core::sync::atomic`].
pub mod atomic {
    pub use core::sync::atomic::{
        AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicIsize, AtomicPtr, AtomicU8, AtomicU16, AtomicU32,
        AtomicUsize, Ordering, compiler_fence, fence,
    };
    #[cfg(all(target_has_atomic = "64", not(ringwright_no_64_bit_atomics)))]
    pub use core::sync::atomic::{AtomicI64, AtomicU64};
}

/// The cell through which every structure reaches plain shared memory.
pub mod cell {
    pub use crate::sync::unsafe_cell::UnsafeCell;
}

/// What a thread says to the processor: [`core::hint`].
pub mod hint {
    pub use core::hint::spin_loop;
}

#[cfg(feature = "std")]
pub use std::{thread::LocalKey, thread_local};

#[cfg(feature = "std")]
pub use std::sync::{
    Barrier, BarrierWaitResult, Condvar, LazyLock, LockResult, Mutex, MutexGuard, Once, OnceLock, OnceState,
    PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError, TryLockResult, WaitTimeoutResult,
    mpsc,
};

/// Threads: [`std::thread`].
#[cfg(feature = "std")]
pub mod thread {
    pub use std::thread::{
        AccessError, Builder, JoinHandle, LocalKey, Result, Scope, ScopedJoinHandle, Thread, ThreadId,
        available_parallelism, current, panicking, park, park_timeout, scope, sleep, spawn, yield_now,
    };
    pub use std::thread_local;
}

/// Time: [`std::time`].
#[cfg(feature = "std")]
pub mod time {
    pub use std::time::{Duration, Instant};
}

/// [`parking_lot`](::parking_lot)'s locks.
#[cfg(feature = "parking_lot")]
pub mod parking_lot {
    pub use ::parking_lot::{
        Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, WaitTimeoutResult,
    };
}
