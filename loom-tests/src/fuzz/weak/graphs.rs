//! Enumerates the event graphs of a program: every way in which its reads can read from its writes.
//!
//! A graph grows by one operation at a time, in any order of the threads, and a read reads from any
//! write that is there. Since program order with reads-from has no cycle, every graph has an order in
//! which it grows like that. Nothing is left out on the way but what two read-modify-writes of one
//! write, and a read of a write that another one surely replaced, make impossible; whether a whole
//! graph is one of the memory model's is decided by its [`axioms`].

use crate::fuzz::program::Expected;
use crate::fuzz::weak::axioms;
use crate::fuzz::weak::event::{Event, INITIAL};
use crate::fuzz::weak::model::outcome;
use crate::fuzz::weak::program::{WeakOp, WeakProgram};
use std::collections::HashSet;

/// The source of a read, as a thread and a number in it, and whether the read failed for no reason.
type Read = (usize, usize, bool);

#[derive(Clone, Default)]
struct Thread {
    at: usize,
    log: Vec<i64>,
    held: Vec<bool>,
    spurious: u8,
    /// The place of the source of each read, as thread and number in its thread: what tells graphs apart.
    reads: Vec<Read>,
    events: usize,
}

#[derive(Clone)]
struct Graph {
    events: Vec<Event>,
    /// The number of each event in its thread.
    numbers: Vec<usize>,
    threads: Vec<Thread>,
}

/// What an operation may be: the event that it makes, what it logs, and what becomes of its lock.
struct Choice {
    event: Event,
    log: Vec<i64>,
    held: Option<(usize, bool)>,
    spurious: bool,
}

/// The most graphs, whole or in part, that are looked at.
const MOST: usize = 60_000;

/// What the memory model allows of `program`; `None` if it has too many graphs.
#[must_use]
pub fn expected(program: &WeakProgram) -> Option<Expected> {
    let locations = program.atomics + program.cells + program.locks;
    let mut start = Graph {
        events: (0..locations).map(|at| Event::new(INITIAL, Some(at))).collect(),
        numbers: (0..locations).collect(),
        threads: Vec::new(),
    };
    for (at, event) in start.events.iter_mut().enumerate() {
        event.written = Some(0);
        event.atomic = !program.is_cell(at);
    }
    let thread = Thread { held: vec![false; program.locks], spurious: program.spurious, ..Thread::default() };
    start.threads = vec![thread; program.threads.len()];
    let (mut open, mut seen) = (vec![start], HashSet::new());
    let mut expected = Expected::default();
    while let Some(graph) = open.pop() {
        if !seen.insert(graph.key()) {
            continue;
        }
        if seen.len() > MOST {
            return None;
        }
        if !program.grow(&graph, &mut open) {
            finish(program, &graph, &mut expected);
        }
    }
    Some(expected)
}

/// Takes the outcomes of a graph to which nothing can be added.
fn finish(program: &WeakProgram, graph: &Graph, expected: &mut Expected) {
    let stuck = (0..graph.threads.len()).any(|thread| program.next(graph, thread).is_some());
    if expected.race && stuck && expected.deadlock {
        return;
    }
    let consistent = axioms::consistent(&graph.events);
    expected.race |= consistent.race && !consistent.last.is_empty();
    if stuck {
        expected.deadlock |= !consistent.last.is_empty();
        return;
    }
    let logs: Vec<Vec<i64>> = graph.threads.iter().map(|thread| thread.log.clone()).collect();
    for last in consistent.last {
        expected.outcomes.insert(outcome(&logs, &last[..program.atomics + program.cells]));
    }
}

impl Graph {
    /// What tells it from all others, in whatever order it grew.
    fn key(&self) -> Vec<(usize, Vec<Read>)> {
        self.threads.iter().map(|thread| (thread.events, thread.reads.clone())).collect()
    }

    /// The writes to `location`, with their values.
    fn writes(&self, location: usize) -> impl Iterator<Item = (usize, i64)> {
        let of = move |event: &Event| event.location.filter(|at| *at == location).and(event.written);
        self.events.iter().enumerate().filter_map(move |(number, event)| Some((number, of(event)?)))
    }

    /// Whether a read-modify-write reads from `write`.
    fn is_replaced(&self, write: usize) -> bool {
        self.events.iter().any(|event| event.source == Some(write) && event.written.is_some())
    }

    fn with(&self, thread: usize, choice: Choice) -> Graph {
        let mut graph = self.clone();
        let source = choice.event.source.map(|source| (self.events[source].thread, self.numbers[source]));
        let t = &mut graph.threads[thread];
        graph.numbers.push(t.events);
        t.events += 1;
        t.at += 1;
        t.log.extend(choice.log);
        t.spurious -= u8::from(choice.spurious);
        // A spurious failure reads the same as another read, and is another graph.
        t.reads.extend(source.map(|(of, number)| (of, number, choice.spurious)));
        if let Some((lock, held)) = choice.held {
            t.held[lock] = held;
        }
        graph.events.push(choice.event);
        graph
    }
}

