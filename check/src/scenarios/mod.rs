//! TBD.

pub(crate) mod program;
pub(crate) mod record;
pub(crate) mod run;
