//! What stands between the door and the engines: the trait, the operations, places, panics, the context.

pub(crate) mod clock;
pub(crate) mod context;
pub(crate) mod execution_cell;
pub(crate) mod fatal;
pub(crate) mod frames;
pub(crate) mod op;
pub(crate) mod origin;
pub(crate) mod outside;
pub(crate) mod panic_memory;
pub(crate) mod panics;
pub(crate) mod place;
pub(crate) mod quarantine;
pub(crate) mod runtime;
#[cfg(target_os = "linux")]
mod segments;
pub(crate) mod stack;
pub(crate) mod statics;
pub(crate) mod symbols;
pub(crate) mod thread_body;
pub(crate) mod tracer;
pub(crate) mod unwinding;
pub(crate) mod watchdog;
