//! What the models of the structures share, and the litmus programs.

pub mod fuzz;
pub mod litmus;
pub mod models;
pub mod mpmc;
pub mod shapes;
pub mod spsc;
mod support;

pub use support::{Mark, line_of, passes, word};

/// Every test binary of this package knows who allocated what.
#[global_allocator]
static ALLOC: ringwright::check::alloc::Quarantine = ringwright::check::alloc::Quarantine;
