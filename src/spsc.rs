//! A bounded queue for one producer and one consumer: a ring with cached ends.
//!
//! # State
//!
//! - `head`: the next position to pop. Written by the consumer only.
//! - `tail`: the next position to push. Written by the producer only. Its flag
//!   says that the producer is gone, so it is set by the last write of all.
//! - `consumer_gone`: set once, when the consumer is dropped. It sits on a cache
//!   line that nobody writes before that, so reading it costs no traffic.
//! - Each handle keeps its own end and the last value it saw of the other one:
//!   `limit` (the position at which the ring would be full) in the producer,
//!   `tail` in the consumer.
//!
//! # Push and pop
//!
//! 1. Push looks at `consumer_gone`, then compares its tail with `limit`. Only
//!    if they are equal it reads the shared `head`; if they still are, the ring
//!    is full. It writes the slot and **publishes** it by storing `tail`.
//! 2. Pop compares its head with its cached tail. Only if they are equal it
//!    reads the shared `tail`; if they still are, the ring is empty, and closed
//!    if the flag is set. It takes the item and **releases** the slot by storing
//!    `head`.
//!
//! # Invariants
//!
//! - I1: `head` and `tail` each move forward only, and
//!   `head <= tail <= head + capacity`.
//! - I2: slots in `head .. tail` hold an item; only the consumer accesses them.
//! - I3: all other slots hold none; only the producer accesses them.
//! - I4: a cached value is one that the other end once stored. By I1 the room
//!   and the items that it shows are there; there may be more.
//!
//! # Orderings
//!
//! - `tail`: the Release store in `push` pairs with the Acquire load in `pop`
//!   (`refresh`): the item is written before it is read.
//! - `tail`: the Release store in the producer's `drop` replaces the last one of
//!   `push`, so it has to carry the items as well, and pairs with the same load.
//! - `head`: the Release store in `pop` pairs with the Acquire load in `push`
//!   (`refresh`): the item is taken before its slot is written again.
//! - `consumer_gone`: the Release store in the consumer's `drop` pairs with the
//!   Acquire load in `is_closed`, which `push` repeats when its Relaxed look
//!   found the flag set: what the consumer did is visible to who learns of it.
//!
//! # Why not otherwise
//!
//! - Why not the other end's flag in `head`: the producer reads `head` only when
//!   the ring seems full, and `Closed` must not wait for that.
//! - Why not one index less, or a count: a full ring and an empty one differ in
//!   the lap of the position (`src/position.rs`), so neither a slot
//!   nor a shared counter is spent on it.
//! - Why not a batch of pops before `head` is stored: `Full` would be wrong for
//!   as long as the batch lasts.
//!
//! # Checked by
//!
//! `loom-tests/tests/spsc.rs` (models), `loom-tests/tests/seeded.rs` (twins),
//! `tests/conformance.rs`, `tests/stress.rs`.
//!
//! # Source
//!
//! The ring with one writer for each end: L. Lamport, "Proving the Correctness
//! of Multiprocess Programs", IEEE TSE 3(2), 1977, and "Specifying Concurrent
//! Program Modules", ACM TOPLAS 5(2), 1983. The local copy of the other end: P.
//! Lee, T. Bu, G. Chandranmenon, "A Lock-Free, Cache-Efficient Multi-Core
//! Synchronization Mechanism for Line-Rate Network Traffic Monitoring"
//! (MCRingBuffer), IPDPS 2010. We differ in: closing; positions with laps; our
//! own end is published at each call and not in batches.

use crate::error::{PopError, PushError};
use crate::position::{AtomicWord, Position, Shape};
use crate::slot::{Slot, SlotsView, discard_all};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};
use alloc::boxed::Box;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::panic::{RefUnwindSafe, UnwindSafe};
use crossbeam_utils::CachePadded;

