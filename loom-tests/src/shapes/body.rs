//! What the bodies of the shapes are made of: plain memory, two threads, an ordering with a flaw.

use ringwright::sync::atomic::Ordering;
use ringwright::sync::cell::UnsafeCell;
use ringwright::sync::thread;

/// Plain memory.
pub(crate) struct Plain<T>(UnsafeCell<T>);

// SAFETY: whether its accesses are ordered is what the models check; under an engine they are made one
// after the other.
unsafe impl<T: Send> Sync for Plain<T> {}

impl<T: Copy> Plain<T> {
    pub(crate) fn new(value: T) -> Plain<T> {
        Plain(UnsafeCell::new(value))
    }

    #[track_caller]
    pub(crate) fn get(&self) -> T {
        // SAFETY: the engine has seen the access, and runs one thread at a time.
        self.0.with(|value| unsafe { *value })
    }

    #[track_caller]
    pub(crate) fn set(&self, new: T) {
        // SAFETY: the engine has seen the access, and runs one thread at a time.
        self.0.with_mut(|value| unsafe { *value = new });
    }
}

/// The ordering, or none if that is the flaw.
pub(crate) fn relaxed_if(flaw: bool, order: Ordering) -> Ordering {
    if flaw { Ordering::Relaxed } else { order }
}

/// Runs `theirs` in a thread of its own and `ours` in this one.
pub(crate) fn both(theirs: impl FnOnce() + Send, ours: impl FnOnce()) {
    thread::scope(|scope| {
        scope.spawn(theirs);
        ours();
    });
}
