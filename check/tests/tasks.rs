//! Async code under the explorer: the order of tasks, cancellation, time. Each
//! check convicts something and acquits something.

use ringwright_check::alloc::Quarantine;
use ringwright_check::door::time::{Duration, Instant};
use ringwright_check::door::{Arc, Mutex, thread};
use ringwright_check::task::{self, Elapsed, TaskSet, cancel_anywhere, join, timeout, yield_now};
use ringwright_check::{Check, FailureKind, Report, Verdict, outcome};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

#[global_allocator]
static ALLOC: Quarantine = Quarantine;

fn exhaustive(model: impl Fn() + Send + Sync + 'static) -> Report {
    Check::new("tasks").run(model)
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn woken_tasks_are_polled_in_every_order() {
    let report = exhaustive(|| {
        let tasks = TaskSet::new();
        let log = Rc::new(RefCell::new(String::new()));
        for name in ['a', 'b', 'c'] {
            let log = Rc::clone(&log);
            drop(tasks.spawn(async move { log.borrow_mut().push(name) }));
        }
        tasks.run();
        outcome(log.borrow());
    });
    report.assert_passed().assert_outcomes(["abc", "acb", "bac", "bca", "cab", "cba"]);
}

#[test]
fn a_race_between_tasks_of_one_thread_is_found() {
    let model = |gap: bool| {
        move || {
            let tasks = TaskSet::new();
            let count = Rc::new(RefCell::new(0));
            for _ in 0..2 {
                let count = Rc::clone(&count);
                drop(tasks.spawn(async move {
                    let old = *count.borrow();
                    if gap {
                        yield_now().await;
                    }
                    *count.borrow_mut() = old + 1;
                }));
            }
            tasks.run();
            assert_eq!(*count.borrow(), 2, "an update was lost");
        }
    };
    exhaustive(model(true)).assert_failed(FailureKind::Panic);
    exhaustive(model(false)).assert_passed();
}

#[test]
fn join_polls_in_both_orders() {
    let report = exhaustive(|| {
        let log = RefCell::new(String::new());
        let of = async |name| log.borrow_mut().push(name);
        task::block_on(join(of('a'), of('b')));
        outcome(log.borrow());
    });
    report.assert_passed().assert_outcomes(["ab", "ba"]);
}

#[test]
fn tasks_that_wait_for_nothing_are_a_deadlock() {
    exhaustive(|| {
        let tasks = TaskSet::new();
        let never = tasks.spawn(pending::<()>());
        let other = tasks.spawn(async {});
        tasks.block_on(async { (other.await.is_ok(), never.await.is_ok()) });
    })
    .assert_failed(FailureKind::Deadlock);
    let report = exhaustive(|| {
        let tasks = TaskSet::new();
        let never = tasks.spawn(pending::<()>());
        let abort = never.abort_handle();
        let other = thread::spawn(move || abort.abort());
        outcome(tasks.block_on(async { never.await.is_err_and(|error| error.is_cancelled()) }));
        other.join().unwrap();
    });
    report.assert_passed().assert_outcomes(["true"]);
}

/// A semaphore that hands a permit to the first waiter.
struct Semaphore {
    state: Mutex<Permits>,
    /// Whether a waiter that is dropped passes on the permit that it was given.
    passes_on: bool,
}

struct Permits {
    free: u32,
    waiting: VecDeque<(u32, Waker)>,
    /// Waiters that have been given a permit and do not know it yet.
    given: Vec<u32>,
    next: u32,
}

impl Semaphore {
    /// A semaphore whose only permit is taken.
    fn taken(passes_on: bool) -> Arc<Semaphore> {
        let state = Permits { free: 0, waiting: VecDeque::new(), given: Vec::new(), next: 0 };
        Arc::new(Semaphore { state: Mutex::new(state), passes_on })
    }

    fn release(&self) {
        let mut state = self.state.lock().unwrap();
        let Some((waiter, waker)) = state.waiting.pop_front() else {
            state.free += 1;
            return;
        };
        state.given.push(waiter);
        drop(state);
        waker.wake();
    }

    fn acquire(semaphore: &Arc<Semaphore>) -> Acquire {
        Acquire { semaphore: Arc::clone(semaphore), ticket: None }
    }
}

struct Acquire {
    semaphore: Arc<Semaphore>,
    ticket: Option<u32>,
}

impl Future for Acquire {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut state = this.semaphore.state.lock().unwrap();
        match this.ticket {
            None if state.free > 0 => {
                state.free -= 1;
                return Poll::Ready(());
            }
            None => {
                let ticket = state.next;
                state.next += 1;
                state.waiting.push_back((ticket, cx.waker().clone()));
                this.ticket = Some(ticket);
            }
            Some(ticket) => {
                if let Some(at) = state.given.iter().position(|given| *given == ticket) {
                    state.given.swap_remove(at);
                    this.ticket = None;
                    return Poll::Ready(());
                }
            }
        }
        Poll::Pending
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let mut state = self.semaphore.state.lock().unwrap();
        state.waiting.retain(|(waiting, _)| *waiting != ticket);
        let before = state.given.len();
        state.given.retain(|given| *given != ticket);
        let had = state.given.len() < before;
        drop(state);
        if had && self.semaphore.passes_on {
            self.semaphore.release();
        }
    }
}

