//! The near-linear check of a queue's history in which every value is pushed once.
//!
//! # The rules
//!
//! Write `inside(v)` for the span from the response of v's push to the
//! invocation of its pop: whatever the linearization, v is in the queue then. A
//! push must come before the response of its pop and a pop after the invocation
//! of its push, so the calls' spans are cut to that first. A history is then
//! linearizable exactly if
//!
//! 1. every value popped was pushed, before, and is popped once;
//! 2. no value b pushed after another one, a, is popped before a (*order*; a
//!    value that nobody pops is popped after everything);
//! 3. every pop that found nothing overlaps a moment that lies in no
//!    `inside(v)` (*empty*).
//!
//! That they are necessary is plain. They are enough:
//!
//! *Without empty pops.* Put a before b if a's push precedes b's, or a's pop
//! precedes b's. Both relations are interval orders: if p precedes q and r
//! precedes s, then p precedes s or r precedes q. So a cycle of more than two
//! values has a shorter one, and a cycle of two is what rule 2 forbids. Hence
//! some total order of the values extends both; push and pop in that order. Were
//! this at odds with real time between a push and a pop, the same exchange
//! argument on their cut spans would give a pair in the wrong order.
//!
//! *With them.* Let p be a moment in no `inside(v)`. A value with a call that
//! ended before p can be done with before p, all others can begin after p, and
//! nothing that comes before p must wait for what comes after. So p splits the
//! history into two that are checked alone, and at p the queue is empty.
//!
//! Open pops whose value nobody knows may each have taken one of the values
//! that are missing. Without empty pops that is a matching of values with
//! deadlines, done greedily. With both, and with a pop that came back nobody
//! knows with what, the general search decides.
//!
//! # Cost
//!
//! O(n log n) for n calls: sorting, and one sweep a rule.
//!
//! # Source
//!
//! The rules are those of Henzinger, Sezgin and Vafeiadis, "Aspect-oriented
//! linearizability proofs" (CONCUR 2013), whose proof later work found wanting;
//! the argument above is our own. The bound is that of Lee and Mathur,
//! "Efficient decrease-and-conquer linearizability monitoring" (OOPSLA 2025,
//! arXiv 2410.04581) and of Abdulla and others, "Efficient linearizability
//! monitoring" (PLDI 2025, arXiv 2509.17795). Tests compare the verdict with
//! the general search's on many small histories.

use crate::linearizability::brief;
use crate::linearizability::buffer::{BufferOp, BufferRet};
use crate::linearizability::history::{History, NEVER, Value};
use crate::linearizability::residence::{Residence, Residences};
use crate::linearizability::spec::{Monitored, Violation};

/// Checks a history of an unbounded queue.
pub(crate) fn monitor<V: Value>(history: &History<BufferOp<V>, BufferRet<V>>) -> Monitored {
    let residences = match Residences::of(history.calls()) {
        Ok(residences) => residences,
        Err(said) => return said,
    };
    if residences.unknown.is_empty() {
        let violation = out_of_order(&residences.values).or_else(|| false_empty(&residences));
        return violation.map_or(Monitored::Linearizable, |found| found.explain(history).into());
    }
    match residences.empties.is_empty() {
        true => with_unknown_pops(residences, history),
        false => Monitored::Unsuited,
    }
}

/// A rule that the history breaks.
enum Fault<'a> {
    /// The second value was pushed later and popped earlier.
    Order(&'a Residence, &'a Residence),
    /// This pop found nothing while one of these was always inside.
    FalseEmpty(usize, Vec<&'a Residence>),
}

impl Fault<'_> {
    fn explain<V: Value>(&self, history: &History<BufferOp<V>, BufferRet<V>>) -> Violation {
        let name = |residence: &Residence| match &history.calls()[residence.push_call].op {
            BufferOp::Push(item) | BufferOp::Send(item) => brief::value(item),
            BufferOp::Pop | BufferOp::Recv => String::new(),
        };
        match self {
            Fault::Order(a, b) => {
                let (a_name, b_name) = (name(a), name(b));
                let why = format!("{a_name} was pushed before {b_name}, but {b_name} was popped first");
                Violation::new(why, a.calls().chain(b.calls()).collect())
            }
            Fault::FalseEmpty(pop, cover) => {
                let names: Vec<String> = cover.iter().map(|residence| name(residence)).collect();
                let why =
                    format!("a pop found nothing, but the queue held {} all the time", names.join(", then "));
                let calls = cover.iter().flat_map(|residence| residence.calls()).chain([*pop]).collect();
                Violation::new(why, calls)
            }
        }
    }
}

/// Rule 2. Among the values whose push has returned when b's push begins, the one
/// whose pop begins last is the one to fear.
fn out_of_order(values: &[Residence]) -> Option<Fault<'_>> {
    let mut by_response: Vec<&Residence> = values.iter().collect();
    by_response.sort_unstable_by_key(|residence| residence.push.1);
    let mut pushed = by_response.into_iter().peekable();
    let mut last: Option<&Residence> = None;
    // `values` is sorted by the invocation of the push.
    for b in values {
        while let Some(a) = pushed.next_if(|a| a.push.1 < b.push.0) {
            if last.is_none_or(|last| last.pop.0 < a.pop.0) {
                last = Some(a);
            }
        }
        if let Some(a) = last.filter(|a| b.pop.1 < a.pop.0) {
            return Some(Fault::Order(a, b));
        }
    }
    None
}

/// Rule 3.
fn false_empty(residences: &Residences) -> Option<Fault<'_>> {
    residences.false_empty().map(|(pop, cover)| Fault::FalseEmpty(pop, cover))
}

/// Rule 2 where some pops are open and may have taken any value: each value without
/// a completed pop, though a later one is popped, needs an open pop that began
/// before that one returned: its own if that is known, or one of the others.
fn with_unknown_pops<V: Value>(
    mut residences: Residences,
    history: &History<BufferOp<V>, BufferRet<V>>,
) -> Monitored {
    let popped: Vec<Residence> =
        residences.values.iter().filter(|residence| residence.pop.1 != NEVER).cloned().collect();
    if let Some(fault) = out_of_order(&popped) {
        return fault.explain(history).into();
    }
    // From the last push to the first: the earliest response of a pop so far.
    let mut first_out: Vec<(u64, u64)> = Vec::with_capacity(popped.len());
    for residence in popped.iter().rev() {
        let before = first_out.last().map_or(NEVER, |(_, response)| *response);
        first_out.push((residence.push.0, before.min(residence.pop.1)));
    }
    first_out.reverse();
    let missing = residences.values.iter().filter(|residence| residence.pop.1 == NEVER);
    let mut deadlines: Vec<u64> = missing
        .filter_map(|residence| {
            let (_, deadline) = first_out.get(first_out.partition_point(|(p, _)| *p < residence.push.1))?;
            (residence.pop.0 > *deadline).then_some(*deadline)
        })
        .collect();
    deadlines.sort_unstable();
    residences.unknown.sort_unstable();
    let open = residences.unknown;
    let met = |(nth, deadline): (usize, &u64)| open.get(nth).is_some_and(|invoked| invoked < deadline);
    if deadlines.iter().enumerate().all(met) {
        return Monitored::Linearizable;
    }
    let everything = (0..history.len()).collect();
    let why = "values are missing that were pushed before popped ones, more than open pops can have taken";
    Violation::new(why, everything).into()
}
