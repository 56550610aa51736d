//! Who may touch the books: one word for both sides.
//!
//! A side takes the word from free to its own mark. If it is not free, the
//! shard is in use, and the side tries again on its next turn.

use std::sync::atomic::{AtomicU8, Ordering};

const FREE: u8 = 0;
const POSTING: u8 = 1;
const COPYING: u8 = 2;

/// Who has the books of a shard.
pub(crate) struct Handshake {
    holder: AtomicU8,
}

/// The right to touch the books, until it is dropped.
pub(crate) struct Turn<'a> {
    holder: &'a AtomicU8,
}

impl Handshake {
    pub(crate) const fn new() -> Self {
        Handshake {
            holder: AtomicU8::new(FREE),
        }
    }

    /// Asks for the books on behalf of the poster.
    pub(crate) fn begin_post(&self) -> Option<Turn<'_>> {
        self.begin(POSTING)
    }

    /// Asks for the books on behalf of the checkpointer.
    pub(crate) fn begin_copy(&self) -> Option<Turn<'_>> {
        self.begin(COPYING)
    }

    fn begin(&self, side: u8) -> Option<Turn<'_>> {
        self.holder
            .compare_exchange(FREE, side, Ordering::Acquire, Ordering::Relaxed)
            .ok()
            .map(|_| Turn {
                holder: &self.holder,
            })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // What we did to the books comes before the word going free, for
        // whoever takes it next.
        self.holder.store(FREE, Ordering::Release);
    }
}
