//! Scenarios: small programs for an object, made up, run as models, and made smaller where they fail.

pub(crate) mod execution;
pub(crate) mod findings;
pub(crate) mod program;
pub(crate) mod record;
pub(crate) mod run;
