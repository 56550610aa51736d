//! Stamps: who did something, and when, in the clocks of the graph.

use crate::seam::clock::{Clock, MAX_THREADS};
use crate::seam::place::Place;

/// Who did something to plain memory, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) thread: u8,
    pub(crate) seq: u16,
    pub(crate) site: Option<Place>,
}

impl Stamp {
    /// Before everything: statics, and memory whose allocation nobody saw.
    pub(crate) const START: Stamp = Stamp { thread: MAX_THREADS as u8, seq: 0, site: None };

    /// Whether it happens before whatever `thread`, whose past is `cur`, does now.
    #[inline]
    pub(crate) fn before(&self, thread: usize, cur: &Clock) -> bool {
        let by = self.thread as usize;
        by == MAX_THREADS || by == thread || cur.has(by, self.seq)
    }
}
