//! What an engine is: the one trait between the door and whatever runs a model.
//!
//! The door asks [`current`] on every operation. Outside a model that is
//! `None`, and the operation goes to the real atomic or lock. Inside one the
//! engine decides.

use crate::report::cause::PanicData;
use crate::seam::clock::Clock;
use crate::seam::op::{Rmw, SyncOp};
use crate::seam::stack;
use crate::seam::thread_body::ThreadBody;
use std::cell::Cell;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

/// A line of source, as `#[track_caller]` gives it.
pub(crate) type Site = &'static Location<'static>;

/// What the door says of an object: where it lives, how wide it is, and the
/// word by which an engine knows it again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Obj<'a> {
    /// The value, by a pointer that may be read and written through.
    pub(crate) ptr: *mut u8,
    /// Bytes of the value in memory.
    pub(crate) size: usize,
    /// Bits of the value that count: 1 for a bool, 0 for a plain cell.
    pub(crate) bits: u8,
    /// The identity word.
    pub(crate) id: &'a AtomicU64,
}

impl Obj<'_> {
    /// The address of the value.
    #[inline]
    pub(crate) fn addr(&self) -> usize {
        self.ptr.addr()
    }

    /// The value in memory now.
    pub(crate) fn value(&self) -> u64 {
        // SAFETY: `ptr` came from a reference to a live atomic of `size` bytes, which outlives this call.
        unsafe { read_atomic(self.ptr, self.size) }
    }
}

/// Reads the atomic of `size` bytes at `ptr`.
///
/// # Safety
///
/// A live atomic of that size is there.
pub(crate) unsafe fn read_atomic(ptr: *const u8, size: usize) -> u64 {
    use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32};
    // Relaxed, all of them: the engine's threads share one operating-system thread.
    // SAFETY: the caller says so.
    unsafe {
        match size {
            1 => (*ptr.cast::<AtomicU8>()).load(Ordering::Relaxed).into(),
            2 => (*ptr.cast::<AtomicU16>()).load(Ordering::Relaxed).into(),
            4 => (*ptr.cast::<AtomicU32>()).load(Ordering::Relaxed).into(),
            _ => (*ptr.cast::<AtomicU64>()).load(Ordering::Relaxed),
        }
    }
}

/// Writes the atomic of `size` bytes at `ptr`.
///
/// # Safety
///
/// A live atomic of that size is there.
pub(crate) unsafe fn write_atomic(ptr: *mut u8, size: usize, value: u64) {
    use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32};
    // Relaxed, all of them: the engine's threads share one operating-system thread.
    // SAFETY: the caller says so.
    unsafe {
        match size {
            1 => (*ptr.cast::<AtomicU8>()).store(value as u8, Ordering::Relaxed),
            2 => (*ptr.cast::<AtomicU16>()).store(value as u16, Ordering::Relaxed),
            4 => (*ptr.cast::<AtomicU32>()).store(value as u32, Ordering::Relaxed),
            _ => (*ptr.cast::<AtomicU64>()).store(value, Ordering::Relaxed),
        }
    }
}

/// What a thread does to plain memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    Read,
    Write,
}

