//! What the operations in a file mean, by the kind of object.

use crate::linearizability::buffer::{BufferOp, BufferRet};
use crate::linearizability::files::error::{FileError, FileErrorKind};
use crate::linearizability::files::event::Event;
use crate::linearizability::files::pairing::{history, pair};
use crate::linearizability::files::value::EventValue;
use crate::linearizability::history::History;
use crate::linearizability::keyed::At;
use crate::linearizability::register::{RegisterOp, RegisterRet};
use crate::linearizability::set::SetOp;

/// The calls of a queue or a stack in a file.
pub type BufferHistory = History<BufferOp<EventValue>, BufferRet<EventValue>>;
/// The calls of a register in a file.
pub type RegisterHistory = History<RegisterOp<EventValue>, RegisterRet<EventValue>>;
/// The calls of a map from keys to registers in a file.
pub type KeyValueHistory = History<At<EventValue, RegisterOp<EventValue>>, RegisterRet<EventValue>>;
/// The calls of a set in a file.
pub type SetHistory = History<SetOp<EventValue>, bool>;

/// The history of a queue or a stack.
///
/// # Errors
///
/// The first event that does not fit.
pub fn buffer_history(events: &[Event]) -> Result<BufferHistory, FileError> {
    history(events, buffer_op, buffer_ret)
}

/// The history of a register with read and write.
///
/// # Errors
///
/// The first event that does not fit.
pub fn register_history(events: &[Event]) -> Result<RegisterHistory, FileError> {
    let without_cas = |f: &str, value: &EventValue| match register_op(f, value)? {
        RegisterOp::Cas(..) => Err(FileErrorKind::NoCas),
        op => Ok(op),
    };
    history(events, without_cas, register_ret)
}

/// The history of a register with read, write and compare-and-set.
///
/// # Errors
///
/// The first event that does not fit.
pub fn cas_register_history(events: &[Event]) -> Result<RegisterHistory, FileError> {
    history(events, register_op, register_ret)
}

/// The history of a map from keys to registers.
///
/// # Errors
///
/// The first event that does not fit.
pub fn key_value_history(events: &[Event]) -> Result<KeyValueHistory, FileError> {
    history(events, key_value_op, key_value_ret)
}

/// The history of a set.
///
/// # Errors
///
/// The first event that does not fit.
pub fn set_history(events: &[Event]) -> Result<SetHistory, FileError> {
    pair(events, set_op, set_ret)
}

fn unknown<T>(f: &str, known: &'static [&'static str]) -> Result<T, FileErrorKind> {
    Err(FileErrorKind::UnknownOperation { f: f.to_owned(), known })
}

fn malformed<T>(f: &str, form: &'static str, found: &EventValue) -> Result<T, FileErrorKind> {
    Err(FileErrorKind::MalformedValue { f: f.to_owned(), form, found: found.clone() })
}

fn missing<T>(f: &str) -> Result<T, FileErrorKind> {
    Err(FileErrorKind::MissingValue(f.to_owned()))
}

fn buffer_op(f: &str, value: &EventValue) -> Result<BufferOp<EventValue>, FileErrorKind> {
    match f {
        "enqueue" | "push" if *value == EventValue::Nil => missing(f),
        "enqueue" | "push" => Ok(BufferOp::Push(value.clone())),
        "dequeue" | "pop" => Ok(BufferOp::Pop),
        _ => unknown(f, &["enqueue", "dequeue", "push", "pop"]),
    }
}

fn buffer_ret(op: &BufferOp<EventValue>, value: &EventValue) -> Result<BufferRet<EventValue>, FileErrorKind> {
    Ok(match op {
        BufferOp::Push(item) | BufferOp::Send(item) => match was_done(item, value) {
            Some(true) => BufferRet::Pushed,
            Some(false) => BufferRet::Full,
            None if *value == EventValue::Text("full".into()) => BufferRet::Full,
            None => {
                return malformed("push that came back", "true, false, \"full\" or the value itself", value);
            }
        },
        BufferOp::Pop | BufferOp::Recv if *value == EventValue::Nil => BufferRet::Empty,
        BufferOp::Pop | BufferOp::Recv => BufferRet::Popped(value.clone()),
    })
}

fn register_op(f: &str, value: &EventValue) -> Result<RegisterOp<EventValue>, FileErrorKind> {
    match (f, value) {
        ("read", _) => Ok(RegisterOp::Read),
        ("write", EventValue::Nil) => missing("write"),
        ("write", value) => Ok(RegisterOp::Write(value.clone())),
        ("cas", EventValue::List(list)) if list.len() == 2 => {
            Ok(RegisterOp::Cas(list[0].clone(), list[1].clone()))
        }
        ("cas", other) => malformed(f, "[old, new]", other),
        _ => unknown(f, &["read", "write", "cas"]),
    }
}

