//! The execution graph: C++20's memory model as RC11 puts it, load buffering
//! excluded.
//!
//! # State
//!
//! The graph grows in program order: an event is added when its thread runs
//! it, and nothing is ever taken back. Per location it holds the modification
//! order (mo) as a list of messages; per thread three clocks:
//!
//! - `cur`: the thread's happens-before past;
//! - `acq`: what an acquire fence would add to it;
//! - `rel`: `cur` as it was at the last release fence.
//!
//! # Rules
//!
//! 1. *Floor*: a thread may not read before, nor write before, the last
//!    message that its past wrote or read at that location ([`Graph::floor`]).
//! 2. *Load*: any message at or above the floor.
//! 3. *Store*: any place in mo above the floor, except between a message and
//!    the read-modify-write that read it ([`Graph::store_places`]).
//! 4. *Read-modify-write*: any message at or above the floor that no other one
//!    has read; its own message goes right after.
//! 5. *Fences* move clocks; there is no SC clock.
//! 6. *SeqCst* is the acyclicity of psc ([`crate::graph::psc`]), asked before every
//!    choice that is not the newest one. The newest choice is always
//!    consistent: the new event would have no outgoing edge but to nothing.
//!
//! # Source
//!
//! Lahav, Vafeiadis, Kang, Hur, Dreyer, "Repairing Sequential Consistency in
//! C/C++11" (PLDI 2017), with C++20's release sequences: a later store of the
//! same thread does not continue one.

use crate::graph::event::{BrokenRule, EventLog, GraphEvent, Location, Message, NONE};
use crate::graph::psc::Psc;
use crate::graph::stamp::Stamp;
use crate::seam::clock::{Clock, MAX_THREADS};
use crate::seam::op::Strength;
use crate::seam::place::Place;

/// A thread's view of the past.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    pub(crate) cur: Clock,
    pub(crate) acq: Clock,
    pub(crate) rel: Clock,
    pub(crate) sb: Clock,
    pub(crate) porf: Clock,
    /// Events so far.
    pub(crate) seq: u16,
    /// What it knows of the time, in nanoseconds: the latest of its `porf` past.
    pub(crate) time: u64,
}

impl Past {
    const NOTHING: Past = Past {
        cur: Clock::EMPTY,
        acq: Clock::EMPTY,
        rel: Clock::EMPTY,
        sb: Clock::EMPTY,
        porf: Clock::EMPTY,
        seq: 0,
        time: 0,
    };
}

/// The execution graph.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) events: Vec<GraphEvent>,
    pub(crate) messages: Vec<Message>,
    locations: Vec<Location>,
    live_locations: usize,
    pub(crate) pasts: Vec<Past>,
    /// SeqCst events so far.
    pub(crate) sc_events: u32,
    pub(crate) broken: BrokenRule,
    /// Where the operation under way stands in the source.
    pub(crate) site: Option<Place>,
    psc: Psc,
}

