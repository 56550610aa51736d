//! The near-linear check of a stack's history in which every value is pushed once.
//!
//! # The idea
//!
//! `inside(v)` is as in [`crate::linearizability::queue_monitor`], on spans cut in the same way. A value
//! whose push and pop overlap can be pushed and popped in one moment of their
//! overlap, so it can be left out.
//!
//! *Split.* At a moment in no `inside(v)` the stack can be empty: leaving out
//! values never spoils a linearization, so those done before the moment can be
//! linearized first, and the others after them. A pop that found nothing needs
//! such a moment. What remains are *pieces*: maximal stretches of time in which
//! always some value is inside.
//!
//! *Bottom.* In a piece the stack is never empty, so one value lies at the
//! bottom from before its first moment to after its last: its push began before
//! the first response of a push, and its pop ended after the last invocation of
//! a pop. Any value like that may be the bottom, because nothing precedes its
//! push or follows its pop, so it can be pushed first and popped last. Without
//! such a value the piece, and so the history, is not linearizable. With it: take
//! the value away, and what it alone covered splits the piece again.
//!
//! # The steps
//!
//! Moments are *slots* between consecutive events. A tree counts for each slot
//! the values that are inside; a slot that comes to 0 is marked, and never looked
//! at again. Pieces are ranges of slots; a value belongs to the piece in which
//! its push returns. Two more trees, indexed by that response, find the bottom:
//! `waiting` holds the invocations of the pushes that began too late for their
//! piece, `ready` the responses of the pops of the others. A piece only shrinks,
//! so each value moves from the one to the other once.
//!
//! # Cost
//!
//! O(n log n) for n calls.
//!
//! # Source
//!
//! Stretches with and without values and the removal of extreme values are from
//! Abdulla, Grahn, Jonsson, Krishna and Mishra, "Efficient linearizability
//! monitoring" (PLDI 2025, arXiv 2509.17795), in O(n²); taking away one value at
//! a time with trees from Lee and Mathur, "Efficient decrease-and-conquer
//! linearizability monitoring" (OOPSLA 2025, arXiv 2410.04581), in O(n log n). The
//! proof and the two trees are our own; tests compare with the general search.

use crate::linearizability::buffer::{BufferOp, BufferRet};
use crate::linearizability::history::{History, NEVER, Value};
use crate::linearizability::residence::{Residence, Residences};
use crate::linearizability::spec::{Monitored, Violation};
use crate::linearizability::trees::{RangeCounts, RangeMaxima};

/// Checks a history of an unbounded stack.
pub(crate) fn monitor<V: Value>(history: &History<BufferOp<V>, BufferRet<V>>) -> Monitored {
    let residences = match Residences::of(history.calls()) {
        Ok(residences) => residences,
        Err(said) => return said,
    };
    if !residences.unknown.is_empty() {
        return Monitored::Unsuited;
    }
    if let Some((pop, cover)) = residences.false_empty() {
        let calls = cover.iter().flat_map(|residence| residence.calls()).chain([pop]).collect();
        return Violation::new("a pop found nothing, but always some value was in the stack", calls).into();
    }
    match Pieces::new(&residences.values).run() {
        None => Monitored::Linearizable,
        Some(bottomless) => {
            let calls = bottomless.iter().flat_map(|value| residences.values[*value].calls()).collect();
            let why =
                "none of these values can have been at the bottom of the stack, which is never empty here";
            Violation::new(why, calls).into()
        }
    }
}

/// A value, its events numbered from 0 in the order of time.
#[derive(Clone, Copy, Debug)]
struct Numbered {
    /// Its number in the history.
    value: usize,
    push: (usize, usize),
    pop: (usize, usize),
}

struct Pieces {
    values: Vec<Numbered>,
    /// For each event, the value whose push returns there.
    at: Vec<usize>,
    /// Values inside, per slot. Slot i is between events i and i + 1.
    inside: RangeCounts,
    /// Minus the invocation of the push, at its response: not yet candidates.
    waiting: RangeMaxima,
    /// The response of the pop, at the response of the push: candidates.
    ready: RangeMaxima,
    /// Ranges of slots, first and last.
    open: Vec<(usize, usize)>,
}

impl Pieces {
    fn new(residences: &[Residence]) -> Pieces {
        let kept: Vec<(usize, &Residence)> =
            residences.iter().enumerate().filter(|(_, residence)| residence.inside().is_some()).collect();
        let mut events: Vec<u64> =
            kept.iter().flat_map(|(_, l)| [l.push.0, l.push.1, l.pop.0, l.pop.1]).collect();
        events.sort_unstable();
        events.dedup();
        // One more, so that what is never popped ends after everything.
        let count = events.len() + 1;
        let number = |event: u64| events.partition_point(|other| *other < event);
        let mut pieces = Pieces {
            values: Vec::with_capacity(kept.len()),
            at: vec![usize::MAX; count],
            inside: RangeCounts::new(count),
            waiting: RangeMaxima::new(count),
            ready: RangeMaxima::new(count),
            open: Vec::new(),
        };
        for (value, residence) in kept {
            let end = number(residence.pop.1) + usize::from(residence.pop.1 == NEVER);
            let push = (number(residence.push.0), number(residence.push.1));
            let numbered = Numbered { value, push, pop: (number(residence.pop.0), end) };
            pieces.at[push.1] = pieces.values.len();
            pieces.inside.add(push.1, numbered.pop.0 - 1, 1);
            pieces.waiting.set(push.1, -(push.0 as i64));
            pieces.values.push(numbered);
        }
        pieces.split(0, count - 1);
        pieces
    }

    /// Marks the slots of a range in which nothing is inside any more, and opens
    /// the pieces between them.
    fn split(&mut self, first: usize, last: usize) {
        let mut from = first;
        while let Some(empty) = self.inside.take_zero(from, last) {
            if from < empty {
                self.open.push((from, empty - 1));
            }
            from = empty + 1;
        }
        if from <= last {
            self.open.push((from, last));
        }
    }

    /// The values of the first piece that has no bottom, if there is one.
    fn run(mut self) -> Option<Vec<usize>> {
        while let Some((first, last)) = self.open.pop() {
            while let Some((at, invoked)) = self.waiting.max(first, last) {
                if -invoked >= first as i64 {
                    break;
                }
                self.waiting.clear(at);
                self.ready.set(at, self.values[self.at[at]].pop.1 as i64);
            }
            // The last slot ends with the last invocation of a pop, event `last + 1`.
            match self.ready.max(first, last) {
                Some((at, response)) if response > last as i64 + 1 => {
                    self.ready.clear(at);
                    let bottom = self.values[self.at[at]];
                    self.inside.add(bottom.push.1, bottom.pop.0 - 1, -1);
                    self.split(first, last);
                }
                _ => {
                    let here = |value: &&Numbered| {
                        let still = self.waiting.holds(value.push.1) || self.ready.holds(value.push.1);
                        (first..=last).contains(&value.push.1) && still
                    };
                    return Some(self.values.iter().filter(here).map(|numbered| numbered.value).collect());
                }
            }
        }
        None
    }
}
