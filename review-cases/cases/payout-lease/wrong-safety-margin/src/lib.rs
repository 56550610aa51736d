//! The payout runner.
//!
//! Payouts that are due are written to the ledger by a runner. Every data centre
//! has one; a lease over the five lock servers decides whose turn it is. The
//! ledger is the only place that moves money: a line in it is a transfer.

pub mod lease;
pub mod ledger;
pub mod runner;

use std::time::Duration;

/// A data centre, by number.
pub type Site = u8;

/// The clocks of this machine.
pub trait Clock {
    /// Time since some moment; never goes back.
    fn monotonic(&self) -> Duration;

    /// The date, as time since the start of 1970.
    fn wall(&self) -> Duration;
}
