//! The lease: three of five lock servers make a holder.

use crate::{Clock, Site};
use std::time::Duration;

/// How long a lease lasts.
pub const TTL: Duration = Duration::from_secs(30);

/// How many of the five servers make a majority.
const MAJORITY: usize = 3;

/// How long we wait for a server.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a site asks of a lock server: the lease, under an epoch that the server
/// has not granted yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    pub site: Site,
    pub epoch: u64,
}

/// What it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether the site has the lease, as far as this server goes.
    pub granted: bool,
    /// The highest epoch that it has granted to anybody.
    pub epoch: u64,
}

/// The way to the five lock servers.
pub trait LockServers {
    /// Asks all of them at once and gives the answers that came in time.
    fn ask_all(&self, ask: Ask, patience: Duration) -> impl Future<Output = Vec<Answer>>;
}

/// One lock server.
#[derive(Debug, Default)]
pub struct LockServer {
    holder: Option<Site>,
    until: Duration,
    epoch: u64,
}

impl LockServer {
    /// Answers at `now` on the server's own monotonic clock.
    pub fn answer(&mut self, ask: Ask, now: Duration) -> Answer {
        let Ask { site, epoch } = ask;
        let taken = self.holder.is_some_and(|other| other != site) && now < self.until;
        let granted = !taken && epoch > self.epoch;
        if granted {
            self.holder = Some(site);
            self.until = now + TTL;
            self.epoch = epoch;
        }
        Answer {
            granted,
            epoch: self.epoch,
        }
    }
}

/// A lease that a majority has granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it.
    pub site: Site,
    /// Its number. No two leases have the same: every server grants an epoch
    /// once, and any two majorities share a server.
    pub epoch: u64,
    until: Duration,
}

impl Lease {
    /// How much of it is left.
    pub fn remaining(&self, clock: &impl Clock) -> Duration {
        self.until.saturating_sub(clock.monotonic())
    }
}

/// Tries to get the lease. `None`: another site has it, or too few servers
/// answered.
pub async fn acquire(site: Site, servers: &impl LockServers, clock: &impl Clock) -> Option<Lease> {
    let mut epoch = 1;
    // The first round usually only learns which epoch is the next.
    for _ in 0..2 {
        // Counted from before the request: no server lets go earlier than this.
        let until = clock.monotonic() + TTL;
        let answers = servers.ask_all(Ask { site, epoch }, PATIENCE).await;
        let granted = answers.iter().filter(|answer| answer.granted).count();
        if granted >= MAJORITY {
            return Some(Lease { site, epoch, until });
        }
        let highest = answers.iter().map(|answer| answer.epoch).max()?;
        epoch = highest.max(epoch) + 1;
    }
    None
}
