//! The specification of a first-in first-out queue.

use crate::linearizability::buffer::{self, BufferOp, BufferRet, Calls, Leave, is_refusal};
use crate::linearizability::history::{History, Value};
use crate::linearizability::queue_monitor;
use crate::linearizability::spec::{Monitored, Spec, Violation, run};
use std::collections::VecDeque;
use std::marker::PhantomData;

/// A first-in first-out queue of `V`.
///
/// Unbounded, with each value pushed once, a history of n calls is checked in
/// O(n log n), otherwise by search. The rules and why they suffice are at the head
/// of `src/linearizability/queue_monitor.rs`.
#[derive(Clone, Debug)]
pub struct Queue<V> {
    capacity: usize,
    /// Whether `Full` and `Empty` say how it is, and not how it was.
    exact: bool,
    items: PhantomData<V>,
}

impl<V> Queue<V> {
    /// A queue that always has room.
    pub fn new() -> Self {
        Queue { capacity: usize::MAX, exact: true, items: PhantomData }
    }

    /// A queue with room for `capacity` items.
    pub fn bounded(capacity: usize) -> Self {
        Queue { capacity, exact: true, items: PhantomData }
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
        buffer::apply(items, op, self.capacity, Leave::First)
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
            return queue_monitor::monitor(history);
        }
        let says = |call: &usize| !is_refusal(&history.calls()[*call]);
        let kept: Vec<usize> = (0..history.len()).filter(says).collect();
        match queue_monitor::monitor(&history.restrict(&kept)) {
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
        if refusals.is_empty() { buffer::droppable(calls) } else { refusals }
    }

    fn show(&self, op: &BufferOp<V>, ret: Option<&BufferRet<V>>) -> String {
        buffer::show(op, ret)
    }
}
