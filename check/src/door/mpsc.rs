//! [`std::sync::mpsc`].
//!
//! A queue under one lock, and two condition variables. The channel's memory is
//! freed by whoever leaves last, the receiver or the last sender.
//!
//! # What is ordered more than in `std`
//!
//! Every operation of a channel takes its lock, so each is ordered after the
//! operation before it: two sends of different threads, a send after a failed
//! `try_recv`. `std` promises only that what a thread did before a send is seen
//! by whoever receives that message or learns from the channel that its sender
//! is gone. A program that relies on more passes here and is wrong; with the
//! messages themselves it cannot be, because those edges are the promised ones.

use crate::door::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::door::condvar::Condvar;
use crate::door::mutex::{Mutex, MutexGuard};
use crate::door::time::Instant;
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::PoisonError;
use std::time::Duration;

pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};

/// An unbounded channel.
#[must_use]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = ends(None);
    (Sender { end: sender }, receiver)
}

/// A channel that holds at most `bound` messages. With a bound of 0 a send
/// waits until a receiver has taken the message.
#[must_use]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let (sender, receiver) = ends(Some(bound));
    (SyncSender { end: sender }, receiver)
}

fn ends<T>(bound: Option<usize>) -> (SendEnd<T>, Receiver<T>) {
    let chan = NonNull::from(Box::leak(Box::new(Chan {
        queue: Mutex::new(Queue::new()),
        not_empty: Condvar::new(),
        not_full: Condvar::new(),
        bound,
        senders: AtomicUsize::new(1),
        one_side_left: AtomicBool::new(false),
    })));
    let receiver = Receiver { chan, not_sync: PhantomData };
    (SendEnd { chan }, receiver)
}

/// A channel.
///
/// # Invariants
///
/// 1. It is freed by the side that finds `one_side_left` set: the receiver, or
///    the sender that took `senders` to 0. So it lives while any end does.
/// 2. With a bound of 0 at most one message is in the queue, and its sender
///    waits until it is taken, or takes it back.
struct Chan<T> {
    queue: Mutex<Queue<T>>,
    not_empty: Condvar,
    /// Room in the queue, or a message taken with a bound of 0.
    not_full: Condvar,
    bound: Option<usize>,
    senders: AtomicUsize,
    one_side_left: AtomicBool,
}

struct Queue<T> {
    items: VecDeque<T>,
    /// Messages ever taken out, and ever put in.
    taken: u64,
    put: u64,
    /// Whether the receiver waits for a message; how many senders wait for room.
    receiver_waits: bool,
    senders_wait: usize,
    receiver_gone: bool,
    senders_gone: bool,
}

/// What a send that does not wait finds.
enum Room {
    Yes,
    Full,
    Gone,
}

impl<T> Queue<T> {
    const fn new() -> Queue<T> {
        Queue {
            items: VecDeque::new(),
            taken: 0,
            put: 0,
            receiver_waits: false,
            senders_wait: 0,
            receiver_gone: false,
            senders_gone: false,
        }
    }

    fn room(&self, bound: Option<usize>) -> Room {
        match bound {
            _ if self.receiver_gone => Room::Gone,
            None => Room::Yes,
            Some(bound) if self.items.len() < bound.max(1) => Room::Yes,
            Some(_) => Room::Full,
        }
    }

    /// Puts a message in and gives its number.
    fn put(&mut self, message: T) -> u64 {
        self.items.push_back(message);
        self.put += 1;
        self.put
    }

    fn take(&mut self) -> Option<T> {
        let message = self.items.pop_front()?;
        self.taken += 1;
        Some(message)
    }
}

impl<T> Chan<T> {
    #[track_caller]
    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room or for the end of the receiver.
    #[track_caller]
    fn wait_for_room<'a>(&'a self, mut queue: MutexGuard<'a, Queue<T>>) -> MutexGuard<'a, Queue<T>> {
        queue.senders_wait += 1;
        let mut queue = self.not_full.wait(queue).unwrap_or_else(PoisonError::into_inner);
        queue.senders_wait -= 1;
        queue
    }

    #[track_caller]
    fn wake_receiver(&self, queue: &Queue<T>) {
        if queue.receiver_waits {
            self.not_empty.notify_one();
        }
    }

