//! The switch: atomics, cells, locks, threads and time from `std`, or from the checker.
//!
//! Without the feature `check` this module is `std` under another name: the
//! types are re-exports, or `#[inline(always)]` wrappers, so the machine code is
//! the same. With `check` it is the checker's *door*: instrumented types with
//! the same names. Inside a model, the checker decides what each operation does;
//! outside, the types behave as `std`'s do. The structures of this crate, and
//! code of yours that you want to check, use only this module for what threads
//! share:
//!
//! | here | mirrors | in a model |
//! |---|---|---|
//! | [`atomic`]: every width, `bool`, pointers, fences | [`core::sync::atomic`] | every value that C++20 allows a load to read |
//! | [`cell::UnsafeCell`] | [`core::cell::UnsafeCell`], with `with` and `with_mut` | two accesses by closure that nothing orders are a data race; **what is done through `get` is not seen**, but the report counts its calls |
//! | [`Arc`], [`Weak`] | [`std::sync::Arc`] | the counts are atomics of the model, so what a clone or drop orders is checked |
//! | [`Mutex`], [`RwLock`], [`Condvar`] | [`std::sync`] | any waiter wakes; spurious wake-ups and time-outs happen |
//! | [`Barrier`] | [`std::sync::Barrier`] | a lock and a condition variable, as in `std` |
//! | [`Once`], [`OnceLock`], [`LazyLock`] | [`std::sync`] | an Acquire load once it is initialized; statics are reset for each execution |
//! | [`mpsc`] | [`std::sync::mpsc`] | one lock, which orders more than `std` promises (its docs say what) |
//! | [`thread`]: `spawn`, `scope`, `park`, `sleep`, `Builder` | [`std::thread`] | each thread is scheduled by the checker |
//! | [`thread_local!`](thread_local), [`LocalKey`] | [`std::thread_local`] | each thread of the model has its own value |
//! | [`time`] | [`std::time::Instant`] | time stands still, except in sleeps and time-outs |
//! | [`hint`] | [`core::hint::spin_loop`] | the loop waits until something that it has read changes |
//! | `task` (feature `check`): `block_on`, `spawn`, `TaskSet`, `sleep`, `timeout`, `cancel_anywhere` | async runtimes | a spawned task is a thread; tasks of a set are polled in every order; a future can be dropped at each of its awaits |
//! | `parking_lot` (feature `parking_lot`) | parking_lot's `Mutex`, `RwLock`, `Condvar` | no poisoning, no spurious wake-ups |
//! | [`light_fence`], [`heavy_fence`] | a pair of fences, a cheap one for the frequent side | both sequentially consistent |
//!
//! Both builds have the same paths, methods and traits; `tests/switch.rs` checks
//! that. The exceptions are abilities that stable Rust gives only to `std`'s own
//! types. They compile without `check` and not with it: coercion to
//! `Arc<dyn Trait>` (write `Arc::from(Box::new(value) as Box<dyn Trait>)`),
//! `self: Arc<Self>`, `impl Wake`, and `from_ptr` of an atomic. The guide of
//! `ringwright-check` lists them all, with what to write instead.

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
