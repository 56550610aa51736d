//! [`std::sync::Barrier`].
//!
//! A count under a lock, and a generation: a thread waits until the generation
//! is another one than when it came. Without it a thread that is slow to wake
//! would mistake the next round for its own. As in `std`, everything before a
//! round's waits is ordered before everything after them.

use crate::door::condvar::Condvar;
use crate::door::mutex::Mutex;
use std::fmt;
use std::sync::PoisonError;

/// A place where threads wait for each other: [`std::sync::Barrier`].
pub struct Barrier {
    round: Mutex<Round>,
    next: Condvar,
    threads: usize,
}

#[derive(Clone, Copy)]
struct Round {
    /// Threads that have come.
    here: usize,
    /// Changes when all have.
    generation: usize,
}

/// Whether this thread was the one that completed the round:
/// [`std::sync::BarrierWaitResult`].
#[derive(Debug)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// True for exactly one thread of each round.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// A barrier for `threads` threads. Both 0 and 1 let everyone through.
    #[must_use]
    pub const fn new(threads: usize) -> Barrier {
        Barrier { round: Mutex::new(Round { here: 0, generation: 0 }), next: Condvar::new(), threads }
    }

    /// Waits until all threads have come.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        let mut round = self.round.lock().unwrap_or_else(PoisonError::into_inner);
        round.here += 1;
        if round.here >= self.threads {
            round.here = 0;
            round.generation = round.generation.wrapping_add(1);
            self.next.notify_all();
            return BarrierWaitResult(true);
        }
        let mine = round.generation;
        while round.generation == mine {
            round = self.next.wait(round).unwrap_or_else(PoisonError::into_inner);
        }
        BarrierWaitResult(false)
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}
