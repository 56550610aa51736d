//! Each near-linear check against the general search, on many small histories.

use super::common::{self, Rng};
use ringwright_check::linearize::{
    BufferOp, BufferRet, History, Linearizability, Monitored, Queue, Recorder, Register, Set, Spec, Stack,
    check, search,
};

/// Compares the two verdicts on `rounds` histories. Both verdicts must be common,
/// and the near-linear check must take on nearly all histories.
fn agree<S: Spec>(
    spec: &S,
    rounds: u64,
    unsuited_at_most: u64,
    mut make: impl FnMut(&mut Rng) -> History<S::Op, S::Ret>,
) {
    let (mut good, mut bad, mut unsuited) = (0, 0, 0);
    for seed in 0..rounds {
        let history = make(&mut Rng(seed));
        let truth = search(spec, &history, u64::MAX);
        match (spec.monitor(&history), &truth) {
            (Monitored::Linearizable, Linearizability::Linearizable) => good += 1,
            (Monitored::Violation(found), Linearizability::NotLinearizable(_)) => {
                bad += 1;
                assert!(!found.calls.is_empty() && !found.why.is_empty());
                assert!(found.calls.windows(2).all(|pair| pair[0] < pair[1]), "{found:?}");
            }
            (Monitored::Unsuited, _) => unsuited += 1,
            (said, truth) => panic!("seed {seed}: {said:?}, but {truth:?}: {:#?}", history.calls()),
        }
        assert_eq!(check(spec, &history).is_linearizable(), truth == Linearizability::Linearizable);
    }
    println!("{good} linearizable, {bad} not, {unsuited} unsuited");
    assert!(good > rounds / 5 && bad > rounds / 5, "{good} linearizable, {bad} not");
    assert!(unsuited <= unsuited_at_most, "{unsuited} unsuited");
}

#[test]
fn the_queue_check_is_right() {
    agree(&Queue::new(), 20_000, 0, |rng| common::buffer(rng, false));
}

#[test]
fn the_queue_check_is_right_with_pops_of_unknown_values() {
    agree(&Queue::new(), 20_000, 10_000, |rng| common::buffer(rng, true));
}

#[test]
fn the_stack_check_is_right() {
    agree(&Stack::new(), 20_000, 0, |rng| common::buffer(rng, false));
}

#[test]
fn the_register_check_is_right() {
    agree(&Register::new(), 20_000, 0, common::register);
}

#[test]
fn the_set_check_is_right() {
    agree(&Set::new(), 20_000, 0, common::set);
}

#[test]
fn a_pop_that_came_back_with_an_unknown_value_took_one_by_then() {
    let mut recorder = Recorder::new();
    let mut call = |op, ret| {
        let id = recorder.invoke(0, op);
        match ret {
            Some(ret) => recorder.ok(id, ret),
            None => recorder.done(id),
        }
    };
    call(BufferOp::Push(1), Some(BufferRet::Pushed));
    call(BufferOp::Pop, None);
    call(BufferOp::Pop, Some(BufferRet::Popped(1)));
    call(BufferOp::Push(2), Some(BufferRet::Pushed));
    let history = recorder.finish();
    for said in [check(&Queue::new(), &history), check(&Stack::new(), &history)] {
        assert!(matches!(said, Linearizability::NotLinearizable(_)), "{said}");
    }
}
