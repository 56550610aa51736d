//! Every published bug shape: the explorer finds the flaw by its default plan, and passes the corrected form.

use loom_tests::shapes::{Shape, all};
use ringwright::check::{Check, Verdict};

fn shape(name: &str) -> Shape {
    let mut found = all().into_iter().filter(|shape| shape.name == name);
    found.next().unwrap_or_else(|| panic!("there is no shape called {name}"))
}

fn check(name: &str) {
    let shape = shape(name);
    let report = Check::new(format!("{name}, buggy")).run(shape.buggy);
    println!("buggy: {} after {} + {} in {:.3} s", report.verdict, report.executions, report.blocked, report.seconds);
    assert!(
        report.failed().is_some_and(|kind| shape.expected.contains(&kind)),
        "expected one of {:?}\n{report}",
        shape.expected
    );
    let report = Check::new(format!("{name}, fixed")).run(shape.fixed);
    println!("fixed: {} after {} + {} in {:.3} s", report.verdict, report.executions, report.blocked, report.seconds);
    assert_eq!(report.verdict, Verdict::Exhaustive, "{report}");
}

/// One test a shape; and a test that there is one for each.
macro_rules! shapes {
    ($($test:ident: $name:literal,)+) => {
        const NAMES: &[&str] = &[$($name),+];
        $(#[test] fn $test() { check($name); })+
    };
}
