//! The one door to shared memory, threads, locks and time.
//!
//! Everything in this crate that touches memory shared between threads goes
//! through this module, under the names of the standard library:
//!
//! | here | mirrors | in a model |
//! |---|---|---|
//! | [`atomic`]: every width, `bool`, pointers, fences | [`core::sync::atomic`] | every value that C++20 allows a load to read |
//! | [`cell::UnsafeCell`] | [`core::cell::UnsafeCell`], with `with` and `with_mut` | two accesses that nothing orders are a race |
//! | [`Arc`], [`Weak`] | [`std::sync::Arc`] | the counts are the model's, so the edges of a drop count |
//! | [`Mutex`], [`RwLock`], [`Condvar`] | [`std::sync`] | any waiter wakes; spurious wake-ups and time-outs happen |
//! | [`Barrier`] | [`std::sync::Barrier`] | a lock and a condition variable, as in `std` |
//! | [`Once`], [`OnceLock`], [`LazyLock`] | [`std::sync`] | an Acquire load once done; statics start afresh in each execution |
//! | [`mpsc`] | [`std::sync::mpsc`] | one lock, which orders more than `std` promises (its docs say what) |
//! | [`thread`]: `spawn`, `scope`, `park`, `sleep`, `Builder`, `thread_local!` | [`std::thread`] | a thread-local is the model thread's own |
//! | [`time`] | [`std::time::Instant`] | stands still, but for sleeps and time-outs |
//! | [`hint`] | [`core::hint::spin_loop`] | waits for something new to read |
//! | [`task`]: `block_on`, `spawn`, `TaskSet`, `sleep`, `timeout`, `cancel_anywhere` | async runtimes | a spawned task is a thread; tasks of a set are polled in every order; aborts and drops strike at each await |
//! | `parking_lot` (feature `parking_lot`) | parking_lot's `Mutex`, `RwLock`, `Condvar` | no poisoning, no spurious wake-ups |
//! | [`light_fence`], [`heavy_fence`] | a lopsided pair of fences | both sequentially consistent |
//!
//! Without the feature `check` these are re-exports and `#[inline(always)]`
//! wrappers, so the machine code is what `std` would give. With it the types
//! are instrumented: inside a model they talk to the engine that runs the
//! model, and outside one they behave as `std` does.

#[cfg(not(feature = "check"))]
mod fences;
#[cfg(not(feature = "check"))]
mod plain;
#[cfg(not(feature = "check"))]
mod unsafe_cell;

#[cfg(not(feature = "check"))]
pub use self::{
    fences::{heavy_fence, light_fence},
    plain::*,
};
#[cfg(feature = "check")]
pub use ringwright_check::{door::*, task};

/// Whether this build's types are instrumented by the feature `check`: then
/// they are slow, and timing them would time the checker.
pub const INSTRUMENTED: bool = cfg!(feature = "check");
