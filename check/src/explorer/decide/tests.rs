//! Read points by hand: what each thread is offered, what is picked, and why nobody goes on.

use crate::explorer::execution::{Execution, Status, Stop};
use crate::explorer::request::Request;
use crate::explorer::test_support::{ModelWord, execution, failure, offers, search, stand};
use crate::explorer::turns::{Did, Pace, TurnStep};
use crate::graph::event::NONE;
use crate::plan::decision::Decision;
use crate::plan::strategy::Strategy;
use crate::report::data::FailureKind;
use crate::seam::op::{AltKind, Rmw, Strength, SyncOp};
use crate::search::chooser::Chooser;

const LOAD: Request = Request::Load(Strength::RELAXED);

fn cas(expected: u64, weak: bool) -> Request {
    let op = Rmw::Cas { expected, new: 9, weak };
    Request::Rmw { op, ok: Strength::ACQ_REL, err: Strength::RELAXED }
}

/// An execution with `threads` threads and these values.
fn at_a_read_point<const N: usize>(words: &[ModelWord; N], threads: usize) -> Execution {
    execution(search(Strategy::Exhaustive), words, threads)
}

fn store(s: &mut Execution, thread: usize, value: u64) {
    s.me = thread;
    s.store(0, value, Strength::RELAXED);
}

#[test]
fn a_load_is_offered_every_message_above_its_floor_and_not_covered() {
    let words = [ModelWord::default()];
    let mut s = at_a_read_point(&words, 2);
    store(&mut s, 1, 4);
    store(&mut s, 1, 5);
    stand(&mut s, 2, LOAD, 0);
    assert_eq!(offers(&mut s, 2), [(2, None), (1, None), (0, None)]);
    s.threads[2].covered = s.graph.mo(0)[2];
    assert_eq!(offers(&mut s, 2), [(2, None)]);
    // The writer itself may read its last store only.
    stand(&mut s, 1, LOAD, 0);
    assert_eq!(offers(&mut s, 1), [(2, None)]);
}

/// The alternatives of `want` on `value` for thread 1.
fn alternatives(s: &mut Execution, want: Request, value: u64) -> Vec<(AltKind, Option<u64>, Strength)> {
    let pending = stand(s, 1, want, 0);
    s.alts_of(1, &pending, value);
    s.alts.iter().map(|alt| (alt.kind, alt.write, alt.strength)).collect()
}

#[test]
fn a_compare_exchange_succeeds_fails_or_fails_for_no_reason() {
    let words = [ModelWord::default()];
    let mut s = at_a_read_point(&words, 1);
    let success = (AltKind::Normal, Some(9), Strength::ACQ_REL);
    let spurious = (AltKind::Spurious, None, Strength::RELAXED);
    let fail = (AltKind::Fail, None, Strength::RELAXED);
    assert_eq!(alternatives(&mut s, cas(3, false), 3), [success]);
    assert_eq!(alternatives(&mut s, cas(3, false), 4), [fail]);
    assert_eq!(alternatives(&mut s, cas(3, true), 3), [success, spurious]);
    assert_eq!(alternatives(&mut s, cas(3, true), 4), [fail]);
    s.threads[1].spurious = 0;
    assert_eq!(alternatives(&mut s, cas(3, true), 3), [success]);
}

#[test]
fn time_runs_out_only_as_often_as_the_budget_says() {
    let words = [ModelWord::default()];
    let mut s = at_a_read_point(&words, 1);
    let park = Request::Sync(SyncOp::Park { timed: true });
    let kinds = |s: &mut Execution| -> Vec<AltKind> {
        alternatives(s, park, 0).iter().map(|(kind, ..)| *kind).collect()
    };
    assert_eq!(kinds(&mut s), [AltKind::Timeout, AltKind::Spurious]);
    (s.threads[1].timeouts, s.threads[1].spurious) = (0, 1);
    assert_eq!(kinds(&mut s), [AltKind::Spurious]);
}

#[test]
fn a_compare_exchange_may_succeed_on_an_older_message_that_nobody_took() {
    let words = [ModelWord::default()];
    let mut s = at_a_read_point(&words, 3);
    store(&mut s, 1, 4);
    stand(&mut s, 2, cas(0, false), 0);
    assert_eq!(offers(&mut s, 2), [(1, None), (0, Some(9))]);
    let initial = s.graph.mo(0)[0];
    s.graph.rmw(3, initial, 8, Strength::RELAXED);
    // Now 0, 8, 4 in this order.
    assert_eq!(offers(&mut s, 2), [(2, None), (1, None)]);
}

