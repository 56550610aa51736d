//! Ready specifications made of others: many objects under keys, and a lock.

use crate::linearizability::brief::value;
use crate::linearizability::history::{Call, History, Value};
use crate::linearizability::spec::{Monitored, Spec, part_of};
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// An operation on the object under a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct At<K, O> {
    /// Which object.
    pub key: K,
    /// What to do with it.
    pub op: O,
}

/// A map from `K` to objects that are specified by `S`, each checked alone.
///
/// A key-value store is a `Keyed<K, Register<V>>`.
#[derive(Clone, Debug)]
pub struct Keyed<K, S> {
    each: S,
    keys: PhantomData<K>,
}

impl<K, S> Keyed<K, S> {
    /// Every key holds what `each` begins with.
    pub fn new(each: S) -> Self {
        Keyed { each, keys: PhantomData }
    }
}

impl<K: Value + Ord, S: Spec> Spec for Keyed<K, S> {
    type State = BTreeMap<K, S::State>;
    type Op = At<K, S::Op>;
    type Ret = S::Ret;

    fn init(&self) -> Self::State {
        BTreeMap::new()
    }

    fn apply(&self, state: &mut Self::State, op: &Self::Op) -> Option<S::Ret> {
        let mut object = state.get(&op.key).cloned().unwrap_or_else(|| self.each.init());
        let ret = self.each.apply(&mut object, &op.op)?;
        state.insert(op.key.clone(), object);
        Some(ret)
    }

    fn successors(&self, state: &Self::State, op: &Self::Op, ret: Option<&S::Ret>) -> Vec<Self::State> {
        let first = self.each.init();
        let object = state.get(&op.key).unwrap_or(&first);
        let put = |next| {
            let mut state = state.clone();
            state.insert(op.key.clone(), next);
            state
        };
        self.each.successors(object, &op.op, ret).into_iter().map(put).collect()
    }

    fn successors_owned(
        &self,
        mut state: Self::State,
        op: &Self::Op,
        ret: Option<&S::Ret>,
    ) -> Vec<Self::State> {
        let object = state.remove(&op.key).unwrap_or_else(|| self.each.init());
        let mut objects = self.each.successors_owned(object, &op.op, ret);
        let last = objects.pop();
        let put = |mut state: Self::State, object| {
            state.insert(op.key.clone(), object);
            state
        };
        let mut states: Vec<Self::State> =
            objects.into_iter().map(|object| put(state.clone(), object)).collect();
        states.extend(last.map(|object| put(state, object)));
        states
    }

    fn part(&self, op: &Self::Op) -> u64 {
        part_of(&op.key)
    }

    fn monitor(&self, history: &History<Self::Op, S::Ret>) -> Monitored {
        let calls = history.calls();
        let alone = calls.windows(2).all(|pair| pair[0].op.key == pair[1].op.key);
        if !alone {
            return Monitored::Unsuited;
        }
        self.each.monitor(&History::real_time(calls.iter().map(without_key).collect()))
    }

    fn droppable(&self, calls: &[Call<Self::Op, S::Ret>]) -> Vec<Vec<usize>> {
        let mut keys: BTreeMap<&K, Vec<usize>> = BTreeMap::new();
        for (at, call) in calls.iter().enumerate() {
            keys.entry(&call.op.key).or_default().push(at);
        }
        let mut sets = Vec::new();
        for list in keys.into_values() {
            let object: Vec<_> = list.iter().map(|at| without_key(&calls[*at])).collect();
            let renamed = |set: Vec<usize>| set.into_iter().map(|at| list[at]).collect();
            sets.extend(self.each.droppable(&object).into_iter().map(renamed));
            sets.push(list);
        }
        sets
    }

    fn show(&self, op: &Self::Op, ret: Option<&S::Ret>) -> String {
        format!("{}: {}", value(&op.key), self.each.show(&op.op, ret))
    }
}

