//! A program of tasks: its operations, its text, and its smaller versions.

use crate::fuzz::program::{Expected, Program};
use crate::fuzz::tasks::{model, reference};
use ringwright::check::Check;
use std::fmt;

/// An operation of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
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
    pub threads: Vec<Vec<Vec<Op>>>,
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

impl Program for TaskProgram {
    fn expected(&self) -> Option<Expected> {
        reference::expected(self)
    }

    fn run(&self) {
        model::run(self);
    }

    fn smaller(&self) -> Vec<TaskProgram> {
        let mut all = Vec::new();
        let mut with = |change: &dyn Fn(&mut TaskProgram)| {
            let mut program = self.clone();
            change(&mut program);
            if program != *self {
                all.push(program);
            }
        };
        for (thread, tasks) in self.threads.iter().enumerate() {
            for (task, ops) in tasks.iter().enumerate() {
                with(&|p| p.threads[thread][task].clear());
                for at in 0..ops.len() {
                    with(&|p| {
                        p.threads[thread][task].remove(at);
                    });
                }
            }
            if tasks.len() > 1 {
                with(&|p| {
                    p.threads[thread].pop();
                });
            } else {
                with(&|p| p.sets[thread] = false);
            }
        }
        let last = self.threads.len() - 1;
        let named = |op: &Op| matches!(op, Op::Join(of) | Op::Abort(of) if *of == last);
        if last > 0 && !self.threads.iter().flatten().flatten().any(named) {
            with(&|p| p.threads.truncate(last));
        }
        with(&|p| p.permits.fill(0));
        all
    }

    fn budgets(&self, check: Check) -> Check {
        check.spurious(0).timeouts(8)
    }

    fn is_small(&self) -> bool {
        self.threads.iter().flatten().map(Vec::len).sum::<usize>() <= 4 && self.threads.len() == 1
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