#[test]
fn the_first_thread_reads_the_newest_message_first() {
    let words = [ModelWord::default()];
    let mut s = at_a_read_point(&words, 2);
    store(&mut s, 1, 4);
    stand(&mut s, 1, LOAD, 0);
    stand(&mut s, 2, LOAD, 0);
    s.threads[1].covered = 1;
    s.advance();
    let newest = s.graph.newest(0);
    assert_eq!((s.next, s.threads[1].status, s.threads[1].covered), (Some(1), Status::Running, 0));
    assert_eq!(s.decisions, [Decision::Read { thread: 1, message: newest, alt: 0 }]);
    s.me = 1;
    let (pending, choice) = s.take_chosen();
    assert_eq!(s.apply(&pending, &choice), 4);
}

#[test]
fn a_join_waits_for_the_end_and_is_no_choice() {
    let words = [ModelWord::default()];
    let mut s = at_a_read_point(&words, 2);
    stand(&mut s, 1, Request::Join(2), NONE);
    stand(&mut s, 2, LOAD, 0);
    assert!(s.choosing(1).is_none());
    s.advance();
    assert_eq!((s.next.take(), s.decisions.len()), (Some(2), 1));
    s.threads[2].status = Status::Finished;
    s.advance();
    assert_eq!((s.next.take(), s.decisions.len()), (Some(1), 1));
}

#[test]
fn threads_that_wait_for_each_other_are_a_deadlock() {
    let words = [ModelWord::holding(2), ModelWord::default()];
    let mut s = at_a_read_point(&words, 2);
    s.threads[0].status = Status::Waiting;
    stand(&mut s, 0, Request::Join(1), NONE);
    stand(&mut s, 1, Request::Sync(SyncOp::Lock), 0);
    stand(&mut s, 2, Request::Sync(SyncOp::Park { timed: false }), 1);
    // A spurious wake-up is no progress.
    s.advance();
    let message = "no thread can go on: main at join of t1, t1 at lock, t2 at park";
    assert_eq!(failure(&s), Some((FailureKind::Deadlock, message)));
    assert_eq!(s.next, None);
}

#[test]
fn an_execution_whose_options_are_covered_is_another_one() {
    let words = [ModelWord::default()];
    let mut s = at_a_read_point(&words, 1);
    stand(&mut s, 1, LOAD, 0);
    s.threads[1].covered = s.graph.messages.len() as u32;
    s.advance();
    assert!(matches!(s.stop, Some(Stop::Blocked)), "{:?}", s.stop);
}

#[test]
fn a_timed_wait_gets_time_outs_for_nothing_when_nobody_can_go_on() {
    let words = [ModelWord::default()];
    let mut s = at_a_read_point(&words, 1);
    stand(&mut s, 1, Request::Sync(SyncOp::Park { timed: true }), 0);
    s.threads[1].timeouts = 0;
    let before = s.threads[1].rescues;
    s.advance();
    assert_eq!((s.next, s.threads[1].rescues), (Some(1), before - 1));
    s.me = 1;
    assert_eq!(s.take_chosen().1.alt.kind, AltKind::Timeout);
    assert_eq!(s.threads[1].timeouts, 0);
}

#[test]
fn a_spinning_thread_gets_turns_for_nothing_and_then_it_is_a_livelock() {
    let words = [ModelWord::default()];
    let mut s = at_a_read_point(&words, 1);
    stand(&mut s, 1, Request::Newer, NONE);
    s.threads[1].rescues = 1;
    s.threads[1].turns.pace = Pace::News;
    s.advance();
    assert_eq!((s.next.take(), s.threads[1].turns.pace, s.threads[1].rescues), (Some(1), Pace::Free, 0));
    stand(&mut s, 1, Request::Newer, NONE);
    s.advance();
    assert_eq!(failure(&s).map(|f| f.0), Some(FailureKind::Livelock));
}

#[test]
fn a_forced_turn_does_not_read_the_same_again() {
    let words = [ModelWord::default()];
    let mut s = at_a_read_point(&words, 2);
    let initial = s.graph.newest(0);
    stand(&mut s, 2, LOAD, 0);
    s.threads[2].turns.last = Some(vec![TurnStep { loc: 0, did: Did::Read(initial), line: 0 }]);
    s.threads[2].turns.pace = Pace::News;
    // Nothing newer is there yet.
    assert_eq!(offers(&mut s, 2), [(0, None)]);
    store(&mut s, 1, 4);
    assert_eq!(offers(&mut s, 2), [(1, None)]);
    s.threads[2].turns.pace = Pace::Free;
    assert_eq!(offers(&mut s, 2), [(1, None), (0, None)]);
}

