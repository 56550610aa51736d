//! Simulation of a distributed system, with its faults enumerated.
//!
//! A model is a closure that gets a fresh [`World`] for every execution, spawns
//! async tasks on its nodes and states properties. The tasks are plain futures:
//! they may use the network, clocks and disks of the world, and whatever else is
//! deterministic. [`Sim::run`] executes the model again and again until every
//! placement of up to `f` faults has been tried.
//!
//! ```
//! use ringwright_check::sim::{CallError, Effects, Sim};
//! use std::time::Duration;
//!
//! // A client pays once and, hearing nothing, pays again.
//! let report = Sim::new("retry").nodes(["client", "bank"]).faults(1).run(|world| {
//!     let (client, bank) = (world.node("client"), world.node("bank"));
//!     let net = world.net::<u32>("pay");
//!     let effects = Effects::new(world, bank);
//!     let server = net.clone();
//!     world.serve(bank, async move {
//!         loop {
//!             let request = server.recv(bank).await;
//!             effects.happened(request.body);
//!             server.reply(&request, request.body).await;
//!         }
//!     });
//!     world.spawn(client, async move {
//!         while let Err(CallError::Timeout) =
//!             net.call(client, bank, 7, Duration::from_secs(1)).await {}
//!     });
//! });
//! let failure = report.failure.expect("a lost reply makes it pay twice");
//! assert_eq!(failure.message, "7 took effect 2 times");
//! ```
//!
//! `tests/sim/` has more: elections, two-phase commit, quorums, logs, leases,
//! each with the bug that it is known for and in the form that stands.
//!
//! # The model of the world
//!
//! **Nodes** are single-threaded: one task at a time runs, until it awaits, and
//! computing takes no time. **Messages** take one fixed latency. **Timers** fire
//! on time. Of two things at the same time the one that was begun first goes
//! first. This is the execution without faults, and it is one execution unless
//! the model itself chooses by [`World::any`].
//!
//! **Programs.** [`World::spawn`] runs a task that must finish, [`World::serve`]
//! one that need not. [`World::boot`] says how a node starts; only such nodes
//! crash, and they start again with what is on their [`Disk`]s and [`File`]s.
//! **Clocks.** Each node has a wall clock and a monotonic one ([`Clock`]).
//! **Clients** know of an operation that it was done, that it was not, or neither
//! ([`ClientResult`]): a timeout tells nothing.
//!
//! # What is enumerated
//!
//! All placements of up to [`faults`](Sim::faults) faults, in every combination:
//!
//! - **Loss** of a message, a request or a reply.
//! - **Delay** of one: past the next events of its receiver (so that what was
//!   sent later overtakes it), or by a fixed time ([`delays`](Sim::delays)).
//! - **Duplication** of a message or request: the copy comes at once, or late
//!   by any of the delays.
//! - **Pause** of a node ([`pauses`](Sim::pauses)), as a garbage collection or a
//!   stalled virtual machine would: at any of its awaits, that is before a task
//!   that was woken goes on, and before every operation on network, disk and
//!   timers takes effect. Time goes on meanwhile, other nodes run, timers run
//!   out, and messages wait at the door. Afterwards the node first does what it
//!   was about to do, and then sees the rest in the order in which it was due.
//! - **Crash** of a node that was booted ([`crashes`](Sim::crashes)): at any of its
//!   awaits, that is where a task is left waiting, where one is woken and has not
//!   acted on it, and before every operation takes effect. Tasks, inboxes, calls
//!   and timers are lost; so is what is sent to the node while it is down. Of the
//!   writes that no sync has seen, the first few are kept: every number of them
//!   is tried, and of a [`File`] also every one of them torn
//!   ([`torn_writes`](Sim::torn_writes)). This is part of the one fault. Then the
//!   node starts again, after each of the times that are listed, or never.
//! - **Partition** ([`partitions`](Sim::partitions)): one node or one link is cut
//!   off, in one direction or both, or the nodes are split in two groups, from any
//!   message on that it stops, and for each of the times that are listed.
//! - **Clock faults** ([`clock_faults`](Sim::clock_faults)): a node's wall clock
//!   is ahead or behind, or its clocks run fast or slow, from the start; or its
//!   wall clock is set forward or back, before any reading of it.
//! - **Failure of a sync** ([`sync_errors`](Sim::sync_errors)): what it was for can
//!   be read, and is lost in a crash.
//!
//! Loss, delays, duplicates, pauses and crashes are on unless they are switched
//! off; partitions, clock faults and failed syncs are off unless they are listed.
//!
//! A choice is left out only where it cannot make a difference: a reply that no
//! call waits for simply arrives; a second reply to a call, or one later than
//! the call's patience, is not tried beside the loss of it; what is sent to a node
//! that is down, or through a partition, has no fates; a partition begins with a
//! message that it stops; two crashes of a node at the same time, with nothing in
//! between that the node did, are one; deliveries to different nodes are not
//! permuted, because they commute; a clock is chosen when it is first read.
//!
//! # What is not
//!
//! - Lengths of pauses, delays, partitions and downtimes other than those listed.
//!   List one that is longer than every lease and timeout of the system, and one
//!   that is not.
//! - Orders of simultaneous events at one node, other than by delays.
//! - A fault on a message that was late or doubled already, a pause that follows
//!   on a pause without a step between, a crash of a node while it is paused.
//! - A pause or crash between two statements without an await between them
//!   ([`World::point`] makes one).
//! - Messages that a network drops because a connection broke: a request that was
//!   sent before a crash reaches the node that starts again, as a datagram would.
//! - Unsynced writes that overtake each other on their way to the disk, and what
//!   was durable going bad.
//! - What destructors do: those of a crashed program run, which on a real machine
//!   they do not. They must not act on the world.
//!
//! # Oracles
//!
//! [`Exclusion`]: one writer at a time, at the storage. [`Effects`]: at most once.
//! [`Acknowledged`]: what is acknowledged is durable. [`History`]: the clients saw
//! one [`Register`], [`KeyValue`] or other [`Sequential`] object (linearizability).
//! [`Sessions`]: read your writes, monotonic reads. [`Leaders`]: one a term.
//! [`AtomicCommit`]: all or nothing. [`Attempts`]: so many of a request at most.
//! Anything else is a [`World::check`], after every event, or a
//! [`World::check_at_end`].
//!
//! # Verdicts
//!
//! `Bounded("2 faults, 6 nodes, 181 steps")`: exhaustive within that bound. Every
//! placement of up to two faults among six nodes was run, in executions of up to
//! 181 steps, none of which was cut short. The notes of the report name the
//! faults that there were to choose from, and how many of each kind were placed:
//! a kind that is not among them had no place in this model. The search goes by
//! the number of faults, so a failure shows the fewest that cause it. It is
//! replayed twice before it is shown; if that comes out differently the verdict is
//! not-deterministic. [`random`](Sim::random) gives `Sampled`: for more faults, or
//! a model that is too large. A limit is no pass.
//! `RINGWRIGHT_REPLAY=<token>` runs just the execution of that token; a
//! token of another model or build gives `LimitHit` with a text that says so.
//!
//! # Speed
//!
//! `n` places for a fault give about `n²/2` executions with two; an execution
//! takes about half a microsecond a step. If that is too long: fewer retries,
//! fewer lengths of pauses, delays and downtimes, `duplication(false)`, and a
//! client that stops when it has seen enough.

