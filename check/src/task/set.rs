//! Tasks that share one thread: which of the woken ones is polled next is a
//! choice of the search.
//!
//! A waker may be used from any thread, so the list of woken tasks is under a
//! lock, and the thread of the set parks while it is empty. A wake-up enters
//! the list before it unparks, and the list is looked at before each park, so
//! none is lost, even if a future has itself eaten the unpark.

use crate::door::thread::{self, Thread};
use crate::door::{Arc, Mutex};
use crate::seam::runtime;
use crate::task::executor::AbortHandle;
use crate::task::executor::Abortable;
use crate::task::executor::Control;
use crate::task::executor::JoinError;
use crate::task::executor::Shared;
use crate::task::executor::Why;
use crate::task::executor::choose;
use crate::task::timer;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::PoisonError;
use std::task::{Context, Poll, Wake, Waker};

/// The woken tasks of a set, in the order of their waking. Who shares it is counted by std, as wakers are: so its
/// memory is none of the model's business, and nobody is ordered by the last drop.
#[derive(Debug)]
struct Woken {
    thread: Thread,
    tasks: Mutex<Vec<usize>>,
}

impl Woken {
    #[track_caller]
    fn with<R>(&self, f: impl FnOnce(&mut Vec<usize>) -> R) -> R {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let _engine = runtime::engine_code();
        f(&mut tasks)
    }
}

/// Wakes one task.
#[derive(Debug)]
struct TaskWaker {
    task: usize,
    woken: std::sync::Arc<Woken>,
}

impl Wake for TaskWaker {
    #[track_caller]
    fn wake(self: std::sync::Arc<Self>) {
        self.wake_by_ref();
    }

    #[track_caller]
    fn wake_by_ref(self: &std::sync::Arc<Self>) {
        let fresh = self.woken.with(|tasks| {
            let fresh = !tasks.contains(&self.task);
            if fresh {
                tasks.push(self.task);
            }
            fresh
        });
        if fresh {
            self.woken.thread.unpark();
        }
    }
}

/// A task's future, once it is wrapped to leave its result with its handle.
type Task = Pin<Box<dyn Future<Output = ()>>>;

/// A task with its waker.
struct Slot {
    /// `None` while it is polled, and when it is over.
    future: Option<Task>,
    waker: Waker,
}

/// Tasks that share the thread that made the set: futures need not be `Send`.
/// In a model each order of polling the woken ones is explored.
///
/// ```
/// use ringwright_check::task::{TaskSet, yield_now};
///
/// let tasks = TaskSet::new();
/// let sum = tasks.spawn(async {
///     yield_now().await;
///     3
/// });
/// assert_eq!(tasks.block_on(async { sum.await.unwrap() + 4 }), 7);
/// ```
pub struct TaskSet {
    woken: std::sync::Arc<Woken>,
    slots: RefCell<Vec<Slot>>,
    /// How often in a model the time of a sleep may still pass while tasks are woken that could be polled: these are
    /// time-outs, as those of a thread are.
    early: Cell<u8>,
}

impl fmt::Debug for TaskSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskSet").field("tasks", &self.slots.borrow().len()).finish_non_exhaustive()
    }
}

impl Default for TaskSet {
    fn default() -> TaskSet {
        TaskSet::new()
    }
}

impl TaskSet {
    /// A set with no task, for the calling thread.
    #[must_use]
    pub fn new() -> TaskSet {
        let woken = {
            let _engine = runtime::engine_code();
            std::sync::Arc::new(Woken { thread: thread::current(), tasks: Mutex::new(Vec::new()) })
        };
        let timeouts = runtime::current().map_or(0, |engine| engine.timeouts());
        TaskSet { woken, slots: RefCell::default(), early: Cell::new(timeouts) }
    }

