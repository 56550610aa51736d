//! History files in JSON Lines: one event a line.

use crate::linearizability::files::error::{FileError, FileErrorKind};
use crate::linearizability::files::event::Event;
use crate::linearizability::files::events::Events;
use crate::linearizability::files::number::number;
use crate::linearizability::files::value::EventValue;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::fmt;

/// Values may be nested so deep.
const DEEPEST: usize = 64;

/// The events of a file in JSON Lines. Empty lines are skipped.
///
/// # Errors
///
/// The first line that is no event.
pub fn read_jsonl(text: &str) -> Result<Events, FileError> {
    let mut events = Vec::new();
    for (line, json) in (1..).zip(text.lines()) {
        if json.trim().is_empty() {
            continue;
        }
        let value = parse::<&RawValue>(json).and_then(|raw| event_value(raw, DEEPEST));
        let value = value.map_err(|kind| FileError::new(line, kind))?;
        events.push(Event::from_map(line, &value)?);
    }
    Ok(Events::of(events))
}

fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, FileErrorKind> {
    serde_json::from_str(json).map_err(|error| match error.classify() {
        Category::Eof => FileErrorKind::TruncatedLine(json.len()),
        _ => FileErrorKind::Json(error.to_string()),
    })
}

/// The value of a text in JSON. Numbers are read here, for as a float a long one would lose digits.
fn event_value(raw: &RawValue, depth: usize) -> Result<EventValue, FileErrorKind> {
    let json = raw.get();
    let deeper = depth.checked_sub(1).ok_or(FileErrorKind::TooDeep(DEEPEST));
    match json.as_bytes().first() {
        Some(b'{') => {
            let depth = deeper?;
            let entry = |(key, value)| event_value(value, depth).map(|value| (EventValue::Text(key), value));
            let entries = parse::<Entries<'_>>(json)?.0.into_iter().map(entry);
            let map = EventValue::map(entries.collect::<Result<Vec<_>, _>>()?);
            map.map_err(|found| FileErrorKind::Twice { what: "map", found })
        }
        Some(b'[') => {
            let depth = deeper?;
            let list = parse::<Vec<&RawValue>>(json)?.into_iter().map(|value| event_value(value, depth));
            list.collect::<Result<Vec<_>, _>>().map(EventValue::List)
        }
        Some(b'"') => parse(json).map(EventValue::Text),
        Some(b't' | b'f') => parse(json).map(EventValue::Bool),
        Some(b'n') => Ok(EventValue::Nil),
        _ => number(json).ok_or_else(|| FileErrorKind::MalformedNumber(json.into())),
    }
}

/// All entries of an object, with keys that come twice.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;

        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(EntriesVisitor)
    }
}
