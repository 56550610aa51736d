//! A place for one item, and the way to it: the only `UnsafeCell<MaybeUninit<T>>`.
//!
//! A [`Slot`] does not know whether it holds an item. Its structure knows, by
//! positions or stamps, and the `unsafe` functions here say what the structure
//! has to promise. Each call touches exactly one slot, through the cell's
//! `with` or `with_mut`, so the checker sees exactly that access.

use crate::sync::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// Room for one item.
pub(crate) struct Slot<T>(UnsafeCell<MaybeUninit<T>>);

// SAFETY: a shared `Slot` gives access to its item only through the `unsafe`
// functions below, whose callers promise that no other thread accesses it
// meanwhile. So items pass from thread to thread, which `T: Send` allows, and
// are never used by two threads at once.
unsafe impl<T: Send> Sync for Slot<T> {}

impl<T> Slot<T> {
    /// A slot without an item.
    #[inline]
    pub(crate) const fn empty() -> Self {
        Slot(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// Puts `item` in. An item that was there is forgotten, not dropped.
    ///
    /// # Safety
    ///
    /// No other thread accesses this slot's item until this call has returned,
    /// and the caller publishes the item before anyone else reads it.
    #[inline(always)]
    pub(crate) unsafe fn write(&self, item: T) {
        self.0.with_mut(|place| {
            // SAFETY: the cell's pointer is valid, and the caller promises
            // that the access is exclusive.
            unsafe { (*place).write(item) };
        });
    }

    /// Moves the item out. What is left behind must not be read or dropped.
    ///
    /// # Safety
    ///
    /// The slot holds an item whose `write` happens before this call, no other
    /// thread accesses it until this call has returned, and nobody takes,
    /// borrows or discards it again before the next `write`.
    #[inline(always)]
    pub(crate) unsafe fn take(&self) -> T {
        self.0.with_mut(|place| {
            // SAFETY: the caller promises an item, and that this is the one
            // and only time that it is moved out.
            unsafe { (*place).assume_init_read() }
        })
    }

    /// Borrows the item.
    ///
    /// # Safety
    ///
    /// The slot holds an item whose `write` happens before this call, and
    /// nobody writes, takes or discards it while the borrow lives.
    #[inline(always)]
    pub(crate) unsafe fn borrow(&self) -> &T {
        let place = self.0.with(|place| place);
        // SAFETY: the cell's pointer is valid as long as `self` is, and the
        // caller promises an item that stays where it is for that long.
        unsafe { (*place).assume_init_ref() }
    }

    /// Drops the item in place.
    ///
    /// # Safety
    ///
    /// As for [`take`](Slot::take). If the item's drop panics, the item counts
    /// as discarded nevertheless.
    #[inline]
    pub(crate) unsafe fn discard(&self) {
        self.0.with_mut(|place| {
            // SAFETY: the caller promises an item, and that this is the one
            // and only time that it is dropped.
            unsafe { (*place).assume_init_drop() };
        });
    }
}

/// Drops the items in all of `slots`, each once, also if the drop of one panics:
/// the rest is dropped while that panic unwinds (and a second panic aborts, as
/// it does everywhere).
///
/// # Safety
///
/// As for [`Slot::take`], for each of the slots; none occurs twice.
pub(crate) unsafe fn discard_all<'a, T: 'a>(slots: impl Iterator<Item = &'a Slot<T>>) {
    /// The slots that are still to do; does them when dropped.
    struct Rest<'a, T: 'a, I: Iterator<Item = &'a Slot<T>>>(I);

    impl<'a, T, I: Iterator<Item = &'a Slot<T>>> Drop for Rest<'a, T, I> {
        fn drop(&mut self) {
            discard_rest(&mut self.0);
        }
    }

    fn discard_rest<'a, T: 'a>(slots: &mut impl Iterator<Item = &'a Slot<T>>) {
        for slot in slots {
            // SAFETY: the caller of `discard_all` promises an item in each
            // slot, and the iterator is past this one already.
            unsafe { slot.discard() };
        }
    }

    if core::mem::needs_drop::<T>() {
        discard_rest(&mut Rest(slots).0);
    }
}

/// Where a structure's slots are: a copy of the address, for a handle to keep.
///
/// With it the hot path goes from the handle to the slot directly, without a
/// look into the shared block.
pub(crate) struct SlotsView<S> {
    /// The first slot of a slice.
    first: NonNull<S>,
    /// How many slots there are, for the check in debug builds.
    #[cfg(debug_assertions)]
    len: usize,
}

// SAFETY: a view gives nothing but `&S`, which `S: Sync` allows any thread to have.
unsafe impl<S: Sync> Send for SlotsView<S> {}
// SAFETY: as above; a shared view gives nothing else.
unsafe impl<S: Sync> Sync for SlotsView<S> {}

impl<S> Clone for SlotsView<S> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for SlotsView<S> {}

impl<S> fmt::Debug for SlotsView<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.first, f)
    }
}

