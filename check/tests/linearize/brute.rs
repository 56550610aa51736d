//! The checks against a reference that shares nothing with them: every order of a few calls is tried, on
//! objects that are written here a second time, with results that are unknown, refused or open.

use super::common::Rng;
use ringwright_check::linearize::{
    BufferOp, BufferRet, Call, History, Linearizability, Queue, Register, RegisterOp, RegisterRet, Set,
    SetOp, Spec, Stack, check, explain, search,
};

/// What an operation may do: the results that it may give, each with what it leaves.
type Ways<R> = Vec<(R, Vec<u32>)>;
/// What an object may do in a state.
type Object<'a, O, R> = &'a dyn Fn(&[u32], &O) -> Ways<R>;

/// Whether some order explains the calls; the state is a list of numbers.
fn has_order<O, R: PartialEq>(
    calls: &[Call<O, R>],
    done: u32,
    state: &[u32],
    ways: Object<'_, O, R>,
) -> bool {
    let missing = || (0..calls.len()).filter(|at| done & (1 << at) == 0);
    if missing().all(|at| calls[at].returned.is_none()) {
        return true;
    }
    missing().any(|at| {
        let call = &calls[at];
        let first = missing().all(|other| calls[other].returned.is_none_or(|end| end > call.invoked));
        let fits = |ret: &R| call.ret.as_ref().is_none_or(|given| given == ret);
        let next = |(ret, after): (R, Vec<u32>)| fits(&ret) && has_order(calls, done | 1 << at, &after, ways);
        first && ways(state, &call.op).into_iter().any(next)
    })
}

/// Calls at random, most of them as an object could have shown them.
fn history<O: Clone, R: Clone>(
    rng: &mut Rng,
    most: usize,
    op: impl Fn(&mut Rng) -> O,
    ret: impl Fn(&mut Rng) -> R,
    ways: Object<'_, O, R>,
) -> Vec<Call<O, R>> {
    let n = 1 + rng.below(most);
    let length = [30, 120, 500][rng.below(3)];
    // Invocation, moment of the effect, response: all different.
    let mut calls: Vec<(u64, u64, u64, O)> = (0..n as u64)
        .map(|at| {
            let start = rng.below(100) as u64;
            let (effect, end) = (start + rng.below(length) as u64, rng.below(length) as u64);
            let place = |time: u64, which: u64| (time * 64 + at) * 4 + which;
            (place(start, 1), place(effect, 2), place(effect + end, 3), op(rng))
        })
        .collect();
    calls.sort_by_key(|call| call.1);
    let mut state = Vec::new();
    let mut list = Vec::new();
    for (process, (invoked, _, returned, op)) in calls.into_iter().enumerate() {
        let mut ways = ways(&state, &op);
        let given = match ways.is_empty() || rng.once_in(6) {
            true => ret(rng),
            false => {
                let (given, after) = ways.swap_remove(rng.below(ways.len()));
                state = after;
                given
            }
        };
        // Known, unknown though it came back, open with or without a result that came later.
        let (ret, returned) = match rng.below(12) {
            0 | 1 => (None, Some(returned)),
            2 => (None, None),
            3 => (Some(given), None),
            _ => (Some(given), Some(returned)),
        };
        list.push(Call { process, op, ret, invoked, returned });
    }
    list
}

fn agree<S: Spec>(
    spec: &S,
    rounds: u64,
    most: usize,
    op: impl Fn(&mut Rng) -> S::Op + Copy,
    ret: impl Fn(&mut Rng) -> S::Ret + Copy,
    init: &[u32],
    ways: Object<'_, S::Op, S::Ret>,
) {
    let (mut good, mut bad) = (0, 0);
    for seed in 0..rounds {
        let calls = history(&mut Rng(seed), most, op, ret, ways);
        let truth = has_order(&calls, 0, init, ways);
        let history = History::real_time(calls);
        *(if truth { &mut good } else { &mut bad }) += 1;
        let told = |said: &str, verdict: bool| {
            assert_eq!(verdict, truth, "seed {seed}, {said}: {:#?}", history.calls());
        };
        told("search", search(spec, &history, u64::MAX).is_linearizable());
        told("check", check(spec, &history).is_linearizable());
        let Linearizability::NotLinearizable(found) = explain(spec, &history) else {
            assert!(truth, "seed {seed}: {:#?}", history.calls());
            continue;
        };
        told("explain", false);
        // The window with its calls alone is not linearizable either.
        let at = found.at.expect("real time");
        let window = found.calls.iter().map(|call| {
            let call = history.calls()[*call].clone();
            Call { returned: call.returned.filter(|end| *end <= at), ..call }
        });
        let window: Vec<_> = window.collect();
        assert!(!has_order(&window, 0, init, ways), "seed {seed}: {found}\nof {:#?}", history.calls());
    }
    println!("{good} linearizable, {bad} not");
    assert!(good > rounds / 16 && bad > rounds / 16, "{good} linearizable, {bad} not");
}

