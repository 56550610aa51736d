//! Races on plain memory: FastTrack's question, asked of happens-before only.
//!
//! A thread's accesses are stamped with the number that its next event will
//! get. Whoever has that event in its past has synchronized with the thread
//! after the access.

use crate::graph::stamp::Stamp;
use crate::seam::clock::Clock;
use crate::seam::runtime::Access;

/// The accesses to one plain object that later ones can race with.
#[derive(Debug, Default)]
pub(crate) struct CellState {
    write: Option<Stamp>,
    /// The last read of each thread since that write.
    reads: Vec<Stamp>,
}

impl CellState {
    pub(crate) fn clear(&mut self) {
        self.write = None;
        self.reads.clear();
    }

    /// The access that `now`, whose thread has the past `cur`, races with.
    pub(crate) fn conflict(&self, access: Access, now: &Stamp, cur: &Clock) -> Option<(Access, Stamp)> {
        let thread = now.thread as usize;
        if let Some(write) = self.write.filter(|w| !w.before(thread, cur)) {
            return Some((Access::Write, write));
        }
        let read = self.reads.iter().find(|r| access == Access::Write && !r.before(thread, cur))?;
        Some((Access::Read, *read))
    }

    /// Records an access that raced with none.
    pub(crate) fn record(&mut self, access: Access, now: Stamp) {
        match access {
            Access::Write => {
                self.write = Some(now);
                self.reads.clear();
            }
            Access::Read => match self.reads.iter_mut().find(|r| r.thread == now.thread) {
                Some(read) => *read = now,
                None => self.reads.push(now),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(thread: u8, seq: u16) -> Stamp {
        Stamp { thread, seq, site: None }
    }

    #[test]
    fn reads_do_not_race_and_a_write_does() {
        let mut cell = CellState::default();
        let unordered = Clock::EMPTY;
        cell.record(Access::Read, stamp(0, 1));
        assert!(cell.conflict(Access::Read, &stamp(1, 1), &unordered).is_none());
        assert!(cell.conflict(Access::Write, &stamp(1, 1), &unordered).is_some());
        let mut ordered = Clock::EMPTY;
        ordered.set(0, 1);
        assert!(cell.conflict(Access::Write, &stamp(1, 1), &ordered).is_none());
        cell.record(Access::Write, stamp(1, 1));
        assert!(cell.conflict(Access::Read, &stamp(0, 2), &unordered).is_some());
    }
}
