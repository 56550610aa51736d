//! The budgets of one execution: what would otherwise have no bound.

/// Bytes of the stack of a model's thread: what std gives to threads that it starts.
pub(crate) const STACK: usize = 2 * 1024 * 1024;

/// How often a thread may do in one execution what costs nothing, and how much of other things it may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Spurious failures and wake-ups, a thread.
    pub(crate) spurious: u8,
    /// Time-outs, a thread.
    pub(crate) timeouts: u8,
    /// Turns of a spinning loop that read nothing new, in a row.
    pub(crate) repeats: u8,
    /// Turns of a loop that counts, in a row, that read nothing new.
    pub(crate) turns: u32,
    /// Operations in one execution.
    pub(crate) steps: u32,
    /// Bytes of the stack of each thread. Pages are touched only when used.
    pub(crate) stack: usize,
}
