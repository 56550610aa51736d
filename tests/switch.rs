//! The switch has one surface: what this file names compiles without the feature `check`, where `sync` is
//! std, and with it, where `sync` is the checker's door. Most of it is there to compile, not to run.
#![allow(
    clippy::type_complexity,
    clippy::too_many_lines,
    clippy::into_iter_on_ref,
    clippy::missing_const_for_thread_local,
    reason = "a list of paths and signatures"
)]

use ringwright::sync;
use ringwright::sync::atomic::{self, Ordering};
use ringwright::sync::cell::UnsafeCell;
use ringwright::sync::{Arc, Weak, mpsc, thread, time};
use ringwright::sync::{
    Barrier, BarrierWaitResult, Condvar, LazyLock, LocalKey, LockResult, Mutex, MutexGuard, Once, OnceLock,
    OnceState, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError, TryLockResult,
    WaitTimeoutResult,
};
use std::any::Any;
use std::borrow::{Borrow, Cow};
use std::error::Error;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::fmt::{Debug, Display, Pointer};
use std::hash::Hash;
use std::io;
use std::mem::MaybeUninit;
use std::num::NonZero;
use std::ops::{Add, AddAssign, Deref, DerefMut, Sub, SubAssign};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

/// Says that types have traits. Only compiled.
macro_rules! implements {
    ($([$($ty:ty),+]: $bounds:tt;)*) => {
        $($(implements!(one $ty: $bounds);)+)*
    };
    (one $ty:ty: ($($bound:tt)+)) => {{
        fn implements<T: ?Sized + $($bound)+>() {}
        implements::<$ty>();
    }};
}

/// Says that paths are functions of these types. Only compiled.
macro_rules! signatures {
    ($($path:expr => $ty:ty;)*) => {
        $({
            let _: $ty = $path;
        })*
    };
}

#[test]
fn the_build_says_what_it_is() {
    assert_eq!(sync::INSTRUMENTED, cfg!(feature = "check"));
}