    /// There is room for one more message, or the message of a sender that
    /// waits for that has been taken.
    #[track_caller]
    fn wake_sender(&self, queue: &Queue<T>) {
        match self.bound {
            _ if queue.senders_wait == 0 => {}
            Some(0) => self.not_full.notify_all(),
            _ => self.not_full.notify_one(),
        }
    }

    #[track_caller]
    fn send(&self, message: T) -> Result<(), SendError<T>> {
        let mut queue = self.lock();
        loop {
            match queue.room(self.bound) {
                Room::Yes => break,
                Room::Gone => return Err(SendError(message)),
                Room::Full => queue = self.wait_for_room(queue),
            }
        }
        let number = queue.put(message);
        self.wake_receiver(&queue);
        if self.bound == Some(0) {
            return self.wait_until_taken(queue, number);
        }
        Ok(())
    }

    #[track_caller]
    fn wait_until_taken<'a>(
        &'a self,
        mut queue: MutexGuard<'a, Queue<T>>,
        number: u64,
    ) -> Result<(), SendError<T>> {
        while queue.taken < number {
            if queue.receiver_gone {
                // Only this sender's message can be there (invariant 2).
                return queue.take().map_or(Ok(()), |message| Err(SendError(message)));
            }
            queue = self.wait_for_room(queue);
        }
        Ok(())
    }

    #[track_caller]
    fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let mut queue = self.lock();
        match queue.room(self.bound) {
            Room::Gone => return Err(TrySendError::Disconnected(message)),
            Room::Full => return Err(TrySendError::Full(message)),
            // Nobody would take it now, and this sender does not wait.
            Room::Yes if self.bound == Some(0) && !queue.receiver_waits => {
                return Err(TrySendError::Full(message));
            }
            Room::Yes => {}
        }
        queue.put(message);
        self.wake_receiver(&queue);
        Ok(())
    }

    /// Takes a message, or says why there is none.
    #[track_caller]
    fn take(&self, queue: &mut Queue<T>) -> Result<T, TryRecvError> {
        match queue.take() {
            Some(message) => {
                self.wake_sender(queue);
                Ok(message)
            }
            None if queue.senders_gone => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }

    #[track_caller]
    fn recv(&self) -> Result<T, RecvError> {
        let mut queue = self.lock();
        loop {
            match self.take(&mut queue) {
                Ok(message) => return Ok(message),
                Err(TryRecvError::Disconnected) => return Err(RecvError),
                Err(TryRecvError::Empty) => {}
            }
            queue.receiver_waits = true;
            queue = self.not_empty.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.receiver_waits = false;
        }
    }

    #[track_caller]
    fn recv_until(&self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        let Some(deadline) = deadline else {
            return self.recv().map_err(RecvTimeoutError::from);
        };
        let mut queue = self.lock();
        loop {
            match self.take(&mut queue) {
                Ok(message) => return Ok(message),
                Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
                Err(TryRecvError::Empty) => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(RecvTimeoutError::Timeout);
            }
            queue.receiver_waits = true;
            let woken = self.not_empty.wait_timeout(queue, left);
            queue = woken.unwrap_or_else(PoisonError::into_inner).0;
            queue.receiver_waits = false;
        }
    }

    /// Frees the channel if the other side has left before.
    ///
    /// # Safety
    ///
    /// `chan` lives, the calling side leaves now, and calls this once.
    unsafe fn leave(chan: NonNull<Chan<T>>) {
        // SAFETY: the caller says that it lives.
        let left = unsafe { chan.as_ref() }
            .one_side_left
            // AcqRel: Release pairs with the Acquire of the other side's swap in this line, so that
            // whoever frees has everything of the other side behind it.
            .swap(true, Ordering::AcqRel);
        if left {
            // SAFETY: the other side has left, so nobody uses it any more (invariant 1), and it came
            // from a box.
            drop(unsafe { Box::from_raw(chan.as_ptr()) });
        }
    }
}

/// A sender of either kind.
struct SendEnd<T> {
    chan: NonNull<Chan<T>>,
}

impl<T> SendEnd<T> {
    fn chan(&self) -> &Chan<T> {
        // SAFETY: this end keeps the channel (invariant 1).
        unsafe { self.chan.as_ref() }
    }
}

impl<T> Clone for SendEnd<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        // Relaxed: the count only decides who leaves last, and this end is counted already.
        self.chan().senders.fetch_add(1, Ordering::Relaxed);
        SendEnd { chan: self.chan }
    }
}

