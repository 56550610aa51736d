//! TBD.

pub(crate) mod execution;
pub(crate) mod interleave;
pub(crate) mod psc;
