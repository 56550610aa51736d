//! The coroutines that run the model's threads: made once, used by one
//! execution after another.
//!
//! Shuttle's engine sets up and tears down a good deal for each of its
//! executions. So one of *its* executions, a *round*, runs many of ours. Its
//! main task runs the model's main thread, again and again; its other tasks
//! are workers, one for each thread number, and a worker that has run a thread
//! to its end waits for the next body.
//!
//! 1. Worker `n` is shuttle's task `n` and runs only threads with the number
//!    `n`: numbers are given out in order, and so are tasks.
//! 2. An execution that is abandoned leaves bodies half done on the workers'
//!    stacks, so it ends the round.
//! 3. A round also ends after [`ROUND`] executions, because shuttle keeps a
//!    record of every switch until then.

use crate::explorer::current::with;
use crate::explorer::execution::{Execution, Status};
use crate::seam::panics;
use crate::seam::runtime::{self, Site};
use crate::seam::stack;
use crate::seam::thread_body::ThreadBody;
use shuttle_engine::runtime::execution::ExecutionState;
use shuttle_engine::runtime::thread::switch;
use std::cell::RefCell;

/// Executions of a round.
const ROUND: u32 = 1_000;

/// The workers of the round under way.
#[derive(Default)]
struct Workers {
    /// What worker `n + 1` is to run next.
    bodies: Vec<Option<ThreadBody>>,
    retiring: bool,
    executions: u32,
}

thread_local! {
    static WORKERS: RefCell<Workers> = RefCell::default();
}

/// A round begins, with no worker.
pub(crate) fn new_round() {
    WORKERS.take();
}

/// Whether the round is ending: then workers only end.
pub(crate) fn retiring() -> bool {
    WORKERS.with_borrow(|workers| workers.retiring)
}

/// Runs `body` as thread `number` of the model.
pub(crate) fn start(number: usize, body: ThreadBody, site: Site) {
    let fresh = WORKERS.with_borrow_mut(|workers| match workers.bodies.get_mut(number - 1) {
        Some(free) => {
            *free = Some(body);
            None
        }
        None => {
            workers.bodies.push(None);
            Some(body)
        }
    });
    if let Some(body) = fresh {
        let run = Box::new(move || work(number, body));
        let stack = with(|s| {
            s.next = Some(s.me);
            s.budget.stack
        });
        ExecutionState::spawn_thread(run, stack, None, None, site);
        with(|s| s.next = None);
    }
}

/// A worker's life.
fn work(number: usize, first: ThreadBody) {
    let mut next = Some(first);
    while let Some(body) = next {
        {
            begin(number);
            let _user = runtime::user_code();
            body.run();
        }
        with(|s| s.threads[number].status = Status::Finished);
        next = wait(number);
    }
}

/// The body of thread `number` begins here.
#[inline(never)]
fn begin(number: usize) {
    let wipes = with(|s| {
        s.begins(number, stack::here());
        s.heartbeat.step(number, None);
        s.wipes
    });
    if wipes {
        stack::wipe_below();
    }
}

/// Waits for the next body; `None` when the round is over.
fn wait(number: usize) -> Option<ThreadBody> {
    loop {
        switch();
        let (body, retiring) =
            WORKERS.with_borrow_mut(|workers| (workers.bodies[number - 1].take(), workers.retiring));
        if body.is_some() || retiring {
            return body;
        }
    }
}

/// The life of a round's main task: the model's main thread, execution after
/// execution. `next_execution` ends the one under way, begins another one if there
/// is one and it may be in this round, and says whether it did.
pub(crate) fn conduct(model: &dyn Fn(), next_execution: impl Fn(bool) -> bool) {
    loop {
        begin(0);
        panics::run_main(model);
        with(|s| s.threads[0].status = Status::Finished);
        while !with(Execution::over) {
            switch();
        }
        let full = WORKERS.with_borrow_mut(|workers| {
            workers.executions += 1;
            workers.executions >= ROUND
        });
        if !next_execution(!full) {
            WORKERS.with_borrow_mut(|workers| workers.retiring = true);
            return;
        }
    }
}