/// Makes a queue for at most `capacity` items, and gives its two ends.
///
/// Any capacity of at least 1 works and none is rounded: exactly `capacity`
/// items fit. The slots are allocated here, once; nothing is allocated later.
/// See [`Producer`] for what the queue guarantees.
///
/// Complexity: O(`capacity`) at most.
///
/// # Panics
///
/// If `capacity` is 0, or so large that the slots would need more than
/// `isize::MAX` bytes. (If there is less memory than they need, the process
/// ends, as it does with any collection.)
///
/// # Examples
///
/// ```
/// use ringwright::{PopError, PushError, spsc};
///
/// let (mut producer, mut consumer) = spsc::bounded(2);
/// producer.push(1).unwrap();
/// producer.push(2).unwrap();
/// assert_eq!(producer.push(3), Err(PushError::Full(3)));
/// assert_eq!(consumer.pop(), Ok(1));
/// assert_eq!(consumer.pop(), Ok(2));
/// assert_eq!(consumer.pop(), Err(PopError::Empty));
/// ```
#[track_caller]
pub fn bounded<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    let shape = Shape::new(capacity);
    let shared = Arc::new(Shared {
        head: CachePadded::new(AtomicWord::new(Position::START.0)),
        tail: CachePadded::new(AtomicWord::new(Position::START.0)),
        consumer_gone: AtomicBool::new(false),
        slots: (0..capacity).map(|_| Slot::empty()).collect(),
        shape,
    });
    let slots = SlotsView::of(&shared.slots);
    let producer = Producer {
        shared: Arc::clone(&shared),
        slots,
        shape,
        tail: Position::START,
        limit: shape.lap_on(Position::START),
        not_sync: PhantomData,
    };
    let consumer = Consumer {
        shared,
        slots,
        shape,
        head: Position::START,
        tail: Position::START,
        not_sync: PhantomData,
    };
    (producer, consumer)
}

/// What the two handles share. Dropped with the second one.
struct Shared<T> {
    /// The next position to pop, flag always clear. Written by the consumer only.
    head: CachePadded<AtomicWord>,
    /// The next position to push; flagged when the producer is gone. Written by the producer only.
    tail: CachePadded<AtomicWord>,
    /// Whether the consumer is gone. Shares its cache line only with what never changes.
    consumer_gone: AtomicBool,
    /// One slot an index.
    slots: Box<[Slot<T>]>,
    /// What the capacity makes of positions.
    shape: Shape,
}

impl<T> Shared<T> {
    /// How many items there were, if nobody is at work meanwhile.
    fn len(&self) -> usize {
        // Relaxed: a count is stale when it returns anyway, and no slot is
        // accessed on the strength of it.
        let head = Position(self.head.load(Ordering::Relaxed));
        let tail = Position(self.tail.load(Ordering::Relaxed));
        self.shape.distance(head, tail)
    }

    /// Whether the consumer is gone. If so, what it did is visible after this.
    fn consumer_is_gone(&self) -> bool {
        // Acquire: pairs with the Release store in the consumer's `drop`.
        self.consumer_gone.load(Ordering::Acquire)
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // Relaxed: `Arc` has seen both handles go before this runs, so these
        // are the last values that were stored.
        let head = Position(self.head.load(Ordering::Relaxed));
        let tail = Position(self.tail.load(Ordering::Relaxed)).unflagged();
        let left = self.shape.indices(head, tail).map(|i| &self.slots[i]);
        // SAFETY: I2: these slots hold items, and no handle is left to touch them.
        unsafe { discard_all(left) };
    }
}

