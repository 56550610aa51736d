//! Programs of tasks: sets of tasks that share a thread, tasks of their own threads, wake-ups across
//! threads, cancellation, time limits, aborts; against an interpreter that interleaves atomic steps.

pub mod generate;
mod kind;
pub mod model;
pub mod program;
pub mod reference;
