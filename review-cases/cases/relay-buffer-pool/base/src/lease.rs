//! A buffer on loan.

use std::mem;
use std::ops::{Deref, DerefMut};

use crate::pool::BufferPool;

/// A buffer of the pool, until it is dropped.
pub struct Lease<'pool> {
    pool: &'pool BufferPool,
    bytes: Box<[u8]>,
}

impl<'pool> Lease<'pool> {
    pub(crate) fn new(pool: &'pool BufferPool, bytes: Box<[u8]>) -> Self {
        Lease { pool, bytes }
    }
}

impl Deref for Lease<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Lease<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.pool.free.push(mem::take(&mut self.bytes));
    }
}
