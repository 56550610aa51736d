//! What a search says of itself at each step, for who watches it: the watchdog, and whoever ends the process.
//!
//! The explorer limits the steps of an execution. A thread that loops or blocks without touching the door makes
//! none: see [`crate::seam::watchdog`].

use crate::seam::fatal::Whereabouts;
use crate::seam::place::Place;
use crate::seam::symbols::source_line;
use crate::seam::watchdog::Watchable;
use std::fmt;
use std::panic::Location;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// What a search says of itself at each step. Relaxed, all of it: one thread
/// writes, and the other only reads whether it changes.
#[derive(Debug, Default)]
pub(crate) struct Heartbeat {
    steps: AtomicU64,
    executions: AtomicU64,
    thread: AtomicUsize,
    line: AtomicPtr<Location<'static>>,
    /// The search waits for another one, and is well.
    paused: AtomicBool,
}

impl Heartbeat {
    /// Thread `me` of the model makes a step after the operation at `site`.
    #[inline]
    pub(crate) fn step(&self, me: usize, site: Option<Place>) {
        self.steps.store(self.steps.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        self.thread.store(me, Ordering::Relaxed);
        if let Some(Place::Line(line)) = site {
            self.line.store(ptr::from_ref(line).cast_mut(), Ordering::Relaxed);
        }
    }

    /// An execution begins.
    pub(crate) fn execution(&self) {
        self.executions.fetch_add(1, Ordering::Relaxed);
        self.line.store(ptr::null_mut(), Ordering::Relaxed);
        self.step(0, None);
    }

    /// Runs `f`, which may take as long as it likes.
    pub(crate) fn paused<R>(&self, f: impl FnOnce() -> R) -> R {
        self.paused.store(true, Ordering::Relaxed);
        let result = f();
        self.step(self.thread.load(Ordering::Relaxed), None);
        self.paused.store(false, Ordering::Relaxed);
        result
    }
}

impl Watchable for Heartbeat {
    fn steps(&self) -> Option<u64> {
        let paused = self.paused.load(Ordering::Relaxed);
        (!paused).then(|| self.steps.load(Ordering::Relaxed))
    }

    fn hangs(&self, name: &str, silence: Duration) -> String {
        let execution = self.executions.load(Ordering::Relaxed);
        let thread = match self.thread.load(Ordering::Relaxed) {
            0 => "main".to_owned(),
            number => format!("t{number}"),
        };
        let line = self.line.load(Ordering::Relaxed);
        // SAFETY: what is not null came from a `&'static Location`.
        let last = unsafe { line.as_ref() }.map_or("it had not begun".to_owned(), |line| {
            format!("the last operation was at {}", source_line(Place::Line(line)))
        });
        format!(
            "\nringwright: the model `{name}` hangs: thread {thread} of execution {execution} has made no step for \
             {silence:?}; {last}.\n\
             It loops or blocks without touching `ringwright::sync`, so the checker never gets control back and \
             cannot stop it.\n\
             - A loop that waits must read through `ringwright::sync`, or call `hint::spin_loop` or \
             `thread::yield_now` of it.\n\
             - A lock, channel, sleep or thread that is not `ringwright::sync`'s blocks the whole search.\n\
             - A model that only computes for long says so with `Check::watchdog`.\n\
             This is a failure. The process ends here.\n"
        )
    }
}

/// Whether `file` is one in which the door does what a model asks of it. Allocates nothing.
fn is_of_the_door(file: &str) -> bool {
    let own = file!().strip_suffix("explorer/heartbeat.rs").unwrap_or_default();
    file.strip_prefix(own).is_some_and(|rest| rest.starts_with("door/"))
}

/// Where a search is, for who ends the process in the middle of it.
pub(crate) struct SearchPlace {
    pub(crate) heartbeat: Arc<Heartbeat>,
    /// Bytes, of each thread of the model.
    pub(crate) stack: usize,
}

impl Whereabouts for SearchPlace {
    fn write(&self, to: &mut dyn fmt::Write) -> fmt::Result {
        let Heartbeat { executions, thread, line, .. } = &*self.heartbeat;
        // Relaxed: this thread's own.
        let (execution, number) = (executions.load(Ordering::Relaxed), thread.load(Ordering::Relaxed));
        write!(to, "t{number}, execution {execution}")?;
        // SAFETY: what is not null came from a `&'static Location`.
        match unsafe { line.load(Ordering::Relaxed).as_ref() } {
            Some(line) if !is_of_the_door(line.file()) => {
                write!(to, ", after {}:{}", line.file(), line.line())
            }
            _ => Ok(()),
        }
    }

    fn stack_size(&self) -> usize {
        self.stack
    }
}
