//! The allocator that a test binary declares, so that the checker knows who
//! allocated what, and when it was freed.

use crate::seam::context::allocations;
use crate::seam::runtime;
use std::alloc::{GlobalAlloc, Layout, System};

/// The allocator that a test program declares, so that the checker knows which
/// thread allocated a block, and when it was freed:
///
/// ```
/// #[global_allocator]
/// static ALLOC: ringwright_check::alloc::Quarantine = ringwright_check::alloc::Quarantine;
/// ```
///
/// Inside a model, freed memory is kept until the execution ends, or with
/// [`Check::reuse`](crate::Check::reuse) until it is allocated again. So double
/// frees, and uses of freed objects of the door, are reported. (A plain read or
/// write of freed memory is seen only in code compiled with the thread-sanitizer
/// pass.) An object in a fresh block belongs to the thread that allocated the
/// block. Outside a model, this is the system's allocator plus one read of a
/// thread-local flag.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quarantine;

// SAFETY: every block comes from `System` and goes back to it, with the layout it was asked for: either
// at once, or, if the model freed it, when the execution ends.
unsafe impl GlobalAlloc for Quarantine {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if let Some(block) = reused(layout) {
            return block;
        }
        // SAFETY: the caller's promise is `System`'s requirement.
        let block = unsafe { System.alloc(layout) };
        allocated(block, layout);
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if let Some(block) = reused(layout) {
            // SAFETY: the block has this layout and is the caller's from now on.
            unsafe { block.write_bytes(0, layout.size()) };
            return block;
        }
        // SAFETY: the caller's promise is `System`'s requirement.
        let block = unsafe { System.alloc_zeroed(layout) };
        allocated(block, layout);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if allocations().is_some_and(|engine| engine.keeps(block)) {
            return;
        }
        // SAFETY: the caller's promise is `System`'s requirement, and nobody kept the block back.
        unsafe { System.dealloc(block, layout) }
    }
}

/// A block that the model has freed, if the search says that it is given out again.
#[inline]
fn reused(layout: Layout) -> Option<*mut u8> {
    if !runtime::in_user_code() {
        return None;
    }
    allocations()?.reused(layout)
}

/// The model's code has allocated a block.
#[inline]
fn allocated(block: *mut u8, layout: Layout) {
    if runtime::in_user_code()
        && !block.is_null()
        && let Some(engine) = allocations()
    {
        engine.allocated(block, layout);
    }
}
