//! Models of `mpmc::bounded`: every execution, with the set of outcomes.

use loom_tests::{mpmc, passes};

#[test]
fn one_item_is_handed_over_and_then_the_queue_is_closed() {
    passes("mpmc hand over", mpmc::hand_over()).assert_outcomes(["E E", "E 1", "1 E", "1 C"]);
}

#[test]
fn items_of_two_producers_come_in_either_order() {
    passes("mpmc two producers", mpmc::two_producers()).assert_outcomes(["1 2 C", "2 1 C"]);
}

#[test]
fn two_consumers_share_the_items() {
    passes("mpmc two consumers", mpmc::two_consumers()).assert_outcomes(["1 2", "2 1"]);
}

#[test]
fn a_slot_is_used_again_only_when_it_is_free() {
    passes("mpmc reuse", mpmc::reuse()).assert_outcomes([
        "ok full / 1 / C C",
        "ok full / E / 1 C",
        "ok ok / 1 / 2 C",
    ]);
}

#[test]
fn closed_comes_after_all_that_the_consumers_did() {
    passes("mpmc consumers gone", mpmc::consumers_gone()).assert_outcomes(["closed false", "closed true"]);
}

#[test]
fn closed_never_comes_before_the_last_item() {
    passes("mpmc producer gone", mpmc::producer_gone()).assert_outcomes(["E 1", "1 C"]);
}
