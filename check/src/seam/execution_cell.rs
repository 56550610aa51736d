//! The execution under way on an operating-system thread, and the way of its engine's code to it.
//!
//! Model threads are coroutines of one operating-system thread, and the engine's code runs between their
//! operations; so one pointer in a thread-local is the way of all of them to the execution.
//!
//! # Invariants
//!
//! 1. [`Installed`] owns the execution and makes no reference to it before it is dropped. Every access, the
//!    driver's own included, is a reference that [`ExecutionCell::with`] makes, and ends before the next.
//! 2. No code of the user runs inside `with`: no drop of a value of the model, no closure of a check.
//! 3. No coroutine is switched inside `with`.

use std::cell::Cell;
use std::ptr::NonNull;
use std::thread::LocalKey;

/// Where an engine finds its execution: a thread-local of the engine.
#[derive(Debug)]
pub(crate) struct ExecutionCell<T>(Cell<Option<NonNull<T>>>);

impl<T> ExecutionCell<T> {
    /// No execution is under way.
    pub(crate) const fn empty() -> ExecutionCell<T> {
        ExecutionCell(Cell::new(None))
    }

    /// Gives `f` the execution. Not re-entrant: see the invariants.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let mut execution = self.0.get().expect("no execution is under way on this thread");
        // SAFETY: the pointer is set as long as `Installed` keeps the execution, and only this thread uses
        // it. `f` is a short piece of engine code that neither calls `with` again, nor runs the user's code,
        // nor switches (invariants 1 to 3), so this is the only reference.
        f(unsafe { execution.as_mut() })
    }
}

/// Owns the execution of an operating-system thread while it is under way.
#[derive(Debug)]
pub(crate) struct Installed<T: 'static> {
    key: &'static LocalKey<ExecutionCell<T>>,
    execution: NonNull<T>,
}

impl<T> Installed<T> {
    /// `execution` is the one of this thread from now on.
    pub(crate) fn new(key: &'static LocalKey<ExecutionCell<T>>, execution: Box<T>) -> Installed<T> {
        let execution = NonNull::from(Box::leak(execution));
        key.with(|cell| cell.0.set(Some(execution)));
        Installed { key, execution }
    }
}

impl<T> Drop for Installed<T> {
    fn drop(&mut self) {
        self.key.with(|cell| cell.0.set(None));
        // SAFETY: the pointer came from the box in `new`, and the cell, the only other place that had it, has
        // it no more.
        drop(unsafe { Box::from_raw(self.execution.as_ptr()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    thread_local! {
        static CELL: ExecutionCell<Rc<u32>> = const { ExecutionCell::empty() };
    }

    #[test]
    fn an_execution_is_there_until_its_owner_goes() {
        let value = Rc::new(7);
        let installed = Installed::new(&CELL, Box::new(Rc::clone(&value)));
        assert_eq!(CELL.with(|cell| cell.with(|v| **v)), 7);
        assert_eq!(Rc::strong_count(&value), 2);
        drop(installed);
        assert_eq!(Rc::strong_count(&value), 1);
        assert!(std::panic::catch_unwind(|| CELL.with(|cell| cell.with(|_| ()))).is_err());
    }
}
