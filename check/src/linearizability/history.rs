//! A history: who called what when, what came back, and which call came before which.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

/// The position of an event that never comes: later than all others.
pub(crate) const NEVER: u64 = u64::MAX;

/// One call of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call<O, R> {
    /// Who called: a thread, a client, a process.
    pub process: usize,
    /// What was called.
    pub op: O,
    /// What came back. `None` if nobody knows.
    pub ret: Option<R>,
    /// The position of the invocation.
    pub invoked: u64,
    /// The position of the response. `None` for a call that is open for ever:
    /// it may have taken effect, or may take effect at any later time, or never.
    pub returned: Option<u64>,
}

impl<O, R> Call<O, R> {
    /// The position of the response, infinite for an open call.
    pub(crate) fn end(&self) -> u64 {
        self.returned.unwrap_or(NEVER)
    }
}

/// The calls of one object, and their order.
///
/// The order is *real time* (a call precedes another if its response came
/// before the other's invocation), unless the history was made by
/// [`partial`](History::partial).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct History<O, R> {
    calls: Vec<Call<O, R>>,
    /// For each call, those that precede it; `None` for real time.
    before: Option<Vec<Vec<usize>>>,
}

impl<O, R> History<O, R> {
    /// A history in real time.
    ///
    /// # Panics
    ///
    /// If a call returns before its invocation, or if two events share a
    /// position: then nobody could say which came first.
    pub fn real_time(calls: Vec<Call<O, R>>) -> Self {
        let mut positions: Vec<u64> = calls.iter().map(|c| c.invoked).collect();
        for call in &calls {
            if let Some(returned) = call.returned {
                assert!(returned > call.invoked, "a call returned before its invocation");
                positions.push(returned);
            }
        }
        positions.sort_unstable();
        assert!(positions.windows(2).all(|pair| pair[0] != pair[1]), "two events share a position");
        assert!(positions.last() != Some(&NEVER), "the last position means an open call");
        History { calls, before: None }
    }

    /// A history in a partial order: `before[i]` holds the calls that precede
    /// call `i`, all of them (the relation is transitive). The positions only
    /// say where a call stands in a table.
    ///
    /// # Panics
    ///
    /// If `before` has not one entry a call, or if the calls cannot be put in
    /// an order that respects it.
    pub fn partial(calls: Vec<Call<O, R>>, before: Vec<Vec<usize>>) -> Self {
        assert!(before.len() == calls.len(), "one list of predecessors a call");
        let mut left: Vec<usize> = (0..calls.len()).collect();
        let mut done = vec![false; calls.len()];
        while !left.is_empty() {
            let ready = |call: &usize| before[*call].iter().all(|earlier| done[*earlier]);
            let (now, later): (Vec<usize>, Vec<usize>) = left.iter().partition(|call| ready(call));
            assert!(!now.is_empty(), "calls that precede each other in a ring");
            now.into_iter().for_each(|call| done[call] = true);
            left = later;
        }
        History { calls, before: Some(before) }
    }

    /// The calls.
    pub fn calls(&self) -> &[Call<O, R>] {
        &self.calls
    }

    /// How many calls it has.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether it has no call.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Whether its order is real time.
    pub fn is_real_time(&self) -> bool {
        self.before.is_none()
    }

    /// For each call the calls that precede it, if the order is not real time.
    pub(crate) fn before(&self) -> Option<&[Vec<usize>]> {
        self.before.as_deref()
    }
}

impl<O: Clone, R: Clone> History<O, R> {
    /// The history of the calls `keep` alone (ascending).
    pub(crate) fn restrict(&self, keep: &[usize]) -> Self {
        let calls = keep.iter().map(|call| self.calls[*call].clone()).collect();
        let before = self.before.as_ref().map(|before| {
            let renamed: HashMap<usize, usize> =
                keep.iter().enumerate().map(|(new, old)| (*old, new)).collect();
            let rename =
                |list: &Vec<usize>| list.iter().filter_map(|old| renamed.get(old).copied()).collect();
            keep.iter().map(|call| rename(&before[*call])).collect()
        });
        History { calls, before }
    }

    /// What had happened up to and with position `last`. A call that was open
    /// then keeps the result that it gave later: a linearization of the prefix
    /// need not hold it, but if it does, with that result.
    pub(crate) fn prefix(&self, last: u64) -> (Self, Vec<usize>) {
        let keep: Vec<usize> = (0..self.len()).filter(|call| self.calls[*call].invoked <= last).collect();
        let mut prefix = self.restrict(&keep);
        for call in &mut prefix.calls {
            call.returned = call.returned.filter(|returned| *returned <= last);
        }
        (prefix, keep)
    }
}

/// Names a call of a [`Recorder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(usize);

