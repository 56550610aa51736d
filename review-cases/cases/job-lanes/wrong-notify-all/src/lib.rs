//! Report rendering: jobs that wait for a set number of worker threads.

mod pool;
mod queue;

pub use pool::{Pool, Summary};
pub use queue::{Closed, JobQueue, Lane};
