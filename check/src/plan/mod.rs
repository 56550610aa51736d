//! What was asked: strategies, budgets, shards, tokens, the orderings to weaken.

pub(crate) mod budget;
pub(crate) mod decision;
pub(crate) mod environment;
pub(crate) mod options;
pub(crate) mod orderings;
pub(crate) mod split;
pub(crate) mod strategy;
pub(crate) mod token;