#[test]
fn atomics() {
    macro_rules! integer {
        ($($name:ident: $ty:ty),*) => {
            $({
                use atomic::$name as A;
                type T = $ty;
                static _S: A = A::new(0);
                implements! { [A]: (Send + Sync + Debug + Default + From<T> + UnwindSafe + RefUnwindSafe); }
                signatures! {
                    A::new => fn(T) -> A;
                    A::get_mut => fn(&mut A) -> &mut T;
                    A::into_inner => fn(A) -> T;
                    A::as_ptr => fn(&A) -> *mut T;
                    A::load => fn(&A, Ordering) -> T;
                    A::store => fn(&A, T, Ordering);
                    A::swap => fn(&A, T, Ordering) -> T;
                    A::compare_exchange => fn(&A, T, T, Ordering, Ordering) -> Result<T, T>;
                    A::compare_exchange_weak => fn(&A, T, T, Ordering, Ordering) -> Result<T, T>;
                    A::fetch_add => fn(&A, T, Ordering) -> T;
                    A::fetch_sub => fn(&A, T, Ordering) -> T;
                    A::fetch_and => fn(&A, T, Ordering) -> T;
                    A::fetch_nand => fn(&A, T, Ordering) -> T;
                    A::fetch_or => fn(&A, T, Ordering) -> T;
                    A::fetch_xor => fn(&A, T, Ordering) -> T;
                    A::fetch_max => fn(&A, T, Ordering) -> T;
                    A::fetch_min => fn(&A, T, Ordering) -> T;
                }
                let a = A::new(1);
                assert_eq!(a.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |v| Some(v + 1)), Ok(1));
                assert_eq!(a.try_update(Ordering::Relaxed, Ordering::Relaxed, |_| None), Err(2));
                assert_eq!(a.update(Ordering::Relaxed, Ordering::Relaxed, |v| v + 1), 2);
                assert_eq!(format!("{a:?}"), "3");
            })*
        };
    }
    integer! {
        AtomicU8: u8, AtomicU16: u16, AtomicU32: u32, AtomicUsize: usize,
        AtomicI8: i8, AtomicI16: i16, AtomicI32: i32, AtomicIsize: isize
    }
    #[cfg(all(target_has_atomic = "64", not(ringwright_no_64_bit_atomics)))]
    integer! { AtomicU64: u64, AtomicI64: i64 }

    use atomic::{AtomicBool, AtomicPtr};
    implements! {
        [AtomicBool]: (Send + Sync + Debug + Default + From<bool> + UnwindSafe + RefUnwindSafe);
        [AtomicPtr<u8>]: (Send + Sync + Debug + Pointer + Default + From<*mut u8> + UnwindSafe + RefUnwindSafe);
    }
    signatures! {
        AtomicBool::new => fn(bool) -> AtomicBool;
        AtomicBool::load => fn(&AtomicBool, Ordering) -> bool;
        AtomicBool::store => fn(&AtomicBool, bool, Ordering);
        AtomicBool::swap => fn(&AtomicBool, bool, Ordering) -> bool;
        AtomicBool::compare_exchange => fn(&AtomicBool, bool, bool, Ordering, Ordering) -> Result<bool, bool>;
        AtomicBool::compare_exchange_weak => fn(&AtomicBool, bool, bool, Ordering, Ordering) -> Result<bool, bool>;
        AtomicBool::fetch_and => fn(&AtomicBool, bool, Ordering) -> bool;
        AtomicBool::fetch_nand => fn(&AtomicBool, bool, Ordering) -> bool;
        AtomicBool::fetch_or => fn(&AtomicBool, bool, Ordering) -> bool;
        AtomicBool::fetch_xor => fn(&AtomicBool, bool, Ordering) -> bool;
        AtomicBool::fetch_not => fn(&AtomicBool, Ordering) -> bool;
        AtomicBool::get_mut => fn(&mut AtomicBool) -> &mut bool;
        AtomicBool::into_inner => fn(AtomicBool) -> bool;
        AtomicBool::as_ptr => fn(&AtomicBool) -> *mut bool;
        AtomicPtr::new => fn(*mut u8) -> AtomicPtr<u8>;
        AtomicPtr::load => fn(&AtomicPtr<u8>, Ordering) -> *mut u8;
        AtomicPtr::store => fn(&AtomicPtr<u8>, *mut u8, Ordering);
        AtomicPtr::swap => fn(&AtomicPtr<u8>, *mut u8, Ordering) -> *mut u8;
        AtomicPtr::get_mut => fn(&mut AtomicPtr<u8>) -> &mut *mut u8;
        AtomicPtr::into_inner => fn(AtomicPtr<u8>) -> *mut u8;
        AtomicPtr::as_ptr => fn(&AtomicPtr<u8>) -> *mut *mut u8;
        AtomicPtr::fetch_ptr_add => fn(&AtomicPtr<u8>, usize, Ordering) -> *mut u8;
        AtomicPtr::fetch_ptr_sub => fn(&AtomicPtr<u8>, usize, Ordering) -> *mut u8;
        AtomicPtr::fetch_byte_add => fn(&AtomicPtr<u8>, usize, Ordering) -> *mut u8;
        AtomicPtr::fetch_byte_sub => fn(&AtomicPtr<u8>, usize, Ordering) -> *mut u8;
        AtomicPtr::fetch_or => fn(&AtomicPtr<u8>, usize, Ordering) -> *mut u8;
        AtomicPtr::fetch_and => fn(&AtomicPtr<u8>, usize, Ordering) -> *mut u8;
        AtomicPtr::fetch_xor => fn(&AtomicPtr<u8>, usize, Ordering) -> *mut u8;
        atomic::fence => fn(Ordering);
        atomic::compiler_fence => fn(Ordering);
        sync::light_fence => fn();
        sync::heavy_fence => fn();
        sync::hint::spin_loop => fn();
    }
}

