//! What the clients of a replicated object saw, and whether one object could have shown it.
//!
//! Clients tell a [`ClientHistory`] when they invoke an operation and what came
//! back. At the end of the execution the history must be linearizable
//! ([`linearize`](crate::linearize)): there is an order of the operations, within
//! the times that each was under way, in which a sequential object gives all of
//! these results. An operation that was refused has not happened; one whose
//! result is unknown may have happened at any time after its invocation, or not
//! at all.

use crate::linearizability::check::{BUDGET, Linearizability, check_within};
use crate::linearizability::history::{Call, CallId, Recorder};
use crate::linearizability::spec::Spec;
use crate::report::data::Limit;
use crate::report::words::count;
use crate::sim::client_result::ClientResult;
use crate::sim::node::Node;
use crate::sim::world::World;
use std::cell::RefCell;
use std::fmt::{self, Debug};
use std::rc::Rc;

/// Operations that the report of a violation lists, at most.
const LISTED: usize = 32;

/// A history of the operations on one object, judged at the end of the execution.
///
/// The object is a [`Spec`]: a [`Register`](crate::linearize::Register), a
/// [`KeyValue`](crate::sim::KeyValue) or whatever else is specified.
pub struct ClientHistory<S: Spec> {
    world: World,
    recorder: Rc<RefCell<Recorder<S::Op, S::Ret>>>,
}

impl<S: Spec + 'static> ClientHistory<S> {
    /// A history that must be linearizable as `spec` says.
    #[track_caller]
    pub fn linearizable(world: &World, spec: S) -> Self {
        Self::linearizable_within(world, spec, BUDGET)
    }

    /// [`linearizable`](Self::linearizable) with a number of configurations of
    /// your own: a search through more of them gives up, which is a limit hit and
    /// not a pass.
    #[track_caller]
    pub fn linearizable_within(world: &World, spec: S, budget: u64) -> Self {
        let history = ClientHistory { world: world.clone(), recorder: Rc::default() };
        let judged = history.clone();
        world.check_at_end(move || judged.judge(&spec, budget));
        history
    }

    /// A client invokes an operation. It is under way until the returned handle
    /// says how it ended; if that is dropped, as in a crash, that is unknown.
    #[track_caller]
    pub fn invoke(&self, client: Node, op: S::Op) -> ClientCall<S> {
        self.world.note(client, format_args!("invoke {op:?}"));
        let id = self.recorder.borrow_mut().invoke(client.0, op);
        ClientCall { history: self.clone(), id, client }
    }

    /// Whether the object could have shown this.
    fn judge(&self, spec: &S, budget: u64) -> Result<(), String> {
        let history = self.recorder.borrow().clone().finish();
        match check_within(spec, &history, budget) {
            Linearizability::Linearizable => Ok(()),
            Linearizability::NotLinearizable(violation) => {
                let calls = violation.calls.iter().map(|call| &history.calls()[*call]);
                Err(self.violation(calls))
            }
            Linearizability::GaveUp(undecided) => {
                let configurations = undecided.configurations;
                let why = format!(
                    "the order of a history was searched through {}",
                    count(configurations, "configuration")
                );
                self.world.stop_at(Limit::Engine(why));
                Ok(())
            }
        }
    }

    fn violation<'a>(&self, calls: impl ExactSizeIterator<Item = &'a Call<S::Op, S::Ret>>) -> String
    where
        S: 'a,
    {
        let earlier = calls.len().saturating_sub(LISTED);
        let mut lines: Vec<String> = Vec::new();
        if earlier > 0 {
            lines.push(format!("{earlier} before"));
        }
        lines.extend(calls.skip(earlier).map(|call| self.line(call)));
        format!("no order of these explains all results: {}", lines.join("; "))
    }

    fn line(&self, call: &Call<S::Op, S::Ret>) -> String {
        let end = match (&call.ret, call.returned) {
            (Some(ret), _) => format!("{ret:?}"),
            (None, Some(_)) => "ok".to_owned(),
            (None, None) => "unknown".to_owned(),
        };
        format!("{} {:?} -> {end}", self.world.name(Node(call.process)), call.op)
    }
}

impl<S: Spec> Clone for ClientHistory<S> {
    fn clone(&self) -> Self {
        ClientHistory { world: self.world.clone(), recorder: Rc::clone(&self.recorder) }
    }
}

impl<S: Spec> Debug for ClientHistory<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHistory").finish_non_exhaustive()
    }
}

/// An operation that is under way.
#[must_use = "an operation that nobody ends may or may not have happened"]
pub struct ClientCall<S: Spec> {
    history: ClientHistory<S>,
    id: CallId,
    client: Node,
}

