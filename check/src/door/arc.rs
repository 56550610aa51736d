//! [`std::sync::Arc`] with its counts in the model.
//!
//! std's would hide its edges from the engines: that a drop releases what the
//! thread did with the value, and that the last drop acquires it. So the counts
//! that decide are the door's own atomics, with std's orderings; std's `Arc`
//! underneath only keeps the memory. Both reach the last handle together: the
//! thread whose decrement reads 1 is the last to hold a real handle.

use super::atomic::{AtomicUsize, Ordering, fence};
use crate::seam::runtime;
use std::borrow::Borrow;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::sync as real;

/// The counts, shared by all handles.
#[derive(Debug)]
struct Counts {
    strong: AtomicUsize,
}

/// Shared ownership: [`std::sync::Arc`].
pub struct Arc<T: ?Sized> {
    value: ManuallyDrop<real::Arc<T>>,
    counts: real::Arc<Counts>,
}

/// A handle that does not keep the value: [`std::sync::Weak`].
pub struct Weak<T: ?Sized> {
    value: real::Weak<T>,
    counts: real::Arc<Counts>,
}

impl<T> Arc<T> {
    /// The only handle to `value`.
    pub fn new(value: T) -> Arc<T> {
        Arc::from_std(real::Arc::new(value))
    }

    /// The value, if this is the only handle.
    ///
    /// # Errors
    ///
    /// If it is not; the handle is the error.
    #[track_caller]
    pub fn try_unwrap(this: Arc<T>) -> Result<T, Arc<T>> {
        let _own = runtime::own_code();
        // Relaxed: the fence below orders the value's earlier uses before its move.
        if this.counts.strong.compare_exchange(1, 0, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return Err(this);
        }
        // Acquire: pairs with the Release of the other handles' drops.
        fence(Ordering::Acquire);
        let mut this = ManuallyDrop::new(this);
        // SAFETY: `this` is never used or dropped again.
        let (value, counts) = unsafe { (ManuallyDrop::take(&mut this.value), std::ptr::read(&this.counts)) };
        drop(counts);
        Ok(real::Arc::into_inner(value).expect("the last modelled handle is the last real one"))
    }

    /// The value, if this is the last handle; otherwise it is dropped.
    #[track_caller]
    pub fn into_inner(this: Arc<T>) -> Option<T> {
        let own = runtime::own_code();
        // Release: pairs with the Acquire fence of whoever drops the last handle.
        if this.counts.strong.fetch_sub(1, Ordering::Release) != 1 {
            drop(own);
            this.forget_count();
            return None;
        }
        // Acquire: pairs with the Release of the other handles' drops.
        fence(Ordering::Acquire);
        drop(own);
        let mut this = ManuallyDrop::new(this);
        // SAFETY: `this` is never used or dropped again.
        let (value, counts) = unsafe { (ManuallyDrop::take(&mut this.value), std::ptr::read(&this.counts)) };
        drop(counts);
        real::Arc::into_inner(value)
    }
}

impl<T: ?Sized> Arc<T> {
    /// A handle to what `value` holds: the way to an unsized payload, such as
    /// `Arc::<dyn Trait>::from_std(std::sync::Arc::new(…))`.
    pub fn from_std(value: real::Arc<T>) -> Arc<T> {
        let _engine = runtime::engine_code();
        Arc {
            value: ManuallyDrop::new(value),
            counts: real::Arc::new(Counts { strong: AtomicUsize::new(1) }),
        }
    }

    /// The address of the value.
    #[must_use]
    pub fn as_ptr(this: &Self) -> *const T {
        real::Arc::as_ptr(&this.value)
    }

    /// Whether both are handles to the same value.
    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        real::Arc::ptr_eq(&this.value, &other.value)
    }

    /// How many handles there are; other threads may change that at once.
    #[must_use]
    #[track_caller]
    pub fn strong_count(this: &Self) -> usize {
        // Relaxed: as in std, the number orders nothing.
        this.counts.strong.load(Ordering::Relaxed)
    }

    /// The value by exclusive borrow, if this is the only handle.
    #[track_caller]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        let _own = runtime::own_code();
        // Acquire: pairs with the Release of the other handles' drops.
        if this.counts.strong.load(Ordering::Acquire) == 1 {
            real::Arc::get_mut(&mut this.value)
        } else {
            None
        }
    }

    /// A handle that does not keep the value.
    #[must_use]
    pub fn downgrade(this: &Self) -> Weak<T> {
        Weak { value: real::Arc::downgrade(&this.value), counts: real::Arc::clone(&this.counts) }
    }

    /// Drops the real handle after the count has been taken down.
    fn forget_count(self) {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is never used or dropped again.
        let (value, counts) = unsafe { (ManuallyDrop::take(&mut this.value), std::ptr::read(&this.counts)) };
        drop((value, counts));
    }
}

impl<T: ?Sized> Clone for Arc<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        // Relaxed: whoever has a handle already sees the value.
        self.counts.strong.fetch_add(1, Ordering::Relaxed);
        Arc { value: self.value.clone(), counts: real::Arc::clone(&self.counts) }
    }
}

impl<T: ?Sized> Drop for Arc<T> {
    fn drop(&mut self) {
        // Release: pairs with the Acquire fence of whoever drops the last handle.
        if self.counts.strong.fetch_sub(1, Ordering::Release) == 1 {
            // Acquire: pairs with the Release of the other handles' drops.
            fence(Ordering::Acquire);
        }
        // SAFETY: nobody uses the field after the drop.
        unsafe { ManuallyDrop::drop(&mut self.value) }
    }
}

impl<T: ?Sized> Weak<T> {
    /// A handle that keeps the value, if there still is one.
    #[must_use]
    #[track_caller]
    pub fn upgrade(&self) -> Option<Arc<T>> {
        let _own = runtime::own_code();
        // Acquire: as in std, pairs with the Release of `get_mut`'s caller; Relaxed on failure.
        let up = |n: usize| (n != 0).then(|| n + 1);
        self.counts.strong.fetch_update(Ordering::Acquire, Ordering::Relaxed, up).ok()?;
        let value = self.value.upgrade().expect("a modelled handle keeps a real one");
        Some(Arc { value: ManuallyDrop::new(value), counts: real::Arc::clone(&self.counts) })
    }

    /// How many handles keep the value.
    #[must_use]
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        // Relaxed: as in std, the number orders nothing.
        self.counts.strong.load(Ordering::Relaxed)
    }
}

impl<T> Weak<T> {
    /// A handle to nothing.
    #[must_use]
    pub fn new() -> Weak<T> {
        Weak { value: real::Weak::new(), counts: real::Arc::new(Counts { strong: AtomicUsize::new(0) }) }
    }
}

impl<T> Default for Weak<T> {
    fn default() -> Self {
        Weak::new()
    }
}

impl<T: ?Sized> Clone for Weak<T> {
    fn clone(&self) -> Self {
        Weak { value: self.value.clone(), counts: real::Arc::clone(&self.counts) }
    }
}

impl<T: ?Sized> Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> AsRef<T> for Arc<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized> Borrow<T> for Arc<T> {
    fn borrow(&self) -> &T {
        self
    }
}

impl<T> From<T> for Arc<T> {
    fn from(value: T) -> Self {
        Arc::new(value)
    }
}

impl<T: Default> Default for Arc<T> {
    fn default() -> Self {
        Arc::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + PartialEq> PartialEq for Arc<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: ?Sized + Eq> Eq for Arc<T> {}

impl<T: ?Sized> fmt::Debug for Weak<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(Weak)")
    }
}
