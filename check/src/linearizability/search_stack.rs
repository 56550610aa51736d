//! The way from the first configuration of a search to the present one, in a bounded number of bytes.
//!
//! Each configuration on the way whose other calls are still to be tried has a frame.
//! States may be long, and ways as well, so a frame need not keep its state: where
//! they all would take too much, most are dropped, and computed again from the
//! nearest one below when the search comes back. A state that one of several
//! results of a call led to cannot be computed again, and stays.

use crate::linearizability::brief;
use crate::linearizability::call_set::{CallSet, NextCall};
use crate::linearizability::history::History;
use crate::linearizability::spec::Spec;
use crate::linearizability::visited::StateWeight;

/// States that are followed to show the one that a search got to.
const SHOWN: usize = 64;
/// Bytes of a frame apart from its state and lists.
const FRAME: usize = 200;

/// A configuration whose successors are being tried.
pub(crate) struct Frame<S> {
    /// The calls put in order.
    pub(crate) calls: CallSet,
    /// The state after them, if it is kept.
    pub(crate) state: Option<S>,
    /// What the state takes.
    pub(crate) bytes: usize,
    /// Whether it is one of several that a call may leave.
    pub(crate) chosen: bool,
    /// How many calls lead to it.
    pub(crate) depth: usize,
    /// Calls to try next, the last one first.
    pub(crate) next: Vec<NextCall>,
    /// Whether there was only one.
    pub(crate) only: bool,
    /// States to try next, the last one first, and the call that leads to them.
    pub(crate) states: Vec<S>,
    pub(crate) by: (usize, NextCall),
    /// Whether there were several.
    pub(crate) several: bool,
}

impl<S> Frame<S> {
    /// Whether everything that follows it has been tried, or is about to be.
    pub(crate) fn is_spent(&self) -> bool {
        self.next.is_empty() && self.states.is_empty()
    }

    fn lists(&self) -> usize {
        FRAME + self.calls.bytes() + size_of::<NextCall>() * self.next.capacity()
    }
}

/// The way to the present configuration.
pub(crate) struct SearchStack<'a, S: Spec> {
    spec: &'a S,
    history: &'a History<S::Op, S::Ret>,
    frames: Vec<Frame<S::State>>,
    /// The calls put in order on the way.
    path: Vec<usize>,
    /// What the frames take, by estimate, and may take.
    bytes: usize,
    limit: usize,
    longest: LongestWay,
}

/// The way that put most completed calls in order.
#[derive(Default)]
struct LongestWay {
    completed: usize,
    /// Its length, if it is a beginning of the present path and not copied yet.
    pending: Option<usize>,
    copy: Vec<usize>,
    /// So many calls of `copy` are those of the present path.
    common: usize,
}

impl LongestWay {
    fn copy_from(&mut self, path: &[usize]) {
        if let Some(len) = self.pending.take() {
            self.copy.truncate(self.common);
            self.copy.extend(&path[self.common..len]);
            self.common = len;
        }
    }
}

impl<'a, S: Spec> SearchStack<'a, S> {
    pub(crate) fn new(spec: &'a S, history: &'a History<S::Op, S::Ret>, limit: usize) -> Self {
        SearchStack {
            spec,
            history,
            frames: Vec::new(),
            path: Vec::new(),
            bytes: 0,
            limit,
            longest: LongestWay::default(),
        }
    }

    pub(crate) fn top(&mut self) -> Option<&mut Frame<S::State>> {
        self.frames.last_mut()
    }

    /// The calls put in order.
    pub(crate) fn path(&self) -> &[usize] {
        &self.path
    }

    /// Adds a frame. `false`: the frames take too many bytes whatever is dropped.
    pub(crate) fn push(&mut self, frame: Frame<S::State>) -> bool {
        self.bytes += frame.bytes + frame.lists();
        self.frames.push(frame);
        self.bytes <= self.limit || self.drop_states()
    }

    pub(crate) fn pop(&mut self) -> Option<Frame<S::State>> {
        let frame = self.frames.pop()?;
        self.bytes -= frame.bytes + frame.lists();
        Some(frame)
    }

