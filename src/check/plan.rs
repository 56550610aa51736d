//! How a model is to be searched.

use super::graph::BrokenRule;
use super::op::Strength;
use super::place::Place;
use super::search::Decision;
use super::state::Budget;
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
    /// Whether freed blocks may be allocated again.
    pub(crate) reuse: bool,
    /// Threads to freeze in one execution, at most.
    pub(crate) freezes: u8,
    pub(crate) broken: BrokenRule,
    pub(crate) weakened: Vec<Weakened>,
}

/// An ordering to run as if a weaker one stood in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Weakened {
    /// How the file's name ends.
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) to: Strength,
}

impl Weakened {
    fn is_at(&self, place: Place) -> bool {
        matches!(place, Place::Line(site) if site.line() == self.line && site.file().ends_with(&self.file))
    }
}

/// The strength of an operation at `place` that the source says is `strength`.
pub(crate) fn weakened(list: &[Weakened], place: Place, strength: Strength) -> Strength {
    list.iter().find(|w| w.is_at(place)).map_or(strength, |w| w.to)
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
            reuse: false,
            freezes: 0,
            broken: BrokenRule::None,
            weakened: Vec::new(),
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
