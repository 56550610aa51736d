//! Tells a replayed execution: its lines in an order that can be read, with the
//! steps that the failure is about marked.

use crate::explorer::execution::{Execution, Status};
use crate::explorer::naming::Names;
use crate::explorer::objects::MEMORY;
use crate::explorer::request::{PendingRequest, Request};
use crate::graph::event::{GraphEvent, NONE};
use crate::graph::interleave::{self, LaneStep, LocationAccess, ReadingOrder};
use crate::report::cause::Cause;
use crate::report::data::{FailureKind, SourceLine, Trace, TraceLine};
use crate::report::step::{Interleaving, Operation, OperationKind, StoreSeen};
use crate::seam::place::Place;
use crate::seam::symbols::source_line;
use crate::seam::tracer::{Mark, OBJECT, TracedObject};
use std::collections::HashMap;

/// Cuts of the graph to look at for the fewest odd steps, in a trace that is shown.
pub(crate) const THOROUGH: usize = 20_000;

/// The same for one of many traces that are only compared.
pub(crate) const QUICK: usize = 300;

/// The lines of a trace with what stands behind them.
type Lines = Vec<(TraceLine, Mark)>;

/// An execution as it is told.
#[derive(Debug)]
pub(crate) struct Narration {
    pub(crate) trace: Trace,
    /// Stale reads and late stores.
    pub(crate) odd: usize,
    /// How often a lane follows another one.
    pub(crate) switches: usize,
}

/// Tells the execution that has just failed as `failing` says, and forgets it.
pub(crate) fn tell(s: &mut Execution, failing: &Cause, cuts: usize) -> Narration {
    let lines = std::mem::take(&mut s.tracer.lines);
    let marks = std::mem::take(&mut s.tracer.marks);
    let mut told: Lines = lines.into_iter().zip(marks).collect();
    let all_marked = mark(s, failing, &mut told);
    // Plain accesses are many, and all but the guilty ones say nothing; nor do steps of no line of the model's.
    let says = |line: &TraceLine, mark: &Mark| {
        !line.what.contains(MEMORY) && !mark.place.is_some_and(Place::is_internal)
    };
    told.retain(|(line, mark)| line.guilty || says(line, mark));
    let mut names = if cuts == THOROUGH { Names::of(&told) } else { Names::default() };
    told.retain_mut(|(line, mark)| cuts != THOROUGH || names.tell(line, mark) || line.guilty);
    let mut graph = steps(s, &told);
    let left_out = if all_marked { slice(s, &mut told, &mut graph) } else { 0 };
    let order = interleave::order(&graph, cuts);
    let mut trace = Trace {
        lanes: s.live().iter().map(|t| t.name.clone()).collect(),
        lines: Vec::with_capacity(told.len()),
        interleaving: None,
        left_out,
    };
    let (stale_reads, late_stores) = write_down(s, told, &order, &mut trace, &mut names);
    trace.lines.extend(blocked(s, failing, &mut names));
    trace.interleaving = Some(if stale_reads + late_stores == 0 {
        Interleaving::Plain
    } else {
        Interleaving::Weak { stale_reads, late_stores, fewest: order.fewest }
    });
    Narration { trace, odd: stale_reads + late_stores, switches: order.switches(&graph) }
}

/// Marks the steps that the failure is about, and adds the one that failed where
/// it was never made. Whether all are marked that there are.
fn mark(s: &Execution, failing: &Cause, told: &mut Lines) -> bool {
    match failing.kind {
        FailureKind::Panic => {
            let lane = s.panics.first().map_or(s.me, |(thread, ..)| *thread);
            let first = failing.message.lines().next().unwrap_or_default();
            let what = format!("panic: {first}");
            let line = failed(lane, failing.sites.first().cloned(), what);
            // What the thread does while it unwinds comes after.
            let unwinds = |(line, mark): &(TraceLine, Mark)| line.lane == lane && mark.unwinds;
            let at = told.iter().position(unwinds).unwrap_or(told.len());
            told.insert(at, (line, Mark::default()));
            true
        }
        FailureKind::Deadlock | FailureKind::Livelock | FailureKind::NotLockFree | FailureKind::Leak => false,
        kind => {
            let Some((last, others)) = failing.sites.split_last() else { return false };
            match told.last_mut() {
                Some((line, _)) if line.lane == s.me && line.site.as_ref() == Some(last) => {
                    line.guilty = true
                }
                _ => {
                    let line = failed(s.me, Some(last.clone()), format!("the model fails here: {kind}"));
                    told.push((line, Mark::default()));
                }
            }
            !others.is_empty() && others.iter().all(|site| mark_last_at(s.me, site, told))
        }
    }
}

/// The operation that failed, as a line of its own.
fn failed(lane: usize, site: Option<SourceLine>, what: String) -> TraceLine {
    let operation = Operation::new(OperationKind::Failure, what.split(':').next().unwrap_or_default());
    TraceLine { lane, site, what, guilty: true, operation: Some(operation), ..TraceLine::default() }
}

/// Marks the last step at `site`, of another thread than `me` if there is one.
fn mark_last_at(me: usize, site: &SourceLine, told: &mut Lines) -> bool {
    let at = |line: &TraceLine| line.site.as_ref() == Some(site) && !line.guilty;
    let other = told.iter().rposition(|(line, _)| at(line) && line.lane != me);
    let found = other.or_else(|| told.iter().rposition(|(line, _)| at(line)));
    if let Some(found) = found {
        told[found].0.guilty = true;
    }
    found.is_some()
}