fn without_key<K, O: Clone, R: Clone>(call: &Call<At<K, O>, R>) -> Call<O, R> {
    Call {
        process: call.process,
        op: call.op.op.clone(),
        ret: call.ret.clone(),
        invoked: call.invoked,
        returned: call.returned,
    }
}

/// An operation of a [`Lock`]; its result is a `bool`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockOp {
    /// Takes the lock; waits while it is held.
    Lock,
    /// Takes the lock if it is free; whether it did.
    TryLock,
    /// Gives it back; whether it was held.
    Unlock,
}

/// A lock, free at first. Whoever has it may give it back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lock;

impl Spec for Lock {
    type State = bool;
    type Op = LockOp;
    type Ret = bool;

    fn init(&self) -> bool {
        false
    }

    fn apply(&self, held: &mut bool, op: &LockOp) -> Option<bool> {
        match op {
            LockOp::Lock => (!std::mem::replace(held, true)).then_some(true),
            LockOp::TryLock => Some(!std::mem::replace(held, true)),
            LockOp::Unlock => Some(std::mem::replace(held, false)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linearizability::check::check;
    use crate::linearizability::history::Recorder;
    use crate::linearizability::register::{Register, RegisterOp, RegisterRet};

    type Registers = Keyed<char, Register<u8>>;

    type Op = At<char, RegisterOp<u8>>;
    type Ret = RegisterRet<u8>;

    fn call(key: char, op: RegisterOp<u8>, ret: Ret) -> (Op, Ret) {
        (At { key, op }, ret)
    }

    /// These calls, one after the other.
    fn history(calls: &[(Op, Ret)]) -> History<Op, Ret> {
        let mut recorder = Recorder::new();
        for (op, ret) in calls {
            let id = recorder.invoke(0, op.clone());
            recorder.ok(id, ret.clone());
        }
        recorder.finish()
    }

    #[test]
    fn keys_do_not_notice_each_other() {
        let spec = Registers::new(Register::new());
        let calls = [
            call('a', RegisterOp::Write(1), RegisterRet::Written),
            call('b', RegisterOp::Read, RegisterRet::Found(None)),
            call('a', RegisterOp::Read, RegisterRet::Found(Some(1))),
        ];
        check(&spec, &history(&calls)).assert_passed();
        let mut state = spec.init();
        for (op, ret) in &calls {
            assert_eq!(spec.apply(&mut state, op).as_ref(), Some(ret));
        }
        assert_eq!(state, BTreeMap::from([('a', Some(1)), ('b', None)]));
        let stale = [calls[0].clone(), call('a', RegisterOp::Read, RegisterRet::Found(None))];
        assert!(!check(&spec, &history(&stale)).is_linearizable());
    }

    #[test]
    fn many_keys_are_no_case_for_the_check_of_one_object() {
        let spec = Registers::new(Register::new());
        let read = |key| call(key, RegisterOp::Read, RegisterRet::Found(None));
        assert_eq!(spec.monitor(&history(&[read('a'), read('b')])), Monitored::Unsuited);
        assert_eq!(spec.monitor(&history(&[read('a'), read('a')])), Monitored::Linearizable);
        // A read by itself, then the key; the numbers are those of the whole history.
        let sets = spec.droppable(history(&[read('a'), read('b')]).calls());
        assert_eq!(sets, [[0], [0], [1], [1]]);
    }

    #[test]
    fn a_lock_is_held_once() {
        let mut held = Lock.init();
        assert_eq!(Lock.apply(&mut held, &LockOp::Lock), Some(true));
        assert_eq!(Lock.apply(&mut held, &LockOp::Lock), None, "it waits");
        assert_eq!(Lock.apply(&mut held, &LockOp::TryLock), Some(false));
        assert_eq!(Lock.apply(&mut held, &LockOp::Unlock), Some(true));
        assert_eq!(Lock.apply(&mut held, &LockOp::Unlock), Some(false), "it was not held");
    }
}
