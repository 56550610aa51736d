//! How a model is to be searched.

use crate::graph::event::BrokenRule;
use crate::plan::budget::{Budget, STACK};
use crate::plan::decision::Decision;
use crate::plan::orderings::{OrderingRecorder, Weakened};
use crate::plan::split::Split;
use crate::plan::strategy::{Stage, Strategy, default_plan};
use crate::report::words::count;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Which executions to look at.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// All of them.
    Exhaustive,
    /// So many, at random.
    Random { executions: u64 },
    /// What each stage looks at. For the explorer; [`Mode::simple`] is for the
    /// other engines.
    Stages(Vec<Stage>),
    /// This one.
    Replay(Vec<Decision>),
}

impl Mode {
    pub(crate) fn is_random(&self) -> bool {
        matches!(self, Mode::Random { .. })
    }

    /// The nearest mode that every engine has.
    pub(crate) fn simple(&self) -> Mode {
        match self {
            Mode::Stages(stages) if stages.iter().all(|s| s.strategy.is_random()) => {
                let executions = stages.iter().filter_map(|s| s.executions).sum::<u64>().max(1);
                Mode::Random { executions }
            }
            Mode::Stages(_) => Mode::Exhaustive,
            other => other.clone(),
        }
    }

    /// The stages of a search; none for a replay.
    pub(crate) fn stages(&self) -> Vec<Stage> {
        match self {
            Mode::Exhaustive => vec![Strategy::Exhaustive.into()],
            Mode::Random { executions } => vec![Strategy::Random.executions(*executions)],
            Mode::Stages(stages) => stages.clone(),
            Mode::Replay(_) => Vec::new(),
        }
    }
}

/// How a model is to be searched.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) mode: Mode,
    /// Where the random searches start.
    pub(crate) seed: u64,
    pub(crate) budget: Budget,
    pub(crate) max_executions: u64,
    pub(crate) max_time: Option<Duration>,
    pub(crate) leaks: bool,
    /// How long an execution may make no step. Zero: for ever.
    pub(crate) watchdog: Duration,
    /// Whether freed blocks may be allocated again.
    pub(crate) reuse: bool,
    /// Threads to freeze in one execution, at most.
    pub(crate) freezes: u8,
    pub(crate) broken: BrokenRule,
    pub(crate) weakened: Vec<Weakened>,
    /// Where to write down the orderings that the model executes.
    pub(crate) recorder: Option<OrderingRecorder>,
    /// The outcomes that an execution may come to, if they are known.
    pub(crate) outcomes: Option<Arc<BTreeSet<String>>>,
    /// Whether to look for a stronger ordering with which a failure is gone.
    pub(crate) advice: bool,
    /// Whether the exhaustive search leaves out runs of graphs it has seen.
    pub(crate) reduction: bool,
    /// Operating-system threads that search together.
    pub(crate) threads: usize,
    /// Which part of the search is this one's.
    pub(crate) split: Split,
}

/// Turns in a row without news that a loop which counts is followed for.
const TURNS: u32 = 12;

impl Plan {
    /// The default plan of search, within a minute and ten million executions.
    pub(crate) fn new(name: String) -> Plan {
        Plan {
            name,
            mode: Mode::Stages(default_plan()),
            seed: 0,
            budget: Budget {
                spurious: 1,
                timeouts: 2,
                repeats: 1,
                turns: TURNS,
                steps: 20_000,
                stack: STACK,
            },
            max_executions: 10_000_000,
            max_time: Some(Duration::from_secs(60)),
            leaks: true,
            watchdog: Duration::from_secs(30),
            reuse: false,
            freezes: 0,
            broken: BrokenRule::None,
            weakened: Vec::new(),
            recorder: None,
            outcomes: None,
            advice: true,
            reduction: true,
            threads: 1,
            split: Split::default(),
        }
    }

    /// The budgets, for the reader of the verdict.
    pub(crate) fn notes(&self) -> Vec<String> {
        let Budget { spurious, timeouts, repeats, .. } = self.budget;
        vec![format!(
            "each execution allows each thread at most {} or {}, {}, and {} of a loop that waits",
            count(spurious, "spurious failure"),
            if spurious == 1 { "wake-up" } else { "wake-ups" },
            count(timeouts, "time-out"),
            count(repeats, "repeated turn")
        )]
    }
}
