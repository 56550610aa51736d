//! The buffers that nobody holds.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A stack of buffers: the last one in is the warmest in the cache.
pub(crate) struct FreeStack {
    buffers: Mutex<Vec<Box<[u8]>>>,
}

impl FreeStack {
    pub(crate) const fn new() -> Self {
        FreeStack {
            buffers: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn push(&self, bytes: Box<[u8]>) {
        self.lock().push(bytes);
    }

    pub(crate) fn pop(&self) -> Option<Box<[u8]>> {
        self.lock().pop()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Box<[u8]>>> {
        // Every change is a single push or pop: the list is whole even if
        // another holder panicked.
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
