//! No false alarms: published structures that are right pass, every execution looked at.

use loom_tests::shapes::structures;
use ringwright::check::{Check, Verdict};

fn check(name: &str) {
    let found = structures().into_iter().find(|structure| structure.name == name);
    let structure = found.unwrap_or_else(|| panic!("there is no structure called {name}"));
    let report = Check::new(name).run(structure.model);
    assert_eq!(report.verdict, Verdict::Exhaustive, "{report}");
    assert!(report.executions > 1, "a model with one execution shows nothing");
}

/// A test for each structure, and one that there is a test for each.
macro_rules! structures {
    ($($test:ident: $name:literal,)+) => {
        $(
            #[test]
            fn $test() {
                check($name);
            }
        )+

        #[test]
        fn every_structure_has_a_test() {
            let mut names: Vec<&str> = structures().iter().map(|structure| structure.name).collect();
            let mut tested = vec![$($name),+];
            names.sort_unstable();
            tested.sort_unstable();
            assert_eq!(names, tested);
        }
    };
}

structures! {
    seqlock_two_writes_two_readers: "seqlock-two-writes-two-readers",
    spinlock_three_threads: "spinlock-three-threads",
    ticket_lock_three_threads: "ticket-lock-three-threads",
    mcs_two_turns_each: "mcs-two-turns-each",
    clh_two_turns_each: "clh-two-turns-each",
    peterson_seqcst: "peterson-seqcst",
    dekker_seqcst: "dekker-seqcst",
    bakery_seqcst: "bakery-seqcst",
    counted_pointer_three_threads: "counted-pointer-three-threads",
    rwlock_two_readers_one_writer: "rwlock-two-readers-one-writer",
    sense_barrier_three_rounds: "sense-barrier-three-rounds",
    sense_barrier_three_threads: "sense-barrier-three-threads",
    event_count_two_waiters: "event-count-two-waiters",
    event_count_two_events: "event-count-two-events",
    atomic_waker_two_wakers: "atomic-waker-two-wakers",
    treiber_with_hazard_pointers: "treiber-with-hazard-pointers",
    treiber_with_epochs: "treiber-with-epochs",
    michael_scott_with_hazard_pointers: "michael-scott-with-hazard-pointers",
    michael_scott_with_epochs: "michael-scott-with-epochs",
    chase_lev_push_take_two_steals: "chase-lev-push-take-two-steals",
    vyukov_mpmc_two_producers_two_consumers: "vyukov-mpmc-two-producers-two-consumers",
    disruptor_two_consumers: "disruptor-two-consumers",
    left_right_one_write_two_reads: "left-right-one-write-two-reads",
    arc_swap_debt: "arc-swap-debt",
    scq_one_producer_one_consumer: "scq-one-producer-one-consumer",
    scq_two_producers_two_consumers: "scq-two-producers-two-consumers",
}
