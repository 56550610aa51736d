//! Every published bug shape: the explorer finds the flaw by its default plan, and passes the corrected form.

use loom_tests::shapes::{Shape, all};
use ringwright::check::{Check, Verdict};

fn shape(name: &str) -> Shape {
    let found = all().into_iter().find(|shape| shape.name == name);
    found.unwrap_or_else(|| panic!("there is no shape called {name}"))
}

fn check(name: &str) {
    let shape = shape(name);
    let report = Check::new(format!("{name}, with the flaw")).run(shape.buggy);
    assert!(
        report.failed().is_some_and(|kind| shape.expected.contains(&kind)),
        "expected one of {:?}\n{report}",
        shape.expected
    );
    let failure = report.failure.expect("a failed report has a failure");
    assert!(!failure.trace.lines.is_empty(), "a failure shows its interleaving");
    let report = Check::new(format!("{name}, corrected")).run(shape.fixed);
    // Its worker counts its turns without end: how many it has had when it sees the flag has no bound.
    let counts = name == "stop-flag-guards-data"
        && matches!(&report.verdict, Verdict::Bounded(why) if why.contains("shapes/publish.rs"));
    assert!(report.verdict == Verdict::Exhaustive || counts, "{report}");
}

/// A test for each shape, and one that there is a test for each.
macro_rules! shapes {
    ($($test:ident: $name:literal,)+) => {
        $(
            #[test]
            fn $test() {
                check($name);
            }
        )+

        #[test]
        fn every_shape_has_a_test_and_a_name_of_its_own() {
            let mut names: Vec<&str> = all().iter().map(|shape| shape.name).collect();
            let mut tested = vec![$($name),+];
            names.sort_unstable();
            tested.sort_unstable();
            assert_eq!(names, tested);
            names.dedup();
            assert_eq!(names.len(), tested.len(), "a name stands for two shapes");
        }
    };
}

shapes! {
    message_passing_relaxed_flag: "message-passing-relaxed-flag",
    stop_flag_guards_data: "stop-flag-guards-data",
    double_checked_locking: "double-checked-locking",
    once_cell_relaxed_publish: "once-cell-relaxed-publish",
    rcu_publish_relaxed: "rcu-publish-relaxed",
    double_width_counter_torn: "double-width-counter-torn",
    seqlock_no_reader_fence: "seqlock-no-reader-fence",
    seqlock_no_writer_fence: "seqlock-no-writer-fence",
    seqlock_relaxed_end: "seqlock-relaxed-end",
    spinlock_relaxed_unlock: "spinlock-relaxed-unlock",
    ticket_lock_relaxed_unlock: "ticket-lock-relaxed-unlock",
    mcs_relaxed_handover: "mcs-relaxed-handover",
    mcs_lost_successor: "mcs-lost-successor",
    clh_relaxed_unlock: "clh-relaxed-unlock",
    clh_own_node_reused: "clh-own-node-reused",
    peterson_acquire_release: "peterson-acquire-release",
    dekker_no_fence: "dekker-no-fence",
    dekker_acquire_release: "dekker-acquire-release",
    bakery_acquire_release: "bakery-acquire-release",
    lock_order_deadlock: "lock-order-deadlock",
    unlock_missed_on_error: "unlock-missed-on-error",
    lost_update: "lost-update",
    check_then_act: "check-then-act",
    lock_released_between_check_and_use: "lock-released-between-check-and-use",
    unlock_of_a_lock_not_held: "unlock-of-a-lock-not-held",
    reference_count_relaxed_decrement: "reference-count-relaxed-decrement",
    reference_count_no_acquire: "reference-count-no-acquire",
    reference_count_read_after_decrement: "reference-count-read-after-decrement",
    weak_upgrade_from_zero: "weak-upgrade-from-zero",
    get_mut_checks_in_the_wrong_order: "get-mut-checks-in-the-wrong-order",
    double_free_by_two_owners: "double-free-by-two-owners",
    rwlock_downgrade_lets_a_writer_in: "rwlock-downgrade-lets-a-writer-in",
    rwlock_relaxed_read_unlock: "rwlock-relaxed-read-unlock",
    rwlock_flag_and_count_acquire_release: "rwlock-flag-and-count-acquire-release",
    rwlock_reader_looks_then_counts: "rwlock-reader-looks-then-counts",
    rwlock_two_upgrades: "rwlock-two-upgrades",
    barrier_without_generation: "barrier-without-generation",
    sense_barrier_reset_too_late: "sense-barrier-reset-too-late",
    sense_barrier_relaxed_arrival: "sense-barrier-relaxed-arrival",
    condvar_if_instead_of_while: "condvar-if-instead-of-while",
    condvar_flag_set_without_the_lock: "condvar-flag-set-without-the-lock",
    condvar_notify_one_of_two_kinds: "condvar-notify-one-of-two-kinds",
    park_without_recheck: "park-without-recheck",
    event_count_no_fence_before_the_wait: "event-count-no-fence-before-the-wait",
    event_count_no_fence_before_the_look: "event-count-no-fence-before-the-look",
    event_count_key_after_the_check: "event-count-key-after-the-check",
    work_stealing_sleep_store_buffering: "work-stealing-sleep-store-buffering",
    thread_pool_shutdown_wakes_one: "thread-pool-shutdown-wakes-one",
    semaphore_wakes_only_from_zero: "semaphore-wakes-only-from-zero",
    atomic_waker_register_after_the_check: "atomic-waker-register-after-the-check",
    atomic_waker_wake_during_register_lost: "atomic-waker-wake-during-register-lost",
    atomic_waker_takes_what_is_being_written: "atomic-waker-takes-what-is-being-written",
    waker_of_an_earlier_poll_kept: "waker-of-an-earlier-poll-kept",
    timer_fires_while_cancelled: "timer-fires-while-cancelled",
    channel_send_after_close_lost: "channel-send-after-close-lost",
    hazard_pointer_no_fence: "hazard-pointer-no-fence",
    hazard_pointer_no_second_look: "hazard-pointer-no-second-look",
    epoch_pin_no_fence: "epoch-pin-no-fence",
    epoch_freed_one_epoch_early: "epoch-freed-one-epoch-early",
    epoch_unpin_relaxed: "epoch-unpin-relaxed",
    epoch_repin_relaxed: "epoch-repin-relaxed",
    treiber_use_after_free: "treiber-use-after-free",
    treiber_aba: "treiber-aba",
    treiber_relaxed_push: "treiber-relaxed-push",
    free_list_pop_without_compare: "free-list-pop-without-compare",
    michael_scott_no_recheck: "michael-scott-no-recheck",
    chase_lev_no_fence_in_take: "chase-lev-no-fence-in-take",
    chase_lev_no_fence_in_steal: "chase-lev-no-fence-in-steal",
    chase_lev_last_item_not_contended: "chase-lev-last-item-not-contended",
    chase_lev_no_release_in_push: "chase-lev-no-release-in-push",
    spsc_relaxed_tail: "spsc-relaxed-tail",
    spsc_slot_given_back_before_it_is_read: "spsc-slot-given-back-before-it-is-read",
    vyukov_mpmc_relaxed_stamp: "vyukov-mpmc-relaxed-stamp",
    vyukov_mpmc_stamp_not_compared: "vyukov-mpmc-stamp-not-compared",
    disruptor_relaxed_gate: "disruptor-relaxed-gate",
    left_right_acquire_release: "left-right-acquire-release",
    left_right_one_indicator: "left-right-one-indicator",
    arc_swap_debt_no_fence: "arc-swap-debt-no-fence",
    scq_relaxed_entry: "scq-relaxed-entry",
}
