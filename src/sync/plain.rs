//! The door of the build that ships: `std` under another name.

pub use alloc::sync::{Arc, Weak};

/// Atomic integers, booleans and pointers, fences: [`core::sync::atomic`].
pub mod atomic {
    pub use core::sync::atomic::{
        AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8, AtomicU16,
        AtomicU32, AtomicU64, AtomicUsize, Ordering, compiler_fence, fence,
    };
}

/// The cell through which every structure reaches plain shared memory.
pub mod cell {
    /// [`core::cell::UnsafeCell`] with access by closure, so that the checker
    /// can see each access.
    #[derive(Debug, Default)]
    #[repr(transparent)]
    pub struct UnsafeCell<T: ?Sized>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        /// A cell that holds `value`.
        #[inline(always)]
        pub const fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        /// The value, which no one else can reach any more.
        #[inline(always)]
        pub fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }

    impl<T: ?Sized> UnsafeCell<T> {
        /// Gives `f` a pointer to read through. The caller promises that no
        /// other thread writes meanwhile.
        #[inline(always)]
        pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// Gives `f` a pointer to read and write through. The caller promises
        /// that no other thread reads or writes meanwhile.
        #[inline(always)]
        pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }

        /// A raw pointer to the value: what [`core::cell::UnsafeCell::get`]
        /// gives. The checker sees this as a write to the whole value.
        #[inline(always)]
        pub const fn get(&self) -> *mut T {
            self.0.get()
        }

        /// The value, by the caller's exclusive borrow.
        #[inline(always)]
        pub fn get_mut(&mut self) -> &mut T {
            self.0.get_mut()
        }
    }
}

/// What a thread says to the processor: [`core::hint`].
pub mod hint {
    pub use core::hint::spin_loop;
}

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