impl Graph {
    /// What psc is asked of.
    fn log(&self) -> EventLog<'_> {
        EventLog {
            events: &self.events,
            messages: &self.messages,
            locations: &self.locations,
            broken: self.broken,
        }
    }

    /// Forgets the last execution, keeps its memory.
    pub(crate) fn reset(&mut self) {
        self.events.clear();
        self.messages.clear();
        for location in &mut self.locations[..self.live_locations] {
            location.mo.clear();
            location.accesses.iter_mut().for_each(Vec::clear);
        }
        self.live_locations = 0;
        self.pasts.clear();
        self.sc_events = 0;
    }

    /// Adds a thread, the child of `parent`, and gives its number. The spawn
    /// counts as an event of the parent.
    pub(crate) fn add_thread(&mut self, parent: Option<usize>) -> usize {
        let mut past = Past::NOTHING;
        if let Some(parent) = parent {
            let from = &mut self.pasts[parent];
            from.seq += 1;
            from.cur.set(parent, from.seq);
            from.sb.set(parent, from.seq);
            from.porf.set(parent, from.seq);
            past.cur = from.cur;
            past.sb = from.sb;
            past.porf = from.porf;
            past.time = from.time;
        }
        self.pasts.push(past);
        self.pasts.len() - 1
    }

    /// Adds an atomic object that holds `value`.
    pub(crate) fn add_location(&mut self, value: u64) -> u32 {
        let loc = self.live_locations;
        if loc == self.locations.len() {
            self.locations.push(Location::default());
        }
        self.live_locations += 1;
        let message = self.messages.len() as u32;
        self.messages.push(Message {
            loc: loc as u32,
            pos: 0,
            value,
            thread: MAX_THREADS as u8,
            seq: 0,
            view: Clock::EMPTY,
            porf: Clock::EMPTY,
            taken: false,
            root: message,
            unverified: false,
            time: 0,
        });
        self.locations[loc].mo.push(message);
        loc as u32
    }

    /// The modification order of `loc`.
    #[inline]
    pub(crate) fn mo(&self, loc: u32) -> &[u32] {
        &self.locations[loc as usize].mo
    }

    /// The newest message of `loc`.
    #[inline]
    pub(crate) fn newest(&self, loc: u32) -> u32 {
        *self.mo(loc).last().expect("a location starts with a message")
    }

    /// The first place in the modification order of `loc` that `thread` may
    /// still read.
    pub(crate) fn floor(&self, thread: usize, loc: u32) -> u32 {
        let cur = &self.pasts[thread].cur;
        let mut floor = 0;
        for (other, accesses) in self.locations[loc as usize].accesses.iter().enumerate() {
            let known = cur.get(other);
            // The last access that is in the past has the greatest place:
            // coherence makes places grow along a thread.
            if let Some((_, message)) = accesses.iter().rev().find(|(seq, _)| *seq <= known) {
                floor = floor.max(self.messages[*message as usize].pos);
            }
        }
        floor
    }

    /// The places in modification order at which `thread` may put a store to
    /// `loc`, as indices to insert at, the newest first.
    pub(crate) fn store_places(&mut self, thread: usize, loc: u32, strength: Strength, out: &mut Vec<u32>) {
        let len = self.mo(loc).len() as u32;
        out.push(len);
        if self.broken == BrokenRule::AppendOnly {
            return;
        }
        for place in (self.floor(thread, loc) + 1..len).rev() {
            let before = self.mo(loc)[place as usize - 1];
            if self.messages[before as usize].taken {
                continue;
            }
            let event = self.next_event(thread, loc, strength.is_sc(), NONE);
            if self.consistent(&event, Some(place)) {
                out.push(place);
            }
        }
    }

    /// Whether `thread` may read `message` with `strength`, and write right
    /// after it if `writes`. The caller has looked at the floor.
    pub(crate) fn may_read(&mut self, thread: usize, message: u32, strength: Strength, writes: bool) -> bool {
        let Message { loc, pos, taken, .. } = self.messages[message as usize];
        let newest = pos as usize + 1 == self.mo(loc).len();
        if writes && (taken || (self.broken == BrokenRule::AppendOnly && !newest)) {
            return false;
        }
        if newest {
            return true;
        }
        let mut event = self.next_event(thread, loc, strength.is_sc(), message);
        if strength.acquires() {
            event.hb.join(&self.messages[message as usize].view);
        }
        self.consistent(&event, writes.then_some(pos + 1))
    }

    /// The event that `thread` would add next.
    fn next_event(&self, thread: usize, loc: u32, sc: bool, reads: u32) -> GraphEvent {
        let past = &self.pasts[thread];
        GraphEvent {
            thread: thread as u8,
            seq: past.seq + 1,
            loc,
            fence: false,
            sc,
            reads,
            writes: NONE,
            hb: past.cur,
            sb: past.sb,
            site: self.site,
        }
    }

    /// Whether psc stays acyclic with `event`, which writes at `place` if any.
    fn consistent(&mut self, event: &GraphEvent, place: Option<u32>) -> bool {
        if self.sc_events + u32::from(event.sc) < 2 || self.broken == BrokenRule::NoPsc {
            return true;
        }
        let mut psc = std::mem::take(&mut self.psc);
        let consistent = psc.acyclic(&self.log(), event, place);
        self.psc = psc;
        consistent
    }

    /// Adds a load of `message`; the message's value is the result.
    pub(crate) fn load(&mut self, thread: usize, message: u32, strength: Strength) -> u64 {
        self.read(thread, message, strength, NONE);
        self.messages[message as usize].value
    }

    /// Adds a store at `place` and gives its message.
    pub(crate) fn store(
        &mut self,
        thread: usize,
        loc: u32,
        value: u64,
        strength: Strength,
        place: u32,
    ) -> u32 {
        let event = self.next_event(thread, loc, strength.is_sc(), NONE);
        self.add(event);
        self.write(thread, loc, value, strength, place, None)
    }

    /// Adds a read-modify-write that reads `source`, and gives its message.
    pub(crate) fn rmw(&mut self, thread: usize, source: u32, value: u64, strength: Strength) -> u32 {
        let Message { loc, pos, .. } = self.messages[source as usize];
        self.messages[source as usize].taken = true;
        self.read(thread, source, strength, NONE);
        let Message { view, value: was, root, .. } = self.messages[source as usize];
        let message = self.write(thread, loc, value, strength, pos + 1, Some(view));
        if value == was {
            self.messages[message as usize].root = root;
        }
        message
    }

    /// Adds a fence.
    pub(crate) fn fence(&mut self, thread: usize, strength: Strength) {
        let past = &mut self.pasts[thread];
        if strength.acquires() {
            let acq = past.acq;
            past.cur.join(&acq);
        }
        let mut event = self.next_event(thread, NONE, strength.is_sc(), NONE);
        event.fence = true;
        self.add(event);
        let past = &mut self.pasts[thread];
        if strength.releases() {
            past.rel = past.cur;
        }
    }

    fn read(&mut self, thread: usize, source: u32, strength: Strength, writes: u32) {
        let message = &self.messages[source as usize];
        let (loc, seq) = (message.loc, self.pasts[thread].seq + 1);
        let past = &mut self.pasts[thread];
        if strength.acquires() {
            past.cur.join(&message.view);
        } else {
            past.acq.join(&message.view);
        }
        past.porf.join(&message.porf);
        past.time = past.time.max(message.time);
        let mut event = self.next_event(thread, loc, strength.is_sc(), source);
        event.writes = writes;
        self.add(event);
        self.note_access(thread, loc, seq, source);
    }

    fn write(
        &mut self,
        thread: usize,
        loc: u32,
        value: u64,
        strength: Strength,
        place: u32,
        inherited: Option<Clock>,
    ) -> u32 {
        let past = &self.pasts[thread];
        let mut view = if strength.releases() { past.cur } else { past.rel };
        if let Some(inherited) = inherited {
            view.join(&inherited);
        }
        let (seq, porf, time) = (past.seq, past.porf, past.time);
        let message = self.messages.len() as u32;
        self.messages.push(Message {
            loc,
            pos: place,
            value,
            thread: thread as u8,
            seq,
            view,
            porf,
            taken: false,
            root: message,
            unverified: false,
            time,
        });
        let mo = &mut self.locations[loc as usize].mo;
        mo.insert(place as usize, message);
        for later in &mo[place as usize + 1..] {
            self.messages[*later as usize].pos += 1;
        }
        self.events.last_mut().expect("the write's own event").writes = message;
        self.note_access(thread, loc, seq, message);
        message
    }

    /// Appends `event` and counts it.
    fn add(&mut self, event: GraphEvent) {
        let thread = event.thread as usize;
        let past = &mut self.pasts[thread];
        past.seq += 1;
        past.cur.set(thread, past.seq);
        past.sb.set(thread, past.seq);
        past.porf.set(thread, past.seq);
        self.sc_events += u32::from(event.sc);
        self.events.push(event);
    }

    fn note_access(&mut self, thread: usize, loc: u32, seq: u16, message: u32) {
        let accesses = &mut self.locations[loc as usize].accesses;
        if accesses.len() <= thread {
            accesses.resize_with(thread + 1, Vec::new);
        }
        accesses[thread].push((seq, message));
    }

    /// An access to `loc` that does not happen before what `thread` does now.
    pub(crate) fn unordered_access(&self, thread: usize, loc: u32) -> Option<Stamp> {
        let cur = &self.pasts[thread].cur;
        for (other, accesses) in self.locations[loc as usize].accesses.iter().enumerate() {
            if let Some((seq, _)) =
                accesses.last().filter(|(seq, _)| other != thread && !cur.has(other, *seq))
            {
                let event = self.events.iter().find(|e| e.thread as usize == other && e.seq == *seq);
                return Some(Stamp { thread: other as u8, seq: *seq, site: event.and_then(|e| e.site) });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
