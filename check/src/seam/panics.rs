//! Panics as data, and the panic hook: quiet inside a model, as before outside.
//!
//! A panic of a model is a result. The hook keeps its message and its line for the report instead of
//! printing them, once for each of many thousand executions.

use crate::report::cause::PanicData;
use crate::report::data::SourceLine;
use crate::seam::context;
use crate::seam::panic_memory::{PanicMemory, message};
use crate::seam::runtime;
use shuttle_engine::scheduler::{Schedule, Scheduler, Task, TaskId};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

/// Asked first at each panic inside a model on this thread.
type Observer = fn(&PanicHookInfo<'_>);

thread_local! {
    static OBSERVER: Cell<Option<Observer>> = const { Cell::new(None) };
    /// The panics of the execution whose threads are coroutines of this one.
    static MEMORY: RefCell<PanicMemory> = const { RefCell::new(PanicMemory::empty()) };
}

/// From now on `observer` sees each panic inside a model on this thread, where it happens.
#[cfg(feature = "loom")]
pub(crate) fn observe(observer: Observer) {
    OBSERVER.set(Some(observer));
}

/// Gives `f` the panics of the execution that this thread is of.
fn with_memory<R>(f: impl FnOnce(&mut PanicMemory) -> R) -> R {
    // What is allocated here is not the model's.
    let _engine = runtime::engine_code();
    if let Some(engine) = context::real_threads() {
        return f(&mut engine.panics());
    }
    let mut f = Some(f);
    let mut once = |memory: &mut PanicMemory| f.take().expect("it is called once")(memory);
    // A thread that is about to end may have no thread-locals any more.
    MEMORY
        .try_with(|memory| once(&mut memory.borrow_mut()))
        .unwrap_or_else(|_| once(&mut PanicMemory::empty()))
}

/// The panic that made this payload.
pub(crate) fn of(payload: &(dyn Any + Send)) -> PanicData {
    with_memory(|memory| memory.of(payload))
}

/// What std says of a panic that cannot unwind: the process is about to abort.
const CANNOT_UNWIND: [&str; 2] =
    ["panic in a destructor during cleanup", "panic in a function that cannot unwind"];

/// Says what led to a panic that cannot unwind: nobody else will be there to say it.
fn say_what_led_here() {
    let panics: Vec<String> = with_memory(|memory| {
        let text = |panic: &PanicData| match &panic.site {
            Some(site) => format!("ringwright: panicked at {}:{}: {}\n", site.file, site.line, panic.message),
            None => format!("ringwright: panicked: {}\n", panic.message),
        };
        memory.all().map(text).collect()
    });
    // Not `eprint!`: what a test prints is captured, and lost with the process.
    let _ = std::io::stderr().lock().write_all(panics.concat().as_bytes());
}

/// Keeps what `info` says.
fn remember(info: &PanicHookInfo<'_>) {
    // What is allocated here is not the model's.
    let _engine = runtime::engine_code();
    let site = info.location().map(|at| SourceLine { file: at.file().to_owned(), line: at.line() });
    context::at_end_of_execution(|| MEMORY.with_borrow_mut(PanicMemory::clear));
    with_memory(|memory| memory.keep(info.payload(), site));
    if CANNOT_UNWIND.contains(&&*message(info.payload())) {
        say_what_led_here();
    }
    if let Some(engine) = runtime::current() {
        engine.panic_begins(of(info.payload()));
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

/// The destructor of a thread-local of the model has panicked, with `payload`. With std the process ends there.
pub(crate) fn abort_in_thread_local(payload: &(dyn Any + Send)) {
    let engine_code = runtime::engine_code();
    let panic = of(payload);
    let message =
        format!("{}\nin the destructor of a thread-local, where a panic ends the process", panic.message);
    if let Some(engine) = runtime::current() {
        engine.aborts(PanicData { message, ..panic });
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
