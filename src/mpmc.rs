//! A bounded queue for many producers and many consumers: a ring of stamped slots.
//!
//! # State
//!
//! - `tail`: the next position to push. Producers claim positions by moving it.
//!   Its flag says that the last consumer is gone; a flagged tail moves no more.
//! - `head`: the next position to pop. Consumers claim positions by moving it.
//! - `stamp`, one a slot: whose turn it is there. For a position `p` with this
//!   slot's index, flag clear:
//!
//!   | stamp | the slot | who acts next |
//!   |---|---|---|
//!   | `p` | is empty | the producer that claims `p` |
//!   | `p` flagged | holds the item of `p` | the consumer that claims `p` |
//!   | `p` one lap on | is empty | the producer that claims that position |
//!
//! - `producers`, `consumers`: how many handles there are. Zero means closed.
//!
//! # Push and pop
//!
//! Both ask the slot at their end for its turn (`Position::turn`).
//!
//! - *Now*: **claim** the position by a compare-and-swap of the end. Push then
//!   writes the slot and **publishes** it by the stamp `p` flagged; pop takes the
//!   item and **releases** the slot by the stamp one lap on. If the swap fails,
//!   another thread took the position: pause (`Backoff`), then try the next one.
//! - *Past*: the end that was read is stale. Read it again.
//! - *Not yet*: push says `Closed` if the tail is flagged, else `Full`. Pop says
//!   `Empty` if a producer is left; if none is, all pushes are done, and pop
//!   looks once more before it says `Closed`.
//!
//! # Invariants
//!
//! - I1: each position is claimed once for push and once for pop, in order,
//!   because the ends only move forward and only by a compare-and-swap.
//! - I2: the stamp of a slot changes only by the thread that claimed the
//!   position that the stamp was waiting for. So from its claim to its store of
//!   the stamp that thread alone accesses the slot's item.
//! - I3: a stamp `p` means that the slot is empty, `p` flagged that it holds an item.
//! - I4: a flagged tail is final: position `tail` is never claimed, so no stamp
//!   ever equals the flagged tail, and each turn against it is *not yet*.
//!
//! # Orderings
//!
//! - `stamp`: the Release store in `push` pairs with the Acquire load in `pop`:
//!   the item is written before it is read.
//! - `stamp`: the Release store in `pop` pairs with the Acquire load in `push`:
//!   the item is taken before its slot is written again.
//! - `producers`: the Release decrement in the producer's `drop` pairs with the
//!   Acquire load in `pop` that finds zero: what was pushed is visible to who
//!   would say `Closed`. The decrements form one release sequence, so the last
//!   of them stands for all.
//! - `consumers`: the AcqRel decrement in the consumer's `drop` gathers what all
//!   consumers did; then `tail`: the Release store of the flag pairs with the
//!   Acquire load in `is_closed`, which `push` repeats before it says `Closed`.
//! - `head` and `tail` are otherwise Relaxed: a claim gives a right and carries
//!   no data. The stamp, which was loaded before the claim, carries it.
//!
//! # Why not otherwise
//!
//! - Why no wait for a claimed position to be published or released: a call
//!   would hang for as long as that thread is stopped. The price is a `Full` or
//!   `Empty` that is not exact while a claim is open; see [`Producer`].
//! - Why not a look at the other end before `Full` or `Empty`: it is not needed
//!   (the stamp knows), and the end's cache line is the busiest of all.
//! - Why the pauses: two threads that claim at one end in turn move its cache
//!   line with each claim. Measured on two cores with 2 producers and 2
//!   consumers, pauses made the queue two to three times as fast. A pause when
//!   the queue is full or empty was tried as well; it slows down the shapes
//!   with one thread at an end, and the caller knows better how to wait.
//! - Why a cache line for each slot: measured as above, with four or two slots
//!   on a line the queue was slower by a quarter with as many producers as
//!   consumers, and by less with a single thread at one end. The price is
//!   memory: 64 bytes for a small item.
//! - ABA: a claim that slept through all laps of the word could succeed by
//!   mistake. With 64 bits that takes more than 2^62 items; with 32 bits (only
//!   on targets without 64-bit atomics) more than 2^30.
//!
//! # Checked by
//!
//! `loom-tests/tests/mpmc.rs` (models), `loom-tests/tests/seeded.rs` (twins),
//! `tests/conformance.rs`, `tests/stress.rs`.
//!
//! # Source
//!
//! D. Vyukov, "Bounded MPMC queue",
//! <https://www.1024cores.net/home/lock-free-algorithms/queues/bounded-mpmc-queue>.
//! We differ in: any capacity, by positions with laps
//! (`src/position.rs`); full and empty slots told apart by a flag,
//! which makes a capacity of 1 work; closing.

