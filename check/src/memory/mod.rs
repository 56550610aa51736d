//! TBD.

pub(crate) mod heap;
pub(crate) mod plain;
pub(crate) mod race;
