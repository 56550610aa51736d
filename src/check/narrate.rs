//! Tells a replayed execution: its lines in an order that can be read, with the
//! steps that the failure is about marked.

use super::graph::{Event, NONE};
use super::interleave::{self, Access, Order, Step};
use super::place::source_line;
use super::plain::MEMORY;
use super::report::{FailureKind, Interleaving, SourceLine, Trace, TraceLine};
use super::state::{State, Status, Want};
use super::step::{Operation, OperationKind, StoreSeen};
use super::tracing::Mark;
use std::collections::HashMap;

/// A failure without its trace.
#[derive(Clone, Debug)]
pub(crate) struct Failing {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
    pub(crate) sites: Vec<SourceLine>,
}

/// Cuts of the graph to look at for the fewest odd steps, in a trace that is shown.
pub(crate) const THOROUGH: usize = 20_000;

/// The same for one of many traces that are only compared.
pub(crate) const QUICK: usize = 300;

/// An execution as it is told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) trace: Trace,
    /// Stale reads and late stores.
    pub(crate) odd: usize,
    /// How often a lane follows another one.
    pub(crate) switches: usize,
}

/// Tells the execution that has just failed as `failing` says, and forgets it.
pub(crate) fn tell(s: &mut State, failing: &Failing, cuts: usize) -> Told {
    let lines = std::mem::take(&mut s.tracer.lines);
    let marks = std::mem::take(&mut s.tracer.marks);
    let mut told: Vec<(TraceLine, Mark)> = lines.into_iter().zip(marks).collect();
    let last = last_lines(s, failing, &mut told);
    mark_sites(s, failing, &mut told, !last.is_empty());
    // Plain accesses are many, and all but the guilty ones say nothing.
    told.retain(|(line, _)| line.guilty || !line.what.contains(MEMORY));
    let graph = Told::of(s, &told);
    let order = interleave::order(&graph, cuts);
    let mut trace = Trace {
        lanes: s.live().iter().map(|t| t.name.clone()).collect(),
        lines: Vec::with_capacity(told.len() + last.len()),
        interleaving: None,
    };
    let (stale_reads, late_stores) = write_down(s, told, &order, &mut trace);
    trace.lines.extend(last);
    trace.interleaving = Some(if stale_reads + late_stores == 0 {
        Interleaving::Plain
    } else {
        Interleaving::Weak { stale_reads, late_stores, fewest: order.fewest }
    });
    Told { trace, odd: stale_reads + late_stores, switches: order.switches(&graph) }
}

/// What happened last, where no step of the execution says it: the panic, what
/// each blocked thread waits for, the access that failed before it was made.
fn last_lines(s: &State, failing: &Failing, told: &mut [(TraceLine, Mark)]) -> Vec<TraceLine> {
    let line = |lane, site, kind, what: String| {
        let operation = Some(Operation::new(kind, what.split(':').next().unwrap_or_default()));
        TraceLine { lane, site, what, guilty: true, operation, ..TraceLine::default() }
    };
    match failing.kind {
        FailureKind::Deadlock | FailureKind::Livelock => {
            let waiting = (0..s.live().len()).filter(|t| s.threads[*t].status == Status::Waiting);
            let what = |t: usize| match s.threads[t].pending.as_ref() {
                Some(pending) => {
                    let what = waits_for(s, pending.want, pending.loc);
                    Some(line(t, Some(source_line(pending.site)), OperationKind::Blocked, what))
                }
                None => None,
            };
            waiting.filter_map(what).collect()
        }
        FailureKind::Panic => {
            let lane = s.panics.first().map_or(s.me, |(thread, ..)| *thread);
            let first = failing.message.lines().next().unwrap_or_default();
            let site = failing.sites.first().cloned();
            vec![line(lane, site, OperationKind::Failure, format!("panic: {first}"))]
        }
        FailureKind::Leak => Vec::new(),
        kind => {
            let Some(site) = failing.sites.last() else { return Vec::new() };
            if let Some((last, _)) = told.last_mut()
                && last.lane == s.me
                && last.site.as_ref() == Some(site)
            {
                last.guilty = true;
                return Vec::new();
            }
            vec![line(s.me, Some(site.clone()), OperationKind::Failure, format!("fails here: {kind}"))]
        }
    }
}

fn waits_for(s: &State, want: Want, loc: u32) -> String {
    let object = if loc == NONE { String::new() } else { format!(" {}", super::tracing::name(loc)) };
    match want {
        Want::Load(_) => format!("waits for ever: load{object}"),
        Want::Rmw { op, .. } => format!("waits for ever: {}{object}", op.name()),
        Want::Sync(op) => format!("waits for ever: {}{object}", op.name()),
        Want::Join(of) => format!("waits for ever: join {}", s.threads[of].name),
        Want::Newer => "waits for ever: spins".to_owned(),
    }
}

