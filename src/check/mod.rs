//! The checker: one test body under many engines.

pub mod alloc;
mod choice;
mod clock;
mod driver;
mod explorer;
mod graph;
mod heap;
pub(crate) mod hook;
mod lanes;
#[cfg(feature = "check-loom")]
pub(crate) mod loom;
#[cfg(feature = "check-loom")]
mod loom_child;
#[cfg(feature = "check-loom")]
mod loom_object;
mod model;
pub(crate) mod native;
pub(crate) mod op;
mod place;
mod plain;
mod plan;
mod psc;
mod race;
pub mod report;
pub(crate) mod runtime;
mod sc;
mod sc_driver;
mod schedule;
mod search;
pub mod sim;
mod state;
mod statics;
mod token;
mod tracing;
#[cfg(feature = "check-plain")]
mod tsan;

pub use graph::BrokenRule;
pub use model::{Check, any, model, outcome};
pub use report::{Engine, Failure, FailureKind, Limit, Report, SourceLine, Trace, TraceLine, Verdict};
