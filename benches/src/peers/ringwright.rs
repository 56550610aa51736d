//! Ringwright's own structures.

use crate::contender::{Contender, Pop, Push};
use crate::peers::handles::{clones, one_to_one_only};
use crate::shape::Shape;
use ::ringwright::{PushError, mpmc, spsc};

/// `ringwright::spsc::bounded`.
pub(super) struct Spsc;

impl Contender for Spsc {
    const NAME: &'static str = "ringwright-spsc";
    const PACKAGE: &'static str = "ringwright";
    const CALLS: &'static str = "spsc::bounded, push, pop";
    type Push = spsc::Producer<u64>;
    type Pop = spsc::Consumer<u64>;

    fn fits(shape: Shape) -> Result<(), &'static str> {
        one_to_one_only(shape)
    }

    fn open(_: Shape, capacity: usize) -> (Vec<Self::Push>, Vec<Self::Pop>) {
        let (producer, consumer) = spsc::bounded(capacity);
        (vec![producer], vec![consumer])
    }
}

impl Push for spsc::Producer<u64> {
    #[inline]
    fn try_push(&mut self, item: u64) -> Result<(), u64> {
        spsc::Producer::push(self, item).map_err(refused)
    }
}

impl Pop for spsc::Consumer<u64> {
    #[inline]
    fn try_pop(&mut self) -> Option<u64> {
        spsc::Consumer::pop(self).ok()
    }
}

/// `ringwright::mpmc::bounded`.
pub(super) struct Mpmc;

impl Contender for Mpmc {
    const NAME: &'static str = "ringwright-mpmc";
    const PACKAGE: &'static str = "ringwright";
    const CALLS: &'static str = "mpmc::bounded, push, pop";
    type Push = mpmc::Producer<u64>;
    type Pop = mpmc::Consumer<u64>;

    fn fits(_: Shape) -> Result<(), &'static str> {
        Ok(())
    }

    fn open(shape: Shape, capacity: usize) -> (Vec<Self::Push>, Vec<Self::Pop>) {
        let (producer, consumer) = mpmc::bounded(capacity);
        (clones(producer, shape.producers()), clones(consumer, shape.consumers()))
    }
}

impl Push for mpmc::Producer<u64> {
    #[inline]
    fn try_push(&mut self, item: u64) -> Result<(), u64> {
        mpmc::Producer::push(self, item).map_err(refused)
    }
}

impl Pop for mpmc::Consumer<u64> {
    #[inline]
    fn try_pop(&mut self) -> Option<u64> {
        mpmc::Consumer::pop(self).ok()
    }
}

/// The item that was not taken.
#[inline]
fn refused(error: PushError<u64>) -> u64 {
    match error {
        PushError::Full(item) | PushError::Closed(item) => item,
    }
}
