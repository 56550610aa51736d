//! [`std::sync::Once`], [`std::sync::OnceLock`] and [`std::sync::LazyLock`].
//!
//! # State
//!
//! A state word that is read with Acquire and written once with Release, and a
//! lock that is held while the initialisation runs. Whoever finds the word
//! complete goes on at once and has no other edge than the word's. Whoever does
//! not takes the lock and looks again.
//!
//! # Why the lock hides nothing
//!
//! A thread that had to wait is ordered after the threads that held the lock
//! before it, which `std` does not promise of two threads that both only
//! waited. But each execution in which a thread waits has a twin in which it
//! came later and took the fast path, with the same outcome and without that
//! edge, and the engines run the twin too.
//!
//! # Statics
//!
//! What a static holds after an execution would be there in the next. So its
//! value is dropped when the execution ends, and the word goes back to what it
//! was. If the execution did not run to its end the value is forgotten instead:
//! nobody knows in which state its threads left it.

use crate::door::atomic::{AtomicU8, Ordering};
use crate::door::condvar::Condvar;
use crate::door::mutex::{Mutex, MutexGuard};
use crate::door::static_value;
use crate::seam::context;
use crate::seam::runtime;
use crate::seam::statics;
use std::cell::UnsafeCell;
use std::fmt;
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::PoisonError;

const INCOMPLETE: u8 = 0;
const COMPLETE: u8 = 1;
const POISONED: u8 = 2;

/// Something that runs once: [`std::sync::Once`].
pub struct Once {
    state: AtomicU8,
    /// Held while the closure runs. Protects how many threads wait for
    /// `done` without wanting to run anything.
    turn: Mutex<usize>,
    done: Condvar,
}

impl UnwindSafe for Once {}
impl RefUnwindSafe for Once {}

/// What a closure of [`Once::call_once_force`] learns: [`std::sync::OnceState`].
#[derive(Debug)]
pub struct OnceState {
    poisoned: bool,
}

impl OnceState {
    /// Whether an earlier closure panicked.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }
}

/// The closure runs; if it unwinds, that is noted.
struct Running<'a> {
    once: &'a Once,
    turn: MutexGuard<'a, usize>,
    ended: bool,
}

impl Running<'_> {
    #[track_caller]
    fn end(&mut self, state: u8) {
        self.ended = true;
        let own = runtime::own_code();
        // Release: pairs with the Acquire load in `Once::state`.
        self.once.state.store(state, Ordering::Release);
        drop(own);
        if *self.turn > 0 {
            self.once.done.notify_all();
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.end(POISONED);
        }
    }
}

impl Once {
    /// Nothing has run yet.
    #[must_use]
    pub const fn new() -> Once {
        Once { state: AtomicU8::new(INCOMPLETE), turn: Mutex::new(0), done: Condvar::new() }
    }

    /// Runs `f` unless another call has; returns when it has run.
    ///
    /// # Panics
    ///
    /// If `f` panics, or the closure of an earlier call did.
    #[track_caller]
    pub fn call_once(&self, f: impl FnOnce()) {
        let mut f = Some(f);
        self.call(false, &mut |_| {
            if let Some(f) = f.take() {
                f();
            }
        });
    }

    /// Runs `f` unless another call has to its end; returns when one has run.
    /// An earlier panic is no obstacle.
    ///
    /// # Panics
    ///
    /// If `f` panics.
    #[track_caller]
    pub fn call_once_force(&self, f: impl FnOnce(&OnceState)) {
        let mut f = Some(f);
        self.call(true, &mut |state| {
            if let Some(f) = f.take() {
                f(state);
            }
        });
    }

    /// Whether a closure has run to its end.
    #[must_use]
    #[track_caller]
    pub fn is_completed(&self) -> bool {
        self.state() == COMPLETE
    }

    /// Waits until some call has run its closure.
    ///
    /// # Panics
    ///
    /// If that closure panicked.
    #[track_caller]
    pub fn wait(&self) {
        self.wait_until_done(false);
    }

