//! The rooms of the packages, and what each may import: data, and the check of
//! a crate's arrows against it.

use crate::imports::{Arrow, Crate, circles};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A folder (or a file at the root of the sources), its job in one sentence,
/// and what it may import. A room may import only rooms that stand before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) name: &'static str,
    pub(crate) job: &'static str,
    pub(crate) may: &'static [&'static str],
    pub(crate) never: &'static str,
}

const fn room(
    name: &'static str,
    job: &'static str,
    may: &'static [&'static str],
    never: &'static str,
) -> Room {
    Room { name, job, may, never }
}

/// The rooms of `check/src`. DESIGN.md shows the same table.
pub(crate) const CHECKER: &[Room] = &[
    room(
        "report",
        "what a check says: report data, lanes, page, files, progress line",
        &[],
        "asks an engine",
    ),
    room(
        "seam",
        "what stands between door and engines: the runtime trait, operations, places in the source, panics as data, the context of the run",
        &["report"],
        "names an engine or the door",
    ),
    room("door", "what a model uses in std's place", &["seam"], "knows who answers"),
    room("task", "the executor of a model's futures", &["door", "seam"], "knows an engine"),
    room(
        "graph",
        "C++20 as RC11 has it: events, messages, clocks, psc",
        &["seam"],
        "runs anything: data only",
    ),
    room(
        "plan",
        "what was asked: strategies, budgets, shards, tokens",
        &["report", "seam", "graph"],
        "decides during a run",
    ),
    room(
        "memory",
        "blocks, bytes, races",
        &["report", "seam", "graph"],
        "reports: an access returns its conflict",
    ),
    room(
        "search",
        "which choice next: stack, sampler, stages, minimiser, choices, random numbers",
        &["report", "seam", "plan"],
        "knows an execution",
    ),
    room(
        "explorer",
        "the engine: one execution on the graph, and the driver of one after another",
        &["report", "seam", "graph", "plan", "memory", "search"],
        "calls the door",
    ),
    room(
        "engines",
        "the other engines: native threads, sequential consistency, loom",
        &["report", "seam", "graph", "plan", "memory", "search"],
        "imports the explorer",
    ),
    room(
        "linearizability",
        "histories and specifications, and the checks of them",
        &["report"],
        "runs a model",
    ),
    room(
        "sim",
        "nodes, network, disks, clocks, and their executor",
        &["report", "seam", "plan", "search", "linearizability"],
        "uses the door or the explorer",
    ),
    room(
        "advice",
        "which ordering, made stronger, makes a failure vanish",
        &["report", "seam", "plan", "explorer"],
        "changes a verdict",
    ),
    room(
        "check",
        "the builder: a model, a plan, a run",
        &["report", "seam", "graph", "plan", "memory", "search", "explorer", "engines", "advice"],
        "decides what an engine does",
    ),
    room(
        "scenarios",
        "generated programs for an object, each checked",
        &["report", "seam", "door", "plan", "search", "linearizability", "check"],
        "reaches into an engine",
    ),
    room(
        "audit",
        "each ordering weakened, each weakening checked",
        &["report", "seam", "plan", "check"],
        "reaches into an engine",
    ),
    room(
        "linearize",
        "the public face of linearizability and scenarios",
        &["linearizability", "scenarios"],
        "holds code",
    ),
    room(
        "private",
        "what the expansions of the macros name, and what the checker's own tests break",
        &["door", "graph"],
        "is named by hand",
    ),
    room("lib", "the face of the package", ALL, "holds code"),
];

/// The face may import every room.
const ALL: &[&str] = &["*"];

/// The rooms of `src`. What stands in none of them is a structure, and may
/// import all of them but no other structure.
pub(crate) const QUEUES: &[Room] = &[
    room("sync", "std under another name, or the checker's door", &[], "knows a queue"),
    room("position", "wrapping numbers and packed words", &["sync"], "knows a slot or a queue"),
    room("error", "every error type", &[], "imports anything"),
    room(
        "slot",
        "the only cell with a value that may not be there",
        &["sync", "position"],
        "decides whose turn it is",
    ),
    room(
        STRUCTURES,
        "one structure, one story",
        &["sync", "position", "error", "slot"],
        "imports a structure",
    ),
    room("lib", "the face of the package", ALL, "holds code"),
];

/// The row for the rooms that the table does not name.
const STRUCTURES: &str = "(a structure)";

/// The room of a file below `src`.
pub(crate) fn room_of<'a>(src: &str, file: &'a str) -> &'a str {
    let below = file.strip_prefix(src).unwrap_or(file).trim_start_matches('/');
    below.split('/').next().unwrap_or(below).trim_end_matches(".rs")
}

