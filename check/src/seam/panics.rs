//! Panics as data, and the panic hook: quiet inside a model, as before outside.
//!
//! A panic of a model is a result. The hook keeps its message and its line for the report instead of
//! printing them, once for each of many thousand executions.
//!
//! # Whose line
//!
//! A thread ends with a *payload*; the hook has seen *panics*. Between the two a panic may be caught, another
//! one may come, and a payload may be raised again by `resume_unwind`, which runs no hook. So what the hook
//! keeps is found by the payload itself: a text by where its bytes are, which does not change when the payload
//! is boxed, anything else by the address of its box. A payload that no panic of the model made has a message
//! and no line.

use crate::report::cause::PanicData;
use crate::report::data::SourceLine;
use crate::seam::context;
use crate::seam::runtime;
use shuttle_engine::scheduler::{Schedule, Scheduler, Task, TaskId};
use std::any::Any;
use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{self, PanicHookInfo};
use std::sync::{Mutex, Once, PoisonError};

/// Panics that are remembered, at most: a payload is kept by somebody who has caught it, and few keep many.
const REMEMBERED: usize = 256;

/// The last panics inside models: where the payload is, and what it was.
static SEEN: Mutex<VecDeque<(usize, PanicData)>> = Mutex::new(VecDeque::new());

/// Asked first at each panic inside a model on this thread.
type Observer = fn(&PanicHookInfo<'_>);

thread_local! {
    static OBSERVER: Cell<Option<Observer>> = const { Cell::new(None) };
}

/// From now on `observer` sees each panic inside a model on this thread, where it happens.
#[cfg(feature = "loom")]
pub(crate) fn observe(observer: Observer) {
    OBSERVER.set(Some(observer));
}

/// By what a payload is known again.
fn identity(payload: &(dyn Any + Send)) -> usize {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text.as_ptr() as usize
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.as_ptr() as usize
    } else {
        std::ptr::from_ref(payload).cast::<u8>() as usize
    }
}

/// The panic that made this payload.
pub(crate) fn of(payload: &(dyn Any + Send)) -> PanicData {
    let _engine = runtime::engine_code();
    let (identity, message) = (identity(payload), message(payload));
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let same = |(at, panic): &&(usize, PanicData)| *at == identity && panic.message == message;
    let found = seen.iter().rev().find(same).map(|(_, panic)| panic.clone());
    found.unwrap_or(PanicData { message, site: None })
}

/// Keeps what `info` says.
fn remember(info: &PanicHookInfo<'_>) {
    // What is allocated here is not the model's.
    let _engine = runtime::engine_code();
    let site = info.location().map(|at| SourceLine { file: at.file().to_owned(), line: at.line() });
    let panic = PanicData { message: message(info.payload()), site };
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.len() == REMEMBERED {
        seen.pop_front();
    }
    seen.push_back((identity(info.payload()), panic));
}

/// What is said of a panic whose payload is not text.
const NOT_TEXT: &str = "a panic whose payload is not text";

/// The text of a panic's payload.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        NOT_TEXT.to_owned()
    }
}

/// A scheduler of one execution of nothing, which makes shuttle install its own hook now rather than on top
/// of ours.
struct OneExecution(bool);

impl Scheduler for OneExecution {
    fn new_execution(&mut self) -> Option<Schedule> {
        std::mem::replace(&mut self.0, false).then(|| Schedule::new(0))
    }

    fn next_task(&mut self, tasks: &[&Task], _: Option<TaskId>, _: bool) -> Option<TaskId> {
        tasks.first().map(|t| t.id())
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}

/// Installs the hook, once for the process.
pub(crate) fn install() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let before_shuttle = panic::take_hook();
        let mut config = shuttle_engine::Config::new();
        config.failure_persistence = shuttle_engine::FailurePersistence::None;
        shuttle_engine::Runner::new(OneExecution(true), config).run(|| {});
        panic::set_hook(Box::new(move |info| {
            if runtime::executing() && std::env::var_os("RINGWRIGHT_PANICS").is_none() {
                if let Some(observer) = OBSERVER.get() {
                    observer(info);
                }
                remember(info);
                return;
            }
            before_shuttle(info);
        }));
    });
}

/// The running thread of the model ends with a panic.
pub(crate) fn end_with_panic(payload: &(dyn Any + Send)) {
    let engine_code = runtime::engine_code();
    let panic = of(payload);
    match (runtime::current(), context::real_threads()) {
        (Some(engine), _) => engine.panicked(panic),
        (None, Some(engine)) => engine.panicked(panic),
        (None, None) => {}
    }
    drop(engine_code);
}

/// Runs the main thread of a model: the closure, its thread-locals, its end.
pub(crate) fn run_main(model: &dyn Fn()) {
    let _user = runtime::user_code();
    let result = panic::catch_unwind(panic::AssertUnwindSafe(model));
    if let Err(payload) = result {
        end_with_panic(&*payload);
    }
    context::end_of_thread();
}
