//! Report rendering: jobs that wait for a fixed set of worker threads.

mod pool;
mod queue;

pub use pool::{Pool, Summary};
pub use queue::{Closed, JobQueue, Lane};
