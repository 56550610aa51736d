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
    /// Any other number, as it was written.
    Number(String),
    /// A list, a vector or a set.
    List(Vec<EventValue>),
    /// A map, in the order in which it was written.
    Map(Vec<(EventValue, EventValue)>),
}

impl EventValue {
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
            EventValue::Map(entries) => f.debug_map().entries(entries.iter().map(|(k, v)| (k, v))).finish(),
        }
    }
}
