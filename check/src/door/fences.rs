//! The lopsided pair of fences.
//!
//! Where one side of a Dekker-like handshake runs often and the other rarely,
//! the one wants to pay nothing and the other may pay for both. Code that is
//! written in this pair says which side is which, and needs no change on the day
//! that the pair becomes a compiler fence and a call to the system. Today both
//! are sequentially consistent fences, which is what the pair means in every
//! engine: of a [`light_fence`] and a [`heavy_fence`] one comes first, and what
//! was written before it is seen after the other. Two light fences promise
//! nothing to each other.

use crate::door::atomic::{Ordering, fence};

/// The fence of the side that runs often. See the module for the pair.
#[track_caller]
pub fn light_fence() {
    // SeqCst: pairs with the SeqCst fence in `heavy_fence`.
    fence(Ordering::SeqCst);
}

/// The fence of the side that runs rarely. See the module for the pair.
#[track_caller]
pub fn heavy_fence() {
    // SeqCst: pairs with the SeqCst fence in `light_fence`.
    fence(Ordering::SeqCst);
}
