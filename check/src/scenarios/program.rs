//! Scenarios: small programs for an object, made up from its operations.
//!
//! A scenario has *lanes*, each a thread with a role and the operations that it
//! calls; what is called before the threads start; and what after they ended.

use crate::linearizability::spec::Spec;
use crate::linearizability::table;

/// What threads of one kind may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name, such as `producer`.
    pub name: &'static str,
    /// Whether only one thread at a time may have it.
    pub exclusive: bool,
}

impl Role {
    /// A role that any number of threads may have.
    pub const fn shared(name: &'static str) -> Role {
        Role { name, exclusive: false }
    }

    /// A role that one thread may have: a single producer, say.
    pub const fn exclusive(name: &'static str) -> Role {
        Role { name, exclusive: true }
    }
}

/// The operations of a subject.
pub(crate) type OpOf<S> = <<S as Subject>::Spec as Spec>::Op;
/// Their results.
pub(crate) type RetOf<S> = <<S as Subject>::Spec as Spec>::Ret;

/// An object to be tried: how to make one, and how to call it.
///
/// See [`Scenarios`](crate::linearize::Scenarios) for an example.
pub trait Subject: Send + Sync + 'static {
    /// What it should do.
    type Spec: Spec<Op: Send + Sync, Ret: Send> + 'static;
    /// What a thread holds to call it: a reference, or one end of a queue.
    type Handle: Send + 'static;

    /// What it should do.
    fn spec(&self) -> Self::Spec;

    /// The roles of threads. One that all may have, unless overridden.
    fn roles(&self) -> Vec<Role> {
        vec![Role::shared("thread")]
    }

    /// Makes a new object and gives a handle for each lane, whose roles these are
    /// (as numbers into [`roles`](Subject::roles)).
    fn handles(&self, lanes: &[usize]) -> Vec<Self::Handle>;

    /// The operations that a thread with this role may call next. `fresh` is
    /// different for each call of a scenario: a value to push. How many operations
    /// there are must not depend on it.
    fn operations(&self, role: usize, fresh: u64) -> Vec<OpOf<Self>>;

    /// Calls `op` and gives its result.
    fn call(&self, handle: &mut Self::Handle, op: &OpOf<Self>) -> RetOf<Self>;
}

/// A thread of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lane<O> {
    /// Its role, as a number.
    pub role: usize,
    /// What it calls, in this order.
    pub ops: Vec<O>,
}

/// A small program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scenario<O> {
    /// What is called first, and with which lane's handle.
    pub init: Vec<(usize, O)>,
    /// The threads.
    pub lanes: Vec<Lane<O>>,
    /// What is called last, and with which lane's handle.
    pub post: Vec<(usize, O)>,
}

/// How large a scenario is: so many threads, calls of each, and calls before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) threads: usize,
    pub(crate) ops: usize,
    pub(crate) init: usize,
    pub(crate) post: usize,
}

impl<O: Clone> Scenario<O> {
    /// The scenario that the picks make. `None` if they make none, or one that
    /// is another one with two lanes exchanged.
    pub(crate) fn make<S>(subject: &S, size: Size, pick: &mut dyn FnMut(usize) -> usize) -> Option<Self>
    where
        S: Subject<Spec: Spec<Op = O>>,
    {
        let roles = subject.roles();
        let mut lanes: Vec<Lane<O>> = Vec::new();
        for _ in 0..size.threads {
            let least = lanes.last().map_or(0, |lane| lane.role + usize::from(roles[lane.role].exclusive));
            if least >= roles.len() {
                return None;
            }
            lanes.push(Lane { role: least + pick(roles.len() - least), ops: Vec::new() });
        }
        let mut fresh = 0;
        let mut next = |role: usize, pick: &mut dyn FnMut(usize) -> usize| {
            fresh += 1;
            let mut ops = subject.operations(role, fresh);
            let at = if ops.is_empty() { None } else { Some(pick(ops.len())) };
            at.map(|at| (at, ops.swap_remove(at)))
        };
        // Each role's first lane stands for all of them.
        let mut firsts: Vec<usize> = (0..lanes.len()).collect();
        firsts.dedup_by_key(|lane| lanes[*lane].role);
        let mut init = Vec::new();
        for _ in 0..size.init {
            let lane = firsts[pick(firsts.len())];
            init.push((lane, next(lanes[lane].role, pick)?.1));
        }
        let mut before: Option<(usize, Vec<usize>)> = None;
        for lane in &mut lanes {
            let mut picks = Vec::new();
            for _ in 0..size.ops {
                let (at, op) = next(lane.role, pick)?;
                picks.push(at);
                lane.ops.push(op);
            }
            if before.is_some_and(|(role, earlier)| role == lane.role && picks < earlier) {
                return None;
            }
            before = Some((lane.role, picks));
        }
        let mut post = Vec::new();
        for _ in 0..size.post {
            let lane = firsts[pick(firsts.len())];
            post.push((lane, next(lanes[lane].role, pick)?.1));
        }
        Some(Scenario { init, lanes, post })
    }

