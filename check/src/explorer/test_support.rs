//! Executions by hand: the tests of the explorer stand in for its driver and for the model's threads.

use crate::explorer::execution::{Execution, Status, Stop};
use crate::explorer::objects::touch;
use crate::explorer::request::{PendingRequest, Request};
use crate::explorer::waiting::TurnEnd;
use crate::graph::event::NONE;
use crate::plan::budget::Budget;
use crate::plan::decision::Decision;
use crate::plan::split::Split;
use crate::plan::strategy::Strategy;
use crate::report::data::FailureKind;
use crate::seam::op::{Rmw, Strength, SyncOp};
use crate::seam::place::Place;
use crate::seam::runtime::Obj;
use crate::search::chooser::Chooser;
use crate::search::stack::ChoiceStack;
use std::collections::BTreeSet;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) const BUDGET: Budget =
    Budget { spurious: 1, timeouts: 2, repeats: 1, turns: 12, steps: 1_000, stack: 256 * 1024 };

/// The line of the caller.
#[track_caller]
pub(crate) fn here() -> Place {
    Place::Line(Location::caller())
}

/// An atomic of the model, with its identity word.
#[derive(Debug, Default)]
pub(crate) struct ModelWord {
    value: AtomicU64,
    pub(crate) id: AtomicU64,
}

impl ModelWord {
    pub(crate) fn holding(value: u64) -> ModelWord {
        ModelWord { value: AtomicU64::new(value), id: AtomicU64::new(0) }
    }

    pub(crate) fn obj(&self) -> Obj<'_> {
        Obj { ptr: self.value.as_ptr().cast(), size: 8, bits: 64, id: &self.id }
    }

    pub(crate) fn value(&self) -> u64 {
        self.value.load(Ordering::Relaxed)
    }
}

/// The exhaustive search by `strategy`.
pub(crate) fn search(strategy: Strategy) -> Chooser {
    Chooser::Exhaustive(ChoiceStack::new(strategy, true, Split::default()))
}

/// The execution of a model whose main thread has registered `words` as locations 0, 1, …, has started
/// `threads` threads and has ended.
pub(crate) fn execution(search: Chooser, words: &[ModelWord], threads: usize) -> Execution {
    let mut s = Execution::new(search, BUDGET);
    begin(&mut s, words, threads);
    s
}

/// Begins the next execution of the same model.
fn begin(s: &mut Execution, words: &[ModelWord], threads: usize) {
    s.reset(s.execution + 1);
    for (loc, word) in words.iter().enumerate() {
        assert_eq!(touch(s, &word.obj(), here()).loc, loc as u32);
    }
    for _ in 0..threads {
        s.add_thread(Some(0), None).expect("there is room");
    }
    s.threads[0].status = Status::Finished;
}

/// Lets `thread` stand at `want`.
#[track_caller]
pub(crate) fn stand(s: &mut Execution, thread: usize, want: Request, loc: u32) -> PendingRequest {
    let pending = PendingRequest { want, loc, bits: 64, site: here() };
    s.threads[thread].pending = Some(pending);
    s.threads[thread].status = Status::Waiting;
    pending
}

/// What `thread` may do at its pending operation, the newest first: the number of the message's place in
/// modification order, and what it would write.
pub(crate) fn offers(s: &mut Execution, thread: usize) -> Vec<(u32, Option<u64>)> {
    let pending = s.choosing(thread).expect("it waits for a choice");
    s.choices_of(thread, &pending, s.threads[thread].covered);
    s.choices.iter().map(|c| (s.graph.messages[c.message as usize].pos, c.alt.write)).collect()
}

/// The kind of the failure that has ended the execution, and its message.
pub(crate) fn failure(s: &Execution) -> Option<(FailureKind, &str)> {
    match &s.stop {
        Some(Stop::Failed { kind, message, .. }) => Some((*kind, message)),
        _ => None,
    }
}

/// One operation of a program; objects are numbered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Load(u32, Ordering),
    Store(u32, u64, Ordering),
    Rmw(u32, Rmw, Ordering),
    Fence(Ordering),
    Lock(u32),
    Unlock(u32),
    /// Loads and yields until there is another value than 0.
    Await(u32, Ordering),
}

