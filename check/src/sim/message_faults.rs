//! Faults of messages: what becomes of one that arrives, and partitions.
//!
//! Every choice here is between the ordinary thing (0) and the faults of the
//! [`FaultMenu`](crate::sim::menu::FaultMenu); once the execution has spent its
//! faults nothing is asked any more.

use crate::sim::agenda::Weight;
use crate::sim::delivery::{Arrival, Datagram, Delivery};
use crate::sim::menu::{Delay, FaultKind};
use crate::sim::node::Node;
use crate::sim::partition::Partition;
use crate::sim::state::{WorldEvent, WorldState};
use crate::sim::time::{nanos, seconds};
use crate::sim::world::World;
use std::time::Duration;

impl World {
    /// A message is about to arrive: chooses what becomes of it.
    pub(super) fn arrive(&self, datagram: Box<dyn Datagram>) {
        let (from, to) = (datagram.from(), datagram.to());
        if self.is_down(to) || self.is_cut(from, to) {
            self.hand_over(datagram);
            return;
        }
        let arrival = datagram.arrival(self.state().now);
        let delivery = self.state().choose_delivery(arrival, from, to);
        match delivery {
            Delivery::OnTime => self.hand_over(datagram),
            Delivery::Lost => {
                self.trace(to, None, || format!("lost {}", self.describe(&*datagram)));
                self.mark_fault(FaultKind::Loss);
            }
            Delivery::Cut(partition, heal) => {
                self.divide(to, partition, heal);
                self.hand_over(datagram);
            }
            Delivery::Late(delay) => {
                self.trace(to, None, || format!("{} is late {}", self.describe(&*datagram), how_late(delay)));
                self.mark_fault(FaultKind::Delay);
                self.put_off(datagram, delay);
            }
            Delivery::Twice(delay) => {
                let copy = datagram.copy();
                self.trace(to, None, || {
                    let when = delay.map_or("at once".to_owned(), how_late);
                    format!("{} comes twice, again {when}", self.describe(&*datagram))
                });
                self.mark_fault(FaultKind::Duplicate);
                match delay {
                    Some(delay) => self.put_off(copy, delay),
                    // Let in by the delivery of the original.
                    None => self.state().nodes[to.0].held.push((0, copy)),
                }
                self.hand_over(datagram);
            }
        }
    }

    fn put_off(&self, datagram: Box<dyn Datagram>, delay: Delay) {
        let mut state = self.state();
        let state = &mut *state;
        match delay {
            Delay::By(d) => {
                let at = state.now + nanos(d);
                state.agenda.put(at, Weight::Work, WorldEvent::Arrival { datagram, settled: true });
            }
            Delay::PastNext(n) => {
                let node = &mut state.nodes[datagram.to().0];
                let after = node.events + u64::from(n);
                node.held.push((after, datagram));
            }
        }
    }

    /// Delivers, unless nothing can get there, and lets the receiver act on it.
    pub(super) fn hand_over(&self, datagram: Box<dyn Datagram>) {
        let (from, to) = (datagram.from(), datagram.to());
        if self.is_down(to) {
            self.trace(to, None, || format!("is down: {} is lost", self.describe(&*datagram)));
            return;
        }
        if self.is_cut(from, to) {
            self.trace(to, None, || format!("cut off: {} is lost", self.describe(&*datagram)));
            return;
        }
        self.trace(to, None, || format!("deliver {}", self.describe(&*datagram)));
        datagram.deliver();
        self.after_event(to);
    }

    fn describe(&self, datagram: &dyn Datagram) -> String {
        format!("{} from {}", datagram.describe(), self.name(datagram.from()))
    }

    /// Whether a partition lies between them now.
    fn is_cut(&self, from: Node, to: Node) -> bool {
        let state = self.state();
        state.partitions.iter().any(|partition| partition.stops_at(state.now, from, to))
    }

    /// Begins a partition, seen at the node `at`.
    fn divide(&self, at: Node, partition: Partition, heal: Duration) {
        self.trace(at, None, || format!("partition {}, {}", self.sides(&partition), seconds(heal)));
        self.mark_fault(FaultKind::Partition);
        let mut state = self.state();
        let until = state.now.saturating_add(nanos(heal));
        let place = state.partitions.len();
        state.partitions.push(partition.until(until));
        state.agenda.put_first(until, Weight::Idle, WorldEvent::Healing(place));
    }

    pub(super) fn heal(&self, place: usize) {
        let partition = self.state().partitions[place];
        let at = partition.first_node();
        self.trace(at, None, || format!("partition {} heals", self.sides(&partition)));
    }

    fn sides(&self, partition: &Partition) -> String {
        let state = self.state();
        let names: Vec<&str> = state.nodes.iter().map(|node| node.name.as_str()).collect();
        partition.describe(&names)
    }
}

impl WorldState {
    fn choose_delivery(&mut self, arrival: Arrival, from: Node, to: Node) -> Delivery {
        if self.faults_used == self.faults {
            return Delivery::OnTime;
        }
        let all = Delivery::all_between(&self.menu, arrival, (from, to), self.nodes.len());
        let pick = self.spend(all.len() as u32 - 1);
        all[pick as usize]
    }
}

fn how_late(delay: Delay) -> String {
    match delay {
        Delay::PastNext(n) => format!("past the next {n}"),
        Delay::By(d) => format!("by {}", seconds(d)),
    }
}
