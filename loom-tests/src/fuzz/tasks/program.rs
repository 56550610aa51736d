//! A program of tasks: its operations and its text.

use std::fmt;

/// An operation of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskOp {
    /// Awaits a permit of a semaphore.
    Acquire(usize),
    /// The same, given up at any await.
    Cancel(usize),
    /// The same for a limited time.
    Timeout(usize),
    /// Gives a semaphore a permit.
    Release(usize),
    /// Lets others run.
    Yield,
    /// Logs the counter under its lock and adds one.
    Count,
    /// Awaits the task of another thread, once.
    Join(usize),
    /// Aborts the task of another thread.
    Abort(usize),
}

/// A program. A thread runs its tasks as a `TaskSet`, or the one that it has by `task::block_on` (main) or
/// `task::spawn` (the others). The first task of all can await the spawned ones, and all of main can abort them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TaskProgram {
    /// The tasks of each thread.
    pub threads: Vec<Vec<Vec<TaskOp>>>,
    /// Which threads run a set.
    pub sets: Vec<bool>,
    /// The permits that each semaphore starts with.
    pub permits: Vec<usize>,
    /// Whether the reference lets an aborted task go on, to see that it is noticed.
    pub broken: bool,
}

impl TaskProgram {
    /// Whether the thread runs one task by `task::spawn`.
    #[must_use]
    pub fn is_spawned(&self, thread: usize) -> bool {
        thread > 0 && !self.sets[thread]
    }
}

impl fmt::Display for TaskProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (thread, tasks) in self.threads.iter().enumerate() {
            let how = match thread {
                _ if self.sets[thread] => "TaskSet",
                0 => "task::block_on",
                _ => "task::spawn",
            };
            writeln!(f, "thread {thread} ({how}):")?;
            for ops in tasks {
                writeln!(f, "    task: {ops:?}")?;
            }
        }
        writeln!(f, "permits {:?}", self.permits)
    }
}