use crate::error::{PopError, PushError};
use crate::position::{AtomicWord, FLAG, Position, Shape, Turn};
use crate::slot::{Slot, SlotsView, discard_all};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::hint;
use alloc::boxed::Box;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use crossbeam_utils::CachePadded;

/// Makes a queue for at most `capacity` items, and gives its first two handles.
///
/// Clone the handles to get more of either kind. Any capacity of at least 1
/// works and none is rounded: exactly `capacity` items fit. The slots are
/// allocated here, once; nothing is allocated later. See [`Producer`] for what
/// the queue guarantees.
///
/// Complexity: O(`capacity`).
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
/// use ringwright::{PopError, PushError, mpmc};
///
/// let (producer, consumer) = mpmc::bounded(2);
/// producer.push(1).unwrap();
/// producer.clone().push(2).unwrap();
/// assert_eq!(producer.push(3), Err(PushError::Full(3)));
/// assert_eq!(consumer.pop(), Ok(1));
/// assert_eq!(consumer.clone().pop(), Ok(2));
/// assert_eq!(consumer.pop(), Err(PopError::Empty));
/// ```
#[track_caller]
pub fn bounded<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    let shape = Shape::new(capacity);
    let mut position = Position::START;
    let slots = (0..capacity).map(|_| {
        let stamp = AtomicWord::new(position.0);
        position = shape.next(position);
        StampedSlot { stamp, item: Slot::empty() }
    });
    let slots: Box<[StampedSlot<T>]> = slots.collect();
    let shared = Arc::new(Shared {
        head: CachePadded::new(AtomicWord::new(Position::START.0)),
        tail: CachePadded::new(AtomicWord::new(Position::START.0)),
        producers: AtomicUsize::new(1),
        consumers: AtomicUsize::new(1),
        slots,
        shape,
    });
    let slots = SlotsView::of(&shared.slots);
    let producer = Producer { shared: Arc::clone(&shared), slots, shape };
    let consumer = Consumer { shared, slots, shape };
    (producer, consumer)
}

/// How many pauses follow the first claim that a call loses.
#[cfg(not(feature = "check"))]
const FIRST_PAUSES: u32 = 16;
/// None in models: a pause orders nothing and waits for nobody, so it would
/// only be one more step to interleave.
#[cfg(feature = "check")]
const FIRST_PAUSES: u32 = 0;

/// How many pauses follow a lost claim at most.
const MOST_PAUSES: u32 = 1024;

/// What a call does between a claim that it lost and the next one: it pauses,
/// the longer the more it lost. Meanwhile the thread that won keeps the cache
/// line of the end and makes a run of claims, which is many times cheaper than
/// when two threads take the line from each other for each claim.
struct Backoff(u32);

impl Backoff {
    #[inline(always)]
    fn new() -> Self {
        Backoff(FIRST_PAUSES)
    }

    #[cold]
    fn pause(&mut self) {
        (0..self.0).for_each(|_| hint::spin_loop());
        self.0 = (self.0 * 2).min(MOST_PAUSES);
    }
}

