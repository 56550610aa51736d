//! Programs of atomics, fences, cells and locks, against the axioms of the memory model.
//!
//! A lock is an atomic that `lock` takes from 0 to 1 by an Acquire compare-exchange that waits, and
//! `unlock` stores 0 to with Release. Everything is decided on event graphs: which write each read
//! reads from and the order of the writes to each location are enumerated by brute force, and the
//! axioms of RC11 with the release sequences of C++20 say which graphs there are.

pub mod axioms;
pub mod event;
pub mod generate;
pub mod graphs;
mod kind;
pub mod litmus;
pub mod model;
pub mod program;
