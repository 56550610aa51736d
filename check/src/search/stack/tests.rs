//! The exhaustive search without an execution: branches, read points, the cut-off, shared subtrees, rescues.

use crate::plan::split::{DEPTH, Split};
use crate::plan::strategy::Strategy;
use crate::seam::clock::Clock;
use crate::seam::op::{Alt, AltKind, DONE, Strength};
use crate::search::stack::{ChoiceStack, ReadOption, WriteNote};
use std::sync::Arc;

/// The location of every read here.
const LOC: u32 = 7;

fn exhaustive() -> ChoiceStack {
    ChoiceStack::new(Strategy::Exhaustive, true, Split::default())
}

fn shared(split: Split) -> ChoiceStack {
    ChoiceStack::new(Strategy::Exhaustive, true, split)
}

/// What `program` picks in each execution, in the order of the search.
fn walk(stack: &mut ChoiceStack, program: impl Fn(&mut ChoiceStack) -> Vec<u32>) -> Vec<Vec<u32>> {
    let mut seen = Vec::new();
    loop {
        stack.rewind();
        seen.push(program(stack));
        if !stack.backtrack() {
            return seen;
        }
    }
}

fn branch(stack: &mut ChoiceStack, of: u32) -> u32 {
    stack.branch(of).expect("the program is deterministic")
}

fn option(message: u32, kind: AltKind) -> ReadOption {
    let alt = Alt { write: None, result: DONE, strength: Strength::RELAXED, kind };
    ReadOption { message, nth: 0, alt }
}

/// A thread at a read point: its number, whether it is a read-modify-write, whether nothing was covered, and
/// the messages that it may read.
type Reader<'a> = (usize, bool, bool, &'a [u32]);

fn load(thread: usize, messages: &[u32]) -> Reader<'_> {
    (thread, false, true, messages)
}