/// Keeps what the marked steps hang on: all before them in their lanes, the
/// stores that these read, and so on. What is left is an execution too, cut off
/// earlier. Gives the number of lines that go.
fn slice(s: &Execution, told: &mut Lines, graph: &mut Vec<LaneStep>) -> usize {
    let mut keep = vec![false; told.len()];
    let mut before: HashMap<usize, usize> = HashMap::new();
    let lane_before: Vec<Option<usize>> =
        graph.iter().enumerate().map(|(number, step)| before.insert(step.lane, number)).collect();
    let mut open: Vec<usize> = (0..told.len()).filter(|number| told[*number].0.guilty).collect();
    while let Some(number) = open.pop() {
        if !std::mem::replace(&mut keep[number], true) {
            open.extend(lane_before[number]);
            open.extend(&graph[number].waits);
        }
    }
    let left_out = keep.iter().filter(|keep| !**keep).count();
    if left_out > 0 {
        let mut keep = keep.into_iter();
        told.retain(|_| keep.next().unwrap_or(true));
        *graph = steps(s, told);
    }
    left_out
}

/// What each thread waits for that can never go on.
fn blocked(s: &Execution, failing: &Cause, names: &mut Names) -> Vec<TraceLine> {
    use FailureKind::{Deadlock, Livelock, NotLockFree};
    if !matches!(failing.kind, Deadlock | Livelock | NotLockFree) {
        return Vec::new();
    }
    let waiting = (0..s.live().len()).filter(|t| s.threads[*t].status == Status::Waiting);
    let mut line = |lane: usize| {
        let pending = s.threads[lane].pending.as_ref()?;
        let what = waits_for(s, pending, names);
        let operation = Some(Operation::new(OperationKind::Blocked, "waits forever"));
        let site = Some(pending.site).filter(|place| !place.is_internal()).map(source_line);
        Some(TraceLine { lane, site, what, guilty: true, operation, ..TraceLine::default() })
    };
    waiting.filter_map(&mut line).collect()
}

fn waits_for(s: &Execution, pending: &PendingRequest, names: &mut Names) -> String {
    let mut operation = |name: &str| {
        let subject = (pending.loc != NONE).then_some(TracedObject::Location(pending.loc));
        let told = names.told(name, &format!("{name} {OBJECT}"), Some(pending.site), subject);
        format!("waits forever: {told}")
    };
    match pending.want {
        Request::Load(_) => operation("load"),
        Request::Rmw { op, .. } => operation(op.name()),
        Request::Sync(op) => operation(op.name()),
        Request::Join(of) => format!("waits forever: join {}", s.threads[of].name),
        Request::Newer => "waits forever: spins".to_owned(),
        Request::Block(_) => "waits forever: allocates".to_owned(),
        Request::Time => "waits forever: asks for the time".to_owned(),
        Request::Frozen => "frozen forever".to_owned(),
    }
}

/// The lines as steps to put in order.
fn steps(s: &Execution, told: &Lines) -> Vec<LaneStep> {
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
        let mut step = LaneStep { lane: line.lane, ..LaneStep::default() };
        step.waits.extend(start_of_lane.remove(&line.lane));
        step.waits.extend(mark.joins.and_then(|lane| last_of_lane.get(&lane).copied()));
        if let Some(lane) = mark.starts {
            start_of_lane.insert(lane, number);
        }
        if let Some(event) = graph.events.get(mark.event as usize).filter(|e| e.loc != NONE) {
            let writes = event.writes != NONE;
            let own = if writes { event.writes } else { event.reads };
            let place = graph.messages[own as usize].pos;
            step.access = Some(LocationAccess { loc: event.loc, place, writes });
            let writer = event_of_message.get(event.reads as usize).filter(|event| **event != NONE);
            let from = writer.map(|event| line_of_event[*event as usize]).filter(|line| *line != NONE);
            step.waits.extend(from.map(|line| line as usize));
        }
        steps.push(step);
    }
    steps
}

/// Writes the lines into `trace` in `order`, with what hangs on the order: which
/// step is which, what is stale. Gives the numbers of stale reads and late stores.
fn write_down(
    s: &Execution,
    told: Lines,
    order: &ReadingOrder,
    trace: &mut Trace,
    names: &mut Names,
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
                if operation.kind != OperationKind::Lock && !names.counts_handles(&line, &mark) {
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
fn origin(s: &Execution, event: &GraphEvent, newer: usize) -> String {
    let writer = s.graph.events.iter().find(|e| e.writes == event.reads);
    let mut text = writer.map_or("initial value".to_owned(), |writer| {
        let site = writer.site.filter(|site| !site.is_internal());
        let site = site.map(|site| format!(" at {}", source_line(site))).unwrap_or_default();
        let thread = s.threads.get(writer.thread as usize).map_or("?", |t| t.name.as_str());
        format!("from {thread}{site}")
    });
    if newer > 0 {
        let these = if newer == 1 { "one newer store".to_owned() } else { format!("{newer} newer stores") };
        text.push_str(&format!("; {these} there, but nothing orders them before this"));
    }
    text
}