mod agenda;
mod agreement;
mod clock;
mod crash;
mod disk;
mod executor;
mod faults;
mod file;
mod history;
mod network;
mod oracle;
mod partition;
mod plan;
mod promises;
mod search;
mod token;
mod world;

use crate::report::data::{
    Engine, Failure, FailureKind, Limit, Report, SourceLine, Trace, TraceLine, Verdict,
};
use plan::Menu;
use search::{Plan, Search};
use std::time::Duration;
use world::Rules;

pub use agreement::{AtomicCommit, Decision, Leaders};
pub use clock::{Clock, Elapsed, join_all};
pub use disk::{Disk, SyncError};
pub use file::File;
pub use history::{History, KeyValue, KeyValueOp, Pending, Register, RegisterOp, RegisterRet, Sequential};
pub use network::{CallError, Envelope, Net};
pub use oracle::{ClientResult, Effects, Exclusion};
pub use plan::{ClockFault, Cut, Delay, Down};
pub use promises::{Acknowledged, Attempts, Guarantee, Sessions};
pub use world::{Node, World};

/// A simulation: its nodes, its faults, its budget. [`run`](Sim::run) runs it.
#[derive(Clone, Debug)]
pub struct Sim {
    name: String,
    rules: Rules,
    plan: Plan,
    max_executions: u64,
    max_time: Duration,
}

