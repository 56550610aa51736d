//! The specification of a last-in first-out stack.

use crate::linearizability::buffer::{self, BufferOp, BufferRet, Calls, Leave};
use crate::linearizability::history::{History, Value};
use crate::linearizability::spec::{Monitored, Spec, run};
use crate::linearizability::stack_monitor;
use std::collections::VecDeque;
use std::marker::PhantomData;

/// A last-in first-out stack of `V`, unbounded.
///
/// With each value pushed once, a history of n calls is checked in O(n log n),
/// otherwise by search. The method and why it is right are at the head of
/// `src/linearizability/stack_monitor.rs`.
#[derive(Clone, Debug)]
pub struct Stack<V> {
    items: PhantomData<V>,
}

impl<V> Stack<V> {
    /// A stack that always has room.
    pub fn new() -> Self {
        Stack { items: PhantomData }
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
        buffer::apply(items, op, usize::MAX, Leave::Last)
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
        stack_monitor::monitor(history)
    }

    fn droppable(&self, calls: &Calls<V>) -> Vec<Vec<usize>> {
        buffer::droppable(calls)
    }

    fn show(&self, op: &BufferOp<V>, ret: Option<&BufferRet<V>>) -> String {
        buffer::show(op, ret)
    }
}
