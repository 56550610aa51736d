//! Seeded twins: each model once more with one ordering weakened, which it must
//! notice. A model that passes its twin proves nothing.

use loom_tests::{line_of, mpmc, spsc};
use ringwright::check::{Check, FailureKind, Report};
use std::sync::atomic::Ordering;

/// Runs `model` with the ordering on the one line of `file` that contains `text`
/// weakened to `to`.
fn twin(
    file: &str,
    text: &str,
    nth: usize,
    to: Ordering,
    model: impl Fn() + Send + Sync + 'static,
) -> Report {
    let line = line_of(file, text, nth);
    Check::new(format!("{file}:{line} as {to:?}")).weaken(file, line, to).run(model)
}

#[test]
fn spsc_publish_as_relaxed_is_a_race_with_both_sites_in_lanes() {
    let publish = "self.shared.tail.store(self.tail.0, Ordering::Release)";
    let report = twin("src/spsc.rs", publish, 0, Ordering::Relaxed, spsc::hand_over());
    report.assert_failed(FailureKind::Race);
    let text = report.to_string();
    assert!(
        text.contains("store") && text.contains("Relaxed") && text.contains("RINGWRIGHT_REPLAY="),
        "{text}"
    );
    let failure = report.failure.expect("a failed report has a failure");
    assert!(failure.sites.iter().any(|s| s.file.ends_with("src/slot.rs")), "{:?}", failure.sites);
    assert_eq!(failure.trace.lanes.len(), 2);
    assert_eq!(failure.trace.lines.iter().filter(|l| l.guilty).count(), 2, "{text}");
}

#[test]
fn spsc_refresh_of_the_consumer_as_relaxed_is_a_race() {
    let load = "let tail = Position(self.shared.tail.load(Ordering::Acquire))";
    twin("src/spsc.rs", load, 0, Ordering::Relaxed, spsc::hand_over()).assert_failed(FailureKind::Race);
}

#[test]
fn spsc_release_of_a_slot_as_relaxed_is_a_race() {
    let store = "self.shared.head.store(self.head.0, Ordering::Release)";
    twin("src/spsc.rs", store, 0, Ordering::Relaxed, spsc::reuse()).assert_failed(FailureKind::Race);
}

#[test]
fn spsc_refresh_of_the_producer_as_relaxed_is_a_race() {
    let load = "let head = Position(self.shared.head.load(Ordering::Acquire))";
    twin("src/spsc.rs", load, 0, Ordering::Relaxed, spsc::reuse()).assert_failed(FailureKind::Race);
}

#[test]
fn spsc_last_store_of_the_producer_as_relaxed_is_a_race() {
    let store = "self.shared.tail.store(self.tail.flagged().0, Ordering::Release)";
    twin("src/spsc.rs", store, 0, Ordering::Relaxed, spsc::hand_over()).assert_failed(FailureKind::Race);
}

#[test]
fn spsc_consumer_gone_as_relaxed_loses_what_the_consumer_did() {
    let model = spsc::closed_to_the_producer;
    let store = "self.shared.consumer_gone.store(true, Ordering::Release)";
    twin("src/spsc.rs", store, 0, Ordering::Relaxed, model()).assert_failed(FailureKind::Race);
    let load = "self.consumer_gone.load(Ordering::Acquire)";
    twin("src/spsc.rs", load, 0, Ordering::Relaxed, model()).assert_failed(FailureKind::Race);
}

#[test]
fn spsc_question_of_the_consumer_as_relaxed_loses_what_the_producer_did() {
    let load = "Position(self.shared.tail.load(Ordering::Acquire)).is_flagged()";
    twin("src/spsc.rs", load, 0, Ordering::Relaxed, spsc::closed_to_the_consumer())
        .assert_failed(FailureKind::Race);
}

#[test]
fn mpmc_publish_as_relaxed_is_a_race() {
    let store = "slot.stamp.store(tail.flagged().0, Ordering::Release)";
    twin("src/mpmc.rs", store, 0, Ordering::Relaxed, mpmc::hand_over()).assert_failed(FailureKind::Race);
}

#[test]
fn mpmc_look_of_a_consumer_as_relaxed_is_a_race() {
    let load = "let stamp = Position(slot.stamp.load(Ordering::Acquire))";
    twin("src/mpmc.rs", load, 1, Ordering::Relaxed, mpmc::hand_over()).assert_failed(FailureKind::Race);
}

#[test]
fn mpmc_release_of_a_slot_as_relaxed_is_a_race() {
    let store = "slot.stamp.store(free.0, Ordering::Release)";
    twin("src/mpmc.rs", store, 0, Ordering::Relaxed, mpmc::reuse()).assert_failed(FailureKind::Race);
}

#[test]
fn mpmc_look_of_a_producer_as_relaxed_is_a_race() {
    let load = "let stamp = Position(slot.stamp.load(Ordering::Acquire))";
    twin("src/mpmc.rs", load, 0, Ordering::Relaxed, mpmc::reuse()).assert_failed(FailureKind::Race);
}

#[test]
fn mpmc_consumers_count_as_release_loses_what_the_first_one_did() {
    let count = "self.shared.consumers.fetch_sub(1, Ordering::AcqRel)";
    twin("src/mpmc.rs", count, 0, Ordering::Release, mpmc::consumers_gone()).assert_failed(FailureKind::Race);
    twin("src/mpmc.rs", count, 0, Ordering::Acquire, mpmc::consumers_gone()).assert_failed(FailureKind::Race);
}

#[test]
fn mpmc_closing_flag_as_relaxed_loses_what_the_consumers_did() {
    let flag = "self.shared.tail.fetch_or(FLAG, Ordering::Release)";
    twin("src/mpmc.rs", flag, 0, Ordering::Relaxed, mpmc::consumers_gone()).assert_failed(FailureKind::Race);
    let load = "Position(self.shared.tail.load(Ordering::Acquire)).is_flagged()";
    twin("src/mpmc.rs", load, 0, Ordering::Relaxed, mpmc::consumers_gone()).assert_failed(FailureKind::Race);
}

#[test]
fn mpmc_producers_count_as_relaxed_says_closed_before_the_item() {
    let count = "self.shared.producers.fetch_sub(1, Ordering::Release)";
    let report = twin("src/mpmc.rs", count, 0, Ordering::Relaxed, mpmc::producer_gone());
    assert!(report.outcomes.contains("C 1"), "{report}");
    let load = "self.shared.producers.load(Ordering::Acquire) == 0";
    let report = twin("src/mpmc.rs", load, 0, Ordering::Relaxed, mpmc::producer_gone());
    assert!(report.outcomes.contains("C 1"), "{report}");
}
