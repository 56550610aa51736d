//! Threads: [`std::thread`].

use crate::door::atomic::{AtomicU8, Ordering};
use crate::door::locals;
use crate::door::object::Word;
use crate::seam::context;
use crate::seam::op::SyncOp;
use crate::seam::panics;
use crate::seam::runtime::{self, Site};
use crate::seam::thread_body::ThreadBody;
use std::cell::RefCell;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

pub use crate::door::locals::{AccessError, LocalKey};
pub use crate::thread_local;
pub use std::thread::{Result, panicking};

/// A thread's identity: [`std::thread::ThreadId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadId(Id);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Id {
    Real(std::thread::ThreadId),
    /// Its number in its execution.
    Modelled(usize),
}

/// A handle to a thread: [`std::thread::Thread`].
#[derive(Clone, Debug)]
pub struct Thread(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: Option<String>,
    token: Word,
    of: Of,
}

#[derive(Debug)]
enum Of {
    Real(std::thread::Thread),
    Modelled(usize),
}

// std's, not the door's: the table is the engine's own, one for all threads of the model.
std::thread_local! {
    /// The handles of the model's threads, by number.
    static HANDLES: RefCell<Vec<Option<Thread>>> = const { RefCell::new(Vec::new()) };
}

impl Thread {
    fn real(thread: std::thread::Thread) -> Thread {
        Thread(Arc::new(Inner { name: None, token: Word::new(), of: Of::Real(thread) }))
    }

    /// The handle of a model's thread, made by whoever asks first: the thread
    /// itself or the one that starts it.
    fn modelled(number: usize, name: Option<String>) -> Thread {
        let _engine = runtime::engine_code();
        HANDLES.with_borrow_mut(|handles| {
            if handles.len() <= number {
                context::at_end_of_execution(end_of_execution);
                handles.resize_with(number + 1, || None);
            }
            let make = || Thread(Arc::new(Inner { name, token: Word::new(), of: Of::Modelled(number) }));
            handles[number].get_or_insert_with(make).clone()
        })
    }

    /// The thread's name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.0.of {
            Of::Real(thread) => thread.name(),
            Of::Modelled(0) => Some("main"),
            Of::Modelled(_) => self.0.name.as_deref(),
        }
    }

    /// The thread's identity.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        ThreadId(match &self.0.of {
            Of::Real(thread) => Id::Real(thread.id()),
            Of::Modelled(number) => Id::Modelled(*number),
        })
    }

    /// Makes the thread's next [`park`] return, or its present one.
    #[track_caller]
    pub fn unpark(&self) {
        match (&self.0.of, runtime::current()) {
            (Of::Real(thread), _) => thread.unpark(),
            (Of::Modelled(_), Some(engine)) => {
                engine.sync(self.0.token.object(), SyncOp::Unpark, 0, Location::caller());
            }
            (Of::Modelled(_), None) => panic!("a model's thread was unparked from outside the model"),
        }
    }
}

/// The running thread.
#[must_use]
pub fn current() -> Thread {
    let Some(engine) = runtime::current() else {
        return Thread::real(std::thread::current());
    };
    Thread::modelled(engine.me(), None)
}

/// Forgets the handles of the execution that has ended.
fn end_of_execution() {
    HANDLES.with_borrow_mut(Vec::clear);
}

/// Waits until somebody has called [`Thread::unpark`] on this thread.
#[track_caller]
pub fn park() {
    match runtime::current() {
        Some(engine) => {
            let me = current();
            engine.sync(me.0.token.object(), SyncOp::Park { timed: false }, 0, Location::caller());
        }
        None => std::thread::park(),
    }
}