/// The end that pushes.
///
/// Choose this queue when exactly one thread pushes and one pops: no call
/// retries, and none uses an atomic read-modify-write. It never allocates after
/// [`bounded`], never waits and never overwrites an item.
///
/// | roles | capacity | push | pop | memory |
/// |-------|----------|------|-----|--------|
/// | 1 producer, 1 consumer | fixed, any ≥ 1 (items) | wait-free, O(1) | wait-free, O(1) | `capacity * size_of::<T>()` and 4 padded cache lines |
///
/// The handle can move to another thread ([`Send`]) but not be shared by two
/// (not [`Sync`]) and not be cloned.
///
/// # Guarantees
///
/// - Order: first in, first out.
/// - Visibility: a push that returned `Ok` happens before the pop that returns its item.
/// - `Full`, `Empty` and `Closed` were true at the linearization point of the
///   call, which for `Full` and `Empty` is a load. They order nothing: a thread
///   that learns in another way that the other end has moved on, and is not
///   synchronized with it, may still be told what was true before. By the order
///   of happens-before the queue is linearizable with such
///   stale answers allowed (`check::linearize::Queue::with_stale_answers`).
/// - Dropping an end closes the queue. The producer gets
///   [`Closed`](PushError::Closed) from the next push on; the consumer gets
///   [`Closed`](PopError::Closed) after the last item.
/// - Items that nobody popped are dropped once, with the second handle to go,
///   also if the drop of one of them panics.
///
/// # Not guaranteed
///
/// `len` and its kin may be stale when they return. Nothing wakes a waiting thread.
///
/// # Algorithm
///
/// Lamport's ring with a local copy of the other end, as in MCRingBuffer; the
/// head of this module's source has the argument and the papers.
///
/// # Examples
///
/// ```
/// use ringwright::{PopError, PushError, spsc};
/// use std::thread;
///
/// let (mut producer, mut consumer) = spsc::bounded(4);
/// let pushing = thread::spawn(move || {
///     for mut item in 0..100 {
///         while let Err(PushError::Full(back)) = producer.push(item) {
///             item = back;
///             thread::yield_now();
///         }
///     }
/// });
/// let mut sum = 0;
/// loop {
///     match consumer.pop() {
///         Ok(item) => sum += item,
///         Err(PopError::Empty) => thread::yield_now(),
///         Err(PopError::Closed) => break,
///     }
/// }
/// pushing.join().unwrap();
/// assert_eq!(sum, 4950);
/// ```
pub struct Producer<T> {
    shared: Arc<Shared<T>>,
    /// Where `shared.slots` is.
    slots: SlotsView<Slot<T>>,
    /// A copy of `shared.shape`.
    shape: Shape,
    /// What `shared.tail` holds: only we write it.
    tail: Position,
    /// The tail at which the ring would be full, by the last head that we saw (I4).
    limit: Position,
    /// One thread at a time.
    not_sync: PhantomData<Cell<()>>,
}

impl<T> Producer<T> {
    /// Moves `item` into the next free slot and publishes it.
    ///
    /// # Errors
    ///
    /// - [`PushError::Closed`] with `item` inside, if the consumer is gone. From
    ///   the moment at which its drop has happened before the call, every push says so.
    /// - [`PushError::Full`] with `item` inside, if all slots hold an item.
    ///
    /// Either way the queue is unchanged.
    ///
    /// # Panics
    ///
    /// Never.
    ///
    /// # Concurrency
    ///
    /// - Progress: wait-free, O(1): at most 3 loads and 1 store of shared memory.
    /// - Linearization point: the Release store of the tail (or the drop of the
    ///   consumer, if that comes between the look at it and this store); for
    ///   `Full` the Acquire load of the head; for `Closed` the load of the flag.
    /// - Ordering: the push happens before the [`Consumer::pop`] that returns
    ///   the item; the drop of the consumer happens before the return of `Closed`.
    #[inline]
    pub fn push(&mut self, item: T) -> Result<(), PushError<T>> {
        // Relaxed: nothing is read on the strength of a clear flag, and for a
        // set one `is_closed` looks again.
        if self.shared.consumer_gone.load(Ordering::Relaxed) && self.is_closed() {
            return Err(PushError::Closed(item));
        }
        if self.tail == self.limit && !self.refresh() {
            return Err(PushError::Full(item));
        }
        let index = self.shape.index(self.tail);
        // SAFETY: `shared` keeps the slots alive, and an index is less than the
        // capacity. The tail is below the limit, so by I4 and I3 the slot is
        // empty and ours.
        unsafe { self.slots.at(index).write(item) };
        self.tail = self.shape.next(self.tail);
        // Release: pairs with the Acquire load in `refresh` of the consumer;
        // makes the item visible with the position.
        self.shared.tail.store(self.tail.0, Ordering::Release);
        Ok(())
    }

