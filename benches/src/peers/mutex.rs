//! The baseline that anyone can write: a parking_lot `Mutex<VecDeque>` with a
//! bound, waiting on two `Condvar`s or not waiting.

use crate::contender::{Backoff, BlockingHandle, Contender, Pop, Push};
use crate::peers::handles::clones;
use crate::shape::Shape;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::Arc;

/// The queue. A wait ends when the bound is respected again, or an item there.
#[derive(Debug)]
pub(super) struct LockedQueue {
    items: Mutex<VecDeque<u64>>,
    capacity: usize,
    not_full: Condvar,
    not_empty: Condvar,
}

impl LockedQueue {
    fn handles(shape: Shape, capacity: usize) -> (Vec<Arc<LockedQueue>>, Vec<Arc<LockedQueue>>) {
        let queue = Arc::new(LockedQueue {
            items: Mutex::new(VecDeque::with_capacity(capacity)),
            capacity,
            not_full: Condvar::new(),
            not_empty: Condvar::new(),
        });
        (clones(Arc::clone(&queue), shape.producers()), clones(queue, shape.consumers()))
    }
}

/// The queue with its two `Condvar`s: one waiter is woken for each item moved.
pub(super) struct MutexCondvar;

impl Contender for MutexCondvar {
    const NAME: &'static str = "parking_lot-mutex-condvar";
    const PACKAGE: &'static str = "parking_lot";
    const CALLS: &'static str = "Mutex<VecDeque>, two Condvars";
    type Push = BlockingHandle<Arc<LockedQueue>>;
    type Pop = BlockingHandle<Arc<LockedQueue>>;

    fn fits(_: Shape) -> Result<(), &'static str> {
        Ok(())
    }

    fn open(shape: Shape, capacity: usize) -> (Vec<Self::Push>, Vec<Self::Pop>) {
        let (pushes, pops) = LockedQueue::handles(shape, capacity);
        (pushes.into_iter().map(BlockingHandle).collect(), pops.into_iter().map(BlockingHandle).collect())
    }
}

impl Push for BlockingHandle<Arc<LockedQueue>> {
    #[inline]
    fn try_push(&mut self, item: u64) -> Result<(), u64> {
        self.0.try_push(item)?;
        self.0.not_empty.notify_one();
        Ok(())
    }

    #[inline]
    fn push(&mut self, item: u64, _: &Backoff) -> bool {
        let queue = &*self.0;
        let mut items = queue.items.lock();
        while items.len() == queue.capacity {
            queue.not_full.wait(&mut items);
        }
        items.push_back(item);
        drop(items);
        queue.not_empty.notify_one();
        true
    }
}

impl Pop for BlockingHandle<Arc<LockedQueue>> {
    #[inline]
    fn try_pop(&mut self) -> Option<u64> {
        let item = self.0.try_pop()?;
        self.0.not_full.notify_one();
        Some(item)
    }

    #[inline]
    fn pop(&mut self, _: &Backoff) -> Option<u64> {
        let queue = &*self.0;
        let mut items = queue.items.lock();
        let item = loop {
            match items.pop_front() {
                Some(item) => break item,
                None => queue.not_empty.wait(&mut items),
            }
        };
        drop(items);
        queue.not_full.notify_one();
        Some(item)
    }
}

/// The queue without its `Condvar`s.
pub(super) struct Try;

impl Contender for Try {
    const NAME: &'static str = "parking_lot-mutex-try";
    const PACKAGE: &'static str = "parking_lot";
    const CALLS: &'static str = "Mutex<VecDeque>, lock, push or pop";
    type Push = Arc<LockedQueue>;
    type Pop = Arc<LockedQueue>;

    fn fits(_: Shape) -> Result<(), &'static str> {
        Ok(())
    }

    fn open(shape: Shape, capacity: usize) -> (Vec<Self::Push>, Vec<Self::Pop>) {
        LockedQueue::handles(shape, capacity)
    }
}

impl Push for Arc<LockedQueue> {
    #[inline]
    fn try_push(&mut self, item: u64) -> Result<(), u64> {
        let mut items = self.items.lock();
        if items.len() == self.capacity {
            return Err(item);
        }
        items.push_back(item);
        Ok(())
    }
}

impl Pop for Arc<LockedQueue> {
    #[inline]
    fn try_pop(&mut self) -> Option<u64> {
        self.items.lock().pop_front()
    }
}
