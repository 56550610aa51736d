//! The cell of the build that ships: `core`'s with access by closure.

use core::fmt;

/// [`core::cell::UnsafeCell`] with access by closure: [`with`](Self::with) and
/// [`with_mut`](Self::with_mut). In a model every access by closure is checked:
/// two conflicting ones that nothing orders are a data race.
///
/// There is no `from_mut`: with the feature `check` a cell has a word of its
/// own beside the value, by which an engine knows it.
#[derive(Default)]
#[repr(transparent)]
pub struct UnsafeCell<T: ?Sized>(core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// A cell that holds `value`.
    #[inline(always)]
    pub const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    /// The value, which no one else can reach any more.
    #[inline(always)]
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }

    /// Writes `value` and gives the value before. In a model this is an access
    /// like that of [`with_mut`](Self::with_mut).
    ///
    /// # Safety
    ///
    /// No other thread reads or writes meanwhile, and no reference to the value
    /// is alive.
    #[inline(always)]
    pub unsafe fn replace(&self, value: T) -> T {
        // SAFETY: the caller says so.
        self.with_mut(|old| unsafe { old.replace(value) })
    }

    /// [`get`](Self::get) of a cell that is behind a raw pointer, with the same condition.
    #[inline(always)]
    pub fn raw_get(this: *const Self) -> *mut T {
        core::cell::UnsafeCell::raw_get(this.cast::<core::cell::UnsafeCell<T>>())
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Gives `f` a pointer to read through. The caller promises that no
    /// other thread writes meanwhile.
    #[inline(always)]
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Gives `f` a pointer to read and write through. The caller promises
    /// that no other thread reads or writes meanwhile.
    #[inline(always)]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }

    /// A raw pointer to the value. The checker sees what is done through it only in code that is compiled with
    /// the thread-sanitizer pass. So with the feature `check` this compiles only if `check-plain` is on as well: use
    /// [`with`](Self::with) and [`with_mut`](Self::with_mut), which the checker always sees.
    #[inline(always)]
    pub fn get(&self) -> *mut T {
        self.0.get()
    }

    /// The value, by the caller's exclusive borrow.
    #[inline(always)]
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

impl<T> From<T> for UnsafeCell<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized> fmt::Debug for UnsafeCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsafeCell").finish_non_exhaustive()
    }
}
