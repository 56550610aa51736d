//! The queue of ready tasks, and the wakers that put a task there.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// The tasks that wakers have made ready, each once. Wakers must be
/// `Send + Sync`, so this is behind a lock although only one thread ever comes
/// here.
#[derive(Default)]
pub(super) struct ReadyQueue(Mutex<ReadyList>);

#[derive(Default)]
struct ReadyList {
    order: VecDeque<usize>,
    queued: Vec<bool>,
}

impl ReadyQueue {
    fn list(&self) -> MutexGuard<'_, ReadyList> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, task: usize) {
        let mut list = self.list();
        if list.queued.len() <= task {
            list.queued.resize(task + 1, false);
        }
        if !list.queued[task] {
            list.queued[task] = true;
            list.order.push_back(task);
        }
    }

    pub(super) fn pop(&self) -> Option<usize> {
        let mut list = self.list();
        let task = list.order.pop_front()?;
        list.queued[task] = false;
        Some(task)
    }

    pub(super) fn all(&self) -> Vec<usize> {
        self.list().order.iter().copied().collect()
    }

    /// The waker of a task.
    pub(super) fn waker_of(self: &Arc<Self>, task: usize) -> Waker {
        Waker::from(Arc::new(ReadyWaker { task, ready: Arc::clone(self) }))
    }
}

struct ReadyWaker {
    task: usize,
    ready: Arc<ReadyQueue>,
}

impl Wake for ReadyWaker {
    fn wake(self: Arc<Self>) {
        self.ready.push(self.task);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.push(self.task);
    }
}

/// Keeps `waker`, unless what is kept wakes the same task.
pub(super) fn remember(kept: &mut Option<Waker>, waker: &Waker) {
    if !kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
        *kept = Some(waker.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_ready_once_however_often_it_is_woken() {
        let ready = Arc::new(ReadyQueue::default());
        let (first, second) = (ready.waker_of(3), ready.waker_of(1));
        first.wake_by_ref();
        second.wake_by_ref();
        first.wake();
        assert_eq!(ready.all(), [3, 1]);
        assert_eq!(ready.pop(), Some(3));
        ready.push(3);
        assert_eq!([ready.pop(), ready.pop(), ready.pop()], [Some(1), Some(3), None]);
    }
}
