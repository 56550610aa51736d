//! Programs of blocking objects as a kind of the fuzzer: their smaller versions, their size.

use crate::fuzz::locks::program::{Bound, LockOp, LockShape, LocksProgram};
use crate::fuzz::locks::{model, reference};
use crate::fuzz::program::{Expected, FuzzProgram};
use ringwright::check::Check;

impl FuzzProgram for LocksProgram {
    fn expected(&self) -> Option<Expected> {
        reference::expected(self)
    }

    fn run(&self) {
        model::run(self);
    }

    fn smaller(&self) -> Vec<LocksProgram> {
        let mut all = Vec::new();
        let mut with = |change: &dyn Fn(&mut LocksProgram)| {
            let mut program = self.clone();
            change(&mut program);
            if program != *self {
                all.push(program);
            }
        };
        let last = self.threads.len() - 1;
        let named = |op: &LockOp| matches!(op, LockOp::Unpark(of) | LockOp::IsFinished(of) if *of == last);
        if last > 0 && self.receiver != last && !self.threads.iter().flatten().any(named) {
            with(&|p| p.threads.truncate(last));
        }
        for (number, thread) in self.threads.iter().enumerate() {
            with(&|p| p.threads[number].clear());
            for at in 0..thread.len() {
                with(&|p| {
                    p.threads[number].remove(at);
                });
            }
            with(&|p| p.senders[number] = false);
        }
        with(&|p| p.shape = LockShape::Spawn);
        with(&|p| p.spurious = 0);
        with(&|p| p.handles = false);
        with(&|p| p.bound = Bound::None);
        all
    }

    fn budgets(&self, check: Check) -> Check {
        check.spurious(self.spurious).timeouts(8)
    }

    fn is_small(&self) -> bool {
        self.threads.iter().map(Vec::len).sum::<usize>() <= 4 && self.threads.len() == 2 && !self.handles
    }
}
