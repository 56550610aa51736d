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
//! deadlines, done greedily. With both, the general search decides.
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

use crate::linearizability::buffer::{BufferOp, BufferRet, Life, Lives, NEVER, lives};
use crate::linearizability::history::{History, Value};
use crate::linearizability::spec::{Monitored, Violation};

/// Checks a history of an unbounded queue.
pub(super) fn monitor<V: Value>(history: &History<BufferOp<V>, BufferRet<V>>) -> Monitored {
    let lives = match lives(history.calls()) {
        Ok(lives) => lives,
        Err(said) => return said,
    };
    if lives.unknown.is_empty() {
        let violation = out_of_order(&lives.values).or_else(|| not_empty(&lives));
        return violation.map_or(Monitored::Linearizable, |found| found.explain(history).into());
    }
    match lives.empties.is_empty() {
        true => with_unknown_pops(lives, history),
        false => Monitored::Unsuited,
    }
}

/// What is wrong.
enum Wrong<'a> {
    /// The second value was pushed later and popped earlier.
    Order(&'a Life, &'a Life),
    /// This pop found nothing while one of these was always inside.
    NotEmpty(usize, Vec<&'a Life>),
}

impl Wrong<'_> {
    fn explain<V: Value>(&self, history: &History<BufferOp<V>, BufferRet<V>>) -> Violation {
        let name = |life: &Life| match &history.calls()[life.push_call].op {
            BufferOp::Push(item) | BufferOp::Send(item) => format!("{item:?}"),
            BufferOp::Pop | BufferOp::Recv => String::new(),
        };
        match self {
            Wrong::Order(a, b) => {
                let (a_name, b_name) = (name(a), name(b));
                let why = format!("{a_name} was pushed before {b_name}, but {b_name} was popped first");
                Violation::new(why, a.calls().chain(b.calls()).collect())
            }
            Wrong::NotEmpty(pop, cover) => {
                let names: Vec<String> = cover.iter().map(|life| name(life)).collect();
                let why =
                    format!("a pop found nothing, but the queue held {} all the time", names.join(", then "));
                let calls = cover.iter().flat_map(|life| life.calls()).chain([*pop]).collect();
                Violation::new(why, calls)
            }
        }
    }
}

/// Rule 2. Among the values whose push has returned when b's push begins, the one
/// whose pop begins last is the one to fear.
fn out_of_order(values: &[Life]) -> Option<Wrong<'_>> {
    let mut by_response: Vec<&Life> = values.iter().collect();
    by_response.sort_unstable_by_key(|life| life.push.1);
    let mut pushed = by_response.into_iter().peekable();
    let mut last: Option<&Life> = None;
    // `values` is sorted by the invocation of the push.
    for b in values {
        while let Some(a) = pushed.next_if(|a| a.push.1 < b.push.0) {
            if last.is_none_or(|last| last.pop.0 < a.pop.0) {
                last = Some(a);
            }
        }
        if let Some(a) = last.filter(|a| b.pop.1 < a.pop.0) {
            return Some(Wrong::Order(a, b));
        }
    }
    None
}

/// Rule 3: the pops that found nothing against the union of all `inside`.
fn not_empty(lives: &Lives) -> Option<Wrong<'_>> {
    let spans = inside_spans(&lives.values);
    for (invoked, returned, call) in &lives.empties {
        // The last stretch that begins before the pop.
        let stretch = spans.partition_point(|(from, _)| from < invoked).checked_sub(1).map(|at| spans[at]);
        if stretch.is_some_and(|(_, to)| *returned < to) {
            return Some(Wrong::NotEmpty(*call, cover(&lives.values, *invoked, *returned)));
        }
    }
    None
}

/// The union of all `inside`, as stretches in ascending order.
pub(super) fn inside_spans(values: &[Life]) -> Vec<(u64, u64)> {
    let mut spans: Vec<(u64, u64)> = values.iter().filter_map(Life::inside).collect();
    spans.sort_unstable();
    let mut stretches: Vec<(u64, u64)> = Vec::new();
    for (from, to) in spans {
        match stretches.last_mut() {
            Some(last) if from < last.1 => last.1 = last.1.max(to),
            _ => stretches.push((from, to)),
        }
    }
    stretches
}

/// Few values that are inside from `from` to `to` between them.
pub(super) fn cover(values: &[Life], from: u64, to: u64) -> Vec<&Life> {
    let mut cover: Vec<&Life> = Vec::new();
    let mut covered = from;
    while covered < to {
        let reaches = |life: &&Life| life.inside().is_some_and(|(start, _)| start < covered);
        let Some(best) = values.iter().filter(reaches).max_by_key(|life| life.pop.0) else {
            break;
        };
        if best.pop.0 <= covered {
            break;
        }
        covered = best.pop.0;
        cover.push(best);
    }
    cover
}

/// Rule 2 where some pops are open and may have taken any value: each value without
/// a completed pop, though a later one is popped, needs an open pop that began
/// before that one returned: its own if that is known, or one of the others.
fn with_unknown_pops<V: Value>(mut lives: Lives, history: &History<BufferOp<V>, BufferRet<V>>) -> Monitored {
    let popped: Vec<Life> = lives.values.iter().filter(|life| life.pop.1 != NEVER).cloned().collect();
    if let Some(wrong) = out_of_order(&popped) {
        return wrong.explain(history).into();
    }
    // From the last push to the first: the earliest response of a pop so far.
    let mut first_out: Vec<(u64, u64)> = Vec::with_capacity(popped.len());
    for life in popped.iter().rev() {
        let before = first_out.last().map_or(NEVER, |(_, response)| *response);
        first_out.push((life.push.0, before.min(life.pop.1)));
    }
    first_out.reverse();
    let missing = lives.values.iter().filter(|life| life.pop.1 == NEVER);
    let mut deadlines: Vec<u64> = missing
        .filter_map(|life| {
            let (_, deadline) = first_out.get(first_out.partition_point(|(p, _)| *p < life.push.1))?;
            (life.pop.0 > *deadline).then_some(*deadline)
        })
        .collect();
    deadlines.sort_unstable();
    lives.unknown.sort_unstable();
    let open: Vec<u64> = lives.unknown.iter().map(|(invoked, _)| *invoked).collect();
    let met = |(nth, deadline): (usize, &u64)| open.get(nth).is_some_and(|invoked| invoked < deadline);
    if deadlines.iter().enumerate().all(met) {
        return Monitored::Linearizable;
    }
    let everything = (0..history.len()).collect();
    let why = "values are missing that were pushed before popped ones, more than open pops can have taken";
    Violation::new(why, everything).into()
}
