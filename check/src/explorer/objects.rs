//! The objects of an execution: which one an operation means, whether its
//! memory is still there, and what a free does to it.

use crate::explorer::current::{step, with};
use crate::explorer::execution::{Execution, ObjectRecord};
use crate::explorer::request::PendingRequest;
use crate::graph::event::NONE;
use crate::graph::stamp::Stamp;
use crate::memory::heap;
use crate::memory::race::CellState;
use crate::memory::shadow::Conflict;
use crate::report::data::FailureKind;
use crate::report::words::count;
use crate::seam::place::Place;
use crate::seam::runtime::{self, Access, Obj};
use crate::seam::statics;
use crate::seam::symbols::source_line;
use crate::seam::unwinding;
use std::alloc::Layout;
use std::sync::atomic::Ordering;

/// What a trace calls memory that the door does not see.
pub(super) const MEMORY: &str = "plain memory";

/// The object that `obj` is, registered if it is new. Reports a use after free
/// and an access that is not ordered after the object's initialisation.
pub(super) fn touch(s: &mut Execution, obj: &Obj<'_>, site: Place) -> ObjectRecord {
    s.graph.site = Some(site);
    let word = obj.id.load(Ordering::Relaxed);
    let known = ((word >> 32) as u32 == s.execution)
        .then(|| s.objects.get(word as u32 as usize))
        .flatten()
        .filter(|o| o.ptr == obj.ptr && o.freed.is_none())
        .copied();
    let object = known.unwrap_or_else(|| register(s, obj));
    let me = s.me;
    if usize::from(object.first) != me {
        s.unseen.shared |= s.threads[me].handle_calls == 0;
    }
    if let Some(freed) = object.freed {
        use_after_free(s, freed, site);
    } else if !object.born.before(me, &s.graph.pasts[me].cur) {
        let message = format!(
            "{} uses an object that {} has initialised, and nothing orders the two",
            s.threads[me].name, s.threads[object.born.thread as usize].name,
        );
        let sites = object.born.site.into_iter().chain([site]).collect();
        s.fail(FailureKind::Race, message, sites);
    }
    object
}

/// [`touch`] that says nothing of what threads have in common: to wait for a thread is not to share anything.
pub(super) fn touch_alone(s: &mut Execution, obj: &Obj<'_>, site: Place) -> ObjectRecord {
    let shared = s.unseen.shared;
    let object = touch(s, obj, site);
    s.unseen.shared = shared;
    object
}

/// Reports a use after free if the object of `pending`, which runs now, is gone.
pub(super) fn still_there(s: &mut Execution, pending: &PendingRequest) {
    let object = s.loc_object.get(pending.loc as usize).and_then(|number| s.objects.get(*number as usize));
    if let Some(freed) = object.and_then(|object| object.freed) {
        use_after_free(s, freed, pending.site);
    }
}

pub(crate) fn use_after_free(s: &mut Execution, freed: Stamp, site: Place) {
    let message = format!(
        "{} uses memory that {} has freed",
        s.threads[s.me].name,
        s.threads.get(freed.thread as usize).map_or("the model", |t| t.name.as_str()),
    );
    let sites = freed.site.into_iter().chain([site]).collect();
    s.fail(FailureKind::UseAfterFree, message, sites);
}

fn register(s: &mut Execution, obj: &Obj<'_>) -> ObjectRecord {
    let number = s.objects.len() as u32;
    let is_static = statics_lookup(s, obj);
    if let Some(object) = is_static.known {
        return object;
    }
    let (born, freed) = heap::with(|heap| match heap.find(obj.addr()) {
        Some(block) => {
            block.objects.push(number);
            (block.born, block.freed)
        }
        None => (Stamp::START, None),
    });
    let mut object = ObjectRecord {
        ptr: obj.ptr,
        size: obj.size,
        loc: NONE,
        cell: NONE,
        born,
        first: s.me as u8,
        freed,
        restore: (is_static.here && obj.bits > 0).then(|| obj.value()),
    };
    if obj.bits == 0 {
        object.cell = s.live_cells as u32;
        if s.live_cells == s.cells.len() {
            s.cells.push(CellState::default());
        }
        s.cells[s.live_cells].clear();
        s.live_cells += 1;
    } else {
        object.loc = s.graph.add_location(obj.value());
        s.loc_object.push(number);
    }
    s.objects.push(object);
    obj.id.store(u64::from(s.execution) << 32 | u64::from(number), Ordering::Relaxed);
    object
}

struct StaticLookup {
    here: bool,
    known: Option<ObjectRecord>,
}

fn statics_lookup(s: &mut Execution, obj: &Obj<'_>) -> StaticLookup {
    if !statics::is_static(obj.addr()) {
        return StaticLookup { here: false, known: None };
    }
    let heartbeat = &s.heartbeat;
    s.statics_claim.get_or_insert_with(|| heartbeat.paused(statics::claim));
    let known = s.objects.iter().find(|o| o.ptr == obj.ptr && o.restore.is_some()).copied();
    StaticLookup { here: true, known }
}

