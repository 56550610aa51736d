//! The reference for tasks: a thread takes one of its tasks that can go on, and leaves it when it has to
//! wait; between two awaits only other threads come between.

use crate::fuzz::program::Expected;
use crate::fuzz::steps::{Steps, enumerate};
use crate::fuzz::tasks::program::{TaskOp, TaskProgram};
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// The most states that are looked at.
const MOST: usize = 300_000;

/// What interleavings of `program` there are; `None` if there are too many.
#[must_use]
pub fn expected(program: &TaskProgram) -> Option<Expected> {
    let task = |ops: &Vec<TaskOp>| Task {
        over: false,
        waits: false,
        condemned: false,
        at: 0,
        log: ops.len().to_string(),
    };
    let thread =
        |tasks: &Vec<Vec<TaskOp>>| Thread { tasks: tasks.iter().map(task).collect(), ..Thread::default() };
    let world = World {
        threads: program.threads.iter().map(thread).collect(),
        permits: program.permits.clone(),
        count: 0,
    };
    enumerate(State { program: Rc::new(program.clone()), world }, MOST)
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Task {
    at: usize,
    over: bool,
    /// It has to be woken before it goes on.
    waits: bool,
    /// What it waits for is dropped at its next poll.
    condemned: bool,
    log: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Thread {
    tasks: Vec<Task>,
    /// The task that is being polled.
    running: Option<usize>,
    aborted: bool,
    cancelled: bool,
    joined: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    threads: Vec<Thread>,
    permits: Vec<usize>,
    count: u32,
}

#[derive(Clone, Debug)]
struct State {
    program: Rc<TaskProgram>,
    world: World,
}

impl PartialEq for State {
    fn eq(&self, other: &State) -> bool {
        self.world == other.world
    }
}

impl Eq for State {}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.world.hash(hasher);
    }
}

/// Makes the state after an operation: with this in the log, and this changed.
type After<'a> = dyn Fn(&str, &dyn Fn(&mut World)) -> State + 'a;

impl Steps for State {
    fn threads(&self) -> usize {
        self.world.threads.len()
    }

    fn done(&self, thread: usize) -> bool {
        let thread = &self.world.threads[thread];
        thread.cancelled || thread.tasks.iter().all(|task| task.over)
    }

    fn step(&self, thread: usize, next: &mut Vec<State>) {
        let me = &self.world.threads[thread];
        if let Some(task) = me.running {
            return self.run(thread, task, next);
        }
        if me.aborted {
            next.push(self.with(|world| world.threads[thread].cancelled = true));
            return;
        }
        for (nth, task) in me.tasks.iter().enumerate() {
            let able = !task.over && (!task.waits || task.condemned || self.is_ready(thread, nth));
            if able {
                next.push(self.with(|world| {
                    world.threads[thread].running = Some(nth);
                    world.threads[thread].tasks[nth].waits = false;
                }));
            }
        }
    }

    fn outcome(&self) -> String {
        let log =
            |thread: &Thread| thread.tasks.iter().map(|task| format!("{} ", task.log)).collect::<String>();
        let logs: Vec<String> = self.world.threads.iter().map(log).collect();
        format!("{}permits {:?} count {}", logs.join("| "), self.world.permits, self.world.count)
    }
}

impl State {
    fn with(&self, change: impl FnOnce(&mut World)) -> State {
        let mut state = self.clone();
        change(&mut state.world);
        state
    }

    /// Whether what the task waits for is there.
    fn is_ready(&self, thread: usize, task: usize) -> bool {
        match self.program.threads[thread][task].get(self.world.threads[thread].tasks[task].at) {
            Some(TaskOp::Acquire(at) | TaskOp::Cancel(at)) => self.world.permits[*at] > 0,
            // The time may be up.
            Some(TaskOp::Timeout(_)) => true,
            Some(TaskOp::Join(of)) => self.done(*of),
            _ => true,
        }
    }

    /// One step of the task that is being polled.
    fn run(&self, thread: usize, task: usize, next: &mut Vec<State>) {
        let me = &self.world.threads[thread].tasks[task];
        let Some(op) = self.program.threads[thread][task].get(me.at) else {
            next.push(self.with(|world| {
                world.threads[thread].tasks[task].over = true;
                world.threads[thread].running = None;
            }));
            return;
        };
        let after = |text: &str, change: &dyn Fn(&mut World)| {
            self.with(|world| {
                change(world);
                let me = &mut world.threads[thread].tasks[task];
                me.log.push_str(text);
                me.at += 1;
                me.condemned = false;
            })
        };
        let pend = |condemned| {
            self.with(|world| {
                world.threads[thread].running = None;
                let me = &mut world.threads[thread].tasks[task];
                (me.waits, me.condemned) = (true, condemned);
            })
        };
        match *op {
            TaskOp::Cancel(_) if me.condemned => next.push(after("-", &|_| {})),
            TaskOp::Acquire(at) | TaskOp::Cancel(at) | TaskOp::Timeout(at) if self.world.permits[at] > 0 => {
                next.push(after("+", &|world| world.permits[at] -= 1));
            }
            TaskOp::Acquire(_) => next.push(pend(false)),
            TaskOp::Cancel(_) => next.extend([pend(false), pend(true)]),
            // The first poll does not find the time up; a later one is there because it is.
            TaskOp::Timeout(_) if me.condemned => next.push(after("-", &|_| {})),
            TaskOp::Timeout(_) => next.push(pend(true)),
            TaskOp::Release(at) => next.push(after("", &|world| world.permits[at] += 1)),
            TaskOp::Yield => next.push(self.with(|world| {
                world.threads[thread].running = None;
                world.threads[thread].tasks[task].at += 1;
            })),
            TaskOp::Count => next.push(after(&format!("c{}", self.world.count), &|world| world.count += 1)),
            TaskOp::Join(of) => self.join(thread, task, of, next, &after, pend(false)),
            TaskOp::Abort(of) => {
                let works = self.program.is_spawned(of) && !self.program.broken;
                next.push(after("", &|world| world.threads[of].aborted |= works));
            }
        }
    }

    fn join(
        &self,
        thread: usize,
        task: usize,
        of: usize,
        next: &mut Vec<State>,
        after: &After<'_>,
        pending: State,
    ) {
        let joins = self.program.is_spawned(of) && (thread, task) == (0, 0);
        if !joins || self.world.threads[of].joined {
            next.push(after("", &|_| {}));
        } else if self.done(of) {
            let text = if self.world.threads[of].cancelled { "x" } else { "j" };
            next.push(after(text, &|world| world.threads[of].joined = true));
        } else {
            next.push(pending);
        }
    }
}
