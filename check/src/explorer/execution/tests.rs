//! Whole programs, explored: their outcomes, and how many executions that takes.

use crate::explorer::execution::{Execution, Status};
use crate::explorer::request::Request;
use crate::explorer::test_support::{
    BUDGET, Explored, ModelWord, Step, execution, explore, here, run, search, stand,
};
use crate::explorer::waiting::TurnEnd;
use crate::plan::strategy::Strategy;
use crate::report::data::FailureKind;
use crate::seam::clock::MAX_THREADS;
use crate::seam::op::{Rmw, Strength};
use crate::search::chooser::Chooser;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

const X: u32 = 0;
const Y: u32 = 1;

fn store_buffering(store: Ordering, load: Ordering) -> Explored {
    explore(
        Strategy::Exhaustive,
        &[&[Step::Store(X, 1, store), Step::Load(Y, load)], &[Step::Store(Y, 1, store), Step::Load(X, load)]],
    )
}

#[test]
fn store_buffering_has_four_outcomes_and_three_when_it_is_seq_cst() {
    let relaxed = store_buffering(Relaxed, Relaxed);
    assert_eq!(relaxed.outcomes, [vec![0, 0], vec![0, 1], vec![1, 0], vec![1, 1]].into());
    assert_eq!((relaxed.complete, relaxed.blocked), (4, 0));
    assert_eq!(store_buffering(Release, Acquire).outcomes.len(), 4);
    let sc = store_buffering(SeqCst, SeqCst);
    assert_eq!(sc.outcomes, [vec![0, 1], vec![1, 0], vec![1, 1]].into());
    assert_eq!(sc.complete, 3);
}

#[test]
fn a_message_is_passed_by_release_and_acquire() {
    let run = |store, load| {
        let writer = [Step::Store(X, 1, Relaxed), Step::Store(Y, 1, store)];
        let reader = [Step::Load(Y, load), Step::Load(X, Relaxed)];
        explore(Strategy::Exhaustive, &[&writer, &reader]).outcomes
    };
    assert_eq!(run(Release, Acquire), [vec![0, 0], vec![0, 1], vec![1, 1]].into());
    assert_eq!(run(Relaxed, Acquire).len(), 4);
}

#[test]
fn a_message_is_passed_by_fences() {
    let writer = [Step::Store(X, 1, Relaxed), Step::Fence(Release), Step::Store(Y, 1, Relaxed)];
    let reader = [Step::Load(Y, Relaxed), Step::Fence(Acquire), Step::Load(X, Relaxed)];
    let explored = explore(Strategy::Exhaustive, &[&writer, &reader]);
    assert_eq!(explored.outcomes, [vec![0, 0], vec![0, 1], vec![1, 1]].into());
}

#[test]
fn six_additions_have_ninety_orders_and_no_execution_is_lost_or_blocked() {
    // 6! / (2! 2! 2!).
    let adds = [Step::Rmw(X, Rmw::Add(1), Relaxed); 2];
    let explored = explore(Strategy::Exhaustive, &[&adds, &adds, &adds]);
    assert_eq!((explored.complete, explored.blocked, explored.outcomes.len()), (90, 0, 90));
}

#[test]
fn one_of_two_compare_exchanges_wins() {
    let cas = |new| [Step::Rmw(X, Rmw::Cas { expected: 0, new, weak: false }, AcqRel)];
    let explored = explore(Strategy::Exhaustive, &[&cas(1), &cas(2)]);
    // What each has read: 0 if it won, otherwise what the other wrote.
    assert_eq!(explored.outcomes, [vec![0, 1], vec![2, 0]].into());
}

#[test]
fn a_read_sees_the_write_that_follows_the_read_of_another_thread() {
    // Thread 1 is tried first; only its search knows that the later store asks for thread 2.
    let (reader, writer) = ([Step::Load(X, Relaxed)], [Step::Load(Y, Relaxed), Step::Store(X, 1, Relaxed)]);
    let explored = explore(Strategy::Exhaustive, &[&reader, &writer]);
    assert_eq!(explored.outcomes, [vec![0, 0], vec![1, 0]].into());
    assert_eq!((explored.complete, explored.blocked), (2, 0));
}

#[test]
fn stores_take_every_place_in_modification_order() {
    let store = |value| [Step::Store(X, value, Relaxed)];
    // One graph an order.
    assert_eq!(explore(Strategy::Exhaustive, &[&store(1), &store(2), &store(3)]).complete, 6);
}

