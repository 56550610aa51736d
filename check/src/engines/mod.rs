//! TBD.

#[cfg(feature = "loom")]
pub(crate) mod loom;
#[cfg(feature = "loom")]
pub(crate) mod loom_child;
#[cfg(feature = "loom")]
pub(crate) mod loom_object;
#[cfg(feature = "loom")]
pub(crate) mod loom_state;
pub(crate) mod native;
pub(crate) mod sc;
pub(crate) mod sc_driver;
pub(crate) mod sc_state;
pub(crate) mod schedule;