impl<S> SlotsView<S> {
    /// A view of `slots`.
    #[inline]
    pub(crate) const fn of(slots: &[S]) -> Self {
        SlotsView {
            // A pointer made from the whole slice may be used for all of it.
            first: NonNull::from_ref(slots).cast(),
            #[cfg(debug_assertions)]
            len: slots.len(),
        }
    }

    /// The slot at `index`.
    ///
    /// # Safety
    ///
    /// The slice that this is a view of is alive, has not moved and is not
    /// borrowed exclusively for as long as the result lives, and
    /// `index` is less than its length.
    #[inline(always)]
    pub(crate) unsafe fn at<'a>(self, index: usize) -> &'a S {
        #[cfg(debug_assertions)]
        assert!(index < self.len, "slot {index} of {}", self.len);
        // SAFETY: the caller promises that the slice lives and that `index` is in it.
        unsafe { self.first.add(index).as_ref() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::boxed::Box;
    use alloc::rc::Rc;

    #[test]
    fn an_item_goes_in_and_comes_out_once() {
        let item = Rc::new(7);
        let slot = Slot::empty();
        // SAFETY: one thread; each item is written, borrowed, then taken or discarded once.
        unsafe {
            slot.write(item.clone());
            assert_eq!(**slot.borrow(), 7);
            assert_eq!(*slot.take(), 7);
            assert_eq!(Rc::strong_count(&item), 1, "taken, then dropped here");
            slot.write(item.clone());
            assert_eq!(Rc::strong_count(&item), 2);
            slot.discard();
        }
        assert_eq!(Rc::strong_count(&item), 1, "discarded once");
    }

    #[test]
    #[cfg(panic = "unwind")]
    fn discard_all_goes_on_after_a_panic() {
        struct Panics(#[expect(dead_code, reason = "counts by living")] Rc<()>, bool);
        impl Drop for Panics {
            fn drop(&mut self) {
                assert!(!self.1, "as planned");
            }
        }
        let count = Rc::new(());
        let slots: Box<[_]> = (0..5).map(|_| Slot::empty()).collect();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            // SAFETY: one thread; slots 1 to 3 hold an item each, and are discarded once.
            unsafe {
                (1..4).for_each(|i: usize| slots[i].write(Panics(count.clone(), i == 2)));
                discard_all(slots[1..4].iter());
            }
        }));
        assert!(caught.is_err(), "the panic of an item comes through");
        assert_eq!(Rc::strong_count(&count), 1, "each item is dropped once");
    }

    #[test]
    fn a_view_finds_every_slot() {
        let slots: Box<[Slot<usize>]> = (0..3).map(|_| Slot::empty()).collect();
        let view = SlotsView::of(&slots);
        // SAFETY: `slots` lives, indices are below 3, and each slot is written before it is read.
        unsafe {
            (0..3).for_each(|index| view.at(index).write(index * 10));
            assert!((0..3).all(|index| *slots[index].borrow() == index * 10));
        }
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "slot 3 of 3")]
    fn a_view_checks_the_index_in_debug_builds() {
        let slots: Box<[Slot<usize>]> = (0..3).map(|_| Slot::empty()).collect();
        // SAFETY: not met on purpose: the debug check stops the call before any access.
        let _ = unsafe { SlotsView::of(&slots).at(3) };
    }

    #[test]
    fn a_slot_is_as_large_as_its_item() {
        if !cfg!(feature = "check") {
            assert_eq!(size_of::<Slot<u64>>(), 8);
            assert_eq!(size_of::<Slot<()>>(), 0);
        }
    }
}
