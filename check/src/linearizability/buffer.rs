//! What a queue and a stack have in common: operations, results, and what an operation does.

use crate::linearizability::history::{Call, Value};
use std::collections::{HashMap, VecDeque};

/// An operation of a queue or a stack.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BufferOp<V> {
    /// Adds the item, or says that there is no room.
    Push(V),
    /// Takes an item, or says that there is none.
    Pop,
    /// Adds the item; waits while there is no room.
    Send(V),
    /// Takes an item; waits while there is none.
    Recv,
}

/// The result of a [`BufferOp`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BufferRet<V> {
    /// The item is in.
    Pushed,
    /// There was no room.
    Full,
    /// This item is out.
    Popped(V),
    /// There was none.
    Empty,
}

/// The calls of a queue or a stack.
pub(crate) type Calls<V> = [Call<BufferOp<V>, BufferRet<V>>];

/// Which end items leave by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// The first one in is the first one out.
    First,
    /// The last one in is the first one out.
    Last,
}

/// Runs `op` on `items`, of which there are at most `capacity`.
pub(crate) fn apply<V: Value>(
    items: &mut VecDeque<V>,
    op: &BufferOp<V>,
    capacity: usize,
    leave: Leave,
) -> Option<BufferRet<V>> {
    match op {
        BufferOp::Push(_) if items.len() >= capacity => Some(BufferRet::Full),
        BufferOp::Send(_) if items.len() >= capacity => None,
        BufferOp::Push(item) | BufferOp::Send(item) => {
            items.push_back(item.clone());
            Some(BufferRet::Pushed)
        }
        BufferOp::Pop | BufferOp::Recv => {
            let item = match leave {
                Leave::First => items.pop_front(),
                Leave::Last => items.pop_back(),
            };
            match item {
                Some(item) => Some(BufferRet::Popped(item)),
                None => (*op == BufferOp::Pop).then_some(BufferRet::Empty),
            }
        }
    }
}

/// What can be left out of a history: an item with all calls that name it, and a
/// pop that found nothing. Nothing, if somebody found the buffer full, or if
/// some pop's result is unknown: an item less might change it.
pub(crate) fn droppable<V: Value>(calls: &Calls<V>) -> Vec<Vec<usize>> {
    let mut items: HashMap<&V, Vec<usize>> = HashMap::new();
    let mut sets = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        match (&call.op, &call.ret) {
            (_, Some(BufferRet::Full)) | (BufferOp::Pop | BufferOp::Recv, None) => return Vec::new(),
            (BufferOp::Push(item) | BufferOp::Send(item), _) | (_, Some(BufferRet::Popped(item))) => {
                items.entry(item).or_default().push(at);
            }
            (_, _) => sets.push(vec![at]),
        }
    }
    sets.extend(items.into_values());
    sets.sort();
    sets
}

/// Whether the call came back with `Full` or `Empty`.
pub(crate) fn is_refusal<V>(call: &Call<BufferOp<V>, BufferRet<V>>) -> bool {
    matches!(call.ret, Some(BufferRet::Full | BufferRet::Empty))
}

/// A call as a table shows it.
pub(crate) fn show<V: Value>(op: &BufferOp<V>, ret: Option<&BufferRet<V>>) -> String {
    let call = match op {
        BufferOp::Push(item) => format!("push({item:?})"),
        BufferOp::Send(item) => format!("send({item:?})"),
        BufferOp::Pop => "pop()".into(),
        BufferOp::Recv => "recv()".into(),
    };
    match ret {
        Some(BufferRet::Pushed) => format!("{call} = ok"),
        Some(BufferRet::Full) => format!("{call} = full"),
        Some(BufferRet::Popped(item)) => format!("{call} = {item:?}"),
        Some(BufferRet::Empty) => format!("{call} = empty"),
        None => call,
    }
}