/// [`park`] for at most `timeout`.
#[track_caller]
pub fn park_timeout(timeout: Duration) {
    match runtime::current() {
        Some(engine) => {
            let me = current();
            let op = SyncOp::Park { timed: true };
            engine.sync(me.0.token.object(), op, nanos(timeout), Location::caller());
        }
        None => std::thread::park_timeout(timeout),
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Lets other threads run.
#[track_caller]
pub fn yield_now() {
    match runtime::current() {
        Some(engine) => engine.yield_now(Location::caller()),
        None => std::thread::yield_now(),
    }
}

/// Waits for `time`. In a model that orders nothing: other threads may be as
/// slow as they like.
#[track_caller]
pub fn sleep(time: Duration) {
    match runtime::current() {
        Some(engine) => engine.sleep(nanos(time), Location::caller()),
        None => std::thread::sleep(time),
    }
}

/// How many threads the machine runs at once; two in a model.
///
/// # Errors
///
/// If the machine does not say.
pub fn available_parallelism() -> io::Result<NonZero<usize>> {
    match runtime::current() {
        Some(_) => Ok(NonZero::<usize>::MIN.saturating_add(1)),
        None => std::thread::available_parallelism(),
    }
}

/// What a thread leaves for whoever joins it.
struct Packet<T> {
    result: Mutex<Option<Result<T>>>,
    /// How far the thread has come: see [`RETURNED`] and [`OVER`].
    done: AtomicU8,
}

/// The closure has returned, but there are thread-locals to drop.
const RETURNED: u8 = 1;
/// The thread has run all its code.
const OVER: u8 = 2;

impl<T> Packet<T> {
    fn take(&self) -> Option<Result<T>> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A started thread, of either kind.
enum Started {
    Real(std::thread::JoinHandle<()>),
    Modelled(usize),
}

struct Handle<T> {
    started: Started,
    packet: Arc<Packet<T>>,
    /// Made when somebody asks: most never do.
    thread: OnceLock<Thread>,
}

impl<T> Handle<T> {
    fn thread(&self) -> &Thread {
        self.thread.get_or_init(|| match &self.started {
            Started::Real(handle) => Thread::real(handle.thread().clone()),
            Started::Modelled(number) => Thread::modelled(*number, None),
        })
    }

    #[track_caller]
    fn join(self) -> Result<T> {
        match self.started {
            // The thread catches its panic and leaves it in the packet.
            Started::Real(handle) => {
                let engine = context::real_threads();
                if let Some(engine) = &engine {
                    engine.joining();
                }
                let thread = handle.thread().id();
                drop(handle.join());
                if let Some(engine) = &engine {
                    engine.joined(thread);
                }
            }
            Started::Modelled(number) => {
                let engine = runtime::current().expect("a model's thread was joined from outside the model");
                engine.join(number, self.packet.done.object(), Location::caller());
                engine.panic_taken(number);
            }
        }
        self.packet.take().expect("a thread leaves its result before it is done")
    }

    /// Waits until the closure has returned, and not for thread-locals: how a scope ends.
    #[track_caller]
    fn join_closure(self) -> Result<T> {
        let Started::Modelled(number) = self.started else { return self.join() };
        let engine = runtime::current().expect("a model's thread was joined from outside the model");
        engine.join_closure(number, self.packet.done.object(), Location::caller());
        engine.panic_taken(number);
        self.packet.take().expect("a thread leaves its result before it is done")
    }

    #[track_caller]
    fn is_finished(&self) -> bool {
        match &self.started {
            Started::Real(handle) => handle.is_finished(),
            Started::Modelled(_) => {
                let _own = runtime::handle_code();
                // Relaxed: std promises no order, and says that thread-locals may still be dropped.
                self.packet.done.load(Ordering::Relaxed) != 0
            }
        }
    }
}

/// The body of every thread: the closure, its thread-locals, its result.
fn run_thread<T>(f: impl FnOnce() -> T, packet: &Packet<T>) {
    let result = catch_unwind(AssertUnwindSafe(f));
    if let Err(payload) = &result {
        panics::end_with_panic(&**payload);
    }
    {
        let _engine = runtime::engine_code();
        *packet.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }
    if runtime::current().is_none() {
        return context::end_of_thread();
    }
    let ends = |state: u8| {
        let _own = runtime::handle_code();
        // Release: pairs with the Acquire of `join` and `join_closure`.
        packet.done.store(state, Ordering::Release);
    };
    if locals::any() {
        ends(RETURNED);
        context::end_of_thread();
    }
    ends(OVER);
}

/// Starts a thread.
///
/// # Safety
///
/// What `f` and its result borrow must live until the thread has ended.
unsafe fn start<'a, F, T>(builder: Builder, f: F, site: Site) -> io::Result<Handle<T>>
where
    F: FnOnce() -> T + 'a,
    T: 'a,
{
    let engine_code = runtime::engine_code();
    let packet = Arc::new(Packet { result: Mutex::new(None), done: AtomicU8::new(0) });
    let theirs = Arc::clone(&packet);
    let name = builder.name.clone();
    let body: Box<dyn FnOnce() + 'a> = Box::new(move || {
        if let (Some(engine), Some(_)) = (runtime::current(), &name) {
            Thread::modelled(engine.me(), name);
        }
        run_thread(f, &theirs);
    });
    // SAFETY: the caller says that the borrows outlive the thread; the box has the same layout.
    let body: Box<dyn FnOnce()> = unsafe { std::mem::transmute(body) };
    let Some(engine) = runtime::current() else {
        drop(engine_code);
        let mut real = std::thread::Builder::new();
        if let Some(name) = builder.name {
            real = real.name(name);
        }
        if let Some(bytes) = builder.stack_size {
            real = real.stack_size(bytes);
        }
        let body = AssertSend(match context::real_threads() {
            Some(engine) => engine.adopt(body),
            None => body,
        });
        // SAFETY: as above; the public callers require `Send` of the closure and its result.
        let handle = unsafe { real.spawn_unchecked(move || body.run()) }?;
        return Ok(Handle { started: Started::Real(handle), packet, thread: OnceLock::new() });
    };
    let number = engine.spawn(builder.name.clone(), ThreadBody::new(body), site);
    if builder.name.is_some() {
        Thread::modelled(number, builder.name);
    }
    Ok(Handle { started: Started::Modelled(number), packet, thread: OnceLock::new() })
}

/// A thread's body on its way to its thread.
struct AssertSend(Box<dyn FnOnce()>);

// SAFETY: the box holds a closure that the public callers of `start` require to be `Send`.
unsafe impl Send for AssertSend {}

impl AssertSend {
    fn run(self) {
        (self.0)();
    }
}

/// Thread settings: [`std::thread::Builder`].
#[derive(Debug, Default)]
#[must_use = "a builder starts nothing by itself"]
pub struct Builder {
    name: Option<String>,
    stack_size: Option<usize>,
}

impl Builder {
    /// The default settings.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Names the thread.
    pub fn name(mut self, name: String) -> Builder {
        self.name = Some(name);
        self
    }

    /// Sets the size of the thread's stack, in bytes. A model ignores it.
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.stack_size = Some(bytes);
        self
    }

    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// If the system has no more threads.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // SAFETY: `f` and its result borrow nothing.
        let handle = unsafe { start(self, f, Location::caller()) }?;
        Ok(JoinHandle(handle))
    }

    /// Starts a thread of `scope`.
    ///
    /// # Errors
    ///
    /// If the system has no more threads.
    #[track_caller]
    pub fn spawn_scoped<'scope, F, T>(
        self,
        scope: &'scope Scope<'scope, '_>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        scope.start(self, f, Location::caller())
    }
}

