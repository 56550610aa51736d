//! What every execution of a model shares.

use crate::sim::menu::FaultMenu;
use std::time::Duration;

/// What every execution of a model shares.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) nodes: Vec<String>,
    pub(super) faults: u32,
    pub(super) menu: FaultMenu,
    pub(super) latency: Duration,
    pub(super) settle: Duration,
    pub(super) max_steps: u64,
    /// The chance of a fault where one is possible; only random search asks.
    pub(super) odds: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            nodes: Vec::new(),
            faults: 2,
            menu: FaultMenu::default(),
            latency: Duration::from_millis(1),
            settle: Duration::from_secs(60),
            max_steps: 10_000,
            odds: 0.05,
        }
    }
}
