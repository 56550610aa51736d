//! Strategies of search, and the plans that join them.
//!
//! A plan is a list of stages; a stage is a strategy with a budget. Stages run
//! in their order, a failure ends the check, and so does a complete exhaustive
//! stage. An exhaustive stage that used up its budget goes on where it stopped
//! when a later stage is exhaustive too.

use crate::report::words::count;
use std::time::Duration;

/// Which executions to run, and in what order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// All of them, one for each execution graph.
    Exhaustive,
    /// All with at most this many *stale choices*: reads of a value that is not
    /// the newest, and stores that go before one that is already there. The
    /// choices are counted in the one order in which the reduced search runs a
    /// graph.
    StaleReads {
        /// The bound. 0 leaves the sequentially consistent executions (and the
        /// ones that look so).
        at_most: u32,
    },
    /// All with at most this many preemptions, which take control from a thread
    /// that could go on. The search runs without reduction, which would lose some
    /// of them, and so visits a graph more than once.
    ContextSwitches {
        /// The bound.
        at_most: u32,
    },
    /// At random: all threads that can go on are equally likely, and half of the
    /// reads take the newest value.
    Random,
    /// Probabilistic concurrency testing: threads have random priorities, and
    /// at `depth` - 1 random steps the running one falls behind all others. It
    /// finds a bug that needs `depth` ordered steps, among `n` threads and `k`
    /// steps, with a chance of at least `1 / (n k^(depth - 1))` in each
    /// execution (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010).
    Pct {
        /// The depth of the bugs looked for.
        depth: u32,
    },
    /// Partial order sampling: each pending operation has a random priority,
    /// drawn anew when another one conflicts with it (Yuan, Yang, Gu, CAV 2018).
    Pos,
}

impl Strategy {
    /// This strategy for at most `executions` executions.
    ///
    /// # Panics
    ///
    /// If `executions` is 0.
    #[must_use]
    pub fn executions(self, executions: u64) -> Stage {
        assert!(executions > 0, "a stage of 0 executions checks nothing");
        Stage { executions: Some(executions), ..Stage::from(self) }
    }

    /// This strategy for at most `time`.
    ///
    /// # Panics
    ///
    /// If `time` is zero.
    #[must_use]
    pub fn time(self, time: Duration) -> Stage {
        assert!(!time.is_zero(), "a stage of no time checks nothing");
        Stage { time: Some(time), ..Stage::from(self) }
    }

    /// Whether it looks at executions at random, so that only a budget ends it.
    pub(crate) fn is_random(self) -> bool {
        matches!(self, Strategy::Random | Strategy::Pct { .. } | Strategy::Pos)
    }

    /// What it does, in words.
    pub(crate) fn describe(self) -> String {
        match self {
            Strategy::Exhaustive => "exhaustive search".to_owned(),
            Strategy::StaleReads { .. } | Strategy::ContextSwitches { .. } => {
                self.bound().unwrap_or_default()
            }
            Strategy::Random => "random search".to_owned(),
            Strategy::Pct { depth } => format!("priorities changed at random for depth {depth} (PCT)"),
            Strategy::Pos => "random priorities (POS)".to_owned(),
        }
    }

    /// The bound that a complete search has kept to, in words.
    pub(crate) fn bound(self) -> Option<String> {
        match self {
            Strategy::StaleReads { at_most } => Some(format!("at most {}", count(at_most, "stale choice"))),
            Strategy::ContextSwitches { at_most } => {
                Some(format!("at most {}", count(at_most, "preemption")))
            }
            _ => None,
        }
    }
}

/// A strategy with a budget: a step of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    pub(crate) strategy: Strategy,
    pub(crate) executions: Option<u64>,
    pub(crate) time: Option<Duration>,
    /// Go on until this share of the whole check's time is gone.
    pub(crate) share: Option<f64>,
}

impl From<Strategy> for Stage {
    /// The strategy with no budget but the check's own.
    fn from(strategy: Strategy) -> Stage {
        Stage { strategy, executions: None, time: None, share: None }
    }
}

/// Executions of the exhaustive search before the default plan looks elsewhere:
/// most models are done by then.
const FIRST: u64 = 20_000;

/// The plan of a check that says nothing else.
///
/// Most models are small: the exhaustive search is done before its first budget
/// is. In a larger one a depth-first search stays in one corner for long, so
/// some thousand executions of each random strategy look everywhere before it
/// goes on. When half of the time is gone, it is not going to finish; then the
/// search is bounded by stale choices, and the bound grows while time is left.
pub(crate) fn default_plan() -> Vec<Stage> {
    let rest = Stage { share: Some(0.5), ..Stage::from(Strategy::Exhaustive) };
    let mut plan = vec![
        Strategy::Exhaustive.executions(FIRST),
        Strategy::Pos.executions(4_000),
        Strategy::Pct { depth: 3 }.executions(4_000),
        Strategy::Random.executions(2_000),
        rest,
    ];
    plan.extend((0..=8).map(|at_most| Stage::from(Strategy::StaleReads { at_most })));
    plan
}
