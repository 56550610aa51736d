//! The builder of a simulation: its nodes, its faults, its budget.

use crate::plan::token;
use crate::report::data::Report;
use crate::seam::fatal;
use crate::seam::watchdog::{self, Watchable};
use crate::sim::fault_search::{FaultSearch, SearchMode};
use crate::sim::menu::{ClockFault, Cut, Delay, Downtime, FaultMenu};
use crate::sim::rules::Rules;
use crate::sim::world::World;
use std::sync::Arc;
use std::time::Duration;

/// A simulation: its nodes, its faults, its budget. [`run`](Sim::run) runs it.
#[derive(Clone, Debug)]
pub struct Sim {
    name: String,
    rules: Rules,
    mode: SearchMode,
    max_executions: u64,
    max_time: Duration,
    watchdog: Duration,
}

impl Sim {
    /// A simulation of this name: up to 2 faults, exhaustively, with loss,
    /// duplication, a delay past the next event, pauses and delays of 10 s, and
    /// crashes with a downtime of 1 s.
    pub fn new(name: impl Into<String>) -> Self {
        Sim {
            name: name.into(),
            rules: Rules::default(),
            mode: SearchMode::Exhaustive,
            max_executions: 10_000_000,
            max_time: Duration::from_secs(300),
            watchdog: Duration::from_secs(30),
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
    pub fn crashes(mut self, downs: impl IntoIterator<Item = Downtime>) -> Self {
        self.rules.menu.crashes = downs.into_iter().collect();
        self
    }

    /// Whether a crash may tear the last write to a [`File`](crate::sim::File) that it keeps. It
    /// may unless set.
    #[must_use]
    pub fn torn_writes(mut self, may: bool) -> Self {
        self.rules.menu.torn = may;
        self
    }

    /// Whether a sync of a [`Disk`](crate::sim::Disk) or [`File`](crate::sim::File) may fail. It may not unless set.
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
        let FaultMenu { cuts, heals, .. } = &self.rules.menu;
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
    ///
    /// What a server sends when a timer of its own runs out, and what others do and
    /// send because of that, counts as its own timers: heartbeats keep nothing
    /// going. A task that was [spawned](World::spawn) and still waits when the time
    /// is over is in a deadlock. The time begins anew with whatever a spawned task
    /// sends or waits for by a timer, with the end of a fault, and with the end of a
    /// partition that stands in the way of messages.
    #[must_use]
    pub fn settle(mut self, time: Duration) -> Self {
        self.rules.settle = time;
        self
    }

    /// The most steps (events and resumed tasks) of one execution; more of them
    /// is a limit hit, not a pass. 10,000 unless set. A task that makes more
    /// operations than that without waiting for one is a limit hit, too.
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

    /// The most wall time; reaching it is a limit hit, within an execution as well.
    /// 300 s unless set.
    #[must_use]
    pub fn max_time(mut self, time: Duration) -> Self {
        self.max_time = time;
        self
    }

    /// How long a task may compute without coming back to the search. Longer than
    /// that is a hang, and the process ends with an error: nobody can stop the task.
    /// 30 s unless set; zero: any time.
    #[must_use]
    pub fn watchdog(mut self, silence: Duration) -> Self {
        self.watchdog = silence;
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
        self.mode = SearchMode::Random { executions, seed };
        self
    }

    /// Runs only the execution of this token, as `RINGWRIGHT_REPLAY` does.
    #[must_use]
    pub fn replay(mut self, token: impl Into<String>) -> Self {
        self.mode = SearchMode::Replay(token.into());
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
        let mode = token::requested().map_or(self.mode, SearchMode::Replay);
        let search = FaultSearch {
            name: &self.name,
            rules: &self.rules,
            max_executions: self.max_executions,
            max_time: self.max_time,
            heartbeat: Arc::default(),
            body: &body,
        };
        let monitor = Arc::clone(&search.heartbeat) as Arc<dyn Watchable>;
        let _watched = watchdog::watch(&self.name, self.watchdog, monitor);
        let _running = fatal::running(&self.name, None);
        search.run(&mode).with_command()
    }
}
