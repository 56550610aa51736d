//! What the expansions of the macros name. Outside semantic versioning.

pub use crate::door::locals::local_key;
pub use std::thread_local as real_thread_local;