/// Starts a thread.
///
/// # Panics
///
/// If the system has no more threads.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(f).expect("failed to spawn thread")
}

/// The right to wait for a thread: [`std::thread::JoinHandle`].
///
/// In a model, what a thread returns and nobody joins is dropped by the thread or with the handle, as the order that
/// the search runs has it. That it could be the other is not explored.
pub struct JoinHandle<T>(Handle<T>);

// SAFETY: the handle gives its result away by value only, and threads' results are `Send`.
unsafe impl<T> Send for JoinHandle<T> {}
// SAFETY: a shared handle gives no access to the result.
unsafe impl<T> Sync for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// Waits for the thread to end.
    ///
    /// # Errors
    ///
    /// If it panicked; the panic's payload is the error.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        self.0.join()
    }

    /// Whether the thread has run its closure.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// The thread.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        self.0.thread()
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

/// A scope whose threads end before it does: [`std::thread::Scope`].
pub struct Scope<'scope, 'env: 'scope> {
    /// Waits for a thread that may not have been joined; whether it panicked.
    unjoined: Mutex<Vec<Box<dyn FnOnce() -> bool>>>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

// SAFETY: the list of unjoined threads is behind a lock, and only the scope's own thread empties it.
unsafe impl Sync for Scope<'_, '_> {}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// Gives `f` a scope, and waits for all threads that it starts there.
///
/// # Panics
///
/// If `f` panics, or a thread that nobody joined.
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let scope = Scope { unjoined: Mutex::new(Vec::new()), scope: PhantomData, env: PhantomData };
    let result = catch_unwind(AssertUnwindSafe(|| f(&scope)));
    let mut panicked = false;
    loop {
        // Not under the lock: a thread may start another.
        let next = scope.unjoined.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match next {
            Some(join) => panicked |= join(),
            None => break,
        }
    }
    match result {
        Err(payload) => resume_unwind(payload),
        Ok(_) if panicked => panic!("a scoped thread panicked"),
        Ok(value) => value,
    }
}

