//! The one allocation that all handles of an `Arc` share: the counts, and the value behind them.

use crate::door::atomic::{AtomicUsize, Ordering, fence};
use crate::door::hint;
use crate::seam::runtime;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::atomic as real;

/// The count of weak handles while somebody asks whether there are any.
const LOCKED: usize = usize::MAX;

/// More handles than this can only be a program that forgets them in a loop.
const MOST: usize = isize::MAX as usize;

/// How many handles there are, with std's orderings.
///
/// # Invariants
///
/// 1. `strong` is the number of handles that keep the value; at 0 the value is
///    dropped, or not made yet, and the count never rises again but by the
///    `new_cyclic` that makes the value.
/// 2. `weak` is the number of handles that keep only the memory, and one more
///    as long as the value is there.
/// 3. `weak_made` is set before the first weak handle is made, and never reset.
///    Who drops the last handle of all others has seen it set: whoever set it
///    had a handle then. So without it `weak` need not be looked at, and a
///    program without weak handles has the operations on `strong` alone.
pub(super) struct ReferenceCounts {
    strong: AtomicUsize,
    weak: AtomicUsize,
    weak_made: real::AtomicBool,
}

impl ReferenceCounts {
    /// One handle that keeps the value.
    pub(super) const fn one() -> ReferenceCounts {
        ReferenceCounts {
            strong: AtomicUsize::new(1),
            weak: AtomicUsize::new(1),
            weak_made: real::AtomicBool::new(false),
        }
    }

    /// One weak handle to a value that is still to come.
    pub(super) const fn to_come() -> ReferenceCounts {
        ReferenceCounts {
            strong: AtomicUsize::new(0),
            weak: AtomicUsize::new(1),
            weak_made: real::AtomicBool::new(true),
        }
    }

    /// How many handles keep the value.
    #[track_caller]
    pub(super) fn strong(&self) -> usize {
        // Relaxed: as in std, the number orders nothing.
        self.strong.load(Ordering::Relaxed)
    }

    /// How many weak handles there are.
    #[track_caller]
    pub(super) fn weak(&self) -> usize {
        // Relaxed: as in std, the number orders nothing.
        match self.weak.load(Ordering::Relaxed) {
            LOCKED => 0,
            weak => weak.saturating_sub(1),
        }
    }

    /// One more handle that keeps the value.
    #[track_caller]
    pub(super) fn enter(&self) {
        let _own = runtime::handle_code();
        // Relaxed: whoever has a handle already sees the value.
        if self.strong.fetch_add(1, Ordering::Relaxed) > MOST {
            std::process::abort();
        }
    }

    /// One fewer; whether it was the last, which then sees all that the others did.
    #[track_caller]
    pub(super) fn leave(&self) -> bool {
        let _own = runtime::handle_code();
        // Release: pairs with the Acquire fence of whoever drops the last handle.
        let last = self.strong.fetch_sub(1, Ordering::Release) == 1;
        if last {
            // Acquire: pairs with the Release of the other handles' drops.
            fence(Ordering::Acquire);
        }
        last
    }

    /// [`leave`](Self::leave) if this is the last handle; whether it was.
    #[track_caller]
    pub(super) fn leave_if_last(&self) -> bool {
        let _own = runtime::own_code();
        // Relaxed: the fence below orders the value's earlier uses before its move.
        if self.strong.compare_exchange(1, 0, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return false;
        }
        // Acquire: pairs with the Release of the other handles' drops.
        fence(Ordering::Acquire);
        true
    }

    /// A handle that keeps the value, if there still is one.
    #[track_caller]
    pub(super) fn upgrade(&self) -> bool {
        let _own = runtime::own_code();
        let up = |n: usize| (n != 0).then(|| n + 1);
        // Acquire: pairs with the Release of `appear` and of `only`. Relaxed on failure: nothing is used.
        match self.strong.fetch_update(Ordering::Acquire, Ordering::Relaxed, up) {
            Ok(old) if old > MOST => std::process::abort(),
            result => result.is_ok(),
        }
    }

