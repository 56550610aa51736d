//! The execution under way of [`crate::engines::loom`], and the eye on what it allocates.

use crate::engines::loom_execution::{LoomBlock, LoomExecution};
use crate::seam::context::Allocations;
use crate::seam::execution_cell::{ExecutionCell, Installed};
use crate::seam::runtime;
use std::alloc::Layout;
use std::cell::Cell;
use std::rc::Rc;

thread_local! {
    static EXECUTION: ExecutionCell<LoomExecution> = const { ExecutionCell::empty() };
    /// Whether somebody is inside [`with`].
    static LOOKING: Cell<bool> = const { Cell::new(false) };
}

/// Makes `execution` the one of this operating-system thread.
pub(super) fn install(execution: Box<LoomExecution>) -> Installed<LoomExecution> {
    Installed::new(&EXECUTION, execution)
}

/// Gives `f` the execution. Memory that `f` frees is the engine's own.
pub(super) fn with<R>(f: impl FnOnce(&mut LoomExecution) -> R) -> R {
    let outer = LOOKING.replace(true);
    assert!(!outer, "the execution is looked at twice at once");
    let result = EXECUTION.with(|cell| cell.with(f));
    LOOKING.set(false);
    result
}

/// Whether the thread unwinds a panic. The child process ends with the first
/// panic, so this is only so while it is being reported.
pub(super) fn unwinding() -> bool {
    std::thread::panicking()
}

/// Looks at allocations: from the first spawn to the end of the execution.
#[derive(Debug)]
pub(super) struct LoomAllocations;

impl Allocations for LoomAllocations {
    fn reused(&self, _: Layout) -> Option<*mut u8> {
        None
    }

    fn allocated(&self, block: *mut u8, layout: Layout) {
        if unwinding() {
            return;
        }
        let _engine = runtime::engine_code();
        let cell = Rc::new(::loom::cell::UnsafeCell::new(()));
        with(|s| {
            s.pool.seen_allocator = true;
            s.blocks.insert(block as usize, LoomBlock { size: layout.size().max(1), by: s.me, cell })
        });
    }

    fn keeps(&self, block: *mut u8) -> bool {
        if !LOOKING.get() && !unwinding() {
            let _engine = runtime::engine_code();
            drop(with(|s| if s.blocks.is_empty() { None } else { s.blocks.remove(&(block as usize)) }));
        }
        false
    }
}
