//! What the explorer does with the model's blocks: it knows who allocated them, keeps back what is freed,
//! and gives it out again where the search says so.

use crate::explorer::objects;
use crate::explorer::reuse;
use crate::memory::heap;
use crate::seam::context::Allocations;
use std::alloc::Layout;

/// The explorer's side of the quarantining allocator.
#[derive(Debug)]
pub(super) struct ExplorerAllocations;

impl Allocations for ExplorerAllocations {
    fn reused(&self, layout: Layout) -> Option<*mut u8> {
        heap::active().then(|| reuse::take(layout)).flatten().map(|addr| addr as *mut u8)
    }

    fn allocated(&self, block: *mut u8, layout: Layout) {
        if heap::active() {
            objects::allocated(block as usize, layout);
        }
    }

    fn keeps(&self, block: *mut u8) -> bool {
        heap::active() && objects::keeps_back(block as usize)
    }
}