/// Writes a real-time history, event by event.
///
/// ```
/// use ringwright_check::linearize::{BufferOp, BufferRet, Queue, Recorder, check};
///
/// let mut recorder = Recorder::new();
/// let push = recorder.invoke(0, BufferOp::Push(7));
/// let pop = recorder.invoke(1, BufferOp::Pop);
/// recorder.ok(pop, BufferRet::Popped(7));
/// recorder.ok(push, BufferRet::Pushed);
/// assert!(check(&Queue::new(), &recorder.finish()).is_linearizable());
/// ```
#[derive(Clone, Debug)]
pub struct Recorder<O, R> {
    calls: Vec<Option<Call<O, R>>>,
    position: u64,
}

impl<O, R> Default for Recorder<O, R> {
    fn default() -> Self {
        Recorder::new()
    }
}

impl<O, R> Recorder<O, R> {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        Recorder { calls: Vec::new(), position: 0 }
    }

    fn tick(&mut self) -> u64 {
        self.position += 1;
        self.position
    }

    /// Gives the next event this position (a line of a file, say), if it is
    /// later than the last one.
    pub fn at(&mut self, position: u64) {
        self.position = self.position.max(position.saturating_sub(1));
    }

    /// `process` calls `op`.
    pub fn invoke(&mut self, process: usize, op: O) -> CallId {
        let invoked = self.tick();
        self.calls.push(Some(Call { process, op, ret: None, invoked, returned: None }));
        CallId(self.calls.len() - 1)
    }

    fn open(&mut self, id: CallId) -> &mut Call<O, R> {
        let call = self.calls.get_mut(id.0).and_then(Option::as_mut);
        call.filter(|call| call.returned.is_none()).expect("the call is open")
    }

    /// The call `id` returns `ret`.
    ///
    /// # Panics
    ///
    /// If it has ended already. So do the other ways to end a call.
    pub fn ok(&mut self, id: CallId, ret: R) {
        let returned = self.tick();
        let call = self.open(id);
        call.ret = Some(ret);
        call.returned = Some(returned);
    }

    /// The call `id` took effect and returned; nobody has seen what.
    pub fn done(&mut self, id: CallId) {
        let returned = self.tick();
        self.open(id).returned = Some(returned);
    }

    /// The call `id` ended without taking effect, and never will.
    pub fn fail(&mut self, id: CallId) {
        self.tick();
        self.open(id);
        self.calls[id.0] = None;
    }

    /// Nobody knows whether the call `id` took effect. The same as no end.
    pub fn info(&mut self, id: CallId) {
        self.tick();
        self.open(id);
    }

    /// The history.
    pub fn finish(self) -> History<O, R> {
        History::real_time(self.calls.into_iter().flatten().collect())
    }
}

/// What a value of an operation must be able to do.
pub trait Value: Clone + Eq + Hash + fmt::Debug {}
impl<T: Clone + Eq + Hash + fmt::Debug> Value for T {}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(process: usize, invoked: u64, returned: Option<u64>) -> Call<&'static str, u8> {
        Call { process, op: "op", ret: None, invoked, returned }
    }

    #[test]
    fn a_prefix_opens_the_calls_that_had_not_returned() {
        let history = History::real_time(vec![call(0, 1, Some(3)), call(1, 2, Some(5)), call(2, 4, None)]);
        let (prefix, kept) = history.prefix(3);
        assert_eq!(prefix.calls(), [call(0, 1, Some(3)), call(1, 2, None)]);
        assert_eq!(kept, [0, 1]);
    }

    #[test]
    fn a_restriction_renames_what_precedes() {
        let calls = (0..3).map(|n| call(n, n as u64, None)).collect();
        let history = History::partial(calls, vec![vec![], vec![0], vec![0, 1]]);
        assert_eq!(history.restrict(&[1, 2]).before(), Some(&[vec![], vec![0]][..]));
    }

    #[test]
    #[should_panic(expected = "two events share a position")]
    fn events_at_one_position_are_refused() {
        History::real_time(vec![call(0, 1, Some(2)), call(1, 2, Some(3))]);
    }

    #[test]
    #[should_panic(expected = "calls that precede each other in a ring")]
    fn a_ring_is_refused() {
        History::partial(vec![call(0, 1, None), call(1, 2, None)], vec![vec![1], vec![0]]);
    }

    #[test]
    fn a_recorder_leaves_out_what_failed() {
        let mut recorder = Recorder::new();
        let (a, b, c) = (recorder.invoke(0, "a"), recorder.invoke(1, "b"), recorder.invoke(2, "c"));
        recorder.fail(b);
        recorder.info(c);
        recorder.at(9);
        recorder.ok(a, 7u8);
        let calls = [
            Call { process: 0, op: "a", ret: Some(7), invoked: 1, returned: Some(9) },
            Call { process: 2, op: "c", ret: None, invoked: 3, returned: None },
        ];
        assert_eq!(recorder.finish().calls(), calls);
    }
}
