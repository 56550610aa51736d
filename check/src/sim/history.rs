//! What the clients of a replicated object saw, and whether one object could have shown it.
//!
//! Clients tell a [`History`] when they invoke an operation and what came back.
//! At the end of the execution it looks for an order of the operations, within
//! the times that each was under way, in which a sequential object gives all of
//! these results. An operation that was refused has not happened; one whose
//! result is unknown may have happened at any time after its invocation, or not
//! at all. The search is that of Wing and Gong (1993) with the memory of Lowe
//! (2017): no set of done operations is tried twice with the same state.

use crate::sim::node::Node;
use crate::sim::oracle::ClientResult;
use crate::sim::world::World;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::fmt::{self, Debug};
use std::hash::Hash;
use std::marker::PhantomData;
use std::rc::Rc;

/// A sequential object: what a replicated one is to look like from outside.
pub trait Sequential {
    /// Its state.
    type State: Clone + Eq + Hash;
    /// An operation, with its arguments.
    type Op: Clone + Debug;
    /// What an operation gives back.
    type Ret: Clone + Debug + PartialEq;

    /// The state before the first operation.
    fn initial(&self) -> Self::State;

    /// Carries out an operation.
    fn apply(&self, state: &mut Self::State, op: &Self::Op) -> Self::Ret;
}

/// A register that holds this value at first.
#[derive(Clone, Copy, Debug)]
pub struct Register<V>(pub V);

/// An operation of a [`Register`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegisterOp<V> {
    /// Reads it: [`RegisterRet::Value`].
    Read,
    /// Writes it: [`RegisterRet::Done`].
    Write(V),
    /// Writes the second if it holds the first: [`RegisterRet::Swapped`].
    Cas(V, V),
}

/// What an operation of a [`Register`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegisterRet<V> {
    /// What was read.
    Value(V),
    /// Written.
    Done,
    /// Whether the register held what was expected, and was written.
    Swapped(bool),
}

impl<V: Clone + Eq + Hash + Debug> Sequential for Register<V> {
    type State = V;
    type Op = RegisterOp<V>;
    type Ret = RegisterRet<V>;

    fn initial(&self) -> V {
        self.0.clone()
    }

    fn apply(&self, state: &mut V, op: &RegisterOp<V>) -> RegisterRet<V> {
        match op {
            RegisterOp::Read => RegisterRet::Value(state.clone()),
            RegisterOp::Write(value) => {
                *state = value.clone();
                RegisterRet::Done
            }
            RegisterOp::Cas(expected, _) if state != expected => RegisterRet::Swapped(false),
            RegisterOp::Cas(_, value) => {
                *state = value.clone();
                RegisterRet::Swapped(true)
            }
        }
    }
}

/// A map from keys to values, empty at first.
#[derive(Clone, Copy, Debug)]
pub struct KeyValue<K, V>(PhantomData<(K, V)>);

impl<K, V> KeyValue<K, V> {
    /// An empty map.
    pub fn new() -> Self {
        KeyValue(PhantomData)
    }
}

impl<K, V> Default for KeyValue<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

/// An operation of a [`KeyValue`]. Each gives back what the key held before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyValueOp<K, V> {
    /// Reads a key.
    Get(K),
    /// Writes a key.
    Put(K, V),
    /// Removes a key.
    Delete(K),
    /// Writes a key if it holds the second (`None`: nothing).
    Cas(K, Option<V>, V),
}

impl<K: Clone + Ord + Hash + Debug, V: Clone + Eq + Hash + Debug> Sequential for KeyValue<K, V> {
    type State = BTreeMap<K, V>;
    type Op = KeyValueOp<K, V>;
    type Ret = Option<V>;

    fn initial(&self) -> Self::State {
        BTreeMap::new()
    }

    fn apply(&self, state: &mut Self::State, op: &Self::Op) -> Option<V> {
        match op {
            KeyValueOp::Get(key) => state.get(key).cloned(),
            KeyValueOp::Put(key, value) => state.insert(key.clone(), value.clone()),
            KeyValueOp::Delete(key) => state.remove(key),
            KeyValueOp::Cas(key, expected, value) => {
                let before = state.get(key).cloned();
                if before == *expected {
                    state.insert(key.clone(), value.clone());
                }
                before
            }
        }
    }
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End<R> {
    /// With this result; `None`: the client does not look at it.
    Known(Option<R>),
    Refused,
    /// Not yet, or never.
    Unknown,
}

/// One operation of a client.
#[derive(Clone, Debug)]
struct Call<O, R> {
    client: String,
    op: O,
    /// Places in the order of all invocations and results.
    invoked: u64,
    ended: u64,
    end: End<R>,
}

type Calls<S> = Vec<Call<<S as Sequential>::Op, <S as Sequential>::Ret>>;

/// The most operations of one history: they are bits in the memory of the search.
const MOST: usize = 128;

/// A history of the operations on one object, judged at the end of the execution.
pub struct History<S: Sequential> {
    world: World,
    calls: Rc<RefCell<Calls<S>>>,
    clock: Rc<RefCell<u64>>,
}

impl<S: Sequential + 'static> History<S> {
    /// A history that must be linearizable as a history of `object`.
    #[track_caller]
    pub fn linearizable(world: &World, object: S) -> Self {
        let history = History { world: world.clone(), calls: Rc::default(), clock: Rc::default() };
        let calls = Rc::clone(&history.calls);
        world.check_at_end(move || judge(&object, &calls.borrow()));
        history
    }