/// The shared half of a scoped thread's handle: whoever joins first takes it.
type Slot<T> = Arc<Mutex<Option<Handle<T>>>>;

impl<'scope> Scope<'scope, '_> {
    /// Starts a thread.
    ///
    /// # Panics
    ///
    /// If the system has no more threads.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.start(Builder::new(), f, Location::caller()).expect("failed to spawn thread")
    }

    fn start<F, T>(
        &'scope self,
        builder: Builder,
        f: F,
        site: Site,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        // SAFETY: `scope` waits for the thread before 'scope ends, whether it was joined or not.
        let handle = unsafe { start(builder, f, site) }?;
        let _engine = runtime::engine_code();
        let thread = handle.thread().clone();
        let slot: Slot<T> = Arc::new(Mutex::new(Some(handle)));
        let mine = Arc::clone(&slot);
        let join = move || {
            let handle = mine.lock().unwrap_or_else(PoisonError::into_inner).take();
            handle.is_some_and(|handle| handle.join_closure().is_err())
        };
        let join: Box<dyn FnOnce() -> bool + 'scope> = Box::new(join);
        // SAFETY: `scope` calls or drops the closure before 'scope ends; the box has the same layout.
        let join: Box<dyn FnOnce() -> bool> = unsafe { std::mem::transmute(join) };
        self.unjoined.lock().unwrap_or_else(PoisonError::into_inner).push(join);
        Ok(ScopedJoinHandle { slot, thread, scope: PhantomData })
    }
}

/// The right to wait for a scoped thread: [`std::thread::ScopedJoinHandle`].
pub struct ScopedJoinHandle<'scope, T> {
    slot: Slot<T>,
    thread: Thread,
    scope: PhantomData<&'scope ()>,
}

// SAFETY: as for `JoinHandle`.
unsafe impl<T> Send for ScopedJoinHandle<'_, T> {}
// SAFETY: as for `JoinHandle`.
unsafe impl<T> Sync for ScopedJoinHandle<'_, T> {}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the thread to end.
    ///
    /// # Errors
    ///
    /// If it panicked; the panic's payload is the error.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        let handle = self.slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        handle.expect("a scope joins only when its closure has returned").join()
    }

    /// Whether the thread has run its closure.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        let slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().is_some_and(Handle::is_finished)
    }

    /// The thread.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").finish_non_exhaustive()
    }
}
