//! Random programs against references that know nothing of the checker.
//!
//! A *kind* of program has a generator, a *model* that runs it through the door, and a *reference*
//! that says what it may do: for atomics an enumerator of event graphs that checks the axioms of the
//! memory model on each, for everything that blocks an interpreter that interleaves atomic steps.
//! [`compare`](compare::compare) runs the model in every way that the checker has, and each must say
//! what the reference says. A program on which they differ is made smaller, and printed.

pub mod campaign;
pub mod compare;
pub mod locks;
pub mod program;
pub mod rng;
pub mod shrink;
pub mod steps;
pub mod tasks;
pub mod weak;