    /// A client invokes an operation. It is under way until the returned handle
    /// says how it ended; if that is dropped, as in a crash, that is unknown.
    ///
    /// # Panics
    ///
    /// The history has 128 operations.
    #[track_caller]
    pub fn invoke(&self, client: Node, op: S::Op) -> Pending<S> {
        let name = self.world.name(client);
        self.world.note(client, format_args!("invoke {op:?}"));
        let invoked = self.tick();
        let mut calls = self.calls.borrow_mut();
        assert!(calls.len() < MOST, "a history of a simulation has at most {MOST} operations");
        calls.push(Call { client: name, op, invoked, ended: u64::MAX, end: End::Unknown });
        Pending { history: self.clone(), call: calls.len() - 1, client }
    }

    fn tick(&self) -> u64 {
        let mut clock = self.clock.borrow_mut();
        *clock += 1;
        *clock
    }
}

impl<S: Sequential> Clone for History<S> {
    fn clone(&self) -> Self {
        let History { world, calls, clock } = self;
        History { world: world.clone(), calls: Rc::clone(calls), clock: Rc::clone(clock) }
    }
}

impl<S: Sequential> fmt::Debug for History<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").finish_non_exhaustive()
    }
}

/// An operation that is under way.
#[must_use = "an operation that nobody ends may or may not have happened"]
pub struct Pending<S: Sequential> {
    history: History<S>,
    call: usize,
    client: Node,
}

impl<S: Sequential + 'static> Pending<S> {
    /// It ended, with this result for all that the client knows.
    #[track_caller]
    pub fn end<E: Debug>(self, result: ClientResult<S::Ret, E>) {
        self.history.world.note(self.client, format_args!("gets {result:?}"));
        match result {
            ClientResult::Ok(ret) => self.close(End::Known(Some(ret))),
            ClientResult::Err(_) => self.close(End::Refused),
            ClientResult::Unknown => {}
        }
    }

    /// It was done; what it gave back does not matter.
    #[track_caller]
    pub fn done(self) {
        self.history.world.note(self.client, "gets its answer");
        self.close(End::Known(None));
    }

    fn close(&self, end: End<S::Ret>) {
        let ended = self.history.tick();
        let call = &mut self.history.calls.borrow_mut()[self.call];
        (call.ended, call.end) = (ended, end);
    }
}

impl<S: Sequential> fmt::Debug for Pending<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("client", &self.client).finish_non_exhaustive()
    }
}

/// Whether the object could have shown this.
fn judge<S: Sequential>(object: &S, calls: &Calls<S>) -> Result<(), String> {
    let happened: Vec<_> = calls.iter().filter(|call| call.end != End::Refused).collect();
    let mut search = Search { object, calls: &happened, seen: HashSet::new() };
    if search.explain(0, &object.initial()) {
        return Ok(());
    }
    let line = |call: &Call<S::Op, S::Ret>| {
        let end = match &call.end {
            End::Known(Some(ret)) => format!("{ret:?}"),
            End::Known(None) => "ok".to_owned(),
            End::Refused => "refused".to_owned(),
            End::Unknown => "unknown".to_owned(),
        };
        format!("{} {:?} -> {end}", call.client, call.op)
    };
    let lines: Vec<String> = calls.iter().map(line).collect();
    Err(format!("no order of these explains all results: {}", lines.join("; ")))
}

struct Search<'a, S: Sequential> {
    object: &'a S,
    calls: &'a [&'a Call<S::Op, S::Ret>],
    seen: HashSet<(u128, S::State)>,
}

