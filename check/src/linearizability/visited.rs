//! The configurations that a search has left without success, in a bounded number of bytes.
//!
//! Where they would take more, the older ones are forgotten, half of the bytes at a
//! time. A search that meets a forgotten one goes through it again: that costs time
//! and nothing else.

use crate::linearizability::call_set::CallSet;
use rustc_hash::FxHashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Bytes of an entry apart from its state and lists: its place in the table, and what the heap adds.
const ENTRY: usize = 112;

/// The hash of a state, and the bytes that it takes, by estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StateWeight {
    hash: u64,
    pub(crate) bytes: usize,
}

impl StateWeight {
    /// What a state feeds a hasher is about what it holds. Lists have room to
    /// grow, and what is small in a hash takes whole words: hence three times that.
    pub(crate) fn of<S: Hash>(state: &S) -> StateWeight {
        let mut hasher = CountingHasher { inner: DefaultHasher::new(), fed: 0 };
        state.hash(&mut hasher);
        StateWeight { hash: hasher.finish(), bytes: size_of::<S>() + 3 * hasher.fed }
    }
}

/// A hasher that counts the bytes it is fed.
struct CountingHasher {
    inner: DefaultHasher,
    fed: usize,
}

impl Hasher for CountingHasher {
    fn finish(&self) -> u64 {
        self.inner.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.fed += bytes.len();
        self.inner.write(bytes);
    }
}

type Table<S> = FxHashMap<u64, Vec<(CallSet, S)>>;

/// A set of configurations that takes at most so many bytes, by estimate.
#[derive(Debug)]
pub(crate) struct Visited<S> {
    young: Table<S>,
    old: Table<S>,
    /// What the young ones take.
    bytes: usize,
    limit: usize,
}

impl<S: Clone + Eq> Visited<S> {
    pub(crate) fn new(limit: usize) -> Visited<S> {
        Visited { young: Table::default(), old: Table::default(), bytes: 0, limit }
    }

    /// Remembers a configuration. `false`: it was here before.
    pub(crate) fn insert(&mut self, calls: &CallSet, state: &S, weight: StateWeight) -> bool {
        let mut hasher = DefaultHasher::new();
        (weight.hash, calls).hash(&mut hasher);
        let hash = hasher.finish();
        let is_this = |(others, other): &(CallSet, S)| others == calls && other == state;
        let here = |table: &Table<S>| table.get(&hash).is_some_and(|bucket| bucket.iter().any(is_this));
        if here(&self.young) || here(&self.old) {
            return false;
        }
        self.bytes += ENTRY + calls.bytes() + weight.bytes;
        // Of each half, for both are kept.
        if self.bytes > self.limit / 2 {
            self.old = std::mem::take(&mut self.young);
            self.bytes = ENTRY + calls.bytes() + weight.bytes;
        }
        let entry = (calls.clone(), state.clone());
        match self.young.get_mut(&hash) {
            Some(bucket) => bucket.push(entry),
            None => drop(self.young.insert(hash, vec![entry])),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linearizability::call_set::NextCall;

    #[test]
    fn a_configuration_is_its_calls_and_its_state() {
        let mut visited = Visited::new(1 << 20);
        let one = {
            let mut set = CallSet::default();
            set.put(NextCall::Completed(0));
            set
        };
        let mut insert = |calls: &CallSet, state: u64| visited.insert(calls, &state, StateWeight::of(&state));
        assert!(insert(&one, 1) && insert(&one, 2) && insert(&CallSet::default(), 1));
        assert!(!insert(&one, 1) && !insert(&one, 2));
    }

    #[test]
    fn what_is_old_is_forgotten_and_what_is_new_is_not() {
        let mut visited = Visited::new(20 * (ENTRY + 8 + 24));
        let mut insert = |state: u64| visited.insert(&CallSet::default(), &state, StateWeight::of(&state));
        assert!((0..1000).all(&mut insert));
        assert!((990..1000).all(|state| !insert(state)), "the last ten are there");
        assert!((0..900).all(&mut insert), "and the first ones are not");
    }

    /// A legal state whose hash says nothing.
    #[derive(Clone, PartialEq, Eq)]
    struct Coarse(u64);

    impl Hash for Coarse {
        fn hash<H: Hasher>(&self, _: &mut H) {}
    }

    #[test]
    fn states_of_one_hash_are_told_apart() {
        let mut visited = Visited::new(1 << 20);
        let mut insert =
            |n: u64| visited.insert(&CallSet::default(), &Coarse(n), StateWeight::of(&Coarse(n)));
        assert!((0..100).all(&mut insert));
        assert!((0..100).all(|n| !insert(n)));
    }
}
