//! The buffers that nobody holds: a stack of slot numbers whose `head` is swung
//! with a compare-exchange.
//!
//! Buffers come back from every thread of the relay, so `push` takes no lock. A
//! buffer has one slot from the start of the pool to its end. `head` holds the
//! number of the slot on top and a turn, which goes up by one with each pop, so
//! that an exchange which looked at an older stack fails.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Stands for no slot.
const NONE: u32 = u32::MAX;

struct Slot {
    bytes: UnsafeCell<Box<[u8]>>,
    next: AtomicU32,
}

/// A stack of buffers: the last one in is the warmest in the cache.
pub(crate) struct FreeStack {
    head: AtomicU64,
    slots: Box<[Slot]>,
}

// SAFETY: the bytes of a slot are reached only by the lease that popped it; the
// rest is atomic.
unsafe impl Sync for FreeStack {}

fn pack(turn: u32, slot: u32) -> u64 {
    u64::from(turn) << 32 | u64::from(slot)
}

fn unpack(head: u64) -> (u32, u32) {
    ((head >> 32) as u32, head as u32)
}

impl FreeStack {
    /// A stack of `buffers` zeroed buffers of `size` bytes each.
    pub(crate) fn new(buffers: usize, size: usize) -> Self {
        let count = u32::try_from(buffers).expect("a pool has less than 2^32 buffers");
        let slots = (0..count)
            .map(|slot| Slot {
                bytes: UnsafeCell::new(vec![0; size].into_boxed_slice()),
                next: AtomicU32::new(if slot == 0 { NONE } else { slot - 1 }),
            })
            .collect();
        FreeStack {
            head: AtomicU64::new(pack(0, if count == 0 { NONE } else { count - 1 })),
            slots,
        }
    }

    /// The bytes of a slot. They belong to whoever popped it.
    pub(crate) fn bytes(&self, slot: u32) -> *mut Box<[u8]> {
        self.slots[slot as usize].bytes.get()
    }

    /// Puts a slot back that the caller has popped and does not use again.
    pub(crate) fn push(&self, slot: u32) {
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            let (turn, top) = unpack(head);
            self.slots[slot as usize].next.store(top, Ordering::Relaxed);
            match self.head.compare_exchange_weak(
                head,
                pack(turn, slot),
                // Release: whoever pops the slot finds our bytes in it.
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// Takes the slot on top.
    pub(crate) fn pop(&self) -> Option<u32> {
        let mut head = self.head.load(Ordering::Acquire);
        loop {
            let (turn, top) = unpack(head);
            if top == NONE {
                return None;
            }
            // If the slot has gone in between, this is any slot's number, and
            // the exchange fails by the turn.
            let next = self.slots[top as usize].next.load(Ordering::Relaxed);
            match self.head.compare_exchange_weak(
                head,
                pack(turn.wrapping_add(1), next),
                Ordering::Acquire,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(top),
                Err(now) => head = now,
            }
        }
    }
}
