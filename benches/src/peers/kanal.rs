//! kanal: a bounded channel over a lock and a `VecDeque`, blocking and not.

use crate::contender::{Backoff, BlockingHandle, Contender, Pop, Push};
use crate::peers::handles::clones;
use crate::shape::Shape;
use kanal::{Receiver, Sender, bounded};

/// The channel through `send` and `recv`.
pub(super) struct Kanal;

impl Contender for Kanal {
    const NAME: &'static str = "kanal";
    const PACKAGE: &'static str = "kanal";
    const CALLS: &'static str = "bounded, send, recv";
    type Push = BlockingHandle<Sender<u64>>;
    type Pop = BlockingHandle<Receiver<u64>>;

    fn fits(_: Shape) -> Result<(), &'static str> {
        Ok(())
    }

    fn open(shape: Shape, capacity: usize) -> (Vec<Self::Push>, Vec<Self::Pop>) {
        let (senders, receivers) = KanalTry::open(shape, capacity);
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

/// The channel through `try_send_option`, which unlike `try_send` keeps an item
/// that found no room, and `try_recv`.
pub(super) struct KanalTry;

impl Contender for KanalTry {
    const NAME: &'static str = "kanal-try";
    const PACKAGE: &'static str = "kanal";
    const CALLS: &'static str = "bounded, try_send_option, try_recv";
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
        match self.try_send_option(&mut Some(item)) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(item),
        }
    }
}

impl Pop for Receiver<u64> {
    #[inline]
    fn try_pop(&mut self) -> Option<u64> {
        self.try_recv().ok().flatten()
    }
}
