//! Models of `spsc::bounded`: every execution, with the set of outcomes.

use loom_tests::{passes, spsc};

#[test]
fn one_item_is_handed_over_and_then_the_queue_is_closed() {
    // E: empty, C: closed. Once closed it stays so, and never before the item.
    passes("spsc hand over", spsc::hand_over())
        .assert_outcomes(["E E E", "E E 1", "E 1 E", "1 E E", "E 1 C", "1 E C", "1 C C"]);
}

#[test]
fn a_slot_is_used_again_only_when_it_is_free() {
    passes("spsc reuse", spsc::reuse()).assert_outcomes([
        "ok full / 1 E / C C",
        "ok full / 1 C / C C",
        "ok full / E 1 / C C",
        "ok full / E E / 1 C",
        "ok ok / 1 2 / C C",
        "ok ok / 1 E / 2 C",
        "ok ok / E 1 / 2 C",
    ]);
}

#[test]
fn the_consumer_may_go_at_any_time() {
    passes("spsc consumer gone", spsc::consumer_gone()).assert_outcomes([
        "pushed true closed false",
        "pushed true closed true",
        "pushed false closed true",
    ]);
}

#[test]
fn closed_comes_after_all_that_the_consumer_did() {
    passes("spsc closed", spsc::closed_to_the_producer()).assert_outcomes(["closed false", "closed true"]);
}

#[test]
fn closed_comes_after_all_that_the_producer_did() {
    passes("spsc closed by the producer", spsc::closed_to_the_consumer())
        .assert_outcomes(["closed false", "closed true"]);
}
