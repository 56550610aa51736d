//! The handles to shared values: `Arc`, which keeps one, and `Weak`, which does not.

use crate::door::arc::block::{self, ArcBlock, ReferenceCounts};
use std::any::Any;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::ptr::{self, NonNull};

/// Shared ownership: [`std::sync::Arc`]. What stable Rust cannot give, such as
/// the coercion to `Arc<dyn Trait>`, comes from a box in both builds:
/// `Arc::from(Box::new(value) as Box<dyn Trait>)`.
///
/// # Invariants
///
/// 1. The block has not been freed, and as long as one `Arc` lives its value is there.
/// 2. Each `Arc` is one in the count of strong handles, each `Weak` in that of
///    weak ones, and so is each pointer that `into_raw` gave out.
pub struct Arc<T: ?Sized> {
    block: NonNull<ArcBlock<T>>,
    owns: PhantomData<ArcBlock<T>>,
}

/// A handle that does not keep the value: [`std::sync::Weak`].
pub struct Weak<T: ?Sized> {
    /// At the last address of all if there is no block.
    block: NonNull<ArcBlock<T>>,
}

/// What a handle that was the last to keep the value still holds: the memory.
struct Memory<T: ?Sized>(NonNull<ArcBlock<T>>);

// SAFETY: a handle shares the value and may be the one that drops it, so as with std's both are asked of it.
unsafe impl<T: ?Sized + Sync + Send> Send for Arc<T> {}
// SAFETY: as for `Send`: whoever shares a handle can clone it.
unsafe impl<T: ?Sized + Sync + Send> Sync for Arc<T> {}
// SAFETY: as for `Arc`, which it can become.
unsafe impl<T: ?Sized + Sync + Send> Send for Weak<T> {}
// SAFETY: as for `Arc`, which it can become.
unsafe impl<T: ?Sized + Sync + Send> Sync for Weak<T> {}

impl<T: ?Sized + RefUnwindSafe> UnwindSafe for Arc<T> {}
impl<T: ?Sized> Unpin for Arc<T> {}

impl<T: ?Sized> Drop for Memory<T> {
    fn drop(&mut self) {
        // SAFETY: the handles that kept the value have not given up their part of the memory before this.
        let last = unsafe { block::counts(self.0) }.value_gone();
        if last {
            // SAFETY: that was the last handle of any kind, and the value is gone.
            unsafe { block::free(self.0) }
        }
    }
}

impl<T> Arc<T> {
    /// The only handle to `value`.
    pub fn new(value: T) -> Arc<T> {
        Arc::of(ArcBlock::new(ReferenceCounts::one(), value))
    }

    /// The only handle to `value`, which stays where it is.
    pub fn pin(value: T) -> Pin<Arc<T>> {
        // SAFETY: the value is on the heap, and is never moved from under a pinned handle.
        unsafe { Pin::new_unchecked(Arc::new(value)) }
    }

    /// The only handle to a value that `make` makes with a weak handle to it.
    pub fn new_cyclic<F: FnOnce(&Weak<T>) -> T>(make: F) -> Arc<T> {
        let block =
            ArcBlock::new(ReferenceCounts::to_come(), MaybeUninit::<T>::uninit()).cast::<ArcBlock<T>>();
        let weak = Weak { block };
        let value = make(&weak);
        // SAFETY: the weak handle keeps the memory, and no other one gives access before the value is there.
        unsafe { block::value(block).write(value) };
        weak.counts().expect("the block is there").appear();
        // What it holds of the memory is from now on the value's.
        std::mem::forget(weak);
        Arc::of(block)
    }

    /// The only handle to memory for a value.
    #[must_use]
    pub fn new_uninit() -> Arc<MaybeUninit<T>> {
        Arc::new(MaybeUninit::uninit())
    }

    /// The value, if this is the only handle.
    ///
    /// # Errors
    ///
    /// If it is not; the handle is the error.
    #[track_caller]
    pub fn try_unwrap(this: Arc<T>) -> Result<T, Arc<T>> {
        if this.counts().leave_if_last() { Ok(this.into_value()) } else { Err(this) }
    }

