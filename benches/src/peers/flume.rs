//! flume: a bounded channel over a lock and a `VecDeque`, blocking and not.

use crate::contender::{Backoff, BlockingHandle, Contender, Pop, Push};
use crate::peers::handles::clones;
use crate::shape::Shape;
use flume::{Receiver, Sender, bounded};

/// The channel through `send` and `recv`.
pub(super) struct Flume;

impl Contender for Flume {
    const NAME: &'static str = "flume";
    const PACKAGE: &'static str = "flume";
    const CALLS: &'static str = "bounded, send, recv";
    type Push = BlockingHandle<Sender<u64>>;
    type Pop = BlockingHandle<Receiver<u64>>;

    fn fits(_: Shape) -> Result<(), &'static str> {
        Ok(())
    }

    fn open(shape: Shape, capacity: usize) -> (Vec<Self::Push>, Vec<Self::Pop>) {
        let (senders, receivers) = FlumeTry::open(shape, capacity);
        (
            senders.into_iter().map(BlockingHandle).collect(),
            receivers.into_iter().map(BlockingHandle).collect(),
        )
    }
}

impl Push for BlockingHandle<Sender<u64>> {
    #[inline]
    fn try_push(&mut self, item: u64) -> Result<(), u64> {
        self.0.try_push(item)
    }

    #[inline]
    fn push(&mut self, item: u64, _: &Backoff) -> bool {
        self.0.send(item).is_ok()
    }
}

impl Pop for BlockingHandle<Receiver<u64>> {
    #[inline]
    fn try_pop(&mut self) -> Option<u64> {
        self.0.try_pop()
    }

    #[inline]
    fn pop(&mut self, _: &Backoff) -> Option<u64> {
        self.0.recv().ok()
    }
}

/// The channel through `try_send` and `try_recv`.
pub(super) struct FlumeTry;

impl Contender for FlumeTry {
    const NAME: &'static str = "flume-try";
    const PACKAGE: &'static str = "flume";
    const CALLS: &'static str = "bounded, try_send, try_recv";
    type Push = Sender<u64>;
    type Pop = Receiver<u64>;

    fn fits(_: Shape) -> Result<(), &'static str> {
        Ok(())
    }

    fn open(shape: Shape, capacity: usize) -> (Vec<Self::Push>, Vec<Self::Pop>) {
        let (sender, receiver) = bounded(capacity);
        (clones(sender, shape.producers()), clones(receiver, shape.consumers()))
    }
}

impl Push for Sender<u64> {
    #[inline]
    fn try_push(&mut self, item: u64) -> Result<(), u64> {
        self.try_send(item).map_err(|error| error.into_inner())
    }
}

impl Pop for Receiver<u64> {
    #[inline]
    fn try_pop(&mut self) -> Option<u64> {
        self.try_recv().ok()
    }
}
