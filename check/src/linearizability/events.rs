//! The events of a history file, whatever its format, and how they pair up to calls.

use crate::linearizability::history::{CallId, History, Recorder};
use std::collections::HashMap;
use std::fmt;

/// A value in a file.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Datum {
    /// `null`, `nil`.
    Nil,
    Bool(bool),
    Int(i64),
    /// A string or a keyword.
    Text(String),
    /// A number that is no `i64`, as it was written.
    Number(String),
    List(Vec<Datum>),
    Map(Vec<(Datum, Datum)>),
}

impl Datum {
    /// The entry of a map under a text key.
    pub(super) fn get(&self, key: &str) -> Option<&Datum> {
        let Datum::Map(entries) = self else {
            return None;
        };
        entries
            .iter()
            .find(|(name, _)| matches!(name, Datum::Text(text) if text == key))
            .map(|(_, value)| value)
    }
}

impl fmt::Debug for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Datum::Nil => f.write_str("nil"),
            Datum::Bool(value) => write!(f, "{value}"),
            Datum::Int(value) => write!(f, "{value}"),
            Datum::Text(text) => write!(f, "{text:?}"),
            Datum::Number(text) => f.write_str(text),
            Datum::List(list) => f.debug_list().entries(list).finish(),
            Datum::Map(entries) => f.debug_map().entries(entries.iter().map(|(k, v)| (k, v))).finish(),
        }
    }
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bad {
    /// From 1.
    pub(super) line: usize,
    pub(super) reason: String,
}

impl Bad {
    pub(super) fn new(line: usize, reason: impl Into<String>) -> Bad {
        Bad { line, reason: reason.into() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Invoke,
    Ok,
    Fail,
    Info,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) line: usize,
    pub(super) process: usize,
    pub(super) kind: Kind,
    pub(super) f: String,
    pub(super) value: Datum,
}

/// The event that `map` is. `None` if it is not a client's (Jepsen's nemesis).
pub(super) fn event(line: usize, map: &Datum) -> Result<Option<Event>, Bad> {
    if !matches!(map, Datum::Map(_)) {
        return Err(Bad::new(line, format!("expected a map, found {map:?}")));
    }
    let need = |key: &str| map.get(key).ok_or_else(|| Bad::new(line, format!("the event has no `{key}`")));
    let process = match need("process")? {
        Datum::Text(_) => return Ok(None),
        Datum::Int(process) if *process >= 0 => *process as usize,
        other => return Err(Bad::new(line, format!("`process` is no process number: {other:?}"))),
    };
    let text = |key: &str| match need(key)? {
        Datum::Text(text) => Ok(text.clone()),
        other => Err(Bad::new(line, format!("`{key}` is no name: {other:?}"))),
    };
    let kind = match &*text("type")? {
        "invoke" => Kind::Invoke,
        "ok" => Kind::Ok,
        "fail" => Kind::Fail,
        "info" => Kind::Info,
        other => return Err(Bad::new(line, format!("`type` is none of invoke, ok, fail, info: {other:?}"))),
    };
    let value = map.get("value").cloned().unwrap_or(Datum::Nil);
    Ok(Some(Event { line, process, kind, f: text("f")?, value }))
}

/// Whether each event has a line of its own, so that the line can be its position.
pub(super) fn one_a_line(events: &[Event]) -> bool {
    events.windows(2).all(|pair| pair[0].line < pair[1].line)
}

/// The calls that the events are. `op` reads an operation from its name and
/// value, `ret` its result from the value that came back.
pub(super) fn pair<O, R>(
    events: &[Event],
    op: impl Fn(&str, &Datum) -> Result<O, String>,
    ret: impl Fn(&O, &Datum) -> Result<R, String>,
) -> Result<History<O, R>, Bad>
where
    O: Clone,
{
    let by_line = one_a_line(events);
    let mut recorder = Recorder::new();
    let mut open: HashMap<usize, (CallId, &Event, O)> = HashMap::new();
    for event in events {
        let bad = |reason: String| Bad::new(event.line, reason);
        let Event { process, f, value, .. } = event;
        if by_line {
            recorder.at(event.line as u64);
        }
        if event.kind == Kind::Invoke {
            if let Some((_, earlier, _)) = open.get(process) {
                let (was, line) = (&earlier.f, earlier.line);
                return Err(bad(format!(
                    "process {process} calls {f} while its {was} of line {line} is open"
                )));
            }
            let op = op(f, value).map_err(bad)?;
            let id = recorder.invoke(*process, op.clone());
            open.insert(*process, (id, event, op));
            continue;
        }
        let Some((id, call, op)) = open.remove(process) else {
            return Err(bad(format!("process {process} ends {f}, which it has not called")));
        };
        if call.f != *f {
            let (was, line) = (&call.f, call.line);
            return Err(bad(format!("process {process} ends {f}, but its call of line {line} is {was}")));
        }
        match event.kind {
            Kind::Ok => recorder.ok(id, ret(&op, value).map_err(bad)?),
            Kind::Fail => recorder.fail(id),
            Kind::Info | Kind::Invoke => recorder.info(id),
        }
    }
    Ok(recorder.finish())
}
