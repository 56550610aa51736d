//! The clocks of a node, its timers, and the small futures around them.
//!
//! A node has a wall clock and a monotonic clock. Without a fault the monotonic
//! clock is true time since the start, and the wall clock is that plus a fixed
//! date. Both go on while the node is paused or down. The wall clock may be set
//! on the way, which the monotonic clock and the timers do not notice.

use crate::sim::agenda::Weight;
use crate::sim::menu::ClockFault;
use crate::sim::node::Node;
use crate::sim::ready::remember;
use crate::sim::state::{NodeTimer, WorldEvent};
use crate::sim::time::nanos;
use crate::sim::world::World;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

/// What the wall clocks show at the start: 2026-03-02 14:00:00 UTC, in seconds
/// since 1970.
const START: u64 = 1_772_460_000;

const MILLION: u128 = 1_000_000;

/// How a node's clocks differ from true time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Drift {
    /// Nanoseconds that the wall clock is ahead.
    offset: i128,
    /// NodeClock ticks in a million true ones.
    rate: u128,
}

impl Drift {
    fn of(fault: Option<ClockFault>, offset: i128) -> Self {
        let mut drift = Drift { offset, rate: MILLION };
        match fault {
            None => {}
            Some(ClockFault::Ahead(d)) => drift.offset += i128::from(nanos(d)),
            Some(ClockFault::Behind(d)) => drift.offset -= i128::from(nanos(d)),
            Some(ClockFault::Fast(ppm)) => drift.rate += u128::from(ppm),
            Some(ClockFault::Slow(ppm)) => drift.rate -= u128::from(ppm).min(MILLION - 1),
            // Chosen at a reading, and part of the offset from then on.
            Some(ClockFault::JumpAhead(_) | ClockFault::JumpBack(_)) => {}
        }
        drift
    }

    /// What the monotonic clock shows at this true time.
    fn mono(self, now: u64) -> u64 {
        (u128::from(now) * self.rate / MILLION) as u64
    }

    /// What the wall clock shows at this true time, in nanoseconds since 1970.
    fn wall(self, now: u64) -> u64 {
        let start = i128::from(START) * 1_000_000_000;
        let shown = start + i128::from(self.mono(now)) + self.offset;
        u64::try_from(shown.max(0)).unwrap_or(u64::MAX)
    }

    /// How long the clock takes, in true time, to count this far; rounded up.
    fn true_time(self, counted: u64) -> u64 {
        let exact = (u128::from(counted) * MILLION).div_ceil(self.rate);
        u64::try_from(exact).unwrap_or(u64::MAX / 4)
    }
}

/// The clocks of one node.
#[derive(Clone)]
pub struct NodeClock {
    world: World,
    node: Node,
}

impl World {
    /// The clocks of a node.
    pub fn clock(&self, node: Node) -> NodeClock {
        NodeClock { world: self.clone(), node }
    }
}

impl NodeClock {
    fn drift(&self) -> Drift {
        let fault = self.world.clock_fault(self.node);
        Drift::of(fault, self.world.state().nodes[self.node.0].wall_offset)
    }

    /// The wall clock: time since the start of 1970, as this node believes it.
    #[track_caller]
    pub fn now_wall(&self) -> Duration {
        self.world.operation();
        self.world.clock_jump(self.node);
        let shown = Duration::from_nanos(self.drift().wall(self.world.state().now));
        self.world.trace(self.node, Some(Location::caller()), || format!("clock {}", time_of_day(shown)));
        shown
    }

    /// The monotonic clock: time since the start, at this node's rate.
    #[track_caller]
    pub fn now_mono(&self) -> Duration {
        self.world.operation();
        let shown = Duration::from_nanos(self.drift().mono(self.world.state().now));
        self.world
            .trace(self.node, Some(Location::caller()), || format!("monotonic {:.3} s", shown.as_secs_f64()));
        shown
    }

    /// Sets the wall clock ahead by this much (the model's own skew: no fault).
    #[track_caller]
    pub fn set_ahead(&self, by: Duration) {
        self.world.operation();
        self.world.state().nodes[self.node.0].wall_offset = i128::from(nanos(by));
    }

    /// Sets the wall clock behind by this much (the model's own skew: no fault).
    #[track_caller]
    pub fn set_behind(&self, by: Duration) {
        self.world.operation();
        self.world.state().nodes[self.node.0].wall_offset = -i128::from(nanos(by));
    }

    /// Waits until the monotonic clock has gone on by `duration`.
    #[track_caller]
    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + use<> {
        let (clock, site) = (self.clone(), Location::caller());
        let gate = self.world.gate_of_sleep(self.node);
        async move {
            gate.await;
            clock.alarm(duration, "a sleep", site).await;
        }
    }

