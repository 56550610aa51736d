//! TBD.

pub(crate) mod free_lists;
pub(crate) mod heap;
pub(crate) mod race;
pub(crate) mod shadow;