/// An engine: runs the operations of the model's threads.
pub(crate) trait Runtime {
    /// An atomic load.
    fn load(&self, obj: Obj<'_>, order: Ordering, site: Site) -> u64;
    /// An atomic store.
    fn store(&self, obj: Obj<'_>, value: u64, order: Ordering, site: Site);
    /// An atomic read-modify-write: the value it read, as `Err` if it was a
    /// compare-exchange that failed.
    fn rmw(&self, obj: Obj<'_>, op: Rmw, ok: Ordering, err: Ordering, site: Site) -> Result<u64, u64>;
    /// A fence.
    fn fence(&self, order: Ordering, site: Site);
    /// An access to plain memory that the door sees.
    fn access(&self, obj: Obj<'_>, access: Access, site: Site);
    /// Gives back a lock that the running thread holds: its word becomes 0.
    fn unlock(&self, obj: Obj<'_>, site: Site);
    /// Gives back a reader-writer lock that the running thread holds alone.
    fn unlock_write(&self, obj: Obj<'_>, site: Site) {
        self.unlock(obj, site);
    }
    /// An operation of a lock, a condition variable or a parking token. It
    /// may block. A timed one that misses lets `nanos` pass.
    fn sync(&self, obj: Obj<'_>, op: SyncOp, nanos: u64, site: Site) -> u64;
    /// Starts a thread and gives its number. `body` ends the thread.
    fn spawn(&self, name: Option<String>, body: ThreadBody, site: Site) -> usize;
    /// Waits until `done`, the flag that thread `thread` sets last, is set.
    fn join(&self, thread: usize, done: Obj<'_>, site: Site);
    /// Waits until thread `thread` has set `done` for the first time: its closure has returned, but what its
    /// thread-locals drop may still be under way. Engines that do not tell the two apart join it.
    fn join_closure(&self, thread: usize, done: Obj<'_>, site: Site) {
        self.join(thread, done, site);
    }
    /// The number of the running thread.
    fn me(&self) -> usize;
    /// The running thread has nothing to do until somebody else has written.
    fn yield_now(&self, site: Site);
    /// A number below `n`; each is explored.
    fn choose(&self, n: usize) -> usize;
    /// Nanoseconds since the start of the execution.
    fn now(&self, site: Site) -> u64;
    /// Time-outs that a thread may have while others can go on.
    fn timeouts(&self) -> u8 {
        2
    }
    /// Time passes.
    fn pass(&self, nanos: u64);
    /// Lets time pass, and others run.
    fn sleep(&self, nanos: u64, site: Site) {
        self.pass(nanos);
        self.yield_now(site);
    }
    /// What this execution came to.
    fn outcome(&self, text: String);
    /// The running thread begins the operation `name`, which must take at most
    /// `limit` of its own steps. Engines that do not count let it pass.
    fn begin_operation(&self, _name: &str, _limit: u32) {}
    /// The operation last begun by the running thread has ended.
    fn end_operation(&self) {}
    /// The running thread begins to panic. It may catch the panic itself.
    fn panic_begins(&self, _panic: PanicData) {}
    /// A model thread ended with a panic that nobody has joined yet.
    fn panicked(&self, panic: PanicData);
    /// The running thread has panicked where the process would end.
    fn aborts(&self, panic: PanicData) {
        self.panicked(panic);
    }
    /// The running thread, how many events it has had, and what happens before
    /// what it does next; `None` if the engine keeps no such clocks.
    fn past(&self) -> Option<(usize, u16, Clock)> {
        None
    }
    /// A join gave the panic of thread `thread` to its caller.
    fn panic_taken(&self, thread: usize);
    /// A call of the door's that is built of its own atomics and fences begins
    /// or ends: they stand at the caller's line, but are not the caller's. What is done to the count of a handle is
    /// nothing that threads have in common.
    fn own_code(&self, _begins: bool, _of_a_handle: bool) {}
    /// The running thread gets a raw pointer to what a cell holds: what it does
    /// through it is not seen. Engines that do not count let it pass.
    fn unseen_cell(&self, _site: Site) {}
}

thread_local! {
    static CURRENT: Cell<Option<&'static dyn Runtime>> = const { Cell::new(None) };
    static USER_CODE: Cell<bool> = const { Cell::new(false) };
    static EXECUTING: Cell<bool> = const { Cell::new(false) };
}

/// The engine that runs the calling thread, if it is a model's.
#[inline]
pub(crate) fn current() -> Option<RunningEngine> {
    CURRENT.try_with(Cell::get).unwrap_or(None).map(RunningEngine)
}

/// An engine as the door calls it: the operations go by way of [`stack::enter`], so that the engine can look at
/// the caller's stack.
#[derive(Clone, Copy)]
pub(crate) struct RunningEngine(&'static dyn Runtime);

impl std::ops::Deref for RunningEngine {
    type Target = dyn Runtime;

    fn deref(&self) -> &(dyn Runtime + 'static) {
        self.0
    }
}

impl RunningEngine {
    /// The engine itself.
    pub(crate) fn inner(self) -> &'static dyn Runtime {
        self.0
    }

    #[inline]
    pub(crate) fn load(self, obj: Obj<'_>, order: Ordering, site: Site) -> u64 {
        stack::enter(|| self.0.load(obj, order, site))
    }

    #[inline]
    pub(crate) fn store(self, obj: Obj<'_>, value: u64, order: Ordering, site: Site) {
        stack::enter(|| self.0.store(obj, value, order, site));
    }

    #[inline]
    pub(crate) fn rmw(
        self,
        obj: Obj<'_>,
        op: Rmw,
        ok: Ordering,
        err: Ordering,
        site: Site,
    ) -> Result<u64, u64> {
        stack::enter(|| self.0.rmw(obj, op, ok, err, site))
    }

    #[inline]
    pub(crate) fn unlock(self, obj: Obj<'_>, site: Site) {
        stack::enter(|| self.0.unlock(obj, site));
    }

    #[inline]
    pub(crate) fn unlock_write(self, obj: Obj<'_>, site: Site) {
        stack::enter(|| self.0.unlock_write(obj, site));
    }

    #[inline]
    pub(crate) fn sync(self, obj: Obj<'_>, op: SyncOp, nanos: u64, site: Site) -> u64 {
        stack::enter(|| self.0.sync(obj, op, nanos, site))
    }

    #[inline]
    pub(crate) fn fence(self, order: Ordering, site: Site) {
        stack::enter(|| self.0.fence(order, site));
    }

    #[inline]
    pub(crate) fn access(self, obj: Obj<'_>, access: Access, site: Site) {
        stack::enter(|| self.0.access(obj, access, site));
    }

    #[inline]
    pub(crate) fn join(self, thread: usize, done: Obj<'_>, site: Site) {
        stack::enter(|| self.0.join(thread, done, site));
    }

    #[inline]
    pub(crate) fn join_closure(self, thread: usize, done: Obj<'_>, site: Site) {
        stack::enter(|| self.0.join_closure(thread, done, site));
    }

    #[inline]
    pub(crate) fn now(self, site: Site) -> u64 {
        stack::enter(|| self.0.now(site))
    }

    #[inline]
    pub(crate) fn yield_now(self, site: Site) {
        stack::enter(|| self.0.yield_now(site));
    }

    #[inline]
    pub(crate) fn sleep(self, nanos: u64, site: Site) {
        stack::enter(|| self.0.sleep(nanos, site));
    }
}

/// Makes `runtime` the engine of this operating-system thread.
pub(crate) fn set_current(runtime: Option<&'static dyn Runtime>) {
    CURRENT.set(runtime);
    EXECUTING.set(runtime.is_some());
    USER_CODE.set(false);
}

/// Whether the code of a model runs now, and not the engine's: only then are
/// allocations and plain accesses the model's.
#[inline]
pub(crate) fn in_user_code() -> bool {
    USER_CODE.try_with(Cell::get).unwrap_or(false)
}

/// Says whether this operating-system thread runs a model without an engine of
/// its own, so that its panics are results.
pub(crate) fn set_quiet(quiet: bool) {
    EXECUTING.set(quiet);
}

/// Whether an execution is under way on this operating-system thread.
#[inline]
pub(crate) fn executing() -> bool {
    EXECUTING.try_with(Cell::get).unwrap_or(false)
}

/// Marks the door's own atomics and fences until dropped.
#[derive(Debug)]
pub(crate) struct OwnCode {
    of_a_handle: bool,
}

/// A call of the door's that is built of its own atomics and fences begins.
#[inline]
pub(crate) fn own_code() -> OwnCode {
    begin_own_code(false)
}

/// [`own_code`] that only counts handles, or looks at a thread: threads that do no more have nothing in common.
#[inline]
pub(crate) fn handle_code() -> OwnCode {
    begin_own_code(true)
}

#[inline]
fn begin_own_code(of_a_handle: bool) -> OwnCode {
    if let Some(engine) = current() {
        engine.own_code(true, of_a_handle);
    }
    OwnCode { of_a_handle }
}

impl Drop for OwnCode {
    fn drop(&mut self) {
        if let Some(engine) = current() {
            engine.own_code(false, self.of_a_handle);
        }
    }
}

/// Marks engine code until dropped.
#[derive(Debug)]
pub(crate) struct EngineCode {
    was_user: bool,
}

/// Engine code begins.
#[inline]
pub(crate) fn engine_code() -> EngineCode {
    EngineCode { was_user: USER_CODE.replace(false) }
}

/// Model code begins.
#[inline]
pub(crate) fn user_code() -> EngineCode {
    EngineCode { was_user: USER_CODE.replace(true) }
}

impl Drop for EngineCode {
    fn drop(&mut self) {
        USER_CODE.set(self.was_user);
    }
}

/// Adds `text` to what an execution has come to so far.
pub(crate) fn add_outcome(outcome: &mut Option<String>, text: String) {
    match outcome {
        Some(outcome) => {
            outcome.push_str("; ");
            outcome.push_str(&text);
        }
        none => *none = Some(text),
    }
}
