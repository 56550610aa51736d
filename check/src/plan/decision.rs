//! The decisions of an execution: a list of them is a schedule, and replays it.

/// One choice of an execution. A list of them replays it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// This thread reads this message, with the alternative of this number.
    Read { thread: u8, message: u32, alt: u8 },
    /// This one of so many.
    Branch { pick: u32, of: u32 },
}
