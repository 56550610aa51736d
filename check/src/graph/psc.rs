//! SeqCst: RC11's partial SC order must have no cycle.
//!
//! With `sb` program order, `hb` happens-before, `mo` modification order, `rb`
//! reads-before and `eco = mo ∪ rb ∪ rf ∪ (mo ∪ rb);rf`:
//!
//! ```text
//! scb      = sb ∪ sb≠loc ; hb ; sb≠loc ∪ hb∩loc ∪ mo ∪ rb
//! psc_base = ([E_sc] ∪ [F_sc] ; hb?) ; scb ; ([E_sc] ∪ hb? ; [F_sc])
//! psc_F    = [F_sc] ; (hb ∪ hb ; eco ; hb) ; [F_sc]
//! ```
//!
//! Relations are rows of bits, built from scratch for each question. A question
//! costs `O(n²)` clock look-ups and `O(n³/64)` word operations at worst; it is
//! asked only for a choice that is not the newest one, in a graph that holds
//! at least two SeqCst events.

use crate::graph::event::{BrokenRule, EventLog, GraphEvent, NONE};

/// Events beyond which a stale choice in a graph with SeqCst is not tried at
/// all. Nothing forbidden is shown; the verdict's notes say that it happened.
pub(crate) const MAX_PSC_EVENTS: usize = 1024;

/// A relation over `n` events: row `a` holds the `b` with `a → b`.
#[derive(Debug, Default)]
struct Relation {
    words: usize,
    rows: Vec<u64>,
}

impl Relation {
    fn reset(&mut self, n: usize) {
        self.words = n.div_ceil(64);
        self.rows.clear();
        self.rows.resize(n * self.words, 0);
    }

    fn row(&self, a: usize) -> &[u64] {
        &self.rows[a * self.words..(a + 1) * self.words]
    }

    fn set(&mut self, a: usize, b: usize) {
        self.rows[a * self.words + b / 64] |= 1 << (b % 64);
    }

    /// Adds the successors of every member of `from` to `out`.
    fn image(&self, from: &[u64], out: &mut [u64]) {
        for a in bits(from) {
            or(out, self.row(a));
        }
    }
}

fn or(into: &mut [u64], from: &[u64]) {
    into.iter_mut().zip(from).for_each(|(a, b)| *a |= b);
}

fn and(into: &mut [u64], from: &[u64]) {
    into.iter_mut().zip(from).for_each(|(a, b)| *a &= b);
}

fn bits(set: &[u64]) -> impl Iterator<Item = usize> + '_ {
    set.iter().enumerate().flat_map(|(w, word)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                w * 64 + bit
            })
        })
    })
}

/// The question's working memory, kept between questions.
#[derive(Debug, Default)]
pub(crate) struct Psc {
    hb: Relation,
    sb: Relation,
    /// Program order between different locations.
    sb_ne: Relation,
    mo: Relation,
    rf: Relation,
    rb: Relation,
    scb: Relation,
    psc: Relation,
    /// SeqCst accesses, SeqCst fences.
    accesses: Vec<u64>,
    fences: Vec<u64>,
    /// The event that wrote each message.
    writer: Vec<u32>,
    /// Scratch rows.
    row: [Vec<u64>; 4],
}

impl Psc {
    /// Whether psc of `graph` with `new` added, which writes at `place` of its
    /// location's modification order if any, is acyclic.
    pub(super) fn acyclic(&mut self, graph: &EventLog<'_>, new: &GraphEvent, place: Option<u32>) -> bool {
        let n = graph.events.len() + 1;
        if n > MAX_PSC_EVENTS {
            return false;
        }
        self.basic_relations(graph, new, place);
        self.sc_sets(graph, new);
        self.scb_relation(n);
        self.psc_relation(n);
        self.no_cycle(n)
    }

    fn basic_relations(&mut self, graph: &EventLog<'_>, new: &GraphEvent, place: Option<u32>) {
        let n = graph.events.len() + 1;
        for relation in [&mut self.hb, &mut self.sb, &mut self.sb_ne, &mut self.scb] {
            relation.reset(n);
        }
        for relation in [&mut self.mo, &mut self.rf, &mut self.rb, &mut self.psc] {
            relation.reset(n);
        }
        let event = |i: usize| graph.events.get(i).unwrap_or(new);
        for b in 0..n {
            let to = event(b);
            for a in (0..n).filter(|a| *a != b) {
                let from = event(a);
                if !to.hb.has(from.thread as usize, from.seq) {
                    continue;
                }
                self.hb.set(a, b);
                let same = from.loc != NONE && from.loc == to.loc;
                if same {
                    self.scb.set(a, b);
                }
                if to.sb.has(from.thread as usize, from.seq) {
                    self.sb.set(a, b);
                    if !same {
                        self.sb_ne.set(a, b);
                    }
                }
            }
        }
        self.writer.clear();
        self.writer.resize(graph.messages.len(), NONE);
        for (i, e) in graph.events.iter().enumerate().filter(|(_, e)| e.writes != NONE) {
            self.writer[e.writes as usize] = i as u32;
        }
        self.orders(graph, new, place);
    }