impl Sim {
    /// A simulation of this name: up to 2 faults, exhaustively, with loss,
    /// duplication, a delay past the next event, pauses and delays of 10 s, and
    /// crashes with a downtime of 1 s.
    pub fn new(name: impl Into<String>) -> Self {
        Sim {
            name: name.into(),
            rules: Rules {
                nodes: Vec::new(),
                faults: 2,
                menu: Menu::default(),
                latency: Duration::from_millis(1),
                settle: Duration::from_secs(60),
                max_steps: 10_000,
                odds: 0.05,
            },
            plan: Plan::Exhaustive,
            max_executions: 10_000_000,
            max_time: Duration::from_secs(300),
        }
    }

    /// The names of the nodes: the lanes of the trace.
    ///
    /// # Panics
    ///
    /// Two have the same name.
    #[must_use]
    pub fn nodes<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.rules.nodes = names.into_iter().map(Into::into).collect();
        for (at, name) in self.rules.nodes.iter().enumerate() {
            let before = &self.rules.nodes[..at];
            assert!(!before.contains(name), "two nodes are called {name:?}");
        }
        self
    }

    /// How many faults an execution may have at most. 2 unless set.
    #[must_use]
    pub fn faults(mut self, most: u32) -> Self {
        self.rules.faults = most;
        self
    }

    /// Whether messages may be lost. They may unless set.
    #[must_use]
    pub fn loss(mut self, may: bool) -> Self {
        self.rules.menu.loss = may;
        self
    }

    /// Whether messages may come twice. They may unless set.
    #[must_use]
    pub fn duplication(mut self, may: bool) -> Self {
        self.rules.menu.duplication = may;
        self
    }

    /// How late a message may be. Past the next event and 10 s unless set.
    ///
    /// # Panics
    ///
    /// A delay is zero.
    #[must_use]
    pub fn delays(mut self, delays: impl IntoIterator<Item = Delay>) -> Self {
        self.rules.menu.delays = delays.into_iter().collect();
        let zero = |d: &Delay| matches!(d, Delay::PastNext(0) | Delay::By(Duration::ZERO));
        let delays = &self.rules.menu.delays;
        assert!(!delays.iter().any(zero), "a delay of zero is no delay");
        self
    }

    /// How long a node may pause. 10 s unless set; none: nodes do not pause.
    ///
    /// # Panics
    ///
    /// A pause is zero.
    #[must_use]
    pub fn pauses(mut self, pauses: impl IntoIterator<Item = Duration>) -> Self {
        self.rules.menu.pauses = pauses.into_iter().collect();
        let pauses = &self.rules.menu.pauses;
        assert!(!pauses.contains(&Duration::ZERO), "a pause of zero is no pause");
        self
    }

    /// What may be wrong with a node's clocks. Nothing unless set.
    #[must_use]
    pub fn clock_faults(mut self, faults: impl IntoIterator<Item = ClockFault>) -> Self {
        self.rules.menu.clocks = faults.into_iter().collect();
        self
    }

    /// How long a node that has crashed stays down. 1 s unless set; none: nodes
    /// do not crash. Only nodes that [`World::boot`] has started crash.
    #[must_use]
    pub fn crashes(mut self, downs: impl IntoIterator<Item = Down>) -> Self {
        self.rules.menu.crashes = downs.into_iter().collect();
        self
    }

    /// Whether a crash may tear the last write to a [`File`] that it keeps. It
    /// may unless set.
    #[must_use]
    pub fn torn_writes(mut self, may: bool) -> Self {
        self.rules.menu.torn = may;
        self
    }

    /// Whether a sync of a [`Disk`] or [`File`] may fail. It may not unless set.
    #[must_use]
    pub fn sync_errors(mut self, may: bool) -> Self {
        self.rules.menu.sync_errors = may;
        self
    }

    /// Which partitions there may be, and how long they may last
    /// ([`Duration::MAX`]: to the end). None unless set.
    ///
    /// # Panics
    ///
    /// There are partitions, but no time that they last, or one that is zero.
    #[must_use]
    pub fn partitions(
        mut self,
        cuts: impl IntoIterator<Item = Cut>,
        heals: impl IntoIterator<Item = Duration>,
    ) -> Self {
        self.rules.menu.cuts = cuts.into_iter().collect();
        self.rules.menu.heals = heals.into_iter().collect();
        let Menu { cuts, heals, .. } = &self.rules.menu;
        assert!(cuts.is_empty() || !heals.is_empty(), "partitions need a time that they last");
        assert!(!heals.contains(&Duration::ZERO), "a partition of no time is no partition");
        self
    }

    /// How long a message takes. 1 ms unless set; at least 1 ns.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.rules.latency = latency;
        self
    }

    /// How long servers may go on by their own timers when nothing else is left
    /// to happen, before the execution ends. 60 s of simulated time unless set.
    #[must_use]
    pub fn settle(mut self, time: Duration) -> Self {
        self.rules.settle = time;
        self
    }

    /// The most steps (events and resumed tasks) of one execution; more of them
    /// is a limit hit, not a pass. 10,000 unless set.
    #[must_use]
    pub fn max_steps(mut self, steps: u64) -> Self {
        self.rules.max_steps = steps;
        self
    }

    /// The most executions; reaching it is a limit hit. 10 million unless set.
    #[must_use]
    pub fn max_executions(mut self, executions: u64) -> Self {
        self.max_executions = executions;
        self
    }

    /// The most wall time; reaching it is a limit hit. 300 s unless set.
    #[must_use]
    pub fn max_time(mut self, time: Duration) -> Self {
        self.max_time = time;
        self
    }

    /// Samples this many executions at random instead of running all; the same
    /// seed gives the same ones.
    ///
    /// # Panics
    ///
    /// `executions` is 0.
    #[must_use]
    pub fn random(mut self, executions: u64, seed: u64) -> Self {
        assert!(executions > 0, "a search of no executions shows nothing");
        self.plan = Plan::Random { executions, seed };
        self
    }

    /// Runs only the execution of this token, as `RINGWRIGHT_REPLAY` does.
    #[must_use]
    pub fn replay(mut self, token: impl Into<String>) -> Self {
        self.plan = Plan::Replay(token.into());
        self
    }

    /// Runs the model and says what came of it. Never panics because of a
    /// verdict; a panic of the model is one.
    ///
    /// # Panics
    ///
    /// Partitions are asked for among more than 64 nodes, or [`Cut::Split`] among
    /// more than 12.
    pub fn run(self, body: impl Fn(&World) + Send + Sync + 'static) -> Report {
        let cuts = &self.rules.menu.cuts;
        let most = if cuts.contains(&Cut::Split) { 12 } else { 64 };
        assert!(
            cuts.is_empty() || self.rules.nodes.len() <= most,
            "partitions of this kind are enumerated among {most} nodes at most"
        );
        let plan = match std::env::var("RINGWRIGHT_REPLAY") {
            Ok(token) if !token.is_empty() => Plan::Replay(token),
            _ => self.plan,
        };
        let search = Search {
            name: &self.name,
            rules: &self.rules,
            max_executions: self.max_executions,
            max_time: self.max_time,
            body: &body,
        };
        search.run(&plan)
    }
}
