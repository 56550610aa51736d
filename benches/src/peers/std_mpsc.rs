//! `std::sync::mpsc::sync_channel`: bounded, for one consumer.

use crate::contender::{Backoff, BlockingHandle, Contender, Pop, Push};
use crate::peers::handles::{clones, one_consumer_only};
use crate::shape::Shape;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// The channel through `send` and `recv`.
pub(super) struct SyncChannel;

impl Contender for SyncChannel {
    const NAME: &'static str = "std-sync-channel";
    const PACKAGE: &'static str = "std";
    const CALLS: &'static str = "sync_channel, send, recv";
    type Push = BlockingHandle<SyncSender<u64>>;
    type Pop = BlockingHandle<Receiver<u64>>;

    fn fits(shape: Shape) -> Result<(), &'static str> {
        one_consumer_only(shape)
    }

    fn open(shape: Shape, capacity: usize) -> (Vec<Self::Push>, Vec<Self::Pop>) {
        let (senders, receivers) = SyncChannelTry::open(shape, capacity);
        (
            senders.into_iter().map(BlockingHandle).collect(),
            receivers.into_iter().map(BlockingHandle).collect(),
        )
    }
}

impl Push for BlockingHandle<SyncSender<u64>> {
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
pub(super) struct SyncChannelTry;

impl Contender for SyncChannelTry {
    const NAME: &'static str = "std-sync-channel-try";
    const PACKAGE: &'static str = "std";
    const CALLS: &'static str = "sync_channel, try_send, try_recv";
    type Push = SyncSender<u64>;
    type Pop = Receiver<u64>;

    fn fits(shape: Shape) -> Result<(), &'static str> {
        one_consumer_only(shape)
    }

    fn open(shape: Shape, capacity: usize) -> (Vec<Self::Push>, Vec<Self::Pop>) {
        let (sender, receiver) = sync_channel(capacity);
        (clones(sender, shape.producers()), vec![receiver])
    }
}

impl Push for SyncSender<u64> {
    #[inline]
    fn try_push(&mut self, item: u64) -> Result<(), u64> {
        self.try_send(item).map_err(|error| match error {
            TrySendError::Full(item) | TrySendError::Disconnected(item) => item,
        })
    }
}

impl Pop for Receiver<u64> {
    #[inline]
    fn try_pop(&mut self) -> Option<u64> {
        self.try_recv().ok()
    }
}
