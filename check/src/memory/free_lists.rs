//! The freed blocks of an execution that may be given out again, by layout.

use crate::report::data::Report;
use crate::report::words::count;
use std::alloc::Layout;

/// The blocks of one layout.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) layout: Layout,
    pub(crate) loc: u32,
    /// The frees so far, as messages.
    pub(crate) frees: Vec<u32>,
}

/// Which freed blocks may be allocated again.
#[derive(Debug, Default)]
pub(crate) struct Reuse {
    pub(crate) on: bool,
    pub(crate) classes: Vec<Class>,
    /// Blocks given out again, in all executions.
    pub(crate) count: u64,
}

impl Reuse {
    /// An execution begins.
    pub(crate) fn reset(&mut self) {
        self.classes.clear();
    }

    /// Adds what another thread of the same check has seen.
    pub(crate) fn join(&mut self, other: &Reuse) {
        self.count += other.count;
    }

    /// Says in the report how much was reused.
    pub(crate) fn report(&self, report: &mut Report) {
        if self.on {
            report.notes.push(format!("freed memory was given out again {}", count(self.count, "time")));
        }
    }
}
