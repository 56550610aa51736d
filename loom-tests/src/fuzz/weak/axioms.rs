//! The axioms of RC11, with the release sequences of C++20, on a graph of events.
//!
//! Relations are sets of pairs, written down as the paper has them ("Repairing Sequential Consistency
//! in C/C++11", PLDI 2017): a row of bits for each event. That program order with reads-from has no
//! cycle is how the graphs are made.

use crate::fuzz::weak::event::{Event, INITIAL};
use std::collections::BTreeSet;

/// A relation between events: whom each is related to, one bit for each.
type Relation = Vec<u64>;

/// What the axioms leave of a graph.
#[derive(Debug, Default)]
pub struct Consistent {
    /// The last values of the locations, for each consistent order of the writes; none if there is none.
    pub last: BTreeSet<Vec<i64>>,
    /// Whether two conflicting accesses are not ordered by happens-before.
    pub race: bool,
}

/// Tries every order of the writes to each location.
#[must_use]
pub fn consistent(events: &[Event]) -> Consistent {
    let graph = Axioms::new(events);
    let locations = events.iter().filter_map(|event| event.location).max().map_or(0, |last| last + 1);
    let mut orders = Vec::new();
    for location in 0..locations {
        let coherent = graph.coherent_orders(location);
        if coherent.is_empty() {
            return Consistent::default();
        }
        orders.push(coherent);
    }
    let mut result = Consistent { last: BTreeSet::new(), race: graph.race() };
    let psc = events.iter().filter(|event| event.seq_cst).count() >= 2;
    if !psc {
        // The locations have nothing to do with each other: one order for each last value is enough.
        for orders in &mut orders {
            let mut seen = BTreeSet::new();
            orders.retain(|order| seen.insert(events[order[order.len() - 1]].written));
        }
    }
    let mut chosen = vec![0; locations];
    loop {
        let order: Vec<&Vec<usize>> = chosen.iter().zip(&orders).map(|(nth, orders)| &orders[*nth]).collect();
        let value = |order: &Vec<usize>| events[order[order.len() - 1]].written.expect("it is a write");
        let last: Vec<i64> = order.iter().map(|order| value(order)).collect();
        if !result.last.contains(&last) && (!psc || graph.sequentially_consistent(&order)) {
            result.last.insert(last);
        }
        let Some(at) = (0..locations).find(|at| chosen[*at] + 1 < orders[*at].len()) else { break };
        chosen[at] += 1;
        chosen[..at].fill(0);
    }
    result
}

struct Axioms<'a> {
    events: &'a [Event],
    /// FuzzProgram order: what makes the objects is before everything else.
    sb: Relation,
    hb: Relation,
    rf: Relation,
}

fn bits(mut row: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = row.trailing_zeros() as usize;
        row &= row.wrapping_sub(1);
        (at < 64).then_some(at)
    })
}

/// `a ; b`: related by a step of `a` and then one of `b`.
fn then(a: &Relation, b: &Relation) -> Relation {
    a.iter().map(|row| bits(*row).fold(0, |all, at| all | b[at])).collect()
}

fn or(a: &Relation, b: &Relation) -> Relation {
    a.iter().zip(b).map(|(a, b)| a | b).collect()
}

/// `a?`: the same event, or a step of `a`.
fn maybe(a: &Relation) -> Relation {
    a.iter().enumerate().map(|(at, row)| row | 1 << at).collect()
}

/// `a+`: one or more steps of `a`.
fn closure(a: &Relation) -> Relation {
    let mut all = a.clone();
    for by in 0..all.len() {
        let row = all[by];
        for from in &mut all {
            if *from >> by & 1 == 1 {
                *from |= row;
            }
        }
    }
    all
}

/// `[from] ; a ; [to]`: the pairs between two sets of events.
fn between(from: u64, a: &Relation, to: u64) -> Relation {
    a.iter().enumerate().map(|(at, row)| if from >> at & 1 == 1 { row & to } else { 0 }).collect()
}

fn acyclic(a: &Relation) -> bool {
    closure(a).iter().enumerate().all(|(at, row)| row >> at & 1 == 0)
}

