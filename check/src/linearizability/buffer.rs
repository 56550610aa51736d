//! Ready specifications of what holds items: the FIFO queue and the stack.

use crate::linearizability::history::{Call, History, Value};
use crate::linearizability::queue;
use crate::linearizability::spec::{Monitored, Spec, Violation, run};
use crate::linearizability::stack;
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
pub(super) type Calls<V> = [Call<BufferOp<V>, BufferRet<V>>];

/// Which end items leave by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    First,
    Last,
}

fn apply<V: Value>(
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
fn droppable<V: Value>(calls: &Calls<V>) -> Vec<Vec<usize>> {
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
fn is_refusal<V>(call: &Call<BufferOp<V>, BufferRet<V>>) -> bool {
    matches!(call.ret, Some(BufferRet::Full | BufferRet::Empty))
}

fn show<V: Value>(op: &BufferOp<V>, ret: Option<&BufferRet<V>>) -> String {
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

/// A first-in first-out queue of `V`.
///
/// Unbounded, with each value pushed once, a history of n calls is checked in
/// O(n log n), otherwise by search. The rules and why they suffice are at the head
/// of `src/linearizability/queue.rs`.
#[derive(Clone, Debug)]
pub struct Queue<V> {
    capacity: usize,
    /// Whether `Full` and `Empty` say how it is, and not how it was.
    exact: bool,
    items: std::marker::PhantomData<V>,
}

impl<V> Queue<V> {
    /// A queue that always has room.
    pub fn new() -> Self {
        Queue { capacity: usize::MAX, exact: true, items: std::marker::PhantomData }
    }

    /// A queue with room for `capacity` items.
    pub fn bounded(capacity: usize) -> Self {
        Queue { capacity, exact: true, items: std::marker::PhantomData }
    }

    /// A queue whose [`Full`](BufferRet::Full) and [`Empty`](BufferRet::Empty) may
    /// come at any time, because they may be about an earlier moment or about a
    /// call under way. That is what queues promise whose ends read each other
    /// without a fence, or that claim a slot before they fill it. Items are
    /// still neither lost nor doubled nor reordered.
    pub fn with_stale_answers(mut self) -> Self {
        self.exact = false;
        self
    }
}

impl<V> Default for Queue<V> {
    fn default() -> Self {
        Queue::new()
    }
}

impl<V: Value> Spec for Queue<V> {
    type State = VecDeque<V>;
    type Op = BufferOp<V>;
    type Ret = BufferRet<V>;

    fn init(&self) -> VecDeque<V> {
        VecDeque::new()
    }

    fn apply(&self, items: &mut VecDeque<V>, op: &BufferOp<V>) -> Option<BufferRet<V>> {
        apply(items, op, self.capacity, Leave::First)
    }

    fn successors(
        &self,
        items: &VecDeque<V>,
        op: &BufferOp<V>,
        ret: Option<&BufferRet<V>>,
    ) -> Vec<VecDeque<V>> {
        if !self.exact && matches!(ret, Some(BufferRet::Full | BufferRet::Empty)) {
            return vec![items.clone()];
        }
        // Looked at first, for a copy of a long queue costs more.
        if matches!(ret, Some(BufferRet::Popped(item)) if items.front() != Some(item)) {
            return Vec::new();
        }
        run(self, items, op, ret)
    }

    fn monitor(&self, history: &History<BufferOp<V>, BufferRet<V>>) -> Monitored {
        if self.capacity < history.len() {
            return Monitored::Unsuited;
        }
        if self.exact {
            return queue::monitor(history);
        }
        let says = |call: &usize| !is_refusal(&history.calls()[*call]);
        let kept: Vec<usize> = (0..history.len()).filter(says).collect();
        match queue::monitor(&history.restrict(&kept)) {
            Monitored::Violation(Violation { why, calls }) => {
                Violation::new(why, calls.into_iter().map(|call| kept[call]).collect()).into()
            }
            said => said,
        }
    }

    fn droppable(&self, calls: &Calls<V>) -> Vec<Vec<usize>> {
        let refusals = (0..calls.len()).filter(|at| !self.exact && is_refusal(&calls[*at]));
        let refusals: Vec<Vec<usize>> = refusals.map(|at| vec![at]).collect();
        // Refusals that say nothing go first; they keep nobody else.
        if refusals.is_empty() { droppable(calls) } else { refusals }
    }

    fn show(&self, op: &BufferOp<V>, ret: Option<&BufferRet<V>>) -> String {
        show(op, ret)
    }
}

/// A last-in first-out stack of `V`, unbounded.
///
/// With each value pushed once, a history of n calls is checked in O(n log n),
/// otherwise by search. The method and why it is right are at the head of
/// `src/linearizability/stack.rs`.
#[derive(Clone, Debug)]
pub struct Stack<V> {
    items: std::marker::PhantomData<V>,
}

impl<V> Stack<V> {
    /// A stack that always has room.
    pub fn new() -> Self {
        Stack { items: std::marker::PhantomData }
    }
}

impl<V> Default for Stack<V> {
    fn default() -> Self {
        Stack::new()
    }
}

impl<V: Value> Spec for Stack<V> {
    type State = VecDeque<V>;
    type Op = BufferOp<V>;
    type Ret = BufferRet<V>;

    fn init(&self) -> VecDeque<V> {
        VecDeque::new()
    }

    fn apply(&self, items: &mut VecDeque<V>, op: &BufferOp<V>) -> Option<BufferRet<V>> {
        apply(items, op, usize::MAX, Leave::Last)
    }

    fn successors(
        &self,
        items: &VecDeque<V>,
        op: &BufferOp<V>,
        ret: Option<&BufferRet<V>>,
    ) -> Vec<VecDeque<V>> {
        if matches!(ret, Some(BufferRet::Popped(item)) if items.back() != Some(item)) {
            return Vec::new();
        }
        run(self, items, op, ret)
    }

    fn monitor(&self, history: &History<BufferOp<V>, BufferRet<V>>) -> Monitored {
        stack::monitor(history)
    }

    fn droppable(&self, calls: &Calls<V>) -> Vec<Vec<usize>> {
        droppable(calls)
    }

    fn show(&self, op: &BufferOp<V>, ret: Option<&BufferRet<V>>) -> String {
        show(op, ret)
    }
}

/// The position of an event that never comes: later than all others.
pub(super) const NEVER: u64 = u64::MAX;

/// One value from its push to its pop.
#[derive(Clone, Debug)]
pub(super) struct Life {
    /// Invocation and response of the push. It is in by the response of its pop.
    pub(super) push: (u64, u64),
    /// Invocation and response of the pop. It begins no earlier than the push. A
    /// value that is never popped is popped after everything else.
    pub(super) pop: (u64, u64),
    pub(super) push_call: usize,
    pub(super) pop_call: Option<usize>,
}

impl Life {
    /// From where to where the value is inside, whatever the linearization.
    /// `None` if push and pop overlap: then both can be done in one moment.
    pub(super) fn inside(&self) -> Option<(u64, u64)> {
        (self.push.1 < self.pop.0).then_some((self.push.1, self.pop.0))
    }

    /// Its calls.
    pub(super) fn calls(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.push_call).chain(self.pop_call)
    }
}

/// The history of a queue or a stack, value by value.
#[derive(Debug, Default)]
pub(super) struct Lives {
    pub(super) values: Vec<Life>,
    /// Pops that found nothing: invocation, response, call.
    pub(super) empties: Vec<(u64, u64, usize)>,
    /// Invocations of open pops whose value nobody knows, and the calls.
    pub(super) unknown: Vec<(u64, usize)>,
}

/// Sorts the calls by value. What no buffer can do with distinct values (a value
/// popped twice, or before or without its push) is a violation already. A push
/// that nobody knows the end of and whose value nobody popped is left out: an
/// item at rest disturbs nobody less than none.
pub(super) fn lives<V: Value>(calls: &Calls<V>) -> Result<Lives, Monitored> {
    let mut pushes: HashMap<&V, usize> = HashMap::new();
    let mut pops: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut lives = Lives::default();
    for (at, call) in calls.iter().enumerate() {
        match (&call.op, &call.ret) {
            (BufferOp::Push(item) | BufferOp::Send(item), None | Some(BufferRet::Pushed)) => {
                if pushes.insert(item, at).is_some() {
                    return Err(Monitored::Unsuited);
                }
            }
            (BufferOp::Pop | BufferOp::Recv, Some(BufferRet::Popped(_))) => {}
            (BufferOp::Pop, Some(BufferRet::Empty)) => {
                let taken = call.returned.map(|returned| (call.invoked, returned, at));
                lives.empties.extend(taken);
            }
            (BufferOp::Pop | BufferOp::Recv, None) => lives.unknown.push((call.invoked, at)),
            _ => return Err(Monitored::Unsuited),
        }
    }
    for (at, call) in calls.iter().enumerate() {
        if let Some(BufferRet::Popped(item)) = &call.ret {
            match pushes.get(item) {
                Some(push) => pops.entry(*push).or_default().push(at),
                None if call.returned.is_none() => {}
                None => {
                    return Err(
                        Violation::new(format!("{item:?} is popped and was never pushed"), vec![at]).into()
                    );
                }
            }
        }
    }
    let mut pushes: Vec<(usize, &V)> = pushes.into_iter().map(|(item, push)| (push, item)).collect();
    pushes.sort_unstable_by_key(|(push, _)| *push);
    for (push, item) in pushes {
        let pops = pops.get(&push).map_or(&[][..], Vec::as_slice);
        if let Some(life) = live(calls, item, push, pops)? {
            lives.values.push(life);
        }
    }
    lives.values.sort_by_key(|life| life.push.0);
    Ok(lives)
}

/// The life of `item`, if it has one.
fn live<V: Value>(
    calls: &Calls<V>,
    item: &V,
    push_call: usize,
    pops: &[usize],
) -> Result<Option<Life>, Monitored> {
    let push = &calls[push_call];
    let done: Vec<usize> = pops.iter().copied().filter(|pop| calls[*pop].returned.is_some()).collect();
    if done.len() > 1 {
        let why = format!("{item:?} is popped {} times and was pushed once", done.len());
        return Err(Violation::new(why, [vec![push_call], done].concat()).into());
    }
    let pop_call = done.first().or_else(|| pops.iter().min_by_key(|pop| calls[**pop].invoked)).copied();
    let Some(pop) = pop_call.map(|pop| &calls[pop]) else {
        let end = (NEVER, NEVER);
        let life = Life { push: (push.invoked, push.end()), pop: end, push_call, pop_call };
        return Ok(push.returned.map(|_| life));
    };
    if pop.end() < push.invoked {
        let why = format!("{item:?} is popped before it is pushed");
        return Err(Violation::new(why, std::iter::once(push_call).chain(pop_call).collect()).into());
    }
    Ok(Some(Life {
        push: (push.invoked, push.end().min(pop.end())),
        pop: (pop.invoked.max(push.invoked), pop.end()),
        push_call,
        pop_call,
    }))
}
