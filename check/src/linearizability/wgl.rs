//! The general check: a search for a linearization, with memory.
//!
//! # State
//!
//! A configuration is the set of calls put in order so far and the object's
//! state after them. The search extends it by a call that nothing still open
//! precedes, if the specification lets it give its result there. A
//! configuration that was left without success is never entered again: its
//! future depends on nothing else. Calls that are open for ever may be put in
//! order, but need not be.
//!
//! A set is kept as the first call that is missing, the few later ones that are
//! not, and the open ones taken: with few processes its size does not grow with
//! the history. This works for a partial order as well, where a call may come
//! next when all that precede it have come.
//!
//! # Cost
//!
//! At most one visit a configuration: exponential in the number of calls that
//! overlap and in that of open calls (the problem is NP-complete), linear in the
//! length of the history if both are bounded.
//!
//! # Source
//!
//! Wing and Gong, "Testing and verifying concurrent objects" (1993); Lowe,
//! "Testing for linearizability" (2017), for the memory; Horn and Kroening,
//! "Faster linearizability checking via P-compositionality" (2015), for the
//! partition, which is in [`crate::linearizability::check`].

use crate::linearizability::history::History;
use crate::linearizability::spec::Spec;
use std::collections::HashSet;
use std::rc::Rc;

/// What a search comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SearchResult {
    /// The calls in an order that explains their results.
    Linearization(Vec<usize>),
    /// There is none. This is the longest beginning of one, and the state after it.
    NoLinearization { prefix: Vec<usize>, state: String },
    /// The search visited as many configurations as it was allowed to.
    BudgetExhausted,
}

/// Calls put in order, and the state after them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Configuration<S> {
    /// The first completed call (as a rank) that is not in order yet.
    low: u32,
    /// Later completed calls that are, ascending.
    ahead: Vec<u32>,
    /// Open calls that are, ascending.
    open: Vec<u32>,
    state: S,
}

/// A configuration whose successors are being tried.
struct SearchFrame<S> {
    config: Rc<Configuration<S>>,
    node: usize,
    /// Calls to try next, the last one first.
    calls: Vec<NextCall>,
    /// States to try next.
    states: Vec<Rc<Configuration<S>>>,
    /// The call that leads to them.
    by: usize,
}

/// A call that may come next: its rank among the completed or the open calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NextCall {
    Completed(u32),
    Open(u32),
}

struct LinearizationSearch<'a, S: Spec> {
    spec: &'a S,
    history: &'a History<S::Op, S::Ret>,
    /// Completed calls by invocation.
    completed: Vec<usize>,
    /// Open calls by invocation.
    open: Vec<usize>,
    /// Whether the open calls wait, in [`OpenCalls`]'s sense.
    waiting: bool,
    /// The rank of each call in its list.
    rank: Vec<u32>,
    /// How each configuration was reached: its parent and the call.
    nodes: Vec<(usize, usize)>,
}

/// What the calls that are open have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenCalls {
    /// Anything, or nothing yet.
    Unknown,
    /// Nothing: they wait, and in the final state none of them can run.
    Waiting,
}

/// Searches for a linearization of `history`, through at most `budget` configurations.
pub(crate) fn search<S: Spec>(
    spec: &S,
    history: &History<S::Op, S::Ret>,
    open_calls: OpenCalls,
    budget: u64,
) -> SearchResult {
    let calls = history.calls();
    let by_invocation = |open: bool| {
        let mut list: Vec<usize> =
            (0..calls.len()).filter(|c| calls[*c].returned.is_none() == open).collect();
        list.sort_by_key(|c| calls[*c].invoked);
        list
    };
    let (completed, open) = (by_invocation(false), by_invocation(true));
    let mut rank = vec![0; calls.len()];
    for list in [&completed, &open] {
        list.iter().enumerate().for_each(|(at, call)| rank[*call] = at as u32);
    }
    let waiting = open_calls == OpenCalls::Waiting;
    LinearizationSearch { spec, history, completed, open, waiting, rank, nodes: vec![(0, 0)] }.run(budget)
}

