//! Plain memory: what an access means for the execution under way.

use crate::explorer::execution::Execution;
use crate::explorer::objects::{self, MEMORY};
use crate::memory::shadow::Conflict;
use crate::report::words::count;
use crate::seam::place::Place;
use crate::seam::runtime::Access;

/// The running thread accesses plain memory.
#[cfg_attr(not(feature = "plain"), expect(dead_code, reason = "the sanitizer's pass calls it"))]
pub(crate) fn access(s: &mut Execution, addr: usize, size: usize, access: Access, place: Place) {
    let stamp = objects::now(s, Some(place));
    // A free says no place of its own: this may be the nearest.
    s.graph.site = Some(place);
    match s.shadow.access((addr, size), access, stamp, &s.graph.pasts[s.me].cur) {
        Err(Conflict::Freed(freed)) => return objects::use_after_free(s, freed, place),
        Err(Conflict::Race(other, by)) => return objects::report_race(s, (access, stamp), (other, by)),
        Ok(()) => {}
    }
    if s.tracer.on {
        let verb = if access == Access::Read { "read" } else { "write" };
        s.tracer.step(s.me, Some(place), || format!("{verb} {MEMORY}, {}", count(size as u64, "byte")));
    }
}