    /// Waits for `future`, but no longer than `duration`.
    ///
    /// # Errors
    ///
    /// [`TimeoutError`]: the time was over first; the future is dropped.
    #[track_caller]
    pub fn timeout<F: Future>(
        &self,
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, TimeoutError>> + use<F> {
        let alarm = self.alarm(duration, "a timeout", Location::caller());
        async move {
            let mut future = pin!(future);
            let mut alarm = pin!(alarm);
            poll_fn(move |cx| {
                if let Poll::Ready(output) = future.as_mut().poll(cx) {
                    return Poll::Ready(Ok(output));
                }
                alarm.as_mut().poll(cx).map(|()| Err(TimeoutError))
            })
            .await
        }
    }

    /// A timer that starts when it is first polled.
    pub(super) fn alarm(
        &self,
        duration: Duration,
        what: &'static str,
        site: &'static Location<'static>,
    ) -> Alarm {
        Alarm { clock: self.clone(), duration, timer: None, what, site }
    }
}

impl fmt::Debug for NodeClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeClock").field("node", &self.node).finish()
    }
}

/// A timeout was over before its future had finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeoutError;

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time is over")
    }
}

impl std::error::Error for TimeoutError {}

/// A running timer; dropping it cancels it.
pub(super) struct Alarm {
    clock: NodeClock,
    duration: Duration,
    timer: Option<Rc<NodeTimer>>,
    what: &'static str,
    site: &'static Location<'static>,
}

impl Future for Alarm {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.take().unwrap_or_else(|| self.start());
        let fired = timer.fired.get();
        if !fired {
            self.clock.world.waits(self.what, self.site);
            remember(&mut timer.waker.borrow_mut(), cx.waker());
        }
        self.timer = Some(timer);
        if fired { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Alarm {
    fn start(&self) -> Rc<NodeTimer> {
        let world = &self.clock.world;
        let at = self.ends();
        let weight = if world.current_counts() { Weight::Work } else { Weight::Idle };
        let timer = Rc::new(NodeTimer {
            node: self.clock.node,
            slot: Cell::new(None),
            fired: Cell::new(false),
            waker: RefCell::new(None),
        });
        let slot = world.state().agenda.put(at, weight, WorldEvent::Timer(Rc::clone(&timer)));
        timer.slot.set(Some(slot));
        timer
    }

    /// When it would end, in true nanoseconds, if it were started now.
    pub(super) fn ends(&self) -> u64 {
        let now = self.clock.world.state().now;
        let span = self.clock.drift().true_time(nanos(self.duration));
        now.saturating_add(span)
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Some(slot) = self.timer.as_ref().and_then(|timer| timer.slot.take()) {
            self.clock.world.state().agenda.cancel(slot);
        }
    }
}

/// `14:03:12.5`: the time of day of a wall clock.
fn time_of_day(shown: Duration) -> String {
    let day = shown.as_secs() % 86_400;
    let (h, m, s) = (day / 3_600, day / 60 % 60, day % 60);
    let tail = format!(".{:09}", shown.subsec_nanos());
    let tail = tail.trim_end_matches('0').trim_end_matches('.');
    format!("{h:02}:{m:02}:{s:02}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_true_clock_shows_true_time() {
        let drift = Drift::of(None, 0);
        assert_eq!(drift.mono(5 * SECOND), 5 * SECOND);
        assert_eq!(drift.wall(5 * SECOND), (START + 5) * SECOND);
        assert_eq!(drift.true_time(7), 7);
    }

    #[test]
    fn an_offset_moves_the_wall_clock_only() {
        let drift = Drift::of(Some(ClockFault::Ahead(Duration::from_secs(90))), 0);
        assert_eq!(drift.mono(SECOND), SECOND);
        assert_eq!(drift.wall(SECOND), (START + 91) * SECOND);
        let drift = Drift::of(Some(ClockFault::Behind(Duration::from_secs(90))), 0);
        assert_eq!(drift.wall(100 * SECOND), (START + 10) * SECOND);
    }

    #[test]
    fn a_fast_clock_counts_more_and_sleeps_shorter() {
        let drift = Drift::of(Some(ClockFault::Fast(100_000)), 0);
        assert_eq!(drift.mono(10 * SECOND), 11 * SECOND);
        assert_eq!(drift.true_time(11 * SECOND), 10 * SECOND);
        // A timer that has run out shows on the clock that it was set by.
        for counted in [1, 7, 999, SECOND + 1] {
            assert!(drift.mono(drift.true_time(counted)) >= counted);
        }
    }

    #[test]
    fn a_slow_clock_never_stands() {
        let drift = Drift::of(Some(ClockFault::Slow(2_000_000)), 0);
        assert_eq!(drift.rate, 1);
    }

    #[test]
    fn the_time_of_day_reads_well() {
        let at = Duration::from_secs(START + 192) + Duration::from_millis(500);
        assert_eq!(time_of_day(at), "14:03:12.5");
        assert_eq!(time_of_day(Duration::from_secs(START)), "14:00:00");
    }
}
