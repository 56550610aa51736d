//! Real threads that touch the objects of an execution under way.
//!
//! The threads of a model are the checker's; a thread that `std` starts is not,
//! and what it does is in no schedule. The door notices it by the identity word
//! of an object: it names an execution that is under way, and the caller runs
//! none. What only real threads touch, or touch before the model does, is not
//! noticed.

use crate::report::cause::Cause;
use crate::report::data::{FailureKind, SourceLine};
use crate::seam::place::Place;
use crate::seam::runtime::{Obj, Site};
use crate::seam::symbols::source_line;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// Searches that are noted at once. Beyond that, none is.
const SLOTS: usize = 64;

/// The executions under way, one a search; 0 is none.
static LIVE: [AtomicU32; SLOTS] = [const { AtomicU32::new(0) }; SLOTS];
static TAKEN: [AtomicBool; SLOTS] = [const { AtomicBool::new(false) }; SLOTS];
/// Executions that were touched, and where.
static TOUCHED: Mutex<Vec<(u32, SourceLine)>> = Mutex::new(Vec::new());

/// The place of a search among those under way.
#[derive(Debug)]
pub(crate) struct SearchSlot(usize);

impl SearchSlot {
    /// A free one. Relaxed here and below: a number stands for itself, and the
    /// list of what was touched is under a lock.
    pub(crate) fn take() -> Option<SearchSlot> {
        TAKEN.iter().position(|taken| !taken.swap(true, Ordering::Relaxed)).map(SearchSlot)
    }

    /// `execution` begins.
    pub(crate) fn begin(&self, execution: u32) {
        LIVE[self.0].store(execution, Ordering::Relaxed);
    }

    /// The execution is over: whether it was touched.
    pub(crate) fn end(&self) -> Option<Cause> {
        let execution = LIVE[self.0].swap(0, Ordering::Relaxed);
        let mut touched = TOUCHED.lock().unwrap_or_else(PoisonError::into_inner);
        let at = touched.iter().position(|(of, _)| *of == execution)?;
        let (_, line) = touched.swap_remove(at);
        touched.retain(|(of, _)| *of != execution);
        Some(Cause {
            kind: FailureKind::Unsupported,
            message: "a thread that is not the model's uses an object of the model: start threads with \
                      `ringwright::sync::thread`, and keep real threads away from what the model shares"
                .into(),
            sites: vec![line],
        })
    }
}

impl Drop for SearchSlot {
    fn drop(&mut self) {
        LIVE[self.0].store(0, Ordering::Relaxed);
        TAKEN[self.0].store(false, Ordering::Relaxed);
    }
}

/// A thread that runs no model uses `obj`.
#[inline]
pub(crate) fn touches(obj: &Obj<'_>, site: Site) {
    let word = obj.id.load(Ordering::Relaxed);
    if word != 0 {
        touches_known((word >> 32) as u32, site);
    }
}

#[cold]
fn touches_known(execution: u32, site: Site) {
    if LIVE.iter().any(|live| live.load(Ordering::Relaxed) == execution) {
        let line = source_line(Place::Line(site));
        TOUCHED.lock().unwrap_or_else(PoisonError::into_inner).push((execution, line));
    }
}
