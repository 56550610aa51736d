//! History files in JSON Lines: one event a line.

use crate::linearizability::events::{Bad, Datum, Event, event};
use serde_json::Value;
use serde_json::error::Category;

/// Reads the events. Empty lines are skipped.
pub(super) fn read(text: &str) -> Result<Vec<Event>, Bad> {
    let mut events = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        if line.trim().is_empty() {
            continue;
        }
        let value: Value = serde_json::from_str(line).map_err(|error| {
            let reason = match error.classify() {
                Category::Eof => format!("truncated: the line ends within a value, at column {}", line.len()),
                _ => format!("no JSON: {error}"),
            };
            Bad::new(number, reason)
        })?;
        events.extend(event(number, &datum(value))?);
    }
    Ok(events)
}

fn datum(value: Value) -> Datum {
    match value {
        Value::Null => Datum::Nil,
        Value::Bool(value) => Datum::Bool(value),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Datum::Number(number.to_string()), Datum::Int)
        }
        Value::String(text) => Datum::Text(text),
        Value::Array(list) => Datum::List(list.into_iter().map(datum).collect()),
        Value::Object(entries) => {
            Datum::Map(entries.into_iter().map(|(key, value)| (Datum::Text(key), datum(value))).collect())
        }
    }
}
