//! What a thread asks for at a point of choice.

use crate::seam::op::{Rmw, Strength, SyncOp};
use crate::seam::place::Place;

/// What a thread at a read wants.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Request {
    Load(Strength),
    Rmw {
        op: Rmw,
        ok: Strength,
        err: Strength,
    },
    Sync(SyncOp),
    /// The end of this thread. Runs as soon as it can.
    Join(usize),
    /// A newer message than the ones of the last turn. Runs as soon as it can.
    Newer,
    /// Nothing, for ever: see [`crate::explorer::progress`].
    Frozen,
    /// A block of this class that was freed, or a fresh one: see [`crate::explorer::reuse`].
    Block(u32),
    /// The time: see [`crate::explorer::time`].
    Time,
}

impl Request {
    /// Whether its choices are a list of its own, and not the messages of one location.
    pub(super) fn has_own_list(self) -> bool {
        matches!(self, Request::Block(_) | Request::Time)
    }

    /// Whether it may change what others find.
    pub(super) fn may_write(self) -> bool {
        !matches!(self, Request::Load(_) | Request::Time)
    }
}

/// A thread's next operation, published before it gives up control.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PendingRequest {
    pub(crate) want: Request,
    pub(crate) loc: u32,
    pub(crate) bits: u8,
    pub(crate) site: Place,
}