    /// mo, rf and rb, with `new` in its place.
    fn orders(&mut self, graph: &EventLog<'_>, new: &GraphEvent, place: Option<u32>) {
        let n = graph.events.len() + 1;
        let last = n - 1;
        for a in 0..n {
            let event = graph.events.get(a).unwrap_or(new);
            if event.loc == NONE {
                continue;
            }
            let order = &graph.locations[event.loc as usize].mo;
            // Where `new` stands in this location's order, if it writes there.
            let inserted = place.filter(|_| event.loc == new.loc).map(|p| p as usize);
            let written = if a == last {
                inserted.map(|p| (p, true))
            } else {
                (event.writes != NONE).then(|| (graph.messages[event.writes as usize].pos as usize, false))
            };
            if let Some((pos, is_new)) = written {
                let from = if is_new { pos } else { pos + 1 };
                for later in &order[from..] {
                    let b = self.writer[*later as usize] as usize;
                    self.mo.set(a, b);
                }
                if !is_new && inserted.is_some_and(|p| p > pos) {
                    self.mo.set(a, last);
                }
            }
            if event.reads != NONE {
                let source = &graph.messages[event.reads as usize];
                if self.writer[event.reads as usize] != NONE {
                    self.rf.set(self.writer[event.reads as usize] as usize, a);
                }
                for later in &order[source.pos as usize + 1..] {
                    let b = self.writer[*later as usize] as usize;
                    if b != a {
                        self.rb.set(a, b);
                    }
                }
                if a != last && inserted.is_some_and(|p| p > source.pos as usize) {
                    self.rb.set(a, last);
                }
            }
        }
    }

    fn sc_sets(&mut self, graph: &EventLog<'_>, new: &GraphEvent) {
        let n = graph.events.len() + 1;
        let words = n.div_ceil(64);
        for set in [&mut self.accesses, &mut self.fences] {
            set.clear();
            set.resize(words, 0);
        }
        for a in 0..n {
            let event = graph.events.get(a).unwrap_or(new);
            if !event.sc {
                continue;
            }
            let bit = 1 << (a % 64);
            if event.fence || graph.broken == BrokenRule::ScAccessIsFence {
                self.fences[a / 64] |= bit;
            }
            if !event.fence {
                self.accesses[a / 64] |= bit;
            }
        }
        for row in &mut self.row {
            row.clear();
            row.resize(words, 0);
        }
    }

    /// Completes scb, which holds `hb∩loc` already.
    fn scb_relation(&mut self, n: usize) {
        let [first, second, ..] = &mut self.row;
        for a in 0..n {
            first.fill(0);
            self.hb.image(self.sb_ne.row(a), first);
            second.fill(0);
            self.sb_ne.image(first, second);
            for relation in [&self.sb, &self.mo, &self.rb] {
                or(second, relation.row(a));
            }
            let words = self.scb.words;
            or(&mut self.scb.rows[a * words..(a + 1) * words], second);
        }
    }

    fn psc_relation(&mut self, n: usize) {
        let words = self.psc.words;
        let [source, reach, through, out] = &mut self.row;
        for a in 0..n {
            let (word, bit) = (a / 64, 1u64 << (a % 64));
            let is_fence = self.fences[word] & bit != 0;
            if !is_fence && self.accesses[word] & bit == 0 {
                continue;
            }
            // psc_base
            source.fill(0);
            source[word] |= bit;
            if is_fence {
                or(source, self.hb.row(a));
            }
            reach.fill(0);
            self.scb.image(source, reach);
            through.fill(0);
            self.hb.image(reach, through);
            or(through, reach);
            and(through, &self.fences);
            and(reach, &self.accesses);
            out.fill(0);
            or(out, through);
            or(out, reach);
            if is_fence {
                // psc_F: hb ∪ hb ; eco ; hb, between fences
                reach.fill(0);
                for b in bits(self.hb.row(a)) {
                    or(reach, self.rf.row(b));
                    source.fill(0);
                    or(source, self.mo.row(b));
                    or(source, self.rb.row(b));
                    or(reach, source);
                    self.rf.image(source, reach);
                }
                through.fill(0);
                self.hb.image(reach, through);
                or(through, self.hb.row(a));
                and(through, &self.fences);
                or(out, through);
            }
            self.psc.rows[a * words..(a + 1) * words].copy_from_slice(out);
        }
    }

    /// Whether psc has no cycle: take away events without successors until
    /// nothing is left.
    fn no_cycle(&mut self, n: usize) -> bool {
        let [rest, ..] = &mut self.row;
        rest.copy_from_slice(&self.accesses);
        or(rest, &self.fences);
        loop {
            let mut changed = false;
            for a in 0..n {
                let (word, bit) = (a / 64, 1u64 << (a % 64));
                if rest[word] & bit != 0 && self.psc.row(a).iter().zip(rest.iter()).all(|(p, r)| p & r == 0) {
                    rest[word] &= !bit;
                    changed = true;
                }
            }
            if rest.iter().all(|w| *w == 0) {
                return true;
            }
            if !changed {
                return false;
            }
        }
    }
}

#[cfg(test)]
mod tests;
