//! The history of a queue or a stack value by value: from when to when each is inside.

use crate::linearizability::brief;
use crate::linearizability::buffer::{BufferOp, BufferRet, Calls};
use crate::linearizability::history::{NEVER, Value};
use crate::linearizability::spec::{Monitored, Violation};
use std::collections::HashMap;

/// The stay of one value: from its push to its pop.
#[derive(Clone, Debug)]
pub(crate) struct Residence {
    /// Invocation and response of the push. It is in by the response of its pop.
    pub(crate) push: (u64, u64),
    /// Invocation and response of the pop. It begins no earlier than the push. A
    /// value that is never popped is popped after everything else.
    pub(crate) pop: (u64, u64),
    pub(crate) push_call: usize,
    pub(crate) pop_call: Option<usize>,
}

impl Residence {
    /// From where to where the value is inside, whatever the linearization.
    /// `None` if push and pop overlap: then both can be done in one moment.
    pub(crate) fn inside(&self) -> Option<(u64, u64)> {
        (self.push.1 < self.pop.0).then_some((self.push.1, self.pop.0))
    }

    /// Its calls.
    pub(crate) fn calls(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.push_call).chain(self.pop_call)
    }
}

/// The stays of all values of a history, and the pops that belong to none.
#[derive(Debug, Default)]
pub(crate) struct Residences {
    pub(crate) values: Vec<Residence>,
    /// Pops that found nothing: invocation, response, call.
    pub(crate) empties: Vec<(u64, u64, usize)>,
    /// Invocations of open pops whose value nobody knows.
    pub(crate) unknown: Vec<u64>,
}

impl Residences {
    /// Sorts the calls by value. What no buffer can do with distinct values (a value
    /// popped twice, or before or without its push) is a violation already. A push
    /// that nobody knows the end of and whose value nobody popped is left out: an
    /// item at rest disturbs nobody less than none.
    pub(crate) fn of<V: Value>(calls: &Calls<V>) -> Result<Residences, Monitored> {
        let mut pushes: HashMap<&V, usize> = HashMap::new();
        let mut pops: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut residences = Residences::default();
        for (at, call) in calls.iter().enumerate() {
            match (&call.op, &call.ret) {
                (BufferOp::Push(item) | BufferOp::Send(item), None | Some(BufferRet::Pushed)) => {
                    if pushes.insert(item, at).is_some() {
                        return Err(Monitored::Unsuited);
                    }
                }
                (BufferOp::Pop | BufferOp::Recv, Some(BufferRet::Popped(_))) => {}
                (BufferOp::Pop, Some(BufferRet::Empty)) => {
                    let taken = call.returned.map(|returned| (call.invoked, returned, at));
                    residences.empties.extend(taken);
                }
                (BufferOp::Pop | BufferOp::Recv, None) if call.returned.is_none() => {
                    residences.unknown.push(call.invoked);
                }
                // Among them pops that came back, nobody knows with what.
                _ => return Err(Monitored::Unsuited),
            }
        }
        for (at, call) in calls.iter().enumerate() {
            if let Some(BufferRet::Popped(item)) = &call.ret {
                match pushes.get(item) {
                    Some(push) => pops.entry(*push).or_default().push(at),
                    None if call.returned.is_none() => {}
                    None => {
                        return Err(Violation::new(
                            format!("{} is popped and was never pushed", brief::value(item)),
                            vec![at],
                        )
                        .into());
                    }
                }
            }
        }
        let mut pushes: Vec<(usize, &V)> = pushes.into_iter().map(|(item, push)| (push, item)).collect();
        pushes.sort_unstable_by_key(|(push, _)| *push);
        for (push, item) in pushes {
            let pops = pops.get(&push).map_or(&[][..], Vec::as_slice);
            if let Some(residence) = residence_of(calls, item, push, pops)? {
                residences.values.push(residence);
            }
        }
        residences.values.sort_by_key(|residence| residence.push.0);
        Ok(residences)
    }

    /// A pop that found nothing while always some value was inside, and few values that show it.
    pub(crate) fn false_empty(&self) -> Option<(usize, Vec<&Residence>)> {
        let stretches = stretches(&self.values);
        self.empties.iter().find_map(|(invoked, returned, call)| {
            // The last stretch that begins before the pop.
            let stretch = stretches.partition_point(|(from, _)| from < invoked).checked_sub(1)?;
            (*returned < stretches[stretch].1).then(|| (*call, cover(&self.values, *invoked, *returned)))
        })
    }
}

