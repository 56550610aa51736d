//! A message on its way, and the ways in which it may be delivered.

use crate::sim::menu::{Delay, FaultMenu};
use crate::sim::node::Node;
use crate::sim::partition::{Partition, partitions};
use std::time::Duration;

/// A message on its way, whatever its type.
pub(super) trait Datagram {
    fn from(&self) -> Node;
    fn to(&self) -> Node;
    /// What a fault could change about it, now that it is about to arrive.
    fn arrival(&self, now: u64) -> Arrival;
    fn copy(&self) -> Box<dyn Datagram>;
    fn describe(&self) -> String;
    fn deliver(self: Box<Self>);
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// It arrives.
    OnTime,
    /// It never arrives.
    Lost,
    /// It is the first message that a partition stops.
    Cut(Partition, Duration),
    /// It arrives late.
    Late(Delay),
    /// It arrives, and a copy right behind it (`None`) or late.
    Twice(Option<Delay>),
}

/// What the world knows of a message when it is about to arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// A message or a request: whoever receives acts on every copy.
    Message,
    /// A reply to a call that still waits, for at most this many nanoseconds.
    /// A second copy, or one that comes later than that, changes nothing.
    Reply(u64),
    /// Nobody will look at it: what becomes of it changes nothing.
    Unwanted,
}

impl Delivery {
    /// Everything that can become of a message in this situation and make a
    /// difference, partitions apart. The first is always [`Delivery::OnTime`].
    pub(super) fn all(menu: &FaultMenu, arrival: Arrival) -> Vec<Delivery> {
        let mut all = vec![Delivery::OnTime];
        let patience = match arrival {
            Arrival::Message => None,
            Arrival::Reply(left) => Some(u128::from(left)),
            Arrival::Unwanted => return all,
        };
        if menu.loss {
            all.push(Delivery::Lost);
        }
        let in_time = |delay: &&Delay| match (delay, patience) {
            (Delay::By(d), Some(left)) => d.as_nanos() < left,
            _ => true,
        };
        all.extend(menu.delays.iter().filter(in_time).map(|&d| Delivery::Late(d)));
        if menu.duplication && patience.is_none() {
            all.push(Delivery::Twice(None));
            all.extend(menu.delays.iter().map(|&d| Delivery::Twice(Some(d))));
        }
        all
    }

    /// [`all`](Self::all), with the partitions that can begin at a message from
    /// `from` to `to` among so many nodes.
    pub(super) fn all_between(
        menu: &FaultMenu,
        arrival: Arrival,
        (from, to): (Node, Node),
        nodes: usize,
    ) -> Vec<Delivery> {
        let mut all = Delivery::all(menu, arrival);
        if arrival != Arrival::Unwanted {
            let cuts = partitions(menu, from, to, nodes);
            all.extend(cuts.into_iter().map(|(partition, heal)| Delivery::Cut(partition, heal)));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_delivered_in_every_way() {
        let all = Delivery::all(&FaultMenu::default(), Arrival::Message);
        // On time, lost, two delays, and a copy at once or after either delay.
        assert_eq!(all.len(), 1 + 1 + 2 + 3);
        assert_eq!(all[0], Delivery::OnTime);
    }

    #[test]
    fn a_reply_is_not_doubled_and_not_delayed_past_its_call() {
        let menu = FaultMenu::default();
        let second = 1_000_000_000;
        let patient = Delivery::all(&menu, Arrival::Reply(11 * second));
        assert_eq!(patient.len(), 1 + 1 + 2);
        let hasty = Delivery::all(&menu, Arrival::Reply(10 * second));
        assert_eq!(hasty, [Delivery::OnTime, Delivery::Lost, Delivery::Late(Delay::PastNext(1))]);
    }

    #[test]
    fn what_nobody_looks_at_only_arrives() {
        assert_eq!(Delivery::all(&FaultMenu::default(), Arrival::Unwanted), [Delivery::OnTime]);
    }
}
