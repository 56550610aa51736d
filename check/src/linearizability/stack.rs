//! The specification of a last-in first-out stack.

use crate::linearizability::buffer::{self, BufferOp, BufferRet, BufferRules, Calls, Leave, Refusals};
use crate::linearizability::history::{History, Value};
use crate::linearizability::spec::{Monitored, Spec};
use crate::linearizability::stack_monitor;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::marker::PhantomData;

/// A last-in first-out stack of `V`.
///
/// Unbounded, with each value pushed once, a history of n calls is checked in O(n log n),
/// otherwise by search. The method and why it is right are at the head of
/// `src/linearizability/stack_monitor.rs`.
#[derive(Clone, Debug)]
pub struct Stack<V> {
    rules: BufferRules,
    items: PhantomData<V>,
}

impl<V> Stack<V> {
    fn of(capacity: usize, refusals: Refusals) -> Self {
        Stack { rules: BufferRules { capacity, refusals, leave: Leave::Last }, items: PhantomData }
    }

    /// A stack that always has room.
    pub fn new() -> Self {
        Stack::of(usize::MAX, Refusals::Exact)
    }

    /// A stack with room for `capacity` items.
    pub fn bounded(capacity: usize) -> Self {
        Stack::of(capacity, Refusals::Exact)
    }

    /// A stack of which nobody knows how much room there is:
    /// [`Full`](BufferRet::Full) may come at any time.
    pub fn of_unknown_capacity() -> Self {
        Stack::of(usize::MAX, Refusals::Full)
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
        buffer::apply(items, op, self.rules.capacity, Leave::Last)
    }

    fn successors(
        &self,
        items: &VecDeque<V>,
        op: &BufferOp<V>,
        ret: Option<&BufferRet<V>>,
    ) -> Vec<VecDeque<V>> {
        self.rules.successors(Cow::Borrowed(items), op, ret)
    }

    fn successors_owned(
        &self,
        items: VecDeque<V>,
        op: &BufferOp<V>,
        ret: Option<&BufferRet<V>>,
    ) -> Vec<VecDeque<V>> {
        self.rules.successors(Cow::Owned(items), op, ret)
    }

    fn monitor(&self, history: &History<BufferOp<V>, BufferRet<V>>) -> Monitored {
        self.rules.monitor(history, stack_monitor::monitor)
    }

    fn droppable(&self, calls: &Calls<V>) -> Vec<Vec<usize>> {
        self.rules.droppable(calls)
    }

    fn show(&self, op: &BufferOp<V>, ret: Option<&BufferRet<V>>) -> String {
        buffer::show(op, ret)
    }
}
