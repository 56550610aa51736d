//! Makes random programs of tasks.

use crate::fuzz::rng::{LeftOut, Rng};
use crate::fuzz::tasks::program::{TaskOp, TaskProgram};

/// A random program.
#[must_use]
pub fn tasks(seed: u64, kinds: &LeftOut, broken: bool) -> TaskProgram {
    let mut rng = Rng::new(seed ^ 0x7461_736b);
    let threads = rng.weighted(&[(1, 2), (2, 5), (3, 1)]);
    let semaphores = 1 + rng.below(2);
    let most = [0, 4, 2, 1][threads];
    let mut program = TaskProgram {
        threads: Vec::new(),
        sets: Vec::new(),
        permits: (0..semaphores).map(|_| rng.weighted(&[(0, 3), (1, 2)])).collect(),
        broken,
    };
    for thread in 0..threads {
        // Sets that are woken by other threads are a kind of their own.
        let can_share = threads == 1 || kinds.has("sets");
        let sizes: &[(usize, usize)] = if threads == 1 { &[(2, 3), (3, 1)] } else { &[(1, 5), (2, 1)] };
        let count = if can_share { rng.weighted(sizes) } else { 1 };
        let tasks = (0..count).map(|_| {
            let length = 1 + rng.below(if threads == 1 || count == 1 { most } else { 1 });
            (0..length).map(|_| op(&mut rng, kinds, thread, threads, semaphores)).collect()
        });
        let tasks = tasks.collect();
        program.threads.push(tasks);
        program.sets.push(count > 1 || (can_share && rng.once_in(3)));
    }
    program
}

fn op(rng: &mut Rng, kinds: &LeftOut, thread: usize, threads: usize, semaphores: usize) -> TaskOp {
    let at = rng.below(semaphores);
    let mut menu = kinds.filter(&[
        (TaskOp::Acquire(at), 5, "acquire"),
        (TaskOp::Cancel(at), 2, "cancel"),
        (TaskOp::Timeout(at), 2, "timeout"),
        (TaskOp::Release(at), 8, "release"),
        (TaskOp::Yield, 2, "yield"),
        (TaskOp::Count, 3, "count"),
    ]);
    if thread == 0 && threads > 1 {
        let of = 1 + rng.below(threads - 1);
        menu.extend(kinds.filter(&[(TaskOp::Join(of), 3, "join"), (TaskOp::Abort(of), 3, "abort")]));
    }
    rng.weighted(&menu)
}