    /// Waits until some call has run its closure to its end.
    #[track_caller]
    pub fn wait_force(&self) {
        self.wait_until_done(true);
    }

    #[track_caller]
    fn state(&self) -> u8 {
        let _own = runtime::own_code();
        // Acquire: pairs with the Release store in `Running::end`.
        self.state.load(Ordering::Acquire)
    }

    /// The state, by exclusive borrow.
    fn state_mut(&mut self) -> u8 {
        *self.state.get_mut()
    }

    #[inline(never)]
    #[track_caller]
    fn call(&self, force: bool, f: &mut dyn FnMut(&OnceState)) {
        if self.state() == COMPLETE {
            return;
        }
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.state();
        if state == COMPLETE {
            return;
        }
        let poisoned = state == POISONED;
        assert!(force || !poisoned, "Once instance has previously been poisoned");
        let mut running = Running { once: self, turn, ended: false };
        f(&OnceState { poisoned });
        running.end(COMPLETE);
    }

    #[track_caller]
    fn wait_until_done(&self, force: bool) {
        if self.state() == COMPLETE {
            return;
        }
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        *turn += 1;
        let state = loop {
            match self.state() {
                COMPLETE => break COMPLETE,
                POISONED if !force => break POISONED,
                _ => {
                    turn = self.done.wait(turn).unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        *turn -= 1;
        drop(turn);
        assert!(state == COMPLETE, "Once instance has previously been poisoned");
    }
}

impl Default for Once {
    fn default() -> Self {
        Once::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

/// If the object at `addr` is a static that a model has just initialised, has
/// `reset` called on it when the execution ends.
#[inline(never)]
fn at_end(addr: usize, size: usize, reset: fn(usize)) {
    if runtime::current().is_some() && statics::is_static(addr) {
        let _engine = runtime::engine_code();
        static_value::is_whole(addr, size);
        context::reset_at_end(Box::new(move || reset(addr)));
    }
}

/// A cell that is written once: [`std::sync::OnceLock`].
///
/// # Invariants
///
/// 1. `value` is initialised exactly when the state of `once` is complete.
/// 2. It is written only in the closure of `once`, or by exclusive borrow.
pub struct OnceLock<T> {
    once: Once,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: the value is written by one thread, and read only by threads that the state word orders after
// it (invariant 2), so sharing the cell shares the value and may move it in from another thread.
unsafe impl<T: Sync + Send> Sync for OnceLock<T> {}
// SAFETY: the cell owns the value.
unsafe impl<T: Send> Send for OnceLock<T> {}

impl<T: RefUnwindSafe + UnwindSafe> RefUnwindSafe for OnceLock<T> {}
impl<T: UnwindSafe> UnwindSafe for OnceLock<T> {}

impl<T> OnceLock<T> {
    /// An empty cell.
    #[must_use]
    pub const fn new() -> OnceLock<T> {
        OnceLock { once: Once::new(), value: UnsafeCell::new(MaybeUninit::uninit()) }
    }

    /// The value, if there is one. Never waits.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        if self.once.is_completed() {
            // SAFETY: the state is complete, so the value is there (invariant 1).
            Some(unsafe { self.value() })
        } else {
            None
        }
    }

    /// The value, by exclusive borrow.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        if self.once.state_mut() == COMPLETE {
            // SAFETY: the state is complete, so the value is there (invariant 1).
            Some(unsafe { self.value.get_mut().assume_init_mut() })
        } else {
            None
        }
    }

    /// Sets the value, if there is none. Waits for another thread that is about
    /// to set it.
    ///
    /// # Errors
    ///
    /// If there is a value already; `value` is the error.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.initialise(&mut || value.take().expect("a closure runs once"));
        match value {
            None => Ok(()),
            Some(value) => Err(value),
        }
    }

    /// The value, which `f` makes if there is none. Of several threads one
    /// makes it, and the others wait.
    ///
    /// # Panics
    ///
    /// If `f` panics; the cell stays empty.
    #[track_caller]
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        if !self.once.is_completed() {
            let mut f = Some(f);
            self.initialise(&mut || f.take().expect("a closure runs once")());
        }
        // SAFETY: `initialise` returns when the state is complete (invariant 1).
        unsafe { self.value() }
    }

