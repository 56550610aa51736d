//! One execution under the driver: it begins, it ends, and what it touched is put back.

use crate::explorer::current;
use crate::explorer::driver::record::{CheckRecord, ExecutionEnd, Phase};
use crate::explorer::execution::{Execution, Stop};
use crate::memory::heap;
use crate::report::cause::{Cause, PanicData};
use crate::report::data::FailureKind;
use crate::seam::outside::SearchSlot;
use crate::seam::place::Place;
use crate::seam::runtime;
use crate::seam::symbols::source_line;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

static EXECUTION: AtomicU32 = AtomicU32::new(1);

/// Runs one execution after another.
pub(super) struct ExplorerDriver {
    pub(super) progress: Arc<Mutex<CheckRecord>>,
    /// Whether an execution has begun and not been looked at.
    pub(super) under_way: bool,
    pub(super) slot: Option<SearchSlot>,
    /// Whether it is known if the program has the quarantining allocator.
    pub(super) asked: bool,
}

/// Allocates a block as the model would: whether the engine hears of it must not hang on what a model does first.
fn ask_the_allocator() {
    let reuse = current::with(|s| {
        // The thread that allocates. No choice is to be made.
        s.graph.add_thread(None);
        std::mem::take(&mut s.reuse.on)
    });
    heap::set_active(true);
    let user = runtime::user_code();
    drop(std::hint::black_box(Box::new(1_u8)));
    drop(user);
    heap::set_active(false);
    heap::with(heap::Heap::clear);
    current::with(|s| {
        s.graph.reset();
        s.reuse.on = reuse;
    });
}

pub(super) fn lock(progress: &Mutex<CheckRecord>) -> MutexGuard<'_, CheckRecord> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ExplorerDriver {
    /// Begins an execution, unless the check is over.
    pub(super) fn begin_execution(&mut self) -> bool {
        if matches!(lock(&self.progress).phase, Phase::Over) {
            return false;
        }
        if !std::mem::replace(&mut self.asked, true) {
            ask_the_allocator();
        }
        self.under_way = true;
        // Relaxed: only uniqueness counts.
        let execution = EXECUTION.fetch_add(1, Ordering::Relaxed);
        current::with(|s| s.reset(execution));
        if let Some(slot) = &self.slot {
            slot.begin(execution);
        }
        heap::set_active(true);
        true
    }

    /// How the execution under way has ended, if there is one.
    pub(super) fn end(&mut self) -> Option<ExecutionEnd> {
        if !std::mem::take(&mut self.under_way) {
            return None;
        }
        let end = current::with(end_of);
        let touched = self.slot.as_ref().and_then(SearchSlot::end);
        Some(touched.map_or(end, ExecutionEnd::Failed))
    }

    /// Puts statics back as they were, and memory back where it came from.
    pub(super) fn put_back(&mut self) {
        current::with(|s| {
            for object in &s.objects {
                if let Some(value) = object.restore {
                    // SAFETY: `restore` is set only for atomics in a static segment, which are always live.
                    unsafe { runtime::write_atomic(object.ptr, object.size, value) }
                }
            }
        });
        heap::set_active(false);
    }
}

/// How the execution has ended, before anybody judges it.
fn end_of(state: &mut Execution) -> ExecutionEnd {
    let first_panic = state.panics.first().cloned();
    match (state.stop.take(), first_panic) {
        (Some(Stop::Blocked), _) => ExecutionEnd::Blocked,
        (Some(Stop::Foreign), _) => ExecutionEnd::Foreign,
        (Some(Stop::Limit(limit)), _) => ExecutionEnd::Limit(limit),
        // A thread that died of a panic is the cause of whoever waits for it.
        (
            Some(
                Stop::Failed { kind: FailureKind::Deadlock | FailureKind::Livelock, .. }
                | Stop::Frozen
                | Stop::Aborted,
            )
            | None,
            Some(panic),
        ) => ExecutionEnd::Failed(panicked(panic)),
        (Some(Stop::Failed { kind, message, sites }), _) => {
            ExecutionEnd::Failed(Cause { kind, message, sites: sites.into_iter().map(source_line).collect() })
        }
        (Some(Stop::Frozen), None) => ExecutionEnd::Frozen,
        (Some(Stop::Aborted), None) => unreachable!("it was aborted by a panic"),
        (None, None) => {
            state.look_at_cuts();
            unlisted_outcome(state).map_or(ExecutionEnd::Complete, ExecutionEnd::Failed)
        }
    }
}

/// The failure of an execution that came to an outcome that it may not come to.
fn unlisted_outcome(state: &Execution) -> Option<Cause> {
    let (allowed, outcome) = (state.outcomes.as_ref()?, state.outcome.as_ref()?);
    (!allowed.contains(outcome)).then(|| Cause {
        kind: FailureKind::Property,
        message: format!("the outcome `{outcome}` is none of those that the check allows"),
        sites: Vec::new(),
    })
}

/// The failure of a thread that panicked: where the panic came from, or else the thread's last operation.
fn panicked((_, panic, last): (usize, PanicData, Option<Place>)) -> Cause {
    let mut cause = Cause::from(panic);
    if cause.sites.is_empty() {
        cause.sites.extend(last.map(source_line));
    }
    cause
}
