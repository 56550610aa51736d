//! The budgets of one execution: what would otherwise have no bound.

/// How often a thread may do in one execution what costs nothing.
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
}
