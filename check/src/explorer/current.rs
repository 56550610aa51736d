//! The execution under way on this operating-system thread, and the way to it.
//!
//! Model threads are coroutines of one operating-system thread, and the engine's code runs between their
//! operations; so one pointer in a thread-local is the way of all of them to the execution.
//!
//! # Invariants
//!
//! 1. The driver owns the execution through the same [`NonNull`] and keeps no reference to it: every access,
//!    the driver's own included, is a reference made from the pointer, and ends before the next one is made.
//! 2. No code of the user runs inside [`with`]: no drop of a value of the model, no closure of a check.
//! 3. No coroutine is switched inside [`with`].

use crate::explorer::execution::{Execution, Stop};
use crate::report::data::Limit;
use shuttle_engine::runtime::thread::switch;
use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::sync::MutexGuard;

thread_local! {
    static STATE: Cell<Option<NonNull<Execution>>> = const { Cell::new(None) };
    /// Holds off other models that use statics.
    static STATICS: RefCell<Option<MutexGuard<'static, ()>>> = const { RefCell::new(None) };
}

/// Makes `state` the execution of this operating-system thread.
pub(super) fn install(state: Option<NonNull<Execution>>) {
    STATE.set(state);
    if state.is_none() {
        STATICS.take();
    }
}

/// Gives `f` the execution.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&mut Execution) -> R) -> R {
    let mut state = STATE.get().expect("no execution is under way on this thread");
    // SAFETY: the driver installed a pointer to an execution that lives until it is taken back, and only
    // this thread uses it. `f` is a short piece of engine code that neither calls `with` again, nor runs
    // the user's code, nor switches (invariants 1 to 3), so this is the only reference.
    f(unsafe { state.as_mut() })
}

/// The model uses statics: from now on no other one does.
pub(super) fn claim_statics(claim: impl FnOnce() -> MutexGuard<'static, ()>) {
    STATICS.with_borrow_mut(|guard| {
        guard.get_or_insert_with(claim);
    });
}

/// Gives up control for ever: the execution is over.
fn abandon() -> ! {
    loop {
        switch();
    }
}

/// Runs `f` on the execution; ends the execution if `f` stopped it.
pub(crate) fn step<R>(f: impl FnOnce(&mut Execution) -> R) -> R {
    let (result, stopped) = with(|s| {
        let result = f(s);
        s.steps += 1;
        s.heartbeat.step(s.me, s.graph.site);
        if s.steps > s.budget.steps && s.stop.is_none() {
            s.stop = Some(Stop::Limit(Limit::Steps(s.budget.steps.into())));
        }
        (result, s.stop.is_some())
    });
    if stopped && !std::thread::panicking() {
        abandon();
    }
    result
}

/// [`step`] for what is no operation, such as an access to plain memory.
#[cfg(feature = "plain")]
pub(crate) fn unstepped(f: impl FnOnce(&mut Execution)) {
    step(|s| {
        s.steps = s.steps.saturating_sub(1);
        f(s);
    });
}

/// Gives up control unless thread `me`, which runs, is also the next.
pub(super) fn resume(me: usize) {
    let next = with(|s| if s.next == Some(me) { s.next.take() } else { None });
    if next.is_none() {
        switch();
    }
}
