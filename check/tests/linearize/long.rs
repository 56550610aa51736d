//! Histories of 100,000 calls: right ones pass, a planted fault is found and named.

use super::common::{Buffer, Rng};
use ringwright_check::linearize::{
    BufferOp, BufferRet, Call, Counterexample, History, Linearizability, Queue, Register, RegisterOp,
    RegisterRet, Set, SetOp, Spec, Stack, check, explain,
};
use std::time::Instant;

/// What a process is doing.
enum Doing<O, R> {
    Nothing,
    Called(O, u64),
    Done(O, u64, R),
}

/// What `processes` clients of a right object see, in `calls` calls. Positions are
/// multiples of 4, so that something can be planted between two events.
fn run<S: Spec>(
    spec: &S,
    processes: usize,
    calls: usize,
    mut next: impl FnMut(&mut Rng, u64) -> S::Op,
) -> Vec<Call<S::Op, S::Ret>> {
    let mut rng = Rng(7);
    let (mut state, mut position, mut begun) = (spec.init(), 0, 0);
    let mut doing: Vec<Doing<S::Op, S::Ret>> = (0..processes).map(|_| Doing::Nothing).collect();
    let mut list = Vec::new();
    while list.len() < calls {
        let process = rng.below(processes);
        doing[process] = match std::mem::replace(&mut doing[process], Doing::Nothing) {
            Doing::Nothing if begun == calls => Doing::Nothing,
            Doing::Nothing => {
                begun += 1;
                position += 4;
                Doing::Called(next(&mut rng, begun as u64), position)
            }
            Doing::Called(op, invoked) => {
                let ret = spec.apply(&mut state, &op).expect("nothing here waits");
                Doing::Done(op, invoked, ret)
            }
            Doing::Done(op, invoked, ret) => {
                position += 4;
                list.push(Call { process, op, ret: Some(ret), invoked, returned: Some(position) });
                Doing::Nothing
            }
        };
    }
    list.sort_by_key(|call| call.invoked);
    list
}

fn push_or_pop(rng: &mut Rng, n: u64) -> BufferOp<u32> {
    if rng.once_in(2) { BufferOp::Push(n as u32) } else { BufferOp::Pop }
}

const CALLS: usize = 100_000;

fn queue() -> Vec<Call<BufferOp<u32>, BufferRet<u32>>> {
    run(&Queue::new(), 8, CALLS, push_or_pop)
}

/// The `nth` pop that found a value, from the middle on.
fn a_pop(calls: &[Call<BufferOp<u32>, BufferRet<u32>>], nth: usize) -> (usize, u32) {
    let popped = |(at, call): (usize, &Call<BufferOp<u32>, BufferRet<u32>>)| match call.ret {
        Some(BufferRet::Popped(value)) => Some((at, value)),
        _ => None,
    };
    calls.iter().enumerate().skip(CALLS / 2).filter_map(popped).nth(nth).expect("many pops find something")
}

fn found<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>) -> Counterexample {
    let started = Instant::now();
    let explained = explain(spec, history);
    let Linearizability::NotLinearizable(counterexample) = explained else {
        panic!("not found: {explained:?}");
    };
    println!("found in {:?}\n{counterexample}", started.elapsed());
    counterexample
}

/// The calls of a counterexample, as they are shown.
fn shown(history: &Buffer, found: &Counterexample) -> Vec<String> {
    let show = |call: &usize| {
        let call = &history.calls()[*call];
        Queue::new().show(&call.op, call.ret.as_ref())
    };
    found.calls.iter().map(show).collect()
}

#[test]
fn a_long_queue_history_passes() {
    let history = History::real_time(queue());
    let started = Instant::now();
    assert!(check(&Queue::new(), &history).is_linearizable());
    println!("{} calls in {:?}", history.len(), started.elapsed());
    let empties = history.calls().iter().filter(|call| call.ret == Some(BufferRet::Empty)).count();
    assert!(empties > 20, "{empties} pops found nothing");
}

#[test]
fn a_duplicate_is_found() {
    let mut calls = queue();
    let (first, value) = a_pop(&calls, 100);
    let begins = calls[first].returned.expect("it returned") + 401;
    let (ret, returned) = (Some(BufferRet::Popped(value)), Some(begins + 1));
    calls.push(Call { process: 99, op: BufferOp::Pop, ret, invoked: begins, returned });
    let history = History::real_time(calls);
    let found = found(&Queue::new(), &history);
    assert_eq!(found.at, returned);
    let pop = format!("pop() = {value}");
    assert_eq!(shown(&history, &found), [format!("push({value}) = ok"), pop.clone(), pop]);
    assert_eq!(found.why, format!("{value} is popped 2 times and was pushed once"));
}

#[test]
fn a_loss_is_found() {
    let mut calls = queue();
    let (lost, value) = a_pop(&calls, 100);
    calls.remove(lost);
    let history = History::real_time(calls);
    let found = found(&Queue::new(), &history);
    let shown = shown(&history, &found);
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert!(shown.contains(&format!("push({value}) = ok")), "{shown:?}");
    assert!(found.why.starts_with(&format!("{value} was pushed before ")), "{}", found.why);
    assert!(found.table.contains("nothing later concerns these calls"), "{}", found.table);
}

