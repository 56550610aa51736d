//! A buffer on loan.

use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::pool::BufferPool;
use crate::stack::Node;

/// A buffer of the pool, until it is dropped.
pub struct Lease<'pool> {
    pool: &'pool BufferPool,
    node: NonNull<Node>,
}

// SAFETY: a lease is the only one that reaches the bytes of its node.
unsafe impl Send for Lease<'_> {}
// SAFETY: `&Lease` gives shared reads of plain bytes.
unsafe impl Sync for Lease<'_> {}

impl<'pool> Lease<'pool> {
    pub(crate) fn new(pool: &'pool BufferPool, node: NonNull<Node>) -> Self {
        Lease { pool, node }
    }
}

impl Deref for Lease<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the node is ours until we are dropped.
        unsafe { &(*self.node.as_ptr()).bytes }
    }
}

impl DerefMut for Lease<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: the node is ours until we are dropped.
        unsafe { &mut (*self.node.as_ptr()).bytes }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // SAFETY: the node came from this pool's `pop`, and we go.
        unsafe { self.pool.free.push(self.node) };
    }
}
