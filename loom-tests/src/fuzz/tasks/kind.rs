//! Programs of tasks as a kind of the fuzzer: their smaller versions, their size.

use crate::fuzz::program::{Expected, FuzzProgram};
use crate::fuzz::tasks::program::{TaskOp, TaskProgram};
use crate::fuzz::tasks::{model, reference};
use ringwright::check::Check;

impl FuzzProgram for TaskProgram {
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
        let named = |op: &TaskOp| matches!(op, TaskOp::Join(of) | TaskOp::Abort(of) if *of == last);
        if last > 0 && !self.threads.iter().flatten().flatten().any(named) {
            with(&|p| p.threads.truncate(last));
        }
        with(&|p| p.permits.fill(0));
        all
    }

    fn budgets(&self, check: Check) -> Check {
        let timed = |op: &&TaskOp| matches!(op, TaskOp::Timeout(_));
        let timeouts = self.threads.iter().flatten().flatten().filter(timed).count();
        check.spurious(0).timeouts(timeouts as u8)
    }

    fn is_small(&self) -> bool {
        self.threads.iter().flatten().map(Vec::len).sum::<usize>() <= 4 && self.threads.len() == 1
    }
}