/// Builds the read point of these threads unless it is there already; whether there is anything to pick.
fn build(stack: &mut ChoiceStack, readers: &[Reader<'_>]) -> bool {
    if stack.repeating() {
        return true;
    }
    stack.begin_read(10);
    for (thread, rmw, fresh, messages) in readers {
        let group = stack.group();
        (group.thread, group.loc, group.seq) = (*thread, LOC, 1);
        (group.rmw, group.fresh) = (*rmw, *fresh);
        group.choices.extend(messages.iter().map(|message| option(*message, AltKind::Normal)));
        stack.keep_group();
    }
    stack.end_read()
}

/// A read point; gives the thread and the message.
fn read(stack: &mut ChoiceStack, readers: &[Reader<'_>]) -> Vec<u32> {
    assert!(build(stack, readers));
    let picked = stack.pick().expect("a read point");
    vec![picked.group.thread as u32, picked.choice.message]
}

/// What happens after the read of the first thread: `event`, of thread `by`.
fn note(stack: &mut ChoiceStack, by: usize, loc: u32, seen: bool, writes: bool, rmw: bool) {
    let mut porf = Clock::EMPTY;
    porf.set(0, u16::from(seen));
    stack.note(&WriteNote { thread: by, seq: 1, loc, porf: &porf, writes, rmw });
}

#[test]
fn branches_come_in_order_and_each_once() {
    let seen = walk(&mut exhaustive(), |stack| vec![branch(stack, 2), branch(stack, 3)]);
    assert_eq!(seen, [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
}

#[test]
fn a_branch_may_hang_on_an_earlier_one() {
    let seen = walk(&mut exhaustive(), |stack| match branch(stack, 3) {
        0 => vec![0],
        first => vec![first, branch(stack, 2)],
    });
    assert_eq!(seen, [vec![0], vec![1, 0], vec![1, 1], vec![2, 0], vec![2, 1]]);
}

#[test]
fn another_branch_than_last_time_is_no_choice() {
    let mut stack = exhaustive();
    stack.rewind();
    assert_eq!(stack.branch(2), Some(0));
    assert!(stack.backtrack());
    stack.rewind();
    assert!(stack.repeating());
    assert_eq!(stack.branch(3), None);
    // And a branch is no read point.
    stack.rewind();
    assert!(stack.pick().is_none());
}

#[test]
fn a_read_point_without_reduction_tries_every_thread_and_message() {
    let mut stack = ChoiceStack::new(Strategy::ContextSwitches { at_most: 5 }, true, Split::default());
    assert_eq!(stack.preemptions, Some(5));
    let seen = walk(&mut stack, |stack| {
        let picked = read(stack, &[load(0, &[1, 0]), load(2, &[4])]);
        // Nothing is ever covered.
        stack.rewind();
        assert!(stack.pick().expect("the same read point").done.is_empty());
        picked
    });
    assert_eq!(seen, [[0, 1], [0, 0], [2, 4]]);
}

#[test]
fn a_thread_whose_options_are_done_is_covered_for_the_next_ones() {
    let mut stack = exhaustive();
    let mut done = Vec::new();
    loop {
        stack.rewind();
        assert!(build(&mut stack, &[(0, false, false, &[1, 0]), (2, false, false, &[4])]));
        let picked = stack.pick().expect("a read point");
        assert_eq!(picked.watermark, 10);
        done.push(picked.done.iter().map(|group| group.thread).collect::<Vec<_>>());
        if !stack.backtrack() {
            break;
        }
    }
    assert_eq!(done, [vec![], vec![], vec![0]]);
}

/// The threads that a read point of thread 0 and 1 tries when `then` happens below it.
fn tried(first: Reader<'_>, then: impl Fn(&mut ChoiceStack)) -> Vec<u32> {
    let seen = walk(&mut exhaustive(), |stack| {
        let picked = read(stack, &[first, load(1, &[0])]);
        if picked[0] == 0 {
            then(stack);
        }
        picked
    });
    seen.iter().map(|picked| picked[0]).collect()
}

#[test]
fn the_next_thread_is_tried_only_if_something_asks_for_it() {
    let (reads, exchanges) = (load(0, &[0]), (0, true, true, &[0][..]));
    assert_eq!(tried(reads, |_| {}), [0]);
    // Some message was covered.
    assert_eq!(tried((0, false, false, &[0]), |_| {}), [0, 1]);
    // A later write that does not have the read in its past; one that has; one elsewhere.
    assert_eq!(tried(reads, |stack| note(stack, 1, LOC, false, true, false)), [0, 1]);
    assert_eq!(tried(reads, |stack| note(stack, 1, LOC, true, true, false)), [0]);
    assert_eq!(tried(reads, |stack| note(stack, 1, LOC + 1, false, true, false)), [0]);
    // Another attempt at a read-modify-write, a failed one too, if this is one as well.
    assert_eq!(tried(exchanges, |stack| note(stack, 1, LOC, true, false, true)), [0, 1]);
    assert_eq!(tried(reads, |stack| note(stack, 1, LOC, true, false, true)), [0]);
    // Its own write.
    assert_eq!(tried(exchanges, |stack| note(stack, 0, LOC, false, true, true)), [0]);
}

#[test]
fn what_one_message_asks_for_holds_for_the_whole_thread() {
    // Only the first of two messages is followed by the write.
    let seen = walk(&mut exhaustive(), |stack| {
        let picked = read(stack, &[load(0, &[1, 0]), load(1, &[0])]);
        if picked == [0, 1] {
            note(stack, 1, LOC, false, true, false);
        }
        picked
    });
    assert_eq!(seen, [[0, 1], [0, 0], [1, 0]]);
}

#[test]
fn a_read_point_without_groups_leaves_nothing_behind() {
    let mut stack = exhaustive();
    stack.rewind();
    assert!(!build(&mut stack, &[]));
    assert!(build(&mut stack, &[load(0, &[0])]));
    stack.forget_read();
    assert_eq!(branch(&mut stack, 2), 0);
    assert!(stack.backtrack());
    stack.rewind();
    assert_eq!(branch(&mut stack, 2), 1);
    assert!(!stack.backtrack());
}

#[test]
fn spurious_wake_ups_are_no_progress() {
    let mut stack = exhaustive();
    stack.rewind();
    stack.begin_read(0);
    stack.group().choices.push(option(0, AltKind::Spurious));
    stack.keep_group();
    assert!(stack.end_read() && !stack.offers_progress());
    stack.forget_read();
    stack.begin_read(0);
    stack.group().choices.extend([option(0, AltKind::Spurious), option(0, AltKind::Timeout)]);
    stack.keep_group();
    assert!(stack.end_read() && stack.offers_progress());
}

#[test]
fn control_is_taken_only_from_who_could_go_on() {
    let mut stack = exhaustive();
    stack.rewind();
    read(&mut stack, &[load(0, &[0]), load(2, &[0])]);
    assert!(stack.preempts(2, 0));
    assert!(!stack.preempts(0, 0));
    // Thread 1 did not stand at this read point.
    assert!(!stack.preempts(1, 0));
}

#[test]
fn a_rescue_is_known_again_and_is_no_choice() {
    let seen = walk(&mut exhaustive(), |stack| {
        let first = branch(stack, 2);
        if first == 1 {
            return vec![first];
        }
        let known = u32::from(stack.repeats_rescue());
        stack.rescue();
        vec![first, known, branch(stack, 2)]
    });
    assert_eq!(seen, [vec![0, 0, 0], vec![0, 1, 1], vec![1]]);
}

/// Ten binary choices; the executions that each of the stacks counts, run in turns.
fn counted(stacks: &mut [ChoiceStack]) -> Vec<Vec<Vec<u32>>> {
    let mut counted = vec![Vec::new(); stacks.len()];
    let mut over = vec![false; stacks.len()];
    while over.contains(&false) {
        for (at, stack) in stacks.iter_mut().enumerate().filter(|(at, _)| !over[*at]).collect::<Vec<_>>() {
            stack.rewind();
            let mut picks = Vec::new();
            while picks.len() < DEPTH + 3 && !stack.foreign() {
                picks.push(branch(stack, 2));
            }
            if !stack.foreign() && stack.counts() {
                counted[at].push(picks);
            }
            over[at] = !stack.backtrack();
        }
    }
    counted
}

#[test]
fn a_claim_is_asked_once_an_execution() {
    let split = Split { claims: Some(Arc::default()), ..Split::default() };
    let mut stacks = [shared(split)];
    // Asked twice, the second answer would be no.
    assert_eq!(counted(&mut stacks)[0].len(), 1 << (DEPTH + 3));
}

#[test]
fn two_searches_share_the_subtrees() {
    let split = Split { claims: Some(Arc::default()), ..Split::default() };
    let [mine, yours] = &counted(&mut [shared(split.clone()), shared(split)])[..] else { unreachable!() };
    assert!(!mine.is_empty() && !yours.is_empty());
    let mut all = [&mine[..], &yours[..]].concat();
    all.sort();
    all.dedup();
    assert_eq!((all.len(), mine.len() + yours.len()), (1 << (DEPTH + 3), 1 << (DEPTH + 3)));
}

#[test]
fn shards_share_the_subtrees_without_a_table() {
    let shard = |number| shared(Split { shard: Some((number, 2)), ..Split::default() });
    let parts = counted(&mut [shard(0), shard(1)]);
    assert!(parts.iter().all(|part| !part.is_empty()));
    assert_eq!(parts[0].len() + parts[1].len(), 1 << (DEPTH + 3));
}

#[test]
fn a_short_execution_counts_for_one_search() {
    let split = Split { claims: Some(Arc::default()), ..Split::default() };
    let mut counts = [shared(split.clone()), shared(split)].map(|mut stack| {
        stack.rewind();
        branch(&mut stack, 2);
        stack.counts()
    });
    counts.sort();
    assert_eq!(counts, [false, true]);
    // Alone, everything counts.
    assert!(exhaustive().counts());
}

#[test]
fn above_the_names_of_subtrees_nothing_is_cut_off() {
    let split = Split { claims: Some(Arc::default()), ..Split::default() };
    let seen = walk(&mut shared(split), |stack| read(stack, &[load(0, &[0]), load(1, &[0])]));
    assert_eq!(seen, [[0, 0], [1, 0]]);
}
