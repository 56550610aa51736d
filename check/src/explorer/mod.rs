//! The engine: one execution on the graph, and the driver of one after another.

pub(crate) mod allocations;
pub(crate) mod current;
pub(crate) mod decide;
pub(crate) mod driver;
pub(crate) mod execution;
pub(crate) mod follow;
pub(crate) mod heartbeat;
pub(crate) mod liveness;
pub(crate) mod naming;
pub(crate) mod narrate;
pub(crate) mod objects;
pub(crate) mod operations;
pub(crate) mod plain;
pub(crate) mod progress;
pub(crate) mod request;
pub(crate) mod reuse;
pub(crate) mod sleeps;
#[cfg(test)]
pub(crate) mod test_support;
pub(crate) mod time;
pub(crate) mod tracing;
#[cfg(feature = "plain")]
pub(crate) mod tsan;
pub(crate) mod turns;
pub(crate) mod unseen;
pub(crate) mod waiting;
pub(crate) mod workers;