    /// Waits until there is a value.
    #[track_caller]
    pub fn wait(&self) -> &T {
        self.once.wait_force();
        // SAFETY: `wait_force` returns when the state is complete (invariant 1).
        unsafe { self.value() }
    }

    /// The value, if there is one.
    pub fn into_inner(mut self) -> Option<T> {
        self.take()
    }

    /// The value, if there is one; the cell is empty then.
    pub fn take(&mut self) -> Option<T> {
        if self.once.state_mut() != COMPLETE {
            return None;
        }
        self.once = Once::new();
        // SAFETY: the state was complete, so the value is there (invariant 1); it is not any more.
        Some(unsafe { self.value.get_mut().assume_init_read() })
    }

    #[track_caller]
    fn initialise(&self, f: &mut dyn FnMut() -> T) {
        self.once.call_once_force(|_| {
            let value = f();
            // SAFETY: this is the closure of `once`, so no other thread writes, and none reads before
            // the state is complete (invariant 2).
            unsafe { (*self.value.get()).write(value) };
            at_end(std::ptr::from_ref(self) as usize, size_of_val(self), drop_static::<OnceLock<T>>);
        });
    }

    /// # Safety
    ///
    /// The calling thread has seen the state complete.
    unsafe fn value(&self) -> &T {
        // SAFETY: the value is there (invariant 1) and nobody writes any more (invariant 2).
        unsafe { (*self.value.get()).assume_init_ref() }
    }
}

/// A type whose statics a model initialises.
trait Resettable {
    /// Drops what an execution has left in the static, without changing what
    /// the state word will be set back to.
    ///
    /// # Safety
    ///
    /// The value is there, and nobody uses it any more.
    unsafe fn drop_value(&self);
}

impl<T> Resettable for OnceLock<T> {
    unsafe fn drop_value(&self) {
        // SAFETY: the caller says so.
        unsafe { (*self.value.get()).assume_init_drop() }
    }
}

/// Drops the value of the static of type `R` at `addr`.
fn drop_static<R: Resettable>(addr: usize) {
    // SAFETY: `at_end` was given the address of a static of this type, whose value the execution that
    // has just run to its end made; its threads are gone.
    unsafe { (*(addr as *const R)).drop_value() }
}

impl<T> Drop for OnceLock<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        OnceLock::new()
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        let mut cell = OnceLock::new();
        *cell.once.state.get_mut() = COMPLETE;
        cell.value = UnsafeCell::new(MaybeUninit::new(value));
        cell
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    fn clone(&self) -> Self {
        self.get().cloned().map_or_else(OnceLock::new, OnceLock::from)
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            Some(value) => f.debug_tuple("OnceLock").field(value).finish(),
            None => f.write_str("OnceLock(<uninit>)"),
        }
    }
}

/// A value that is made on first use: [`std::sync::LazyLock`].
///
/// # Invariants
///
/// 1. `value` is initialised exactly when the state of `once` is complete.
/// 2. It is written only in the closure of `once`.
/// 3. `init` has been moved out exactly when the state is not incomplete, or
///    the closure of `once` runs. Its bytes stay, so that a static can be made
///    incomplete again: what a static starts with owns no memory that the first
///    use could have given back.
pub struct LazyLock<T, F = fn() -> T> {
    once: Once,
    value: UnsafeCell<MaybeUninit<T>>,
    init: UnsafeCell<MaybeUninit<F>>,
}

// SAFETY: the value and the closure are touched by the one thread that runs the closure of `once`, and
// afterwards the value is shared, so sharing needs `Sync` of it and moving needs `Send` of both.
unsafe impl<T: Sync + Send, F: Send> Sync for LazyLock<T, F> {}

