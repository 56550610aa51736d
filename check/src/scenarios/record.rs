//! Records the calls of one execution of a scenario, and what precedes what.
//!
//! The log is the checker's own: engines do not see it, so it adds no edge and no
//! choice to the model.
//!
//! # Order
//!
//! By happens-before, a call precedes another if something that its thread did
//! *after* the call is in the other's past when it begins. What the call itself
//! released is not enough: whoever has seen only that does not know that the call
//! has returned. With real time, each invocation and each response takes a number
//! from a counter of the model, so the search enumerates their orders, and each
//! happens before all later ones.

use crate::door::atomic::AtomicU64;
use crate::linearizability::history::{Call, History, Value};
use crate::seam::clock::Clock;
use crate::seam::runtime;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which calls of an execution precede which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Order {
    /// A call precedes another if its response happens before the other's
    /// invocation, in the memory model's sense. Under engines without clocks
    /// (`sc` and `native`), the same as a real-time order that nobody
    /// synchronises for: the moments at which the calls began and ended.
    #[default]
    HappensBefore,
    /// A call precedes another if it returned before the other was invoked, as a
    /// counter says that all threads share. Stricter, and with far more
    /// executions; and whatever the counter orders cannot race any more.
    RealTime,
}

/// When a call began or ended.
#[derive(Clone, Copy, Debug)]
struct CallBoundary {
    position: u64,
    /// The thread, its events so far, and its past.
    past: Option<(usize, u16, Clock)>,
}

/// A call under way or done.
#[derive(Debug)]
struct LoggedCall<O, R> {
    /// 0 before the threads, 1 in them, 2 after them.
    phase: u8,
    lane: usize,
    op: O,
    begins: CallBoundary,
    ends: Option<(CallBoundary, R)>,
}

/// Where a call that has this place in the list begins, and where it ends.
type CallSpan<'a, O, R> = dyn Fn(usize, &LoggedCall<O, R>) -> (u64, Option<u64>) + 'a;

/// The calls of an execution so far.
#[derive(Debug)]
pub(crate) struct Log<O, R> {
    calls: Mutex<Vec<LoggedCall<O, R>>>,
    /// Positions as this machine saw them.
    position: std::sync::atomic::AtomicU64,
    /// Positions that the model's threads agree on.
    counter: Option<AtomicU64>,
}

impl<O: Value, R: Value> Log<O, R> {
    pub(crate) fn new(order: Order) -> Self {
        Log {
            calls: Mutex::default(),
            position: std::sync::atomic::AtomicU64::new(1),
            counter: (order == Order::RealTime).then(|| AtomicU64::new(1)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<LoggedCall<O, R>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> CallBoundary {
        // AcqRel: pairs with itself in the other threads, so that what took a number happens before what
        // takes a later one.
        let agreed = self.counter.as_ref().map(|counter| counter.fetch_add(1, Ordering::AcqRel));
        let _engine = runtime::engine_code();
        // SeqCst: pairs with itself in the other threads; under the native engine this is the real time.
        let position = agreed.unwrap_or_else(|| self.position.fetch_add(1, Ordering::SeqCst));
        CallBoundary { position, past: runtime::current().and_then(|engine| engine.past()) }
    }

    /// Runs one call and logs it.
    pub(crate) fn call(&self, phase: u8, lane: usize, op: &O, run: impl FnOnce(&O) -> R) {
        let begins = self.now();
        let at = {
            let _engine = runtime::engine_code();
            let mut calls = self.lock();
            calls.push(LoggedCall { phase, lane, op: op.clone(), begins, ends: None });
            calls.len() - 1
        };
        let ret = run(op);
        let ends = self.now();
        let _engine = runtime::engine_code();
        self.lock()[at].ends = Some((ends, ret.clone()));
    }

    /// How many calls have not ended.
    pub(crate) fn open(&self) -> usize {
        self.lock().iter().filter(|call| call.ends.is_none()).count()
    }

    /// The history. Lanes are its processes.
    pub(crate) fn history(&self) -> History<O, R> {
        let mut logged: Vec<usize> = (0..self.lock().len()).collect();
        let calls = self.lock();
        logged.sort_by_key(|at| (calls[*at].phase, calls[*at].lane, *at));
        let list = |span: &CallSpan<'_, O, R>| {
            let call = |(nth, at): (usize, &usize)| {
                let call = &calls[*at];
                let (invoked, returned) = span(nth, call);
                let ret = call.ends.as_ref().map(|(_, ret)| ret.clone());
                Call { process: call.lane, op: call.op.clone(), ret, invoked, returned }
            };
            logged.iter().enumerate().map(call).collect()
        };
        let clocks = calls.iter().all(|call| call.begins.past.is_some());
        if !clocks || self.counter.is_some() {
            return History::real_time(list(&|_, call| {
                (call.begins.position, call.ends.as_ref().map(|(end, _)| end.position))
            }));
        }
        // Where a call stands in the list, not when it ran: executions that differ in no edge are one history.
        let spans = |nth: usize, call: &LoggedCall<O, R>| {
            (2 * nth as u64, call.ends.as_ref().map(|_| 2 * nth as u64 + 1))
        };
        let before = logged.iter().map(|later| {
            let earlier = |nth: &usize| precedes(&calls[logged[*nth]], &calls[*later]);
            (0..logged.len()).filter(earlier).collect()
        });
        History::partial(list(&spans), before.collect())
    }
}

/// Whether the response of `a` happens before the invocation of `b`.
fn precedes<O, R>(a: &LoggedCall<O, R>, b: &LoggedCall<O, R>) -> bool {
    let Some((end, _)) = &a.ends else {
        return false;
    };
    if a.phase != b.phase || a.phase != 1 {
        return a.phase < b.phase || (a.phase == b.phase && end.position < b.begins.position);
    }
    if a.lane == b.lane {
        return end.position < b.begins.position;
    }
    match (end.past, b.begins.past) {
        (Some((thread, events, _)), Some((_, _, past))) => past.get(thread) > events,
        _ => false,
    }
}