#[test]
fn cells() {
    static _S: std::sync::Mutex<UnsafeCell<u8>> = std::sync::Mutex::new(UnsafeCell::new(1));
    fn with(cell: &UnsafeCell<[u8]>) -> (u8, u8) {
        // SAFETY: only this thread has the cell.
        (cell.with(|v| unsafe { (*v)[0] }), cell.with_mut(|v| unsafe { (*v)[1] }))
    }
    implements! {
        [UnsafeCell<u8>]: (Send + Debug + Default + From<u8> + UnwindSafe);
    }
    signatures! {
        UnsafeCell::new => fn(u8) -> UnsafeCell<u8>;
        UnsafeCell::into_inner => fn(UnsafeCell<u8>) -> u8;
        UnsafeCell::get_mut => fn(&mut UnsafeCell<u8>) -> &mut u8;
        UnsafeCell::replace => unsafe fn(&UnsafeCell<u8>, u8) -> u8;
    }
    let mut cell: UnsafeCell<u8> = 1.into();
    // SAFETY: only this thread has the cell, and no reference to the value is alive.
    assert_eq!(unsafe { (cell.replace(2), cell.with(|v| *v)) }, (1, 2));
    *cell.get_mut() = 3;
    assert_eq!((format!("{cell:?}"), cell.into_inner()), ("UnsafeCell { .. }".to_owned(), 3));
    assert_eq!(with(&UnsafeCell::new([4, 5])), (4, 5));
}

/// Under the checker a raw pointer needs the pass that sees what is done through it.
#[cfg(any(not(feature = "check"), feature = "check-plain"))]
#[test]
fn raw_pointers_to_cells() {
    signatures! {
        UnsafeCell::get => fn(&UnsafeCell<u8>) -> *mut u8;
        UnsafeCell::raw_get => fn(*const UnsafeCell<u8>) -> *mut u8;
    }
    let cell: UnsafeCell<u8> = 2.into();
    // SAFETY: only this thread has the cell, and no reference to the value is alive.
    assert_eq!(unsafe { (*cell.get(), *UnsafeCell::raw_get(&raw const cell)) }, (2, 2));
}