/// The arrows that the table does not allow: `from -> to`, and why.
pub(crate) fn against(rooms: &[Room], src: &str, arrows: &[Arrow]) -> Vec<(String, String)> {
    let allowed = |from: &str| {
        let named = rooms.iter().find(|room| room.name == from);
        let room = named.or_else(|| rooms.iter().find(|room| room.name == STRUCTURES));
        room.map_or(&[][..], |room| room.may)
    };
    let mut found = Vec::new();
    for arrow in arrows {
        let (from, to) = (room_of(src, &arrow.from), room_of(src, &arrow.to));
        let may = allowed(from);
        if from != to && may != ALL && !may.contains(&to) {
            let key = format!("{} -> {}", arrow.from, arrow.to);
            found.push((key, format!("line {}: `{}` ({from} may not import {to})", arrow.line, arrow.name)));
        }
    }
    found
}

/// What is wrong with the table itself: a room that may import what does not
/// stand before it.
pub(crate) fn disorder(rooms: &[Room]) -> Vec<String> {
    let mut before = BTreeSet::new();
    let mut found = Vec::new();
    for room in rooms {
        let above = room.may.iter().filter(|name| **name != "*" && !before.contains(*name));
        found.extend(
            above.map(|name| format!("{} may import {name}, which does not stand before it", room.name)),
        );
        if !before.insert(room.name) {
            found.push(format!("{} stands twice", room.name));
        }
    }
    found
}

/// The rows of the table under `heading` in a Markdown text, cells trimmed.
pub(crate) fn rows(text: &str, heading: &str) -> Vec<Vec<String>> {
    let below = text.lines().skip_while(|line| line.trim() != heading).skip(1);
    let section = below.take_while(|line| !line.starts_with("## "));
    let cells = |line: &str| {
        let line = line.trim().trim_matches('|');
        line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<String>>()
    };
    let mut rows: Vec<Vec<String>> =
        section.filter(|line| line.trim_start().starts_with('|')).map(cells).collect();
    rows.drain(..rows.len().min(2));
    rows
}

/// The rows that DESIGN.md must show for the rooms.
pub(crate) fn expected_rows(rooms: &[Room]) -> Vec<Vec<String>> {
    let code = |name: &&str| format!("`{name}`");
    let may = |room: &Room| match room.may {
        [] => "nothing".to_owned(),
        may if may == ALL => "all".to_owned(),
        may => may.iter().map(code).collect::<Vec<String>>().join(", "),
    };
    rooms.iter().map(|r| vec![code(&r.name), r.job.to_owned(), may(r), r.never.to_owned()]).collect()
}

/// One line of the table of the import graph.
pub(crate) fn line_of(
    name: &str,
    src: &str,
    found: &Crate,
    arrows: &[Arrow],
    against: Option<usize>,
) -> String {
    let files: BTreeSet<&str> =
        found.files.iter().map(|file| file.path.as_str()).filter(|path| path.starts_with(src)).collect();
    let folders: BTreeSet<&str> = files.iter().map(|file| room_of(src, file)).collect();
    let circles = circles(arrows);
    let here = found.files.iter().filter(|file| files.contains(file.path.as_str()));
    let lines: usize = here.map(|file| file.text.lines().count()).sum();
    let sizes: Vec<String> = circles.iter().map(|circle| circle.len().to_string()).collect();
    let circles =
        if circles.is_empty() { "0".to_owned() } else { format!("{} ({})", sizes.len(), sizes.join(", ")) };
    format!(
        "| {name} | {} | {} | {lines} | {} | {} | {circles} |",
        folders.len(),
        files.len(),
        arrows.len(),
        against.map_or("-".to_owned(), |n| n.to_string()),
    )
}

/// Which room imports which, with the number of arrows.
pub(crate) fn between_rooms(src: &str, arrows: &[Arrow], rooms: &[Room]) -> String {
    let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for arrow in arrows {
        let (from, to) = (room_of(src, &arrow.from), room_of(src, &arrow.to));
        if from != to {
            *counts.entry(from).or_default().entry(to).or_default() += 1;
        }
    }
    let mut text = String::new();
    for room in rooms {
        let to = counts.get(room.name).map(|to| {
            let parts: Vec<String> = to.iter().map(|(name, n)| format!("{name} {n}")).collect();
            parts.join(", ")
        });
        let _ = writeln!(text, "  {:16} {}", room.name, to.unwrap_or_default());
    }
    text
}
