//! One event of a history file, whatever its format.

use crate::linearizability::files::error::{FileError, FileErrorKind};
use crate::linearizability::files::value::EventValue;

/// What an event says of its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It begins.
    Invoke,
    /// It took effect.
    Ok,
    /// It did not take effect, and never will.
    Fail,
    /// Nobody knows whether it took effect.
    Info,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The line, from 1, in which it begins.
    pub line: usize,
    /// Who called.
    pub process: usize,
    /// What it says of the call.
    pub kind: EventKind,
    /// The name of the operation.
    pub f: String,
    /// The value of the operation, or what came back.
    pub value: EventValue,
}

impl Event {
    /// The event that `map` is. `None` if it is not a client's (Jepsen's nemesis).
    pub(crate) fn from_map(line: usize, map: &EventValue) -> Result<Option<Event>, FileError> {
        let error = |kind| FileError::new(line, kind);
        if !matches!(map, EventValue::Map(_)) {
            return Err(error(FileErrorKind::NotAMap(map.clone())));
        }
        let field = |key| map.get(key).ok_or_else(|| error(FileErrorKind::MissingField(key)));
        let process = match field("process")? {
            EventValue::Text(_) => return Ok(None),
            EventValue::Int(process) if *process >= 0 => *process as usize,
            other => return Err(error(FileErrorKind::NotAProcess(other.clone()))),
        };
        let name = |key| match field(key)? {
            EventValue::Text(text) => Ok(text.clone()),
            other => Err(error(FileErrorKind::NotAName { field: key, found: other.clone() })),
        };
        let kind = match &*name("type")? {
            "invoke" => EventKind::Invoke,
            "ok" => EventKind::Ok,
            "fail" => EventKind::Fail,
            "info" => EventKind::Info,
            other => return Err(error(FileErrorKind::UnknownType(other.to_owned()))),
        };
        let value = map.get("value").cloned().unwrap_or(EventValue::Nil);
        Ok(Some(Event { line, process, kind, f: name("f")?, value }))
    }
}
