//! The events that graphs are made of.

use std::sync::atomic::Ordering;

/// The thread of the writes that make the objects.
pub const INITIAL: usize = usize::MAX;

/// What an event is and does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its thread, or [`INITIAL`].
    pub thread: usize,
    /// Its location; `None` for a fence.
    pub location: Option<usize>,
    /// The event that it reads from, if it reads.
    pub source: Option<usize>,
    /// The value that it writes, if it writes.
    pub written: Option<i64>,
    /// Whether it is no access to a cell.
    pub atomic: bool,
    /// Whether it acquires, releases, and is SeqCst.
    pub acquire: bool,
    /// Whether it releases.
    pub release: bool,
    /// Whether it is SeqCst.
    pub seq_cst: bool,
}

impl Event {
    pub(super) fn new(thread: usize, location: Option<usize>) -> Event {
        let (acquire, release, seq_cst) = (false, false, false);
        Event { thread, location, source: None, written: None, atomic: true, acquire, release, seq_cst }
    }

    pub(super) fn ordered(self, order: Ordering) -> Event {
        let acquire = matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst);
        let release = matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst);
        Event { acquire, release, seq_cst: order == Ordering::SeqCst, ..self }
    }
}