#[test]
fn arcs() {
    type A = Arc<u8>;
    type W = Weak<u8>;
    implements! {
        [A]: (Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + Clone + Deref<Target = u8> + AsRef<u8> + Borrow<u8>);
        [A]: (Debug + Display + Pointer + Default + Eq + Ord + Hash + From<u8> + From<Box<u8>>);
        [W]: (Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + Clone + Debug + Default);
        [Arc<std::fmt::Error>]: (Error);
        [Arc<str>]: (Default + From<&'static str> + From<String> + From<Box<str>> + From<Cow<'static, str>>);
        [Arc<[u8]>]: (Default + From<Vec<u8>> + From<&'static [u8]> + From<[u8; 3]> + From<Box<[u8]>> + FromIterator<u8>);
        [Arc<[u8]>]: (From<Arc<str>> + From<Cow<'static, [u8]>>);
        [Arc<[u8; 3]>]: (TryFrom<Arc<[u8]>>);
        [Arc<CStr>]: (Default + From<&'static CStr> + From<CString>);
        [Arc<OsStr>]: (From<&'static OsStr> + From<OsString>);
        [Arc<Path>]: (From<&'static Path> + From<PathBuf>);
        [Arc<dyn Fn() + Send + Sync>]: (Send + Sync + Clone + From<Box<dyn Fn() + Send + Sync>>);
    }
    signatures! {
        Arc::new => fn(u8) -> A;
        Arc::pin => fn(u8) -> Pin<A>;
        Arc::new_uninit => fn() -> Arc<MaybeUninit<u8>>;
        Arc::new_uninit_slice => fn(usize) -> Arc<[MaybeUninit<u8>]>;
        Arc::<MaybeUninit<u8>>::assume_init => unsafe fn(Arc<MaybeUninit<u8>>) -> A;
        Arc::<[MaybeUninit<u8>]>::assume_init => unsafe fn(Arc<[MaybeUninit<u8>]>) -> Arc<[u8]>;
        Arc::try_unwrap => fn(A) -> Result<u8, A>;
        Arc::into_inner => fn(A) -> Option<u8>;
        Arc::unwrap_or_clone => fn(A) -> u8;
        Arc::as_ptr => fn(&A) -> *const u8;
        Arc::into_raw => fn(A) -> *const u8;
        Arc::from_raw => unsafe fn(*const u8) -> A;
        Arc::<str>::from_raw => unsafe fn(*const str) -> Arc<str>;
        Arc::increment_strong_count => unsafe fn(*const u8);
        Arc::decrement_strong_count => unsafe fn(*const u8);
        Arc::ptr_eq => fn(&A, &A) -> bool;
        Arc::strong_count => fn(&A) -> usize;
        Arc::weak_count => fn(&A) -> usize;
        Arc::get_mut => fn(&mut A) -> Option<&mut u8>;
        Arc::make_mut => fn(&mut A) -> &mut u8;
        Arc::<[u8]>::make_mut => fn(&mut Arc<[u8]>) -> &mut [u8];
        Arc::<str>::make_mut => fn(&mut Arc<str>) -> &mut str;
        Arc::downgrade => fn(&A) -> W;
        Arc::<dyn Any + Send + Sync>::downcast => fn(Arc<dyn Any + Send + Sync>) -> Result<A, Arc<dyn Any + Send + Sync>>;
        Weak::new => fn() -> W;
        Weak::as_ptr => fn(&W) -> *const u8;
        Weak::into_raw => fn(W) -> *const u8;
        Weak::from_raw => unsafe fn(*const u8) -> W;
        Weak::upgrade => fn(&W) -> Option<A>;
        Weak::strong_count => fn(&W) -> usize;
        Weak::weak_count => fn(&W) -> usize;
        Weak::ptr_eq => fn(&W, &W) -> bool;
    }
    const _NOTHING: W = Weak::new();
    let cyclic = Arc::new_cyclic(|me: &Weak<Weak<()>>| {
        assert!(me.upgrade().is_none());
        Weak::new()
    });
    assert_eq!((Arc::strong_count(&cyclic), Arc::weak_count(&cyclic)), (1, 0));
}

#[test]
fn locks() {
    type M = Mutex<u8>;
    type G<'a> = MutexGuard<'a, u8>;
    type L = RwLock<u8>;
    static _MUTEX: M = Mutex::new(1);
    static _LOCK: L = RwLock::new(1);
    static _CONDVAR: Condvar = Condvar::new();
    implements! {
        [M, L]: (Send + Sync + UnwindSafe + RefUnwindSafe + Debug + Default + From<u8>);
        [G<'static>, RwLockWriteGuard<'static, u8>]: (Sync + Debug + Display + DerefMut<Target = u8>);
        [RwLockReadGuard<'static, u8>]: (Sync + Debug + Display + Deref<Target = u8>);
        [Condvar]: (Send + Sync + UnwindSafe + RefUnwindSafe + Debug + Default);
        [Barrier]: (Send + Sync + UnwindSafe + RefUnwindSafe + Debug);
        [BarrierWaitResult]: (Debug);
        [WaitTimeoutResult]: (Copy + Debug + Eq);
        [PoisonError<u8>, TryLockError<u8>]: (Debug + Display + Error);
    }
    signatures! {
        Mutex::new => fn(u8) -> M;
        Mutex::into_inner => fn(M) -> LockResult<u8>;
        Mutex::lock => for<'a> fn(&'a M) -> LockResult<G<'a>>;
        Mutex::try_lock => for<'a> fn(&'a M) -> TryLockResult<G<'a>>;
        Mutex::is_poisoned => fn(&M) -> bool;
        Mutex::clear_poison => fn(&M);
        Mutex::get_mut => for<'a> fn(&'a mut M) -> LockResult<&'a mut u8>;
        RwLock::new => fn(u8) -> L;
        RwLock::into_inner => fn(L) -> LockResult<u8>;
        RwLock::read => for<'a> fn(&'a L) -> LockResult<RwLockReadGuard<'a, u8>>;
        RwLock::try_read => for<'a> fn(&'a L) -> TryLockResult<RwLockReadGuard<'a, u8>>;
        RwLock::write => for<'a> fn(&'a L) -> LockResult<RwLockWriteGuard<'a, u8>>;
        RwLock::try_write => for<'a> fn(&'a L) -> TryLockResult<RwLockWriteGuard<'a, u8>>;
        RwLock::is_poisoned => fn(&L) -> bool;
        RwLock::clear_poison => fn(&L);
        RwLock::get_mut => for<'a> fn(&'a mut L) -> LockResult<&'a mut u8>;
        Condvar::new => fn() -> Condvar;
        Condvar::wait => for<'a> fn(&Condvar, G<'a>) -> LockResult<G<'a>>;
        Condvar::wait_timeout => for<'a> fn(&Condvar, G<'a>, Duration) -> LockResult<(G<'a>, WaitTimeoutResult)>;
        Condvar::notify_one => fn(&Condvar);
        Condvar::notify_all => fn(&Condvar);
        WaitTimeoutResult::timed_out => fn(&WaitTimeoutResult) -> bool;
        Barrier::new => fn(usize) -> Barrier;
        Barrier::wait => fn(&Barrier) -> BarrierWaitResult;
        BarrierWaitResult::is_leader => fn(&BarrierWaitResult) -> bool;
    }
    fn _downgrade(guard: RwLockWriteGuard<'_, u8>) -> RwLockReadGuard<'_, u8> {
        RwLockWriteGuard::downgrade(guard)
    }
    fn _conditions(condvar: &Condvar, guard: G<'_>, more: G<'_>) {
        drop(condvar.wait_while(guard, |v: &mut u8| *v == 0));
        drop(condvar.wait_timeout_while(more, Duration::ZERO, |v: &mut u8| *v == 0));
    }
    fn _unsized(lock: &RwLock<[u8]>, mutex: &Mutex<[u8]>) -> (u8, u8) {
        (lock.read().unwrap()[0], mutex.lock().unwrap()[0])
    }
}

