//! What a search over scenarios found.

use crate::report::data::Report;
use crate::report::files;
use crate::report::words::count;
use crate::scenarios::program::Scenario;
use std::fmt;

/// A scenario that failed, as small as it got.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailingScenario<O> {
    /// The scenario.
    pub scenario: Scenario<O>,
    /// It as a table.
    pub table: String,
    /// The report of its check; its message holds the history as a table.
    pub report: Report,
}

/// What a search over scenarios found.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "findings may be a failure"]
pub struct Findings<O> {
    /// The name of the search.
    pub name: String,
    /// Scenarios that ran, without those of the minimisation.
    pub scenarios: u64,
    /// Complete executions of them.
    pub executions: u64,
    /// Different histories among them.
    pub histories: u64,
    /// The reports of scenarios that hit a limit. Not a pass.
    pub limits: Vec<Report>,
    /// The scenario that failed, if one did; it ended the search.
    pub failure: Option<FailingScenario<O>>,
}

impl<O> Findings<O> {
    /// Whether every scenario passed, and there was one.
    pub fn passed(&self) -> bool {
        self.failure.is_none() && self.limits.is_empty() && self.scenarios > 0
    }

    /// Panics with everything there is to say unless all passed. The execution
    /// that failed is written down as JSON and HTML first, as
    /// [`Report::assert_passed`] does it.
    #[track_caller]
    pub fn assert_passed(&self) -> &Self {
        if !self.passed() {
            let written = self.failure.as_ref().map(|failing| files::written(&failing.report));
            panic!("{self}{}", written.unwrap_or_default());
        }
        self
    }
}

impl<O> fmt::Display for Findings<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scenarios = count(self.scenarios, "scenario");
        let (executions, histories) = (count(self.executions, "execution"), count(self.histories, "history"));
        write!(f, "{}: {scenarios}, {executions}, {histories}", self.name)?;
        for report in &self.limits {
            write!(f, "\n{report}")?;
        }
        match &self.failure {
            Some(failing) => write!(f, "\nthis scenario fails:\n{}{}", failing.table, failing.report),
            None => Ok(()),
        }
    }
}
