//! TBD.

pub(crate) mod cause;
pub(crate) mod data;
pub(crate) mod files;
pub(crate) mod html;
pub(crate) mod lanes;
pub(crate) mod meter;
pub(crate) mod step;
