//! Linearizability: histories, specifications, and the checks of one against the other. Knows no engine.

pub(crate) mod buffer;
pub(crate) mod check;
pub mod command;
pub(crate) mod edn;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod history;
pub(crate) mod jsonl;
pub(crate) mod keyed;
pub(crate) mod queue;
pub(crate) mod register;
pub(crate) mod set;
pub(crate) mod spec;
pub(crate) mod stack;
pub(crate) mod table;
pub(crate) mod translate;
pub(crate) mod trees;
pub(crate) mod wgl;
