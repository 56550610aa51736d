//! The value of an event: what JSON and EDN have in common.

use std::fmt;

/// A value in a history file.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EventValue {
    /// `null`, `nil`.
    Nil,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number that is an `i64`.
    Int(i64),
    /// A string or a keyword.
    Text(String),
    /// Any other number, exact, in the one way that all its writings come to.
    Number(String),
    /// A list or a vector.
    List(Vec<EventValue>),
    /// A map, in the order of its keys: it has none in the file.
    Map(Vec<(EventValue, EventValue)>),
    /// A set, in order: it has none in the file.
    Set(Vec<EventValue>),
}

impl EventValue {
    /// The map of these entries, which stand in any order; or a key that is there twice.
    pub(crate) fn map(mut entries: Vec<(EventValue, EventValue)>) -> Result<EventValue, EventValue> {
        entries.sort();
        match entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(pair[0].0.clone()),
            None => Ok(EventValue::Map(entries)),
        }
    }

    /// The set of these values, which stand in any order; or one that is there twice.
    pub(crate) fn set(mut values: Vec<EventValue>) -> Result<EventValue, EventValue> {
        values.sort();
        match values.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(pair[0].clone()),
            None => Ok(EventValue::Set(values)),
        }
    }

    /// The entry of a map under a text key.
    pub fn get(&self, key: &str) -> Option<&EventValue> {
        let EventValue::Map(entries) = self else {
            return None;
        };
        let named = |name: &EventValue| matches!(name, EventValue::Text(text) if text == key);
        entries.iter().find(|(name, _)| named(name)).map(|(_, value)| value)
    }
}

impl fmt::Debug for EventValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventValue::Nil => f.write_str("nil"),
            EventValue::Bool(value) => write!(f, "{value}"),
            EventValue::Int(value) => write!(f, "{value}"),
            EventValue::Text(text) => write!(f, "{text:?}"),
            EventValue::Number(text) => f.write_str(text),
            EventValue::List(list) => f.debug_list().entries(list).finish(),
            EventValue::Set(values) => f.debug_set().entries(values).finish(),
            EventValue::Map(entries) => f.debug_map().entries(entries.iter().map(|(k, v)| (k, v))).finish(),
        }
    }
}
