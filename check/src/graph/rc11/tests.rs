//! Message passing, coherence, read-modify-writes and fences, as operations on a graph.

use crate::graph::event::BrokenRule;
use crate::graph::test_support::{
    ACQ_REL, ACQUIRE, RELAXED, RELEASE, X, Y, exchangeable, litmus, order, places, read, readable, seq_cst,
    write,
};
use crate::seam::op::Strength;

/// What thread 2 may read at `X` after it has read thread 1's flag at `Y`.
fn passed_message(store: Strength, load: Strength) -> Vec<u64> {
    let mut graph = litmus(2);
    write(&mut graph, 1, X, 1, RELAXED);
    write(&mut graph, 1, Y, 1, store);
    read(&mut graph, 2, Y, 1, load);
    readable(&mut graph, 2, X, RELAXED)
}

#[test]
fn message_passing_needs_release_and_acquire() {
    assert_eq!(passed_message(RELEASE, ACQUIRE), [1]);
    assert_eq!(passed_message(seq_cst(), seq_cst()), [1]);
    assert_eq!(passed_message(RELAXED, ACQUIRE), [1, 0]);
    assert_eq!(passed_message(RELEASE, RELAXED), [1, 0]);
}

/// The same with relaxed accesses, and these fences around them.
fn passed_by_fences(before_store: Option<Strength>, after_load: Option<Strength>) -> Vec<u64> {
    let mut graph = litmus(2);
    write(&mut graph, 1, X, 1, RELAXED);
    if let Some(strength) = before_store {
        graph.fence(1, strength);
    }
    write(&mut graph, 1, Y, 1, RELAXED);
    read(&mut graph, 2, Y, 1, RELAXED);
    if let Some(strength) = after_load {
        graph.fence(2, strength);
    }
    readable(&mut graph, 2, X, RELAXED)
}

#[test]
fn message_passing_by_fences_needs_both() {
    assert_eq!(passed_by_fences(Some(RELEASE), Some(ACQUIRE)), [1]);
    assert_eq!(passed_by_fences(Some(ACQ_REL), Some(seq_cst())), [1]);
    assert_eq!(passed_by_fences(Some(ACQUIRE), Some(ACQUIRE)), [1, 0]);
    assert_eq!(passed_by_fences(Some(RELEASE), Some(RELEASE)), [1, 0]);
    assert_eq!(passed_by_fences(None, Some(ACQUIRE)), [1, 0]);
    assert_eq!(passed_by_fences(Some(RELEASE), None), [1, 0]);
}

#[test]
fn a_relaxed_load_keeps_the_view_for_the_acquire_fence() {
    let mut graph = litmus(2);
    write(&mut graph, 1, X, 1, RELEASE);
    read(&mut graph, 2, X, 1, RELAXED);
    assert_eq!((graph.pasts[2].cur.get(1), graph.pasts[2].acq.get(1)), (0, 1));
    graph.fence(2, ACQUIRE);
    assert_eq!(graph.pasts[2].cur.get(1), 1);
    // The (sb ∪ rf)+ past knew it all along.
    assert!(graph.events[1].hb.get(1) == 0 && graph.pasts[2].porf.has(1, 1));
}

#[test]
fn a_relaxed_store_carries_what_the_last_release_fence_saw() {
    let mut graph = litmus(1);
    let before = write(&mut graph, 1, X, 1, RELAXED);
    graph.fence(1, RELEASE);
    let after = write(&mut graph, 1, X, 2, RELAXED);
    assert_eq!(graph.messages[before as usize].view.get(1), 0);
    // The first store and the fence; not the second store itself.
    assert_eq!(graph.messages[after as usize].view.get(1), 2);
    assert_eq!((graph.pasts[1].rel.get(1), graph.pasts[1].cur.get(1)), (2, 3));
}

#[test]
fn a_release_store_carries_its_whole_past_and_itself() {
    let mut graph = litmus(1);
    write(&mut graph, 1, X, 1, RELAXED);
    let message = write(&mut graph, 1, Y, 1, RELEASE);
    assert_eq!(graph.messages[message as usize].view, graph.pasts[1].cur);
    assert_eq!(graph.pasts[1].cur.get(1), 2);
}

#[test]
fn two_reads_of_one_thread_go_forward() {
    let mut graph = litmus(2);
    write(&mut graph, 1, X, 1, RELAXED);
    write(&mut graph, 1, X, 2, RELAXED);
    assert_eq!(readable(&mut graph, 2, X, RELAXED), [2, 1, 0]);
    read(&mut graph, 2, X, 1, RELAXED);
    assert_eq!((graph.floor(2, X), readable(&mut graph, 2, X, RELAXED)), (1, vec![2, 1]));
}

#[test]
fn a_read_that_happens_before_binds_other_threads_too() {
    let mut graph = litmus(3);
    write(&mut graph, 1, X, 1, RELAXED);
    read(&mut graph, 2, X, 1, RELAXED);
    write(&mut graph, 2, Y, 1, RELEASE);
    assert_eq!(readable(&mut graph, 3, X, RELAXED), [1, 0]);
    read(&mut graph, 3, Y, 1, ACQUIRE);
    assert_eq!(readable(&mut graph, 3, X, RELAXED), [1]);
}

