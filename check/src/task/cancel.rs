//! Futures that are dropped before they are ready, at each place where that can
//! happen.

use crate::task::choose;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// Runs `future`, and in a model also drops it at each of its awaits: each time
/// that it is pending, the search tries both to wait on and to drop it. `None`
/// if it was dropped. Outside a model the future runs to its end.
///
/// The drop may come at any moment from there on: other threads and tasks run
/// before it or after, so the future may have been woken meanwhile.
///
/// ```
/// # use ringwright_check::task;
/// assert_eq!(task::block_on(task::cancel_anywhere(async { 7 })), Some(7));
/// ```
pub fn cancel_anywhere<F: Future>(future: F) -> CancelAnywhere<F> {
    CancelAnywhere { future: Some(Box::pin(future)), condemned: false }
}

/// See [`cancel_anywhere`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is polled"]
pub struct CancelAnywhere<F> {
    future: Option<Pin<Box<F>>>,
    /// The next poll drops it.
    condemned: bool,
}

impl<F: Future> Future for CancelAnywhere<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let this = &mut *self;
        if this.condemned {
            this.future = None;
        }
        let Some(future) = &mut this.future else {
            return Poll::Ready(None);
        };
        let polled = future.as_mut().poll(cx);
        if polled.is_pending() && choose(2) == 1 {
            this.condemned = true;
            // Others run first, if the search says so.
            cx.waker().wake_by_ref();
        }
        polled.map(Some)
    }
}

/// Awaits both futures. Which of them is polled first is explored at each poll.
pub async fn join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut of_a, mut of_b) = (None, None);
    poll_fn(|cx| {
        let both = of_a.is_none() && of_b.is_none();
        let swapped = both && choose(2) == 1;
        for turn in [swapped, !swapped] {
            if turn {
                poll_into(b.as_mut(), &mut of_b, cx);
            } else {
                poll_into(a.as_mut(), &mut of_a, cx);
            }
        }
        match (of_a.take(), of_b.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            left => {
                (of_a, of_b) = left;
                Poll::Pending
            }
        }
    })
    .await
}

/// Polls `future` unless its output is there.
fn poll_into<F: Future>(future: Pin<&mut F>, output: &mut Option<F::Output>, cx: &mut Context<'_>) {
    if output.is_none()
        && let Poll::Ready(value) = future.poll(cx)
    {
        *output = Some(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{block_on, yield_now};

    #[test]
    fn outside_a_model_nothing_is_cancelled() {
        let twice = async {
            yield_now().await;
            yield_now().await;
            7
        };
        assert_eq!(block_on(join(cancel_anywhere(twice), async { 8 })), (Some(7), 8));
    }
}