impl<T> Drop for SendEnd<T> {
    fn drop(&mut self) {
        // AcqRel: Release pairs with the Acquire of the last sender's decrement in this line.
        if self.chan().senders.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        let mut queue = self.chan().lock();
        queue.senders_gone = true;
        self.chan().wake_receiver(&queue);
        drop(queue);
        // SAFETY: this end was the last sender, so it speaks for its side, and it is not used again.
        unsafe { Chan::leave(self.chan) }
    }
}

/// The sending end of a [`channel`]: [`std::sync::mpsc::Sender`].
pub struct Sender<T> {
    end: SendEnd<T>,
}

/// The sending end of a [`sync_channel`]: [`std::sync::mpsc::SyncSender`].
pub struct SyncSender<T> {
    end: SendEnd<T>,
}

/// The receiving end: [`std::sync::mpsc::Receiver`].
pub struct Receiver<T> {
    chan: NonNull<Chan<T>>,
    not_sync: PhantomData<*const T>,
}

// SAFETY: all access to the messages is under the channel's lock, and messages move between threads.
unsafe impl<T: Send> Send for Sender<T> {}
// SAFETY: as above; a shared sender only adds messages.
unsafe impl<T: Send> Sync for Sender<T> {}
// SAFETY: all access to the messages is under the channel's lock, and messages move between threads.
unsafe impl<T: Send> Send for SyncSender<T> {}
// SAFETY: as above; a shared sender only adds messages.
unsafe impl<T: Send> Sync for SyncSender<T> {}
// SAFETY: all access to the messages is under the channel's lock, and messages move between threads.
unsafe impl<T: Send> Send for Receiver<T> {}

impl<T> Sender<T> {
    /// Sends a message. Never waits.
    ///
    /// # Errors
    ///
    /// If the receiver is gone; the message is in the error.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.end.chan().send(message)
    }
}

impl<T> SyncSender<T> {
    /// Sends a message, and waits for room; with a bound of 0, until it has
    /// been taken.
    ///
    /// # Errors
    ///
    /// If the receiver is gone; the message is in the error.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.end.chan().send(message)
    }

    /// Sends a message if there is room; with a bound of 0, if the receiver
    /// waits for one.
    ///
    /// # Errors
    ///
    /// If there is no room, or the receiver is gone; the message is in the error.
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.end.chan().try_send(message)
    }
}

impl<T> Receiver<T> {
    fn chan(&self) -> &Chan<T> {
        // SAFETY: this end keeps the channel (invariant 1).
        unsafe { self.chan.as_ref() }
    }

    /// Waits for a message.
    ///
    /// # Errors
    ///
    /// If there is none and every sender is gone.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.chan().recv()
    }

    /// Takes a message, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none; also says whether every sender is gone.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut queue = self.chan().lock();
        self.chan().take(&mut queue)
    }

    /// Waits for a message for at most `timeout`.
    ///
    /// # Errors
    ///
    /// If none came in time, or there is none and every sender is gone.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.chan().recv_until(Instant::now().checked_add(timeout))
    }

    /// The messages until every sender is gone; waits for each.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { receiver: self }
    }

    /// The messages that are there; never waits.
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { receiver: self }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let chan = self.chan();
        let mut queue = chan.lock();
        queue.receiver_gone = true;
        // With a bound of 0 the message belongs to a sender, who takes it back.
        let unread = match chan.bound {
            Some(0) => VecDeque::new(),
            _ => std::mem::take(&mut queue.items),
        };
        if queue.senders_wait > 0 {
            chan.not_full.notify_all();
        }
        drop(queue);
        // Not under the lock: a message may hold a sender of this very channel.
        drop(unread);
        // SAFETY: there is one receiver, so it speaks for its side, and it is not used again.
        unsafe { Chan::leave(self.chan) }
    }
}

impl<T> Clone for Sender<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Sender { end: self.end.clone() }
    }
}

impl<T> Clone for SyncSender<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        SyncSender { end: self.end.clone() }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for SyncSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncSender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

/// What [`Receiver::iter`] gives.
#[derive(Debug)]
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
}

/// What [`Receiver::try_iter`] gives.
#[derive(Debug)]
pub struct TryIter<'a, T> {
    receiver: &'a Receiver<T>,
}

/// The messages of a receiver that is given away.
#[derive(Debug)]
pub struct IntoIter<T> {
    receiver: Receiver<T>,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { receiver: self }
    }
}
