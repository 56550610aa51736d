//! The pool.

use crate::lease::Lease;
use crate::stack::FreeStack;

/// A number of receive buffers, all of one size.
pub struct BufferPool {
    pub(crate) free: FreeStack,
}

impl BufferPool {
    /// A pool of `buffers` zeroed buffers of `size` bytes each.
    pub fn new(buffers: usize, size: usize) -> Self {
        let free = FreeStack::new();
        for _ in 0..buffers {
            free.push(vec![0; size].into_boxed_slice());
        }
        BufferPool { free }
    }

    /// Takes the buffer that came back last, with its old contents.
    ///
    /// `None` means that no buffer is at hand: the caller drops the datagram
    /// and counts it, as it does when the socket overruns.
    pub fn take(&self) -> Option<Lease<'_>> {
        self.free.pop().map(|bytes| Lease::new(self, bytes))
    }
}