    /// The value, if this is the last handle; otherwise it is dropped.
    #[track_caller]
    pub fn into_inner(this: Arc<T>) -> Option<T> {
        let this = ManuallyDrop::new(this);
        let own = crate::seam::runtime::own_code();
        let last = this.counts().leave();
        drop(own);
        last.then(|| ManuallyDrop::into_inner(this).into_value())
    }

    /// The value of the last handle, or a clone of it.
    #[track_caller]
    pub fn unwrap_or_clone(this: Arc<T>) -> T
    where
        T: Clone,
    {
        Arc::try_unwrap(this).unwrap_or_else(|this| (*this).clone())
    }

    /// The value of a handle that has been counted out, and was the last one.
    fn into_value(self) -> T {
        let this = ManuallyDrop::new(self);
        let _memory = Memory(this.block);
        // SAFETY: the value is moved out once: the handle was the last and is not dropped.
        unsafe { block::value(this.block).read() }
    }
}

impl<T: ?Sized> Arc<T> {
    /// The handle that stands for one in the block's count.
    pub(super) fn of(block: NonNull<ArcBlock<T>>) -> Arc<T> {
        Arc { block, owns: PhantomData }
    }

    #[inline]
    fn counts(&self) -> &ReferenceCounts {
        // SAFETY: the block is there as long as the handle is (invariant 1).
        unsafe { block::counts(self.block) }
    }

    /// The value of std's only handle, moved into one of the door's. Code for
    /// both builds makes an unsized payload by `Arc::from` of a box.
    ///
    /// # Panics
    ///
    /// If `value` is not the only handle.
    #[track_caller]
    pub fn from_std(mut value: std::sync::Arc<T>) -> Arc<T> {
        assert!(std::sync::Arc::get_mut(&mut value).is_some(), "the value has another handle of std's");
        let value = std::sync::Arc::into_raw(value);
        // SAFETY: this was the only handle, so the value may be moved. It is dropped once: std's memory is
        // given back by a type of the same layout that does not drop it.
        unsafe {
            let block = block::from_value(value);
            drop(std::sync::Arc::from_raw(value as *const ManuallyDrop<T>));
            Arc::of(block)
        }
    }

    /// The address of the value.
    #[must_use]
    pub fn as_ptr(this: &Self) -> *const T {
        // SAFETY: the block is there as long as the handle is (invariant 1).
        unsafe { block::value(this.block) }
    }

    /// The address of the value, which stands for the handle.
    #[must_use = "the handle is lost if nobody makes one of the pointer again"]
    pub fn into_raw(this: Self) -> *const T {
        Arc::as_ptr(&ManuallyDrop::new(this))
    }

    /// The handle that `pointer` stands for.
    ///
    /// # Safety
    ///
    /// `pointer` came from [`into_raw`](Self::into_raw), and each such pointer
    /// becomes a handle at most once.
    pub unsafe fn from_raw(pointer: *const T) -> Self {
        // SAFETY: the pointer stands for a handle, so the value and its block are there.
        unsafe { Arc::of(block::of_value(pointer, align_of_val(&*pointer))) }
    }

    /// Makes one more handle, which `pointer` stands for too.
    ///
    /// # Safety
    ///
    /// `pointer` came from [`into_raw`](Self::into_raw), and a handle exists.
    #[track_caller]
    pub unsafe fn increment_strong_count(pointer: *const T) {
        // SAFETY: the caller says so; the handle that is made here only for the call is not dropped.
        let this = unsafe { ManuallyDrop::new(Arc::from_raw(pointer)) };
        this.counts().enter();
    }

    /// Drops a handle that `pointer` stands for.
    ///
    /// # Safety
    ///
    /// `pointer` came from [`into_raw`](Self::into_raw), and a handle exists.
    pub unsafe fn decrement_strong_count(pointer: *const T) {
        // SAFETY: the caller says so.
        drop(unsafe { Arc::from_raw(pointer) });
    }

