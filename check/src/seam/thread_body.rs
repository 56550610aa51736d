//! What a thread of a model runs: once, or never.
//!
//! A thread that has not run its first step when its execution is abandoned never runs. What its closure has
//! captured is then forgotten, like everything on the stacks of the other threads: to drop it would run the
//! model's code in an execution that is over.

use std::fmt;
use std::mem::ManuallyDrop;

/// The body of a thread of a model.
pub(crate) struct ThreadBody(ManuallyDrop<Box<dyn FnOnce()>>);

impl ThreadBody {
    /// The body that runs `run`.
    pub(crate) fn new(run: Box<dyn FnOnce()>) -> ThreadBody {
        ThreadBody(ManuallyDrop::new(run))
    }

    /// Runs it.
    pub(crate) fn run(self) {
        ManuallyDrop::into_inner(self.0)();
    }
}

impl fmt::Debug for ThreadBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadBody").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    struct Counts(Rc<Cell<u32>>);

    impl Drop for Counts {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    #[test]
    fn a_body_that_never_runs_drops_nothing() {
        let drops = Rc::new(Cell::new(0));
        let body = |drops: &Rc<Cell<u32>>| {
            let counts = Counts(Rc::clone(drops));
            ThreadBody::new(Box::new(move || drop(counts)))
        };
        {
            let _never_run = body(&drops);
        }
        assert_eq!(drops.get(), 0);
        body(&drops).run();
        assert_eq!(drops.get(), 1);
    }
}