/// Room for one item, and whose turn it is. On a cache line of its own, or
/// more: the thread that fills one slot and the one that empties its neighbour
/// do not disturb each other.
#[repr(align(64))]
struct StampedSlot<T> {
    stamp: AtomicWord,
    item: Slot<T>,
}

/// What all handles share. Dropped with the last one.
struct Shared<T> {
    /// The next position to pop, flag always clear. Moved by consumers only.
    head: CachePadded<AtomicWord>,
    /// The next position to push. Moved by producers only; flagged by the last consumer's drop.
    tail: CachePadded<AtomicWord>,
    /// How many producer handles there are. Changes when one is cloned or dropped.
    producers: AtomicUsize,
    /// How many consumer handles there are. Changes when one is cloned or dropped.
    consumers: AtomicUsize,
    /// One slot an index.
    slots: Box<[StampedSlot<T>]>,
    /// What the capacity makes of positions.
    shape: Shape,
}

impl<T> Shared<T> {
    /// How many items there were, if nobody is at work meanwhile. Open claims count as done.
    fn len(&self) -> usize {
        // Relaxed: a count is stale when it returns anyway, and no slot is
        // accessed on the strength of it.
        let head = Position(self.head.load(Ordering::Relaxed));
        let tail = Position(self.tail.load(Ordering::Relaxed));
        self.shape.distance(head, tail)
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // Relaxed: `Arc` has seen every handle go before this runs, so these
        // are the last values that were stored, and no claim is open.
        let head = Position(self.head.load(Ordering::Relaxed));
        let tail = Position(self.tail.load(Ordering::Relaxed));
        let left = self.shape.indices(head, tail).map(|i| &self.slots[i].item);
        // SAFETY: by I1 and I3 these slots hold items, and no handle is left to touch them.
        unsafe { discard_all(left) };
    }
}

/// An end that pushes. Clone it for more of them.
///
/// Choose this queue when several threads push or several pop. It never
/// allocates after [`bounded`], never waits and never overwrites an item.
///
/// | roles | capacity | push | pop | memory |
/// |-------|----------|------|-----|--------|
/// | many producers, many consumers | fixed, any ≥ 1 (items) | lock-free call, O(1) | lock-free call, O(1) | `capacity` times (item + 8 bytes, rounded up to 64), and 4 padded cache lines |
///
/// All methods take `&self`: a handle can be shared as well as cloned.
///
/// # Guarantees
///
/// - Order: first in, first out, by the order of the claims.
/// - Visibility: a push that returned `Ok` happens before the pop that returns its item.
/// - A call never waits for another thread: it repeats a step only because
///   another thread has completed a claim. After a claim that it lost it pauses
///   before the next one: 16 spin hints, and up to 1024 if it loses again.
/// - When the last consumer is dropped, producers get
///   [`Closed`](PushError::Closed) from the next push on. When the last producer
///   is dropped, consumers get [`Closed`](PopError::Closed) after the last item.
/// - Items that nobody popped are dropped once, with the last handle, also if
///   the drop of one of them panics.
///
/// # Not guaranteed
///
/// - **Progress of the queue as a whole.** Between the claim and the publication
///   of a position lie a few instructions. A thread that is stopped just there
///   leaves a gap: until it goes on, pops that reach the gap say `Empty`, though
///   later items may be there; and pushes that come round to a slot that a
///   stopped consumer has not released say `Full`, though other slots may be
///   free. Those calls return at once and nothing is lost, but the queue does
///   not get on: as an object it is not lock-free.
/// - So `Full` and `Empty` are exact only while no other call is under way.
///   `Closed` is always exact.
/// - `len` and its kin may be stale when they return. Nothing wakes a waiting thread.
///
/// # Algorithm
///
/// Vyukov's bounded queue, with any capacity and with closing; the head of this
/// module's source has the argument and the source.
///
/// # Examples
///
/// ```
/// use ringwright::{PopError, PushError, mpmc};
/// use std::thread;
///
/// let (producer, consumer) = mpmc::bounded(4);
/// let sum: u64 = thread::scope(|scope| {
///     for part in 0..2 {
///         let producer = producer.clone();
///         scope.spawn(move || {
///             for mut item in part * 50..(part + 1) * 50 {
///                 while let Err(PushError::Full(back)) = producer.push(item) {
///                     item = back;
///                     thread::yield_now();
///                 }
///             }
///         });
///     }
///     drop(producer);
///     let workers = [consumer.clone(), consumer].map(|consumer| {
///         scope.spawn(move || {
///             let mut sum = 0;
///             loop {
///                 match consumer.pop() {
///                     Ok(item) => sum += item,
///                     Err(PopError::Empty) => thread::yield_now(),
///                     Err(PopError::Closed) => return sum,
///                 }
///             }
///         })
///     });
///     workers.into_iter().map(|worker| worker.join().unwrap()).sum()
/// });
/// assert_eq!(sum, 4950);
/// ```
pub struct Producer<T> {
    shared: Arc<Shared<T>>,
    /// Where `shared.slots` is.
    slots: SlotsView<StampedSlot<T>>,
    /// A copy of `shared.shape`.
    shape: Shape,
}

