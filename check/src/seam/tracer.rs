//! Writes down an execution while it is replayed: each step in words and in parts.

use crate::report::data::TraceLine;
use crate::report::step::Operation;
use crate::seam::place::Place;
use crate::seam::symbols::source_line;

/// Collects the lines of a trace while it is on.
#[derive(Debug, Default)]
pub(crate) struct Tracer {
    pub(crate) on: bool,
    /// Whether to look exactly where blocks are allocated and freed.
    pub(crate) origins: bool,
    pub(crate) lines: Vec<TraceLine>,
    /// What stands behind each line.
    pub(crate) marks: Vec<Mark>,
}

/// Stands in the words of a step for the name of its object, which is known
/// when all steps are.
pub(crate) const OBJECT: char = '\u{fffc}';

/// What a step is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TracedObject {
    /// An atomic or the word of a lock, by the number of its location.
    Location(u32),
    /// A cell, by its number.
    Cell(u32),
}

impl TracedObject {
    /// What it is called where the source gives it no name.
    pub(crate) fn letter(self) -> String {
        match self {
            TracedObject::Location(loc) => name(loc),
            TracedObject::Cell(number) => format!("cell {number}"),
        }
    }
}

/// What stands behind a line.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) place: Option<Place>,
    pub(crate) subject: Option<TracedObject>,
    /// Its event in the graph, if it has one: see [`NO_EVENT`].
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

/// The number of no event.
pub(crate) const NO_EVENT: u32 = u32::MAX;

impl Default for Mark {
    fn default() -> Mark {
        Mark {
            place: None,
            subject: None,
            event: NO_EVENT,
            candidates: Vec::new(),
            starts: None,
            joins: None,
            unwinds: false,
        }
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
    }

    /// Writes down one step, if on.
    pub(crate) fn step(&mut self, lane: usize, site: Option<Place>, what: impl FnOnce() -> String) {
        if self.on {
            let line = site.filter(|place| !place.is_internal()).map(source_line);
            self.lines.push(TraceLine { lane, site: line, what: what(), ..TraceLine::default() });
            self.marks.push(Mark { place: site, unwinds: std::thread::panicking(), ..Mark::default() });
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