/// One task may give up waiting for the permit; the other must get it.
fn two_waiters_in_threads(passes_on: bool) {
    let semaphore = Semaphore::taken(passes_on);
    let (first, second) = (Arc::clone(&semaphore), Arc::clone(&semaphore));
    let impatient = thread::spawn(move || {
        let got = task::block_on(cancel_anywhere(Semaphore::acquire(&first))).is_some();
        if got {
            first.release();
        }
        outcome(if got { "got it" } else { "gave up" });
    });
    let patient = thread::spawn(move || {
        task::block_on(Semaphore::acquire(&second));
        second.release();
    });
    semaphore.release();
    impatient.join().unwrap();
    patient.join().unwrap();
}

/// The same with tasks of one thread.
fn two_waiters_in_one_thread(passes_on: bool) {
    let semaphore = Semaphore::taken(passes_on);
    let tasks = TaskSet::new();
    let (first, second) = (Arc::clone(&semaphore), Arc::clone(&semaphore));
    drop(tasks.spawn(async move {
        let got = cancel_anywhere(Semaphore::acquire(&first)).await.is_some();
        if got {
            first.release();
        }
        outcome(if got { "got it" } else { "gave up" });
    }));
    drop(tasks.spawn(async move {
        Semaphore::acquire(&second).await;
        second.release();
    }));
    drop(tasks.spawn(async move { semaphore.release() }));
    tasks.run();
}

#[test]
fn a_permit_that_is_lost_by_a_drop_is_found() {
    for model in [two_waiters_in_threads, two_waiters_in_one_thread] {
        exhaustive(move || model(false)).assert_failed(FailureKind::Deadlock);
        let report = exhaustive(move || model(true));
        report.assert_passed().assert_outcomes(["gave up", "got it"]);
        assert_eq!(report.verdict, Verdict::Exhaustive);
    }
}

#[test]
fn a_future_is_dropped_at_each_of_its_awaits() {
    let report = exhaustive(|| {
        let done = RefCell::new(0);
        let steps = async {
            for _ in 0..2 {
                yield_now().await;
                *done.borrow_mut() += 1;
            }
        };
        let end = task::block_on(cancel_anywhere(steps));
        outcome(format!("{} {}", done.borrow(), if end.is_some() { "end" } else { "dropped" }));
    });
    report.assert_passed().assert_outcomes(["0 dropped", "1 dropped", "2 end"]);
}

/// A mailbox for one letter.
#[derive(Default)]
struct Mailbox(Mutex<(bool, Option<Waker>)>);

impl Mailbox {
    fn post(&self) {
        let waker = {
            let mut inside = self.0.lock().unwrap();
            inside.0 = true;
            inside.1.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    async fn letter(&self) {
        poll_fn(|cx| {
            let mut inside = self.0.lock().unwrap();
            inside.1 = Some(cx.waker().clone());
            if inside.0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

#[test]
fn a_time_limit_strikes_and_does_not() {
    let in_threads = || {
        let mailbox = Arc::new(Mailbox::default());
        let theirs = Arc::clone(&mailbox);
        let posting = thread::spawn(move || theirs.post());
        let start = Instant::now();
        let got = task::block_on(timeout(SECOND, mailbox.letter()));
        assert!(got.is_ok() || start.elapsed() >= SECOND);
        outcome(if got == Err(Elapsed) { "elapsed" } else { "letter" });
        posting.join().unwrap();
    };
    let in_one_thread = || {
        let mailbox = Rc::new(Mailbox::default());
        let theirs = Rc::clone(&mailbox);
        let tasks = TaskSet::new();
        drop(tasks.spawn(async move { theirs.post() }));
        let got = tasks.block_on(timeout(SECOND, mailbox.letter()));
        outcome(if got == Err(Elapsed) { "elapsed" } else { "letter" });
    };
    for model in [in_threads, in_one_thread] {
        exhaustive(model).assert_passed().assert_outcomes(["elapsed", "letter"]);
    }
}

#[test]
fn a_time_limit_ends_what_nobody_else_would() {
    let report = exhaustive(|| {
        let mailbox = Mailbox::default();
        for _ in 0..4 {
            assert_eq!(task::block_on(timeout(SECOND, mailbox.letter())), Err(Elapsed));
        }
        outcome(Instant::now().elapsed().is_zero());
    });
    report.assert_passed();
    exhaustive(|| task::block_on(Mailbox::default().letter())).assert_failed(FailureKind::Deadlock);
}

#[test]
fn sleeps_of_one_thread_end_in_the_order_of_their_deadlines() {
    let report = exhaustive(|| {
        let log = RefCell::new(String::new());
        let start = Instant::now();
        let of = async |name, time| {
            task::sleep(time).await;
            log.borrow_mut().push(name);
        };
        task::block_on(join(of('b', 2 * SECOND), of('a', SECOND)));
        assert!(start.elapsed() >= 2 * SECOND);
        outcome(log.borrow());
    });
    report.assert_passed().assert_outcomes(["ab"]);
}
