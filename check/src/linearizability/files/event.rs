//! One event of a history file, whatever its format.

use crate::linearizability::brief;
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
    /// Who called. A client that has a name has a number that no other one has.
    pub process: usize,
    /// The name of who called, if it has one.
    pub client: Option<String>,
    /// What it says of the call.
    pub kind: EventKind,
    /// The name of the operation.
    pub f: String,
    /// The value of the operation, or what came back.
    pub value: EventValue,
}

impl Event {
    /// The event that `map` is. `None` if it is not a client's but Jepsen's nemesis's.
    /// A client with a name gets its number later.
    pub(crate) fn from_map(line: usize, map: &EventValue) -> Result<Option<Event>, FileError> {
        let error = |kind| FileError::new(line, kind);
        if !matches!(map, EventValue::Map(_)) {
            return Err(error(FileErrorKind::NotAMap(map.clone())));
        }
        let field = |key| map.get(key).ok_or_else(|| error(FileErrorKind::MissingField(key)));
        let (process, client) = match field("process")? {
            EventValue::Text(name) if name == "nemesis" => return Ok(None),
            EventValue::Text(name) => (0, Some(name.clone())),
            EventValue::Int(process) if *process >= 0 => (*process as usize, None),
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
        Ok(Some(Event { line, process, client, kind, f: name("f")?, value }))
    }

    /// Who called, as the file says it.
    pub(crate) fn caller(&self) -> String {
        self.client.as_ref().map_or_else(|| self.process.to_string(), brief::value)
    }
}
