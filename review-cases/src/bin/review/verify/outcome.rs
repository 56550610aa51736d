//! What a run says about a variant, and whether that is what its label says.

use crate::case::{Case, Expect, Variant};
use crate::problem::Problem;
use review_cases::Line;
use serde::Serialize;

/// The kind given when the author's own tests fail. No label can name it.
const VISIBLE_TESTS: &str = "visible-tests";

/// What came of one variant.
#[derive(Debug)]
pub(crate) enum Outcome {
    Checked(Checked),
    Skipped(Skipped),
    /// It could not be checked, because of the input.
    Bad(Problem),
}

/// A variant that was run, as it is reported.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Checked {
    pub(crate) id: String,
    pub(crate) variant: String,
    pub(crate) expected: &'static str,
    pub(crate) verdict: String,
    pub(crate) kind: Option<String>,
    pub(crate) engine: String,
    pub(crate) executions: u64,
    pub(crate) seconds: f64,
    pub(crate) as_labelled: bool,
    #[serde(skip)]
    pub(crate) detail: Detail,
}

/// What explains a verdict to a reader.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detail {
    pub(crate) message: String,
    pub(crate) sites: Vec<String>,
    pub(crate) trace: String,
    pub(crate) token: String,
}

/// A variant that was not run, for a reason that its label allows.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Skipped {
    pub(crate) id: String,
    pub(crate) variant: String,
    pub(crate) reason: String,
}

/// Whether a verdict is what the variant's label says. A limit never is.
pub(crate) fn is_as_labelled(variant: &Variant, verdict: &str, kind: Option<&str>) -> bool {
    match (variant.expect, verdict) {
        (Expect::Pass, "pass") => kind.is_none(),
        (Expect::Fail, "fail") => kind.is_some_and(|kind| variant.kinds.iter().any(|k| k == kind)),
        _ => false,
    }
}

impl Checked {
    /// What the harness said.
    pub(crate) fn by_harness(case: &Case, variant: &Variant, line: Line) -> Self {
        Self {
            id: case.id.clone(),
            variant: variant.name.clone(),
            expected: variant.expect.word(),
            as_labelled: is_as_labelled(variant, &line.verdict, line.kind.as_deref()),
            verdict: line.verdict,
            kind: line.kind,
            engine: line.engine,
            executions: line.executions,
            seconds: line.seconds,
            detail: Detail {
                message: line.message,
                sites: line.sites.iter().map(|site| format!("{}:{}", site.file, site.line)).collect(),
                trace: line.trace,
                token: line.token,
            },
        }
    }

    /// The harness was stopped at the time limit.
    pub(crate) fn stopped(case: &Case, variant: &Variant, seconds: f64) -> Self {
        Self::by_harness(
            case,
            variant,
            Line {
                verdict: "limit".into(),
                kind: None,
                engine: case.engine.clone(),
                executions: 0,
                blocked: 0,
                seconds,
                message: format!("the harness was stopped after {seconds:.0} s"),
                sites: Vec::new(),
                trace: String::new(),
                token: String::new(),
            },
        )
    }

    /// The author's own tests did not pass.
    pub(crate) fn visible_tests(
        case: &Case,
        variant: &Variant,
        message: String,
        output: String,
        seconds: f64,
    ) -> Self {
        Self::by_harness(
            case,
            variant,
            Line {
                verdict: "fail".into(),
                kind: Some(VISIBLE_TESTS.into()),
                engine: "native".into(),
                executions: 1,
                blocked: 0,
                seconds,
                message,
                sites: Vec::new(),
                trace: output,
                token: String::new(),
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn variant(expect: Expect, kinds: &[&str]) -> Variant {
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
        let buggy = variant(Expect::Fail, &["race", "panic"]);
        assert!(is_as_labelled(&buggy, "fail", Some("race")));
        assert!(is_as_labelled(&buggy, "fail", Some("panic")));
        assert!(!is_as_labelled(&buggy, "fail", Some("deadlock")));
        assert!(!is_as_labelled(&buggy, "fail", Some(VISIBLE_TESTS)));
        assert!(!is_as_labelled(&buggy, "fail", None));
        assert!(!is_as_labelled(&buggy, "pass", None));
    }

    #[test]
    fn a_limit_is_never_as_labelled() {
        assert!(!is_as_labelled(&variant(Expect::Pass, &[]), "limit", None));
        assert!(!is_as_labelled(&variant(Expect::Fail, &["race"]), "limit", None));
    }

    #[test]
    fn a_pass_counts_only_where_a_pass_is_expected() {
        assert!(is_as_labelled(&variant(Expect::Pass, &[]), "pass", None));
        assert!(!is_as_labelled(&variant(Expect::Pass, &[]), "fail", Some("race")));
        assert!(!is_as_labelled(&variant(Expect::Fail, &["race"]), "pass", None));
    }
}
