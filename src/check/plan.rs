//! How a model is to be searched.

use super::audit::site::{Recorder, Weakened};
use super::graph::BrokenRule;
use super::search::Decision;
use super::state::Budget;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Which executions to look at.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// All of them.
    Exhaustive,
    /// So many, at random.
    Random { executions: u64, seed: u64 },
    /// This one.
    Replay(Vec<Decision>),
}

impl Mode {
    pub(crate) fn is_random(&self) -> bool {
        matches!(self, Mode::Random { .. })
    }

    pub(crate) fn random_executions(&self) -> u64 {
        match self {
            Mode::Random { executions, .. } => *executions,
            _ => 1,
        }
    }
}

/// How a model is to be searched.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) mode: Mode,
    pub(crate) budget: Budget,
    pub(crate) max_executions: u64,
    pub(crate) max_time: Option<Duration>,
    pub(crate) leaks: bool,
    pub(crate) broken: BrokenRule,
    pub(crate) weakened: Vec<Weakened>,
    /// Where to write down the orderings that the model executes.
    pub(crate) recorder: Option<Recorder>,
    /// The outcomes that an execution may come to, if they are known.
    pub(crate) outcomes: Option<Arc<BTreeSet<String>>>,
}

impl Plan {
    /// The default: everything, within a minute and ten million executions.
    pub(crate) fn new(name: String) -> Plan {
        Plan {
            name,
            mode: Mode::Exhaustive,
            budget: Budget { spurious: 1, timeouts: 2, repeats: 1, steps: 20_000 },
            max_executions: 10_000_000,
            max_time: Some(Duration::from_secs(60)),
            leaks: true,
            broken: BrokenRule::None,
            weakened: Vec::new(),
            recorder: None,
            outcomes: None,
        }
    }

    /// The budgets, for the reader of the verdict.
    pub(crate) fn notes(&self) -> Vec<String> {
        let Budget { spurious, timeouts, repeats, .. } = self.budget;
        vec![format!(
            "budgets, a thread and execution: {spurious} spurious failures or wake-ups, {timeouts} time-outs, \
             {repeats} repeated turns of a spinning loop"
        )]
    }
}
