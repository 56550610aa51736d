//! What a check is told, in whatever order, and what it says of panics.

use ringwright_check::door::thread;
use ringwright_check::{Check, Engine, FailureKind, Strategy, any, outcome};
use std::panic::{catch_unwind, panic_any, resume_unwind};

/// What one random execution draws.
fn drawn(check: Check) -> String {
    let report = check.run(|| outcome(any(1_000_000)));
    report.outcomes.into_iter().next().expect("one execution has an outcome")
}

#[test]
fn the_order_of_the_builders_calls_does_not_matter() {
    for engine in [Engine::Explorer, Engine::Sc, Engine::Native] {
        let check = || Check::new("drawn").engine(engine);
        let draws = [1, 2, 3].map(|seed| {
            let before = drawn(check().seed(seed).random(1));
            assert_eq!(before, drawn(check().random(1).seed(seed)), "{engine}, seed {seed}");
            before
        });
        assert!(draws[0] != draws[1] || draws[1] != draws[2], "{engine}: three seeds, one draw: {draws:?}");
    }
    let stages = || [Strategy::Random.executions(1)];
    let before = drawn(Check::new("drawn").seed(5).plan(stages()));
    assert_eq!(before, drawn(Check::new("drawn").plan(stages()).seed(5)));
    assert_eq!(before, drawn(Check::new("drawn").seed(5).random(1)));
}

#[test]
fn a_panic_that_is_raised_without_the_hook_is_told_and_not_one_that_was_handled() {
    for engine in [Engine::Explorer, Engine::Sc, Engine::Native] {
        let report = Check::new("two panics").engine(engine).run(|| {
            let handled = catch_unwind(|| panic!("the first one, which is handled"));
            assert!(handled.is_err());
            resume_unwind(Box::new("the second one, which ends the model"));
        });
        let failure = report.assert_failed(FailureKind::Panic).failure.as_ref().unwrap();
        assert_eq!(failure.message, "the second one, which ends the model", "{report}");
        assert!(failure.sites.is_empty(), "nobody knows where it was raised: {report}");
    }
}

#[test]
fn a_panic_that_a_join_hands_on_keeps_its_line() {
    for engine in [Engine::Explorer, Engine::Sc, Engine::Native] {
        let line = line!() + 2;
        let report = Check::new("handed on").engine(engine).run(|| {
            let child = thread::spawn(|| panic!("out of {}", "stock"));
            let caught = child.join().unwrap_err();
            // Another one, handled, comes between.
            drop(catch_unwind(|| panic_any(7)).unwrap_err());
            resume_unwind(caught);
        });
        let failure = report.assert_failed(FailureKind::Panic).failure.as_ref().unwrap();
        assert!(failure.message.starts_with("out of stock"), "{report}");
        assert_eq!(failure.sites[0].line, line, "{report}");
    }
}

#[test]
fn a_message_that_looks_like_a_place_is_none() {
    let report = Check::new("shelf").run(|| resume_unwind(Box::new(String::from("no stock (at shelf:7)"))));
    let failure = report.assert_failed(FailureKind::Panic).failure.as_ref().unwrap();
    assert_eq!((failure.message.as_str(), failure.sites.len()), ("no stock (at shelf:7)", 0), "{report}");
}
