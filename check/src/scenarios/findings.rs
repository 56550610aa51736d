//! What a search over scenarios found.

use crate::report::data::Report;
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

    /// Panics with everything there is to say unless all passed.
    #[track_caller]
    pub fn assert_passed(&self) -> &Self {
        assert!(self.passed(), "{self}");
        self
    }
}

impl<O> fmt::Display for Findings<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Findings { name, scenarios, executions, histories, .. } = self;
        write!(f, "{name}: {scenarios} scenarios, {executions} executions, {histories} histories")?;
        for report in &self.limits {
            write!(f, "\n{report}")?;
        }
        match &self.failure {
            Some(failing) => write!(f, "\nthis scenario fails:\n{}{}", failing.table, failing.report),
            None => Ok(()),
        }
    }
}