    /// How many calls it has.
    pub(crate) fn len(&self) -> usize {
        self.init.len() + self.post.len() + self.lanes.iter().map(|lane| lane.ops.len()).sum::<usize>()
    }

    /// It without its `nth` call.
    fn without(&self, nth: usize) -> Self {
        let mut smaller = self.clone();
        let mut at = nth;
        let lists = smaller.lanes.iter_mut().map(|lane| &mut lane.ops);
        for ops in lists {
            if at < ops.len() {
                ops.remove(at);
                return smaller;
            }
            at -= ops.len();
        }
        if at < smaller.init.len() {
            smaller.init.remove(at);
        } else {
            smaller.post.remove(at - self.init.len());
        }
        smaller
    }

    /// Simpler scenarios to try instead: a call less, a lane less, two calls less,
    /// or a call moved out of the threads.
    pub(crate) fn simpler(&self) -> Vec<Self> {
        let mut list: Vec<Self> = (0..self.len()).map(|nth| self.without(nth)).collect();
        for (number, lane) in self.lanes.iter().enumerate() {
            let used = self.init.iter().chain(&self.post).any(|(by, _)| *by == number);
            if lane.ops.is_empty() && !used && self.lanes.len() > 1 {
                let mut smaller = self.clone();
                smaller.lanes.remove(number);
                let later = smaller.init.iter_mut().chain(&mut smaller.post).filter(|(by, _)| *by > number);
                later.for_each(|(by, _)| *by -= 1);
                list.push(smaller);
            }
        }
        for first in 0..self.len() {
            let one = self.without(first);
            list.extend((first..one.len()).map(|second| one.without(second)));
        }
        for (number, lane) in self.lanes.iter().enumerate() {
            if let [first, ..] = &lane.ops[..] {
                let mut earlier = self.clone();
                earlier.init.push((number, first.clone()));
                earlier.lanes[number].ops.remove(0);
                list.push(earlier);
            }
            if let [.., last] = &lane.ops[..] {
                let mut later = self.clone();
                later.post.insert(0, (number, last.clone()));
                later.lanes[number].ops.pop();
                list.push(later);
            }
        }
        list
    }

    /// It as a table.
    pub(crate) fn show<S>(&self, subject: &S) -> String
    where
        S: Subject<Spec: Spec<Op = O>>,
    {
        let spec = subject.spec();
        let roles = subject.roles();
        let heads: Vec<String> = (0..self.lanes.len())
            .map(|lane| format!("process {lane} ({})", roles[self.lanes[lane].role].name))
            .collect();
        let mut rows: Vec<(&str, usize, String)> = Vec::new();
        rows.extend(self.init.iter().map(|(lane, op)| ("first", *lane, spec.show(op, None))));
        let longest = self.lanes.iter().map(|lane| lane.ops.len()).max().unwrap_or(0);
        let mut parallel = Vec::new();
        for nth in 0..longest {
            let cell = |lane: &Lane<O>| lane.ops.get(nth).map_or(String::new(), |op| spec.show(op, None));
            parallel.push(self.lanes.iter().map(cell).collect::<Vec<_>>());
        }
        let post = self.post.iter().map(|(lane, op)| ("last", *lane, spec.show(op, None)));
        table::scenario(&heads, &rows, &parallel, &post.collect::<Vec<_>>())
    }
}
