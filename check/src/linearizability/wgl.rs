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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linearizability::buffer::{BufferOp, BufferRet};
    use crate::linearizability::history::Call;
    use crate::linearizability::queue::Queue;

    type Answer = (BufferOp<u8>, Option<BufferRet<u8>>);
    type QueueHistory = History<BufferOp<u8>, BufferRet<u8>>;

    /// Operations of a queue with room for one, and what they may come back with.
    const ANSWERS: [Answer; 7] = [
        (BufferOp::Push(1), Some(BufferRet::Pushed)),
        (BufferOp::Push(2), Some(BufferRet::Full)),
        (BufferOp::Pop, Some(BufferRet::Popped(1))),
        (BufferOp::Pop, Some(BufferRet::Empty)),
        (BufferOp::Push(1), None),
        (BufferOp::Recv, None),
        (BufferOp::Send(2), None),
    ];

    /// Invocations and responses of three calls: one after the other, all at once, and between.
    const SPANS: [[(u64, u64); 3]; 4] = [
        [(1, 2), (3, 4), (5, 6)],
        [(1, 4), (2, 5), (3, 6)],
        [(1, 3), (2, 5), (4, 6)],
        [(1, 6), (2, 3), (4, 5)],
    ];

    /// What precedes what, for three calls in a partial order.
    const ORDERS: [[&[usize]; 3]; 3] = [[&[], &[], &[]], [&[], &[], &[0]], [&[1, 2], &[], &[1]]];

    fn calls(which: usize, spans: [(u64, u64); 3]) -> Vec<Call<BufferOp<u8>, BufferRet<u8>>> {
        let picks = [which % 7, which / 7 % 7, which / 49];
        let call = |(process, (pick, span)): (usize, (usize, (u64, u64)))| {
            let (op, ret) = ANSWERS[pick].clone();
            let returned = ret.is_some().then_some(span.1);
            Call { process, op, ret, invoked: span.0, returned }
        };
        picks.into_iter().zip(spans).enumerate().map(call).collect()
    }

    /// All histories of three calls with these answers.
    fn histories() -> impl Iterator<Item = QueueHistory> {
        let real_time = SPANS
            .into_iter()
            .flat_map(|spans| (0..343).map(move |which| History::real_time(calls(which, spans))));
        let partial = ORDERS.into_iter().flat_map(|order| {
            let order: Vec<Vec<usize>> = order.iter().map(|earlier| earlier.to_vec()).collect();
            (0..343).map(move |which| History::partial(calls(which, SPANS[0]), order.clone()))
        });
        real_time.chain(partial)
    }

    fn precedes(history: &QueueHistory, a: usize, b: usize) -> bool {
        let (first, second) = (&history.calls()[a], &history.calls()[b]);
        match history.before() {
            Some(before) => first.returned.is_some() && before[b].contains(&a),
            None => first.returned.is_some_and(|returned| returned < second.invoked),
        }
    }

    /// Tries every order, and remembers nothing.
    fn has_order(
        spec: &Queue<u8>,
        history: &QueueHistory,
        done: &[usize],
        state: &State,
        open: OpenCalls,
    ) -> bool {
        let calls = history.calls();
        let missing: Vec<usize> = (0..calls.len()).filter(|call| !done.contains(call)).collect();
        let waits = |call: &usize| spec.successors(state, &calls[*call].op, None).is_empty();
        let is_open = |call: &usize| calls[*call].returned.is_none();
        if missing.iter().all(is_open) && (open == OpenCalls::Unknown || missing.iter().all(waits)) {
            return true;
        }
        missing.iter().any(|call| {
            let first = missing.iter().all(|other| !precedes(history, *other, *call));
            let may = first && !(is_open(call) && open == OpenCalls::Waiting);
            let states = spec.successors(state, &calls[*call].op, calls[*call].ret.as_ref());
            let done = [done, &[*call]].concat();
            may && states.iter().any(|state| has_order(spec, history, &done, state, open))
        })
    }

    type State = <Queue<u8> as Spec>::State;

    #[test]
    fn the_search_finds_an_order_exactly_where_there_is_one() {
        let spec = Queue::bounded(1);
        let (mut some, mut none) = (0, 0);
        for history in histories() {
            for open in [OpenCalls::Unknown, OpenCalls::Waiting] {
                let expected = has_order(&spec, &history, &[], &spec.init(), open);
                match search(&spec, &history, open, u64::MAX) {
                    SearchResult::Linearization(order) => {
                        assert!(expected, "{open:?}: {history:#?}");
                        let mut states = vec![spec.init()];
                        for (at, call) in order.iter().enumerate() {
                            let what = &history.calls()[*call];
                            assert!(order[at..].iter().all(|later| !precedes(&history, *later, *call)));
                            let next = |state| spec.successors(state, &what.op, what.ret.as_ref());
                            states = states.iter().flat_map(next).collect();
                        }
                        assert!(!states.is_empty(), "{order:?} is none: {history:#?}");
                        some += 1;
                    }
                    result @ SearchResult::NoLinearization { .. } => {
                        assert!(!expected, "{open:?}, {result:?}: {history:#?}");
                        none += 1;
                    }
                    SearchResult::BudgetExhausted => panic!("there is no budget"),
                }
            }
        }
        assert!(some > 500 && none > 500, "{some} with an order, {none} without");
    }

    #[test]
    fn the_longest_beginning_is_shown_with_its_state() {
        // push(1) = ok, push(2) = full, pop() = empty, one after the other.
        let history = History::real_time(calls(7 + 3 * 49, SPANS[0]));
        let result = search(&Queue::bounded(1), &history, OpenCalls::Unknown, u64::MAX);
        let expected = SearchResult::NoLinearization { prefix: vec![0, 1], state: "[1]".into() };
        assert_eq!(result, expected);
        let result = search(&Queue::bounded(1), &history, OpenCalls::Unknown, 1);
        assert_eq!(result, SearchResult::BudgetExhausted);
    }
}
