//! Faults as they happen: where one may be chosen, and what it then does.
//!
//! Every choice here is between the ordinary thing (0) and the faults of the
//! [`Menu`](super::plan::Menu); once the execution has spent its faults nothing
//! is asked any more.

use super::agenda::Event;
use super::network::Parcel;
use super::plan::{Arrival, ClockFault, Delay, Fate, seconds};
use super::world::{Node, State, World, nanos};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

impl World {
    pub(super) fn is_paused(&self, node: Node) -> bool {
        let state = self.state();
        state.nodes[node.0].paused_until > state.now
    }

    /// Chooses whether the node pauses here, if there is a fault left to spend.
    pub(super) fn pause_point(&self, node: Node) -> bool {
        let pause = {
            let mut state = self.state();
            let state = &mut *state;
            let count = state.menu.pauses.len() as u32;
            match state.spend(count) {
                0 => return false,
                pick => state.menu.pauses[pick as usize - 1],
            }
        };
        self.trace(node, None, || format!("pause {}", seconds(pause)));
        self.mark_fault();
        let mut state = self.state();
        let until = state.now + nanos(pause);
        state.nodes[node.0].paused_until = until;
        state.agenda.put(until, Event::Resume(node));
        true
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
            let count = state.menu.clocks.len() as u32;
            let fault = match state.spend(count) {
                0 => None,
                pick => Some(state.menu.clocks[pick as usize - 1]),
            };
            state.nodes[node.0].clock = Some(fault);
            fault
        };
        if let Some(fault) = fault {
            self.trace(node, None, || match fault {
                ClockFault::Ahead(d) => format!("clock ahead by {}", seconds(d)),
                ClockFault::Behind(d) => format!("clock behind by {}", seconds(d)),
                ClockFault::Fast(ppm) => format!("clock fast by {ppm} ppm"),
                ClockFault::Slow(ppm) => format!("clock slow by {ppm} ppm"),
            });
            self.mark_fault();
        }
        fault
    }

    /// A message is about to arrive: chooses what becomes of it.
    pub(super) fn arrive(&self, parcel: Box<dyn Parcel>) {
        let arrival = parcel.arrival(self.state().now);
        let fate = self.state().choose_fate(arrival);
        let to = parcel.to();
        match fate {
            Fate::OnTime => self.hand_over(parcel),
            Fate::Lost => {
                self.trace(to, None, || format!("lost {}", self.describe(&*parcel)));
                self.mark_fault();
            }
            Fate::Late(delay) => {
                self.trace(to, None, || format!("{} is late {}", self.describe(&*parcel), how_late(delay)));
                self.mark_fault();
                self.put_off(parcel, delay);
            }
            Fate::Twice(delay) => {
                let copy = parcel.copy();
                self.trace(to, None, || {
                    let when = delay.map_or("at once".to_owned(), how_late);
                    format!("{} comes twice, again {when}", self.describe(&*parcel))
                });
                self.mark_fault();
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

    /// Delivers, and lets the receiver act on it.
    pub(super) fn hand_over(&self, parcel: Box<dyn Parcel>) {
        let to = parcel.to();
        self.trace(to, None, || format!("deliver {}", self.describe(&*parcel)));
        parcel.deliver();
        self.after_event(to);
    }

    fn describe(&self, parcel: &dyn Parcel) -> String {
        format!("{} from {}", parcel.describe(), self.name(parcel.from()))
    }

    #[track_caller]
    pub(super) fn gate(&self, node: Node) -> Gate {
        Gate { world: self.clone(), node, asked: false, site: Location::caller() }
    }

    /// Notes on the last line that it is a fault.
    fn mark_fault(&self) {
        let mut state = self.state();
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

    fn choose_fate(&mut self, arrival: Arrival) -> Fate {
        if self.faults_used == self.faults {
            return Fate::OnTime;
        }
        let fates = self.menu.fates(arrival);
        let pick = self.spend(fates.len() as u32 - 1);
        fates[pick as usize]
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
    asked: bool,
    site: &'static Location<'static>,
}

impl Future for Gate {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.world.is_paused(self.node) {
            if self.asked || !self.world.pause_point(self.node) {
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