/// Marks the last step at each site that the failure is about, but for the ones
/// that `last_lines` has shown.
fn mark_sites(s: &State, failing: &Failing, told: &mut [(TraceLine, Mark)], shown: bool) {
    let sites: &[SourceLine] = match failing.kind {
        FailureKind::Panic | FailureKind::Deadlock | FailureKind::Livelock => &[],
        _ => failing.sites.split_last().map_or(&[], |(_, others)| others),
    };
    for site in sites {
        let at = |line: &TraceLine| line.site.as_ref() == Some(site) && !line.guilty;
        let other = told.iter().rposition(|(line, _)| at(line) && line.lane != s.me);
        if let Some(found) = other.or_else(|| told.iter().rposition(|(line, _)| at(line))) {
            told[found].0.guilty = true;
        }
    }
    debug_assert!(shown || failing.sites.is_empty() || told.iter().any(|(line, _)| line.guilty));
}

impl Told {
    /// The lines as steps to put in order.
    fn of(s: &State, told: &[(TraceLine, Mark)]) -> Vec<Step> {
        let graph = &s.graph;
        let mut line_of_event = vec![NONE; graph.events.len()];
        let mut event_of_message = vec![NONE; graph.messages.len()];
        let mut last_of_lane = HashMap::new();
        for (number, (line, mark)) in told.iter().enumerate() {
            last_of_lane.insert(line.lane, number);
            if mark.event != NONE {
                line_of_event[mark.event as usize] = number as u32;
            }
        }
        for (number, event) in graph.events.iter().enumerate() {
            if event.writes != NONE {
                event_of_message[event.writes as usize] = number as u32;
            }
        }
        let mut start_of_lane = HashMap::new();
        let mut steps = Vec::with_capacity(told.len());
        for (number, (line, mark)) in told.iter().enumerate() {
            let mut step = Step { lane: line.lane, ..Step::default() };
            step.waits.extend(start_of_lane.remove(&line.lane));
            step.waits.extend(mark.joins.and_then(|lane| last_of_lane.get(&lane).copied()));
            if let Some(lane) = mark.starts {
                start_of_lane.insert(lane, number);
            }
            if let Some(event) = graph.events.get(mark.event as usize).filter(|e| e.loc != NONE) {
                let writes = event.writes != NONE;
                let own = if writes { event.writes } else { event.reads };
                let place = graph.messages[own as usize].pos;
                step.access = Some(Access { loc: event.loc, place, writes });
                let writer = event_of_message.get(event.reads as usize).filter(|event| **event != NONE);
                let from = writer.map(|event| line_of_event[*event as usize]).filter(|line| *line != NONE);
                step.waits.extend(from.map(|line| line as usize));
            }
            steps.push(step);
        }
        steps
    }
}

/// Writes the lines into `trace` in `order`, with what hangs on the order: which
/// step is which, what is stale. Gives the numbers of stale reads and late stores.
fn write_down(
    s: &State,
    told: Vec<(TraceLine, Mark)>,
    order: &Order,
    trace: &mut Trace,
) -> (usize, usize) {
    let graph = &s.graph;
    let mut step_of_message = vec![None; graph.messages.len()];
    for (step, line) in order.steps.iter().enumerate() {
        if let Some(event) = graph.events.get(told[*line].1.event as usize).filter(|e| e.writes != NONE) {
            step_of_message[event.writes as usize] = Some(step);
        }
    }
    let seen = |message: u32| {
        let m = &graph.messages[message as usize];
        StoreSeen { step: step_of_message[message as usize], place: m.pos, value: m.value }
    };
    let mut told: Vec<Option<(TraceLine, Mark)>> = told.into_iter().map(Some).collect();
    let mut there: HashMap<u32, Vec<u32>> = HashMap::new();
    let (mut stale, mut late) = (0, 0);
    for line in &order.steps {
        let (mut line, mark) = told[*line].take().expect("an order has each step once");
        if let (Some(event), Some(operation)) =
            (graph.events.get(mark.event as usize).filter(|e| e.loc != NONE), &mut line.operation)
        {
            let own = if event.writes == NONE { event.reads } else { event.writes };
            let place = graph.messages[own as usize].pos;
            let stores = there.entry(event.loc).or_default();
            let newer = stores.iter().filter(|other| **other > place).count();
            if event.writes != NONE {
                stores.push(place);
                operation.place = Some(place);
            }
            if event.reads != NONE {
                operation.from = Some(seen(event.reads));
                operation.candidates = mark.candidates.iter().map(|m| seen(*m)).collect();
                operation.stale = newer > 0;
                stale += usize::from(newer > 0);
                if operation.kind != OperationKind::Lock {
                    line.note = origin(s, event, newer);
                }
            } else if newer > 0 {
                operation.late = true;
                late += 1;
                line.what.push_str(&format!(" (before {newer} newer)"));
            }
        }
        trace.lines.push(line);
    }
    (stale, late)
}

/// Where `event` read from, and how many newer stores it passed by.
fn origin(s: &State, event: &Event, newer: usize) -> String {
    let writer = s.graph.events.iter().find(|e| e.writes == event.reads);
    let mut text = writer.map_or("initial value".to_owned(), |writer| {
        let site = writer.site.map(|site| format!(" at {}", source_line(site))).unwrap_or_default();
        let thread = s.threads.get(writer.thread as usize).map_or("?", |t| t.name.as_str());
        format!("from {thread}{site}")
    });
    if newer > 0 {
        let these = if newer == 1 { "one newer store".to_owned() } else { format!("{newer} newer stores") };
        text.push_str(&format!("; {these} there, but nothing orders them before this"));
    }
    text
}
