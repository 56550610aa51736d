//! What the events of a file mean, by specification; then the check.

use crate::linearizability::buffer::{BufferOp, BufferRet, Queue, Stack};
use crate::linearizability::events::{Bad, Datum, Event, pair};
use crate::linearizability::explain::{Explained, explain_within};
use crate::linearizability::history::History;
use crate::linearizability::keyed::{At, Keyed};
use crate::linearizability::register::{Register, RegisterOp, RegisterRet};
use crate::linearizability::set::{Set, SetOp};
use crate::linearizability::spec::Spec;

/// The specifications that a file can be checked by.
pub(super) const SPECS: [&str; 6] = ["register", "cas-register", "key-value", "queue", "stack", "set"];

/// What came of a file.
pub(super) struct Checked {
    pub(super) explained: Explained,
    pub(super) calls: usize,
    /// Calls without a response.
    pub(super) open: usize,
}

/// Checks `events` by the specification called `name`, one of [`SPECS`].
pub(super) fn check(name: &str, events: &[Event], budget: u64) -> Result<Checked, Bad> {
    Ok(match name {
        "queue" => judge(&Queue::new(), &pair(events, buffer_op, buffer_ret)?, budget),
        "stack" => judge(&Stack::new(), &pair(events, buffer_op, buffer_ret)?, budget),
        "set" => judge(&Set::new(), &pair(events, set_op, set_ret)?, budget),
        "key-value" => {
            let spec = Keyed::new(Register::new());
            judge(&spec, &pair(events, key_value_op, key_value_ret)?, budget)
        }
        "cas-register" => judge(&Register::new(), &pair(events, register_op, register_ret)?, budget),
        _ => {
            let without_cas = |f: &str, value: &Datum| match register_op(f, value)? {
                RegisterOp::Cas(..) => {
                    Err("a register has no cas; see the specification cas-register".into())
                }
                op => Ok(op),
            };
            judge(&Register::new(), &pair(events, without_cas, register_ret)?, budget)
        }
    })
}

fn judge<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, budget: u64) -> Checked {
    Checked {
        explained: explain_within(spec, history, budget),
        calls: history.len(),
        open: history.calls().iter().filter(|call| call.returned.is_none()).count(),
    }
}

fn unknown<T>(f: &str, known: &str) -> Result<T, String> {
    Err(format!("no such operation: {f:?}; there are {known}"))
}

fn buffer_op(f: &str, value: &Datum) -> Result<BufferOp<Datum>, String> {
    match f {
        "enqueue" | "push" if *value == Datum::Nil => Err(format!("{f} without a value")),
        "enqueue" | "push" => Ok(BufferOp::Push(value.clone())),
        "dequeue" | "pop" => Ok(BufferOp::Pop),
        _ => unknown(f, "enqueue, dequeue, push, pop"),
    }
}

fn buffer_ret(op: &BufferOp<Datum>, value: &Datum) -> Result<BufferRet<Datum>, String> {
    Ok(match op {
        BufferOp::Push(_) | BufferOp::Send(_) => BufferRet::Pushed,
        BufferOp::Pop | BufferOp::Recv if *value == Datum::Nil => BufferRet::Empty,
        BufferOp::Pop | BufferOp::Recv => BufferRet::Popped(value.clone()),
    })
}

fn register_op(f: &str, value: &Datum) -> Result<RegisterOp<Datum>, String> {
    match (f, value) {
        ("read", _) => Ok(RegisterOp::Read),
        ("write", Datum::Nil) => Err("write without a value".into()),
        ("write", value) => Ok(RegisterOp::Write(value.clone())),
        ("cas", Datum::List(list)) if list.len() == 2 => {
            Ok(RegisterOp::Cas(list[0].clone(), list[1].clone()))
        }
        ("cas", other) => Err(format!("the value of a cas is [old, new], not {other:?}")),
        _ => unknown(f, "read, write, cas"),
    }
}

fn register_ret(op: &RegisterOp<Datum>, value: &Datum) -> Result<RegisterRet<Datum>, String> {
    Ok(match op {
        RegisterOp::Read => RegisterRet::Found(Some(value.clone()).filter(|value| *value != Datum::Nil)),
        RegisterOp::Write(_) => RegisterRet::Written,
        RegisterOp::Cas(..) => RegisterRet::Swapped(true),
    })
}

/// The key and the rest of a `[key, value]`.
fn key_and(f: &str, value: &Datum) -> Result<(Datum, Datum), String> {
    match value {
        Datum::List(list) if list.len() == 2 => Ok((list[0].clone(), list[1].clone())),
        other => Err(format!("the value of a {f} is [key, value], not {other:?}")),
    }
}

fn key_value_op(f: &str, value: &Datum) -> Result<At<Datum, RegisterOp<Datum>>, String> {
    let name = match f {
        "get" => "read",
        "put" => "write",
        "read" | "write" | "cas" => f,
        _ => return unknown(f, "read, write, get, put, cas"),
    };
    let (key, value) = match value {
        // A read may name its key alone.
        value if name == "read" && !matches!(value, Datum::List(_) | Datum::Nil) => {
            (value.clone(), Datum::Nil)
        }
        value => key_and(f, value)?,
    };
    Ok(At { key, op: register_op(name, &value)? })
}

fn key_value_ret(op: &At<Datum, RegisterOp<Datum>>, value: &Datum) -> Result<RegisterRet<Datum>, String> {
    if op.op != RegisterOp::Read {
        return register_ret(&op.op, value);
    }
    let (key, value) = key_and("read", value)?;
    if key != op.key {
        return Err(format!("a read of key {:?} came back with key {key:?}", op.key));
    }
    register_ret(&op.op, &value)
}

fn set_op(f: &str, value: &Datum) -> Result<SetOp<Datum>, String> {
    let element = match value {
        Datum::Nil => return Err(format!("{f} without a value")),
        value => value.clone(),
    };
    match f {
        "add" => Ok(SetOp::Add(element)),
        "remove" => Ok(SetOp::Remove(element)),
        "contains" => Ok(SetOp::Contains(element)),
        _ => unknown(f, "add, remove, contains"),
    }
}

/// `true` or `false`, by itself or after the element. An add or a remove that
/// says neither worked.
fn set_ret(op: &SetOp<Datum>, value: &Datum) -> Result<bool, String> {
    match (op, value) {
        (_, Datum::Bool(said)) => Ok(*said),
        (_, Datum::List(list)) if matches!(list[..], [_, Datum::Bool(_)]) => Ok(list[1] == Datum::Bool(true)),
        (SetOp::Contains(_), other) => {
            Err(format!("contains came back with neither true nor false: {other:?}"))
        }
        (SetOp::Add(_) | SetOp::Remove(_), _) => Ok(true),
    }
}
