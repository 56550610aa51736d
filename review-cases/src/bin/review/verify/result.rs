//! What a run says about a variant, and whether that is what its label says.

use crate::case::{Case, Expectation, Variant};
use crate::problem::Problem;
use review_cases::{HarnessReport, HarnessVerdict};
use serde::Serialize;

/// The kind given when the author's own tests fail. No label can name it.
const VISIBLE_TESTS: &str = "visible-tests";

/// What came of one variant.
#[derive(Debug)]
pub(crate) enum VariantResult {
    Checked(CheckedVariant),
    Skipped(SkippedVariant),
    /// It could not be checked, because of the input.
    Bad(Problem),
}

/// A variant that was run, as it is reported.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CheckedVariant {
    pub(crate) id: String,
    pub(crate) variant: String,
    pub(crate) expected: &'static str,
    pub(crate) verdict: HarnessVerdict,
    pub(crate) kind: Option<String>,
    pub(crate) engine: String,
    pub(crate) executions: u64,
    pub(crate) seconds: f64,
    pub(crate) as_labelled: bool,
    #[serde(skip)]
    pub(crate) evidence: Evidence,
}

/// What explains a verdict to a reader.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) message: String,
    pub(crate) sites: Vec<String>,
    pub(crate) trace: String,
    pub(crate) token: String,
}

/// A variant that was not run, for a reason that its label allows.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SkippedVariant {
    pub(crate) id: String,
    pub(crate) variant: String,
    pub(crate) reason: String,
}

/// Whether a verdict is what the variant's label says. A limit never is.
pub(crate) fn is_as_labelled(variant: &Variant, verdict: HarnessVerdict, kind: Option<&str>) -> bool {
    match (variant.expect, verdict) {
        (Expectation::Pass, HarnessVerdict::Pass) => kind.is_none(),
        (Expectation::Fail, HarnessVerdict::Fail) => {
            kind.is_some_and(|kind| variant.kinds.iter().any(|k| k == kind))
        }
        _ => false,
    }
}

impl CheckedVariant {
    /// What the harness said.
    pub(crate) fn by_harness(case: &Case, variant: &Variant, report: HarnessReport) -> Self {
        Self {
            id: case.id.clone(),
            variant: variant.name.clone(),
            expected: variant.expect.word(),
            as_labelled: is_as_labelled(variant, report.verdict, report.kind.as_deref()),
            verdict: report.verdict,
            kind: report.kind,
            engine: report.engine,
            executions: report.executions,
            seconds: report.seconds,
            evidence: Evidence {
                message: report.message,
                sites: report.sites.iter().map(ToString::to_string).collect(),
                trace: report.trace,
                token: report.token,
            },
        }
    }

    /// The harness was stopped at the time limit.
    pub(crate) fn stopped(case: &Case, variant: &Variant, seconds: f64) -> Self {
        let message = format!("the harness was stopped after {seconds:.0} s");
        let mut report = HarnessReport::new(HarnessVerdict::Limit, &case.engine, message);
        report.seconds = seconds;
        Self::by_harness(case, variant, report)
    }

    /// The author's own tests did not pass.
    pub(crate) fn visible_tests(
        case: &Case,
        variant: &Variant,
        message: String,
        output: String,
        seconds: f64,
    ) -> Self {
        let mut report = HarnessReport::new(HarnessVerdict::Fail, "native", message);
        report.kind = Some(VISIBLE_TESTS.into());
        report.executions = 1;
        report.seconds = seconds;
        report.trace = output;
        Self::by_harness(case, variant, report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn variant(expect: Expectation, kinds: &[&str]) -> Variant {
        Variant {
            name: "v".into(),
            expect,
            kinds: kinds.iter().map(|&k| k.to_owned()).collect(),
            skip_without: None,
            about: String::new(),
            dir: PathBuf::new(),
            files: Vec::new(),
        }
    }

    #[test]
    fn a_fail_counts_only_if_its_kind_is_declared() {
        let buggy = variant(Expectation::Fail, &["race", "panic"]);
        assert!(is_as_labelled(&buggy, HarnessVerdict::Fail, Some("race")));
        assert!(is_as_labelled(&buggy, HarnessVerdict::Fail, Some("panic")));
        assert!(!is_as_labelled(&buggy, HarnessVerdict::Fail, Some("deadlock")));
        assert!(!is_as_labelled(&buggy, HarnessVerdict::Fail, Some(VISIBLE_TESTS)));
        assert!(!is_as_labelled(&buggy, HarnessVerdict::Fail, None));
        assert!(!is_as_labelled(&buggy, HarnessVerdict::Pass, None));
    }

    #[test]
    fn a_limit_is_never_as_labelled() {
        assert!(!is_as_labelled(&variant(Expectation::Pass, &[]), HarnessVerdict::Limit, None));
        assert!(!is_as_labelled(&variant(Expectation::Fail, &["race"]), HarnessVerdict::Limit, None));
    }

    #[test]
    fn a_pass_counts_only_where_a_pass_is_expected() {
        assert!(is_as_labelled(&variant(Expectation::Pass, &[]), HarnessVerdict::Pass, None));
        assert!(!is_as_labelled(&variant(Expectation::Pass, &[]), HarnessVerdict::Fail, Some("race")));
        assert!(!is_as_labelled(&variant(Expectation::Fail, &["race"]), HarnessVerdict::Pass, None));
    }
}
