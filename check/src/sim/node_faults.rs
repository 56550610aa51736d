//! Faults of nodes: pauses, wrong clocks, failed syncs, and where they are chosen.
//!
//! Every choice here is between the ordinary thing (0) and the faults of the
//! [`FaultMenu`](crate::sim::menu::FaultMenu); once the execution has spent its
//! faults nothing is asked any more.

use crate::sim::agenda::Weight;
use crate::sim::lifecycle::StopSite;
use crate::sim::menu::{ClockFault, FaultKind};
use crate::sim::node::Node;
use crate::sim::state::{WorldEvent, WorldState};
use crate::sim::time::{nanos, seconds};
use crate::sim::world::World;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

impl World {
    pub(super) fn is_paused(&self, node: Node) -> bool {
        let state = self.state();
        state.nodes[node.0].paused_until > state.now
    }

    /// Chooses whether the node pauses or crashes here, if there is a fault left
    /// to spend. `true`: it does.
    pub(super) fn stop_point(&self, node: Node, place: StopSite) -> bool {
        let stop = {
            let mut state = self.state();
            let state = &mut *state;
            if state.faults_used == state.faults {
                return false;
            }
            let now = state.now;
            // A task that waits has nothing that a pause could put off.
            let pauses = if place == StopSite::Wait { 0 } else { state.menu.pauses.len() };
            let crashes =
                if state.nodes[node.0].life.may_crash(now, place) { state.menu.crashes.len() } else { 0 };
            match state.spend((pauses + crashes) as u32) as usize {
                0 => return false,
                pick if pick <= pauses => Ok(state.menu.pauses[pick - 1]),
                pick => Err(state.menu.crashes[pick - 1 - pauses]),
            }
        };
        match stop {
            Ok(pause) => self.pause(node, pause),
            Err(down) => self.crash(node, down),
        }
        true
    }

    fn pause(&self, node: Node, pause: Duration) {
        self.trace(node, None, || format!("pause {}", seconds(pause)));
        self.mark_fault(FaultKind::Pause);
        let mut state = self.state();
        let until = state.now + nanos(pause);
        state.nodes[node.0].paused_until = until;
        state.agenda.put_first(until, Weight::Work, WorldEvent::Resumption(node));
    }

    /// What is wrong with the node's clocks: chosen at the first reading, which
    /// is the first time that it makes a difference.
    pub(super) fn clock_fault(&self, node: Node) -> Option<ClockFault> {
        let fault = {
            let mut state = self.state();
            let state = &mut *state;
            if let Some(chosen) = state.nodes[node.0].clock {
                return chosen;
            }
            let fault = state.spend_on_clock(|fault| !fault.is_jump());
            state.nodes[node.0].clock = Some(fault);
            fault
        };
        if let Some(fault) = fault {
            self.trace(node, None, || fault.to_string());
            self.mark_fault(FaultKind::Clock);
        }
        fault
    }

    /// The wall clock is about to be read: chooses whether it was set before.
    pub(super) fn clock_jump(&self, node: Node) {
        let Some(jump) = self.state().spend_on_clock(ClockFault::is_jump) else {
            return;
        };
        self.trace(node, None, || jump.to_string());
        self.mark_fault(FaultKind::Clock);
        let by = match jump {
            ClockFault::JumpAhead(d) => i128::from(nanos(d)),
            ClockFault::JumpBack(d) => -i128::from(nanos(d)),
            _ => 0,
        };
        self.state().nodes[node.0].wall_offset += by;
    }

    /// A sync is about to take effect: chooses whether it fails.
    pub(super) fn sync_fails(&self, node: Node) -> bool {
        {
            let mut state = self.state();
            let may = u32::from(state.menu.sync_errors);
            if state.spend(may) == 0 {
                return false;
            }
        }
        self.trace(node, None, || "sync fails".to_owned());
        self.mark_fault(FaultKind::Sync);
        true
    }

    /// A place where `node` may be paused, for code that awaits nothing else.
    #[track_caller]
    pub fn point(&self, node: Node) -> impl Future<Output = ()> + use<> {
        self.gate(node)
    }

    #[track_caller]
    pub(super) fn gate(&self, node: Node) -> OperationGate {
        OperationGate {
            world: self.clone(),
            node,
            place: StopSite::Operation,
            asked: false,
            site: Location::caller(),
        }
    }

    #[track_caller]
    pub(super) fn gate_of_sleep(&self, node: Node) -> OperationGate {
        OperationGate { place: StopSite::Sleep, ..self.gate(node) }
    }

    /// Counts a fault, and notes on the last line that it is one.
    pub(super) fn mark_fault(&self, kind: FaultKind) {
        let mut state = self.state();
        state.placed[kind as usize] += 1;
        let used = state.faults_used;
        if let Some(line) = state.trace.as_mut().and_then(|t| t.last_mut()) {
            line.note = format!("{}, fault {used}", line.note);
        }
    }
}

impl WorldState {
    /// Chooses one of these clock faults, or none.
    fn spend_on_clock(&mut self, which: impl Fn(ClockFault) -> bool) -> Option<ClockFault> {
        if self.menu.clocks.is_empty() || self.faults_used == self.faults {
            return None;
        }
        let faults: Vec<ClockFault> = self.menu.clocks.iter().copied().filter(|&f| which(f)).collect();
        let pick = self.spend(faults.len() as u32);
        (pick > 0).then(|| faults[pick as usize - 1])
    }
}

/// The start of an operation: the node may pause here, and a paused node waits
/// here until it goes on.
pub(super) struct OperationGate {
    world: World,
    node: Node,
    place: StopSite,
    asked: bool,
    site: &'static Location<'static>,
}

impl Future for OperationGate {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.world.counts_operation(self.node, self.site) {
            // The execution ends when this poll does.
            return Poll::Pending;
        }
        let down = self.world.is_down(self.node);
        if !down && !self.world.is_paused(self.node) {
            if self.asked || !self.world.stop_point(self.node, self.place) {
                if self.place == StopSite::Operation {
                    self.world.state().nodes[self.node.0].life.goes_on();
                }
                return Poll::Ready(());
            }
            self.asked = true;
        }
        self.world.waits("a pause", self.site);
        let mut state = self.world.state();
        state.nodes[self.node.0].gates.push(cx.waker().clone());
        Poll::Pending
    }
}
