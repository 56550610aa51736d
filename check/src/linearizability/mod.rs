//! Linearizability: histories, specifications, and the checks of one against the other. Knows no engine.

pub(crate) mod brief;
pub(crate) mod buffer;
pub(crate) mod call_set;
pub(crate) mod check;
pub(crate) mod explain;
pub mod files;
pub(crate) mod history;
pub(crate) mod keyed;
pub(crate) mod queue;
pub(crate) mod queue_monitor;
pub(crate) mod register;
pub(crate) mod residence;
pub(crate) mod search_stack;
pub(crate) mod set;
pub(crate) mod spec;
pub(crate) mod stack;
pub(crate) mod stack_monitor;
pub(crate) mod table;
pub(crate) mod trees;
pub(crate) mod undecided;
pub(crate) mod visited;
pub(crate) mod wgl;
