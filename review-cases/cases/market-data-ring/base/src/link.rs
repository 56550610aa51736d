//! The link between the decoder and the book builder: a queue behind a lock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Update;

/// The packet did not fit; nothing of it was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

struct Queue {
    updates: VecDeque<Update>,
    capacity: usize,
    /// Packets that did not fit, for the monitoring page.
    rejected: u64,
}

/// Takes the lock. No code of a caller runs under it, so the queue is whole
/// even if a holder panicked.
fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The decoder's end.
pub struct Publisher {
    queue: Arc<Mutex<Queue>>,
}

/// The book builder's end.
pub struct Subscriber {
    queue: Arc<Mutex<Queue>>,
}

/// A link with room for `capacity` updates, rounded up to a power of two.
pub fn link(capacity: usize) -> (Publisher, Subscriber) {
    let capacity = capacity.next_power_of_two();
    let queue = Arc::new(Mutex::new(Queue {
        updates: VecDeque::with_capacity(capacity),
        capacity,
        rejected: 0,
    }));
    let publisher = Publisher {
        queue: Arc::clone(&queue),
    };
    (publisher, Subscriber { queue })
}

impl Publisher {
    /// Publishes all updates of one packet at once.
    ///
    /// # Errors
    /// [`Full`] if there is no room for the whole packet.
    pub fn publish(&mut self, packet: &[Update]) -> Result<(), Full> {
        let mut queue = lock(&self.queue);
        if packet.len() > queue.capacity - queue.updates.len() {
            queue.rejected += 1;
            return Err(Full);
        }
        queue.updates.extend(packet);
        Ok(())
    }
}

impl Subscriber {
    /// The oldest update that has been published and not yet taken.
    pub fn poll(&mut self) -> Option<Update> {
        lock(&self.queue).updates.pop_front()
    }

    /// How many packets the publisher could not place so far.
    pub fn rejected(&self) -> u64 {
        lock(&self.queue).rejected
    }
}
