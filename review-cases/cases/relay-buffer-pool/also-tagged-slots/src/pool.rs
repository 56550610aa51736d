//! The pool.

use crate::lease::Lease;
use crate::stack::FreeStack;

/// A number of receive buffers, all of one size.
pub struct BufferPool {
    pub(crate) free: FreeStack,
}

impl BufferPool {
    /// A pool of `buffers` zeroed buffers of `size` bytes each.
    ///
    /// # Panics
    ///
    /// If `buffers` does not fit in 32 bits.
    pub fn new(buffers: usize, size: usize) -> Self {
        BufferPool {
            free: FreeStack::new(buffers, size),
        }
    }

    /// Takes the buffer that came back last, with its old contents.
    ///
    /// `None` means that no buffer is at hand: the caller drops the datagram
    /// and counts it, as it does when the socket overruns.
    pub fn take(&self) -> Option<Lease<'_>> {
        self.free.pop().map(|slot| Lease::new(self, slot))
    }
}
