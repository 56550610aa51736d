//! Runs a program of tasks through the door.

use crate::fuzz::tasks::program::{TaskOp, TaskProgram};
use ringwright::check::task::{self, AbortHandle, JoinHandle, TaskSet, cancel_anywhere, timeout, yield_now};
use ringwright::sync::{Mutex, thread};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

/// A semaphore that wakes everyone who waits when there is a permit.
#[derive(Default)]
struct Semaphore(Mutex<(usize, Vec<Waker>)>);

impl Semaphore {
    fn acquire(&self) -> impl Future<Output = ()> + '_ {
        poll_fn(|cx| {
            let mut inside = self.0.lock().expect("no panic");
            if inside.0 > 0 {
                inside.0 -= 1;
                return Poll::Ready(());
            }
            inside.1.push(cx.waker().clone());
            Poll::Pending
        })
    }

    fn release(&self) {
        let woken = {
            let mut inside = self.0.lock().expect("no panic");
            inside.0 += 1;
            std::mem::take(&mut inside.1)
        };
        woken.into_iter().for_each(Waker::wake);
    }
}

struct Shared {
    program: TaskProgram,
    semaphores: Vec<Semaphore>,
    count: Mutex<u32>,
    /// Std's: the program does not know of them.
    logs: Vec<Vec<std::sync::Mutex<String>>>,
}

/// Longer than any program runs.
const TIME: Duration = Duration::from_secs(1);

/// The handles of the tasks of other threads, by thread.
#[derive(Default)]
struct Handles {
    join: BTreeMap<usize, JoinHandle<()>>,
    abort: BTreeMap<usize, AbortHandle>,
}

/// Runs the program once and records its outcome.
pub fn run(program: &TaskProgram) {
    let log = |ops: &Vec<TaskOp>| std::sync::Mutex::new(ops.len().to_string());
    let shared = Arc::new(Shared {
        program: program.clone(),
        semaphores: program.permits.iter().map(|free| Semaphore(Mutex::new((*free, Vec::new())))).collect(),
        count: Mutex::new(0),
        logs: program.threads.iter().map(|tasks| tasks.iter().map(log).collect()).collect(),
    });
    let (mut handles, mut threads) = (Handles::default(), Vec::new());
    for number in 1..program.threads.len() {
        let shared = Arc::clone(&shared);
        if program.is_spawned(number) {
            let handle = task::spawn(async move {
                run_task(shared, number, 0, Handles::default()).await;
            });
            handles.abort.insert(number, handle.abort_handle());
            handles.join.insert(number, handle);
        } else {
            threads.push(thread::spawn(move || run_set(&shared, number, Handles::default())));
        }
    }
    let handles = if program.sets[0] {
        run_set(&shared, 0, handles)
    } else {
        let join = task::block_on(run_task(Arc::clone(&shared), 0, 0, handles));
        Handles { join, ..Handles::default() }
    };
    threads.into_iter().for_each(|thread| drop(thread.join().expect("no panic")));
    for (_, handle) in handles.join {
        let _ = task::block_on(handle);
    }
    let log = |tasks: &Vec<std::sync::Mutex<String>>| {
        tasks.iter().map(|log| format!("{} ", log.lock().expect("no panic"))).collect::<String>()
    };
    let logs: Vec<String> = shared.logs.iter().map(log).collect();
    let permits: Vec<usize> = shared.semaphores.iter().map(|s| s.0.lock().expect("no panic").0).collect();
    let count = *shared.count.lock().expect("no panic");
    ringwright::check::outcome(format!("{}permits {permits:?} count {count}", logs.join("| ")));
}

/// Runs the tasks of a thread as a set; gives back what nobody awaited.
fn run_set(shared: &Arc<Shared>, thread: usize, mut handles: Handles) -> Handles {
    let set = TaskSet::new();
    let left = std::rc::Rc::new(std::cell::Cell::new(None));
    for number in 0..shared.program.threads[thread].len() {
        // The first one awaits; all can abort.
        let join = if number == 0 { std::mem::take(&mut handles.join) } else { BTreeMap::new() };
        let own = Handles { join, abort: handles.abort.clone() };
        let (shared, left) = (Arc::clone(shared), std::rc::Rc::clone(&left));
        drop(set.spawn(async move {
            let own = run_task(shared, thread, number, own).await;
            if number == 0 {
                left.set(Some(own));
            }
        }));
    }
    set.run();
    let join = left.take().unwrap_or_default();
    Handles { join, ..Handles::default() }
}

async fn run_task(
    shared: Arc<Shared>,
    thread: usize,
    number: usize,
    handles: Handles,
) -> BTreeMap<usize, JoinHandle<()>> {
    let Handles { mut join, abort } = handles;
    let log = |text: &str| shared.logs[thread][number].lock().expect("no panic").push_str(text);
    for op in &shared.program.threads[thread][number] {
        match *op {
            TaskOp::Acquire(at) => {
                shared.semaphores[at].acquire().await;
                log("+");
            }
            TaskOp::Cancel(at) => {
                let got = cancel_anywhere(shared.semaphores[at].acquire()).await;
                log(if got.is_some() { "+" } else { "-" });
            }
            TaskOp::Timeout(at) => {
                let got = timeout(TIME, shared.semaphores[at].acquire()).await;
                log(if got.is_ok() { "+" } else { "-" });
            }
            TaskOp::Release(at) => shared.semaphores[at].release(),
            TaskOp::Yield => yield_now().await,
            TaskOp::Count => {
                let mut count = shared.count.lock().expect("no panic");
                log(&format!("c{count}"));
                *count += 1;
            }
            TaskOp::Join(of) => {
                if let Some(handle) = join.remove(&of) {
                    let text = if handle.await.is_ok() { "j" } else { "x" };
                    log(text);
                }
            }
            TaskOp::Abort(of) => abort.get(&of).into_iter().for_each(AbortHandle::abort),
        }
    }
    join
}
