//! The tasks of a thread each: polled by a loop that parks, aborted and awaited by handles.

use crate::door::Arc;
use crate::door::Mutex;
use crate::door::atomic::{AtomicBool, Ordering};
use crate::door::thread::{self, Thread};
use crate::task::timer;
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::PoisonError;
use std::task::{Context, Poll, Wake, Waker};

/// Runs `future` on the calling thread, which parks while it is pending.
///
/// # Panics
///
/// If the future does.
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut output = None;
    drive(&mut |cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => {
            output = Some(value);
            true
        }
        Poll::Pending => false,
    });
    output.expect("the loop ends when the future is ready")
}

/// Wakes a thread that polls.
#[derive(Debug)]
struct Parker {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Parker {
    #[track_caller]
    fn wake(self: std::sync::Arc<Self>) {
        self.wake_by_ref();
    }

    #[track_caller]
    fn wake_by_ref(self: &std::sync::Arc<Self>) {
        let _own = crate::seam::runtime::handle_code();
        // Release: pairs with the Acquire swap in `drive`. Whoever set the flag before unparks.
        if !self.woken.swap(true, Ordering::Release) {
            self.thread.unpark();
        }
    }
}

/// Polls until `poll` says that it is done.
// Not generic, and so never compiled with the sanitizer's pass: the parker's own memory is none of
// the model's business.
#[inline(never)]
#[track_caller]
fn drive(poll: &mut dyn FnMut(&mut Context<'_>) -> bool) {
    let parker = {
        let _engine = crate::seam::runtime::engine_code();
        std::sync::Arc::new(Parker { thread: thread::current(), woken: AtomicBool::new(false) })
    };
    let waker = Waker::from(std::sync::Arc::clone(&parker));
    let mut cx = Context::from_waker(&waker);
    while !poll(&mut cx) {
        let _own = crate::seam::runtime::handle_code();
        // Acquire: pairs with the Release swap in `Parker::wake_by_ref`.
        while !parker.woken.swap(false, Ordering::Acquire) {
            timer::park();
        }
    }
}

/// What a task and its handles share.
#[derive(Debug, Default)]
pub(super) struct Control {
    aborted: bool,
    /// Wakes the task.
    task: Option<Waker>,
    /// The task is over, or unwinds: its thread ends without waiting for anyone.
    finished: bool,
    /// Wakes whoever awaits the handle.
    joiner: Option<Waker>,
}

#[derive(Clone, Debug)]
pub(super) struct Shared(pub(super) Arc<Mutex<Control>>);

impl Shared {
    #[track_caller]
    fn with<R>(&self, f: impl FnOnce(&mut Control) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The task is about to poll: whether it has been aborted.
    #[inline(never)]
    fn before_poll(&self, waker: &Waker) -> bool {
        self.with(|control| {
            if control.task.is_none() {
                control.task = Some(waker.clone());
            }
            control.aborted
        })
    }

    #[inline(never)]
    pub(super) fn finish(&self) {
        let joiner = self.with(|control| {
            control.finished = true;
            control.task = None;
            control.joiner.take()
        });
        if let Some(joiner) = joiner {
            joiner.wake();
        }
    }

    #[track_caller]
    pub(super) fn abort(&self) {
        let task = self.with(|control| {
            control.aborted = true;
            control.task.clone()
        });
        if let Some(task) = task {
            task.wake();
        }
    }

    #[track_caller]
    pub(super) fn is_finished(&self) -> bool {
        self.with(|control| control.finished)
    }

    /// Whether the task is over; if not, `waker` is woken when it is.
    #[track_caller]
    pub(super) fn poll_finished(&self, waker: &Waker) -> bool {
        self.with(|control| {
            if !control.finished {
                control.joiner = Some(waker.clone());
            }
            control.finished
        })
    }
}

/// A future that can be dropped before it is ready.
pub(super) struct Abortable<F> {
    pub(super) future: Option<Pin<Box<F>>>,
    pub(super) shared: Shared,
}

impl<F: Future> Future for Abortable<F> {
    /// `None` if the task was aborted.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.shared.before_poll(cx.waker()) {
            self.future = None;
            return Poll::Ready(None);
        }
        match &mut self.future {
            Some(future) => future.as_mut().poll(cx).map(Some),
            None => Poll::Ready(None),
        }
    }
}

/// Starts a task: a thread that polls `future` until it is ready or the task is
/// aborted.
///
/// # Panics
///
/// If the system has no more threads.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let shared = Shared(Arc::new(Mutex::new(Control::default())));
    let theirs = shared.clone();
    let thread = thread::spawn(move || {
        let task = Abortable { future: Some(Box::pin(future)), shared: theirs.clone() };
        let result = catch_unwind(AssertUnwindSafe(|| block_on(task)));
        theirs.finish();
        result.unwrap_or_else(|payload| resume_unwind(payload))
    });
    JoinHandle { thread: Some(thread), shared }
}

