//! The execution under way of the explorer: the way to it, and its steps. What [`with`] must not do stands in
//! [`crate::seam::execution_cell`].

use crate::explorer::execution::{Execution, Stop};
use crate::report::data::Limit;
use crate::seam::execution_cell::{ExecutionCell, Installed};
use crate::seam::unwinding;
use shuttle_engine::runtime::thread::switch;

thread_local! {
    static EXECUTION: ExecutionCell<Execution> = const { ExecutionCell::empty() };
}

/// Makes `execution` the one of this operating-system thread.
pub(super) fn install(execution: Box<Execution>) -> Installed<Execution> {
    Installed::new(&EXECUTION, execution)
}

/// Gives `f` the execution.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&mut Execution) -> R) -> R {
    EXECUTION.with(|cell| cell.with(f))
}

/// Gives up control for ever: the execution is over.
fn abandon() -> ! {
    loop {
        give_up_control();
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
    if stopped && !unwinding::unmodelled() {
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
    if !with(|s| s.takes_next(me)) {
        give_up_control();
    }
}

/// Gives up control to whoever is the next.
pub(super) fn give_up_control() {
    unwinding::give_up_control(switch);
}
