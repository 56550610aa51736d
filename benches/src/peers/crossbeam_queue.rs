//! crossbeam-queue: a bounded array and an unbounded list of segments.

use crate::contender::{Contender, Pop, Push};
use crate::peers::handles::clones;
use crate::shape::Shape;
use crossbeam_queue::{ArrayQueue, SegQueue};
use std::sync::Arc;

/// `ArrayQueue`, shared by an `Arc`.
pub(super) struct Array;

impl Contender for Array {
    const NAME: &'static str = "crossbeam-array-queue";
    const PACKAGE: &'static str = "crossbeam-queue";
    const CALLS: &'static str = "ArrayQueue, push, pop";
    type Push = Arc<ArrayQueue<u64>>;
    type Pop = Arc<ArrayQueue<u64>>;

    fn fits(_: Shape) -> Result<(), &'static str> {
        Ok(())
    }

    fn open(shape: Shape, capacity: usize) -> (Vec<Self::Push>, Vec<Self::Pop>) {
        let queue = Arc::new(ArrayQueue::new(capacity));
        (clones(Arc::clone(&queue), shape.producers()), clones(queue, shape.consumers()))
    }
}

impl Push for Arc<ArrayQueue<u64>> {
    #[inline]
    fn try_push(&mut self, item: u64) -> Result<(), u64> {
        ArrayQueue::push(self, item)
    }
}

impl Pop for Arc<ArrayQueue<u64>> {
    #[inline]
    fn try_pop(&mut self) -> Option<u64> {
        ArrayQueue::pop(self)
    }
}

/// `SegQueue`, shared by an `Arc`. It is unbounded: its producers never wait.
pub(super) struct Seg;

impl Contender for Seg {
    const NAME: &'static str = "crossbeam-seg-queue";
    const PACKAGE: &'static str = "crossbeam-queue";
    const CALLS: &'static str = "SegQueue (unbounded), push, pop";
    type Push = Arc<SegQueue<u64>>;
    type Pop = Arc<SegQueue<u64>>;

    fn fits(_: Shape) -> Result<(), &'static str> {
        Ok(())
    }

    fn open(shape: Shape, _: usize) -> (Vec<Self::Push>, Vec<Self::Pop>) {
        let queue = Arc::new(SegQueue::new());
        (clones(Arc::clone(&queue), shape.producers()), clones(queue, shape.consumers()))
    }
}

impl Push for Arc<SegQueue<u64>> {
    #[inline]
    fn try_push(&mut self, item: u64) -> Result<(), u64> {
        SegQueue::push(self, item);
        Ok(())
    }
}

impl Pop for Arc<SegQueue<u64>> {
    #[inline]
    fn try_pop(&mut self) -> Option<u64> {
        SegQueue::pop(self)
    }
}
