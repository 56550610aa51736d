//! The register: its specification, and the near-linear check of a history in
//! which every value is written once.
//!
//! # The rules
//!
//! Then each read names the write that it read. A write and its reads are a
//! *cluster*, and in a linearization a cluster's calls stand together: the write,
//! then its reads. Let `first` be a cluster's first response and `last` its last
//! invocation. If `first` is before `last`, the register holds the value all the
//! time between them (a *forward* zone); otherwise all its calls overlap in the
//! span from `last` to `first` (a *backward* zone), and can be done in one moment
//! of it. A history is linearizable exactly if
//!
//! 1. every value that is read was written, by a write that the read does not precede;
//! 2. no two forward zones overlap;
//! 3. no backward zone lies within a forward one.
//!
//! The initial value is a write before everything.
//!
//! # Cost
//!
//! O(n log n) for n calls.
//!
//! # Source
//!
//! Gibbons and Korach, "Testing shared memories" (SIAM Journal on Computing
//! 1997).

use crate::linearizability::brief::{self, value};
use crate::linearizability::history::{Call, History, NEVER, Value};
use crate::linearizability::spec::{Monitored, Spec, Violation};
use std::collections::{BTreeMap, HashMap};

/// An operation of a [`Register`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RegisterOp<V> {
    /// What is in it?
    Read,
    /// Puts the value in it.
    Write(V),
    /// Puts the second value in it if the first is there.
    Cas(V, V),
}

/// The result of a [`RegisterOp`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RegisterRet<V> {
    /// What a read found; `None` is a register that was never written.
    Found(Option<V>),
    /// A write is done.
    Written,
    /// Whether a compare-and-set found what it wanted, and wrote.
    Swapped(bool),
}

/// A register of `V` with read, write and compare-and-set.
///
/// Without compare-and-set, and with each value written once, a history of n
/// calls is checked in O(n log n). Otherwise by search.
#[derive(Clone, Debug)]
pub struct Register<V> {
    initial: Option<V>,
}

impl<V> Register<V> {
    /// A register that was never written.
    pub fn new() -> Self {
        Register { initial: None }
    }

    /// A register that holds `value` at first.
    pub fn holding(value: V) -> Self {
        Register { initial: Some(value) }
    }
}

impl<V> Default for Register<V> {
    fn default() -> Self {
        Register::new()
    }
}

impl<V: Value> Spec for Register<V> {
    type State = Option<V>;
    type Op = RegisterOp<V>;
    type Ret = RegisterRet<V>;

    fn init(&self) -> Option<V> {
        self.initial.clone()
    }

    fn apply(&self, state: &mut Option<V>, op: &RegisterOp<V>) -> Option<RegisterRet<V>> {
        Some(match op {
            RegisterOp::Read => RegisterRet::Found(state.clone()),
            RegisterOp::Write(value) => {
                *state = Some(value.clone());
                RegisterRet::Written
            }
            RegisterOp::Cas(old, new) => {
                let fits = state.as_ref() == Some(old);
                if fits {
                    *state = Some(new.clone());
                }
                RegisterRet::Swapped(fits)
            }
        })
    }

    fn monitor(&self, history: &History<RegisterOp<V>, RegisterRet<V>>) -> Monitored {
        match clusters(self.initial.as_ref(), history.calls()) {
            Ok(clusters) => clash(&clusters, history).map_or(Monitored::Linearizable, Monitored::from),
            Err(said) => said,
        }
    }

    /// A read by itself; and all calls of the values that compare-and-sets
    /// connect, unless one is there that failed.
    fn droppable(&self, calls: &[Call<RegisterOp<V>, RegisterRet<V>>]) -> Vec<Vec<usize>> {
        let mut sets: Vec<Vec<usize>> = Vec::new();
        let mut by_value: HashMap<&V, usize> = HashMap::new();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut failed = false;
        for (at, call) in calls.iter().enumerate() {
            let named: Vec<&V> = match (&call.op, &call.ret) {
                (RegisterOp::Read, ret) => {
                    sets.push(vec![at]);
                    match ret {
                        Some(RegisterRet::Found(Some(value))) => vec![value],
                        _ => continue,
                    }
                }
                (RegisterOp::Cas(..), Some(RegisterRet::Swapped(false))) => {
                    failed = true;
                    sets.push(vec![at]);
                    continue;
                }
                (RegisterOp::Write(value), _) => vec![value],
                (RegisterOp::Cas(old, new), _) => vec![old, new],
            };
            let home = *by_value.entry(named[0]).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            groups[home].push(at);
            if let Some(other) =
                named.get(1).and_then(|value| by_value.insert(value, home)).filter(|o| *o != home)
            {
                let moved = std::mem::take(&mut groups[other]);
                groups[home].extend(moved);
                by_value.values_mut().filter(|group| **group == other).for_each(|group| *group = home);
            }
        }
        if !failed {
            groups.iter_mut().for_each(|group| group.sort_unstable());
            sets.extend(groups.into_iter().filter(|group| !group.is_empty()));
        }
        sets
    }