    /// The value is there now, and one handle that keeps it.
    #[track_caller]
    pub(super) fn appear(&self) {
        let _own = runtime::own_code();
        // Release: pairs with the Acquire of `upgrade`.
        let before = self.strong.fetch_add(1, Ordering::Release);
        assert_eq!(before, 0, "a value that is still to come has no handle");
    }

    /// One more weak handle, made from one that keeps the value.
    #[track_caller]
    pub(super) fn downgrade(&self) {
        self.set_weak_made();
        let _own = runtime::own_code();
        // Relaxed: the exchange below looks again.
        let mut seen = self.weak.load(Ordering::Relaxed);
        loop {
            if seen == LOCKED {
                hint::spin_loop();
                // Relaxed: as above.
                seen = self.weak.load(Ordering::Relaxed);
                continue;
            }
            assert!(seen <= MOST, "too many weak handles");
            // Acquire: pairs with the Release store in `only`. Relaxed on failure: nothing is used.
            match self.weak.compare_exchange_weak(seen, seen + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => seen = other,
            }
        }
    }

    /// One more weak handle, made from another.
    #[track_caller]
    pub(super) fn enter_weak(&self) {
        let _own = runtime::handle_code();
        // Relaxed: whoever has a weak handle already keeps the memory.
        if self.weak.fetch_add(1, Ordering::Relaxed) > MOST {
            std::process::abort();
        }
    }

    /// One weak handle fewer; whether the memory is nobody's now.
    #[track_caller]
    pub(super) fn leave_weak(&self) -> bool {
        let _own = runtime::handle_code();
        // Release: pairs with the Acquire fence of whoever frees the memory.
        if self.weak.fetch_sub(1, Ordering::Release) != 1 {
            return false;
        }
        // Acquire: pairs with the Release of the other handles' drops.
        fence(Ordering::Acquire);
        true
    }

    /// The value is gone, and with it what its handles held of the memory;
    /// whether that is nobody's now.
    #[track_caller]
    pub(super) fn value_gone(&self) -> bool {
        !self.weak_made() || self.leave_weak()
    }

