//! History files in JSON Lines: one event a line.

use crate::linearizability::files::error::{FileError, FileErrorKind};
use crate::linearizability::files::event::Event;
use crate::linearizability::files::value::EventValue;
use serde_json::Value;
use serde_json::error::Category;

/// The events of a file in JSON Lines. Empty lines are skipped.
///
/// # Errors
///
/// The first line that is no event.
pub fn read_jsonl(text: &str) -> Result<Vec<Event>, FileError> {
    let mut events = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let value: Value = serde_json::from_str(line).map_err(|error| {
            let kind = match error.classify() {
                Category::Eof => FileErrorKind::TruncatedLine(line.len()),
                _ => FileErrorKind::Json(error.to_string()),
            };
            FileError::new(number, kind)
        })?;
        events.extend(Event::from_map(number, &event_value(value))?);
    }
    Ok(events)
}

fn event_value(value: Value) -> EventValue {
    match value {
        Value::Null => EventValue::Nil,
        Value::Bool(value) => EventValue::Bool(value),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| EventValue::Number(number.to_string()), EventValue::Int)
        }
        Value::String(text) => EventValue::Text(text),
        Value::Array(list) => EventValue::List(list.into_iter().map(event_value).collect()),
        Value::Object(entries) => {
            let entry = |(key, value)| (EventValue::Text(key), event_value(value));
            EventValue::Map(entries.into_iter().map(entry).collect())
        }
    }
}
