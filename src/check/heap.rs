//! The blocks that the model's code has allocated in this execution.
//!
//! The allocator of [`super::alloc`] tells of each; without it the table stays
//! empty, nothing is known to be freed, and every object counts as initialised
//! before the execution began.

use super::race::Stamp;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};
use std::collections::BTreeMap;

/// A heap block of the model.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) addr: usize,
    layout: Layout,
    /// Who allocated it, and when.
    pub(crate) born: Stamp,
    /// Who freed it, and when.
    pub(crate) freed: Option<Stamp>,
    /// The objects in it, by number.
    pub(crate) objects: Vec<u32>,
}

impl Block {
    /// Bytes in it.
    pub(crate) fn size(&self) -> usize {
        self.layout.size()
    }
}

/// Every block of this execution, freed ones included: their memory is not
/// given back before the execution ends.
#[derive(Debug, Default)]
pub(crate) struct Heap {
    blocks: Vec<Block>,
    by_addr: BTreeMap<usize, u32>,
}

thread_local! {
    static HEAP: UnsafeCell<Heap> = const { UnsafeCell::new(Heap { blocks: Vec::new(), by_addr: BTreeMap::new() }) };
    static ACTIVE: Cell<bool> = const { Cell::new(false) };
    /// Whether the quarantining allocator has been heard of.
    static HOOKED: Cell<bool> = const { Cell::new(false) };
}

/// Whether blocks are being recorded on this operating-system thread.
#[inline]
pub(crate) fn active() -> bool {
    ACTIVE.try_with(Cell::get).unwrap_or(false)
}

/// Starts or stops recording.
pub(crate) fn set_active(active: bool) {
    ACTIVE.set(active);
}

/// Whether the allocator has told of any block on this thread.
pub(crate) fn hooked() -> bool {
    HOOKED.get()
}

/// Gives `f` the table. Not re-entrant: `f` runs engine code only, which is
/// not recorded.
pub(crate) fn with<R>(f: impl FnOnce(&mut Heap) -> R) -> R {
    // SAFETY: the table belongs to this operating-system thread, and `f` neither calls `with` again
    // nor switches coroutines: it runs this module's and the engine's short bookkeeping only.
    HEAP.with(|heap| f(unsafe { &mut *heap.get() }))
}

impl Heap {
    /// A new block.
    pub(crate) fn allocated(&mut self, addr: usize, layout: Layout, born: Stamp) {
        HOOKED.set(true);
        let number = self.blocks.len() as u32;
        self.blocks.push(Block { addr, layout, born, freed: None, objects: Vec::new() });
        self.by_addr.insert(addr, number);
    }

    /// The block that holds `addr`.
    pub(crate) fn find(&mut self, addr: usize) -> Option<&mut Block> {
        let (_, number) = self.by_addr.range(..=addr).next_back()?;
        let block = &mut self.blocks[*number as usize];
        (addr < block.addr + block.layout.size().max(1)).then_some(block)
    }

    /// The block that starts at `addr`.
    pub(crate) fn at(&mut self, addr: usize) -> Option<&mut Block> {
        let number = *self.by_addr.get(&addr)?;
        Some(&mut self.blocks[number as usize])
    }

    /// Forgets a block that the engine itself gives back.
    pub(crate) fn forget(&mut self, addr: usize) -> bool {
        self.by_addr.remove(&addr).is_some()
    }

    /// Blocks and bytes that the model has not freed.
    pub(crate) fn leaked(&self) -> (usize, usize) {
        let left = self.by_addr.values().map(|n| &self.blocks[*n as usize]).filter(|b| b.freed.is_none());
        left.fold((0, 0), |(blocks, bytes), b| (blocks + 1, bytes + b.size()))
    }

    /// Ends the execution: gives back what the model freed, forgets the rest.
    pub(crate) fn clear(&mut self) {
        for (_, number) in std::mem::take(&mut self.by_addr) {
            let block = &self.blocks[number as usize];
            if block.freed.is_some() {
                // SAFETY: the model freed this block with this layout, once, and the allocator kept it
                // back until now; no object of the ended execution is used any more.
                unsafe { System.dealloc(block.addr as *mut u8, block.layout) }
            }
        }
        self.blocks.clear();
    }
}