    /// Reads the shared head. Gives whether there is room now.
    fn refresh(&mut self) -> bool {
        // Acquire: pairs with the Release store in `pop`; the items of the
        // slots that it released have been taken.
        let head = Position(self.shared.head.load(Ordering::Acquire));
        self.limit = self.shape.lap_on(head);
        self.tail != self.limit
    }

    /// How many items fit.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.shape.capacity()
    }

    /// How many items are in the queue. The consumer may take some at any time,
    /// so there may be fewer when this returns, but not more. O(1), wait-free;
    /// synchronizes with nothing.
    #[inline]
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether [`len`](Producer::len) is 0. If it is, that stays true until the next push.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether [`len`](Producer::len) is the capacity. It may stop being so at
    /// any time; if it is not, the next push finds room.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    /// Whether the consumer is gone. Once true it stays true, and all that the
    /// consumer did happens before the return. O(1), wait-free.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.shared.consumer_is_gone()
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        // Release: pairs with the Acquire load in `refresh` of the consumer,
        // which may see this store and none of those in `push`: it has to carry
        // the items as well.
        self.shared.tail.store(self.tail.flagged().0, Ordering::Release);
    }
}

// No code of the item's runs inside a call, so a panic never leaves a queue half changed.
impl<T> UnwindSafe for Producer<T> {}
impl<T> RefUnwindSafe for Producer<T> {}

/// Prints the counts, and so needs no `T: Debug`.
impl<T> fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

/// The end that pops. See [`Producer`] for what the queue guarantees.
///
/// The handle can move to another thread ([`Send`]) but not be shared by two
/// (not [`Sync`]) and not be cloned.
pub struct Consumer<T> {
    shared: Arc<Shared<T>>,
    /// Where `shared.slots` is.
    slots: SlotsView<Slot<T>>,
    /// A copy of `shared.shape`.
    shape: Shape,
    /// What `shared.head` holds: only we write it.
    head: Position,
    /// The last tail that we saw, flag clear (I4).
    tail: Position,
    /// One thread at a time.
    not_sync: PhantomData<Cell<()>>,
}

impl<T> Consumer<T> {
    /// Moves the oldest item out and releases its slot.
    ///
    /// # Errors
    ///
    /// - [`PopError::Empty`], if no item is there.
    /// - [`PopError::Closed`], if no item is there and the producer is gone: no
    ///   item will ever come.
    ///
    /// # Panics
    ///
    /// Never.
    ///
    /// # Concurrency
    ///
    /// - Progress: wait-free, O(1): at most 1 load and 1 store of shared memory.
    /// - Linearization point: the Release store of the head; for `Empty` and
    ///   `Closed` the Acquire load of the tail.
    /// - Ordering: the [`Producer::push`] of the item happens before the return;
    ///   the drop of the producer happens before the return of `Closed`; this
    ///   pop happens before the push that uses the slot next.
    #[inline]
    pub fn pop(&mut self) -> Result<T, PopError> {
        if self.head == self.tail {
            self.refresh()?;
        }
        let index = self.shape.index(self.head);
        // SAFETY: `shared` keeps the slots alive, and an index is less than the
        // capacity. The head is below a tail that we saw, so by I4 and I2 the
        // slot holds an item for us, and the step below leaves it behind.
        let item = unsafe { self.slots.at(index).take() };
        self.head = self.shape.next(self.head);
        // Release: pairs with the Acquire load in `refresh` of the producer;
        // the item is out before its slot is written again.
        self.shared.head.store(self.head.0, Ordering::Release);
        Ok(item)
    }

