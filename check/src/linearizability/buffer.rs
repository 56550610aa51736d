//! What a queue and a stack have in common: operations, results, and what an operation does.

use crate::linearizability::brief::value;
use crate::linearizability::history::{Call, History, Value};
use crate::linearizability::spec::{Monitored, Violation};
use std::borrow::Cow;
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

/// When a buffer may refuse, beside the moments when it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusals {
    /// Never.
    Exact,
    /// A push at any time: nobody knows how much room there is.
    Full,
    /// A push or a pop at any time: an answer may be about an earlier moment.
    Stale,
}

impl Refusals {
    /// Whether the call may come back with this, whatever the state.
    pub(crate) fn allow<V: PartialEq>(self, op: &BufferOp<V>, ret: &BufferRet<V>) -> bool {
        match (op, ret) {
            (BufferOp::Push(_), BufferRet::Full) => self != Refusals::Exact,
            (BufferOp::Pop, BufferRet::Empty) => self == Refusals::Stale,
            _ => false,
        }
    }

    /// Whether a call of unknown result may have been refused, whatever the state.
    pub(crate) fn allow_unknown<V>(self, op: &BufferOp<V>) -> bool {
        match op {
            BufferOp::Push(_) => self != Refusals::Exact,
            BufferOp::Pop => self == Refusals::Stale,
            BufferOp::Send(_) | BufferOp::Recv => false,
        }
    }
}

/// A buffer's room, its refusals, and the end that items leave by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BufferRules {
    pub(crate) capacity: usize,
    pub(crate) refusals: Refusals,
    pub(crate) leave: Leave,
}

impl BufferRules {
    /// The states that `op` may leave if it gives `ret`; `items` may be changed.
    pub(crate) fn successors<V: Value>(
        self,
        mut items: Cow<'_, VecDeque<V>>,
        op: &BufferOp<V>,
        ret: Option<&BufferRet<V>>,
    ) -> Vec<VecDeque<V>> {
        if ret.is_some_and(|ret| self.refusals.allow(op, ret)) {
            return vec![items.into_owned()];
        }
        // Looked at first, for a copy of a long buffer costs more.
        if matches!(ret, Some(BufferRet::Popped(item)) if self.next(&items) != Some(item)) {
            return Vec::new();
        }
        let refused = (ret.is_none() && self.refusals.allow_unknown(op)).then(|| items.clone().into_owned());
        let given = apply(items.to_mut(), op, self.capacity, self.leave);
        let fits = given.is_some_and(|given| ret.is_none_or(|ret| *ret == given));
        let mut states: Vec<VecDeque<V>> = fits.then(|| items.into_owned()).into_iter().collect();
        states.extend(refused.filter(|refused| states.first() != Some(refused)));
        states
    }

    /// The item that leaves next.
    fn next<V>(self, items: &VecDeque<V>) -> Option<&V> {
        match self.leave {
            Leave::First => items.front(),
            Leave::Last => items.back(),
        }
    }

    /// The near-linear check `monitor` of a history, if these rules are simple enough for it.
    pub(crate) fn monitor<V: Value>(
        self,
        history: &History<BufferOp<V>, BufferRet<V>>,
        monitor: impl Fn(&History<BufferOp<V>, BufferRet<V>>) -> Monitored,
    ) -> Monitored {
        let calls = history.calls();
        let unknown = |call: &Call<BufferOp<V>, BufferRet<V>>| {
            call.ret.is_none() && call.returned.is_some() && self.refusals.allow_unknown(&call.op)
        };
        if self.capacity < history.len() || calls.iter().any(unknown) {
            return Monitored::Unsuited;
        }
        if self.refusals == Refusals::Exact {
            return monitor(history);
        }
        // What says nothing is left out.
        let says = |at: &usize| !self.says_nothing(&calls[*at]);
        let kept: Vec<usize> = (0..history.len()).filter(says).collect();
        match monitor(&history.restrict(&kept)) {
            Monitored::Violation(Violation { why, calls }) => {
                Violation::new(why, calls.into_iter().map(|call| kept[call]).collect()).into()
            }
            said => said,
        }
    }

    fn says_nothing<V: Value>(self, call: &Call<BufferOp<V>, BufferRet<V>>) -> bool {
        call.ret.as_ref().is_some_and(|ret| self.refusals.allow(&call.op, ret))
    }

    /// What can be left out of a history.
    pub(crate) fn droppable<V: Value>(self, calls: &Calls<V>) -> Vec<Vec<usize>> {
        let refusals = (0..calls.len()).filter(|at| self.says_nothing(&calls[*at]));
        let refusals: Vec<Vec<usize>> = refusals.map(|at| vec![at]).collect();
        // Refusals that say nothing go first; they keep nobody else.
        if refusals.is_empty() { droppable(calls, self.capacity != usize::MAX) } else { refusals }
    }
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

/// Whether nobody knows if this push found room, though it came back.
fn is_unknown_push<V>(call: &Call<BufferOp<V>, BufferRet<V>>) -> bool {
    matches!(call.op, BufferOp::Push(_)) && call.ret.is_none() && call.returned.is_some()
}

/// What can be left out of a history: an item with all calls that name it, and a
/// pop that found nothing. Nothing, if somebody found the buffer full, or may have
/// if it is `bounded`, or if some pop's result is unknown: an item less might change it.
fn droppable<V: Value>(calls: &Calls<V>, bounded: bool) -> Vec<Vec<usize>> {
    let mut items: HashMap<&V, Vec<usize>> = HashMap::new();
    let mut sets = Vec::new();
    if bounded && calls.iter().any(is_unknown_push) {
        return sets;
    }
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

/// A call as a table shows it.
pub(crate) fn show<V: Value>(op: &BufferOp<V>, ret: Option<&BufferRet<V>>) -> String {
    let call = match op {
        BufferOp::Push(item) => format!("push({})", value(item)),
        BufferOp::Send(item) => format!("send({})", value(item)),
        BufferOp::Pop => "pop()".into(),
        BufferOp::Recv => "recv()".into(),
    };
    match ret {
        Some(BufferRet::Pushed) => format!("{call} = ok"),
        Some(BufferRet::Full) => format!("{call} = full"),
        Some(BufferRet::Popped(item)) => format!("{call} = {}", value(item)),
        Some(BufferRet::Empty) => format!("{call} = empty"),
        None => call,
    }
}
