//! SeqCst programs of which one outcome has a cycle in psc, and their neighbours that have none.

use crate::graph::event::BrokenRule;
use crate::graph::psc::{MAX_PSC_EVENTS, Relation, bits};
use crate::graph::rc11::Graph;
use crate::graph::test_support::{
    ACQ_REL, ACQUIRE, RELAXED, RELEASE, X, Y, litmus, places, read, readable, seq_cst, write,
};
use crate::seam::op::Strength;

#[test]
fn bits_and_images_cross_words() {
    assert_eq!(bits(&[1 << 3, 1 | 1 << 63]).collect::<Vec<_>>(), [3, 64, 127]);
    let mut relation = Relation::default();
    relation.reset(70);
    relation.set(0, 69);
    relation.set(69, 2);
    let mut out = vec![0; 2];
    relation.image(&[1, 1 << 5], &mut out);
    assert_eq!(bits(&out).collect::<Vec<_>>(), [2, 69]);
}

/// What the second thread of store buffering may read when the first one has read 0. Each thread runs
/// `between` between its store and its load.
fn store_buffering(
    broken: BrokenRule,
    (store, load): (Strength, Strength),
    between: impl Fn(&mut Graph, usize),
) -> Vec<u64> {
    let mut graph = litmus(2);
    graph.broken = broken;
    for (thread, loc) in [(1, X), (2, Y)] {
        write(&mut graph, thread, loc, 1, store);
        between(&mut graph, thread);
    }
    read(&mut graph, 1, Y, 0, load);
    readable(&mut graph, 2, X, load)
}

fn nothing(_: &mut Graph, _: usize) {}

#[test]
fn store_buffering_by_seq_cst_accesses() {
    let sc = seq_cst();
    assert_eq!(store_buffering(BrokenRule::None, (sc, sc), nothing), [1]);
    assert_eq!(store_buffering(BrokenRule::None, (sc, RELAXED), nothing), [1, 0]);
    assert_eq!(store_buffering(BrokenRule::None, (RELEASE, ACQUIRE), nothing), [1, 0]);
    assert_eq!(store_buffering(BrokenRule::NoPsc, (sc, sc), nothing), [1, 0]);
}

#[test]
fn store_buffering_by_fences() {
    let fences = |strengths: [Option<Strength>; 2]| {
        store_buffering(BrokenRule::None, (RELAXED, RELAXED), move |graph, thread| {
            if let Some(strength) = strengths[thread - 1] {
                graph.fence(thread, strength);
            }
        })
    };
    let sc = seq_cst();
    assert_eq!(fences([Some(sc), Some(sc)]), [1]);
    assert_eq!(fences([Some(sc), None]), [1, 0]);
    assert_eq!(fences([Some(sc), Some(ACQ_REL)]), [1, 0]);
}

#[test]
fn a_fence_on_one_side_and_accesses_on_the_other_order_too() {
    let second_reads = |fence| {
        let mut graph = litmus(2);
        write(&mut graph, 1, X, 1, RELAXED);
        graph.fence(1, fence);
        write(&mut graph, 2, Y, 1, seq_cst());
        read(&mut graph, 1, Y, 0, RELAXED);
        readable(&mut graph, 2, X, seq_cst())
    };
    // The cycle leaves the fence by happens-before, to the load that follows it.
    assert_eq!(second_reads(seq_cst()), [1]);
    assert_eq!(second_reads(ACQ_REL), [1, 0]);
}

#[test]
fn a_seq_cst_access_is_no_fence() {
    // Relaxed store buffering, with a SeqCst store to somewhere else in the middle of each thread.
    let run = |broken| {
        store_buffering(broken, (RELAXED, RELAXED), |graph, thread| {
            let elsewhere = graph.add_location(0);
            write(graph, thread, elsewhere, 1, seq_cst());
        })
    };
    assert_eq!(run(BrokenRule::None), [1, 0]);
    assert_eq!(run(BrokenRule::ScAccessIsFence), [1]);
}

