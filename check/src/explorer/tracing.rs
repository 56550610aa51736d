//! Writes down an execution while it is replayed: each step in words and in
//! parts, and what [`crate::explorer::narrate`] needs to put the steps in order.

use crate::explorer::state::State;
use crate::graph::event::NONE;
use crate::report::data::TraceLine;
use crate::report::step::{Operation, OperationKind};
use crate::seam::op::Strength;
use crate::seam::place::{Place, source_line};
use crate::search::minimise::Wish;
use crate::search::stack::Choice;

/// Collects the lines of a trace while it is on.
#[derive(Debug, Default)]
pub(crate) struct Tracer {
    pub(crate) on: bool,
    /// Whether to look exactly where blocks are allocated and freed.
    pub(crate) origins: bool,
    pub(crate) lines: Vec<TraceLine>,
    /// What stands behind each line.
    pub(crate) marks: Vec<Mark>,
    /// The messages that the read about to run could take, the newest first.
    pub(crate) candidates: Vec<u32>,
    /// The choices of the execution, in a form that fits other schedules too.
    pub(crate) wishes: Vec<Wish>,
}

/// What stands behind a line.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    /// Its event in the graph, or [`NONE`].
    pub(crate) event: u32,
    /// The messages that it could have read.
    pub(crate) candidates: Vec<u32>,
    /// The thread that it starts.
    pub(crate) starts: Option<usize>,
    /// The thread whose end it waits for.
    pub(crate) joins: Option<usize>,
    /// Whether its thread unwinds a panic.
    pub(crate) unwinds: bool,
}

impl Default for Mark {
    fn default() -> Mark {
        Mark { event: NONE, candidates: Vec::new(), starts: None, joins: None, unwinds: false }
    }
}

/// A short name for location number `loc`: a, b, … z, a1, b1, ….
pub(crate) fn name(loc: u32) -> String {
    let letter = char::from(b'a' + (loc % 26) as u8);
    if loc < 26 { letter.to_string() } else { format!("{letter}{}", loc / 26) }
}

impl Tracer {
    pub(crate) fn reset(&mut self) {
        self.lines.clear();
        self.marks.clear();
        self.candidates.clear();
        self.wishes.clear();
    }

    /// Writes down one step, if on.
    pub(crate) fn step(&mut self, lane: usize, site: Option<Place>, what: impl FnOnce() -> String) {
        if self.on {
            let site = site.map(source_line);
            self.lines.push(TraceLine { lane, site, what: what(), ..TraceLine::default() });
            self.marks.push(Mark { unwinds: std::thread::panicking(), ..Mark::default() });
        }
    }

    /// The last line, taken apart.
    pub(crate) fn detail(&mut self, operation: impl FnOnce(&mut Mark) -> Operation) {
        if let Some((line, mark)) = self.lines.last_mut().zip(self.marks.last_mut())
            && self.on
        {
            line.operation = Some(operation(mark));
        }
    }
}

impl State {
    /// `thread` has been chosen to do `choice`.
    pub(crate) fn trace_choice(&mut self, thread: usize, choice: &Choice) {
        if !self.tracer.on {
            return;
        }
        let m = &self.graph.messages[choice.message as usize];
        let behind = self.graph.mo(m.loc).len() as u32 - 1 - m.pos;
        self.tracer.wishes.push(Wish::Read { thread: thread as u8, behind, alt: choice.nth });
        if let Some(pending) = self.choosing(thread) {
            self.choices_of(thread, &pending, 0);
            self.tracer.candidates = self.choices.iter().map(|c| c.message).collect();
            self.tracer.candidates.dedup();
        }
    }

    /// One of `of` has been picked.
    pub(crate) fn trace_branch(&mut self, pick: u32, of: u32) {
        if self.tracer.on {
            self.tracer.wishes.push(Wish::Branch { pick, of });
        }
    }

    /// The last line, which is the event that the graph added last, taken apart.
    /// `read`: what it read, if it did.
    pub(crate) fn detail_event(
        &mut self,
        kind: OperationKind,
        name: &str,
        strength: Strength,
        read: Option<u64>,
    ) {
        if !self.tracer.on {
            return;
        }
        let Some(event) = self.graph.events.last() else { return };
        let written = self.graph.messages.get(event.writes as usize).map(|m| m.value);
        let object = (event.loc != NONE).then(|| self::name(event.loc));
        let number = self.graph.events.len() as u32 - 1;
        let candidates = std::mem::take(&mut self.tracer.candidates);
        self.tracer.detail(|mark| {
            mark.event = number;
            if read.is_some() {
                mark.candidates = candidates;
            }
            let ordering = (kind != OperationKind::Lock).then(|| strength.name().to_owned());
            Operation { object, ordering, read, written, ..Operation::new(kind, name) }
        });
    }
}

/// `load a = 1 Acquire`.
pub(crate) fn load_text(loc: u32, value: u64, strength: Strength) -> String {
    format!("load {} = {} {}", name(loc), shown(value), strength.name())
}

/// `store a = 1 Release`.
pub(crate) fn store_text(loc: u32, value: u64, strength: Strength) -> String {
    format!("store {} = {} {}", name(loc), shown(value), strength.name())
}

/// `fetch_add a: 1 -> 2 AcqRel`, or without the arrow when it wrote nothing.
pub(crate) fn rmw_text(op: &str, loc: u32, read: u64, written: Option<u64>, strength: Strength) -> String {
    match written {
        None => format!("{op} {}: {} unchanged {}", name(loc), shown(read), strength.name()),
        Some(new) => format!("{op} {}: {} -> {} {}", name(loc), shown(read), shown(new), strength.name()),
    }
}

/// A value as a person would read it: pointers and other large ones in hex.
pub(crate) fn shown(value: u64) -> String {
    if value < 1 << 20 { value.to_string() } else { format!("{value:#x}") }
}
