//! The set: its specification, and the linear check of a history in which each
//! element comes and goes at most once.
//!
//! # The rules
//!
//! Elements do not notice each other, so each is checked alone: it is out, then
//! in from the call that added it, then out from the call that removed it. Calls
//! that saw it in need a moment while it is in, calls that saw it out a moment
//! before or after. So the add wants to be late (but before the first response
//! of a call that saw it in) and the remove early (but after the last invocation
//! of one). If these two bounds cross, both can happen in one moment, and nobody
//! who saw it out is in the way. Otherwise a call that saw it out must begin
//! before the one bound or end after the other.
//!
//! # Cost
//!
//! O(n) for n calls. An element that comes and goes more often is searched.
//!
//! # Source
//!
//! Both papers named in [`crate::linearizability::stack_monitor`] have linear checks for sets; this one
//! follows from the above.

use crate::linearizability::brief::value;
use crate::linearizability::history::{Call, History, NEVER, Value};
use crate::linearizability::spec::{Monitored, Spec, Violation, part_of};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::marker::PhantomData;

/// An operation of a [`Set`]; its result is a `bool`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SetOp<V> {
    /// Puts the element in; whether it was not there.
    Add(V),
    /// Takes the element out; whether it was there.
    Remove(V),
    /// Whether the element is there.
    Contains(V),
}

impl<V> SetOp<V> {
    pub(crate) fn element(&self) -> &V {
        match self {
            SetOp::Add(element) | SetOp::Remove(element) | SetOp::Contains(element) => element,
        }
    }
}

/// A set of `V`, empty at first.
///
/// Each element is checked alone: in linear time if it was added and removed once
/// at most, otherwise by search.
#[derive(Clone, Debug)]
pub struct Set<V> {
    elements: PhantomData<V>,
}

impl<V> Set<V> {
    /// An empty set.
    pub fn new() -> Self {
        Set { elements: PhantomData }
    }
}

impl<V> Default for Set<V> {
    fn default() -> Self {
        Set::new()
    }
}

impl<V: Value + Ord> Spec for Set<V> {
    type State = BTreeSet<V>;
    type Op = SetOp<V>;
    type Ret = bool;

    fn init(&self) -> BTreeSet<V> {
        BTreeSet::new()
    }

    fn apply(&self, state: &mut BTreeSet<V>, op: &SetOp<V>) -> Option<bool> {
        Some(match op {
            SetOp::Add(element) => state.insert(element.clone()),
            SetOp::Remove(element) => state.remove(element),
            SetOp::Contains(element) => state.contains(element),
        })
    }

    fn part(&self, op: &SetOp<V>) -> u64 {
        part_of(op.element())
    }

    fn monitor(&self, history: &History<SetOp<V>, bool>) -> Monitored {
        let calls = history.calls();
        let mut elements: BTreeMap<&V, Element> = BTreeMap::new();
        for (at, call) in calls.iter().enumerate() {
            if !elements.entry(call.op.element()).or_default().note(at, call) {
                return Monitored::Unsuited;
            }
        }
        let found = elements.iter().find_map(|(name, element)| element.violation(&value(name), calls));
        found.map_or(Monitored::Linearizable, Monitored::from)
    }

    /// Whatever did not change the set, by itself; and an element with all its calls.
    fn droppable(&self, calls: &[Call<SetOp<V>, bool>]) -> Vec<Vec<usize>> {
        let mut elements: HashMap<&V, Vec<usize>> = HashMap::new();
        let mut sets = Vec::new();
        for (at, call) in calls.iter().enumerate() {
            elements.entry(call.op.element()).or_default().push(at);
            if matches!(call.op, SetOp::Contains(_)) || call.ret == Some(false) {
                sets.push(vec![at]);
            }
        }
        sets.extend(elements.into_values());
        sets.sort();
        sets
    }

    fn show(&self, op: &SetOp<V>, ret: Option<&bool>) -> String {
        let call = match op {
            SetOp::Add(element) => format!("add({})", value(element)),
            SetOp::Remove(element) => format!("remove({})", value(element)),
            SetOp::Contains(element) => format!("contains({})", value(element)),
        };
        ret.map_or(call.clone(), |ret| format!("{call} = {ret}"))
    }
}

/// The calls of one element.
#[derive(Debug, Default)]
struct Element {
    added: Option<usize>,
    removed: Option<usize>,
    saw_in: Vec<usize>,
    saw_out: Vec<usize>,
}

impl Element {
    /// Sorts a call in. `false` if the element is no case for this check.
    fn note<V>(&mut self, at: usize, call: &Call<SetOp<V>, bool>) -> bool {
        let list = match (&call.op, call.ret, call.returned) {
            // Open, and without an effect.
            (SetOp::Contains(_), _, None) | (_, Some(false), None) => return true,
            (SetOp::Add(_), Some(true), _) => return self.added.replace(at).is_none(),
            (SetOp::Remove(_), Some(true), _) => return self.removed.replace(at).is_none(),
            (SetOp::Add(_), Some(false), _) | (SetOp::Contains(_), Some(true), _) => &mut self.saw_in,
            (SetOp::Remove(_), Some(false), _) | (SetOp::Contains(_), Some(false), _) => &mut self.saw_out,
            (_, None, _) => return false,
        };
        list.push(at);
        true
    }

    fn violation<V>(&self, name: &str, calls: &[Call<SetOp<V>, bool>]) -> Option<Violation> {
        // An open remove that nobody needs is later than everything; an open add likewise.
        let needs_add =
            self.saw_in.first().copied().or(self.removed.filter(|r| calls[*r].returned.is_some()));
        let Some(add) = self.added else {
            return needs_add
                .map(|call| Violation::new(format!("{name} is seen, and was never added"), vec![call]));
        };
        let late = |call: &usize| (calls[*call].end(), *call);
        let early = |call: &usize| (calls[*call].invoked, *call);
        let users = || self.saw_in.iter().chain(&self.added).chain(&self.removed);
        // The add comes before this response, the remove after this invocation.
        let add_by = users().map(late).min().unwrap_or((NEVER, add));
        let remove_from = self.removed.and_then(|_| users().map(early).max());
        if let Some(early) =
            self.saw_in.iter().chain(&self.removed).find(|c| calls[**c].end() < calls[add].invoked)
        {
            return Some(Violation::new(format!("{name} is seen before it is added"), vec![add, *early]));
        }
        if let Some(remove) = self.removed
            && let Some(late) = self.saw_in.iter().find(|c| calls[**c].invoked > calls[remove].end())
        {
            return Some(Violation::new(
                format!("{name} is seen after it is removed"),
                vec![add, remove, *late],
            ));
        }
        let until = remove_from.map_or(NEVER, |(from, _)| from);
        let stuck = |call: &&usize| calls[**call].invoked > add_by.0 && calls[**call].end() < until;
        self.saw_out.iter().find(stuck).map(|call| {
            let proof =
                [Some(add), self.removed, Some(add_by.1), remove_from.map(|from| from.1), Some(*call)];
            let why = format!("{name} is not seen, though it was there all the time");
            Violation::new(why, proof.into_iter().flatten().collect())
        })
    }
}
