//! What a test asserts of a report: `assert_passed` and its sisters.

use crate::report::data::{FailureKind, Report};
use crate::report::files;
use crate::report::terminal;
use crate::report::text::ReportText;
use std::collections::BTreeSet;

impl Report {
    /// Panics with the whole report unless the model passed. A failing
    /// execution is written down as JSON and HTML first, in
    /// `target/ringwright`, and the message says where; `RINGWRIGHT_REPORT=0` in
    /// the environment turns that off.
    #[track_caller]
    pub fn assert_passed(&self) -> &Self {
        if !self.passed() {
            let written = files::written(self);
            let text = ReportText { report: self, colour: terminal::colour_wanted() };
            panic!("{text}{written}");
        }
        self
    }

    /// Panics with the whole report unless the model failed in this way.
    #[track_caller]
    pub fn assert_failed(&self, kind: FailureKind) -> &Self {
        assert!(self.failed() == Some(kind), "expected the model to fail with a {kind}\n{self}");
        self
    }

    /// Panics unless the executions said exactly these outcomes.
    #[track_caller]
    pub fn assert_outcomes<'a>(&self, expected: impl IntoIterator<Item = &'a str>) -> &Self {
        let expected: BTreeSet<String> = expected.into_iter().map(str::to_owned).collect();
        assert!(
            self.outcomes == expected,
            "outcomes differ\n  expected: {expected:?}\n  seen:     {:?}\n{self}",
            self.outcomes
        );
        self
    }
}
