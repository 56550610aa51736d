//! The sleeps of an execution that are over, as data. What follows from them is the story of
//! [`crate::explorer::time`].

use crate::graph::event::NONE;

/// Where the time is asked for, and what moved it on.
#[derive(Debug)]
pub(super) struct Sleeps {
    /// The location of the clock, or [`NONE`] before it is needed.
    pub(super) clock: u32,
    /// A message for each sleep, and each wait whose time was up.
    pub(super) over: Vec<u32>,
}

impl Sleeps {
    pub(super) const fn new() -> Sleeps {
        Sleeps { clock: NONE, over: Vec::new() }
    }

    pub(super) fn reset(&mut self) {
        self.clock = NONE;
        self.over.clear();
    }
}
