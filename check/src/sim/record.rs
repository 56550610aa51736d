//! What is left of an execution: how it failed, if it did, and what it came to.

use crate::report::cause::Cause;
use crate::report::data::{FailureKind, Limit, SourceLine, TraceLine};
use crate::search::choice::Choices;
use crate::sim::menu::FaultCounts;
use std::collections::BTreeSet;
use std::panic::Location;

/// Why an execution failed, and at which of its lines.
pub(super) fn cause(kind: FailureKind, message: String, sites: &[&'static Location<'static>]) -> Cause {
    Cause { kind, message, sites: sites.iter().map(|site| line_of(site)).collect() }
}

/// What is left of an execution.
pub(super) struct RunRecord {
    pub(super) choices: Choices,
    pub(super) faults_used: u32,
    pub(super) placed: FaultCounts,
    /// Whether a node could crash at all.
    pub(super) boots: bool,
    pub(super) steps: u64,
    pub(super) digest: u64,
    /// What ended it before its end, and what it was about then.
    pub(super) limit: Option<Limit>,
    pub(super) hint: Option<String>,
    pub(super) failure: Option<Cause>,
    pub(super) trace: Option<Vec<TraceLine>>,
    pub(super) outcomes: BTreeSet<String>,
}

/// A place in the source, for the report.
pub(super) fn line_of(site: &Location<'_>) -> SourceLine {
    SourceLine { file: site.file().to_owned(), line: site.line() }
}
