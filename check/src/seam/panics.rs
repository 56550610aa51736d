//! The panic hook: quiet inside a model, as before outside.
//!
//! A panic of a model is a result. The hook keeps its message and place for the
//! report instead of printing them, once for each of many thousand executions.

use crate::report::data::SourceLine;
use crate::seam::runtime;
use shuttle_engine::scheduler::{Schedule, Scheduler, Task, TaskId};
use std::cell::RefCell;
use std::panic;
use std::sync::Once;

/// The message and place of a panic.
#[derive(Clone, Debug)]
pub(crate) struct Panicked {
    pub(crate) message: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

thread_local! {
    static LAST: RefCell<Option<Panicked>> = const { RefCell::new(None) };
}

/// The last panic inside a model on this thread.
pub(crate) fn take_last() -> Option<Panicked> {
    LAST.take()
}

/// A scheduler of one execution, which makes shuttle install its own hook now
/// rather than on top of ours.
struct Once1(bool);

impl Scheduler for Once1 {
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
        shuttle_engine::Runner::new(Once1(true), config).run(|| {});
        panic::set_hook(Box::new(move |info| {
            if runtime::executing() && std::env::var_os("RINGWRIGHT_PANICS").is_none() {
                let message = message(info.payload());
                let place = info.location().map(|l| (l.file().to_owned(), l.line()));
                let (file, line) = place.unwrap_or_default();
                // The panic of a nested operation must not find the cell borrowed.
                let _ = LAST.try_with(|last| {
                    if let Ok(mut last) = last.try_borrow_mut() {
                        *last = Some(Panicked { message, file, line });
                    }
                });
                return;
            }
            before_shuttle(info);
        }));
    });
}

/// The running thread of the model ends with a panic.
pub(crate) fn end_with_panic(payload: &dyn std::any::Any) {
    let engine_code = runtime::engine_code();
    let text = text_of(payload);
    match runtime::current() {
        Some(engine) => engine.panicked(text),
        None => crate::engines::native::panicked(text),
    }
    drop(engine_code);
}

/// What the panic of this thread with this payload said, and where.
pub(crate) fn text_of(payload: &dyn std::any::Any) -> String {
    match take_last() {
        Some(Panicked { message, file, line }) if !file.is_empty() => format!("{message} (at {file}:{line})"),
        _ => message(payload),
    }
}

/// The place that [`text_of`] has put at the end of `text`.
pub(crate) fn site_in(text: &str) -> Option<SourceLine> {
    let (_, place) = text.strip_suffix(')')?.rsplit_once(" (at ")?;
    let (file, line) = place.rsplit_once(':')?;
    Some(SourceLine { file: file.to_owned(), line: line.parse().ok()? })
}

/// Runs the main thread of a model: the closure, its thread-locals, its end.
pub(crate) fn run_main(model: &dyn Fn()) {
    let _user = runtime::user_code();
    let result = panic::catch_unwind(panic::AssertUnwindSafe(model));
    if let Err(payload) = result {
        end_with_panic(&*payload);
    }
    crate::door::drop_thread_locals();
}

/// The text of a panic's payload.
pub(crate) fn message(payload: &dyn std::any::Any) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic whose payload is not text".to_owned()
    }
}
