//! TBD.

pub(crate) mod options;
pub(crate) mod orderings;
pub(crate) mod split;
pub(crate) mod strategy;
pub(crate) mod token;