/// The residence of `item`, if it has one.
fn residence_of<V: Value>(
    calls: &Calls<V>,
    item: &V,
    push_call: usize,
    pops: &[usize],
) -> Result<Option<Residence>, Monitored> {
    let push = &calls[push_call];
    let done: Vec<usize> = pops.iter().copied().filter(|pop| calls[*pop].returned.is_some()).collect();
    if done.len() > 1 {
        let why = format!("{} is popped {} times and was pushed once", brief::value(item), done.len());
        return Err(Violation::new(why, [vec![push_call], done].concat()).into());
    }
    let pop_call = done.first().or_else(|| pops.iter().min_by_key(|pop| calls[**pop].invoked)).copied();
    let Some(pop) = pop_call.map(|pop| &calls[pop]) else {
        let end = (NEVER, NEVER);
        let residence = Residence { push: (push.invoked, push.end()), pop: end, push_call, pop_call };
        return Ok(push.returned.map(|_| residence));
    };
    if pop.end() < push.invoked {
        let why = format!("{} is popped before it is pushed", brief::value(item));
        return Err(Violation::new(why, std::iter::once(push_call).chain(pop_call).collect()).into());
    }
    Ok(Some(Residence {
        push: (push.invoked, push.end().min(pop.end())),
        pop: (pop.invoked.max(push.invoked), pop.end()),
        push_call,
        pop_call,
    }))
}

/// The union of all `inside`, as stretches in ascending order.
fn stretches(values: &[Residence]) -> Vec<(u64, u64)> {
    let mut spans: Vec<(u64, u64)> = values.iter().filter_map(Residence::inside).collect();
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
fn cover(values: &[Residence], from: u64, to: u64) -> Vec<&Residence> {
    let mut cover: Vec<&Residence> = Vec::new();
    let mut covered = from;
    while covered < to {
        let reaches = |residence: &&Residence| residence.inside().is_some_and(|(start, _)| start < covered);
        let Some(best) = values.iter().filter(reaches).max_by_key(|residence| residence.pop.0) else {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linearizability::history::Call;

    fn call(
        op: BufferOp<u8>,
        ret: Option<BufferRet<u8>>,
        span: (u64, u64),
    ) -> Call<BufferOp<u8>, BufferRet<u8>> {
        let returned = ret.is_some().then_some(span.1);
        Call { process: 0, op, ret, invoked: span.0, returned }
    }

    fn push(value: u8, span: (u64, u64)) -> Call<BufferOp<u8>, BufferRet<u8>> {
        call(BufferOp::Push(value), Some(BufferRet::Pushed), span)
    }

    fn pop(value: u8, span: (u64, u64)) -> Call<BufferOp<u8>, BufferRet<u8>> {
        call(BufferOp::Pop, Some(BufferRet::Popped(value)), span)
    }

    #[test]
    fn a_value_is_inside_between_its_calls() {
        let calls = [push(1, (1, 2)), pop(1, (5, 6)), push(2, (3, 8)), pop(2, (4, 7))];
        let residences = Residences::of(&calls).expect("each value is pushed once");
        let inside: Vec<_> = residences.values.iter().map(Residence::inside).collect();
        assert_eq!(inside, [Some((2, 5)), None], "the calls of the second value overlap");
        // The push of the second value is cut to the response of its pop.
        assert_eq!(residences.values[1].push, (3, 7));
    }

    #[test]
    fn a_pop_that_found_nothing_is_false_where_values_cover_it() {
        let empty = call(BufferOp::Pop, Some(BufferRet::Empty), (5, 8));
        let calls = [push(1, (1, 2)), pop(1, (7, 10)), push(2, (3, 4)), pop(2, (9, 11)), empty.clone()];
        let residences = Residences::of(&calls).expect("each value is pushed once");
        let (pop, cover) = residences.false_empty().expect("2 is inside from 4 to 9");
        assert_eq!((pop, cover.len(), cover[0].push_call), (4, 1, 2));
        let residences = Residences::of(&[calls[0].clone(), calls[1].clone(), empty]).expect("as above");
        assert!(residences.false_empty().is_none(), "1 may have left before 8");
    }

    #[test]
    fn what_no_buffer_can_do_is_a_violation() {
        let why = |calls: &[Call<BufferOp<u8>, BufferRet<u8>>]| match Residences::of(calls) {
            Err(Monitored::Violation(violation)) => violation.why,
            other => panic!("no violation: {other:?}"),
        };
        assert_eq!(why(&[pop(1, (1, 2))]), "1 is popped and was never pushed");
        assert_eq!(why(&[pop(1, (1, 2)), push(1, (3, 4))]), "1 is popped before it is pushed");
        let twice = [push(1, (1, 2)), pop(1, (3, 4)), pop(1, (5, 6))];
        assert_eq!(why(&twice), "1 is popped 2 times and was pushed once");
        let same = Residences::of(&[push(1, (1, 2)), push(1, (3, 4))]);
        assert!(matches!(same, Err(Monitored::Unsuited)), "the values are not distinct");
    }
}
