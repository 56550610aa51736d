//! Which choice comes next. Knows no execution.

pub(crate) mod choice;
pub(crate) mod chooser;
pub(crate) mod minimise;
pub(crate) mod random;
pub(crate) mod sampler;
pub(crate) mod stack;
pub(crate) mod stages;
