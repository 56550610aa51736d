//! What the models of the structures share, and the litmus programs.

pub mod litmus;

/// Every test binary of this package knows who allocated what.
#[global_allocator]
static ALLOC: ringwright::check::alloc::Quarantine = ringwright::check::alloc::Quarantine;
