//! Litmus tests by hand: what the tests of the graph write and read.

use crate::graph::rc11::Graph;
use crate::seam::op::Strength;
use std::sync::atomic::Ordering;

pub(crate) const RELAXED: Strength = Strength::RELAXED;
pub(crate) const ACQUIRE: Strength = Strength::ACQUIRE;
pub(crate) const RELEASE: Strength = Strength::RELEASE;
pub(crate) const ACQ_REL: Strength = Strength::ACQ_REL;

pub(crate) fn seq_cst() -> Strength {
    Strength::of(Ordering::SeqCst)
}

/// The locations of every litmus test here; each holds 0.
pub(crate) const X: u32 = 0;
pub(crate) const Y: u32 = 1;

/// A graph with `threads` threads below the main thread (number 0), and the locations [`X`] and [`Y`].
pub(crate) fn litmus(threads: usize) -> Graph {
    let mut graph = Graph::default();
    graph.add_thread(None);
    assert_eq!((graph.add_location(0), graph.add_location(0)), (X, Y));
    for _ in 0..threads {
        graph.add_thread(Some(0));
    }
    graph
}

/// A store that goes last in modification order; its message.
pub(crate) fn write(graph: &mut Graph, thread: usize, loc: u32, value: u64, strength: Strength) -> u32 {
    let last = graph.mo(loc).len() as u32;
    graph.store(thread, loc, value, strength, last)
}

/// A load of `value`, which some message of `loc` holds.
pub(crate) fn read(graph: &mut Graph, thread: usize, loc: u32, value: u64, strength: Strength) {
    let mut found = graph.mo(loc).iter().copied();
    let message = found.find(|m| graph.messages[*m as usize].value == value).expect("somebody wrote it");
    assert!(readable(graph, thread, loc, strength).contains(&value), "{value} is forbidden");
    assert_eq!(graph.load(thread, message, strength), value);
}

/// What `thread` may read at `loc`, the newest first.
pub(crate) fn readable(graph: &mut Graph, thread: usize, loc: u32, strength: Strength) -> Vec<u64> {
    values(graph, thread, loc, strength, false)
}

/// What a read-modify-write of `thread` may read at `loc`, the newest first.
pub(crate) fn exchangeable(graph: &mut Graph, thread: usize, loc: u32, strength: Strength) -> Vec<u64> {
    values(graph, thread, loc, strength, true)
}

fn values(graph: &mut Graph, thread: usize, loc: u32, strength: Strength, writes: bool) -> Vec<u64> {
    let floor = graph.floor(thread, loc) as usize;
    let mut messages = graph.mo(loc)[floor..].to_vec();
    messages.reverse();
    messages.retain(|message| graph.may_read(thread, *message, strength, writes));
    messages.iter().map(|message| graph.messages[*message as usize].value).collect()
}

/// Where `thread` may put a store to `loc`.
pub(crate) fn places(graph: &mut Graph, thread: usize, loc: u32, strength: Strength) -> Vec<u32> {
    let mut places = Vec::new();
    graph.store_places(thread, loc, strength, &mut places);
    places
}

/// The values of `loc` in modification order.
pub(crate) fn order(graph: &Graph, loc: u32) -> Vec<u64> {
    graph.mo(loc).iter().map(|message| graph.messages[*message as usize].value).collect()
}
