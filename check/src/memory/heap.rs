//! The blocks that the model's code has allocated in this execution.
//!
//! The allocator of [`crate::explorer::alloc`] tells of each; without it the table stays
//! empty, nothing is known to be freed, and every object counts as initialised
//! before the execution began.

use crate::graph::stamp::Stamp;
use crate::seam::place::Place;
use crate::seam::stack;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};

/// A heap block of the model.
#[derive(Debug)]
pub(crate) struct HeapBlock {
    pub(crate) addr: usize,
    layout: Layout,
    /// Who allocated it, and when.
    pub(crate) born: Stamp,
    /// Who freed it, and when.
    pub(crate) freed: Option<Stamp>,
    /// The objects in it, by number.
    pub(crate) objects: Vec<u32>,
}

impl HeapBlock {
    /// Bytes in it.
    pub(crate) fn size(&self) -> usize {
        self.layout.size()
    }
}

/// Every block of this execution, freed ones included: their memory is not
/// given back before the execution ends.
#[derive(Debug, Default)]
pub(crate) struct Heap {
    /// The blocks of this execution, and after them old ones to use again.
    blocks: Vec<HeapBlock>,
    live: usize,
    /// Address and number of each block, by address.
    order: Vec<(usize, u32)>,
}

impl Drop for Heap {
    /// The thread ends, perhaps by `exit` in the middle of a model: what its other thread-locals free is not recorded.
    fn drop(&mut self) {
        ACTIVE.set(false);
    }
}

thread_local! {
    static HEAP: UnsafeCell<Heap> = const { UnsafeCell::new(Heap { blocks: Vec::new(), live: 0, order: Vec::new() }) };
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
    // The table's own memory is not the model's.
    let was = ACTIVE.replace(false);
    // SAFETY: the table belongs to this operating-system thread, and `f` neither calls `with` again
    // (the allocator does not, while `ACTIVE` is off) nor switches coroutines: it runs this module's and
    // the engine's short bookkeeping only.
    let result = HEAP.with(|heap| f(unsafe { &mut *heap.get() }));
    ACTIVE.set(was);
    result
}

impl Heap {
    /// A new block.
    pub(crate) fn allocated(&mut self, addr: usize, layout: Layout, born: Stamp) {
        HOOKED.set(true);
        let number = self.live as u32;
        match self.blocks.get_mut(self.live) {
            Some(old) => {
                (old.addr, old.layout, old.born, old.freed) = (addr, layout, born, None);
                old.objects.clear();
            }
            None => self.blocks.push(HeapBlock { addr, layout, born, freed: None, objects: Vec::new() }),
        }
        self.live += 1;
        match self.place(addr) {
            Ok(at) => self.order[at].1 = number,
            Err(at) => self.order.insert(at, (addr, number)),
        }
    }

    /// Where `addr` is among the addresses, or where it would be.
    fn place(&self, addr: usize) -> Result<usize, usize> {
        self.order.binary_search_by_key(&addr, |(addr, _)| *addr)
    }

    /// The number and layout of the block that starts at `addr`.
    pub(crate) fn number(&self, addr: usize) -> Option<(u32, Layout)> {
        let number = self.order[self.place(addr).ok()?].1;
        Some((number, self.blocks[number as usize].layout))
    }

    /// Gives out the freed block `number` again, and says where it is.
    pub(crate) fn reuse(&mut self, number: u32, born: Stamp) -> usize {
        let block = &mut self.blocks[number as usize];
        (block.born, block.freed) = (born, None);
        block.objects.clear();
        block.addr
    }

    /// The block that holds `addr`.
    pub(crate) fn find(&mut self, addr: usize) -> Option<&mut HeapBlock> {
        let at = match self.place(addr) {
            Ok(at) => at,
            Err(after) => after.checked_sub(1)?,
        };
        let block = &mut self.blocks[self.order[at].1 as usize];
        (addr < block.addr + block.layout.size().max(1)).then_some(block)
    }

    /// The block that starts at `addr`.
    pub(crate) fn at(&mut self, addr: usize) -> Option<&mut HeapBlock> {
        let at = self.place(addr).ok()?;
        Some(&mut self.blocks[self.order[at].1 as usize])
    }

    /// Forgets a block that the engine itself gives back.
    pub(crate) fn forget(&mut self, addr: usize) {
        if let Ok(at) = self.place(addr) {
            self.order.remove(at);
        }
    }

    /// A number for what all blocks hold that the model has not freed, and for `seed`.
    pub(crate) fn digest(&self, seed: u64) -> u64 {
        let left = self.order.iter().map(|(_, n)| &self.blocks[*n as usize]).filter(|b| b.freed.is_none());
        left.fold(seed, |digest, block| {
            // SAFETY: the model has not freed the block, whose threads run on this thread of the system and
            // stand still.
            unsafe { stack::mix(digest, stack::digest_bytes(block.addr, block.size())) }
        })
    }

    /// Blocks and bytes that the model has not freed.
    pub(crate) fn leaked(&self) -> (usize, usize) {
        let left = self.order.iter().map(|(_, n)| &self.blocks[*n as usize]).filter(|b| b.freed.is_none());
        left.fold((0, 0), |(blocks, bytes), b| (blocks + 1, bytes + b.size()))
    }

    /// Where the blocks were allocated that the model has not freed.
    pub(crate) fn leaked_at(&self) -> Vec<Place> {
        let left = self.order.iter().map(|(_, n)| &self.blocks[*n as usize]).filter(|b| b.freed.is_none());
        let mut places = Vec::new();
        for place in left.filter_map(|block| block.born.site) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }

    /// Ends the execution: gives back what the model freed, forgets the rest.
    pub(crate) fn clear(&mut self) {
        for (addr, number) in self.order.drain(..) {
            let block = &self.blocks[number as usize];
            if block.freed.is_some() {
                // SAFETY: the model freed this block with this layout, once, and the allocator kept it
                // back until now; no object of the ended execution is used any more.
                unsafe { System.dealloc(addr as *mut u8, block.layout) }
            }
        }
        self.live = 0;
    }
}
