//! A buffer on loan.

use std::ops::{Deref, DerefMut};

use crate::pool::BufferPool;

/// A buffer of the pool, until it is dropped.
pub struct Lease<'pool> {
    pool: &'pool BufferPool,
    slot: u32,
}

impl<'pool> Lease<'pool> {
    pub(crate) fn new(pool: &'pool BufferPool, slot: u32) -> Self {
        Lease { pool, slot }
    }
}

impl Deref for Lease<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `take` popped the slot for us, and it is ours until we drop.
        unsafe { &*self.pool.free.bytes(self.slot) }
    }
}

impl DerefMut for Lease<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and `&mut self` lets nobody else in.
        unsafe { &mut *self.pool.free.bytes(self.slot) }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.pool.free.push(self.slot);
    }
}