impl<'a> Axioms<'a> {
    fn new(events: &'a [Event]) -> Axioms<'a> {
        assert!(events.len() <= 64, "a graph of {} events", events.len());
        let pairs = |related: &dyn Fn(usize, usize) -> bool| -> Relation {
            let row = |a| (0..events.len()).filter(|b| related(a, *b)).fold(0, |row, b| row | 1 << b);
            (0..events.len()).map(row).collect()
        };
        let sb = pairs(&|a, b| {
            let (first, second) = (events[a].thread, events[b].thread);
            if first == INITIAL { second != INITIAL } else { a < b && first == second }
        });
        let rf = pairs(&|a, b| events[b].source == Some(a));
        let mut axioms = Axioms { events, sb, hb: Vec::new(), rf };
        axioms.hb = closure(&or(&axioms.sb, &axioms.synchronizes()));
        axioms
    }

    fn set(&self, of: impl Fn(&Event) -> bool) -> u64 {
        let numbered = self.events.iter().enumerate();
        numbered.filter(|(_, event)| of(event)).fold(0, |set, (at, _)| set | 1 << at)
    }

    /// `sw`: from what releases to what acquires, through a release sequence.
    fn synchronizes(&self) -> Relation {
        let fences = self.set(|e| e.location.is_none());
        let writes = self.set(|e| e.written.is_some() && e.atomic);
        let reads = self.set(|e| e.source.is_some() && e.atomic);
        let updates = self.set(|e| e.source.is_some() && e.written.is_some());
        let all = u64::MAX;
        // A release sequence goes on only by read-modify-writes of whatever thread.
        let sequence = maybe(&closure(&between(writes, &self.rf, updates)));
        let fence_before = maybe(&between(fences, &self.sb, all));
        let fence_after = maybe(&between(all, &self.sb, fences));
        let from = between(self.set(|e| e.release), &fence_before, writes);
        let to = between(reads, &fence_after, self.set(|e| e.acquire));
        then(&then(&then(&from, &sequence), &between(writes, &self.rf, reads)), &to)
    }

    /// Whether two accesses to a cell, one of them a write, are not ordered.
    fn race(&self) -> bool {
        let accesses: Vec<usize> = bits(self.set(|e| !e.atomic)).collect();
        let ordered = |a: usize, b: usize| self.hb[a] >> b & 1 == 1 || self.hb[b] >> a & 1 == 1;
        accesses.iter().any(|&a| {
            let conflict = |b: usize| {
                let (first, second) = (&self.events[a], &self.events[b]);
                let writes = first.written.is_some() || second.written.is_some();
                first.location == second.location && writes && !ordered(a, b)
            };
            accesses.iter().any(|&b| a < b && conflict(b))
        })
    }

    /// Every order of the writes to `location` that is coherent and keeps read-modify-writes atomic.
    fn coherent_orders(&self, location: usize) -> Vec<Vec<usize>> {
        let here = self.set(|e| e.location == Some(location));
        let writes = here & self.set(|e| e.written.is_some());
        let mut orders = Vec::new();
        self.order_writes(writes, &mut Vec::new(), &mut |order| {
            if self.coherent(here, order) {
                orders.push(order.to_vec());
            }
        });
        orders
    }

    fn order_writes(&self, left: u64, order: &mut Vec<usize>, each: &mut dyn FnMut(&[usize])) {
        if left == 0 {
            return each(order);
        }
        for write in bits(left) {
            // What makes the object comes first, and a read-modify-write right after its source.
            let source = self.events[write].source;
            let initial = self.events[write].thread == INITIAL;
            if initial != order.is_empty() || (source.is_some() && source != order.last().copied()) {
                continue;
            }
            order.push(write);
            self.order_writes(left & !(1 << write), order, each);
            order.pop();
        }
    }

    /// `mo`, and `rb`: from a read to the writes after the one that it read.
    fn written_order(&self, order: &[usize], mo: &mut Relation, rb: &mut Relation) {
        let mut later = 0;
        for write in order.iter().rev() {
            mo[*write] |= later;
            for read in bits(self.rf[*write]) {
                rb[read] |= later & !(1 << read);
            }
            later |= 1 << write;
        }
    }

    /// Coherence: happens-before and then a step of communication never comes back.
    fn coherent(&self, here: u64, order: &[usize]) -> bool {
        let none = vec![0; self.events.len()];
        let (mut mo, mut rb) = (none.clone(), none);
        self.written_order(order, &mut mo, &mut rb);
        let rf = between(here, &self.rf, here);
        let eco = closure(&or(&or(&mo, &rb), &rf));
        then(&self.hb, &eco).iter().enumerate().all(|(at, row)| row >> at & 1 == 0)
    }

    /// `psc`: SeqCst accesses and fences have one order.
    fn sequentially_consistent(&self, orders: &[&Vec<usize>]) -> bool {
        let none = vec![0; self.events.len()];
        let (mut mo, mut rb) = (none.clone(), none);
        orders.iter().for_each(|order| self.written_order(order, &mut mo, &mut rb));
        let same = |a: usize, b: usize| {
            self.events[a].location.is_some() && self.events[a].location == self.events[b].location
        };
        let filtered = |relation: &Relation, wanted: bool| -> Relation {
            let row = |(a, row): (usize, &u64)| {
                bits(*row).filter(|b| same(a, *b) == wanted).fold(0, |row, b| row | 1 << b)
            };
            relation.iter().enumerate().map(row).collect()
        };
        let (sb_elsewhere, hb_here) = (filtered(&self.sb, false), filtered(&self.hb, true));
        let around = then(&then(&sb_elsewhere, &self.hb), &sb_elsewhere);
        let scb = or(&or(&or(&self.sb, &around), &or(&hb_here, &mo)), &rb);
        let eco = closure(&or(&or(&mo, &rb), &self.rf));
        let accesses = self.set(|e| e.seq_cst && e.location.is_some());
        let fences = self.set(|e| e.seq_cst && e.location.is_none());
        let all = u64::MAX;
        let itself: Relation = (0..self.events.len()).map(|at| 1 << at).collect();
        let from = or(&between(accesses, &itself, all), &between(fences, &maybe(&self.hb), all));
        let to = or(&between(all, &itself, accesses), &between(all, &maybe(&self.hb), fences));
        let base = then(&then(&from, &scb), &to);
        let through = or(&self.hb, &then(&then(&self.hb, &eco), &self.hb));
        acyclic(&or(&base, &between(fences, &through, fences)))
    }
}
