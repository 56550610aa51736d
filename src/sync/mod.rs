//! The one door to shared memory, threads, locks and time.
//!
//! Everything in this crate that touches memory shared between threads goes
//! through this module, under the names of the standard library:
//!
//! | here | mirrors |
//! |---|---|
//! | `sync::{Arc, Weak, Mutex, RwLock, Condvar, Barrier, Once, OnceLock, LazyLock, mpsc}` | [`std::sync`] |
//! | [`sync::atomic`](atomic) | [`std::sync::atomic`] |
//! | [`sync::cell`](cell) | [`std::cell::UnsafeCell`], with loom's `with` and `with_mut` |
//! | [`sync::thread`](thread) | [`std::thread`] |
//! | [`sync::time`](time) | [`std::time::Instant`] |
//! | [`sync::hint`](hint) | [`std::hint::spin_loop`] |
//!
//! Without the feature `check` these are re-exports and `#[inline(always)]`
//! wrappers, so the machine code is what `std` would give. With it the types
//! are instrumented: inside a model they talk to the engine that runs the
//! model, and outside one they behave as `std` does.

#[cfg(not(feature = "check"))]
#[path = "plain.rs"]
mod imp;

#[cfg(feature = "check")]
#[path = "checked/mod.rs"]
mod imp;

mod fences;
#[cfg(feature = "std")]
pub mod task;

pub use fences::{heavy_fence, light_fence};
pub use imp::*;

/// Whether this build's types are instrumented by the feature `check`: then
/// they are slow, and timing them would time the checker.
pub const INSTRUMENTED: bool = cfg!(feature = "check");
