//! The context of the run: what the door, an engine and the allocator leave with each other on an
//! operating-system thread.
//!
//! No engine calls the door, and the door knows no engine but the trait [`Runtime`]. What one of them must
//! do at a moment that the other one knows of is registered here: what statics drop when an execution ends,
//! which tables an execution starts without, who judges threads that wait for ever, and which round of the
//! native engine a real thread belongs to.
//!
//! What the hot path asks at each operation stands in [`crate::seam::runtime`] instead, in thread-locals that
//! need no destructor.

use crate::report::cause::{Cause, PanicData};
use crate::report::data::FailureKind;
use crate::seam::panic_memory::PanicMemory;
use crate::seam::runtime;
use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, MutexGuard};
use std::thread::ThreadId;

/// Says whether threads that wait for ever are as they should be, and if not, why.
pub(crate) type StuckJudge = Rc<dyn Fn() -> Result<(), String>>;

/// What is left on one operating-system thread.
#[derive(Default)]
struct Context {
    /// What the statics of this execution ask for at its end.
    resets: RefCell<Vec<Box<dyn FnOnce()>>>,
    /// What a thread of the model does last.
    thread_ends: RefCell<Vec<fn()>>,
    /// What must be forgotten between two executions.
    execution_ends: RefCell<Vec<fn()>>,
    judge: RefCell<Option<StuckJudge>>,
    real_threads: RefCell<Option<Arc<dyn RealThreads>>>,
}

thread_local! {
    static CONTEXT: Context = Context::default();
    static ALLOCATIONS: Cell<Option<&'static dyn Allocations>> = const { Cell::new(None) };
}

/// The engine's side of [`Quarantine`](crate::seam::quarantine::Quarantine).
pub(crate) trait Allocations {
    /// A freed block of this layout, if it is to be given out again.
    fn reused(&self, layout: Layout) -> Option<*mut u8>;
    /// The model has allocated a block.
    fn allocated(&self, block: *mut u8, layout: Layout);
    /// A block is given back; whether it is kept until the execution ends.
    fn keeps(&self, block: *mut u8) -> bool;
}

/// Who is to be told of allocations on this thread.
#[inline]
pub(crate) fn allocations() -> Option<&'static dyn Allocations> {
    ALLOCATIONS.try_with(Cell::get).unwrap_or(None)
}

/// From now on `allocations` is told.
pub(crate) fn set_allocations(allocations: Option<&'static dyn Allocations>) {
    ALLOCATIONS.set(allocations);
}

/// The engine of a model whose threads are the system's.
pub(crate) trait RealThreads: Send + Sync {
    /// What this execution came to.
    fn outcome(&self, text: String);
    /// A number below `n`.
    fn choose(&self, n: usize) -> usize;
    /// The panics of this execution.
    fn panics(&self) -> MutexGuard<'_, PanicMemory>;
    /// The calling thread ends with a panic.
    fn panicked(&self, panic: PanicData);
    /// The calling thread is about to join another.
    fn joining(&self);
    /// The calling thread has joined `thread`, and has its panic if there was one.
    fn joined(&self, thread: ThreadId);
    /// The body of a thread that is about to start, as one of this execution's.
    fn adopt(self: Arc<Self>, body: Box<dyn FnOnce()>) -> Box<dyn FnOnce()>;
}

/// The engine of this real thread, if a model runs on it.
pub(crate) fn real_threads() -> Option<Arc<dyn RealThreads>> {
    CONTEXT.try_with(|context| context.real_threads.borrow().clone()).ok().flatten()
}

/// Makes `engine` the engine of this real thread.
pub(crate) fn set_real_threads(engine: Option<Arc<dyn RealThreads>>) {
    CONTEXT.with(|context| context.real_threads.replace(engine));
}

/// From now on `judge` says whether an execution that gets stuck is a failure.
pub(crate) fn when_stuck(judge: Option<StuckJudge>) {
    CONTEXT.with(|context| context.judge.replace(judge));
}

/// What a failure amounts to if threads that wait for ever are judged: `None` if they are as they should be.
/// The judge is the user's code, so no engine is under a borrow here.
pub(crate) fn judged(mut cause: Cause) -> Option<Cause> {
    if !matches!(cause.kind, FailureKind::Deadlock | FailureKind::Livelock) {
        return Some(cause);
    }
    let Some(judge) = CONTEXT.with(|context| context.judge.borrow().clone()) else { return Some(cause) };
    let why = judge().err()?;
    cause.message = format!("{}\n{why}", cause.message);
    Some(cause)
}

fn register(list: &RefCell<Vec<fn()>>, act: fn()) {
    let mut list = list.borrow_mut();
    if !list.iter().any(|known| std::ptr::fn_addr_eq(*known, act)) {
        list.push(act);
    }
}

/// Each thread of a model runs `act` when its body has ended.
pub(crate) fn at_end_of_thread(act: fn()) {
    CONTEXT.with(|context| register(&context.thread_ends, act));
}

/// A thread of the model has run its body.
pub(crate) fn end_of_thread() {
    let act = |nth: usize| CONTEXT.with(|context| context.thread_ends.borrow().get(nth).copied());
    (0..).map_while(act).for_each(|act| act());
}

/// After each execution, `act` runs. A thread whose thread-locals are gone has run its last one.
pub(crate) fn at_end_of_execution(act: fn()) {
    let _ = CONTEXT.try_with(|context| register(&context.execution_ends, act));
}

/// When this execution has run to its end, `reset` runs: it drops what a static holds.
pub(crate) fn reset_at_end(reset: Box<dyn FnOnce()>) {
    CONTEXT.with(|context| context.resets.borrow_mut().push(reset));
}

/// An execution has ended: runs what its statics asked for if it `completed`, and everything that is
/// registered. Code of the user runs here, so no engine is under a borrow.
///
/// The values of an execution that did not complete are forgotten: nobody knows in which state its threads
/// left them.
pub(crate) fn end_of_execution(completed: bool) {
    let resets = CONTEXT.with(|context| context.resets.take());
    if completed && !resets.is_empty() {
        let engine = runtime::current();
        runtime::set_current(None);
        for reset in resets {
            // A drop that panics must not end the check; the panic has been printed.
            drop(catch_unwind(AssertUnwindSafe(reset)));
        }
        runtime::set_current(engine.map(runtime::RunningEngine::inner));
    }
    // By number: `act` may use the context. The list only grows.
    let act = |nth: usize| CONTEXT.with(|context| context.execution_ends.borrow().get(nth).copied());
    (0..).map_while(act).for_each(|act| act());
}