/// Two readers of two independent writes: the first has read 1 at `X` and 0 at `Y`, the second 1 at `Y`. What
/// may it read at `X`?
fn independent_reads(store: Strength, load: Strength, fence: Option<Strength>) -> Vec<u64> {
    let mut graph = litmus(4);
    write(&mut graph, 1, X, 1, store);
    write(&mut graph, 2, Y, 1, store);
    read(&mut graph, 3, X, 1, load);
    read(&mut graph, 4, Y, 1, load);
    for thread in [3, 4] {
        if let Some(fence) = fence {
            graph.fence(thread, fence);
        }
    }
    read(&mut graph, 3, Y, 0, load);
    readable(&mut graph, 4, X, load)
}

#[test]
fn independent_reads_of_independent_writes() {
    assert_eq!(independent_reads(seq_cst(), seq_cst(), None), [1]);
    assert_eq!(independent_reads(RELEASE, ACQUIRE, None), [1, 0]);
    assert_eq!(independent_reads(RELEASE, seq_cst(), None), [1, 0]);
}

#[test]
fn fences_between_independent_reads_order_what_others_wrote() {
    // The cycle goes through reads-before and reads-from: psc_F.
    assert_eq!(independent_reads(RELAXED, RELAXED, Some(seq_cst())), [1]);
    assert_eq!(independent_reads(RELAXED, RELAXED, Some(ACQ_REL)), [1, 0]);
}

#[test]
fn stores_of_two_threads_to_two_places_have_one_order() {
    let second_place = |strength| {
        let mut graph = litmus(2);
        write(&mut graph, 1, X, 1, strength);
        write(&mut graph, 1, Y, 2, strength);
        write(&mut graph, 2, Y, 1, strength);
        places(&mut graph, 2, X, strength)
    };
    assert_eq!(second_place(seq_cst()), [2]);
    assert_eq!(second_place(RELEASE), [2, 1]);
}

#[test]
fn happens_before_through_one_location_orders_no_seq_cst_accesses() {
    // RC11 repairs C++11 here: thread 1's SeqCst store happens before thread 2's read-modify-write, but by way
    // of an access to the same location, which scb does not take in.
    let mut graph = litmus(3);
    let sc = seq_cst();
    write(&mut graph, 1, X, 1, sc);
    let flag = write(&mut graph, 1, Y, 1, RELEASE);
    graph.rmw(2, flag, 2, sc);
    write(&mut graph, 3, Y, 3, sc);
    assert_eq!(readable(&mut graph, 3, X, sc), [1, 0]);
    // A fence in the middle of thread 2 would order them.
    let mut graph = litmus(3);
    write(&mut graph, 1, X, 1, sc);
    write(&mut graph, 1, Y, 1, RELEASE);
    read(&mut graph, 2, Y, 1, ACQUIRE);
    graph.fence(2, sc);
    write(&mut graph, 2, Y, 2, RELAXED);
    write(&mut graph, 3, Y, 3, RELAXED);
    graph.fence(3, sc);
    assert_eq!(readable(&mut graph, 3, X, sc), [1]);
}

#[test]
fn one_seq_cst_event_makes_no_question() {
    let mut graph = litmus(2);
    write(&mut graph, 1, X, 1, seq_cst());
    assert_eq!((graph.sc_events, readable(&mut graph, 2, X, RELAXED)), (1, vec![1, 0]));
}

#[test]
fn a_graph_that_is_too_large_offers_the_newest_only() {
    let mut graph = litmus(2);
    write(&mut graph, 1, X, 1, RELAXED);
    for _ in 0..MAX_PSC_EVENTS - 2 {
        graph.fence(1, seq_cst());
    }
    assert_eq!(readable(&mut graph, 2, X, RELAXED), [1, 0]);
    graph.fence(1, seq_cst());
    assert_eq!(readable(&mut graph, 2, X, RELAXED), [1]);
}
