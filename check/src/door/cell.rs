//! The cell through which every structure reaches plain shared memory.

use crate::door::object::Identity;
use crate::seam::outside;
use crate::seam::runtime::{self, Access, Site};
use std::fmt;
use std::panic::Location;

/// [`std::cell::UnsafeCell`] with access by closure: [`with`](Self::with) and
/// [`with_mut`](Self::with_mut). In a model every access by closure is checked:
/// two conflicting ones that nothing orders are a data race.
///
/// There is no `from_mut`: with the feature `check` a cell has a word of its
/// own beside the value, by which an engine knows it.
#[derive(Default)]
pub struct UnsafeCell<T: ?Sized> {
    id: Identity,
    value: std::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    /// A cell that holds `value`.
    pub const fn new(value: T) -> Self {
        Self { id: Identity::new(), value: std::cell::UnsafeCell::new(value) }
    }

    /// The value, which no one else can reach any more.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// Writes `value` and gives the value before. In a model this is an access
    /// like that of [`with_mut`](Self::with_mut).
    ///
    /// # Safety
    ///
    /// No other thread reads or writes meanwhile, and no reference to the value
    /// is alive.
    #[track_caller]
    pub unsafe fn replace(&self, value: T) -> T {
        // SAFETY: the caller says so.
        self.with_mut(|old| unsafe { old.replace(value) })
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Gives `f` a pointer to read through. The caller promises that no
    /// other thread writes meanwhile.
    #[track_caller]
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        self.access(Access::Read, Location::caller());
        f(self.value.get())
    }

    /// Gives `f` a pointer to read and write through. The caller promises
    /// that no other thread reads or writes meanwhile.
    #[track_caller]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        self.access(Access::Write, Location::caller());
        f(self.value.get())
    }

    fn access(&self, access: Access, site: Site) {
        let object = self.id.object(self.value.get().cast(), size_of_val(&self.value), 0);
        match runtime::current() {
            Some(engine) => engine.access(object, access, site),
            None => outside::touches(&object, site),
        }
    }

    /// The value, by the caller's exclusive borrow.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

/// Types whose values the checker sees through a raw pointer: all of them with the feature `plain` (`check-plain` of
/// `ringwright`), which is for code that is compiled with the thread-sanitizer pass, and none without it.
#[cfg(not(feature = "plain"))]
#[diagnostic::on_unimplemented(
    message = "the checker cannot see what is done through the pointer of `UnsafeCell::get`",
    label = "use `with` or `with_mut`",
    note = "code that needs the pointer itself is checked with the thread-sanitizer pass: turn on the feature `plain` of \
            `ringwright-check`, or `check-plain` of `ringwright`"
)]
pub trait SeesPointer {}

/// With the pass every pointer is seen.
#[cfg(feature = "plain")]
#[doc(hidden)]
pub trait SeesPointer {}

#[cfg(feature = "plain")]
impl<T: ?Sized> SeesPointer for T {}

impl<T> UnsafeCell<T> {
    /// [`get`](Self::get) of a cell that is behind a raw pointer, with the same condition.
    #[track_caller]
    pub fn raw_get(this: *const Self) -> *mut T
    where
        T: SeesPointer,
    {
        unseen(Location::caller());
        this.wrapping_byte_add(std::mem::offset_of!(Self, value)).cast::<T>().cast_mut()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// A raw pointer to the value: what is done through it is seen only in code that is compiled with the
    /// thread-sanitizer pass. So without the feature `plain` this does not compile: use [`with`](Self::with) and
    /// [`with_mut`](Self::with_mut), which the checker always sees.
    ///
    /// If the feature is on and no code was compiled with the pass, a check's notes say how often a model called this.
    #[cfg_attr(
        not(feature = "plain"),
        doc = "\n```compile_fail\n\
        let cell = ringwright_check::door::cell::UnsafeCell::new(1);\n\
        cell.get();\n```"
    )]
    #[track_caller]
    pub fn get(&self) -> *mut T
    where
        T: SeesPointer,
    {
        unseen(Location::caller());
        self.value.get()
    }
}

/// A model gets a pointer through which it may do what no engine sees.
fn unseen(site: Site) {
    if let Some(engine) = runtime::current() {
        engine.unseen_cell(site);
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
