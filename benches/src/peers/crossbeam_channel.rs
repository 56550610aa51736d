//! crossbeam-channel: a bounded channel, blocking and not.

use crate::contender::{Backoff, BlockingHandle, Contender, Pop, Push};
use crate::peers::handles::clones;
use crate::shape::Shape;
use crossbeam_channel::{Receiver, Sender, bounded};

/// The channel through `send` and `recv`.
pub(super) struct Channel;

impl Contender for Channel {
    const NAME: &'static str = "crossbeam-channel";
    const PACKAGE: &'static str = "crossbeam-channel";
    const CALLS: &'static str = "bounded, send, recv";
    type Push = BlockingHandle<Sender<u64>>;
    type Pop = BlockingHandle<Receiver<u64>>;

    fn fits(_: Shape) -> Result<(), &'static str> {
        Ok(())
    }

    fn open(shape: Shape, capacity: usize) -> (Vec<Self::Push>, Vec<Self::Pop>) {
        let (senders, receivers) = ChannelTry::open(shape, capacity);
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
pub(super) struct ChannelTry;

impl Contender for ChannelTry {
    const NAME: &'static str = "crossbeam-channel-try";
    const PACKAGE: &'static str = "crossbeam-channel";
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
