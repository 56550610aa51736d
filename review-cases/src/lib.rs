//! The harness side of the review corpus: what a case's hidden `harness.rs` is
//! written against, and the report by which it tells the `review` tool its verdict.
//!
//! The corpus itself is described in `FORMAT.md`; the tool is the binary `review`.

pub mod harness;
mod report;

pub use report::{HarnessReport, HarnessVerdict, Site};
