//! The general check: a search for a linearization, with memory.
//!
//! # State
//!
//! A configuration is the set of calls put in order so far and the object's
//! state after them. The search extends it by a call that nothing still open
//! precedes, if the specification lets it give its result there. A
//! configuration that was left without success is not entered again: its
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
//! Exponential in the number of calls that overlap and in that of open calls
//! (the problem is NP-complete), linear in the length of the history if both are
//! bounded. The bytes are bounded: see [`visited`](crate::linearizability::visited) for the
//! configurations that were left, [`search_stack`](crate::linearizability::search_stack) for those on the way. Where
//! only one call can come next the state is changed in place, and only now and
//! then remembered, so calls one after the other cost what they cost the object.
//!
//! # Source
//!
//! Wing and Gong, "Testing and verifying concurrent objects" (1993); Lowe,
//! "Testing for linearizability" (2017), for the memory; Horn and Kroening,
//! "Faster linearizability checking via P-compositionality" (2015), for the
//! partition, which is in [`crate::linearizability::check`].

use crate::linearizability::call_set::{CallSet, NextCall};
use crate::linearizability::history::History;
use crate::linearizability::search_stack::{Frame, SearchStack};
use crate::linearizability::spec::Spec;
use crate::linearizability::visited::{StateWeight, Visited};

/// Bytes for the configurations that were left, by estimate.
const VISITED: usize = 384 << 20;
/// Bytes for the way to the present one, by estimate.
const WAY: usize = 128 << 20;
/// Of configurations in a row that one call alone leads out of, one in so many is remembered.
const STRIDE: usize = 256;

/// What a search comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SearchResult {
    /// The calls in an order that explains their results.
    Linearization(Vec<usize>),
    /// There is none. This is the longest beginning of one, and the state after it.
    NoLinearization { prefix: Vec<usize>, state: String },
    /// The search visited as many configurations as it was allowed to, or the
    /// way to one took too many bytes. At best it had so many completed calls in order.
    GaveUp { completed: usize },
}

/// What a search comes to, and what it cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Searched {
    pub(crate) result: SearchResult,
    /// The configurations that it visited.
    pub(crate) visited: u64,
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
    seen: Visited<S::State>,
    stack: SearchStack<'a, S>,
    visited: u64,
    budget: u64,
}

/// What the calls that are open have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenCalls {
    /// Anything, or nothing yet.
    Unknown,
    /// Nothing: they wait, and in the final state none of them can run.
    Waiting,
}

/// A configuration that the search has come to.
struct Arrival<S> {
    calls: CallSet,
    state: S,
    /// Whether the state is one of several that cannot be told apart by the calls.
    chosen: bool,
    /// Whether the configuration before had this successor alone.
    only: bool,
}

/// Searches for a linearization of `history`, through at most `budget` configurations.
pub(crate) fn search<S: Spec>(
    spec: &S,
    history: &History<S::Op, S::Ret>,
    open_calls: OpenCalls,
    budget: u64,
) -> Searched {
    search_in(spec, history, open_calls, budget, (VISITED, WAY))
}

fn search_in<S: Spec>(
    spec: &S,
    history: &History<S::Op, S::Ret>,
    open_calls: OpenCalls,
    budget: u64,
    bytes: (usize, usize),
) -> Searched {
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
    let search = LinearizationSearch {
        spec,
        history,
        completed,
        open,
        waiting: open_calls == OpenCalls::Waiting,
        rank,
        seen: Visited::new(bytes.0),
        stack: SearchStack::new(spec, history, bytes.1),
        visited: 0,
        budget,
    };
    search.run()
}