/// The right to await a task. Dropping it leaves the task running.
#[derive(Debug)]
pub struct JoinHandle<T> {
    thread: Option<thread::JoinHandle<Option<T>>>,
    shared: Shared,
}

impl<T> JoinHandle<T> {
    /// Drops the task's future the next time it would be polled, and has that
    /// done now if it is pending. A task that is over stays as it is.
    #[track_caller]
    pub fn abort(&self) {
        self.shared.abort();
    }

    /// A handle that can do nothing but [`abort`](Self::abort).
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle { shared: self.shared.clone() }
    }

    /// Whether the task is over.
    #[must_use]
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.shared.is_finished()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    /// # Panics
    ///
    /// If it has been ready before.
    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.shared.poll_finished(cx.waker()) {
            return Poll::Pending;
        }
        let thread = self.thread.take().expect("a JoinHandle was polled again after it was ready");
        // The thread has nothing to wait for any more.
        Poll::Ready(match thread.join() {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(JoinError(Why::Cancelled)),
            Err(payload) => Err(JoinError(Why::Panicked(payload))),
        })
    }
}

/// The right to abort a task.
#[derive(Clone, Debug)]
pub struct AbortHandle {
    pub(super) shared: Shared,
}

impl AbortHandle {
    /// Drops the task's future the next time it would be polled, and has that
    /// done now if it is pending. A task that is over stays as it is.
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

/// Why a task has no result.
pub struct JoinError(pub(super) Why);

pub(super) enum Why {
    Cancelled,
    Panicked(Box<dyn Any + Send>),
}

impl JoinError {
    /// Whether the task was aborted.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0, Why::Cancelled)
    }

    /// Whether the task panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.0, Why::Panicked(_))
    }

    /// The panic's payload.
    ///
    /// # Errors
    ///
    /// If the task did not panic; the error is given back.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, JoinError> {
        match self.0 {
            Why::Panicked(payload) => Ok(payload),
            Why::Cancelled => Err(self),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_cancelled() { "JoinError(cancelled)" } else { "JoinError(panic)" })
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_cancelled() { "the task was aborted" } else { "the task panicked" })
    }
}

impl std::error::Error for JoinError {}

/// A number below `n`: in a model each is explored, elsewhere it is 0.
pub(super) fn choose(n: usize) -> usize {
    if n > 1 {
        let engine = crate::seam::runtime::current().map(|engine| engine.choose(n));
        return engine
            .or_else(|| crate::seam::context::real_threads().map(|engine| engine.choose(n)))
            .unwrap_or(0);
    }
    let _ = n;
    0
}

/// Lets other tasks run: pending once, and woken at once. A place where an
/// aborted task ends.
pub async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_future_that_is_ready_needs_no_wake() {
        assert_eq!(block_on(async { 7 }), 7);
    }

    #[test]
    fn a_task_gives_its_value_and_its_panic() {
        assert_eq!(
            block_on(spawn(async {
                yield_now().await;
                7
            }))
            .unwrap(),
            7
        );
        let result: Result<(), JoinError> = block_on(spawn(async { resume_unwind(Box::new("seven")) }));
        let error = result.unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        assert_eq!(*error.try_into_panic().unwrap().downcast::<&str>().unwrap(), "seven");
    }

    #[test]
    fn an_abort_drops_a_pending_future() {
        struct Dropped(std::sync::Arc<std::sync::Mutex<u32>>);
        impl Drop for Dropped {
            fn drop(&mut self) {
                *self.0.lock().unwrap() += 1;
            }
        }
        let drops = std::sync::Arc::new(std::sync::Mutex::new(0));
        let held = Dropped(std::sync::Arc::clone(&drops));
        let task = spawn(async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        task.abort_handle().abort();
        assert!(block_on(task).unwrap_err().is_cancelled());
        assert_eq!(*drops.lock().unwrap(), 1);
    }
}
