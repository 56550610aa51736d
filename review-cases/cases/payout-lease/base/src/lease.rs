//! The lease: three of five lock servers make a holder.

use crate::{Clock, Site};
use std::time::Duration;

/// How long a lease lasts.
pub const TTL: Duration = Duration::from_secs(30);

/// How many of the five servers make a majority.
const MAJORITY: usize = 3;

/// How long we wait for a server.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a site asks of a lock server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The lease, under an epoch that this server has not granted yet.
    Acquire { site: Site, epoch: u64 },
    /// To forget the lease of that epoch.
    Release { site: Site, epoch: u64 },
}

/// What it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it did as asked.
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
        let granted = match ask {
            Ask::Acquire { site, epoch } => {
                let taken = self.holder.is_some_and(|other| other != site) && now < self.until;
                let granted = !taken && epoch > self.epoch;
                if granted {
                    self.holder = Some(site);
                    self.until = now + TTL;
                    self.epoch = epoch;
                }
                granted
            }
            Ask::Release { site, epoch } => {
                let ours = self.holder == Some(site) && self.epoch == epoch;
                if ours {
                    self.holder = None;
                }
                ours
            }
        };
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

    /// Gives it back before it runs out.
    pub async fn release(self, servers: &impl LockServers) {
        let Lease { site, epoch, .. } = self;
        let ask = Ask::Release { site, epoch };
        servers.ask_all(ask, PATIENCE).await;
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
        let ask = Ask::Acquire { site, epoch };
        let answers = servers.ask_all(ask, PATIENCE).await;
        let granted = answers.iter().filter(|answer| answer.granted).count();
        if granted >= MAJORITY {
            return Some(Lease { site, epoch, until });
        }
        if granted > 0 {
            let ask = Ask::Release { site, epoch };
            servers.ask_all(ask, PATIENCE).await;
        }
        let highest = answers.iter().map(|answer| answer.epoch).max()?;
        epoch = highest.max(epoch) + 1;
    }
    None
}
