//! Which faults there are to choose from. Pure: the world acts.

use crate::sim::time::seconds;
use std::fmt;
use std::time::Duration;

/// How late a late message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delay {
    /// It arrives after this many further events (deliveries or timers) at its
    /// receiver, or when nothing else is left to happen. At least 1.
    PastNext(u32),
    /// It arrives this much later.
    By(Duration),
}

/// What may be wrong with a node's clocks, from the start of the execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClockFault {
    /// The wall clock is ahead of true time by this much.
    Ahead(Duration),
    /// The wall clock is behind true time by this much.
    Behind(Duration),
    /// Both clocks run fast by this many parts in a million.
    Fast(u32),
    /// Both clocks run slow by this many parts in a million (below a million).
    Slow(u32),
    /// The wall clock is set forward by this much, before any one reading of it.
    JumpAhead(Duration),
    /// The wall clock is set back by this much, before any one reading of it.
    JumpBack(Duration),
}

impl ClockFault {
    /// Whether it happens on the way, and not from the start.
    pub(super) fn is_jump(self) -> bool {
        matches!(self, ClockFault::JumpAhead(_) | ClockFault::JumpBack(_))
    }
}

/// How long a node that has crashed stays down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Downtime {
    /// It starts again after this long.
    For(Duration),
    /// It never comes back.
    Forever,
}

/// Which messages a partition stops. It begins when it stops the first one, so
/// every kind is tried for the sender and the receiver of every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cut {
    /// One node is cut off from all others, both ways.
    Isolate,
    /// What one node sends reaches nobody; it still hears the others.
    Mute,
    /// Nothing reaches one node; the others still hear it.
    Deafen,
    /// Two nodes do not hear each other; all others hear both.
    Link,
    /// One node does not hear one other, which still hears it.
    OneWay,
    /// The nodes fall into two groups that do not hear each other: every way to
    /// divide them. There are 2^(n-2) of these at every message.
    Split,
}

/// The faults that an execution may choose from.
#[derive(Clone, Debug)]
pub(super) struct FaultMenu {
    pub(super) loss: bool,
    pub(super) duplication: bool,
    pub(super) delays: Vec<Delay>,
    pub(super) pauses: Vec<Duration>,
    pub(super) clocks: Vec<ClockFault>,
    /// For nodes that say how they start.
    pub(super) crashes: Vec<Downtime>,
    /// A crash may tear the last write to a file that it keeps.
    pub(super) torn: bool,
    /// Syncing a disk or file may fail.
    pub(super) sync_errors: bool,
    pub(super) cuts: Vec<Cut>,
    /// How long a partition lasts.
    pub(super) heals: Vec<Duration>,
}

impl Default for FaultMenu {
    fn default() -> Self {
        let long = Duration::from_secs(10);
        FaultMenu {
            loss: true,
            duplication: true,
            delays: vec![Delay::PastNext(1), Delay::By(long)],
            pauses: vec![long],
            clocks: Vec::new(),
            crashes: vec![Downtime::For(Duration::from_secs(1))],
            torn: true,
            sync_errors: false,
            cuts: Vec::new(),
            heals: Vec::new(),
        }
    }
}

impl FaultMenu {
    /// The menu in words, for the report. `crashes`: whether a node could crash.
    pub(super) fn describe(&self, crashes: bool) -> String {
        let mut parts: Vec<String> = Vec::new();
        if self.loss {
            parts.push("loss".into());
        }
        if self.duplication {
            parts.push("duplication".into());
        }
        parts.extend(self.delays.iter().map(|delay| match delay {
            Delay::PastNext(n) => format!("delay past the next {n}"),
            Delay::By(d) => format!("delay by {}", seconds(*d)),
        }));
        parts.extend(self.pauses.iter().map(|d| format!("pause {}", seconds(*d))));
        parts.extend(self.clocks.iter().map(ToString::to_string));
        if crashes {
            parts.extend(self.crashes.iter().map(|down| format!("crash, {down}")));
            if self.torn && !self.crashes.is_empty() {
                parts.push("torn writes".into());
            }
        }
        if self.sync_errors {
            parts.push("failed syncs".into());
        }
        for cut in &self.cuts {
            let heals: Vec<String> = self.heals.iter().map(|d| seconds(*d)).collect();
            parts.push(format!("partition ({cut:?}, {})", heals.join(" or ")).to_lowercase());
        }
        if parts.is_empty() { "none".into() } else { parts.join(", ") }
    }
}

impl fmt::Display for ClockFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClockFault::Ahead(d) => write!(f, "clock ahead by {}", seconds(*d)),
            ClockFault::Behind(d) => write!(f, "clock behind by {}", seconds(*d)),
            ClockFault::Fast(ppm) => write!(f, "clock fast by {ppm} ppm"),
            ClockFault::Slow(ppm) => write!(f, "clock slow by {ppm} ppm"),
            ClockFault::JumpAhead(d) => write!(f, "clock jumps ahead by {}", seconds(*d)),
            ClockFault::JumpBack(d) => write!(f, "clock jumps back by {}", seconds(*d)),
        }
    }
}

impl fmt::Display for Downtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Downtime::For(d) => write!(f, "down {}", seconds(*d)),
            Downtime::Forever => f.write_str("for good"),
        }
    }
}

/// What kind a fault is, for the count of those that were placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    Loss,
    Delay,
    Duplicate,
    Pause,
    Crash,
    Partition,
    Clock,
    Sync,
}

/// How many faults of each kind, in the order of [`FaultKind`].
pub(super) type FaultCounts = [u64; 8];

/// `loss 12, pause 7`: the kinds that were placed at all.
pub(super) fn placed(counts: &FaultCounts) -> String {
    let names = ["loss", "delay", "duplicate", "pause", "crash", "partition", "clock", "failed sync"];
    let of = |(name, count): (&str, &u64)| (*count > 0).then(|| format!("{name} {count}"));
    let parts: Vec<String> = names.into_iter().zip(counts).filter_map(of).collect();
    if parts.is_empty() { "none".into() } else { parts.join(", ") }
}
