//! The runner: one run transfers what is due.

use crate::lease::{self, Lease, LockServers};
use crate::ledger::{Command, PayoutId, Reply, Run};
use crate::{Clock, Site};
use std::fmt;
use std::time::Duration;

/// How long we wait for the ledger.
const PATIENCE: Duration = Duration::from_secs(1);

/// The most payouts of one run.
const BATCH: usize = 8;

/// What the lease must still have for a run: the batch at its slowest, and two
/// seconds more.
const RUN_TIME: Duration = Duration::from_secs(10);

/// The way to the ledger.
pub trait LedgerLink {
    /// Sends a command, once. `None`: no reply came in time.
    fn send(&self, command: Command, patience: Duration) -> impl Future<Output = Option<Reply>>;
}

/// Why a run stopped. What it has transferred until then stays transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunError {
    /// Another site has the lease, or too few lock servers answered.
    NoLease,
    /// Too little of the lease is left.
    TooLate,
    /// The ledger refused.
    Refused,
    /// The ledger did not reply. The last append may or may not be in it.
    NoReply,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RunError::NoLease => "no lease",
            RunError::TooLate => "too little of the lease is left",
            RunError::Refused => "the ledger refused",
            RunError::NoReply => "the ledger did not reply",
        })
    }
}

impl std::error::Error for RunError {}

/// The runner of one site.
#[derive(Debug)]
pub struct Runner<S, L, C> {
    site: Site,
    servers: S,
    ledger: L,
    clock: C,
}

impl<S: LockServers, L: LedgerLink, C: Clock> Runner<S, L, C> {
    /// A runner at `site`.
    pub fn new(site: Site, servers: S, ledger: L, clock: C) -> Self {
        Runner {
            site,
            servers,
            ledger,
            clock,
        }
    }

    /// Transfers up to a batch of what is due, and says how many. Called by the
    /// scheduler of the site; a run that stops is not repeated, the next one
    /// takes up what is left.
    pub async fn run(&self) -> Result<usize, RunError> {
        let lease = lease::acquire(self.site, &self.servers, &self.clock)
            .await
            .ok_or(RunError::NoLease)?;
        // The lease is left to run out: the next run is a minute away.
        self.transfer(lease).await
    }

    async fn transfer(&self, lease: Lease) -> Result<usize, RunError> {
        let run = Run {
            epoch: lease.epoch,
            site: lease.site,
        };
        let due = self.open(run).await?;
        if lease.remaining(&self.clock) < RUN_TIME {
            return Err(RunError::TooLate);
        }
        let batch = &due[..due.len().min(BATCH)];
        for (seq, &payout) in (0..).zip(batch) {
            let at = self.clock.wall();
            let append = Command::Append {
                run,
                seq,
                payout,
                at,
            };
            match self.ledger.send(append, PATIENCE).await {
                Some(Reply::Appended) => {}
                Some(_) => return Err(RunError::Refused),
                None => return Err(RunError::NoReply),
            }
        }
        Ok(batch.len())
    }

    async fn open(&self, run: Run) -> Result<Vec<PayoutId>, RunError> {
        match self.ledger.send(Command::Open { run }, PATIENCE).await {
            Some(Reply::Due(due)) => Ok(due),
            Some(_) => Err(RunError::Refused),
            None => Err(RunError::NoReply),
        }
    }
}
