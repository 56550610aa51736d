//! What a queue must do to be compared: the traits, and how their users wait.

use crate::shape::Shape;
use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// The item that ends the stream. Each consumer gets one and stops.
///
/// No other item of a proof or of a round has this value.
pub const END: u64 = u64::MAX;

/// How often a call that found the queue full or empty is tried again, with one
/// [`spin_loop`](hint::spin_loop) between two tries, before each further try
/// yields the core.
///
/// With a core for every thread the other side is awake and answers within a
/// few tries. With more threads than cores, spinning on is time taken from the
/// very thread that is waited for.
pub const SPINS: u32 = 64;

/// A queue that takes part.
///
/// The type itself is only a name for the queue; it is never made.
pub trait Contender: 'static {
    /// The name of its row. Ringwright's own start with `ringwright`.
    const NAME: &'static str;
    /// The package in `Cargo.lock` whose version is printed, or `std`.
    const PACKAGE: &'static str;
    /// Which calls are driven, in a few words.
    const CALLS: &'static str;

    /// What a producer thread holds.
    type Push: Push;
    /// What a consumer thread holds.
    type Pop: Pop;

    /// Whether it can do `shape`.
    ///
    /// # Errors
    ///
    /// The reason why not.
    fn fits(shape: Shape) -> Result<(), &'static str>;

    /// Opens a queue for `shape`: one handle for each producer and one for each
    /// consumer. An unbounded contender ignores `capacity`.
    ///
    /// # Panics
    ///
    /// May panic if the contender does not fit `shape`.
    fn open(shape: Shape, capacity: usize) -> (Vec<Self::Push>, Vec<Self::Pop>);
}

/// The handle of one producer thread.
pub trait Push: Send + 'static {
    /// Pushes `item` if there is room now.
    ///
    /// # Errors
    ///
    /// The item, if the queue is full or closed.
    fn try_push(&mut self, item: u64) -> Result<(), u64>;

    /// Pushes `item`, waiting for room. Returns false if the run was called
    /// off.
    ///
    /// A contender with a blocking call of its own overrides this with it.
    #[inline]
    fn push(&mut self, item: u64, backoff: &Backoff) -> bool {
        let mut item = item;
        let mut tries = 0;
        loop {
            match self.try_push(item) {
                Ok(()) => return true,
                Err(refused) => item = refused,
            }
            if !backoff.wait(&mut tries) {
                return false;
            }
        }
    }
}

/// The handle of one consumer thread.
pub trait Pop: Send + 'static {
    /// Pops an item if one is there now.
    fn try_pop(&mut self) -> Option<u64>;

    /// Pops an item, waiting for one. Returns `None` if the run was called off.
    ///
    /// A contender with a blocking call of its own overrides this with it.
    #[inline]
    fn pop(&mut self, backoff: &Backoff) -> Option<u64> {
        let mut tries = 0;
        loop {
            if let Some(item) = self.try_pop() {
                return Some(item);
            }
            if !backoff.wait(&mut tries) {
                return None;
            }
        }
    }
}

/// What a thread does between two tries of a queue whose calls do not wait: the
/// same for everyone.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    cancelled: Arc<AtomicBool>,
}

impl Backoff {
    /// Waits once after a try that failed, `tries` being the number of waits
    /// since the last try that did not. Returns false if the run was called
    /// off.
    #[inline]
    pub fn wait(&self, tries: &mut u32) -> bool {
        if *tries < SPINS {
            *tries += 1;
            hint::spin_loop();
            true
        } else {
            self.yield_core()
        }
    }

    /// Calls the run off: every thread that waits here stops soon.
    pub fn cancel(&self) {
        // Relaxed: only the flag itself is passed on. Whoever reads it late
        // yields once more.
        self.cancelled.store(true, Ordering::Relaxed);
    }

    #[cold]
    fn yield_core(&self) -> bool {
        thread::yield_now();
        // Relaxed: see `cancel`.
        !self.cancelled.load(Ordering::Relaxed)
    }
}

/// A handle that is driven through its channel's own blocking calls.
#[derive(Debug)]
pub struct BlockingHandle<H>(pub H);

#[cfg(test)]
mod tests {
    use super::{Backoff, SPINS};

    #[test]
    fn patience_spins_before_it_looks_whether_the_run_was_called_off() {
        let backoff = Backoff::default();
        backoff.cancel();
        let mut tries = 0;
        for _ in 0..SPINS {
            assert!(backoff.wait(&mut tries));
        }
        assert!(!backoff.wait(&mut tries));
    }

    #[test]
    fn patience_does_not_end_unless_called_off() {
        let backoff = Backoff::default();
        let mut tries = 0;
        assert!((0..SPINS + 10).all(|_| backoff.wait(&mut tries)));
    }
}
