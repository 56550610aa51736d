//! What a simulation says of itself, for the watchdog: a task that loops or blocks without its world never comes
//! back, and nobody can stop a future inside its poll. See [`crate::seam::watchdog`].

use crate::seam::watchdog::Watchable;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a search says of itself.
#[derive(Debug, Default)]
pub(super) struct PollMonitor(Mutex<PollState>);

#[derive(Debug, Default)]
struct PollState {
    /// Polls of tasks and starts of the model so far.
    polls: u64,
    /// The node whose task is being polled.
    node: Option<String>,
    /// Whether none is.
    rests: bool,
}

impl PollMonitor {
    fn state(&self) -> MutexGuard<'_, PollState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The model is about to begin an execution.
    pub(super) fn begin(&self) {
        let mut state = self.state();
        state.polls += 1;
        (state.node, state.rests) = (None, false);
    }

    /// No code of the model's tasks runs.
    pub(super) fn rest(&self) {
        self.state().rests = true;
    }

    /// A task of `node` is about to be polled.
    pub(super) fn poll(&self, node: &str) {
        let mut state = self.state();
        state.polls += 1;
        state.rests = false;
        let name = state.node.get_or_insert_default();
        name.clear();
        name.push_str(node);
    }
}

impl Watchable for PollMonitor {
    fn steps(&self) -> Option<u64> {
        let state = self.state();
        (!state.rests).then_some(state.polls)
    }

    fn hangs(&self, name: &str, silence: Duration) -> String {
        let state = self.state();
        let node = state.node.as_deref();
        let who = node.map_or("the model itself".to_owned(), |node| format!("a task of node {node}"));
        format!(
            "\nringwright: the simulation `{name}` hangs: {who} has not come back for {silence:?}.\n\
             It loops or blocks without an await of its world, so nobody can stop it.\n\
             - Waiting is for `NodeClock::sleep`, `Net::recv` and the other operations of the world.\n\
             - A model that only computes for long says so with `Sim::watchdog`.\n\
             This is a failure. The process ends here.\n"
        )
    }
}
