//! Published bug shapes, each with its correction, and published structures that are right.
//!
//! A shape is one body with a flaw that can be turned off, so that the two
//! forms differ in nothing else. The explorer must find the flaw by its default
//! plan and pass the corrected form; `bin/shapes.rs` prints what the other
//! engines see of it.

mod barriers;
mod body;
mod counts;
mod deque;
mod exclusion;
mod left_right;
mod list;
mod locks;
mod michael_scott;
mod mistakes;
mod publish;
mod reclaim;
mod rings;
mod rwlocks;
mod scq;
mod seqlock;
mod shape;
mod stacks;
mod waits;
mod wakers;

pub use list::{all, structures};
pub use shape::{Shape, Structure};
