//! The specification of a key-value store whose operations give back what the key held before.

use crate::linearizability::history::Value;
use crate::linearizability::spec::{Spec, part_of};
use std::collections::BTreeMap;
use std::marker::PhantomData;

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
#[non_exhaustive]
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

impl<K: Value + Ord, V: Value> Spec for KeyValue<K, V> {
    type State = BTreeMap<K, V>;
    type Op = KeyValueOp<K, V>;
    type Ret = Option<V>;

    fn init(&self) -> Self::State {
        BTreeMap::new()
    }

    fn apply(&self, state: &mut Self::State, op: &Self::Op) -> Option<Option<V>> {
        Some(match op {
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
        })
    }

    fn part(&self, op: &Self::Op) -> u64 {
        match op {
            KeyValueOp::Get(key)
            | KeyValueOp::Put(key, _)
            | KeyValueOp::Delete(key)
            | KeyValueOp::Cas(key, ..) => part_of(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linearizability::check::check;
    use crate::linearizability::history::Recorder;

    #[test]
    fn a_map_keeps_its_keys_apart() {
        let holds = |op, ret| {
            let mut recorder = Recorder::new();
            let put = [(KeyValueOp::Put("x", 1), None), (KeyValueOp::Put("y", 2), None)];
            for (op, ret) in put.into_iter().chain([(op, ret)]) {
                let call = recorder.invoke(0, op);
                recorder.ok(call, ret);
            }
            check(&KeyValue::<&str, u32>::new(), &recorder.finish()).is_linearizable()
        };
        assert!(holds(KeyValueOp::Get("x"), Some(1)) && holds(KeyValueOp::Delete("y"), Some(2)));
        assert!(holds(KeyValueOp::Cas("x", Some(1), 3), Some(1)) && holds(KeyValueOp::Get("z"), None));
        assert!(!holds(KeyValueOp::Get("x"), Some(2)) && !holds(KeyValueOp::Get("x"), None));
    }
}
