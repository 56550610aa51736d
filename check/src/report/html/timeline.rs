//! The timeline: lanes as columns, steps as boxes, reads-from as arrows.
//!
//! The boxes and arrows are made here, so the page shows them without its
//! script; the script adds what a read could have read, and the stepping.

use crate::report::data::{Trace, TraceLine};
use crate::report::html::escape::escape;
use crate::report::html::source::{self, Excerpt};
use crate::report::step::{Operation, StoreSeen};
use crate::report::words::value_text;
use serde::Serialize;
use std::collections::HashMap;
use std::fmt::Write as _;

/// Left of the lanes: the steps' numbers.
const GUTTER: usize = 46;
/// A step's height, and that of its box.
const ROW: usize = 46;
const BOX: usize = 38;
/// Between a lane's boxes and the next lane.
const GAP: usize = 34;
/// Lanes are this wide at least and at most; without steps narrower.
const NARROWEST: usize = 150;
const EMPTY: usize = 64;
const WIDEST: usize = 340;
/// Tenths of a pixel that a character of a box takes.
const CHARACTER: usize = 74;

/// Where the lanes stand: left edge and width.
struct Columns(Vec<(usize, usize)>);

impl Columns {
    fn of(trace: &Trace, first: usize) -> Columns {
        let mut widths = vec![EMPTY; trace.lanes.len()];
        for line in &trace.lines[first..] {
            if let Some(width) = widths.get_mut(line.lane) {
                let longest = line.what.chars().count().max(place(line).chars().count() * 9 / 10);
                *width = (*width).max(longest * CHARACTER / 10 + 24).clamp(NARROWEST, WIDEST);
            }
        }
        let mut left = GUTTER;
        let columns = widths.into_iter().map(|width| {
            let column = (left, width);
            left += width + GAP;
            column
        });
        Columns(columns.collect())
    }

    /// A lane that the trace does not name stands where the last one does.
    fn at(&self, lane: usize) -> (usize, usize) {
        self.0.get(lane).or(self.0.last()).copied().unwrap_or((GUTTER, NARROWEST))
    }

    fn right(&self) -> usize {
        self.0.last().map_or(GUTTER, |(left, width)| left + width) + GAP
    }
}

/// `slot.rs:12`, for the second line of a box.
fn place(line: &TraceLine) -> String {
    let Some(site) = &line.site else { return String::new() };
    let file = site.file.rsplit(['/', '\\']).next().unwrap_or(&site.file);
    format!("{file}:{}", site.line)
}

/// `text`, cut to fit a lane of this width.
fn fit(text: &str, width: usize) -> String {
    let room = (width - 20) * 10 / CHARACTER;
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room - 1).chain(['…']).collect()
}

/// Draws the steps of `trace` from the `first` on.
pub(super) fn draw(out: &mut String, trace: &Trace, first: usize) {
    let columns = Columns::of(trace, first);
    let lines = &trace.lines[first..];
    let (width, height) = (columns.right(), lines.len() * ROW + 8);
    let _ = write!(
        out,
        "<div class=\"scroll\">\n<svg class=\"names\" width=\"{width}\" height=\"30\" viewBox=\"0 0 {width} 30\" \
         role=\"img\" aria-label=\"Lanes: {}\">\n",
        escape(&trace.lanes.join(", "))
    );
    for (lane, name) in trace.lanes.iter().enumerate() {
        let (left, width) = columns.at(lane);
        let _ = writeln!(
            out,
            "<text class=\"lane-name lane{}\" x=\"{}\" y=\"20\" text-anchor=\"middle\">{}</text>",
            lane % 8,
            left + width / 2,
            escape(&fit(name, width))
        );
    }
    let _ = write!(
        out,
        "</svg>\n<svg id=\"timeline\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"list\" \
         aria-label=\"Steps, from the first to the last\">\n<defs>"
    );
    for kind in ["rf", "old", "maybe"] {
        let _ = write!(
            out,
            "<marker id=\"arrow-{kind}\" class=\"{kind}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" \
             markerHeight=\"7\" orient=\"auto-start-reverse\"><path d=\"M0 0L8 4L0 8z\"/></marker>"
        );
    }
    out.push_str("</defs>\n");
    for lane in 0..trace.lanes.len() {
        let (left, width) = columns.at(lane);
        let middle = left + width / 2;
        let _ = writeln!(out, "<path class=\"lifeline\" d=\"M{middle} 0V{height}\"/>");
    }
    out.push_str("<g id=\"steps\">\n");
    for (row, line) in lines.iter().enumerate() {
        step(out, trace, &columns, row, (first + row, line));
    }
    out.push_str("</g>\n<g id=\"arrows\" aria-hidden=\"true\">\n");
    for (row, line) in lines.iter().enumerate() {
        let from = line.operation.as_ref().and_then(|o| o.from.as_ref()).and_then(|from| from.step);
        if let Some(from) = from.filter(|from| *from >= first && *from - first < lines.len()) {
            arrow(out, &columns, (from - first, lines[from - first].lane), (row, line));
        }
    }
    out.push_str("</g>\n<g id=\"maybes\" aria-hidden=\"true\"></g>\n</svg>\n</div>\n");
}

