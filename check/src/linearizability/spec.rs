//! What an object should do: a sequential state, its operations, their results.

use crate::linearizability::history::{Call, History, Value};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A sequential specification.
///
/// The state is what the object holds, the operations change it one at a time.
/// Only [`init`](Spec::init) and [`apply`](Spec::apply) are needed; the rest
/// makes checks faster and counterexamples shorter.
///
/// ```
/// use ringwright_check::linearize::{Recorder, Spec, check};
///
/// /// Hands out 0, 1, 2 …
/// struct Tickets;
///
/// impl Spec for Tickets {
///     type State = u32;
///     type Op = ();
///     type Ret = u32;
///     fn init(&self) -> u32 {
///         0
///     }
///     fn apply(&self, next: &mut u32, _: &()) -> Option<u32> {
///         *next += 1;
///         Some(*next - 1)
///     }
/// }
///
/// let mut twice = Recorder::new();
/// let (a, b) = (twice.invoke(0, ()), twice.invoke(1, ()));
/// twice.ok(a, 0);
/// twice.ok(b, 0);
/// assert!(!check(&Tickets, &twice.finish()).is_linearizable());
/// ```
pub trait Spec {
    /// The state.
    type State: Value;
    /// An operation with its arguments.
    type Op: Value;
    /// A result.
    type Ret: Value;

    /// The state in which every history begins.
    fn init(&self) -> Self::State;

    /// Runs `op` in `state` and gives its result. `None` if it cannot run in
    /// this state, because it waits for another one; `state` is then as it was.
    fn apply(&self, state: &mut Self::State, op: &Self::Op) -> Option<Self::Ret>;

    /// The states that `op` may leave if it gives `ret` (whatever it gives, if
    /// that is `None`). To be overridden by a specification with a choice.
    fn successors(&self, state: &Self::State, op: &Self::Op, ret: Option<&Self::Ret>) -> Vec<Self::State> {
        run(self, state, op, ret)
    }

    /// The [`successors`](Spec::successors) of a state that nobody needs any more.
    /// To be overridden where a state is long, and can be changed in place.
    fn successors_owned(
        &self,
        state: Self::State,
        op: &Self::Op,
        ret: Option<&Self::Ret>,
    ) -> Vec<Self::State> {
        self.successors(&state, op, ret)
    }

    /// Which part of the object `op` is about. Operations of different parts
    /// do not notice each other, so each part is checked alone. Parts that
    /// share a number by accident cost time and nothing else.
    fn part(&self, op: &Self::Op) -> u64 {
        let _ = op;
        0
    }

    /// A faster check, for a history in real time that suits it.
    fn monitor(&self, history: &History<Self::Op, Self::Ret>) -> Monitored {
        let _ = history;
        Monitored::Unsuited
    }

    /// Sets of calls each of which can be left out of any linearizable history
    /// of this kind and leaves a linearizable one. What is left of a history
    /// without them convicts it, so counterexamples get short.
    fn droppable(&self, calls: &[Call<Self::Op, Self::Ret>]) -> Vec<Vec<usize>> {
        let _ = calls;
        Vec::new()
    }

    /// A call as a table shows it. `ret` is `None` before the response.
    fn show(&self, op: &Self::Op, ret: Option<&Self::Ret>) -> String {
        match ret {
            Some(ret) => format!("{op:?} = {ret:?}"),
            None => format!("{op:?}"),
        }
    }
}

/// What a [`Spec::monitor`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Monitored {
    /// This history needs the general search.
    Unsuited,
    /// It is linearizable.
    Linearizable,
    /// It is not.
    Violation(Violation),
}

/// Why a history is not linearizable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What is wrong, in a sentence.
    pub why: String,
    /// Calls that suffice to show it, ascending, each once.
    pub calls: Vec<usize>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not linearizable: {}", self.why)
    }
}

impl Violation {
    /// What is wrong, and calls that show it, in any order.
    pub fn new(why: impl Into<String>, mut calls: Vec<usize>) -> Self {
        calls.sort_unstable();
        calls.dedup();
        Violation { why: why.into(), calls }
    }
}

impl From<Violation> for Monitored {
    fn from(violation: Violation) -> Self {
        Monitored::Violation(violation)
    }
}

/// A number for a part, from whatever names it.
pub(crate) fn part_of(name: &(impl Hash + fmt::Debug)) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// One step of a specification without choices.
pub(crate) fn run<S: Spec + ?Sized>(
    spec: &S,
    state: &S::State,
    op: &S::Op,
    ret: Option<&S::Ret>,
) -> Vec<S::State> {
    run_in(spec, state.clone(), op, ret)
}

/// [`run`] in place.
pub(crate) fn run_in<S: Spec + ?Sized>(
    spec: &S,
    mut next: S::State,
    op: &S::Op,
    ret: Option<&S::Ret>,
) -> Vec<S::State> {
    let fits = spec.apply(&mut next, op).is_some_and(|given| ret.is_none_or(|ret| *ret == given));
    if fits { vec![next] } else { Vec::new() }
}