impl<T> Producer<T> {
    /// Claims the next position, moves `item` into its slot and publishes it.
    ///
    /// # Errors
    ///
    /// - [`PushError::Closed`] with `item` inside, if every consumer is gone.
    /// - [`PushError::Full`] with `item` inside, if the next slot still holds an
    ///   item or a consumer that claimed it has not released it yet.
    ///
    /// Either way the queue is unchanged.
    ///
    /// # Panics
    ///
    /// Never.
    ///
    /// # Concurrency
    ///
    /// - Progress: the call is lock-free, O(1) without contention: it repeats
    ///   only when another push has claimed a position meanwhile. A thread
    ///   stopped inside a call can make others see `Full` or `Empty`: see [`Producer`].
    /// - Linearization point: the compare-and-swap of the tail (for a pop that
    ///   says `Empty` across an open claim there is none, see [`Producer`]); for
    ///   `Full` the Acquire load of the stamp, which may be of an older stamp than
    ///   the newest unless something orders this call after the pop; for `Closed` the load of the tail.
    /// - Ordering: the push happens before the [`Consumer::pop`] that returns the
    ///   item; the drops of all consumers happen before the return of `Closed`.
    #[inline]
    pub fn push(&self, item: T) -> Result<(), PushError<T>> {
        let mut backoff = Backoff::new();
        // Relaxed: the tail says which slot to ask; the stamp says the rest.
        let mut tail = Position(self.shared.tail.load(Ordering::Relaxed));
        loop {
            // SAFETY: `shared` keeps the slots alive, and an index is less than the capacity.
            let slot = unsafe { self.slots.at(self.shape.index(tail)) };
            // Acquire: pairs with the Release store in `pop`; the item that
            // was in this slot has been taken.
            let stamp = Position(slot.stamp.load(Ordering::Acquire));
            match tail.turn(stamp) {
                Turn::Now => match self.claim(tail) {
                    Ok(()) => {
                        // SAFETY: the claim succeeded, so by I1 to I3 the slot
                        // is empty and ours until its stamp changes.
                        unsafe { slot.item.write(item) };
                        // Release: pairs with the Acquire load in `pop`; makes
                        // the item visible.
                        slot.stamp.store(tail.flagged().0, Ordering::Release);
                        return Ok(());
                    }
                    Err(moved) => {
                        tail = moved;
                        backoff.pause();
                    }
                },
                // Relaxed: as above.
                Turn::Past => tail = Position(self.shared.tail.load(Ordering::Relaxed)),
                Turn::NotYet if tail.is_flagged() && self.is_closed() => {
                    return Err(PushError::Closed(item));
                }
                Turn::NotYet => return Err(PushError::Full(item)),
            }
        }
    }

