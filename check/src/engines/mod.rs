//! The other engines: real threads, sequentially consistent interleavings, and loom.

#[cfg(feature = "loom")]
pub(crate) mod loom;
#[cfg(feature = "loom")]
pub(crate) mod loom_child;
#[cfg(feature = "loom")]
pub(crate) mod loom_execution;
#[cfg(feature = "loom")]
pub(crate) mod loom_object;
pub(crate) mod native;
pub(crate) mod sc;
pub(crate) mod sc_driver;
pub(crate) mod sc_execution;
pub(crate) mod sc_schedule;