    /// Borrows the oldest item and leaves it where it is.
    ///
    /// # Errors
    ///
    /// As for [`pop`](Consumer::pop).
    ///
    /// # Panics
    ///
    /// Never.
    ///
    /// # Concurrency
    ///
    /// - Progress: wait-free, O(1): at most 1 load of shared memory.
    /// - Linearization point: the Acquire load of the tail that first showed the item.
    /// - Ordering: the push of the item happens before the return.
    ///
    /// # Examples
    ///
    /// ```
    /// use ringwright::{PopError, spsc};
    ///
    /// let (mut producer, mut consumer) = spsc::bounded(2);
    /// assert_eq!(consumer.peek(), Err(PopError::Empty));
    /// producer.push(5).unwrap();
    /// assert_eq!(consumer.peek(), Ok(&5));
    /// assert_eq!(consumer.pop(), Ok(5));
    /// ```
    #[inline]
    pub fn peek(&mut self) -> Result<&T, PopError> {
        if self.head == self.tail {
            self.refresh()?;
        }
        let index = self.shape.index(self.head);
        // SAFETY: as in `pop`; and the item stays there while `self` is
        // borrowed, because only we could take it (I2).
        Ok(unsafe { self.slots.at(index).borrow() })
    }

    /// Pops until the queue is empty or closed.
    ///
    /// Each step of the iterator is one [`pop`](Consumer::pop): what is pushed
    /// meanwhile comes too, and items not yet reached stay in the queue when the
    /// iterator is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// let (mut producer, mut consumer) = ringwright::spsc::bounded(4);
    /// (0..3).for_each(|item| producer.push(item).unwrap());
    /// assert_eq!(consumer.drain().collect::<Vec<_>>(), [0, 1, 2]);
    /// ```
    #[inline]
    pub fn drain(&mut self) -> Drain<'_, T> {
        Drain { consumer: self }
    }

    /// Reads the shared tail. `Ok` if there is an item now.
    fn refresh(&mut self) -> Result<(), PopError> {
        // Acquire: pairs with the Release store in `push`, and with the one in
        // the producer's `drop`; the items up to this tail are visible.
        let tail = Position(self.shared.tail.load(Ordering::Acquire));
        self.tail = tail.unflagged();
        if self.head != self.tail {
            Ok(())
        } else if tail.is_flagged() {
            Err(PopError::Closed)
        } else {
            Err(PopError::Empty)
        }
    }

    /// How many items fit.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.shape.capacity()
    }

    /// How many items are in the queue. The producer may push some at any time,
    /// so there may be more when this returns, but not fewer. O(1), wait-free;
    /// synchronizes with nothing.
    #[inline]
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether [`len`](Consumer::len) is 0. It may stop being so at any time;
    /// if it is not, the next pop finds an item.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether [`len`](Consumer::len) is the capacity. If it is, that stays true until the next pop.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    /// Whether the producer is gone. Items may still be there: pop until
    /// [`PopError::Closed`]. Once true it stays true, and all that the producer
    /// did happens before the return. O(1), wait-free.
    #[inline]
    pub fn is_closed(&self) -> bool {
        // Acquire: pairs with the Release store in the producer's `drop`.
        Position(self.shared.tail.load(Ordering::Acquire)).is_flagged()
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        // Release: pairs with the Acquire load in `is_closed` of the producer;
        // who learns that we are gone sees what we did.
        self.shared.consumer_gone.store(true, Ordering::Release);
    }
}

// No code of the item's runs inside a call, so a panic never leaves a queue half changed.
impl<T> UnwindSafe for Consumer<T> {}
impl<T> RefUnwindSafe for Consumer<T> {}

/// Prints the counts, and so needs no `T: Debug`.
impl<T> fmt::Debug for Consumer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

/// Pops until the queue is empty or closed. Made by [`Consumer::drain`].
#[derive(Debug)]
pub struct Drain<'a, T> {
    consumer: &'a mut Consumer<T>,
}

impl<T> Iterator for Drain<'_, T> {
    type Item = T;

    /// The next item, or `None` if the queue is empty just now. It may give
    /// items again after that.
    #[inline]
    fn next(&mut self) -> Option<T> {
        self.consumer.pop().ok()
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.consumer.len(), None)
    }
}