    /// Whether both are handles to the same value.
    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        ptr::addr_eq(this.block.as_ptr(), other.block.as_ptr())
    }

    /// How many handles there are; other threads may change that at once.
    #[must_use]
    #[track_caller]
    pub fn strong_count(this: &Self) -> usize {
        this.counts().strong()
    }

    /// How many weak handles there are; other threads may change that at once.
    #[must_use]
    #[track_caller]
    pub fn weak_count(this: &Self) -> usize {
        this.counts().weak()
    }

    /// The value by exclusive borrow, if this is the only handle of either kind.
    #[track_caller]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        // SAFETY: nobody else has a handle, and the borrow keeps this one from being cloned.
        this.counts().only().then(|| unsafe { &mut *block::value(this.block) })
    }

    /// The value by exclusive borrow. If another handle shares it, this one gets
    /// a clone of its own; if only weak ones do, they lose it.
    #[track_caller]
    pub fn make_mut(this: &mut Self) -> &mut T
    where
        T: Duplicate,
    {
        if !this.counts().only() {
            if this.counts().leave_if_last() {
                let _memory = Memory(this.block);
                // SAFETY: only weak handles are left, which find no value any more, so it may be moved. The
                // handle, which has been counted out, is overwritten and not dropped.
                unsafe { ptr::write(this, Arc::of(block::from_value(block::value(this.block)))) };
            } else {
                *this = T::duplicate(this);
            }
        }
        // SAFETY: nobody else has a handle: either it was so before, or the handle is a new one.
        unsafe { &mut *block::value(this.block) }
    }

    /// A handle that does not keep the value.
    #[must_use]
    #[track_caller]
    pub fn downgrade(this: &Self) -> Weak<T> {
        this.counts().downgrade();
        Weak { block: this.block }
    }
}

impl Arc<dyn Any + Send + Sync> {
    /// The handle to the value as what it is.
    ///
    /// # Errors
    ///
    /// If it is not a `T`; the handle is the error.
    pub fn downcast<T: Any + Send + Sync>(self) -> Result<Arc<T>, Self> {
        if (*self).is::<T>() { Ok(Arc::of(ManuallyDrop::new(self).block.cast())) } else { Err(self) }
    }
}

impl<T> Arc<MaybeUninit<T>> {
    /// The handle to the value that has been written.
    ///
    /// # Safety
    ///
    /// The value is initialised.
    #[must_use]
    pub unsafe fn assume_init(self) -> Arc<T> {
        Arc::of(ManuallyDrop::new(self).block.cast())
    }
}

impl<T> Arc<[T]> {
    /// The only handle to memory for `len` values.
    #[must_use]
    pub fn new_uninit_slice(len: usize) -> Arc<[MaybeUninit<T>]> {
        Arc::of(block::from_box(Box::new_uninit_slice(len)))
    }
}

impl<T> Arc<[MaybeUninit<T>]> {
    /// The handle to the values that have been written.
    ///
    /// # Safety
    ///
    /// All values are initialised.
    #[must_use]
    pub unsafe fn assume_init(self) -> Arc<[T]> {
        let block = ManuallyDrop::new(self).block.as_ptr() as *mut ArcBlock<[T]>;
        // SAFETY: the pointer is another one's that is not null.
        Arc::of(unsafe { NonNull::new_unchecked(block) })
    }
}

/// What [`Arc::make_mut`] can clone: each `Clone`, slices of them, `str`.
pub trait Duplicate {
    /// The only handle to a clone of the value.
    #[doc(hidden)]
    fn duplicate(this: &Arc<Self>) -> Arc<Self>;
}

impl<T: Clone> Duplicate for T {
    fn duplicate(this: &Arc<T>) -> Arc<T> {
        Arc::new((**this).clone())
    }
}