/// What a fresh read point offers each thread under `strategy`, and whether that is all.
fn bounded(strategy: Strategy, prepare: impl Fn(&mut Execution)) -> (Vec<(usize, usize)>, bool) {
    let words = [ModelWord::default()];
    let mut s = execution(search(strategy), &words, 2);
    store(&mut s, 1, 4);
    stand(&mut s, 1, LOAD, 0);
    stand(&mut s, 2, LOAD, 0);
    prepare(&mut s);
    let mut tried = Vec::new();
    // Every pick at this read point: thread and place.
    while let Some((thread, choice)) = s.decide_exhaustively() {
        tried.push((thread, s.graph.messages[choice.message as usize].pos as usize));
        let Chooser::Exhaustive(stack) = &mut s.search else { unreachable!("it stays the same search") };
        if !stack.backtrack() {
            break;
        }
        stack.rewind();
    }
    let Chooser::Exhaustive(stack) = &s.search else { unreachable!("it stays the same search") };
    (tried, stack.cut)
}

#[test]
fn a_bound_on_stale_reads_offers_the_newest_only() {
    let free = |_: &mut Execution| {};
    // Without anything that asks for it, the second thread is left to the subtree of the first.
    assert_eq!(bounded(Strategy::Exhaustive, free), (vec![(1, 1)], false));
    let second_covered = |s: &mut Execution| s.threads[1].status = Status::Finished;
    assert_eq!(bounded(Strategy::Exhaustive, second_covered), (vec![(2, 1), (2, 0)], false));
    assert_eq!(bounded(Strategy::StaleReads { at_most: 0 }, second_covered), (vec![(2, 1)], true));
    assert_eq!(bounded(Strategy::StaleReads { at_most: 1 }, second_covered), (vec![(2, 1), (2, 0)], false));
}

#[test]
fn a_bound_on_context_switches_keeps_the_last_thread() {
    let last = |s: &mut Execution| s.last = 2;
    let none = Strategy::ContextSwitches { at_most: 0 };
    assert_eq!(bounded(none, last), (vec![(2, 1), (2, 0)], true));
    let one = Strategy::ContextSwitches { at_most: 1 };
    assert_eq!(bounded(one, last), (vec![(1, 1), (2, 1), (2, 0)], false));
    // The last thread stands at nothing: whoever goes, takes control from nobody.
    assert_eq!(bounded(none, |s| s.last = 0).0, [(1, 1), (2, 1), (2, 0)]);
}

/// An execution of one load with the choices of `list`.
fn replayed(list: Vec<Decision>) -> Execution {
    let words = [ModelWord::default()];
    let mut s = execution(Chooser::Replay { list, next: 0 }, &words, 2);
    store(&mut s, 1, 4);
    stand(&mut s, 2, LOAD, 0);
    s.threads[1].status = Status::Finished;
    s.decide();
    s
}

#[test]
fn a_list_is_followed_or_the_model_is_not_deterministic() {
    let read = |thread, message, alt| Decision::Read { thread, message, alt };
    let branch = Decision::Branch { pick: 0, of: 2 };
    let followed = replayed(vec![read(2, 0, 0)]);
    assert_eq!((followed.next, &followed.decisions[..]), (Some(2), &[read(2, 0, 0)][..]));
    assert_eq!(followed.stale, 1);
    // Another thread, a message that is not there, an alternative that is not there, a branch.
    for wrong in [read(1, 0, 0), read(7, 0, 0), read(2, 9, 0), read(2, 0, 1), branch] {
        let s = replayed(vec![wrong]);
        assert_eq!(failure(&s).map(|f| f.0), Some(FailureKind::NotDeterministic), "{wrong:?}");
    }
    // Its end is where the failure was: blocked, if there was none.
    assert!(matches!(replayed(Vec::new()).stop, Some(Stop::Blocked)));
}

#[test]
fn a_branch_follows_the_list_too() {
    let list = vec![Decision::Branch { pick: 2, of: 3 }, Decision::Branch { pick: 1, of: 2 }];
    let mut s = execution(Chooser::Replay { list, next: 0 }, &[], 1);
    // One way is no choice.
    assert_eq!((s.branch(1), s.branch(3), s.decisions.len()), (0, 2, 1));
    assert!(s.stop.is_none());
    assert_eq!(s.branch(5), 0);
    assert_eq!(failure(&s).map(|f| f.0), Some(FailureKind::NotDeterministic));
}

#[test]
fn a_choice_is_renewed_with_what_this_execution_would_write() {
    let words = [ModelWord::default()];
    let mut s = at_a_read_point(&words, 1);
    stand(&mut s, 1, cas(0, false), 0);
    s.advance();
    let choice = s.threads[1].chosen.expect("it was picked");
    s.threads[1].status = Status::Waiting;
    let again = Request::Rmw {
        op: Rmw::Cas { expected: 0, new: 70, weak: false },
        ok: Strength::RELAXED,
        err: Strength::RELAXED,
    };
    stand(&mut s, 1, again, 0);
    assert_eq!(s.renewed(1, choice).and_then(|choice| choice.alt.write), Some(70));
    // An operation that fails now is another one.
    stand(&mut s, 1, cas(5, false), 0);
    assert!(s.renewed(1, choice).is_none());
}