#[test]
fn two_stores_of_one_thread_stay_in_order() {
    let mut graph = litmus(2);
    write(&mut graph, 1, X, 1, RELAXED);
    assert_eq!(places(&mut graph, 1, X, RELAXED), [2]);
    // Another thread's store may go before it, but nothing goes before the initial value.
    assert_eq!(places(&mut graph, 2, X, RELAXED), [2, 1]);
    graph.store(2, X, 2, RELAXED, 1);
    assert_eq!(order(&graph, X), [0, 2, 1]);
    let places_of_messages: Vec<u32> =
        graph.mo(X).iter().map(|message| graph.messages[*message as usize].pos).collect();
    assert_eq!(places_of_messages, [0, 1, 2]);
}

#[test]
fn a_store_goes_after_what_its_thread_has_read() {
    let mut graph = litmus(2);
    write(&mut graph, 1, X, 1, RELAXED);
    write(&mut graph, 1, X, 2, RELAXED);
    read(&mut graph, 2, X, 1, RELAXED);
    assert_eq!(places(&mut graph, 2, X, RELAXED), [3, 2]);
}

#[test]
fn a_message_is_taken_by_one_read_modify_write() {
    let mut graph = litmus(3);
    let initial = graph.newest(X);
    graph.rmw(1, initial, 1, RELAXED);
    assert_eq!(exchangeable(&mut graph, 2, X, RELAXED), [1]);
    // A load may still read it.
    assert_eq!(readable(&mut graph, 2, X, RELAXED), [1, 0]);
}

#[test]
fn nothing_comes_between_a_message_and_its_read_modify_write() {
    let mut graph = litmus(3);
    let initial = graph.newest(X);
    write(&mut graph, 1, X, 5, RELAXED);
    // Right after the initial value, before the store of 5.
    graph.rmw(2, initial, 1, RELAXED);
    assert_eq!(order(&graph, X), [0, 1, 5]);
    // At the end, or before the 5; not between 0 and 1.
    assert_eq!(places(&mut graph, 3, X, RELAXED), [3, 2]);
}

/// Thread 1 publishes `X` by a release store of 1 to `Y`, and `then` adds to `Y`; what thread 3 may read at
/// `X` after an acquire load of 2.
fn after_release_sequence(then: impl FnOnce(&mut crate::graph::rc11::Graph, u32)) -> Vec<u64> {
    let mut graph = litmus(3);
    write(&mut graph, 1, X, 1, RELAXED);
    let head = write(&mut graph, 1, Y, 1, RELEASE);
    then(&mut graph, head);
    read(&mut graph, 3, Y, 2, ACQUIRE);
    readable(&mut graph, 3, X, RELAXED)
}

#[test]
fn a_read_modify_write_continues_a_release_sequence() {
    let by_rmw = after_release_sequence(|graph, head| {
        graph.rmw(2, head, 2, RELAXED);
    });
    assert_eq!(by_rmw, [1]);
}

#[test]
fn a_later_store_of_the_same_thread_does_not() {
    let by_own_store = after_release_sequence(|graph, _| {
        write(graph, 1, Y, 2, RELAXED);
    });
    assert_eq!(by_own_store, [1, 0]);
    let by_other_store = after_release_sequence(|graph, _| {
        write(graph, 2, Y, 2, RELAXED);
    });
    assert_eq!(by_other_store, [1, 0]);
}

#[test]
fn a_read_modify_write_that_changes_nothing_keeps_the_root() {
    let mut graph = litmus(2);
    let initial = graph.newest(X);
    let locked = graph.rmw(1, initial, 1, RELAXED);
    let spun = graph.rmw(2, locked, 1, RELAXED);
    let spun_again = graph.rmw(2, spun, 1, RELAXED);
    let roots = [locked, spun, spun_again].map(|message| graph.messages[message as usize].root);
    assert_eq!(roots, [locked, locked, locked]);
}

#[test]
fn a_child_knows_what_came_before_its_spawn() {
    let mut graph = litmus(0);
    write(&mut graph, 0, X, 1, RELAXED);
    let child = graph.add_thread(Some(0));
    write(&mut graph, 0, X, 2, RELAXED);
    assert_eq!(readable(&mut graph, child, X, RELAXED), [2, 1]);
    // The first store and the spawn.
    assert_eq!((graph.pasts[child].cur.get(0), graph.pasts[child].seq), (2, 0));
}

#[test]
fn an_access_is_unordered_until_it_happens_before() {
    let mut graph = litmus(2);
    write(&mut graph, 1, X, 1, RELEASE);
    let by = graph.unordered_access(2, X).map(|stamp| (stamp.thread, stamp.seq));
    assert_eq!(by, Some((1, 1)));
    assert!(graph.unordered_access(1, X).is_none());
    read(&mut graph, 2, X, 1, ACQUIRE);
    assert!(graph.unordered_access(2, X).is_none());
}

#[test]
fn a_reset_graph_is_a_new_one() {
    let mut graph = litmus(2);
    write(&mut graph, 1, X, 1, seq_cst());
    graph.reset();
    graph.add_thread(None);
    assert_eq!(graph.add_location(7), X);
    assert_eq!((order(&graph, X), graph.floor(0, X), graph.sc_events), (vec![7], 0, 0));
    assert!(graph.events.is_empty() && graph.unordered_access(0, X).is_none());
}

#[test]
fn append_only_knows_no_older_place() {
    let mut graph = litmus(2);
    graph.broken = BrokenRule::AppendOnly;
    write(&mut graph, 1, X, 1, RELAXED);
    assert_eq!(places(&mut graph, 2, X, RELAXED), [2]);
    assert_eq!(exchangeable(&mut graph, 2, X, RELAXED), [1]);
    graph.broken = BrokenRule::None;
    assert_eq!(exchangeable(&mut graph, 2, X, RELAXED), [1, 0]);
}