impl<S: Sequential> Search<'_, S> {
    /// Whether the operations that are not in `done` can follow from `state`.
    fn explain(&mut self, done: u128, state: &S::State) -> bool {
        let open = |place: &usize| done & (1 << place) == 0;
        let left: Vec<usize> = (0..self.calls.len()).filter(open).collect();
        // Whoever ends first must have begun before all others that are left.
        let first_end = left.iter().map(|&place| self.calls[place].ended).min();
        let Some(first_end) = first_end.filter(|&end| end < u64::MAX) else {
            return true;
        };
        for place in left {
            let call = self.calls[place];
            if call.invoked > first_end {
                continue;
            }
            let mut after = state.clone();
            let ret = self.object.apply(&mut after, &call.op);
            let fits = match &call.end {
                End::Known(Some(seen)) => *seen == ret,
                _ => true,
            };
            let done = done | 1 << place;
            if fits && self.seen.insert((done, after.clone())) && self.explain(done, &after) {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RegisterOp::{Cas, Read, Write};
    use RegisterRet::{Done, Swapped, Value};

    type RegisterCall = Call<RegisterOp<u32>, RegisterRet<u32>>;

    fn call(invoked: u64, ended: u64, op: RegisterOp<u32>, ret: RegisterRet<u32>) -> RegisterCall {
        Call { client: "c".into(), op, invoked, ended, end: End::Known(Some(ret)) }
    }

    fn unknown(invoked: u64, op: RegisterOp<u32>) -> RegisterCall {
        Call { client: "c".into(), op, invoked, ended: u64::MAX, end: End::Unknown }
    }

    fn holds(calls: &[RegisterCall]) -> bool {
        judge(&Register(0), &calls.to_vec()).is_ok()
    }

    #[test]
    fn a_read_sees_the_last_write() {
        assert!(holds(&[call(1, 2, Write(1), Done), call(3, 4, Read, Value(1))]));
        assert!(!holds(&[call(1, 2, Write(1), Done), call(3, 4, Read, Value(0))]));
        assert!(!holds(&[call(1, 2, Read, Value(7))]));
    }

    #[test]
    fn what_overlaps_may_go_either_way_but_only_one_way() {
        let write = call(1, 10, Write(1), Done);
        let reads = |a, b| [write.clone(), call(2, 3, Read, Value(a)), call(4, 5, Read, Value(b))];
        assert!(holds(&reads(0, 0)) && holds(&reads(0, 1)) && holds(&reads(1, 1)));
        assert!(!holds(&reads(1, 0)), "the write cannot be undone");
    }

    #[test]
    fn an_unknown_operation_happens_late_or_never_but_not_before_it_began() {
        let read = |at, value| call(at, at + 1, Read, Value(value));
        assert!(holds(&[unknown(1, Write(1)), read(2, 0), read(4, 0)]));
        assert!(holds(&[unknown(1, Write(1)), read(2, 0), read(4, 1)]));
        assert!(!holds(&[unknown(1, Write(1)), read(2, 1), read(4, 0)]));
        assert!(!holds(&[read(1, 1), unknown(3, Write(1))]));
    }

    #[test]
    fn what_was_refused_has_not_happened() {
        let refused = Call { end: End::Refused, ..call(1, 2, Write(1), Done) };
        assert!(holds(&[refused.clone(), call(3, 4, Read, Value(0))]));
        assert!(!holds(&[refused, call(3, 4, Read, Value(1))]));
    }

    #[test]
    fn of_two_swaps_from_the_same_value_one_fails() {
        let swaps = |a, b| holds(&[call(1, 4, Cas(0, 1), Swapped(a)), call(2, 3, Cas(0, 2), Swapped(b))]);
        assert!(swaps(true, false) && swaps(false, true));
        assert!(!swaps(true, true) && !swaps(false, false));
    }

    #[test]
    fn a_map_keeps_its_keys_apart() {
        let end = |ret: Option<u32>| End::Known(Some(ret));
        let map = KeyValue::<&str, u32>::new();
        let call = |at, op, ret| Call { client: "c".into(), op, invoked: at, ended: at + 1, end: end(ret) };
        let puts = [call(1, KeyValueOp::Put("x", 1), None), call(3, KeyValueOp::Put("y", 2), None)];
        let with = |op, ret| {
            let calls: Vec<_> = puts.iter().cloned().chain([call(5, op, ret)]).collect();
            judge(&map, &calls).is_ok()
        };
        assert!(with(KeyValueOp::Get("x"), Some(1)) && with(KeyValueOp::Delete("y"), Some(2)));
        assert!(with(KeyValueOp::Cas("x", Some(1), 3), Some(1)) && with(KeyValueOp::Get("z"), None));
        assert!(!with(KeyValueOp::Get("x"), Some(2)) && !with(KeyValueOp::Get("x"), None));
    }
}