    /// Whether the caller's is the only handle, of both kinds.
    #[track_caller]
    pub(super) fn only(&self) -> bool {
        let _own = runtime::own_code();
        // Acquire: pairs with the Release of the other handles' drops.
        if self.strong.load(Ordering::Acquire) != 1 {
            return false;
        }
        if !self.weak_made() {
            return true;
        }
        // Acquire: pairs with the Release of a weak handle's drop, so that the count below is not older
        // than that handle's upgrades. Relaxed on failure: nothing is used.
        if self.weak.compare_exchange(1, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_err() {
            return false;
        }
        // Acquire: pairs with the Release of the other handles' drops.
        let only = self.strong.load(Ordering::Acquire) == 1;
        // Release: pairs with the Acquire exchange in `downgrade`.
        self.weak.store(1, Ordering::Release);
        only
    }

    // Never inlined, both: callers are generic and may be compiled with the sanitizer's pass, which
    // would take the flag for one of the model's atomics.
    #[inline(never)]
    fn set_weak_made(&self) {
        // Relaxed: invariant 3 says what orders it.
        self.weak_made.store(true, real::Ordering::Relaxed);
    }

    #[inline(never)]
    fn weak_made(&self) -> bool {
        // Relaxed: invariant 3 says what orders it.
        self.weak_made.load(real::Ordering::Relaxed)
    }
}

/// The allocation. The value is last, so that it may be unsized, and the layout
/// is C's, so that a block of a value and one of its uninitialised memory, or
/// of `dyn Any` and the type behind it, are the same.
#[repr(C)]
pub(super) struct ArcBlock<T: ?Sized> {
    counts: ReferenceCounts,
    value: T,
}

impl<T> ArcBlock<T> {
    /// A block of its own. Who frees it calls [`free`].
    pub(super) fn new(counts: ReferenceCounts, value: T) -> NonNull<ArcBlock<T>> {
        NonNull::from(Box::leak(Box::new(ArcBlock { counts, value })))
    }
}

/// The layout of a block whose value has the layout `value`, and where in it the value is.
fn layout(value: Layout) -> (Layout, usize) {
    let (layout, offset) =
        Layout::new::<ReferenceCounts>().extend(value).expect("the value has been allocated before");
    (layout.pad_to_align(), offset)
}

/// The counts of `block`.
///
/// # Safety
///
/// The block has not been freed, and is not freed in 'a. Its value may be gone.
pub(super) unsafe fn counts<'a, T: ?Sized>(block: NonNull<ArcBlock<T>>) -> &'a ReferenceCounts {
    // SAFETY: the caller says so; the counts are there as long as the block is.
    unsafe { &(*block.as_ptr()).counts }
}

/// Where the value of `block` is.
///
/// # Safety
///
/// The block has not been freed. Its value may be gone.
pub(super) unsafe fn value<T: ?Sized>(block: NonNull<ArcBlock<T>>) -> *mut T {
    // SAFETY: the caller says that the block is there; nothing of the value is read.
    unsafe { &raw mut (*block.as_ptr()).value }
}

/// The block whose value is at `value` and has the alignment `align`.
///
/// # Safety
///
/// `value` came from [`value`], and the block has not been freed.
pub(super) unsafe fn of_value<T: ?Sized>(value: *const T, align: usize) -> NonNull<ArcBlock<T>> {
    let (_, offset) = layout(Layout::from_size_align(0, align).expect("an alignment is a power of two"));
    // SAFETY: the value of a block is `offset` bytes behind its beginning, and the pointer was made from
    // one to the whole block, which is not null.
    unsafe { NonNull::new_unchecked(value.byte_sub(offset) as *mut ArcBlock<T>) }
}

/// A new block with one handle, into which the value is moved.
pub(super) fn from_box<T: ?Sized>(value: Box<T>) -> NonNull<ArcBlock<T>> {
    let value = Box::into_raw(value);
    // SAFETY: the box has given up its value, which is moved once. Its memory is given back by a type of
    // the same layout that does not drop the value.
    unsafe {
        let block = from_value(value);
        drop(Box::from_raw(value as *mut ManuallyDrop<T>));
        block
    }
}

/// A new block with one handle, into which the value at `old` is moved.
///
/// # Safety
///
/// The value is alive, nobody else uses it, and it is not used or dropped after this.
pub(super) unsafe fn from_value<T: ?Sized>(old: *const T) -> NonNull<ArcBlock<T>> {
    // SAFETY: the caller says that the value is alive.
    let of_value = Layout::for_value(unsafe { &*old });
    let (layout, offset) = layout(of_value);
    // SAFETY: the counts are in it, so the layout is not of size zero.
    let memory = unsafe { alloc(layout) };
    if memory.is_null() {
        handle_alloc_error(layout);
    }
    // SAFETY: the memory is new, and large and aligned enough for the counts and then the value.
    unsafe {
        memory.cast::<ReferenceCounts>().write(ReferenceCounts::one());
        memory.add(offset).copy_from_nonoverlapping(old.cast::<u8>(), of_value.size());
    }
    let mut block = old as *mut ArcBlock<T>;
    // SAFETY: a pointer of either kind begins with its address: so the compiler lays out wide pointers,
    // and the assertion would see another way. What follows describes the type and stays as it is.
    unsafe { (&raw mut block).cast::<*mut u8>().write(memory) };
    assert_eq!(block.cast::<u8>(), memory, "a wide pointer begins with its address");
    NonNull::new(block).expect("the memory is not null")
}

/// Gives the memory of `block` back.
///
/// # Safety
///
/// This was the last handle of any kind, and the value has been dropped or moved out.
pub(super) unsafe fn free<T: ?Sized>(block: NonNull<ArcBlock<T>>) {
    // SAFETY: nobody else has a handle. The reference only tells the size, so it does not matter that the
    // value is gone. The memory was allocated with this layout, by `new` or by `from_box`.
    unsafe { dealloc(block.as_ptr().cast(), Layout::for_value(block.as_ref())) }
}