impl<T: Clone> Duplicate for [T] {
    fn duplicate(this: &Arc<[T]>) -> Arc<[T]> {
        Arc::of(block::from_box(Box::from(&**this)))
    }
}

impl Duplicate for str {
    fn duplicate(this: &Arc<str>) -> Arc<str> {
        Arc::of(block::from_box(Box::from(&**this)))
    }
}

impl<T: ?Sized> Deref for Arc<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the value is there as long as the handle is (invariant 1), and nobody writes it: `get_mut`
        // and `make_mut` want the only handle by exclusive borrow.
        unsafe { &*block::value(self.block) }
    }
}

impl<T: ?Sized> Clone for Arc<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        self.counts().enter();
        Arc::of(self.block)
    }
}

impl<T: ?Sized> Drop for Arc<T> {
    fn drop(&mut self) {
        if self.counts().leave() {
            let _memory = Memory(self.block);
            // SAFETY: that was the last handle that keeps the value, and saw what the others did to it.
            unsafe { ptr::drop_in_place(block::value(self.block)) }
        }
    }
}

impl<T> Weak<T> {
    /// A handle to nothing.
    #[must_use]
    pub const fn new() -> Weak<T> {
        Weak { block: NonNull::without_provenance(std::num::NonZero::<usize>::MAX) }
    }

    /// The handle that `pointer` stands for.
    ///
    /// # Safety
    ///
    /// `pointer` came from [`into_raw`](Self::into_raw), and each such pointer
    /// becomes a handle at most once.
    pub unsafe fn from_raw(pointer: *const T) -> Self {
        if pointer.addr() == usize::MAX {
            return Weak::new();
        }
        // SAFETY: the pointer stands for a handle, so the block is there.
        Weak { block: unsafe { block::of_value(pointer, align_of::<T>()) } }
    }
}

impl<T: ?Sized> Weak<T> {
    /// The counts, if there is a block.
    #[inline]
    fn counts(&self) -> Option<&ReferenceCounts> {
        // SAFETY: the block is there as long as the handle is.
        (self.block.addr().get() != usize::MAX).then(|| unsafe { block::counts(self.block) })
    }

    /// The address of the value, if there still is one.
    #[must_use]
    pub fn as_ptr(&self) -> *const T {
        match self.counts() {
            // SAFETY: the block is there as long as the handle is.
            Some(_) => unsafe { block::value(self.block) },
            None => self.block.as_ptr() as *const T,
        }
    }

    /// The address of the value, which stands for the handle.
    #[must_use = "the handle is lost if nobody makes one of the pointer again"]
    pub fn into_raw(self) -> *const T {
        ManuallyDrop::new(self).as_ptr()
    }

    /// A handle that keeps the value, if there still is one.
    #[must_use]
    #[track_caller]
    pub fn upgrade(&self) -> Option<Arc<T>> {
        self.counts()?.upgrade().then(|| Arc::of(self.block))
    }

    /// How many handles keep the value.
    #[must_use]
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.counts().map_or(0, ReferenceCounts::strong)
    }

    /// How many weak handles there are; 0 when the value is gone.
    #[must_use]
    #[track_caller]
    pub fn weak_count(&self) -> usize {
        let Some(counts) = self.counts() else {
            return 0;
        };
        let weak = counts.weak();
        if counts.strong() == 0 { 0 } else { weak }
    }

    /// Whether both are handles to the same value, or both to none.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        ptr::addr_eq(self.block.as_ptr(), other.block.as_ptr())
    }
}

impl<T: ?Sized> Clone for Weak<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        if let Some(counts) = self.counts() {
            counts.enter_weak();
        }
        Weak { block: self.block }
    }
}

impl<T: ?Sized> Drop for Weak<T> {
    fn drop(&mut self) {
        if self.counts().is_some_and(ReferenceCounts::leave_weak) {
            // SAFETY: that was the last handle of any kind, so the value is gone.
            unsafe { block::free(self.block) }
        }
    }
}
