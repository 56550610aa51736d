//! `review verify`: every variant of every case against its label.
//!
//! For each variant, first the author's own tests with the real `std` (they pass
//! on every variant; that is why the bug is still there), then the hidden
//! harness under the checker. Variants are independent jobs, done by as many
//! workers as there are cores; one that cannot be checked harms no other.

mod cache;
mod child;
mod compile;
mod result;
mod run;
mod summary;
mod toolchain;
mod variant;

pub(crate) use run::run;