#[test]
fn a_bound_on_stale_choices_leaves_out_and_says_so() {
    let program: &[&[Step]] = &[
        &[Step::Store(X, 1, Relaxed), Step::Load(Y, Relaxed)],
        &[Step::Store(Y, 1, Relaxed), Step::Load(X, Relaxed)],
    ];
    let bounded = |at_most| {
        let explored = explore(Strategy::StaleReads { at_most }, program);
        (explored.outcomes.len(), explored.cut)
    };
    assert_eq!(bounded(0), (1, true));
    assert_eq!(bounded(1), (3, true));
    assert_eq!(bounded(2), (4, false));
}

#[test]
fn locks_exclude_and_their_order_matters() {
    let critical = [Step::Lock(X), Step::Load(Y, Relaxed), Step::Store(Y, 1, Relaxed), Step::Unlock(X)];
    let explored = explore(Strategy::Exhaustive, &[&critical, &critical]);
    assert_eq!(explored.outcomes, [vec![0, 1], vec![1, 0]].into());
    let both =
        |first, second| [Step::Lock(first), Step::Lock(second), Step::Unlock(second), Step::Unlock(first)];
    assert!(explore(Strategy::Exhaustive, &[&both(X, Y), &both(X, Y)]).failures.is_empty());
    let crossed = explore(Strategy::Exhaustive, &[&both(X, Y), &both(Y, X)]);
    assert_eq!(
        crossed.failures,
        ["no thread can go on: t1 at lock, t2 at lock; the main thread has returned: join \
         the threads that it leaves, or tell them to end"
            .to_owned()]
        .into()
    );
}

#[test]
fn a_failure_is_replayed_by_its_decisions() {
    let both =
        |first, second| [Step::Lock(first), Step::Lock(second), Step::Unlock(second), Step::Unlock(first)];
    let (one, two) = (both(X, Y), both(Y, X));
    let list = explore(Strategy::Exhaustive, &[&one, &two]).failing.expect("it deadlocks");
    let words: [ModelWord; 3] = Default::default();
    let mut s = execution(Chooser::Replay { list: list.clone(), next: 0 }, &words, 2);
    run(&mut s, &[&one, &two]);
    assert_eq!(crate::explorer::test_support::failure(&s).map(|f| f.0), Some(FailureKind::Deadlock));
    assert_eq!(s.decisions, list);
}

#[test]
fn a_loop_that_waits_for_a_flag_ends_and_one_that_nobody_ends_is_a_livelock() {
    let waiter = [Step::Await(Y, Acquire), Step::Load(X, Relaxed)];
    let writer = [Step::Store(X, 1, Relaxed), Step::Store(Y, 1, Release)];
    let explored = explore(Strategy::Exhaustive, &[&waiter, &writer]);
    assert_eq!(explored.outcomes, [vec![1, 1]].into());
    assert!(explored.failures.is_empty());
    let alone = explore(Strategy::Exhaustive, &[&waiter]);
    assert!(alone.outcomes.is_empty());
    assert!(alone.failures.iter().all(|why| why.starts_with("no thread can go on: t1 at a loop that spins")));
    assert_eq!(alone.failures.len(), 1);
}

#[test]
fn a_store_reaches_memory_when_it_is_the_newest() {
    let words = [ModelWord::holding(5)];
    let mut s = execution(search(Strategy::Exhaustive), &words, 2);
    s.me = 1;
    s.store(0, 7, Strength::RELAXED);
    assert_eq!(words[0].value(), 7);
    // The other thread's store goes before it.
    s.me = 2;
    s.graph.store(2, 0, 8, Strength::RELAXED, 1);
    assert_eq!(words[0].value(), 7);
}

#[test]
fn a_repeated_turn_makes_its_thread_wait() {
    let words = [ModelWord::default(), ModelWord::default()];
    let mut s = execution(search(Strategy::Exhaustive), &words, 1);
    s.me = 1;
    let turn = |s: &mut Execution| {
        stand(s, 1, Request::Load(Strength::RELAXED), 0);
        s.advance();
        assert_eq!(s.next.take(), Some(1));
        let (pending, choice) = s.take_chosen();
        s.apply(&pending, &choice);
        s.end_turn(0, here()) == TurnEnd::Waits
    };
    // The first turn, the same once more, and then once for nothing.
    assert_eq!([turn(&mut s), turn(&mut s)], [false, true]);
    // A turn with a write is progress.
    s.store(1, 1, Strength::RELAXED);
    assert!(!turn(&mut s));
}

#[test]
fn there_is_room_for_so_many_threads() {
    let mut s = Execution::new(search(Strategy::Exhaustive), BUDGET);
    s.reset(1);
    for number in 1..MAX_THREADS {
        assert_eq!(s.add_thread(Some(0), None), Some(number));
    }
    assert_eq!(s.add_thread(Some(0), None), None);
    assert_eq!((s.live().len(), s.threads[3].name.as_str()), (MAX_THREADS, "t3"));
    s.reset(2);
    assert_eq!((s.live().len(), s.live()[0].status), (1, Status::Running));
}