fn step(out: &mut String, trace: &Trace, columns: &Columns, row: usize, (number, line): (usize, &TraceLine)) {
    let (left, width) = columns.at(line.lane);
    let top = row * ROW + 4;
    let mut class = format!("step lane{}", line.lane % 8);
    if line.guilty {
        class.push_str(" guilty");
    }
    if line.operation.as_ref().is_some_and(|o| o.stale || o.late) {
        class.push_str(" odd");
    }
    let _ = write!(
        out,
        "<g class=\"{class}\" id=\"row{row}\" data-row=\"{row}\" tabindex=\"{}\" role=\"listitem\" aria-label=\"{}\">",
        if row == 0 { 0 } else { -1 },
        escape(&spoken(trace, number, line))
    );
    let _ = write!(
        out,
        "<title>{}</title><text class=\"number\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
         <rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{BOX}\" rx=\"5\"/>\
         <rect class=\"stripe\" x=\"{left}\" y=\"{top}\" width=\"4\" height=\"{BOX}\" rx=\"2\"/>",
        escape(&format!(
            "{}\n{}",
            line.what,
            line.site.as_ref().map(ToString::to_string).unwrap_or_default()
        )),
        GUTTER - 10,
        top + BOX / 2 + 4,
        number + 1,
    );
    let _ = writeln!(
        out,
        "<text class=\"what\" x=\"{0}\" y=\"{1}\">{2}</text><text class=\"place\" x=\"{0}\" y=\"{3}\">{4}</text></g>",
        left + 11,
        top + 16,
        escape(&fit(&line.what, width)),
        top + 31,
        escape(&fit(&place(line), width)),
    );
}

/// The step as a sentence.
fn spoken(trace: &Trace, number: usize, line: &TraceLine) -> String {
    let lane = trace.lanes.get(line.lane).map_or("?", String::as_str);
    let mut text = format!("step {}, {lane}: {}", number + 1, line.what);
    if let Some(site) = &line.site {
        let _ = write!(text, ", at {site}");
    }
    if let Some(from) = line.operation.as_ref().and_then(|o| o.from.as_ref()) {
        let _ = write!(text, ", read from {}", store_text(trace, from));
    }
    if line.operation.as_ref().is_some_and(|o| o.stale) {
        text.push_str(", which is stale");
    }
    if line.guilty {
        text.push_str("; the failure is about this step");
    }
    text
}

/// A store in words.
fn store_text(trace: &Trace, store: &StoreSeen) -> String {
    match store.step.and_then(|step| trace.lines.get(step).map(|line| (step, line))) {
        Some((step, line)) => {
            let lane = trace.lanes.get(line.lane).map_or("?", String::as_str);
            format!("step {} by {lane}: {}", step + 1, value_text(store.value))
        }
        None if store.place == 0 => format!("the initial value: {}", value_text(store.value)),
        None => format!("a store that is left out: {}", value_text(store.value)),
    }
}

