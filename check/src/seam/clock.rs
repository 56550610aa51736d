//! Vector clocks: which events of each thread are in somebody's past.
//!
//! Every past that the checker keeps (happens-before, program order, `sb ∪ rf`)
//! is closed under program order, so the events of one thread in it are a
//! prefix, and a past is one number a thread.

/// Threads an execution may have, the main thread included. A clock is then
/// one cache line.
pub(crate) const MAX_THREADS: usize = 32;

/// Events a thread may have in one execution: what fits a clock's entry.
pub(crate) const MAX_EVENTS: u16 = u16::MAX - 1;

/// A past: the first `n` events of each thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(64))]
pub(crate) struct Clock([u16; MAX_THREADS]);

impl Clock {
    /// The past in which nothing has happened.
    pub(crate) const EMPTY: Clock = Clock([0; MAX_THREADS]);

    /// Adds everything in `other`.
    #[inline]
    pub(crate) fn join(&mut self, other: &Clock) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// How many events of `thread` are in it.
    #[inline]
    pub(crate) fn get(&self, thread: usize) -> u16 {
        self.0[thread]
    }

    /// Says that the first `events` events of `thread` are in it.
    #[inline]
    pub(crate) fn set(&mut self, thread: usize, events: u16) {
        self.0[thread] = events;
    }

    /// Whether the `seq`th event of `thread` (counted from 1) is in it.
    #[inline]
    pub(crate) fn has(&self, thread: usize, seq: u16) -> bool {
        self.0[thread] >= seq
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_is_the_least_upper_bound() {
        let mut a = Clock::EMPTY;
        a.set(0, 3);
        a.set(5, 1);
        let mut b = Clock::EMPTY;
        b.set(0, 1);
        b.set(31, 9);
        a.join(&b);
        assert_eq!((a.get(0), a.get(5), a.get(31)), (3, 1, 9));
        assert!(a.has(0, 3) && !a.has(0, 4) && !a.has(1, 1));
    }
}
