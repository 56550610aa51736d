//! The link between the decoder and the book builder: a ring of slots.
//!
//! Positions count upwards and wrap; a position's slot is its low bits.

use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::Update;

/// The packet did not fit; nothing of it was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

struct Ring {
    slots: Box<[UnsafeCell<Update>]>,
    /// One past the newest published update; the publisher moves it.
    tail: AtomicUsize,
    /// The oldest update not yet taken; the subscriber moves it.
    head: AtomicUsize,
    /// Packets that did not fit, for the monitoring page.
    rejected: AtomicU64,
}

// SAFETY: the positions from `head` to `tail` are the subscriber's, all others
// are the publisher's; there is one of each, and neither can be cloned.
unsafe impl Sync for Ring {}

impl Ring {
    fn slot(&self, position: usize) -> *mut Update {
        self.slots[position & (self.slots.len() - 1)].get()
    }
}

/// The decoder's end.
pub struct Publisher {
    ring: Arc<Ring>,
    tail: usize,
    /// `Ring::head` when this end last looked.
    seen_head: usize,
}

/// The book builder's end.
pub struct Subscriber {
    ring: Arc<Ring>,
    head: usize,
    /// `Ring::tail` when this end last looked.
    seen_tail: usize,
}

/// A link with room for `capacity` updates, rounded up to a power of two.
pub fn link(capacity: usize) -> (Publisher, Subscriber) {
    let slots = capacity.next_power_of_two();
    let ring = Arc::new(Ring {
        slots: (0..slots).map(|_| UnsafeCell::default()).collect(),
        tail: AtomicUsize::new(0),
        head: AtomicUsize::new(0),
        rejected: AtomicU64::new(0),
    });
    let publisher = Publisher {
        ring: Arc::clone(&ring),
        tail: 0,
        seen_head: 0,
    };
    let subscriber = Subscriber {
        ring,
        head: 0,
        seen_tail: 0,
    };
    (publisher, subscriber)
}

impl Publisher {
    /// Publishes all updates of one packet at once.
    ///
    /// # Errors
    /// [`Full`] if there is no room for the whole packet.
    pub fn publish(&mut self, packet: &[Update]) -> Result<(), Full> {
        if packet.len() > self.free() {
            self.seen_head = self.ring.head.load(Ordering::Acquire);
            if packet.len() > self.free() {
                self.ring.rejected.fetch_add(1, Ordering::Relaxed);
                return Err(Full);
            }
        }
        for (offset, update) in packet.iter().enumerate() {
            let slot = self.ring.slot(self.tail.wrapping_add(offset));
            // SAFETY: the position is within the free ones, which are ours.
            unsafe { slot.write(*update) };
        }
        self.tail = self.tail.wrapping_add(packet.len());
        self.ring.tail.store(self.tail, Ordering::Release);
        Ok(())
    }

    fn free(&self) -> usize {
        self.ring.slots.len() - self.tail.wrapping_sub(self.seen_head)
    }
}

impl Subscriber {
    /// The oldest update that has been published and not yet taken.
    pub fn poll(&mut self) -> Option<Update> {
        if self.head == self.seen_tail {
            self.seen_tail = self.ring.tail.load(Ordering::Acquire);
            if self.head == self.seen_tail {
                return None;
            }
        }
        // SAFETY: `head` is before `tail`, so the position is ours.
        let update = unsafe { self.ring.slot(self.head).read() };
        self.head = self.head.wrapping_add(1);
        self.ring.head.store(self.head, Ordering::Release);
        Some(update)
    }

    /// How many packets the publisher could not place so far.
    pub fn rejected(&self) -> u64 {
        self.ring.rejected.load(Ordering::Relaxed)
    }
}