#[test]
fn once() {
    type O = OnceLock<u8>;
    type Z = LazyLock<u8>;
    static _ONCE: Once = Once::new();
    static _CELL: O = OnceLock::new();
    static _LAZY: Z = LazyLock::new(|| 1);
    implements! {
        [Once]: (Send + Sync + UnwindSafe + RefUnwindSafe + Debug);
        [OnceState]: (Debug);
        [O]: (Send + Sync + UnwindSafe + RefUnwindSafe + Debug + Default + Clone + Eq + From<u8>);
        [Z]: (Send + Sync + UnwindSafe + RefUnwindSafe + Debug + Default + Deref<Target = u8>);
    }
    signatures! {
        Once::new => fn() -> Once;
        Once::call_once => fn(&Once, fn());
        Once::call_once_force => fn(&Once, fn(&OnceState));
        Once::is_completed => fn(&Once) -> bool;
        Once::wait => fn(&Once);
        Once::wait_force => fn(&Once);
        OnceState::is_poisoned => fn(&OnceState) -> bool;
        OnceLock::new => fn() -> O;
        OnceLock::get => for<'a> fn(&'a O) -> Option<&'a u8>;
        OnceLock::get_mut => for<'a> fn(&'a mut O) -> Option<&'a mut u8>;
        OnceLock::set => fn(&O, u8) -> Result<(), u8>;
        OnceLock::get_or_init => for<'a> fn(&'a O, fn() -> u8) -> &'a u8;
        OnceLock::wait => for<'a> fn(&'a O) -> &'a u8;
        OnceLock::into_inner => fn(O) -> Option<u8>;
        OnceLock::take => fn(&mut O) -> Option<u8>;
        LazyLock::new => fn(fn() -> u8) -> Z;
        LazyLock::force => for<'a> fn(&'a Z) -> &'a u8;
        LazyLock::force_mut => for<'a> fn(&'a mut Z) -> &'a mut u8;
        LazyLock::get => for<'a> fn(&'a Z) -> Option<&'a u8>;
        LazyLock::get_mut => for<'a> fn(&'a mut Z) -> Option<&'a mut u8>;
    }
}

