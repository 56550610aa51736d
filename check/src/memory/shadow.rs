//! Plain memory byte by byte: who read and wrote what, and what is freed.
//!
//! Code compiled with the thread-sanitizer pass reports every access (see
//! [`crate::explorer::tsan`]); this is the shadow that they are checked against. Memory
//! is kept in granules of eight bytes. A granule holds the accesses that a
//! later one can race with: of each thread at most one read and one write of
//! the same bytes, and none that a later write of the same bytes, which raced
//! with none, has made irrelevant.

use crate::graph::stamp::Stamp;
use crate::seam::clock::Clock;
use crate::seam::runtime::Access;
use rustc_hash::FxHashMap;

/// What an access or a free does not agree with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Conflict {
    /// The memory was freed before.
    Freed(Stamp),
    /// Another thread's access, and nothing orders the two.
    Race(Access, Stamp),
}

/// One access to some bytes of a granule.
#[derive(Clone, Copy, Debug)]
struct ByteAccess {
    /// A bit a byte.
    bytes: u8,
    access: Access,
    by: Stamp,
}

#[derive(Clone, Debug, Default)]
struct Granule {
    touches: Vec<ByteAccess>,
    freed: Option<Stamp>,
}

/// The plain memory of one execution.
#[derive(Debug, Default)]
pub(crate) struct Shadow {
    granules: FxHashMap<usize, Granule>,
}

/// The granules of `size` bytes at `addr`, each with its bytes.
fn granules(addr: usize, size: usize) -> impl Iterator<Item = (usize, u8)> {
    let end = addr + size;
    (addr / 8..end.div_ceil(8)).map(move |granule| {
        let (from, to) = (addr.max(granule * 8) - granule * 8, end.min(granule * 8 + 8) - granule * 8);
        (granule, ((1u16 << to) - (1u16 << from)) as u8)
    })
}

impl Shadow {
    /// An execution begins.
    pub(crate) fn reset(&mut self) {
        self.granules.clear();
    }

    /// Whether nothing has been recorded.
    pub(crate) fn is_empty(&self) -> bool {
        self.granules.is_empty()
    }

    /// An access by the thread that `now` names, whose past is `cur`. What it conflicts with is not recorded.
    pub(crate) fn access(
        &mut self,
        (addr, size): (usize, usize),
        access: Access,
        now: Stamp,
        cur: &Clock,
    ) -> Result<(), Conflict> {
        for (number, bytes) in granules(addr, size) {
            let granule = self.granules.entry(number).or_default();
            if let Some(freed) = granule.freed {
                return Err(Conflict::Freed(freed));
            }
            let conflict = granule.touches.iter().find(|t| {
                t.bytes & bytes != 0
                    && (access == Access::Write || t.access == Access::Write)
                    && !t.by.before(now.thread as usize, cur)
            });
            if let Some(other) = conflict {
                return Err(Conflict::Race(other.access, other.by));
            }
            granule.touches.retain(|t| {
                let covered = t.bytes & !bytes == 0;
                let replaced = t.by.thread == now.thread && t.access == access;
                !(covered && (access == Access::Write || replaced))
            });
            granule.touches.push(ByteAccess { bytes, access, by: now });
        }
        Ok(())
    }

    /// A block is freed: a write to all of it, after which nobody may touch it.
    pub(crate) fn free(
        &mut self,
        (addr, size): (usize, usize),
        now: Stamp,
        cur: &Clock,
    ) -> Result<(), Conflict> {
        if self.is_empty() {
            return Ok(());
        }
        for (number, _) in granules(addr, size) {
            let granule = self.granules.entry(number).or_default();
            let unordered = granule.touches.iter().find(|t| !t.by.before(now.thread as usize, cur));
            if let Some(other) = unordered {
                return Err(Conflict::Race(other.access, other.by));
            }
            granule.freed = Some(now);
        }
        Ok(())
    }

    /// The memory belongs to somebody else now.
    pub(crate) fn forget(&mut self, addr: usize, size: usize) {
        if size / 8 > self.granules.len() {
            let (first, end) = (addr / 8, (addr + size).div_ceil(8));
            self.granules.retain(|granule, _| !(first..end).contains(granule));
        } else {
            for (granule, _) in granules(addr, size) {
                self.granules.remove(&granule);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_an_unaligned_range() {
        let all: Vec<_> = granules(6, 12).collect();
        assert_eq!(all, [(0, 0b1100_0000), (1, 0xff), (2, 0b0000_0011)]);
        assert_eq!(granules(8, 1).collect::<Vec<_>>(), [(1, 1)]);
    }

    fn stamp(thread: u8, seq: u16) -> Stamp {
        Stamp { thread, seq, site: None }
    }

    #[test]
    fn accesses_that_nothing_orders_conflict_where_their_bytes_do() {
        let (mut shadow, nothing) = (Shadow::default(), Clock::EMPTY);
        shadow.access((0, 4), Access::Write, stamp(0, 1), &nothing).unwrap();
        shadow.access((4, 4), Access::Write, stamp(1, 1), &nothing).unwrap();
        let race = shadow.access((2, 1), Access::Read, stamp(1, 1), &nothing);
        assert!(matches!(race, Err(Conflict::Race(Access::Write, by)) if by.thread == 0));
        let mut after = Clock::EMPTY;
        after.set(0, 1);
        shadow.access((2, 1), Access::Read, stamp(1, 1), &after).unwrap();
    }

    #[test]
    fn a_free_conflicts_with_what_is_not_before_it_and_ends_the_use() {
        let (mut shadow, nothing) = (Shadow::default(), Clock::EMPTY);
        shadow.access((16, 8), Access::Read, stamp(0, 1), &nothing).unwrap();
        assert!(matches!(shadow.free((16, 8), stamp(1, 1), &nothing), Err(Conflict::Race(Access::Read, _))));
        let mut after = Clock::EMPTY;
        after.set(0, 1);
        shadow.free((16, 8), stamp(1, 1), &after).unwrap();
        let late = shadow.access((16, 1), Access::Read, stamp(1, 2), &after);
        assert!(matches!(late, Err(Conflict::Freed(by)) if by.thread == 1));
        shadow.forget(16, 8);
        shadow.access((16, 1), Access::Read, stamp(1, 2), &after).unwrap();
    }
}