    fn show(&self, op: &RegisterOp<V>, ret: Option<&RegisterRet<V>>) -> String {
        let call = match op {
            RegisterOp::Read => "read()".into(),
            RegisterOp::Write(written) => format!("write({})", value(written)),
            RegisterOp::Cas(old, new) => format!("cas({} to {})", value(old), value(new)),
        };
        match ret {
            Some(RegisterRet::Found(Some(found))) => format!("{call} = {}", value(found)),
            Some(RegisterRet::Found(None)) => format!("{call} = nil"),
            Some(RegisterRet::Written) => format!("{call} = ok"),
            Some(RegisterRet::Swapped(true)) => format!("{call} = ok"),
            Some(RegisterRet::Swapped(false)) => format!("{call} = no"),
            None => call,
        }
    }
}

/// A write and its reads.
#[derive(Clone, Debug)]
struct Cluster {
    /// The first response, and whose it is.
    first: (u64, Option<usize>),
    /// The last invocation, and whose it is.
    last: (u64, Option<usize>),
    write: Option<usize>,
}

impl Cluster {
    fn calls(&self) -> impl Iterator<Item = usize> {
        [self.first.1, self.last.1, self.write].into_iter().flatten()
    }
}

/// The calls by value. Open reads say nothing; an open write that nobody read
/// need not have happened.
fn clusters<V: Value>(
    initial: Option<&V>,
    calls: &[Call<RegisterOp<V>, RegisterRet<V>>],
) -> Result<Vec<Cluster>, Monitored> {
    let mut by_value: HashMap<Option<&V>, Cluster> = HashMap::new();
    by_value.insert(initial, Cluster { first: (0, None), last: (0, None), write: None });
    for (at, call) in calls.iter().enumerate() {
        match &call.op {
            RegisterOp::Read if matches!(call.ret, None | Some(RegisterRet::Found(_))) => {}
            RegisterOp::Write(value) if matches!(call.ret, None | Some(RegisterRet::Written)) => {
                let cluster = Cluster {
                    first: (call.end(), Some(at)),
                    last: (call.invoked, Some(at)),
                    write: Some(at),
                };
                if by_value.insert(Some(value), cluster).is_some() {
                    return Err(Monitored::Unsuited);
                }
            }
            _ => return Err(Monitored::Unsuited),
        }
    }
    for (at, call) in calls.iter().enumerate() {
        let (Some(RegisterRet::Found(value)), Some(returned)) = (&call.ret, call.returned) else {
            continue;
        };
        let name = || value.as_ref().map_or("nil".to_owned(), brief::value);
        let Some(cluster) = by_value.get_mut(&value.as_ref()) else {
            return Err(Violation::new(format!("{} is read and was never written", name()), vec![at]).into());
        };
        if let Some(write) = cluster.write.filter(|write| returned < calls[*write].invoked) {
            let why = format!("{} is read before it is written", name());
            return Err(Violation::new(why, vec![at, write]).into());
        }
        cluster.first = cluster.first.min((returned, Some(at)));
        cluster.last = cluster.last.max((call.invoked, Some(at)));
    }
    let mut clusters: Vec<Cluster> = by_value.into_values().filter(|c| c.first.0 != NEVER).collect();
    clusters.sort_by_key(|cluster| (cluster.first.0, cluster.last.0));
    Ok(clusters)
}

/// Rules 2 and 3.
fn clash<V: Value>(
    clusters: &[Cluster],
    history: &History<RegisterOp<V>, RegisterRet<V>>,
) -> Option<Violation> {
    let forward: BTreeMap<u64, &Cluster> =
        clusters.iter().filter(|c| c.first.0 < c.last.0).map(|c| (c.first.0, c)).collect();
    let said = |a: &Cluster, b: &Cluster| {
        let name = |cluster: &Cluster| match cluster.write.map(|write| &history.calls()[write].op) {
            Some(RegisterOp::Write(written)) => value(written),
            _ => "its initial value".into(),
        };
        let why =
            format!("the register held {} from before until after it must have held {}", name(a), name(b));
        Violation::new(why, a.calls().chain(b.calls()).collect())
    };
    let mut before: Option<&Cluster> = None;
    for cluster in forward.values() {
        if let Some(earlier) = before.filter(|earlier| cluster.first.0 < earlier.last.0) {
            return Some(said(earlier, cluster));
        }
        before = Some(cluster);
    }
    let backward = clusters.iter().filter(|c| c.first.0 >= c.last.0);
    backward.into_iter().find_map(|inner| {
        let (_, outer) = forward.range(..inner.last.0).next_back()?;
        (inner.first.0 < outer.last.0).then(|| said(outer, inner))
    })
}
