//! The specification of a first-in first-out queue.

use crate::linearizability::buffer::{self, BufferOp, BufferRet, BufferRules, Calls, Leave, Refusals};
use crate::linearizability::history::{History, Value};
use crate::linearizability::queue_monitor;
use crate::linearizability::spec::{Monitored, Spec};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::marker::PhantomData;

/// A first-in first-out queue of `V`.
///
/// Unbounded, with each value pushed once, a history of n calls is checked in
/// O(n log n), otherwise by search. The rules and why they suffice are at the head
/// of `src/linearizability/queue_monitor.rs`.
#[derive(Clone, Debug)]
pub struct Queue<V> {
    rules: BufferRules,
    items: PhantomData<V>,
}

impl<V> Queue<V> {
    fn of(capacity: usize, refusals: Refusals) -> Self {
        Queue { rules: BufferRules { capacity, refusals, leave: Leave::First }, items: PhantomData }
    }

    /// A queue that always has room.
    pub fn new() -> Self {
        Queue::of(usize::MAX, Refusals::Exact)
    }

    /// A queue with room for `capacity` items.
    pub fn bounded(capacity: usize) -> Self {
        Queue::of(capacity, Refusals::Exact)
    }

    /// A queue of which nobody knows how much room there is:
    /// [`Full`](BufferRet::Full) may come at any time. [`Empty`](BufferRet::Empty) is exact.
    pub fn of_unknown_capacity() -> Self {
        Queue::of(usize::MAX, Refusals::Full)
    }

    /// A queue whose [`Full`](BufferRet::Full) and [`Empty`](BufferRet::Empty) may
    /// come at any time, because they may be about an earlier moment or about a
    /// call under way. That is what queues promise whose ends read each other
    /// without a fence, or that claim a slot before they fill it. Items are
    /// still neither lost nor doubled nor reordered.
    pub fn with_stale_answers(mut self) -> Self {
        self.rules.refusals = Refusals::Stale;
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
        buffer::apply(items, op, self.rules.capacity, Leave::First)
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
        self.rules.monitor(history, queue_monitor::monitor)
    }

    fn droppable(&self, calls: &Calls<V>) -> Vec<Vec<usize>> {
        self.rules.droppable(calls)
    }

    fn show(&self, op: &BufferOp<V>, ret: Option<&BufferRet<V>>) -> String {
        buffer::show(op, ret)
    }
}
