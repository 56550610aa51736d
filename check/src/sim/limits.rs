//! How long one execution may go on: its steps, the operations between two of them, and the wall clock.
//!
//! A step is an event or a resumed task. A task that loops over operations that do
//! not wait makes none, so these are counted too: as many between two steps as the
//! execution may have steps. A loop without any operation is for the
//! [`watchdog`](crate::sim::watchdog).

use crate::report::data::Limit;
use crate::sim::node::Node;
use std::panic::{Location, panic_any};
use std::time::{Duration, Instant};

/// Steps or operations between two looks at the wall clock.
const LOOK: u64 = 256;

/// When the wall time is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeLimit {
    /// Never, if it is later than the clock can say.
    at: Option<Instant>,
    allowed: Duration,
}

impl TimeLimit {
    /// This long from `start`.
    pub(super) fn new(start: Instant, allowed: Duration) -> TimeLimit {
        TimeLimit { at: start.checked_add(allowed), allowed }
    }

    /// The limit, if the time is over.
    pub(super) fn hit(self) -> Option<Limit> {
        let over = self.at.is_some_and(|at| Instant::now() >= at);
        over.then(|| Limit::Millis(u64::try_from(self.allowed.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// The limits of an execution, and what it has done.
#[derive(Debug)]
pub(super) struct ExecutionLimits {
    max_steps: u64,
    time: TimeLimit,
    pub(super) steps: u64,
    /// Since the last step.
    operations: u64,
    /// Steps and operations until the next look at the clock.
    until_look: u64,
    /// The operation that was one too many.
    pub(super) loops_at: Option<(Node, &'static Location<'static>)>,
}

impl ExecutionLimits {
    pub(super) fn new(max_steps: u64, time: TimeLimit) -> ExecutionLimits {
        ExecutionLimits { max_steps, time, steps: 0, operations: 0, until_look: LOOK, loops_at: None }
    }

    /// Counts a step.
    pub(super) fn step(&mut self) -> Option<Limit> {
        self.steps += 1;
        self.operations = 0;
        if self.steps > self.max_steps { Some(Limit::Steps(self.max_steps)) } else { self.look() }
    }

    /// Counts an operation of `node`.
    pub(super) fn operation(&mut self, node: Node, site: &'static Location<'static>) -> Option<Limit> {
        self.operations += 1;
        if self.operations <= self.max_steps {
            let limit = self.look();
            self.loops_at = self.loops_at.or(limit.is_some().then_some((node, site)));
            return limit;
        }
        self.loops_at.get_or_insert((node, site));
        Some(Limit::Steps(self.max_steps))
    }

    fn look(&mut self) -> Option<Limit> {
        self.until_look -= 1;
        if self.until_look > 0 {
            return None;
        }
        self.until_look = LOOK;
        self.time.hit()
    }
}

/// What unwinds a task whose loop is cut short.
pub(super) struct CutShort;

/// Ends the poll of a task that will not end by itself.
pub(super) fn cut_short() {
    // A destructor that acts on the world must not panic twice.
    if !std::thread::panicking() {
        panic_any(CutShort);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_counted_between_two_steps() {
        let time = TimeLimit::new(Instant::now(), Duration::MAX);
        let mut limits = ExecutionLimits::new(3, time);
        let site = Location::caller();
        assert!((0..3).all(|_| limits.operation(Node(1), site).is_none()));
        assert_eq!(limits.step(), None);
        assert!((0..3).all(|_| limits.operation(Node(1), site).is_none()));
        assert_eq!(limits.operation(Node(1), site), Some(Limit::Steps(3)));
        assert_eq!(limits.loops_at, Some((Node(1), site)));
        assert_eq!((limits.step(), limits.step(), limits.step()), (None, None, Some(Limit::Steps(3))));
    }

    #[test]
    fn the_clock_is_looked_at_now_and_then() {
        let mut limits = ExecutionLimits::new(10_000, TimeLimit::new(Instant::now(), Duration::ZERO));
        let first = (0..1000).find(|_| limits.step().is_some());
        assert_eq!(first, Some(LOOK as i32 - 1));
    }
}
