//! Who may touch the books: one flag for each side.
//!
//! A side raises its own flag and then looks at the other one. If that is up
//! too, it takes its own down again and reports that the shard is in use. When
//! both raise at the same moment both may back off; each tries again on its
//! next turn.

use std::sync::atomic::{AtomicBool, Ordering, fence};

/// The two flags of a shard.
pub(crate) struct Handshake {
    posting: AtomicBool,
    copying: AtomicBool,
}

/// The right to touch the books, until it is dropped.
pub(crate) struct Turn<'a> {
    flag: &'a AtomicBool,
}

impl Handshake {
    pub(crate) const fn new() -> Self {
        Handshake {
            posting: AtomicBool::new(false),
            copying: AtomicBool::new(false),
        }
    }

    /// Asks for the books on behalf of the poster.
    pub(crate) fn begin_post(&self) -> Option<Turn<'_>> {
        self.posting.store(true, Ordering::Release);
        let turn = Turn {
            flag: &self.posting,
        };
        fence(Ordering::AcqRel);
        if self.copying.load(Ordering::Acquire) {
            return None; // `turn` lowers our flag on the way out
        }
        Some(turn)
    }

    /// Asks for the books on behalf of the checkpointer.
    pub(crate) fn begin_copy(&self) -> Option<Turn<'_>> {
        self.copying.store(true, Ordering::Release);
        let turn = Turn {
            flag: &self.copying,
        };
        fence(Ordering::AcqRel);
        if self.posting.load(Ordering::Acquire) {
            return None; // `turn` lowers our flag on the way out
        }
        Some(turn)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // What we did to the books comes before the flag going down, for
        // whoever sees it down.
        self.flag.store(false, Ordering::Release);
    }
}