impl<S: Spec> LinearizationSearch<'_, S> {
    fn run(mut self) -> Searched {
        let first =
            Arrival { calls: CallSet::default(), state: self.spec.init(), chosen: false, only: false };
        let mut ended = self.arrive(first);
        while ended.is_none() {
            let Some(top) = self.stack.top() else { break };
            if let Some(state) = top.states.pop() {
                let (call, next) = top.by;
                let mut calls = top.calls.clone();
                calls.put(next);
                let (depth, spent) = (top.depth, top.is_spent());
                let chosen = top.several || spent && top.chosen;
                let only = top.only && !top.several;
                if spent {
                    self.stack.pop();
                }
                self.stack.follow(depth, call);
                ended = self.arrive(Arrival { calls, state, chosen, only });
            } else if let Some(next) = top.next.pop() {
                let call = match next {
                    NextCall::Completed(rank) => self.completed[rank as usize],
                    NextCall::Open(rank) => self.open[rank as usize],
                };
                self.stack.successors((call, next));
            } else {
                self.stack.pop();
            }
        }
        let visited = self.visited;
        Searched {
            result: ended.unwrap_or_else(|| {
                let (prefix, state) = self.stack.into_longest();
                SearchResult::NoLinearization { prefix, state }
            }),
            visited,
        }
    }

    /// Comes to a configuration. `Some`: the search is over.
    fn arrive(&mut self, at: Arrival<S::State>) -> Option<SearchResult> {
        let next = self.candidates(&at.calls);
        let (depth, only) = (self.stack.path().len(), next.len() == 1);
        // Without candidates there is nothing to be spared.
        let remembered = next.len() > 1 || only && (!at.only || depth.is_multiple_of(STRIDE));
        let mut bytes = 0;
        if remembered {
            let weight = StateWeight::of(&at.state);
            if !self.seen.insert(&at.calls, &at.state, weight) {
                return None;
            }
            bytes = weight.bytes;
        }
        self.visited += 1;
        if self.visited > self.budget {
            return Some(self.gave_up());
        }
        self.stack.note_completed(at.calls.completed());
        if at.calls.low as usize == self.completed.len() && self.may_end(&at.state) {
            return Some(SearchResult::Linearization(self.stack.path().to_vec()));
        }
        let Arrival { calls, state, chosen, .. } = at;
        let by = (0, NextCall::Completed(0));
        let state = Some(state);
        let frame =
            Frame { calls, state, bytes, chosen, depth, next, only, states: Vec::new(), by, several: false };
        (!self.stack.push(frame)).then(|| self.gave_up())
    }

    fn gave_up(&self) -> SearchResult {
        SearchResult::GaveUp { completed: self.stack.most_completed() }
    }

    /// Whether the open calls are as they should be in the final `state`.
    fn may_end(&self, state: &S::State) -> bool {
        let can_run =
            |call: &usize| !self.spec.successors(state, &self.history.calls()[*call].op, None).is_empty();
        !(self.waiting && self.open.iter().any(can_run))
    }

    /// The calls that nothing missing precedes, the most urgent last.
    fn candidates(&self, set: &CallSet) -> Vec<NextCall> {
        let calls = self.history.calls();
        let mut next: Vec<u32> = Vec::new();
        // The first response among the missing calls: what is invoked later must wait.
        let mut first_end = u64::MAX;
        for rank in set.low..self.completed.len() as u32 {
            let call = self.completed[rank as usize];
            if self.history.is_real_time() && calls[call].invoked > first_end {
                break;
            }
            if !set.has(rank) {
                first_end = first_end.min(calls[call].end());
                if self.ready(set, call) {
                    next.push(rank);
                }
            }
        }
        if self.waiting {
            return next.into_iter().map(NextCall::Completed).collect();
        }
        next.sort_by_key(|rank| std::cmp::Reverse(calls[self.completed[*rank as usize]].end()));
        let open = (0..self.open.len() as u32).rev().filter(|rank| !set.has_open(*rank));
        let may_come = |rank: &u32| {
            let call = self.open[*rank as usize];
            let early = calls[call].invoked < first_end || !self.history.is_real_time();
            early && self.ready(set, call)
        };
        let open = open.filter(may_come).map(NextCall::Open);
        open.chain(next.into_iter().map(NextCall::Completed)).collect()
    }

    /// Whether all that precede `call` in the history's partial order have come.
    fn ready(&self, set: &CallSet, call: usize) -> bool {
        let Some(before) = self.history.before() else {
            return true;
        };
        before[call].iter().all(|earlier| match self.history.calls()[*earlier].returned {
            Some(_) => set.has(self.rank[*earlier]),
            // A call that never returned precedes nothing.
            None => true,
        })
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
                match search(&spec, &history, open, u64::MAX).result {
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
                    SearchResult::GaveUp { .. } => panic!("there is no budget"),
                }
            }
        }
        assert!(some > 500 && none > 500, "{some} with an order, {none} without");
    }

    /// A queue whose state is long.
    struct Padded;

    impl Spec for Padded {
        type State = (Vec<u64>, State);
        type Op = BufferOp<u8>;
        type Ret = BufferRet<u8>;

        fn init(&self) -> Self::State {
            (vec![0; 500], State::new())
        }

        fn apply(&self, state: &mut Self::State, op: &BufferOp<u8>) -> Option<BufferRet<u8>> {
            let ret = Queue::bounded(1).apply(&mut state.1, op)?;
            state.0[0] += 1;
            Some(ret)
        }
    }

    #[test]
    fn states_that_were_dropped_or_forgotten_change_no_verdict() {
        let long = StateWeight::of(&Padded.init()).bytes;
        // Room for two states and a few frames on the way, and for less than that behind it.
        let bytes = (3 * long, 3 * long - long / 10);
        for history in histories() {
            let ample = search(&Padded, &history, OpenCalls::Unknown, u64::MAX).result;
            let small = search_in(&Padded, &history, OpenCalls::Unknown, u64::MAX, bytes).result;
            assert_eq!(small, ample, "{history:#?}");
        }
        let wide: Vec<_> = (0..9)
            .map(|process| {
                let (op, ret) = if process < 5 {
                    (BufferOp::Push(process), BufferRet::Pushed)
                } else {
                    (BufferOp::Pop, BufferRet::Popped(process - 4))
                };
                let process = u64::from(process);
                let (invoked, returned) = (1 + process, Some(100 - process));
                Call { process: 0, op, ret: Some(ret), invoked, returned }
            })
            .collect();
        // Four states of ten on the way, and 0 stays inside, so its push comes last.
        let bytes = (8 * long, 5 * long);
        let history = History::real_time(wide);
        let result = search_in(&Padded, &history, OpenCalls::Unknown, u64::MAX, bytes).result;
        assert!(
            matches!(&result, SearchResult::Linearization(order) if order.last() == Some(&0)),
            "{result:?}"
        );
        // A way that has no room whatever is dropped.
        let result = search_in(&Padded, &history, OpenCalls::Unknown, u64::MAX, (8 * long, long)).result;
        assert!(matches!(result, SearchResult::GaveUp { .. }), "{result:?}");
    }

    #[test]
    fn the_longest_beginning_is_shown_with_its_state() {
        // push(1) = ok, push(2) = full, pop() = empty, one after the other.
        let history = History::real_time(calls(7 + 3 * 49, SPANS[0]));
        let searched = search(&Queue::bounded(1), &history, OpenCalls::Unknown, u64::MAX);
        let expected = SearchResult::NoLinearization { prefix: vec![0, 1], state: "[1]".into() };
        assert_eq!(searched, Searched { result: expected, visited: 3 });
        let result = search(&Queue::bounded(1), &history, OpenCalls::Unknown, 1).result;
        assert_eq!(result, SearchResult::GaveUp { completed: 0 });
        let result = search(&Queue::bounded(1), &history, OpenCalls::Unknown, 2).result;
        assert_eq!(result, SearchResult::GaveUp { completed: 1 });
    }
}