    /// Adds a task. It runs while [`run`](Self::run) or
    /// [`block_on`](Self::block_on) does. A task that is not over is dropped with
    /// the set.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> TaskHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let shared = Shared(Arc::new(Mutex::new(Control::default())));
        let value = Rc::new(Cell::new(None));
        let (theirs, result) = (shared.clone(), Rc::clone(&value));
        let task = Abortable { future: Some(Box::pin(future)), shared: shared.clone() };
        self.add(Box::pin(async move {
            result.set(task.await);
            theirs.finish();
        }));
        TaskHandle { value, shared }
    }

    fn add(&self, future: Task) {
        let task = self.slots.borrow().len();
        let waker = {
            let _engine = runtime::engine_code();
            Waker::from(std::sync::Arc::new(TaskWaker { task, woken: std::sync::Arc::clone(&self.woken) }))
        };
        self.slots.borrow_mut().push(Slot { future: Some(future), waker });
        self.woken.with(|tasks| tasks.push(task));
    }

    /// Runs the tasks until all are over.
    ///
    /// # Panics
    ///
    /// If a task does; the others stay as they are.
    #[track_caller]
    pub fn run(&self) {
        while self.slots.borrow().iter().any(|slot| slot.future.is_some()) {
            self.next();
        }
    }

    /// Runs `future` as one of the tasks, until it is ready.
    ///
    /// # Panics
    ///
    /// If it does, or a task.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        let task = self.slots.borrow().len();
        // A slot for the waker only.
        self.add(Box::pin(async {}));
        self.slots.borrow_mut()[task].future = None;
        let waker = self.slots.borrow()[task].waker.clone();
        loop {
            if self.next() == Some(task)
                && let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker))
            {
                return value;
            }
        }
    }

    /// Polls a woken task and says which; waits if none is woken.
    #[track_caller]
    fn next(&self) -> Option<usize> {
        let picked = self.woken.with(|tasks| {
            let early = usize::from(!tasks.is_empty() && self.early.get() > 0 && timer::first().is_some());
            match choose(tasks.len() + early) {
                at if at < tasks.len() => Ok(tasks.remove(at)),
                _ => Err(!tasks.is_empty()),
            }
        });
        match picked {
            Ok(task) => {
                self.poll(task);
                return Some(task);
            }
            Err(true) => self.let_time_pass(),
            Err(false) => timer::park(),
        }
        None
    }

    fn poll(&self, task: usize) {
        let (future, waker) = {
            let slot = &mut self.slots.borrow_mut()[task];
            (slot.future.take(), slot.waker.clone())
        };
        // It may add tasks, so the list is not borrowed.
        if let Some(mut future) = future
            && future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()
        {
            self.slots.borrow_mut()[task].future = Some(future);
        }
    }

    /// The first sleep ends although tasks could run: they were slow.
    fn let_time_pass(&self) {
        self.early.set(self.early.get() - 1);
        if let Some(deadline) = timer::first() {
            thread::sleep(deadline.saturating_duration_since(crate::door::time::Instant::now()));
        }
        timer::fire();
    }
}

/// The right to await a task of a [`TaskSet`]. Dropping it leaves the task running.
pub struct TaskHandle<T> {
    value: Rc<Cell<Option<T>>>,
    shared: Shared,
}

impl<T> fmt::Debug for TaskHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskHandle").finish_non_exhaustive()
    }
}

impl<T> TaskHandle<T> {
    /// A handle that can do nothing but [`abort`](AbortHandle::abort), from any thread.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle { shared: self.shared.clone() }
    }

    /// Drops the task's future the next time it would be polled, and has that
    /// done if it is pending. A task that is over stays as it is.
    #[track_caller]
    pub fn abort(&self) {
        self.shared.abort();
    }

    /// Whether the task is over.
    #[must_use]
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.shared.is_finished()
    }
}

impl<T> Future for TaskHandle<T> {
    type Output = Result<T, JoinError>;

    /// An error says that the task was aborted, or that the result has been
    /// taken by an earlier poll.
    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.shared.poll_finished(cx.waker()) {
            return Poll::Pending;
        }
        Poll::Ready(self.value.take().ok_or(JoinError(Why::Cancelled)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::time::Duration;
    use crate::task::{block_on, sleep, yield_now};

    #[test]
    fn tasks_take_turns_and_leave_results() {
        let tasks = Rc::new(TaskSet::new());
        let log = Rc::new(RefCell::new(Vec::new()));
        let of = |name: &'static str| {
            let log = Rc::clone(&log);
            async move {
                log.borrow_mut().push(name);
                yield_now().await;
                log.borrow_mut().push(name);
                name
            }
        };
        let (a, b) = (tasks.spawn(of("a")), tasks.spawn(of("b")));
        tasks.run();
        assert_eq!(*log.borrow(), ["a", "b", "a", "b"], "outside a model: in the order of waking");
        assert_eq!(block_on(a).unwrap(), "a");
        assert!(b.is_finished());
        let inner = Rc::clone(&tasks);
        let sum = tasks.block_on(async move {
            let late = inner.spawn(async {
                sleep(Duration::from_millis(1)).await;
                2
            });
            let never = inner.spawn(std::future::pending::<()>());
            never.abort();
            assert!(never.await.unwrap_err().is_cancelled());
            late.await.unwrap() + 1
        });
        assert_eq!(sum, 3);
    }

    #[test]
    fn another_thread_may_wake_a_task() {
        let tasks = TaskSet::new();
        let (mut stored, ready) = (false, std::sync::Arc::new(std::sync::Mutex::new(false)));
        let theirs = std::sync::Arc::clone(&ready);
        let value = tasks.block_on(std::future::poll_fn(move |cx| {
            if !std::mem::replace(&mut stored, true) {
                let (waker, theirs) = (cx.waker().clone(), std::sync::Arc::clone(&theirs));
                thread::spawn(move || {
                    *theirs.lock().unwrap() = true;
                    waker.wake();
                });
            }
            if *ready.lock().unwrap() { Poll::Ready(7) } else { Poll::Pending }
        }));
        assert_eq!(value, 7);
    }
}