/// The arrow from the store in one row to the read in another.
fn arrow(
    out: &mut String,
    columns: &Columns,
    (from, from_lane): (usize, usize),
    (to, line): (usize, &TraceLine),
) {
    let (a, b) = (columns.at(from_lane), columns.at(line.lane));
    let middle = |row: usize| row * ROW + 4 + BOX / 2;
    let (y1, y2) = (middle(from), middle(to));
    let old = line.operation.as_ref().is_some_and(|o| o.stale);
    let mut class = if old { "rf old" } else { "rf" }.to_owned();
    let path = if from_lane == line.lane {
        class.push_str(" own");
        let x = a.0 + a.1;
        format!("M{x} {y1}C{0} {y1} {0} {y2} {x} {y2}", x + GAP - 8)
    } else if a.0 < b.0 {
        let (x1, x2) = (a.0 + a.1, b.0);
        format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 + GAP, x2.saturating_sub(GAP))
    } else {
        let (x1, x2) = (a.0, b.0 + b.1);
        format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1.saturating_sub(GAP), x2 + GAP)
    };
    let marker = if old { "old" } else { "rf" };
    let _ = writeln!(
        out,
        "<path class=\"{class}\" data-from=\"{from}\" data-to=\"{to}\" d=\"{path}\" marker-end=\"url(#arrow-{marker})\"/>"
    );
}

/// What the page's script knows of a step.
#[derive(Serialize)]
pub(super) struct Row {
    title: String,
    what: String,
    site: String,
    note: String,
    facts: Vec<(&'static str, String)>,
    /// What it read.
    from: Option<Store>,
    /// What it could have read.
    candidates: Vec<Store>,
    /// Which of the page's excerpts is its source.
    excerpt: Option<usize>,
}

/// A store, for the page's script: its row, if it has one, and what to say of it.
#[derive(Serialize)]
struct Store {
    row: Option<usize>,
    text: String,
    read: bool,
}

/// What the page's script knows.
#[derive(Serialize)]
pub(super) struct Data {
    /// Steps before the first row.
    first: usize,
    rows: Vec<Row>,
    excerpts: Vec<Excerpt>,
}

/// Excerpts on the page, at most.
const EXCERPTS: usize = 200;

pub(super) fn data(trace: &Trace, first: usize) -> Data {
    let mut excerpts = Vec::new();
    let mut known = HashMap::new();
    let mut rows = Vec::new();
    for (number, line) in trace.lines.iter().enumerate().skip(first) {
        let excerpt = line.site.as_ref().and_then(|site| {
            *known.entry(site.clone()).or_insert_with(|| {
                let excerpt = (excerpts.len() < EXCERPTS).then(|| source::excerpt(site)).flatten()?;
                excerpts.push(excerpt);
                Some(excerpts.len() - 1)
            })
        });
        rows.push(row(trace, first, (number, line), excerpt));
    }
    Data { first, rows, excerpts }
}

fn row(trace: &Trace, first: usize, (number, line): (usize, &TraceLine), excerpt: Option<usize>) -> Row {
    let lane = trace.lanes.get(line.lane).map_or("?", String::as_str);
    let operation = line.operation.as_ref();
    let from = operation.and_then(|o| o.from.as_ref());
    let store = |seen: &StoreSeen| Store {
        row: seen.step.and_then(|step| step.checked_sub(first)),
        text: store_text(trace, seen),
        read: from.is_some_and(|from| from.place == seen.place),
    };
    Row {
        title: format!("Step {} of {}: {lane}", number + 1, trace.lines.len()),
        what: line.what.clone(),
        site: line.site.as_ref().map(ToString::to_string).unwrap_or_default(),
        note: line.note.clone(),
        facts: operation.map(facts).unwrap_or_default(),
        from: from.map(store),
        candidates: operation.map_or(Vec::new(), |o| o.candidates.iter().map(store).collect()),
        excerpt,
    }
}

fn facts(operation: &Operation) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let mut fact = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    fact("object", operation.object.clone());
    fact("ordering", operation.ordering.clone());
    fact("read", operation.read.map(value_text));
    fact("wrote", operation.written.map(value_text));
    fact("place in modification order", operation.place.map(|place| place.to_string()));
    if operation.stale {
        fact("stale", Some("yes: a newer store stands earlier".to_owned()));
    }
    if operation.late {
        fact("late", Some("yes: it goes before a store that stands earlier".to_owned()));
    }
    facts
}