fn register_ret(
    op: &RegisterOp<EventValue>,
    value: &EventValue,
) -> Result<RegisterRet<EventValue>, FileErrorKind> {
    Ok(match op {
        RegisterOp::Read => RegisterRet::Found(Some(value.clone()).filter(|value| *value != EventValue::Nil)),
        RegisterOp::Write(written) => match was_done(written, value) {
            Some(true) => RegisterRet::Written,
            _ => return malformed("write that came back", "true or the value itself", value),
        },
        RegisterOp::Cas(old, new) => {
            let called = EventValue::List(vec![old.clone(), new.clone()]);
            match was_done(&called, value) {
                Some(did) => RegisterRet::Swapped(did),
                None => return malformed("cas that came back", "true, false or [old, new]", value),
            }
        }
    })
}

/// Whether an operation that was called with `called` and came back with `value`
/// did what it should. What comes back may be the same again, or nothing.
fn was_done(called: &EventValue, value: &EventValue) -> Option<bool> {
    match value {
        same if same == called => Some(true),
        EventValue::Nil => Some(true),
        EventValue::Bool(did) => Some(*did),
        EventValue::Text(text) if text.eq_ignore_ascii_case("ok") => Some(true),
        _ => None,
    }
}

/// The key and the rest of a `[key, value]`.
fn key_and(f: &str, value: &EventValue) -> Result<(EventValue, EventValue), FileErrorKind> {
    match value {
        EventValue::List(list) if list.len() == 2 => Ok((list[0].clone(), list[1].clone())),
        other => malformed(f, "[key, value]", other),
    }
}

fn key_value_op(
    f: &str,
    value: &EventValue,
) -> Result<At<EventValue, RegisterOp<EventValue>>, FileErrorKind> {
    let name = match f {
        "get" => "read",
        "put" => "write",
        "read" | "write" | "cas" => f,
        _ => return unknown(f, &["read", "write", "get", "put", "cas"]),
    };
    let (key, value) = match value {
        // A read may name its key alone.
        value if name == "read" && !matches!(value, EventValue::List(_) | EventValue::Nil) => {
            (value.clone(), EventValue::Nil)
        }
        value => key_and(f, value)?,
    };
    Ok(At { key, op: register_op(name, &value)? })
}

fn key_value_ret(
    op: &At<EventValue, RegisterOp<EventValue>>,
    value: &EventValue,
) -> Result<RegisterRet<EventValue>, FileErrorKind> {
    let (key, value) = match (&op.op, value) {
        // Without the key again.
        (RegisterOp::Write(written), value) if value == written => return register_ret(&op.op, value),
        (RegisterOp::Write(_) | RegisterOp::Cas(..), EventValue::List(list)) if list.len() == 2 => {
            (list[0].clone(), list[1].clone())
        }
        (RegisterOp::Write(_) | RegisterOp::Cas(..), value) => return register_ret(&op.op, value),
        (RegisterOp::Read, value) => key_and("read", value)?,
    };
    if key != op.key {
        let f = match op.op {
            RegisterOp::Read => "read",
            RegisterOp::Write(_) => "write",
            RegisterOp::Cas(..) => "cas",
        };
        return Err(FileErrorKind::OtherKey { f, called: op.key.clone(), returned: key });
    }
    register_ret(&op.op, &value)
}

fn set_op(f: &str, value: &EventValue) -> Result<SetOp<EventValue>, FileErrorKind> {
    let element = match value {
        EventValue::Nil => return missing(f),
        value => value.clone(),
    };
    match f {
        "add" => Ok(SetOp::Add(element)),
        "remove" => Ok(SetOp::Remove(element)),
        "contains" => Ok(SetOp::Contains(element)),
        _ => unknown(f, &["add", "remove", "contains"]),
    }
}

/// `true` or `false`, by itself or after the element. An add or a remove that came
/// back with the element or nothing was done; whether it changed the set is unknown.
fn set_ret(op: &SetOp<EventValue>, value: &EventValue) -> Result<Option<bool>, FileErrorKind> {
    let element = op.element();
    let changes = !matches!(op, SetOp::Contains(_));
    match value {
        value if changes && value == element => Ok(None),
        EventValue::Bool(said) => Ok(Some(*said)),
        EventValue::List(list) => match &list[..] {
            [of, EventValue::Bool(said)] if of == element => Ok(Some(*said)),
            _ => {
                malformed("call of a set that came back", "true or false, or [element, true or false]", value)
            }
        },
        EventValue::Nil if changes => Ok(None),
        EventValue::Text(text) if changes && text.eq_ignore_ascii_case("ok") => Ok(None),
        _ if changes => malformed("change of a set that came back", "true, false or the element", value),
        _ => malformed("contains", "true or false", value),
    }
}