impl<S: Spec + 'static> ClientCall<S> {
    /// It ended, with this result for all that the client knows.
    #[track_caller]
    pub fn end<E: Debug>(self, result: ClientResult<S::Ret, E>) {
        self.history.world.note(self.client, format_args!("gets {result:?}"));
        let mut recorder = self.history.recorder.borrow_mut();
        match result {
            ClientResult::Ok(ret) => recorder.ok(self.id, ret),
            ClientResult::Err(_) => recorder.fail(self.id),
            ClientResult::Unknown => recorder.info(self.id),
        }
    }

    /// It was done; what it gave back does not matter.
    #[track_caller]
    pub fn done(self) {
        self.history.world.note(self.client, "gets its answer");
        self.history.recorder.borrow_mut().done(self.id);
    }
}

impl<S: Spec> Debug for ClientCall<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCall").field("client", &self.client).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::linearizability::check::check;
    use crate::linearizability::history::{Call, History, Recorder};
    use crate::linearizability::register::{Register, RegisterOp, RegisterRet};
    use RegisterOp::{Cas, Read, Write};
    use RegisterRet::{Found, Swapped, Written};

    // What a client's history relies on: the check's reading of each way to end.

    type RegisterCall = Call<RegisterOp<u32>, RegisterRet<u32>>;

    fn call(invoked: u64, ended: u64, op: RegisterOp<u32>, ret: RegisterRet<u32>) -> RegisterCall {
        Call { process: 0, op, ret: Some(ret), invoked, returned: Some(ended) }
    }

    fn unknown(invoked: u64, op: RegisterOp<u32>) -> RegisterCall {
        Call { process: 0, op, ret: None, invoked, returned: None }
    }

    fn holds(calls: &[RegisterCall]) -> bool {
        check(&Register::holding(0), &History::real_time(calls.to_vec())).is_linearizable()
    }

    #[test]
    fn a_read_sees_the_last_write() {
        assert!(holds(&[call(1, 2, Write(1), Written), call(3, 4, Read, Found(Some(1)))]));
        assert!(!holds(&[call(1, 2, Write(1), Written), call(3, 4, Read, Found(Some(0)))]));
        assert!(!holds(&[call(1, 2, Read, Found(Some(7)))]));
    }

    #[test]
    fn what_overlaps_may_go_either_way_but_only_one_way() {
        let write = call(1, 10, Write(1), Written);
        let read = |at, value| call(at, at + 1, Read, Found(Some(value)));
        let reads = |a, b| [write.clone(), read(2, a), read(4, b)];
        assert!(holds(&reads(0, 0)) && holds(&reads(0, 1)) && holds(&reads(1, 1)));
        assert!(!holds(&reads(1, 0)), "the write cannot be undone");
    }

    #[test]
    fn an_unknown_operation_happens_late_or_never_but_not_before_it_began() {
        let read = |at, value| call(at, at + 1, Read, Found(Some(value)));
        assert!(holds(&[unknown(1, Write(1)), read(2, 0), read(4, 0)]));
        assert!(holds(&[unknown(1, Write(1)), read(2, 0), read(4, 1)]));
        assert!(!holds(&[unknown(1, Write(1)), read(2, 1), read(4, 0)]));
        assert!(!holds(&[read(1, 1), unknown(3, Write(1))]));
    }

    #[test]
    fn what_was_done_has_happened_whatever_it_gave_back() {
        let read = |value| call(3, 4, Read, Found(Some(value)));
        let done = |op| Call { returned: Some(2), ..unknown(1, op) };
        assert!(holds(&[done(Write(1)), read(1)]));
        assert!(!holds(&[done(Write(1)), read(0)]));
        assert!(holds(&[done(Cas(0, 1)), read(1)]));
        assert!(holds(&[done(Cas(5, 1)), read(0)]), "it did not find a 5");
    }

    #[test]
    fn what_was_refused_has_not_happened() {
        let holds = |found| {
            let mut recorder = Recorder::new();
            let refused = recorder.invoke(0, Write(1));
            recorder.fail(refused);
            let read = recorder.invoke(0, Read);
            recorder.ok(read, Found(Some(found)));
            check(&Register::holding(0), &recorder.finish()).is_linearizable()
        };
        assert!(holds(0));
        assert!(!holds(1));
    }

    #[test]
    fn of_two_swaps_from_the_same_value_one_fails() {
        let swaps = |a, b| holds(&[call(1, 4, Cas(0, 1), Swapped(a)), call(2, 3, Cas(0, 2), Swapped(b))]);
        assert!(swaps(true, false) && swaps(false, true));
        assert!(!swaps(true, true) && !swaps(false, false));
    }
}
