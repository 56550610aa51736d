//! rtrb: a wait-free ring for one producer and one consumer.
//!
//! Driven one item a call. Its chunks, which move many items for one store,
//! would be another contest.

use crate::contender::{Contender, Pop, Push};
use crate::peers::handles::one_to_one_only;
use crate::shape::Shape;

/// `rtrb::RingBuffer`.
pub(super) struct Rtrb;

impl Contender for Rtrb {
    const NAME: &'static str = "rtrb";
    const PACKAGE: &'static str = "rtrb";
    const CALLS: &'static str = "RingBuffer, push, pop";
    type Push = rtrb::Producer<u64>;
    type Pop = rtrb::Consumer<u64>;

    fn fits(shape: Shape) -> Result<(), &'static str> {
        one_to_one_only(shape)
    }

    fn open(_: Shape, capacity: usize) -> (Vec<Self::Push>, Vec<Self::Pop>) {
        let (producer, consumer) = rtrb::RingBuffer::new(capacity);
        (vec![producer], vec![consumer])
    }
}

impl Push for rtrb::Producer<u64> {
    #[inline]
    fn try_push(&mut self, item: u64) -> Result<(), u64> {
        rtrb::Producer::push(self, item).map_err(|rtrb::PushError::Full(item)| item)
    }
}

impl Pop for rtrb::Consumer<u64> {
    #[inline]
    fn try_pop(&mut self) -> Option<u64> {
        rtrb::Consumer::pop(self).ok()
    }
}