/// A buffer of which the last or the first item leaves. A `Full` or an `Empty` may be untrue.
fn buffer(
    room: usize,
    last: bool,
    untrue: (bool, bool),
) -> impl Fn(&[u32], &BufferOp<u32>) -> Ways<BufferRet<u32>> {
    move |items, op| {
        let mut ways = Vec::new();
        match op {
            BufferOp::Push(item) | BufferOp::Send(item) => {
                if items.len() < room {
                    ways.push((BufferRet::Pushed, [items, &[*item]].concat()));
                }
                if matches!(op, BufferOp::Push(_)) && (items.len() >= room || untrue.0) {
                    ways.push((BufferRet::Full, items.to_vec()));
                }
            }
            BufferOp::Pop | BufferOp::Recv => {
                let split = if last { items.split_last() } else { items.split_first() };
                if let Some((item, rest)) = split {
                    ways.push((BufferRet::Popped(*item), rest.to_vec()));
                }
                if *op == BufferOp::Pop && (items.is_empty() || untrue.1) {
                    ways.push((BufferRet::Empty, items.to_vec()));
                }
            }
        }
        ways
    }
}

fn buffer_op(rng: &mut Rng, values: usize) -> BufferOp<u32> {
    match rng.below(8) {
        0..=2 => BufferOp::Push(1 + rng.below(values) as u32),
        3 => BufferOp::Send(1 + rng.below(values) as u32),
        4 => BufferOp::Recv,
        _ => BufferOp::Pop,
    }
}

fn buffer_ret(rng: &mut Rng) -> BufferRet<u32> {
    match rng.below(5) {
        0 => BufferRet::Empty,
        1 => BufferRet::Full,
        2 => BufferRet::Pushed,
        _ => BufferRet::Popped(1 + rng.below(3) as u32),
    }
}

const ROUNDS: u64 = 6_000;

#[test]
fn queues_are_judged_as_by_every_order() {
    for values in [3, 1000] {
        let op = move |rng: &mut Rng| buffer_op(rng, values);
        let exact = (false, false);
        agree(&Queue::new(), ROUNDS, 6, op, buffer_ret, &[], &buffer(9, false, exact));
        agree(&Queue::bounded(1), ROUNDS, 6, op, buffer_ret, &[], &buffer(1, false, exact));
        agree(&Queue::bounded(2), ROUNDS, 6, op, buffer_ret, &[], &buffer(2, false, exact));
        let full = buffer(9, false, (true, false));
        agree(&Queue::of_unknown_capacity(), ROUNDS, 6, op, buffer_ret, &[], &full);
        let stale = buffer(9, false, (true, true));
        agree(&Queue::new().with_stale_answers(), ROUNDS, 5, op, buffer_ret, &[], &stale);
    }
}

#[test]
fn stacks_are_judged_as_by_every_order() {
    for values in [3, 1000] {
        let op = move |rng: &mut Rng| buffer_op(rng, values);
        let exact = (false, false);
        agree(&Stack::new(), ROUNDS, 6, op, buffer_ret, &[], &buffer(9, true, exact));
        agree(&Stack::bounded(1), ROUNDS, 6, op, buffer_ret, &[], &buffer(1, true, exact));
        let full = buffer(9, true, (true, false));
        agree(&Stack::of_unknown_capacity(), ROUNDS, 6, op, buffer_ret, &[], &full);
    }
}

#[test]
fn registers_are_judged_as_by_every_order() {
    // A list of one value, or of none.
    let ways = |state: &[u32], op: &RegisterOp<u32>| match op {
        RegisterOp::Read => vec![(RegisterRet::Found(state.first().copied()), state.to_vec())],
        RegisterOp::Write(value) => vec![(RegisterRet::Written, vec![*value])],
        RegisterOp::Cas(old, new) if state == [*old] => vec![(RegisterRet::Swapped(true), vec![*new])],
        RegisterOp::Cas(..) => vec![(RegisterRet::Swapped(false), state.to_vec())],
    };
    let ret = |rng: &mut Rng| match rng.below(4) {
        0 => RegisterRet::Swapped(rng.once_in(2)),
        1 => RegisterRet::Written,
        _ => RegisterRet::Found(Some(rng.below(4) as u32).filter(|value| *value > 0)),
    };
    for cas in [false, true] {
        for values in [3, 1000] {
            let op = move |rng: &mut Rng| {
                let mut value = || 1 + rng.below(values) as u32;
                let (a, b) = (value(), value());
                match rng.below(6) {
                    0 | 1 => RegisterOp::Write(a),
                    2 | 3 if cas => RegisterOp::Cas(a, b),
                    _ => RegisterOp::Read,
                }
            };
            agree(&Register::new(), ROUNDS, 6, op, ret, &[], &ways);
        }
    }
}

#[test]
fn sets_are_judged_as_by_every_order() {
    let ways = |state: &[u32], op: &SetOp<u32>| {
        let without = |gone: &u32| state.iter().copied().filter(|one| one != gone).collect::<Vec<u32>>();
        let (SetOp::Add(element) | SetOp::Remove(element) | SetOp::Contains(element)) = op;
        let is_in = state.contains(element);
        match op {
            SetOp::Add(_) => vec![(!is_in, [without(element), vec![*element]].concat())],
            SetOp::Remove(_) => vec![(is_in, without(element))],
            SetOp::Contains(_) => vec![(is_in, state.to_vec())],
        }
    };
    for elements in [1, 2] {
        let op = move |rng: &mut Rng| {
            let element = rng.below(elements) as u32;
            match rng.below(3) {
                0 => SetOp::Add(element),
                1 => SetOp::Remove(element),
                _ => SetOp::Contains(element),
            }
        };
        agree(&Set::new(), ROUNDS, 6, op, |rng| rng.once_in(2), &[], &ways);
    }
}
