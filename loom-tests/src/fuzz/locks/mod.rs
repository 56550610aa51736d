//! Programs of everything that blocks, against an interpreter that interleaves atomic steps.
//!
//! Two mutexes, a reader-writer lock, a condition variable of the first mutex, parking, a barrier, a
//! channel, a `Once`, a `OnceLock`, a shared handle, thread-locals with destructors, panics. The
//! objects order everything that is asked of them but a failed `try_lock`, `is_finished` and the like,
//! which may be out of date; so a program asks at most one object such questions, and then some
//! interleaving explains every execution.

pub mod generate;
mod kind;
mod meetings;
pub mod model;
mod objects;
pub mod program;
pub mod reference;
