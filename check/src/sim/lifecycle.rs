//! Whether a node runs, what it runs, and where it may be stopped.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;

/// Starts a node's program.
pub(super) type StartFn = Rc<dyn Fn() -> Pin<Box<dyn Future<Output = ()>>>>;

/// The program of a node.
#[derive(Clone)]
pub(super) struct Program {
    pub(super) start: StartFn,
    pub(super) site: &'static Location<'static>,
}

/// Whether a node runs, and what it runs.
#[derive(Default)]
pub(super) struct NodeLifecycle {
    pub(super) program: Option<Program>,
    pub(super) down: bool,
    /// Tasks that have not finished.
    pub(super) live: usize,
    /// Counts the stretches of the node's own code.
    stretches: u64,
    /// When a crash was last offered: the time, and the stretches until then.
    offered: Option<(u64, u64)>,
}

/// A place where a node may be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopSite {
    /// A task was woken and is about to go on.
    Wake,
    /// An operation is about to take effect.
    Operation,
    /// A sleep is about to begin: a crash here is one where the task waits.
    Sleep,
    /// A task has gone as far as it could.
    Wait,
}

impl NodeLifecycle {
    /// Whether a crash here, at the time `now`, is one that was not offered yet.
    pub(super) fn may_crash(&mut self, now: u64, site: StopSite) -> bool {
        if site == StopSite::Sleep || self.program.is_none() || self.live == 0 || self.down {
            return false;
        }
        let here = (now, self.stretches);
        self.offered.replace(here) != Some(here)
    }

    /// Code of the node has run, or an operation of it takes effect.
    pub(super) fn goes_on(&mut self) {
        self.stretches += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running() -> NodeLifecycle {
        let start: StartFn = Rc::new(|| Box::pin(async {}));
        let program = Program { start, site: Location::caller() };
        NodeLifecycle { program: Some(program), live: 1, ..NodeLifecycle::default() }
    }

    #[test]
    fn two_crashes_at_a_time_with_no_code_between_them_are_one() {
        let mut node = running();
        assert!(node.may_crash(5, StopSite::Wake));
        assert!(!node.may_crash(5, StopSite::Operation));
        node.goes_on();
        assert!(node.may_crash(5, StopSite::Wait));
        assert!(node.may_crash(6, StopSite::Wait));
    }

    #[test]
    fn only_a_node_that_runs_a_program_crashes_and_not_where_a_sleep_begins() {
        let mut node = running();
        assert!(!node.may_crash(5, StopSite::Sleep));
        assert!(node.may_crash(5, StopSite::Wait), "the sleep was not counted as an offer");
        let stopped = |change: fn(&mut NodeLifecycle)| {
            let mut node = running();
            change(&mut node);
            !node.may_crash(5, StopSite::Wait)
        };
        assert!(stopped(|node| node.down = true));
        assert!(stopped(|node| node.live = 0));
        assert!(stopped(|node| node.program = None));
    }
}
