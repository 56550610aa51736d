//! Programs of atomics, fences, cells and locks as a kind of the fuzzer: their smaller versions, their size.

use crate::fuzz::program::{Expected, FuzzProgram};
use crate::fuzz::weak::program::{WeakOp, WeakProgram};
use crate::fuzz::weak::{graphs, model};
use ringwright::check::Check;
use std::sync::atomic::Ordering;

impl FuzzProgram for WeakProgram {
    fn expected(&self) -> Option<Expected> {
        graphs::expected(self)
    }

    fn run(&self) {
        model::run(self);
    }

    fn smaller(&self) -> Vec<WeakProgram> {
        let mut all = Vec::new();
        let mut with = |change: &dyn Fn(&mut WeakProgram)| {
            let mut program = self.clone();
            change(&mut program);
            if program != *self {
                all.push(program);
            }
        };
        for (number, thread) in self.threads.iter().enumerate() {
            with(&|p| {
                p.threads.remove(number);
            });
            for at in 0..thread.len() {
                with(&|p| {
                    p.threads[number].remove(at);
                });
                with(&|p| p.threads[number][at].guard = None);
                with(&|p| weaken(&mut p.threads[number][at].op));
            }
        }
        with(&|p| p.main_takes_part = false);
        with(&|p| p.spurious = 0);
        all
    }

    fn budgets(&self, check: Check) -> Check {
        check.spurious(self.spurious)
    }

    fn is_small(&self) -> bool {
        let steps: usize = self.threads.iter().map(Vec::len).sum();
        steps <= 6 || (steps <= 8 && self.threads.len() == 2)
    }
}

/// Makes the orderings Relaxed, which is easier to read if they do not matter.
fn weaken(op: &mut WeakOp) {
    match op {
        WeakOp::Load(_, order) | WeakOp::Store(_, _, order) | WeakOp::Change(_, _, _, order) => {
            *order = Ordering::Relaxed
        }
        WeakOp::Cas { ok, err, weak, .. } => {
            (*ok, *err) = (Ordering::Relaxed, Ordering::Relaxed);
            *weak = false;
        }
        _ => {}
    }
}
