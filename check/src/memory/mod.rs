//! The memory of an execution: blocks, bytes, and the accesses that race. Data only.

pub(crate) mod free_lists;
pub(crate) mod heap;
pub(crate) mod race;
pub(crate) mod shadow;
