//! Time for futures: sleeps and time limits.
//!
//! There is no timer thread. A pending sleep leaves its deadline and its waker
//! with the thread that polls it, and whoever drives futures on that thread
//! parks no longer than to the first deadline. In a model a timed park times
//! out while its budget lasts, and as a last resort, so a sleep ends early,
//! late, and always in the end.

use crate::door::thread;
use crate::door::time::{Duration, Instant};
use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// A pending sleep.
struct Timer {
    number: u64,
    deadline: Instant,
    waker: Waker,
}

/// The pending sleeps of a thread.
#[derive(Default)]
struct Timers {
    pending: Vec<Timer>,
    next: u64,
}

thread::thread_local! {
    static TIMERS: RefCell<Timers> = RefCell::default();
}

/// The first deadline of the thread's pending sleeps.
pub(super) fn first() -> Option<Instant> {
    TIMERS.with(|timers| timers.borrow().pending.iter().map(|timer| timer.deadline).min())
}

/// Wakes the sleeps whose time is up.
pub(super) fn fire() {
    let now = Instant::now();
    let mut due = Vec::new();
    TIMERS.with(|timers| {
        let pending = &mut timers.borrow_mut().pending;
        while let Some(at) = pending.iter().position(|timer| timer.deadline <= now) {
            due.push(pending.remove(at).waker);
        }
    });
    due.into_iter().for_each(Waker::wake);
}

/// Parks the thread, no longer than its first pending sleep.
#[inline(never)]
#[track_caller]
pub(super) fn park() {
    match first() {
        None => thread::park(),
        Some(deadline) => {
            let left = deadline.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                thread::park_timeout(left);
            }
            fire();
        }
    }
}

/// Waits for `duration`. For futures that [`block_on`](crate::task::block_on),
/// [`spawn`](crate::task::spawn) or a [`TaskSet`](crate::task::TaskSet) runs: another
/// executor would never wake it. In a model, time stands still except for
/// sleeps and time limits, and other threads may be as slow as they like.
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { duration, deadline: None, number: None }
}

/// See [`sleep`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is polled"]
pub struct Sleep {
    duration: Duration,
    /// Set by the first poll.
    deadline: Option<Instant>,
    number: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        let deadline = self.deadline.unwrap_or_else(|| now + self.duration);
        self.deadline = Some(deadline);
        self.forget();
        if deadline <= now {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        self.number = Some(TIMERS.with(|timers| {
            let timers = &mut *timers.borrow_mut();
            timers.next += 1;
            timers.pending.push(Timer { number: timers.next, deadline, waker });
            timers.next
        }));
        Poll::Pending
    }
}

impl Sleep {
    /// Takes the timer back.
    fn forget(&mut self) {
        if let Some(number) = self.number.take() {
            // A thread that ends may have dropped its timers already.
            let _ = TIMERS.try_with(|timers| timers.borrow_mut().pending.retain(|t| t.number != number));
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.forget();
    }
}

/// The time was up before the future was ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time was up")
    }
}

impl std::error::Error for Elapsed {}

/// Awaits `future` for at most `duration`, and drops it then. In a model the
/// time is both up and not up whenever the future is pending, within the budget
/// of time-outs. The same limits as for [`sleep`].
///
/// # Errors
///
/// [`Elapsed`] if the time was up first.
pub async fn timeout<F: Future>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    let (mut future, mut sleep) = (pin!(future), pin!(sleep(duration)));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Ok(value)),
        Poll::Pending => sleep.as_mut().poll(cx).map(|()| Err(Elapsed)),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::block_on;

    #[test]
    fn what_never_comes_is_given_up_and_what_is_there_is_not() {
        let moment = Duration::from_millis(1);
        assert_eq!(block_on(timeout(moment, std::future::pending::<()>())), Err(Elapsed));
        assert_eq!(block_on(timeout(Duration::from_secs(3600), async { 7 })), Ok(7));
        let before = Instant::now();
        block_on(sleep(moment));
        assert!(before.elapsed() >= moment);
        assert!(first().is_none(), "a sleep that is over leaves nothing behind");
    }
}