/// Gives the choices of a read that reads this value, each to the last argument.
type Made<'a> = dyn FnMut(Event, i64, &mut dyn FnMut(Choice)) + 'a;

impl WeakProgram {
    fn is_cell(&self, location: usize) -> bool {
        (self.atomics..self.atomics + self.cells).contains(&location)
    }

    /// The thread's next operation and its place, after those that are left out by their guards; at its
    /// end it gives back what it holds.
    fn next(&self, graph: &Graph, thread: usize) -> Option<(usize, WeakOp)> {
        let t = &graph.threads[thread];
        let steps = &self.threads[thread];
        for (at, step) in steps.iter().enumerate().skip(t.at) {
            let idle = match step.op {
                WeakOp::Lock(lock) | WeakOp::TryLock(lock) => t.held[lock],
                WeakOp::Unlock(lock) => !t.held[lock],
                _ => false,
            };
            if !idle && step.guard.is_none_or(|(place, value)| t.log.get(place) == Some(&value)) {
                return Some((at, step.op));
            }
        }
        let held = t.held.iter().position(|held| *held)?;
        Some((steps.len(), WeakOp::Unlock(held)))
    }

    /// Adds to `open` the graphs with one operation more; whether there are any.
    fn grow(&self, graph: &Graph, open: &mut Vec<Graph>) -> bool {
        let before = open.len();
        for thread in 0..self.threads.len() {
            let Some((at, op)) = self.next(graph, thread) else { continue };
            let mut from = graph.clone();
            from.threads[thread].at = at;
            let writes_only =
                matches!(op, WeakOp::Store(..) | WeakOp::Write(..) | WeakOp::Fence(_) | WeakOp::Unlock(_));
            if writes_only {
                // Nothing that it does depends on the others, who can only read more when it is there.
                open.truncate(before);
            }
            self.choices(&from, thread, op, &mut |choice| open.push(from.with(thread, choice)));
            if writes_only {
                return true;
            }
        }
        open.len() > before
    }

    fn choices(&self, graph: &Graph, thread: usize, op: WeakOp, each: &mut dyn FnMut(Choice)) {
        let event = |location| Event::new(thread, Some(location));
        let cell = |at| Event { atomic: false, ..event(self.atomics + at) };
        let lock = |at| event(self.atomics + self.cells + at);
        let plain = |event, log| Choice { event, log, held: None, spurious: false };
        let mut read = |event: Event, made: &mut Made<'_>| {
            let location = event.location.expect("a read has a location");
            for (source, value) in graph.writes(location) {
                made(Event { source: Some(source), ..event }, value, &mut |choice: Choice| {
                    if choice.event.written.is_none() || !graph.is_replaced(source) {
                        each(choice);
                    }
                });
            }
        };
        match op {
            WeakOp::Load(at, order) => {
                read(event(at).ordered(order), &mut |event, value, each| each(plain(event, vec![value])));
            }
            WeakOp::Read(at) => read(cell(at), &mut |event, value, each| each(plain(event, vec![value]))),
            WeakOp::Change(at, change, by, order) => {
                read(event(at).ordered(order), &mut |event, value, each| {
                    let written = Some(change.of(value, by));
                    each(plain(Event { written, ..event }, vec![value]));
                });
            }
            WeakOp::Cas { at, expected, new, ok, err, weak } => read(event(at), &mut |event, value, each| {
                let failed =
                    Choice { spurious: value == expected, ..plain(event.ordered(err), vec![0, value]) };
                if value == expected {
                    let written = Event { written: Some(new), ..event };
                    each(plain(written.ordered(ok), vec![1, value]));
                }
                if value != expected || (weak && graph.threads[thread].spurious > 0) {
                    each(failed);
                }
            }),
            WeakOp::Lock(at) | WeakOp::TryLock(at) => read(lock(at), &mut |event, value, each| {
                let attempt = matches!(op, WeakOp::TryLock(_));
                if value == 0 {
                    let taken = Event { written: Some(1), acquire: true, ..event };
                    let log = if attempt { vec![1] } else { Vec::new() };
                    each(Choice { held: Some((at, true)), ..plain(taken, log) });
                } else if attempt {
                    each(plain(event, vec![0]));
                }
            }),
            WeakOp::Store(at, value, order) => {
                each(plain(Event { written: Some(value), ..event(at).ordered(order) }, Vec::new()));
            }
            WeakOp::Write(at, value) => each(plain(Event { written: Some(value), ..cell(at) }, Vec::new())),
            WeakOp::Fence(order) => each(plain(Event::new(thread, None).ordered(order), Vec::new())),
            WeakOp::Unlock(at) => {
                let given = Event { written: Some(0), release: true, ..lock(at) };
                each(Choice { held: Some((at, false)), ..plain(given, Vec::new()) });
            }
        }
    }
}
