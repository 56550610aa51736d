//! SCQ, the scalable circular queue of indices: Nikolaev, DISC 2019.
//!
//! # State
//!
//! A ring of `2n` entries for at most `n` indices. Each entry is a cycle (in
//! which lap it was written), a safe bit, and an index or none. The two ends are
//! counters that only grow. The threshold says how many more failures a
//! dequeuer may meet before the queue is known to be empty.
//!
//! # Steps
//!
//! An enqueuer takes a ticket at the tail and puts its index into the ticket's
//! entry, unless a dequeuer has been there first; then it takes another ticket.
//! A dequeuer takes a ticket at the head. If the entry is of its cycle, it takes
//! the index; if it is older, it marks the entry so that no enqueuer of its own
//! cycle uses it: an empty one by the new cycle, a full one as unsafe.

use crate::shapes::body::{Plain, both, relaxed_if};
use crate::shapes::shape::{Shape, Structure};
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};

const SOURCE: &str = "Nikolaev, A scalable, portable, and memory-efficient lock-free FIFO queue, DISC 2019";

pub(super) const SHAPES: &[Shape] = &[Shape {
    name: "scq-relaxed-entry",
    source: SOURCE,
    buggy: || one_producer(true),
    fixed: || one_producer(false),
    expected: &[FailureKind::Race],
}];

pub(super) const STRUCTURES: &[Structure] = &[
    Structure { name: "scq-one-producer-one-consumer", source: SOURCE, model: || one_producer(false) },
    Structure { name: "scq-two-producers-two-consumers", source: SOURCE, model: two_of_each },
];

/// Indices, at most.
const N: usize = 2;
/// Failures that a dequeuer may meet after an index was put in.
const PATIENCE: isize = 3 * N as isize - 1;

/// No index.
const NONE: usize = 0xff;
const SAFE: usize = 0x100;
const CYCLE: usize = 0x200;

fn entry(cycle: usize, safe: bool, index: usize) -> usize {
    cycle * CYCLE + if safe { SAFE } else { 0 } + index
}

// SeqCst: pairs with itself: the paper's proof is for sequential consistency.
const STRONG: Ordering = Ordering::SeqCst;

struct Scq {
    relaxed_entry: bool,
    head: AtomicUsize,
    tail: AtomicUsize,
    threshold: AtomicIsize,
    entries: [AtomicUsize; 2 * N],
}

impl Scq {
    fn new(relaxed_entry: bool) -> Scq {
        Scq {
            relaxed_entry,
            head: AtomicUsize::new(2 * N),
            tail: AtomicUsize::new(2 * N),
            threshold: AtomicIsize::new(-1),
            entries: [(); 2 * N].map(|()| AtomicUsize::new(entry(0, true, NONE))),
        }
    }

    fn enqueue(&self, index: usize) {
        loop {
            let ticket = self.tail.fetch_add(1, STRONG);
            if self.put(ticket, index) {
                if self.threshold.load(STRONG) != PATIENCE {
                    self.threshold.store(PATIENCE, STRONG);
                }
                return;
            }
        }
    }

    /// Puts `index` into the entry of `ticket`, if that is free.
    fn put(&self, ticket: usize, index: usize) -> bool {
        let (place, cycle) = (&self.entries[ticket % (2 * N)], ticket / (2 * N));
        let mut seen = place.load(STRONG);
        loop {
            let free = seen / CYCLE < cycle && seen % SAFE == NONE;
            if !free || (seen & SAFE == 0 && self.head.load(STRONG) > ticket) {
                return false;
            }
            let order = relaxed_if(self.relaxed_entry, STRONG);
            match place.compare_exchange(seen, entry(cycle, true, index), order, STRONG) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
    }

    fn dequeue(&self) -> Option<usize> {
        if self.threshold.load(STRONG) < 0 {
            return None;
        }
        loop {
            let ticket = self.head.fetch_add(1, STRONG);
            if let Some(index) = self.take(ticket) {
                return Some(index);
            }
            let tail = self.tail.load(STRONG);
            if tail <= ticket + 1 {
                self.catch_up(tail, ticket + 1);
                self.threshold.fetch_sub(1, STRONG);
                return None;
            }
            if self.threshold.fetch_sub(1, STRONG) <= 0 {
                return None;
            }
        }
    }

    /// Takes the index out of the entry of `ticket`; or sees to it that none
    /// will be put there in this cycle.
    fn take(&self, ticket: usize) -> Option<usize> {
        let (place, cycle) = (&self.entries[ticket % (2 * N)], ticket / (2 * N));
        let mut seen = place.load(STRONG);
        loop {
            if seen / CYCLE == cycle {
                place.fetch_or(NONE, STRONG);
                return Some(seen % SAFE);
            }
            if seen / CYCLE > cycle {
                return None;
            }
            let marked = match seen % SAFE {
                NONE => entry(cycle, seen & SAFE != 0, NONE),
                index => entry(seen / CYCLE, false, index),
            };
            match place.compare_exchange(seen, marked, STRONG, STRONG) {
                Ok(_) => return None,
                Err(now) => seen = now,
            }
        }
    }

    /// Moves a tail that the head has overtaken.
    fn catch_up(&self, mut tail: usize, mut head: usize) {
        while tail < head && self.tail.compare_exchange(tail, head, STRONG, STRONG).is_err() {
            head = self.head.load(STRONG);
            tail = self.tail.load(STRONG);
        }
    }
}

/// Indices come out in order, each with what was written for it.
fn one_producer(flaw: bool) {
    let (queue, data) = (Scq::new(flaw), [Plain::new(0), Plain::new(0)]);
    let put = |index: usize| {
        data[index].set(index + 7);
        queue.enqueue(index);
    };
    let mut seen = [None; 2];
    put(0);
    let consumer = || {
        for place in &mut seen {
            *place = queue.dequeue();
            if let Some(index) = *place {
                assert_eq!(data[index].get(), index + 7);
            }
        }
    };
    both(consumer, || put(1));
    assert!([[Some(0), None], [Some(0), Some(1)]].contains(&seen), "{seen:?}");
    assert_eq!(queue.dequeue(), if seen[1].is_none() { Some(1) } else { None });
}

/// Each thread puts an index in and takes one out; nobody can find it empty.
fn two_of_each() {
    let queue = Scq::new(false);
    let mut got = [None; 2];
    let [theirs, ours] = &mut got;
    both(
        || {
            queue.enqueue(0);
            *theirs = queue.dequeue();
        },
        || {
            queue.enqueue(1);
            *ours = queue.dequeue();
        },
    );
    got.sort();
    assert_eq!(got, [Some(0), Some(1)]);
}