    /// Goes back to the first `depth` calls of the path, and on by `call`.
    pub(crate) fn follow(&mut self, depth: usize, call: usize) {
        if self.longest.pending.is_some_and(|len| len > depth) {
            self.longest.copy_from(&self.path);
        }
        self.longest.common = self.longest.common.min(depth);
        self.path.truncate(depth);
        self.path.push(call);
    }

    /// So many completed calls are in order now.
    pub(crate) fn note_completed(&mut self, completed: usize) {
        if completed > self.longest.completed {
            self.longest.completed = completed;
            self.longest.pending = Some(self.path.len());
        }
    }

    /// The most completed calls that were in order.
    pub(crate) fn most_completed(&self) -> usize {
        self.longest.completed
    }

    /// The calls of the way that put most completed calls in order, and the state after them.
    pub(crate) fn into_longest(mut self) -> (Vec<usize>, String) {
        self.longest.copy_from(&self.path);
        let mut states = vec![self.spec.init()];
        for call in &self.longest.copy {
            let what = &self.history.calls()[*call];
            let next = |state| self.spec.successors_owned(state, &what.op, what.ret.as_ref());
            let mut after: Vec<S::State> = Vec::new();
            for state in states.into_iter().flat_map(next) {
                if after.len() < SHOWN && !after.contains(&state) {
                    after.push(state);
                }
            }
            states = after;
        }
        let state = states.first().map_or(String::new(), |state| brief::call(format!("{state:?}")));
        (self.longest.copy, state)
    }

    /// The states that the call `next` leads to from the top frame's.
    pub(crate) fn successors(&mut self, (call, next): (usize, NextCall)) {
        let top = self.frames.len() - 1;
        if self.frames[top].state.is_none() {
            self.restore(top);
        }
        let (spec, what) = (self.spec, &self.history.calls()[call]);
        let frame = &mut self.frames[top];
        let states = match frame.next.is_empty() {
            // Nobody comes back to it.
            true => {
                self.bytes -= std::mem::take(&mut frame.bytes);
                let state = frame.state.take();
                state.map(|state| spec.successors_owned(state, &what.op, what.ret.as_ref()))
            }
            false => frame.state.as_ref().map(|state| spec.successors(state, &what.op, what.ret.as_ref())),
        };
        frame.states = states.unwrap_or_default();
        frame.several = frame.states.len() > 1;
        frame.by = (call, next);
    }

    /// Computes the state of a frame again; keeps some on the way, ever closer ones.
    fn restore(&mut self, at: usize) {
        let below = (0..at).rev().find(|below| self.frames[*below].state.is_some());
        let (first, mut depth, mut state) = match below {
            Some(below) => (below + 1, self.frames[below].depth, self.frames[below].state.clone()),
            None => (0, 0, Some(self.spec.init())),
        };
        for place in first..=at {
            for call in &self.path[depth..self.frames[place].depth] {
                let what = &self.history.calls()[*call];
                let step = |state| self.spec.successors_owned(state, &what.op, what.ret.as_ref()).pop();
                state = state.and_then(step);
            }
            depth = self.frames[place].depth;
            if (at - place).is_power_of_two() || place == at {
                let bytes = state.as_ref().map_or(0, |state| StateWeight::of(state).bytes);
                self.bytes += bytes;
                self.frames[place].bytes = bytes;
                self.frames[place].state.clone_from(&state);
            }
        }
    }

    /// Drops states, every second one first. `false`: the frames take too many bytes all the same.
    fn drop_states(&mut self) -> bool {
        let (top, mut spacing) = (self.frames.len() - 1, 1);
        while self.bytes > self.limit / 2 && spacing <= top {
            spacing *= 2;
            for (place, frame) in self.frames.iter_mut().enumerate() {
                if place % spacing != 0 && place != top && !frame.chosen {
                    frame.state = None;
                    self.bytes -= std::mem::take(&mut frame.bytes);
                }
            }
        }
        // A little room is left, or this would be done again at each step.
        self.bytes <= self.limit / 4 * 3
    }
}
