//! What the expansions of the macros name, and what the checker's own tests break. Outside semantic versioning.

pub use crate::door::locals::local_key;
pub use crate::graph::event::BrokenRule;
pub use std::thread_local as real_thread_local;