#[test]
fn channels() {
    use mpsc::{
        IntoIter, Iter, Receiver, RecvError, RecvTimeoutError, SendError, Sender, SyncSender, TryIter,
        TryRecvError, TrySendError,
    };
    implements! {
        [Sender<u8>, SyncSender<u8>]: (Send + Sync + UnwindSafe + RefUnwindSafe + Clone + Debug);
        [Receiver<u8>]: (Send + UnwindSafe + RefUnwindSafe + Debug + IntoIterator<Item = u8>);
        [Iter<'static, u8>, TryIter<'static, u8>, IntoIter<u8>]: (Iterator<Item = u8> + Debug);
        [RecvError, RecvTimeoutError, TryRecvError]: (Copy + Eq + Error);
        [SendError<u8>, TrySendError<u8>]: (Copy + Eq + Error);
    }
    signatures! {
        mpsc::channel => fn() -> (Sender<u8>, Receiver<u8>);
        mpsc::sync_channel => fn(usize) -> (SyncSender<u8>, Receiver<u8>);
        Sender::send => fn(&Sender<u8>, u8) -> Result<(), SendError<u8>>;
        SyncSender::send => fn(&SyncSender<u8>, u8) -> Result<(), SendError<u8>>;
        SyncSender::try_send => fn(&SyncSender<u8>, u8) -> Result<(), TrySendError<u8>>;
        Receiver::recv => fn(&Receiver<u8>) -> Result<u8, RecvError>;
        Receiver::try_recv => fn(&Receiver<u8>) -> Result<u8, TryRecvError>;
        Receiver::recv_timeout => fn(&Receiver<u8>, Duration) -> Result<u8, RecvTimeoutError>;
        Receiver::iter => for<'a> fn(&'a Receiver<u8>) -> Iter<'a, u8>;
        Receiver::try_iter => for<'a> fn(&'a Receiver<u8>) -> TryIter<'a, u8>;
    }
    fn _by_reference(receiver: &Receiver<u8>) -> u8 {
        receiver.into_iter().sum()
    }
}

#[test]
fn threads() {
    use thread::{AccessError, Builder, JoinHandle, Scope, ScopedJoinHandle, Thread, ThreadId};
    implements! {
        [JoinHandle<u8>, ScopedJoinHandle<'static, u8>]: (Send + Sync + Debug);
        [Thread]: (Send + Sync + UnwindSafe + RefUnwindSafe + Clone + Debug);
        [ThreadId]: (Send + Sync + Copy + Eq + Hash + Debug);
        [Builder]: (Send + Debug);
        [Scope<'static, 'static>]: (Sync + Debug);
        [AccessError]: (Copy + Eq + Error);
        [LocalKey<u8>, thread::LocalKey<u8>]: (Send + Sync + Debug);
        [time::Instant]: (Send + Sync + Copy + Ord + Hash + Debug + AddAssign<Duration> + SubAssign<Duration>);
        [time::Instant]: (Add<Duration, Output = time::Instant> + Sub<Duration, Output = time::Instant>);
        [time::Instant]: (Sub<time::Instant, Output = Duration>);
    }
    signatures! {
        thread::spawn => fn(fn() -> u8) -> JoinHandle<u8>;
        thread::current => fn() -> Thread;
        thread::park => fn();
        thread::park_timeout => fn(Duration);
        thread::sleep => fn(time::Duration);
        thread::yield_now => fn();
        thread::panicking => fn() -> bool;
        thread::available_parallelism => fn() -> io::Result<NonZero<usize>>;
        JoinHandle::join => fn(JoinHandle<u8>) -> thread::Result<u8>;
        JoinHandle::is_finished => fn(&JoinHandle<u8>) -> bool;
        JoinHandle::thread => for<'a> fn(&'a JoinHandle<u8>) -> &'a Thread;
        Thread::id => fn(&Thread) -> ThreadId;
        Thread::name => for<'a> fn(&'a Thread) -> Option<&'a str>;
        Thread::unpark => fn(&Thread);
        Builder::new => fn() -> Builder;
        Builder::name => fn(Builder, String) -> Builder;
        Builder::stack_size => fn(Builder, usize) -> Builder;
        Builder::spawn => fn(Builder, fn() -> u8) -> io::Result<JoinHandle<u8>>;
        time::Instant::now => fn() -> time::Instant;
        time::Instant::elapsed => fn(&time::Instant) -> Duration;
        time::Instant::duration_since => fn(&time::Instant, time::Instant) -> Duration;
        time::Instant::saturating_duration_since => fn(&time::Instant, time::Instant) -> Duration;
        time::Instant::checked_duration_since => fn(&time::Instant, time::Instant) -> Option<Duration>;
        time::Instant::checked_add => fn(&time::Instant, Duration) -> Option<time::Instant>;
        time::Instant::checked_sub => fn(&time::Instant, Duration) -> Option<time::Instant>;
    }
    let seen = thread::scope(|scope| {
        let first: ScopedJoinHandle<'_, u8> = scope.spawn(|| 1);
        let second = Builder::new().spawn_scoped(scope, || 2).unwrap();
        assert_ne!(first.thread().id(), second.thread().id());
        (first.join().unwrap(), second.join().unwrap())
    });
    assert_eq!(seen, (1, 2));
}

