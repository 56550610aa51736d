//! Faults as they happen: where one may be chosen, and what it then does.
//!
//! Every choice here is between the ordinary thing (0) and the faults of the
//! [`Menu`](crate::sim::plan::Menu); once the execution has spent its faults nothing
//! is asked any more.

use crate::sim::agenda::Event;
use crate::sim::crash::Place;
use crate::sim::network::Parcel;
use crate::sim::partition::partitions;
use crate::sim::plan::{Arrival, ClockFault, Delay, Fate, Kind, seconds};
use crate::sim::world::{Node, State, World, nanos};
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
    pub(super) fn stop_point(&self, node: Node, place: Place) -> bool {
        let stop = {
            let mut state = self.state();
            let state = &mut *state;
            if state.faults_used == state.faults {
                return false;
            }
            // A task that waits has nothing that a pause could put off.
            let pauses = if place == Place::Wait { 0 } else { state.menu.pauses.len() };
            let crashes = if state.may_crash(node, place) { state.menu.crashes.len() } else { 0 };
            match state.spend((pauses + crashes) as u32) as usize {
                0 => return false,
                pick if pick <= pauses => Ok(state.menu.pauses[pick - 1]),
                pick => Err(state.menu.crashes[pick - 1 - pauses]),
            }
        };
        match stop {
            Ok(pause) => self.pause(node, pause),
            Err(down) => self.strike(node, down),
        }
        true
    }

    fn pause(&self, node: Node, pause: Duration) {
        self.trace(node, None, || format!("pause {}", seconds(pause)));
        self.mark_fault(Kind::Pause);
        let mut state = self.state();
        let until = state.now + nanos(pause);
        state.nodes[node.0].paused_until = until;
        state.agenda.put(until, Event::Resume(node));
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
            self.mark_fault(Kind::Clock);
        }
        fault
    }

    /// The wall clock is about to be read: chooses whether it was set before.
    pub(super) fn clock_jump(&self, node: Node) {
        let Some(jump) = self.state().spend_on_clock(ClockFault::is_jump) else {
            return;
        };
        self.trace(node, None, || jump.to_string());
        self.mark_fault(Kind::Clock);
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
        self.mark_fault(Kind::Sync);
        true
    }

    /// A message is about to arrive: chooses what becomes of it.
    pub(super) fn arrive(&self, parcel: Box<dyn Parcel>) {
        let (from, to) = (parcel.from(), parcel.to());
        if self.is_down(to) || self.is_cut(from, to) {
            self.hand_over(parcel);
            return;
        }
        let arrival = parcel.arrival(self.state().now);
        let fate = self.state().choose_fate(arrival, from, to);
        match fate {
            Fate::OnTime => self.hand_over(parcel),
            Fate::Lost => {
                self.trace(to, None, || format!("lost {}", self.describe(&*parcel)));
                self.mark_fault(Kind::Loss);
            }
            Fate::Cut(wall, heal) => {
                self.divide(to, wall, heal);
                self.hand_over(parcel);
            }
            Fate::Late(delay) => {
                self.trace(to, None, || format!("{} is late {}", self.describe(&*parcel), how_late(delay)));
                self.mark_fault(Kind::Delay);
                self.put_off(parcel, delay);
            }
            Fate::Twice(delay) => {
                let copy = parcel.copy();
                self.trace(to, None, || {
                    let when = delay.map_or("at once".to_owned(), how_late);
                    format!("{} comes twice, again {when}", self.describe(&*parcel))
                });
                self.mark_fault(Kind::Duplicate);
                match delay {
                    Some(delay) => self.put_off(copy, delay),
                    // Let in by the delivery of the original.
                    None => self.state().nodes[to.0].held.push((0, copy)),
                }
                self.hand_over(parcel);
            }
        }
    }

    fn put_off(&self, parcel: Box<dyn Parcel>, delay: Delay) {
        let mut state = self.state();
        let state = &mut *state;
        match delay {
            Delay::By(d) => {
                let at = state.now + nanos(d);
                let settled = true;
                state.agenda.put(at, Event::Arrive { parcel, settled });
            }
            Delay::PastNext(n) => {
                let node = &mut state.nodes[parcel.to().0];
                let after = node.events + u64::from(n);
                node.held.push((after, parcel));
            }
        }
    }

    /// Delivers, unless nothing can get there, and lets the receiver act on it.
    pub(super) fn hand_over(&self, parcel: Box<dyn Parcel>) {
        let (from, to) = (parcel.from(), parcel.to());
        if self.is_down(to) {
            self.trace(to, None, || format!("is down: {} is lost", self.describe(&*parcel)));
            return;
        }
        if self.is_cut(from, to) {
            self.trace(to, None, || format!("cut off: {} is lost", self.describe(&*parcel)));
            return;
        }
        self.trace(to, None, || format!("deliver {}", self.describe(&*parcel)));
        parcel.deliver();
        self.after_event(to);
    }

    fn describe(&self, parcel: &dyn Parcel) -> String {
        format!("{} from {}", parcel.describe(), self.name(parcel.from()))
    }

    #[track_caller]
    pub(super) fn gate(&self, node: Node) -> Gate {
        Gate { world: self.clone(), node, place: Place::Gate, asked: false, site: Location::caller() }
    }

    #[track_caller]
    pub(super) fn gate_of_sleep(&self, node: Node) -> Gate {
        Gate { place: Place::Sleep, ..self.gate(node) }
    }

    /// Counts a fault, and notes on the last line that it is one.
    pub(super) fn mark_fault(&self, kind: Kind) {
        let mut state = self.state();
        state.placed[kind as usize] += 1;
        let used = state.faults_used;
        if let Some(line) = state.trace.as_mut().and_then(|t| t.last_mut()) {
            line.note = format!("{}, fault {used}", line.note);
        }
    }
}

impl State {
    /// Chooses among `count` faults and none (0), if one is left to spend.
    fn spend(&mut self, count: u32) -> u32 {
        if count == 0 || self.faults_used == self.faults {
            return 0;
        }
        let pick = self.choices.pick_rare(count + 1, self.odds);
        self.faults_used += u32::from(pick > 0);
        pick
    }

    fn choose_fate(&mut self, arrival: Arrival, from: Node, to: Node) -> Fate {
        if self.faults_used == self.faults {
            return Fate::OnTime;
        }
        let mut fates = self.menu.fates(arrival);
        if arrival != Arrival::Unwanted {
            let cuts = partitions(&self.menu, from, to, self.nodes.len());
            fates.extend(cuts.into_iter().map(|(wall, heal)| Fate::Cut(wall, heal)));
        }
        let pick = self.spend(fates.len() as u32 - 1);
        fates[pick as usize]
    }

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

fn how_late(delay: Delay) -> String {
    match delay {
        Delay::PastNext(n) => format!("past the next {n}"),
        Delay::By(d) => format!("by {}", seconds(d)),
    }
}

/// The start of an operation: the node may pause here, and a paused node waits
/// here until it goes on.
pub(super) struct Gate {
    world: World,
    node: Node,
    place: Place,
    asked: bool,
    site: &'static Location<'static>,
}

impl Future for Gate {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let down = self.world.is_down(self.node);
        if !down && !self.world.is_paused(self.node) {
            if self.asked || !self.world.stop_point(self.node, self.place) {
                if self.place == Place::Gate {
                    self.world.state().goes_on(self.node);
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
