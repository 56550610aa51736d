//! Partitions: which messages are stopped, and until when.
//!
//! A partition is a wall between two groups of nodes, in one direction or both.
//! It is put up right before the first message that it stops: earlier it would
//! have made no difference. So the walls to choose from at a message are those
//! that lie between its sender and its receiver.

use crate::sim::agenda::Event;
use crate::sim::plan::{Cut, Kind, Menu, seconds};
use crate::sim::world::{Node, World, nanos};
use std::time::Duration;

/// Nodes as bits. More than 64 are refused when partitions are asked for.
type Group = u64;

/// A wall: what `from` sends does not reach `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wall {
    from: Group,
    to: Group,
    /// And the other way round.
    both: bool,
    until: u64,
}

fn bit(node: Node) -> Group {
    1 << node.0
}

impl Wall {
    fn new(from: Group, to: Group, both: bool) -> Self {
        // One name for each wall, so that the same one is not tried twice.
        let (from, to) = if both && from > to { (to, from) } else { (from, to) };
        Wall { from, to, both, until: 0 }
    }

    fn stops(&self, from: Node, to: Node) -> bool {
        let between = |one: Group, other: Group| one & bit(from) != 0 && other & bit(to) != 0;
        between(self.from, self.to) || self.both && between(self.to, self.from)
    }
}

/// The walls that can stop a message from `from` to `to`, each once.
fn walls(cuts: &[Cut], from: Node, to: Node, nodes: usize) -> Vec<Wall> {
    let mut walls: Vec<Wall> = Vec::new();
    if from == to {
        return walls;
    }
    let all: Group = if nodes == 64 { Group::MAX } else { (1 << nodes) - 1 };
    let (a, b) = (bit(from), bit(to));
    let mut add = |wall: Wall| {
        if !walls.contains(&wall) {
            walls.push(wall);
        }
    };
    for cut in cuts {
        match cut {
            Cut::Isolate => [a, b].into_iter().for_each(|one| add(Wall::new(one, all & !one, true))),
            Cut::Mute => add(Wall::new(a, all & !a, false)),
            Cut::Deafen => add(Wall::new(all & !b, b, false)),
            Cut::Link => add(Wall::new(a, b, true)),
            Cut::OneWay => add(Wall::new(a, b, false)),
            Cut::Split => {
                let others = all & !a & !b;
                // Every subset of the others, by counting down through them.
                let mut subset = others;
                loop {
                    let group = a | subset;
                    add(Wall::new(group, all & !group, true));
                    if subset == 0 {
                        break;
                    }
                    subset = (subset - 1) & others;
                }
            }
        }
    }
    walls
}

/// The partitions that can begin with this message.
pub(super) fn partitions(menu: &Menu, from: Node, to: Node, nodes: usize) -> Vec<(Wall, Duration)> {
    if menu.cuts.is_empty() {
        return Vec::new();
    }
    let walls = walls(&menu.cuts, from, to, nodes);
    let heals = menu.heals.iter();
    heals.flat_map(|&heal| walls.iter().map(move |&wall| (wall, heal))).collect()
}

impl World {
    /// Whether a wall stands between them now.
    pub(super) fn is_cut(&self, from: Node, to: Node) -> bool {
        let state = self.state();
        state.walls.iter().any(|wall| wall.until > state.now && wall.stops(from, to))
    }

    /// Puts up a wall, seen at the node `at`.
    pub(super) fn divide(&self, at: Node, wall: Wall, heal: Duration) {
        self.trace(at, None, || format!("partition {}, {}", self.sides(&wall), seconds(heal)));
        self.mark_fault(Kind::Partition);
        let mut state = self.state();
        let until = state.now.saturating_add(nanos(heal));
        let place = state.walls.len();
        state.walls.push(Wall { until, ..wall });
        state.agenda.put(until, Event::Heal(place));
    }

    pub(super) fn heal(&self, place: usize) {
        let wall = self.state().walls[place];
        let at = Node(wall.from.trailing_zeros() as usize);
        self.trace(at, None, || format!("partition {} heals", self.sides(&wall)));
    }

    /// `one, two | three`: both ways; `one -x> two`: one way.
    fn sides(&self, wall: &Wall) -> String {
        let group = |group: Group| {
            let nodes = self.nodes().into_iter().filter(|&node| group & bit(node) != 0);
            nodes.map(|node| self.name(node)).collect::<Vec<_>>().join(", ")
        };
        let sign = if wall.both { "|" } else { "-x>" };
        format!("{} {sign} {}", group(wall.from), group(wall.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(cuts: &[Cut], nodes: usize) -> usize {
        walls(cuts, Node(0), Node(1), nodes).len()
    }

    #[test]
    fn every_wall_between_two_nodes_is_there_once() {
        assert_eq!(count(&[Cut::Isolate], 3), 2);
        assert_eq!(count(&[Cut::Isolate], 2), 1, "of two nodes, to cut off one is to cut off the other");
        assert_eq!(count(&[Cut::Isolate, Cut::Link, Cut::Split], 2), 1);
        assert_eq!(count(&[Cut::Mute, Cut::Deafen, Cut::OneWay], 2), 1);
        assert_eq!(count(&[Cut::Mute, Cut::Deafen, Cut::OneWay], 3), 3);
        assert_eq!(count(&[Cut::Split], 5), 8);
        assert_eq!(count(&[Cut::Isolate, Cut::Split], 5), 8, "to cut off one node is a split");
    }

    #[test]
    fn every_wall_that_is_offered_stops_the_message() {
        let cuts = [Cut::Isolate, Cut::Mute, Cut::Deafen, Cut::Link, Cut::OneWay, Cut::Split];
        for from in 0..4 {
            for to in (0..4).filter(|&to| to != from) {
                for wall in walls(&cuts, Node(from), Node(to), 4) {
                    assert!(wall.stops(Node(from), Node(to)), "{wall:?}");
                    assert_eq!(wall.stops(Node(to), Node(from)), wall.both, "{wall:?}");
                }
            }
        }
        assert!(walls(&cuts, Node(2), Node(2), 4).is_empty(), "nobody is cut off from himself");
    }

    #[test]
    fn a_wall_stops_what_it_says_and_nothing_else() {
        let mute = Wall::new(0b001, 0b110, false);
        assert!(mute.stops(Node(0), Node(2)) && !mute.stops(Node(2), Node(0)));
        assert!(!mute.stops(Node(1), Node(2)));
        let link = Wall::new(0b100, 0b001, true);
        assert!(link.stops(Node(0), Node(2)) && link.stops(Node(2), Node(0)));
        assert!(!link.stops(Node(0), Node(1)));
    }
}