    /// Claims `tail`, or gives the tail that stands there instead.
    #[inline(always)]
    fn claim(&self, tail: Position) -> Result<(), Position> {
        // I4: a stamp never equals a flagged tail, so who gets here has a clear one.
        debug_assert!(!tail.is_flagged());
        let next = self.shape.next(tail);
        // Relaxed: the claim carries no data, the stamp does.
        self.shared
            .tail
            .compare_exchange_weak(tail.0, next.0, Ordering::Relaxed, Ordering::Relaxed)
            .map_or_else(|moved| Err(Position(moved)), |_| Ok(()))
    }

    /// How many items fit.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.shape.capacity()
    }

    /// How many items are in the queue, those that are just being pushed
    /// included and those that are just being popped not. May be stale when it
    /// returns. O(1), wait-free; synchronizes with nothing.
    #[inline]
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether [`len`](Producer::len) is 0. May be stale when it returns.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether [`len`](Producer::len) is the capacity. May be stale when it returns.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    /// Whether every consumer is gone. Once true it stays true, and all that the
    /// consumers did happens before the return. O(1), wait-free.
    #[inline]
    pub fn is_closed(&self) -> bool {
        // Acquire: pairs with the Release store of the flag in the consumer's `drop`.
        Position(self.shared.tail.load(Ordering::Acquire)).is_flagged()
    }
}