impl<S: Spec> LinearizationSearch<'_, S> {
    fn run(mut self, budget: u64) -> SearchResult {
        let first =
            Rc::new(Configuration { low: 0, ahead: Vec::new(), open: Vec::new(), state: self.spec.init() });
        let mut seen = HashSet::from([Rc::clone(&first)]);
        let mut frames = vec![self.frame(first, 0)];
        let mut deepest = (0, 0, self.spec.init());
        while let Some(frame) = frames.last_mut() {
            if frame.config.low as usize == self.completed.len() && self.may_end(&frame.config.state) {
                let node = frame.node;
                return SearchResult::Linearization(self.path(node));
            }
            let Some(next) = frame.states.pop() else {
                match frame.calls.pop() {
                    Some(next) => self.enter(frame, next),
                    None => drop(frames.pop()),
                }
                continue;
            };
            if !seen.insert(Rc::clone(&next)) {
                continue;
            }
            if seen.len() as u64 > budget {
                return SearchResult::BudgetExhausted;
            }
            self.nodes.push((frame.node, frame.by));
            let node = self.nodes.len() - 1;
            let depth = next.low as usize + next.ahead.len();
            if depth > deepest.0 {
                deepest = (depth, node, next.state.clone());
            }
            frames.push(self.frame(next, node));
        }
        SearchResult::NoLinearization { prefix: self.path(deepest.1), state: format!("{:?}", deepest.2) }
    }

    /// Whether the open calls are as they should be in the final `state`.
    fn may_end(&self, state: &S::State) -> bool {
        let can_run =
            |call: &usize| !self.spec.successors(state, &self.history.calls()[*call].op, None).is_empty();
        !(self.waiting && self.open.iter().any(can_run))
    }

    /// The calls on the way to `node`.
    fn path(&self, mut node: usize) -> Vec<usize> {
        let mut path = Vec::new();
        while node != 0 {
            let (parent, call) = self.nodes[node];
            path.push(call);
            node = parent;
        }
        path.reverse();
        path
    }

    fn frame(&self, config: Rc<Configuration<S::State>>, node: usize) -> SearchFrame<S::State> {
        let calls = self.candidates(&config);
        SearchFrame { config, node, calls, states: Vec::new(), by: 0 }
    }

    /// Adds the states that the call `next` leads to.
    fn enter(&self, frame: &mut SearchFrame<S::State>, next: NextCall) {
        let config = &frame.config;
        let call = match next {
            NextCall::Completed(rank) => self.completed[rank as usize],
            NextCall::Open(rank) => self.open[rank as usize],
        };
        frame.by = call;
        let what = &self.history.calls()[call];
        for state in self.spec.successors(&config.state, &what.op, what.ret.as_ref()) {
            let mut after = Configuration {
                low: config.low,
                ahead: config.ahead.clone(),
                open: config.open.clone(),
                state,
            };
            match next {
                NextCall::Completed(rank) => after.put(rank),
                NextCall::Open(rank) => insert(&mut after.open, rank),
            }
            frame.states.push(Rc::new(after));
        }
    }

    /// The calls that nothing missing precedes, the most urgent last.
    fn candidates(&self, config: &Configuration<S::State>) -> Vec<NextCall> {
        let calls = self.history.calls();
        let mut next: Vec<u32> = Vec::new();
        // The first response among the missing calls: what is invoked later must wait.
        let mut first_end = u64::MAX;
        for rank in config.low..self.completed.len() as u32 {
            let call = self.completed[rank as usize];
            if self.history.is_real_time() && calls[call].invoked > first_end {
                break;
            }
            if !config.has(rank) {
                first_end = first_end.min(calls[call].end());
                if self.ready(config, call) {
                    next.push(rank);
                }
            }
        }
        if self.waiting {
            return next.into_iter().map(NextCall::Completed).collect();
        }
        next.sort_by_key(|rank| std::cmp::Reverse(calls[self.completed[*rank as usize]].end()));
        let open = (0..self.open.len() as u32).rev().filter(|rank| config.open.binary_search(rank).is_err());
        let may_come = |rank: &u32| {
            let call = self.open[*rank as usize];
            let early = calls[call].invoked < first_end || !self.history.is_real_time();
            early && self.ready(config, call)
        };
        let open = open.filter(may_come).map(NextCall::Open);
        open.chain(next.into_iter().map(NextCall::Completed)).collect()
    }

    /// Whether all that precede `call` in the history's partial order have come.
    fn ready(&self, config: &Configuration<S::State>, call: usize) -> bool {
        let Some(before) = self.history.before() else {
            return true;
        };
        before[call].iter().all(|earlier| match self.history.calls()[*earlier].returned {
            Some(_) => config.has(self.rank[*earlier]),
            // A call that never returned precedes nothing.
            None => true,
        })
    }
}

impl<S> Configuration<S> {
    fn has(&self, rank: u32) -> bool {
        rank < self.low || self.ahead.binary_search(&rank).is_ok()
    }

    /// Takes in the completed call `rank`.
    fn put(&mut self, rank: u32) {
        if rank != self.low {
            insert(&mut self.ahead, rank);
            return;
        }
        self.low += 1;
        let run = self.ahead.iter().zip(self.low..).take_while(|(ahead, next)| **ahead == *next).count();
        self.ahead.drain(..run);
        self.low += run as u32;
    }
}

fn insert(list: &mut Vec<u32>, rank: u32) {
    if let Err(at) = list.binary_search(&rank) {
        list.insert(at, rank);
    }
}