/// What the executions of a program came to.
#[derive(Debug, Default)]
pub(crate) struct Explored {
    pub(crate) complete: usize,
    pub(crate) blocked: usize,
    /// Of each complete execution: what the threads have read, one thread after another.
    pub(crate) outcomes: BTreeSet<Vec<u64>>,
    pub(crate) failures: BTreeSet<String>,
    /// Whether a bound has left anything out.
    pub(crate) cut: bool,
    /// The decisions of the first execution that failed.
    pub(crate) failing: Option<Vec<Decision>>,
}

/// Runs every execution of `program`, whose objects hold 0.
pub(crate) fn explore(strategy: Strategy, program: &[&[Step]]) -> Explored {
    let words: [ModelWord; 3] = Default::default();
    let mut s = Execution::new(search(strategy), BUDGET);
    let mut explored = Explored::default();
    loop {
        words.iter().for_each(|word| word.value.store(0, Ordering::Relaxed));
        begin(&mut s, &words, program.len());
        let seen = run(&mut s, program);
        match &s.stop {
            None => {
                explored.complete += 1;
                explored.outcomes.insert(seen.concat());
            }
            Some(Stop::Blocked) => explored.blocked += 1,
            Some(Stop::Failed { message, .. }) => {
                explored.failures.insert(message.clone());
                explored.failing.get_or_insert_with(|| s.decisions.clone());
            }
            Some(other) => unreachable!("no program here ends by {other:?}"),
        }
        let Chooser::Exhaustive(stack) = &mut s.search else { unreachable!("it stays the same search") };
        explored.cut = stack.cut;
        if !stack.backtrack() {
            return explored;
        }
    }
}

/// Runs one execution to its end; what each thread has read.
pub(crate) fn run(s: &mut Execution, program: &[&[Step]]) -> Vec<Vec<u64>> {
    let mut at = vec![0; program.len()];
    let mut seen = vec![Vec::new(); program.len()];
    while !s.over() {
        let Some(thread) = s.next.take() else { return seen };
        s.me = thread;
        let number = thread - 1;
        at[number] += usize::from(finish_read(s, program[number].get(at[number]), &mut seen[number]));
        while s.threads[thread].status == Status::Running {
            let step = program[number].get(at[number]);
            at[number] += usize::from(begin_step(s, step));
        }
    }
    seen
}

/// The running thread does what was chosen for it; whether its step is done.
fn finish_read(s: &mut Execution, step: Option<&Step>, seen: &mut Vec<u64>) -> bool {
    let Some(pending) = s.threads[s.me].pending else { return false };
    if let Request::Newer = pending.want {
        s.threads[s.me].pending = None;
        return false;
    }
    let (pending, choice) = s.take_chosen();
    let value = s.apply(&pending, &choice);
    match step {
        Some(Step::Await(..)) if value == 0 => {
            if s.end_turn(0, pending.site) == TurnEnd::Waits {
                let me = s.me;
                stand(s, me, Request::Newer, NONE);
            }
            return false;
        }
        Some(Step::Lock(_)) => {}
        _ => seen.push(value),
    }
    true
}

/// The running thread begins its next step; whether that is done at once.
fn begin_step(s: &mut Execution, step: Option<&Step>) -> bool {
    let me = s.me;
    match step.copied() {
        None => s.threads[me].status = Status::Finished,
        Some(Step::Store(loc, value, order)) => {
            s.store(loc, value, Strength::of(order));
            return true;
        }
        Some(Step::Unlock(loc)) => {
            s.store(loc, 0, Strength::RELEASE);
            return true;
        }
        Some(Step::Fence(order)) => {
            s.graph.fence(me, Strength::of(order));
            return true;
        }
        Some(Step::Load(loc, order) | Step::Await(loc, order)) => {
            stand(s, me, Request::Load(Strength::of(order)), loc);
        }
        Some(Step::Rmw(loc, op, order)) => {
            stand(s, me, Request::Rmw { op, ok: Strength::of(order), err: Strength::RELAXED }, loc);
        }
        Some(Step::Lock(loc)) => drop(stand(s, me, Request::Sync(SyncOp::Lock), loc)),
    }
    false
}
