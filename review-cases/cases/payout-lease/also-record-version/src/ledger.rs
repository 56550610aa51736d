//! The ledger service: what is due, and what has been transferred.

use crate::Site;
use std::collections::BTreeMap;
use std::time::Duration;

/// The number of a payout.
pub type PayoutId = u64;

/// How often the record of a payout has changed.
pub type Version = u32;

/// A run of a runner: the lease it works under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// The epoch of the lease.
    pub epoch: u64,
    /// The site that holds it.
    pub site: Site,
}

/// What a runner sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begins a run: what is due?
    Open { run: Run },
    /// Transfers a payout. The appends of a run are numbered from 0.
    Append {
        run: Run,
        seq: u32,
        payout: PayoutId,
        /// The version that the runner has read.
        version: Version,
        at: Duration,
    },
}

/// What the ledger replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The payouts that no line has transferred yet, with their versions.
    Due(Vec<(PayoutId, Version)>),
    /// The line is in the ledger.
    Appended,
    /// The command does not fit; nothing was done.
    Refused,
}

/// A transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What was paid.
    pub payout: PayoutId,
    /// The site that asked for it.
    pub site: Site,
    /// When, by the clock of that site.
    pub at: Duration,
}

/// The ledger.
#[derive(Debug)]
pub struct Ledger {
    payouts: BTreeMap<PayoutId, Version>,
    lines: Vec<Line>,
    /// The number that the next append of each run must have.
    runs: BTreeMap<Run, u32>,
}

impl Ledger {
    /// An empty ledger; these payouts are due.
    pub fn new(payouts: Vec<PayoutId>) -> Self {
        Ledger {
            payouts: payouts.into_iter().map(|payout| (payout, 0)).collect(),
            lines: Vec::new(),
            runs: BTreeMap::new(),
        }
    }

    /// All transfers so far, the oldest first.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Carries out one command. Commands may be delivered more than once.
    pub fn handle(&mut self, command: Command) -> Reply {
        match command {
            Command::Open { run } => {
                self.runs.entry(run).or_insert(0);
                Reply::Due(self.due())
            }
            Command::Append {
                run,
                seq,
                payout,
                version,
                at,
            } => {
                let Some(next) = self.runs.get_mut(&run) else {
                    return Reply::Refused;
                };
                if seq < *next {
                    // Delivered again: the line is there already.
                    return Reply::Appended;
                }
                if seq > *next {
                    return Reply::Refused;
                }
                match self.payouts.get_mut(&payout) {
                    Some(current) if *current == version => *current += 1,
                    _ => return Reply::Refused,
                }
                *next += 1;
                let site = run.site;
                self.lines.push(Line { payout, site, at });
                Reply::Appended
            }
        }
    }

    fn due(&self) -> Vec<(PayoutId, Version)> {
        let paid = |payout: PayoutId| self.lines.iter().any(|line| line.payout == payout);
        let all = self
            .payouts
            .iter()
            .map(|(&payout, &version)| (payout, version));
        all.filter(|&(payout, _)| !paid(payout)).collect()
    }
}