impl<T: RefUnwindSafe + UnwindSafe, F: UnwindSafe> RefUnwindSafe for LazyLock<T, F> {}
impl<T: UnwindSafe, F: UnwindSafe> UnwindSafe for LazyLock<T, F> {}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// A value that `f` makes on first use.
    pub const fn new(f: F) -> LazyLock<T, F> {
        LazyLock {
            once: Once::new(),
            value: UnsafeCell::new(MaybeUninit::uninit()),
            init: UnsafeCell::new(MaybeUninit::new(f)),
        }
    }

    /// The value, made now if this is the first use.
    ///
    /// # Panics
    ///
    /// If the closure panics, or has panicked.
    #[track_caller]
    pub fn force(this: &LazyLock<T, F>) -> &T {
        if !this.once.is_completed() {
            this.once.call_once(|| this.initialise());
        }
        // SAFETY: `call_once` returns when the state is complete, so the value is there (invariant 1)
        // and nobody writes any more (invariant 2).
        unsafe { (*this.value.get()).assume_init_ref() }
    }

    /// The value by exclusive borrow, made now if this is the first use.
    ///
    /// # Panics
    ///
    /// If the closure panics, or has panicked.
    #[track_caller]
    pub fn force_mut(this: &mut LazyLock<T, F>) -> &mut T {
        LazyLock::force(this);
        // SAFETY: `force` returns when the value is there (invariant 1).
        unsafe { this.value.get_mut().assume_init_mut() }
    }

    /// Runs in the closure of `once`.
    fn initialise(&self) {
        // SAFETY: the closure of `once` runs at most once, so `init` is still there (invariant 3).
        let init = unsafe { (*self.init.get()).assume_init_read() };
        let value = init();
        // SAFETY: this is the closure of `once`, so no other thread writes or reads (invariant 2).
        unsafe { (*self.value.get()).write(value) };
        at_end(std::ptr::from_ref(self) as usize, size_of_val(self), drop_static::<LazyLock<T, F>>);
    }
}

impl<T, F> LazyLock<T, F> {
    /// The value, if it has been made. Never waits.
    #[must_use]
    #[track_caller]
    pub fn get(this: &LazyLock<T, F>) -> Option<&T> {
        // SAFETY: the state is complete, so the value is there (invariant 1), and nobody writes any more.
        this.once.is_completed().then(|| unsafe { (*this.value.get()).assume_init_ref() })
    }

    /// The value by exclusive borrow, if it has been made.
    #[must_use]
    pub fn get_mut(this: &mut LazyLock<T, F>) -> Option<&mut T> {
        if this.once.state_mut() == COMPLETE {
            // SAFETY: the state is complete, so the value is there (invariant 1).
            Some(unsafe { this.value.get_mut().assume_init_mut() })
        } else {
            None
        }
    }
}

impl<T, F> Resettable for LazyLock<T, F> {
    unsafe fn drop_value(&self) {
        // SAFETY: the caller says so.
        unsafe { (*self.value.get()).assume_init_drop() }
    }
}

impl<T, F> Drop for LazyLock<T, F> {
    fn drop(&mut self) {
        match self.once.state_mut() {
            // SAFETY: the state is complete, so the value is there (invariant 1).
            COMPLETE => unsafe { self.value.get_mut().assume_init_drop() },
            // SAFETY: the state is incomplete and nothing runs, so the closure is there (invariant 3).
            INCOMPLETE => unsafe { self.init.get_mut().assume_init_drop() },
            _ => {}
        }
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[track_caller]
    fn deref(&self) -> &T {
        LazyLock::force(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    fn default() -> LazyLock<T> {
        LazyLock::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match LazyLock::get(self) {
            Some(value) => f.debug_tuple("LazyLock").field(value).finish(),
            None => f.write_str("LazyLock(<uninit>)"),
        }
    }
}