impl<T> Clone for Producer<T> {
    /// Another handle that pushes into the same queue. O(1), wait-free.
    fn clone(&self) -> Self {
        let shared = Arc::clone(&self.shared);
        // Relaxed: we are a producer, so the count is not zero and nobody acts
        // on its value; the clone reaches other threads by means of its own.
        shared.producers.fetch_add(1, Ordering::Relaxed);
        Producer { shared, ..*self }
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        // Release: pairs with the Acquire load in `pop` that finds zero; what
        // we pushed is visible to it.
        self.shared.producers.fetch_sub(1, Ordering::Release);
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

/// An end that pops. Clone it for more of them. See [`Producer`] for what the
/// queue guarantees, and what not.
///
/// All methods take `&self`: a handle can be shared as well as cloned.
pub struct Consumer<T> {
    shared: Arc<Shared<T>>,
    /// Where `shared.slots` is.
    slots: SlotsView<StampedSlot<T>>,
    /// A copy of `shared.shape`.
    shape: Shape,
}

impl<T> Consumer<T> {
    /// Claims the oldest item, moves it out and releases its slot.
    ///
    /// # Errors
    ///
    /// - [`PopError::Empty`], if no item is there, or the producer that claimed
    ///   the next position has not published its item yet.
    /// - [`PopError::Closed`], if no item is there and every producer is gone: no
    ///   item will ever come.
    ///
    /// # Panics
    ///
    /// Never.
    ///
    /// # Concurrency
    ///
    /// - Progress: the call is lock-free, O(1) without contention: it repeats
    ///   only when another pop has claimed a position meanwhile. A thread
    ///   stopped inside a call can make others see `Full` or `Empty`: see [`Producer`].
    /// - Linearization point: the compare-and-swap of the head; for `Empty` the
    ///   Acquire load of the stamp, if no claim is open, which may be of an older
    ///   stamp unless something orders this call after the push; for `Closed` the second
    ///   one, after no producer was found.
    /// - Ordering: the [`Producer::push`] of the item happens before the return;
    ///   the drops of all producers happen before the return of `Closed`; this
    ///   pop happens before the push that uses the slot next.
    #[inline]
    pub fn pop(&self) -> Result<T, PopError> {
        let mut closed = false;
        let mut backoff = Backoff::new();
        // Relaxed: the head says which slot to ask; the stamp says the rest.
        let mut head = Position(self.shared.head.load(Ordering::Relaxed));
        loop {
            // SAFETY: `shared` keeps the slots alive, and an index is less than the capacity.
            let slot = unsafe { self.slots.at(self.shape.index(head)) };
            // Acquire: pairs with the Release store in `push`; the item is visible.
            let stamp = Position(slot.stamp.load(Ordering::Acquire));
            match head.flagged().turn(stamp) {
                Turn::Now => match self.claim(head) {
                    Ok(()) => {
                        // SAFETY: the claim succeeded, so by I1 to I3 the slot
                        // holds an item, which is ours until its stamp changes.
                        let item = unsafe { slot.item.take() };
                        let free = self.shape.lap_on(head);
                        // Release: pairs with the Acquire load in `push`; the
                        // item is out before its slot is written again.
                        slot.stamp.store(free.0, Ordering::Release);
                        return Ok(item);
                    }
                    Err(moved) => {
                        head = moved;
                        backoff.pause();
                    }
                },
                Turn::NotYet if closed => return Err(PopError::Closed),
                Turn::NotYet if !self.is_closed() => return Err(PopError::Empty),
                // No producer is left, and all that was ever pushed is visible
                // now. One more look decides.
                Turn::NotYet => closed = true,
                // Relaxed: as above.
                Turn::Past => head = Position(self.shared.head.load(Ordering::Relaxed)),
            }
        }
    }

    /// Claims `head`, or gives the head that stands there instead.
    #[inline(always)]
    fn claim(&self, head: Position) -> Result<(), Position> {
        let next = self.shape.next(head);
        // Relaxed: the claim carries no data, the stamp does.
        self.shared
            .head
            .compare_exchange_weak(head.0, next.0, Ordering::Relaxed, Ordering::Relaxed)
            .map_or_else(|moved| Err(Position(moved)), |_| Ok(()))
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
    /// let (producer, consumer) = ringwright::mpmc::bounded(4);
    /// (0..3).for_each(|item| producer.push(item).unwrap());
    /// assert_eq!(consumer.drain().collect::<Vec<_>>(), [0, 1, 2]);
    /// ```
    #[inline]
    pub fn drain(&self) -> Drain<'_, T> {
        Drain { consumer: self }
    }

    /// How many items fit.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.shape.capacity()
    }

    /// How many items are in the queue, those that are just being pushed
    /// included and those that are just being popped not. May be stale when it
    /// returns. O(1), wait-free; synchronizes with nothing.
    #[inline]
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether [`len`](Consumer::len) is 0. May be stale when it returns.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether [`len`](Consumer::len) is the capacity. May be stale when it returns.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    /// Whether every producer is gone. Items may still be there: pop until
    /// [`PopError::Closed`]. Once true it stays true, and all that the producers
    /// did happens before the return. O(1), wait-free.
    #[inline]
    pub fn is_closed(&self) -> bool {
        // Acquire: pairs with the Release decrement in the producer's `drop`,
        // by the release sequence that ends in zero with each of them.
        self.shared.producers.load(Ordering::Acquire) == 0
    }
}

impl<T> Clone for Consumer<T> {
    /// Another handle that pops from the same queue. O(1), wait-free.
    fn clone(&self) -> Self {
        let shared = Arc::clone(&self.shared);
        // Relaxed: we are a consumer, so the count is not zero and nobody acts
        // on its value; the clone reaches other threads by means of its own.
        shared.consumers.fetch_add(1, Ordering::Relaxed);
        Consumer { shared, ..*self }
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        // AcqRel: pairs with itself in the drops of the other consumers; the
        // last one has seen what all of them did.
        if self.shared.consumers.fetch_sub(1, Ordering::AcqRel) == 1 {
            // Release: pairs with the Acquire load in `is_closed` of the
            // producers; who learns that we are gone sees what we did.
            self.shared.tail.fetch_or(FLAG, Ordering::Release);
        }
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
    consumer: &'a Consumer<T>,
}

impl<T> Iterator for Drain<'_, T> {
    type Item = T;

    /// The next item, or `None` if the queue is empty just now. It may give
    /// items again after that.
    #[inline]
    fn next(&mut self) -> Option<T> {
        self.consumer.pop().ok()
    }
}
