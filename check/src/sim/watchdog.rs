//! The watchdog: a task that loops or blocks without its world, and so never comes back, ends the process
//! with an error that says where it was.
//!
//! The search runs on one thread, and nobody can stop a future inside its poll. So
//! another thread looks now and then whether there has been a step since it looked last.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a search says of itself.
#[derive(Debug, Default)]
pub(super) struct PollMonitor {
    state: Mutex<PollState>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct PollState {
    /// Polls of tasks and starts of the model so far.
    polls: u64,
    /// The node whose task is being polled.
    node: Option<String>,
    /// Whether none is.
    rests: bool,
    over: bool,
}

impl PollMonitor {
    fn state(&self) -> MutexGuard<'_, PollState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Watches until it is dropped.
#[derive(Debug)]
pub(super) struct PollWatch(Arc<PollMonitor>);

impl Drop for PollWatch {
    fn drop(&mut self) {
        self.0.state().over = true;
        self.0.ended.notify_all();
    }
}

/// What the process says before it ends.
fn report(name: &str, node: Option<&str>, silence: Duration) -> String {
    let who = node.map_or("the model itself".to_owned(), |node| format!("a task of node {node}"));
    format!(
        "\nringwright: the simulation `{name}` hangs: {who} has not come back for {silence:?}.\n\
         It loops or blocks without an await of its world, so nobody can stop it.\n\
         - Waiting is for `NodeClock::sleep`, `Net::recv` and the other operations of the world.\n\
         - A model that only computes for long says so with `Sim::watchdog`.\n\
         This is a failure. The process ends here.\n"
    )
}

/// Ends the process if the search behind `heartbeat` polls nothing for `silence`.
pub(super) fn watch(name: &str, silence: Duration, heartbeat: &Arc<PollMonitor>) -> PollWatch {
    let guard = PollWatch(Arc::clone(heartbeat));
    if silence.is_zero() {
        return guard;
    }
    let (name, watched) = (name.to_owned(), Arc::clone(heartbeat));
    let watch = move || {
        let mut state = watched.state();
        let mut seen = state.polls;
        while !state.over {
            let waited = watched.ended.wait_timeout(state, silence);
            let (now, time) = waited.unwrap_or_else(PoisonError::into_inner);
            state = now;
            let hangs = state.polls == seen && !state.rests && !state.over;
            if time.timed_out() && hangs {
                let text = report(&name, state.node.as_deref(), silence);
                // Not `eprint!`: what a test's threads print is captured, and lost with the process.
                let _ = std::io::stderr().lock().write_all(text.as_bytes());
                std::process::exit(101);
            }
            seen = state.polls;
        }
    };
    // Without a thread to spare nobody watches; the search itself is as it was.
    drop(std::thread::Builder::new().name("ringwright watchdog".into()).spawn(watch));
    guard
}
