//! The cell through which every structure reaches plain shared memory.

use super::object::Identity;
use crate::seam::outside;
use crate::seam::runtime::{self, Access};
use std::panic::Location;

/// [`std::cell::UnsafeCell`] with access by closure. In a model every access is
/// checked: two conflicting ones that nothing orders are a data race.
#[derive(Debug, Default)]
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

    fn access(&self, access: Access, site: runtime::Site) {
        let object = self.id.object(self.value.get().cast(), size_of_val(&self.value), 0);
        match runtime::current() {
            Some(engine) => engine.access(object, access, site),
            None => outside::touches(&object, site),
        }
    }

    /// A raw pointer to the value: what [`std::cell::UnsafeCell::get`] gives.
    /// What is done through it is seen only in code that is compiled with the
    /// thread-sanitizer pass.
    pub const fn get(&self) -> *mut T {
        self.value.get()
    }

    /// The value, by the caller's exclusive borrow.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T> From<T> for UnsafeCell<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}