/// The model's code has allocated a block.
pub(crate) fn allocated(addr: usize, layout: Layout) {
    let _engine = runtime::engine_code();
    let site = exact_site();
    let born = with(|s| {
        if !s.shadow.is_empty() {
            s.shadow.forget(addr, layout.size());
        }
        now(s, site)
    });
    heap::with(|heap| heap.allocated(addr, layout, born));
}

/// Where the model allocates or frees now, if that is to be known exactly.
pub(super) fn exact_site() -> Option<Place> {
    with(|s| s.tracer.origins).then(crate::seam::origin::here).flatten().map(Place::Found)
}

/// The stamp of what the running thread does now.
pub(crate) fn now(s: &Execution, site: Option<Place>) -> Stamp {
    Stamp { thread: s.me as u8, seq: s.graph.pasts[s.me].seq + 1, site: site.or(s.graph.site) }
}

/// A block is given back; whether the quarantine keeps it.
pub(crate) fn keeps_back(addr: usize) -> bool {
    if !runtime::in_user_code() {
        // The engine drops what it took over from the model.
        return heap::with(|heap| match heap.at(addr) {
            Some(block) if block.freed.is_some() => true,
            Some(_) => {
                heap.forget(addr);
                false
            }
            None => false,
        });
    }
    let _engine = runtime::engine_code();
    let site = exact_site();
    let stamp = with(|s| now(s, site));
    let found = heap::with(|heap| {
        heap.at(addr).map(|block| {
            let was = block.freed;
            block.freed = was.or(Some(stamp));
            (was, std::mem::take(&mut block.objects), block.addr, block.size())
        })
    });
    let Some((was, objects, start, size)) = found else {
        return false;
    };
    step(|s| {
        s.steps = s.steps.saturating_sub(1);
        s.freed |= !objects.is_empty();
        s.tracer.step(s.me, stamp.site, || format!("free {MEMORY}, {}", count(size as u64, "byte")));
        if let Some(first) = was {
            let sites = first.site.into_iter().chain(stamp.site).collect();
            s.fail(FailureKind::DoubleFree, "a block is freed twice".into(), sites);
        } else if !unwinding::unmodelled() {
            free_objects(s, &objects, stamp);
            free_bytes(s, start, size, stamp);
            s.offer(start);
        }
    });
    true
}

/// A free is a write to everything in the block.
fn free_objects(s: &mut Execution, objects: &[u32], stamp: Stamp) {
    let me = s.me;
    for number in objects {
        let object = s.objects[*number as usize];
        s.objects[*number as usize].freed = Some(stamp);
        let cur = &s.graph.pasts[me].cur;
        let other = if object.loc == NONE {
            s.cells[object.cell as usize].conflict(Access::Write, &stamp, cur).map(|(_, other)| other)
        } else {
            s.graph.unordered_access(me, object.loc)
        };
        if let Some(other) = other {
            let message = format!(
                "{} frees memory that {} still uses: nothing orders the two",
                s.threads[me].name, s.threads[other.thread as usize].name,
            );
            let sites = other.site.into_iter().chain(stamp.site).collect();
            s.fail(FailureKind::Race, message, sites);
        }
    }
}

/// A block is freed: a write to all of it, after which nobody may touch it.
fn free_bytes(s: &mut Execution, addr: usize, size: usize, stamp: Stamp) {
    let conflict = s.shadow.free((addr, size), stamp, &s.graph.pasts[s.me].cur);
    if let Err(Conflict::Race(_, by) | Conflict::Freed(by)) = conflict {
        let message = format!(
            "{} frees memory that {} still uses: nothing orders the two",
            s.threads[s.me].name, s.threads[by.thread as usize].name,
        );
        let sites = by.site.into_iter().chain(stamp.site).collect();
        s.fail(FailureKind::Race, message, sites);
    }
}

/// Ends the execution with a race between two accesses.
pub(crate) fn report_race(s: &mut Execution, now: (Access, Stamp), was: (Access, Stamp)) {
    let verb = |access| match access {
        Access::Read => "reads",
        Access::Write => "writes",
    };
    let place =
        |stamp: &Stamp| stamp.site.map(|site| format!(" at {}", source_line(site))).unwrap_or_default();
    let message = format!(
        "{} {}{} what {} {}{}, and nothing orders the two",
        s.threads[now.1.thread as usize].name,
        verb(now.0),
        place(&now.1),
        s.threads[was.1.thread as usize].name,
        verb(was.0),
        place(&was.1),
    );
    let sites = was.1.site.into_iter().chain(now.1.site).collect();
    s.fail(FailureKind::Race, message, sites);
}

#[cfg(test)]
mod tests;
