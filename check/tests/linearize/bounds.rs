//! What a check may cost: bytes that are bounded, parts that do not wait for each other, texts of any length.

use super::common::Rng;
use ringwright_check::linearize::{
    At, BufferOp, BufferRet, Call, History, Keyed, Linearizability, Queue, Recorder, Register, RegisterOp,
    RegisterRet, Spec, Stack, check, check_within, explain, explain_within, search,
};
use std::time::{Duration, Instant};

/// These calls, one after the other.
fn sequential<O, R>(calls: impl IntoIterator<Item = (O, R)>) -> History<O, R> {
    let mut recorder = Recorder::new();
    for (op, ret) in calls {
        let id = recorder.invoke(0, op);
        recorder.ok(id, ret);
    }
    recorder.finish()
}

/// Items in and out again, the first and the last of them the same.
fn in_and_out(items: usize, last_first: bool) -> History<BufferOp<usize>, BufferRet<usize>> {
    let value = move |at: usize| if at + 1 < items { at } else { 0 };
    let push = (0..items).map(move |at| (BufferOp::Push(value(at)), BufferRet::Pushed));
    let pop = (0..items).map(move |at| {
        let at = if last_first { items - 1 - at } else { at };
        (BufferOp::Pop, BufferRet::Popped(value(at)))
    });
    sequential(push.chain(pop))
}

/// Runs the test `name` of this program again with so many KiB of address space.
#[cfg(target_os = "linux")]
fn in_little_memory(name: &str, kib: u32, test: impl FnOnce()) {
    const CHILD: &str = "RINGWRIGHT_TEST_IN_LITTLE_MEMORY";
    if std::env::var_os(CHILD).is_some() {
        return test();
    }
    let program = std::env::current_exe().expect("this test has a file");
    let command = format!("ulimit -v {kib}; exec \"$0\" --exact {name}");
    let child = std::process::Command::new("sh").args(["-c", &command]).arg(program).env(CHILD, "1").output();
    let child = child.expect("it starts again");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}{:?}", child.status);
}

#[test]
#[cfg(target_os = "linux")]
fn calls_one_after_the_other_take_memory_in_proportion() {
    let name = "bounds::calls_one_after_the_other_take_memory_in_proportion";
    in_little_memory(name, 600_000, || {
        assert!(check(&Queue::new(), &in_and_out(20_000, false)).is_linearizable());
        assert!(check(&Stack::new(), &in_and_out(20_000, true)).is_linearizable());
        // The wrong end.
        assert!(!check(&Stack::new(), &in_and_out(2_000, false)).is_linearizable());
        let mut calls = in_and_out(20_000, false).calls().to_vec();
        calls.swap_remove(30_000);
        assert!(!check(&Queue::new(), &History::real_time(calls)).is_linearizable());
    });
}

/// Many items, one after the other, then pushes of which each may have come first, and a pop of `popped`.
fn long_and_overlapping(items: u32, pushes: u32, popped: u32) -> History<BufferOp<u32>, BufferRet<u32>> {
    let mut recorder = Recorder::new();
    for item in 0..items {
        let id = recorder.invoke(0, BufferOp::Push(item));
        recorder.ok(id, BufferRet::Pushed);
    }
    let same = |nth: u32| BufferOp::Push(items + nth % 10);
    let open: Vec<_> = (0..pushes).map(|nth| recorder.invoke(nth as usize, same(nth))).collect();
    open.into_iter().for_each(|id| recorder.ok(id, BufferRet::Pushed));
    let pop = recorder.invoke(0, BufferOp::Pop);
    recorder.ok(pop, BufferRet::Popped(popped));
    recorder.finish()
}

#[test]
#[cfg(target_os = "linux")]
fn a_long_search_through_long_states_stays_within_its_bytes() {
    let name = "bounds::a_long_search_through_long_states_stays_within_its_bytes";
    // 40,000 states of 16 KiB would be 640 MiB.
    in_little_memory(name, 500_000, || {
        let history = long_and_overlapping(3_000, 30, 1);
        let Linearizability::GaveUp(undecided) = check_within(&Queue::new(), &history, 40_000) else {
            panic!("nobody tries all orders of 30 pushes");
        };
        assert_eq!((undecided.configurations, undecided.calls, undecided.ordered), (40_000, 3_031, 3_030));
        assert!(search(&Queue::new(), &long_and_overlapping(3_000, 30, 0), 40_000).is_linearizable());
    });
}

#[test]
fn a_long_history_whose_calls_overlap_now_and_then_is_searched_to_its_end() {
    // Equal values, so that an order that was wrong shows late.
    let (mut rng, mut items, mut calls) = (Rng(3), std::collections::VecDeque::new(), Vec::new());
    for at in 0..3_000 {
        let op = if rng.below(5) < 3 { BufferOp::Push(rng.below(9)) } else { BufferOp::Pop };
        let ret = match &op {
            BufferOp::Push(item) => {
                items.push_back(*item);
                BufferRet::Pushed
            }
            _ => items.pop_front().map_or(BufferRet::Empty, BufferRet::Popped),
        };
        // It overlaps the next one, which ends first.
        let (invoked, long) = (2 * at as u64, if rng.once_in(60) { 4 } else { 1 });
        calls.push(Call { process: at % 3, op, ret: Some(ret), invoked, returned: Some(invoked + long) });
    }
    let mut places: Vec<(u64, u64, usize, bool)> = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        places.push((call.invoked, 1, at, false));
        places.push((call.returned.unwrap_or(0), 0, at, true));
    }
    places.sort_unstable();
    for (place, (.., at, is_end)) in places.into_iter().enumerate() {
        let place = place as u64 + 1;
        if is_end { calls[at].returned = Some(place) } else { calls[at].invoked = place }
    }
    let mut wrong = calls.clone();
    assert!(search(&Queue::new(), &History::real_time(calls), 1_000_000).is_linearizable());
    // The first item that comes out was never in.
    let popped = |call: &&mut Call<_, BufferRet<usize>>| matches!(call.ret, Some(BufferRet::Popped(_)));
    wrong.iter_mut().find(popped).expect("there are pops").ret = Some(BufferRet::Popped(99));
    let result = search(&Queue::new(), &History::real_time(wrong), 1_000_000);
    assert!(matches!(result, Linearizability::NotLinearizable(_)), "{result}");
}

