//! The list of all shapes, and of all structures.

use crate::shapes::shape::{Shape, Structure};
use crate::shapes::{
    barriers, counts, deque, exclusion, left_right, locks, michael_scott, mistakes, publish, reclaim, rings,
    rwlocks, scq, seqlock, stacks, waits, wakers,
};

/// Every shape.
#[must_use]
pub fn all() -> Vec<Shape> {
    [
        publish::SHAPES,
        seqlock::SHAPES,
        locks::SHAPES,
        exclusion::SHAPES,
        mistakes::SHAPES,
        counts::SHAPES,
        rwlocks::SHAPES,
        barriers::SHAPES,
        waits::SHAPES,
        wakers::SHAPES,
        reclaim::SHAPES,
        stacks::SHAPES,
        michael_scott::SHAPES,
        deque::SHAPES,
        rings::SHAPES,
        left_right::SHAPES,
        scq::SHAPES,
    ]
    .concat()
}

/// Every structure.
#[must_use]
pub fn structures() -> Vec<Structure> {
    [
        seqlock::STRUCTURES,
        locks::STRUCTURES,
        exclusion::STRUCTURES,
        counts::STRUCTURES,
        rwlocks::STRUCTURES,
        barriers::STRUCTURES,
        waits::STRUCTURES,
        wakers::STRUCTURES,
        stacks::STRUCTURES,
        michael_scott::STRUCTURES,
        deque::STRUCTURES,
        rings::STRUCTURES,
        left_right::STRUCTURES,
        scq::STRUCTURES,
    ]
    .concat()
}
