//! Partitions: which messages are stopped, and until when.
//!
//! A partition lies between two groups of nodes, in one direction or both. It
//! begins right before the first message that it stops: earlier it would have
//! made no difference. So the partitions to choose from at a message are those
//! between its sender and its receiver.

use crate::sim::menu::{Cut, FaultMenu};
use crate::sim::node::Node;
use std::time::Duration;

/// Nodes as bits. More than 64 are refused when partitions are asked for.
type NodeSet = u64;

/// What the nodes `from` send does not reach the nodes `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Partition {
    from: NodeSet,
    to: NodeSet,
    /// And the other way round.
    both: bool,
    until: u64,
}

fn bit(node: Node) -> NodeSet {
    1 << node.0
}

impl Partition {
    fn new(from: NodeSet, to: NodeSet, both: bool) -> Self {
        // One name for each partition, so that the same one is not tried twice.
        let (from, to) = if both && from > to { (to, from) } else { (from, to) };
        Partition { from, to, both, until: 0 }
    }

    /// This partition, over at the time `until`.
    pub(super) fn until(self, until: u64) -> Self {
        Partition { until, ..self }
    }

    /// Whether it stops, at the time `now`, what `from` sends to `to`.
    pub(super) fn stops_at(&self, now: u64, from: Node, to: Node) -> bool {
        self.until > now && self.stops(from, to)
    }

    /// Whether it is there at the time `now`, and ends.
    pub(super) fn heals_after(&self, now: u64) -> bool {
        self.until > now && self.until < u64::MAX / 4
    }

    fn stops(&self, from: Node, to: Node) -> bool {
        let between = |one: NodeSet, other: NodeSet| one & bit(from) != 0 && other & bit(to) != 0;
        between(self.from, self.to) || self.both && between(self.to, self.from)
    }

    /// A node on one side: whose lane shows the end of it.
    pub(super) fn first_node(&self) -> Node {
        Node(self.from.trailing_zeros() as usize)
    }

    /// `one, two | three`: both ways; `one -x> two`: one way.
    pub(super) fn describe(&self, names: &[&str]) -> String {
        let side = |set: NodeSet| {
            let on_it = |(node, _): &(usize, &&str)| set & bit(Node(*node)) != 0;
            let names = names.iter().enumerate().filter(on_it).map(|(_, name)| *name);
            names.collect::<Vec<_>>().join(", ")
        };
        let sign = if self.both { "|" } else { "-x>" };
        format!("{} {sign} {}", side(self.from), side(self.to))
    }
}

/// The partitions that can stop a message from `from` to `to`, each once.
fn separating(cuts: &[Cut], from: Node, to: Node, nodes: usize) -> Vec<Partition> {
    let mut found: Vec<Partition> = Vec::new();
    if from == to {
        return found;
    }
    let all: NodeSet = if nodes == 64 { NodeSet::MAX } else { (1 << nodes) - 1 };
    let (a, b) = (bit(from), bit(to));
    let mut add = |partition: Partition| {
        if !found.contains(&partition) {
            found.push(partition);
        }
    };
    for cut in cuts {
        match cut {
            Cut::Isolate => [a, b].into_iter().for_each(|one| add(Partition::new(one, all & !one, true))),
            Cut::Mute => add(Partition::new(a, all & !a, false)),
            Cut::Deafen => add(Partition::new(all & !b, b, false)),
            Cut::Link => add(Partition::new(a, b, true)),
            Cut::OneWay => add(Partition::new(a, b, false)),
            Cut::Split => {
                let others = all & !a & !b;
                // Every subset of the others, by counting down through them.
                let mut subset = others;
                loop {
                    let group = a | subset;
                    add(Partition::new(group, all & !group, true));
                    if subset == 0 {
                        break;
                    }
                    subset = (subset - 1) & others;
                }
            }
        }
    }
    found
}

/// The partitions that can begin with this message.
pub(super) fn partitions(menu: &FaultMenu, from: Node, to: Node, nodes: usize) -> Vec<(Partition, Duration)> {
    if menu.cuts.is_empty() {
        return Vec::new();
    }
    let cuts = separating(&menu.cuts, from, to, nodes);
    let heals = menu.heals.iter();
    heals.flat_map(|&heal| cuts.iter().map(move |&cut| (cut, heal))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(cuts: &[Cut], nodes: usize) -> usize {
        separating(cuts, Node(0), Node(1), nodes).len()
    }

    #[test]
    fn every_partition_between_two_nodes_is_there_once() {
        assert_eq!(count(&[Cut::Isolate], 3), 2);
        assert_eq!(count(&[Cut::Isolate], 2), 1, "of two nodes, to cut off one is to cut off the other");
        assert_eq!(count(&[Cut::Isolate, Cut::Link, Cut::Split], 2), 1);
        assert_eq!(count(&[Cut::Mute, Cut::Deafen, Cut::OneWay], 2), 1);
        assert_eq!(count(&[Cut::Mute, Cut::Deafen, Cut::OneWay], 3), 3);
        assert_eq!(count(&[Cut::Split], 5), 8);
        assert_eq!(count(&[Cut::Isolate, Cut::Split], 5), 8, "to cut off one node is a split");
    }

    #[test]
    fn every_partition_that_is_offered_stops_the_message() {
        let cuts = [Cut::Isolate, Cut::Mute, Cut::Deafen, Cut::Link, Cut::OneWay, Cut::Split];
        for from in 0..4 {
            for to in (0..4).filter(|&to| to != from) {
                for partition in separating(&cuts, Node(from), Node(to), 4) {
                    assert!(partition.stops(Node(from), Node(to)), "{partition:?}");
                    assert_eq!(partition.stops(Node(to), Node(from)), partition.both, "{partition:?}");
                }
            }
        }
        assert!(separating(&cuts, Node(2), Node(2), 4).is_empty(), "nobody is cut off from himself");
    }

    #[test]
    fn a_partition_stops_what_it_says_and_nothing_else() {
        let mute = Partition::new(0b001, 0b110, false);
        assert!(mute.stops(Node(0), Node(2)) && !mute.stops(Node(2), Node(0)));
        assert!(!mute.stops(Node(1), Node(2)));
        let link = Partition::new(0b100, 0b001, true);
        assert!(link.stops(Node(0), Node(2)) && link.stops(Node(2), Node(0)));
        assert!(!link.stops(Node(0), Node(1)));
    }

    #[test]
    fn a_partition_ends_and_says_who_is_on_which_side() {
        let (from, to) = (Node(0), Node(2));
        let split = Partition::new(0b011, 0b100, true).until(9);
        assert!(split.stops_at(8, from, to) && !split.stops_at(9, from, to));
        let names = ["one", "two", "three"];
        assert_eq!(split.describe(&names), "one, two | three");
        assert_eq!(Partition::new(0b100, 0b001, false).describe(&names), "three -x> one");
    }
}