#[test]
fn a_reordering_is_found() {
    let mut calls = queue();
    // Two pops, one after the other, of values that were both there by then, one before the other.
    let push =
        |value: u32| calls.iter().find(|call| call.op == BufferOp::Push(value)).expect("it was pushed");
    let fits = |a: (usize, u32), b: (usize, u32)| {
        let (pop, other) = (&calls[a.0], &calls[b.0]);
        let one_by_one = pop.returned < Some(other.invoked) && push(a.1).returned < Some(push(b.1).invoked);
        one_by_one && push(b.1).returned < Some(pop.invoked)
    };
    let pairs = (0..1000).flat_map(|nth| (1..9).map(move |by| (nth, nth + by)));
    let mut pairs = pairs.map(|(nth, other)| (a_pop(&calls, nth), a_pop(&calls, other)));
    let ((early, first), (late, second)) = pairs.find(|(a, b)| fits(*a, *b)).expect("the queue is not short");
    calls[early].ret = Some(BufferRet::Popped(second));
    calls[late].ret = Some(BufferRet::Popped(first));
    let history = History::real_time(calls);
    let found = found(&Queue::new(), &history);
    let shown = shown(&history, &found);
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert!(shown.contains(&format!("pop() = {second}")), "{shown:?}");
    // It is popped before its neighbours as well, and any of them may be named.
    let why = format!(" was pushed before {second}, but {second} was popped first");
    assert!(found.why.ends_with(&why), "{}", found.why);
    assert!(found.table.contains("afterwards:"), "{}", found.table);
}

#[test]
fn a_long_stack_history_passes_and_a_swap_is_found() {
    let mut calls = run(&Stack::new(), 8, CALLS, push_or_pop);
    let history = History::real_time(calls.clone());
    let started = Instant::now();
    assert!(check(&Stack::new(), &history).is_linearizable());
    println!("{} calls in {:?}", history.len(), started.elapsed());
    let ((early, first), (late, second)) = (a_pop(&calls, 100), a_pop(&calls, 300));
    calls[early].ret = Some(BufferRet::Popped(second));
    calls[late].ret = Some(BufferRet::Popped(first));
    let found = found(&Stack::new(), &History::real_time(calls));
    assert!(found.calls.len() <= 8, "{found}");
}

#[test]
fn a_long_register_history_passes_and_a_stale_read_is_found() {
    let next = |rng: &mut Rng, n| if rng.once_in(3) { RegisterOp::Write(n) } else { RegisterOp::Read };
    let mut calls = run(&Register::new(), 8, CALLS, next);
    let history = History::real_time(calls.clone());
    let started = Instant::now();
    assert!(check(&Register::new(), &history).is_linearizable());
    println!("{} calls in {:?}", history.len(), started.elapsed());
    let reads: Vec<usize> = (CALLS / 2..CALLS).filter(|at| calls[*at].op == RegisterOp::Read).collect();
    let stale = calls[reads[0]].ret.clone();
    assert!(matches!(stale, Some(RegisterRet::Found(Some(_)))));
    calls[reads[100]].ret = stale;
    let found = found(&Register::new(), &History::real_time(calls));
    assert!(found.calls.contains(&reads[100]) && found.calls.len() <= 4, "{found}");
}

#[test]
fn a_long_set_history_passes_and_a_missed_element_is_found() {
    let next = |rng: &mut Rng, n: u64| match rng.below(3) {
        0 => SetOp::Add(n % 30_000),
        1 => SetOp::Remove((n + 15_000) % 30_000),
        _ => SetOp::Contains(rng.below(30_000) as u64),
    };
    let mut calls = run(&Set::new(), 8, CALLS, next);
    let history = History::real_time(calls.clone());
    let started = Instant::now();
    assert!(check(&Set::new(), &history).is_linearizable());
    println!("{} calls in {:?}", history.len(), started.elapsed());
    let seen = |at: &usize| matches!(calls[*at].op, SetOp::Contains(_)) && calls[*at].ret == Some(true);
    let at = (CALLS / 2..CALLS).find(seen).expect("something is seen");
    calls[at].ret = Some(false);
    let found = found(&Set::new(), &History::real_time(calls));
    assert!(found.calls.contains(&at) && found.calls.len() <= 6, "{found}");
}

#[test]
fn a_long_history_with_few_open_calls_is_searched_in_linear_time() {
    // Compare-and-set has no near-linear check.
    let next = |rng: &mut Rng, _| match rng.below(3) {
        0 => RegisterOp::Write(rng.below(5) as u64),
        1 => RegisterOp::Cas(rng.below(5) as u64, rng.below(5) as u64),
        _ => RegisterOp::Read,
    };
    let mut calls = run(&Register::new(), 5, 5_000, next);
    assert!(check(&Register::new(), &History::real_time(calls.clone())).is_linearizable());
    let read = (4_500..5_000).find(|at| calls[*at].op == RegisterOp::Read).expect("there are reads");
    calls[read].ret = Some(RegisterRet::Found(Some(7)));
    let found = found(&Register::new(), &History::real_time(calls));
    assert_eq!(found.calls, [read], "{found}");
}
