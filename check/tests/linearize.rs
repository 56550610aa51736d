//! Linearizability: the near-linear checks against the general search, the
//! counterexamples, the files, and objects under scenarios.

#[path = "../examples/linearize/arguments.rs"]
mod arguments;
#[path = "linearize/bounds.rs"]
mod bounds;
#[path = "linearize/brute.rs"]
mod brute;
#[path = "../examples/linearize/command.rs"]
mod command;
#[path = "linearize/common.rs"]
mod common;
#[path = "linearize/cross.rs"]
mod cross;
#[path = "linearize/files.rs"]
mod files;
#[path = "linearize/long.rs"]
mod long;
#[path = "linearize/observations.rs"]
mod observations;
#[path = "linearize/scenarios.rs"]
mod scenarios;
