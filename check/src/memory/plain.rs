//! Plain memory byte by byte: who read and wrote what, and what is freed.
//!
//! Code compiled with the thread-sanitizer pass reports every access (see
//! [`crate::explorer::tsan`]); this is the shadow that they are checked against. Memory
//! is kept in granules of eight bytes. A granule holds the accesses that a
//! later one can race with: of each thread at most one read and one write of
//! the same bytes, and none that a later write of the same bytes, which raced
//! with none, has made irrelevant.

use crate::explorer::objects;
use crate::explorer::state::State;
use crate::graph::stamp::Stamp;
use crate::seam::place::Place;
use crate::seam::runtime::Access;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// What a trace calls it.
pub(crate) const MEMORY: &str = "plain memory";

/// One access to some bytes of a granule.
#[derive(Clone, Copy, Debug)]
struct Touch {
    /// A bit a byte.
    bytes: u8,
    access: Access,
    by: Stamp,
}

#[derive(Clone, Debug, Default)]
struct Granule {
    touches: Vec<Touch>,
    freed: Option<Stamp>,
}

/// Hashes a granule's number by multiplication.
#[derive(Clone, Debug, Default)]
pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, number: usize) {
        self.0 = (self.0.rotate_left(5) ^ number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// The plain memory of one execution.
#[derive(Debug, Default)]
pub(crate) struct Shadow {
    granules: HashMap<usize, Granule, BuildHasherDefault<NumberHasher>>,
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

/// The running thread accesses plain memory.
#[cfg_attr(not(feature = "plain"), expect(dead_code, reason = "the sanitizer's pass calls it"))]
pub(crate) fn access(s: &mut State, addr: usize, size: usize, access: Access, place: Place) {
    let stamp = objects::now(s, Some(place));
    // A free says no place of its own: this may be the nearest.
    s.graph.site = Some(place);
    for (number, bytes) in granules(addr, size) {
        let cur = &s.graph.pasts[s.me].cur;
        let granule = s.shadow.granules.entry(number).or_default();
        if let Some(freed) = granule.freed {
            objects::use_after_free(s, freed, place);
            return;
        }
        let conflict = granule.touches.iter().find(|t| {
            t.bytes & bytes != 0
                && (access == Access::Write || t.access == Access::Write)
                && !t.by.before(stamp.thread as usize, cur)
        });
        if let Some(other) = conflict.copied() {
            objects::report_race(s, (access, stamp), (other.access, other.by));
            return;
        }
        granule.touches.retain(|t| {
            let covered = t.bytes & !bytes == 0;
            let replaced = t.by.thread == stamp.thread && t.access == access;
            !(covered && (access == Access::Write || replaced))
        });
        granule.touches.push(Touch { bytes, access, by: stamp });
    }
    if s.tracer.on {
        let verb = if access == Access::Read { "read" } else { "write" };
        s.tracer.step(s.me, Some(place), || format!("{verb} {MEMORY}, {size} bytes"));
    }
}

/// A block is freed: a write to all of it, after which nobody may touch it.
pub(crate) fn freed(s: &mut State, addr: usize, size: usize, stamp: Stamp) {
    if s.shadow.is_empty() {
        return;
    }
    let place = stamp.site;
    for (number, _) in granules(addr, size) {
        let cur = &s.graph.pasts[s.me].cur;
        let granule = s.shadow.granules.entry(number).or_default();
        let unordered = granule.touches.iter().find(|t| !t.by.before(stamp.thread as usize, cur));
        if let Some(other) = unordered.copied() {
            let message = format!(
                "{} frees memory that {} still uses: nothing orders the two",
                s.threads[s.me].name, s.threads[other.by.thread as usize].name,
            );
            let sites = other.by.site.into_iter().chain(place).collect();
            s.fail(crate::report::data::FailureKind::Race, message, sites);
            return;
        }
        granule.freed = Some(stamp);
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
}
