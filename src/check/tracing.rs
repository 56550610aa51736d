//! Writes down an execution while it is replayed.

use super::graph::{Event, Graph, NONE};
use super::op::Strength;
use super::place::{Place, source_line};
use super::report::TraceLine;

/// Collects the lines of a trace while it is on.
#[derive(Debug, Default)]
pub(crate) struct Tracer {
    pub(crate) on: bool,
    /// Whether to look exactly where blocks are allocated and freed.
    pub(crate) origins: bool,
    pub(crate) lines: Vec<TraceLine>,
}

/// A short name for location number `loc`: a, b, … z, a1, b1, ….
pub(crate) fn name(loc: u32) -> String {
    let letter = char::from(b'a' + (loc % 26) as u8);
    if loc < 26 { letter.to_string() } else { format!("{letter}{}", loc / 26) }
}

impl Tracer {
    pub(crate) fn reset(&mut self) {
        self.lines.clear();
    }

    /// Writes down one step, if on.
    pub(crate) fn step(&mut self, lane: usize, site: Option<Place>, what: impl FnOnce() -> String) {
        self.step_with_note(lane, site, || (what(), String::new()));
    }

    /// Writes down one step with its note, if on.
    pub(crate) fn step_with_note(
        &mut self,
        lane: usize,
        site: Option<Place>,
        text: impl FnOnce() -> (String, String),
    ) {
        if self.on {
            let (what, note) = text();
            self.lines.push(TraceLine { lane, site: site.map(source_line), what, note, guilty: false });
        }
    }
}

/// Where the value of `message` came from, for a reader of it that then wrote
/// `written`, if it did.
pub(crate) fn origin(graph: &Graph, message: u32, written: u32, names: &[String]) -> String {
    let m = &graph.messages[message as usize];
    let writer = |e: &&Event| e.writes == message;
    let mut text = match graph.events.iter().find(writer) {
        None => "initial value".to_owned(),
        Some(event) => {
            let site = event.site.map(|s| format!(" at {}", source_line(s))).unwrap_or_default();
            let thread = names.get(event.thread as usize).map_or("?", String::as_str);
            format!("from {thread}{site}")
        }
    };
    let newer = graph.mo(m.loc).len() - 1 - m.pos as usize - usize::from(written != NONE);
    if newer > 0 {
        let these = if newer == 1 { "one newer store".to_owned() } else { format!("{newer} newer stores") };
        text.push_str(&format!("; {these} there, but nothing orders them before this"));
    }
    text
}

/// `load a = 1 Acquire`.
pub(crate) fn load_text(loc: u32, value: u64, strength: Strength) -> String {
    format!("load {} = {} {}", name(loc), shown(value), strength.name())
}

/// `store a = 1 Release`, with its place if it is not the last.
pub(crate) fn store_text(graph: &Graph, loc: u32, message: u32, strength: Strength) -> String {
    let m = &graph.messages[message as usize];
    let behind = graph.mo(loc).len() - 1 - m.pos as usize;
    let place = if behind > 0 { format!(" (before {behind} newer)") } else { String::new() };
    format!("store {} = {} {}{place}", name(loc), shown(m.value), strength.name())
}

/// `fetch_add a: 1 -> 2 AcqRel`, or without the arrow when it wrote nothing.
pub(crate) fn rmw_text(
    op: &str,
    graph: &Graph,
    loc: u32,
    read: u64,
    written: u32,
    strength: Strength,
) -> String {
    if written == NONE {
        format!("{op} {}: {} unchanged {}", name(loc), shown(read), strength.name())
    } else {
        let new = graph.messages[written as usize].value;
        format!("{op} {}: {} -> {} {}", name(loc), shown(read), shown(new), strength.name())
    }
}

/// A value as a person would read it: pointers and other large ones in hex.
pub(crate) fn shown(value: u64) -> String {
    if value < 1 << 20 { value.to_string() } else { format!("{value:#x}") }
}