type Store = Keyed<u32, Register<u32>>;
type StoreOp = At<u32, RegisterOp<u32>>;

/// Key 1 has so many overlapping writes of few values that nobody searches them all; key 2 is plainly wrong.
fn hard_and_wrong() -> History<StoreOp, RegisterRet<u32>> {
    let mut recorder = Recorder::new();
    let op = |key, op| At { key, op };
    let writes: Vec<_> = (0..40)
        .map(|at| (at, recorder.invoke(at, op(1, RegisterOp::Cas(at as u32 % 7, at as u32 % 5)))))
        .collect();
    for (at, call) in writes {
        recorder.ok(call, RegisterRet::Swapped(at % 2 == 0));
    }
    let read = recorder.invoke(50, op(2, RegisterOp::Read));
    recorder.ok(read, RegisterRet::Found(Some(9)));
    // Not for the near-linear check.
    let cas = recorder.invoke(50, op(2, RegisterOp::Cas(1, 2)));
    recorder.ok(cas, RegisterRet::Swapped(false));
    recorder.finish()
}

#[test]
fn a_part_that_takes_long_does_not_hide_one_that_convicts() {
    let (store, history) = (Store::new(Register::holding(0)), hard_and_wrong());
    let started = Instant::now();
    let budget = 1 << 40;
    assert!(!check_within(&store, &history, budget).is_linearizable());
    let Linearizability::NotLinearizable(found) = explain_within(&store, &history, budget) else {
        panic!("a read of 9 is wrong");
    };
    assert_eq!(found.calls, [40], "{found}");
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn what_is_undecided_says_how_far_it_came() {
    let store = Store::new(Register::holding(0));
    let calls = hard_and_wrong().calls().iter().filter(|call| call.op.key == 1).cloned().collect::<Vec<_>>();
    let mut both = calls.clone();
    both.extend(calls.iter().cloned().map(|call| Call {
        op: At { key: 3, op: call.op.op },
        invoked: call.invoked + 1000,
        returned: call.returned.map(|end| end + 1000),
        ..call
    }));
    let read = At { key: 2, op: RegisterOp::Read };
    let ret = Some(RegisterRet::Found(Some(0)));
    both.push(Call { process: 60, op: read, ret, invoked: 5000, returned: Some(5001) });
    let history = History::real_time(both);
    let Linearizability::GaveUp(undecided) = check_within(&store, &history, 500) else {
        panic!("500 configurations are not enough");
    };
    assert_eq!((undecided.configurations, undecided.undecided, undecided.parts), (500, 2, 3));
    assert_eq!(undecided.calls, 80);
    let ordered = undecided.ordered;
    assert!((2..80).contains(&ordered), "{undecided}");
    let text = format!(
        "undecided after 500 configurations in 2 of 3 parts: at best {ordered} of 80 calls were put in order"
    );
    assert_eq!(undecided.to_string(), text);
    assert_eq!(explain_within(&store, &history, 500), Linearizability::GaveUp(undecided));
}

#[test]
fn values_of_any_length_are_shown_cut_short() {
    let long = |end: &str| "x".repeat(70_000) + end + &"y".repeat(70_000);
    let calls = [
        (RegisterOp::Write(long("a")), RegisterRet::Written),
        (RegisterOp::Cas(long("b"), long("c")), RegisterRet::Swapped(true)),
        (RegisterOp::Read, RegisterRet::Found(Some(long("b")))),
    ];
    let history = sequential(calls);
    let found = explain(&Register::new(), &history).counterexample().expect("it did not swap");
    let shown = found.to_string();
    assert!(shown.len() < 4000, "{}", shown.len());
    assert!(shown.contains("xxx…yyy") && shown.contains("(140003 characters, #"), "{shown}");
    let names = |text: &str| text.matches('#').count();
    assert!(names(&shown) >= 3, "{shown}");

    // Whatever a specification writes.
    struct Wordy;
    impl Spec for Wordy {
        type State = String;
        type Op = String;
        type Ret = bool;
        fn init(&self) -> String {
            "é".repeat(100_000)
        }
        fn apply(&self, state: &mut String, op: &String) -> Option<bool> {
            state.push_str(op);
            Some(true)
        }
    }
    let history = sequential([("é".repeat(70_000), true), ("é".repeat(70_001), false)]);
    let found = explain(&Wordy, &history).counterexample().expect("it is always true");
    assert!(found.to_string().len() < 8000, "{}", found.to_string().len());
    assert!(found.why.contains("characters"), "{}", found.why);
}
