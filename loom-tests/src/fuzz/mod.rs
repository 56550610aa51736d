//! Random programs against references that know nothing of the checker.
//!
//! A *kind* of program has a generator, a *model* that runs it through the door, and a *reference*
//! that says what it may do: for atomics an enumerator of event graphs that checks the axioms of the
//! memory model on each, for everything that blocks an interpreter that interleaves atomic steps.
//! [`compare`](compare::compare) runs the model in every way that the checker has, and each must say
//! what the reference says. A program on which they differ is made smaller, and printed.
//!
//! `cargo run --release -p loom-tests --bin fuzz -- --kind locks --seeds 0..1000` runs a campaign. It ends
//! with the counts, and with status 1 if there was a difference. `--without` leaves out kinds of
//! operations, `--break` breaks a rule of the reference and `--broken` one of the checker's memory model.

pub mod campaign;
pub mod compare;
pub mod locks;
pub mod program;
pub mod rng;
pub mod shrink;
pub mod steps;
pub mod tasks;
pub mod weak;
