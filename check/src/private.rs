//! What the expansions of the macros name. Outside semantic versioning.

use crate::door::LocalKey;

pub use std::thread_local as real_thread_local;

/// The key of std's `real`, whose values `init` makes.
pub const fn local_key<T: 'static>(real: &'static std::thread::LocalKey<T>, init: fn() -> T) -> LocalKey<T> {
    LocalKey::new(real, init)
}