mod by_path {
    ringwright::sync::thread_local! { pub(super) static N: u32 = 1; }
    ringwright::sync::thread::thread_local! {
        /// With attributes, `const`, and more than one.
        pub(super) static CELL: std::cell::Cell<u32> = const { std::cell::Cell::new(2) };
        pub(super) static LIST: std::cell::RefCell<Vec<u32>> = std::cell::RefCell::new(vec![3])
    }
}

mod by_import {
    use ringwright::sync::{LocalKey, thread_local};

    thread_local!(static M: u32 = 4);
    pub(super) static KEY: &LocalKey<u32> = &M;
}

#[test]
fn thread_locals() {
    assert_eq!(by_path::N.with(|n| *n), 1);
    by_path::CELL.set(by_path::CELL.get() + by_path::CELL.replace(7) + by_path::CELL.take());
    assert_eq!(by_path::CELL.get(), 11);
    assert_eq!(by_path::LIST.with_borrow(Vec::len), 1);
    by_path::LIST.with_borrow_mut(|list| list.push(4));
    assert_eq!(by_path::LIST.replace(Vec::new()), [3, 4]);
    by_path::LIST.set(vec![5]);
    assert_eq!(by_path::LIST.take(), [5]);
    assert_eq!(by_import::KEY.try_with(|n| *n), Ok(4));
}

#[cfg(feature = "parking_lot")]
#[test]
fn parking_lot() {
    use sync::parking_lot::{
        Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, WaitTimeoutResult,
    };
    type M = Mutex<u8>;
    type G<'a> = MutexGuard<'a, u8>;
    type L = RwLock<u8>;
    static _MUTEX: M = Mutex::new(1);
    static _LOCK: L = RwLock::new(1);
    static _CONDVAR: Condvar = Condvar::new();
    implements! {
        [M, L]: (Send + Sync + Debug + Default + From<u8>);
        [G<'static>, RwLockWriteGuard<'static, u8>]: (Sync + Debug + Display + DerefMut<Target = u8>);
        [RwLockReadGuard<'static, u8>]: (Sync + Debug + Display + Deref<Target = u8>);
        [Condvar]: (Send + Sync + Debug + Default);
        [WaitTimeoutResult]: (Copy + Debug + Eq);
    }
    signatures! {
        Mutex::new => fn(u8) -> M;
        Mutex::into_inner => fn(M) -> u8;
        Mutex::lock => for<'a> fn(&'a M) -> G<'a>;
        Mutex::try_lock => for<'a> fn(&'a M) -> Option<G<'a>>;
        Mutex::get_mut => for<'a> fn(&'a mut M) -> &'a mut u8;
        RwLock::new => fn(u8) -> L;
        RwLock::into_inner => fn(L) -> u8;
        RwLock::read => for<'a> fn(&'a L) -> RwLockReadGuard<'a, u8>;
        RwLock::try_read => for<'a> fn(&'a L) -> Option<RwLockReadGuard<'a, u8>>;
        RwLock::write => for<'a> fn(&'a L) -> RwLockWriteGuard<'a, u8>;
        RwLock::try_write => for<'a> fn(&'a L) -> Option<RwLockWriteGuard<'a, u8>>;
        RwLock::get_mut => for<'a> fn(&'a mut L) -> &'a mut u8;
        Condvar::new => fn() -> Condvar;
        Condvar::wait => fn(&Condvar, &mut G<'_>);
        Condvar::wait_for => fn(&Condvar, &mut G<'_>, Duration) -> WaitTimeoutResult;
        Condvar::wait_until => fn(&Condvar, &mut G<'_>, time::Instant) -> WaitTimeoutResult;
        Condvar::notify_one => fn(&Condvar) -> bool;
        Condvar::notify_all => fn(&Condvar) -> usize;
        WaitTimeoutResult::timed_out => fn(WaitTimeoutResult) -> bool;
    }
    fn _downgrade(guard: RwLockWriteGuard<'_, u8>) -> RwLockReadGuard<'_, u8> {
        RwLockWriteGuard::downgrade(guard)
    }
    fn _conditions(condvar: &Condvar, guard: &mut G<'_>) {
        condvar.wait_while(guard, |v: &mut u8| *v == 0);
    }
}
