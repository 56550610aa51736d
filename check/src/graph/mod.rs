//! TBD.

pub(crate) mod event;
pub(crate) mod execution;
pub(crate) mod interleave;
pub(crate) mod psc;
pub(crate) mod stamp;
