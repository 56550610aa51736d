//! The result of a verification, as a table or as JSON, and its exit code.

use crate::output::{BAD_INPUT, NOT_AS_LABELLED, OK};
use crate::problem::Problem;
use crate::table::Table;
use crate::verify::result::{CheckedVariant, SkippedVariant, VariantResult};
use review_cases::HarnessVerdict;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Everything that came of a verification.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    /// Cases of which every variant was checked or skipped, or at least one was.
    cases: usize,
    /// Variants that were run.
    checked: usize,
    /// Variants that are not as labelled.
    wrong: usize,
    skipped: Vec<SkippedVariant>,
    results: Vec<CheckedVariant>,
    #[serde(skip)]
    pub(crate) problems: Vec<Problem>,
}

impl Summary {
    pub(crate) fn new(all: Vec<VariantResult>, mut problems: Vec<Problem>) -> Self {
        let (mut results, mut skipped) = (Vec::new(), Vec::new());
        for result in all {
            match result {
                VariantResult::Checked(checked) => results.push(checked),
                VariantResult::Skipped(skip) => skipped.push(skip),
                VariantResult::Bad(problem) => add(&mut problems, problem),
            }
        }
        let ids = results.iter().map(|r| &r.id).chain(skipped.iter().map(|s| &s.id));
        Self {
            cases: ids.collect::<BTreeSet<_>>().len(),
            checked: results.len(),
            wrong: results.iter().filter(|r| !r.as_labelled).count(),
            skipped,
            results,
            problems,
        }
    }

    /// Bad input counts for more than a label that is wrong; but lines at fault
    /// that do not fit, in a case whose labels are wrong anyway, are part of that.
    pub(crate) fn exit_code(&self) -> u8 {
        let wrong = |id: &Option<String>| {
            let mut results = self.results.iter();
            results.any(|r| !r.as_labelled && Some(&r.id) == id.as_ref())
        };
        let mut problems = self.problems.iter();
        if problems.any(|problem| !(problem.of_label && wrong(&problem.case))) {
            BAD_INPUT
        } else if self.wrong > 0 {
            NOT_AS_LABELLED
        } else {
            OK
        }
    }

    pub(crate) fn json(&self) -> String {
        let json = serde_json::to_string(self).expect("strings and numbers are JSON");
        json + "\n"
    }

    /// The results as a table of at most so many columns, and what was skipped.
    pub(crate) fn table(&self, columns: usize) -> String {
        let mut table = Table::new(["case, variant", "must", "verdict", "executions", "seconds", "label"]);
        for results in self.results.chunk_by(|a, b| a.id == b.id) {
            table.heading(results[0].id.clone());
            for r in results {
                let verdict = match &r.kind {
                    Some(kind) => format!("{}: {kind}", r.verdict),
                    None => r.verdict.to_string(),
                };
                table.row([
                    format!("  {}", r.variant),
                    r.expected.to_owned(),
                    verdict,
                    r.executions.to_string(),
                    format!("{:.3}", r.seconds),
                    if r.as_labelled { "ok" } else { "WRONG" }.to_owned(),
                ]);
            }
        }
        let mut out = table.render(columns);
        for skip in &self.skipped {
            let _ = writeln!(out, "skipped {}/{}: {}", skip.id, skip.variant, skip.reason);
        }
        out
    }

    /// One line: how many of everything.
    pub(crate) fn sentence(&self) -> String {
        format!(
            "{}, {} checked: {} as labelled, {} not; {} skipped; {} bad input\n",
            counted(self.cases, "case"),
            counted(self.checked, "variant"),
            self.checked - self.wrong,
            self.wrong,
            self.skipped.len(),
            self.problems.len(),
        )
    }

    /// What is not as labelled, and with `traces` every failure, in full.
    pub(crate) fn details(&self, traces: bool) -> String {
        let mut out = String::new();
        for r in &self.results {
            if r.as_labelled && !(traces && r.verdict != HarnessVerdict::Pass) {
                continue;
            }
            let label = if r.as_labelled { "as labelled" } else { "NOT AS LABELLED" };
            let _ = write!(out, "\n{}/{}: {label}: expected {}, ", r.id, r.variant, r.expected);
            let kind = r.kind.as_ref().map(|kind| format!(" ({kind})"));
            let _ = writeln!(out, "got {}{}", r.verdict, kind.unwrap_or_default());
            for line in r.evidence.message.lines() {
                let _ = writeln!(out, "  {line}");
            }
            for site in &r.evidence.sites {
                let _ = writeln!(out, "  at {site}");
            }
            if traces || !r.as_labelled {
                let _ = write!(out, "{}", indented(&r.evidence.trace));
            }
            if !r.evidence.token.is_empty() {
                let (id, variant, token) = (&r.id, &r.variant, &r.evidence.token);
                let _ = writeln!(out, "  replay: review verify {id} --variant {variant} -v --replay {token}");
            }
        }
        out
    }
}

/// A number of things, as English has it.
fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Adds a problem, unless it is there already: what is wrong with the tests or
/// the harness is found again on every variant.
fn add(problems: &mut Vec<Problem>, problem: Problem) {
    let same = |known: &Problem| {
        known.place.is_some()
            && (&known.case, &known.place, &known.quoted) == (&problem.case, &problem.place, &problem.quoted)
    };
    if !problems.iter().any(same) {
        problems.push(problem);
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(id: &str, as_labelled: bool) -> VariantResult {
        VariantResult::Checked(CheckedVariant {
            id: id.into(),
            variant: "buggy".into(),
            expected: "fail",
            verdict: HarnessVerdict::Fail,
            kind: Some("race".into()),
            engine: "explorer".into(),
            executions: 7,
            seconds: 0.25,
            as_labelled,
            evidence: Default::default(),
        })
    }

    fn skipped() -> VariantResult {
        VariantResult::Skipped(SkippedVariant {
            id: "b".into(),
            variant: "fixed".into(),
            reason: "why".into(),
        })
    }

    #[test]
    fn the_json_has_exactly_the_promised_keys() {
        let summary = Summary::new(vec![checked("a", true), skipped()], Vec::new());
        assert_eq!(
            summary.json(),
            "{\"cases\":2,\"checked\":1,\"wrong\":0,\
             \"skipped\":[{\"id\":\"b\",\"variant\":\"fixed\",\"reason\":\"why\"}],\
             \"results\":[{\"id\":\"a\",\"variant\":\"buggy\",\"expected\":\"fail\",\
             \"verdict\":\"fail\",\"kind\":\"race\",\"engine\":\"explorer\",\"executions\":7,\
             \"seconds\":0.25,\"as_labelled\":true}]}\n"
        );
    }

    #[test]
    fn bad_input_is_2_and_a_wrong_label_is_1() {
        let bad = || vec![Problem::new("m", "h")];
        assert_eq!(Summary::new(vec![checked("a", true)], Vec::new()).exit_code(), OK);
        let wrong = || vec![checked("a", true), checked("b", false)];
        assert_eq!(Summary::new(wrong(), Vec::new()).exit_code(), NOT_AS_LABELLED);
        assert_eq!(Summary::new(wrong(), bad()).exit_code(), BAD_INPUT);
        assert_eq!(Summary::new(vec![checked("a", true)], bad()).exit_code(), BAD_INPUT);
    }

    #[test]
    fn a_misfit_of_the_lines_at_fault_is_part_of_a_wrong_label_of_the_same_case_only() {
        let misfit = |id: &str| {
            let mut problem = Problem::new("m", "h").of(id);
            problem.of_label = true;
            vec![problem]
        };
        let wrong = || vec![checked("a", true), checked("b", false)];
        assert_eq!(Summary::new(wrong(), misfit("b")).exit_code(), NOT_AS_LABELLED);
        assert_eq!(Summary::new(wrong(), misfit("a")).exit_code(), BAD_INPUT);
    }

    #[test]
    fn the_same_problem_on_every_variant_is_one_problem() {
        let at = |file: &str, variant: &str| {
            let problem = Problem::new(format!("on {variant}"), "h").of("a");
            VariantResult::Bad(problem.at(std::path::Path::new(file)))
        };
        let results = vec![at("harness.rs", "base"), at("harness.rs", "buggy"), at("lib.rs", "buggy")];
        assert_eq!(Summary::new(results, Vec::new()).problems.len(), 2);
    }

    #[test]
    fn what_is_not_as_labelled_is_named() {
        let summary = Summary::new(vec![checked("a", true), checked("b", false)], Vec::new());
        assert!(summary.details(false).contains("b/buggy: NOT AS LABELLED"));
        assert!(!summary.details(false).contains("a/buggy"));
        assert!(summary.details(true).contains("a/buggy: as labelled"));
    }

    #[test]
    fn the_table_has_a_heading_a_case_and_no_line_beyond_80_columns() {
        let mut results = vec![checked("a", true), checked("a", false), checked("b", true), skipped()];
        if let VariantResult::Checked(widest) = &mut results[0] {
            widest.variant = "wrong-check-in-clients".into();
            widest.kind = Some("use-after-free".into());
            widest.executions = 1_234_567;
        }
        let table = Summary::new(results, Vec::new()).table(80);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines.iter().all(|line| line.len() <= 80), "{table}");
        assert_eq!((lines[1], lines[4], lines[6]), ("a", "b", "skipped b/fixed: why"), "{table}");
        assert!(lines[2].ends_with("ok") && lines[3].ends_with("WRONG"), "{table}");
    }

    #[test]
    fn the_sentence_counts_everything() {
        let one = Summary::new(vec![checked("a", true)], Vec::new());
        assert_eq!(
            one.sentence(),
            "1 case, 1 variant checked: 1 as labelled, 0 not; 0 skipped; 0 bad input\n"
        );
        let more = vec![checked("a", true), checked("b", false), checked("b", true), skipped()];
        let more = Summary::new(more, vec![Problem::new("m", "h")]);
        assert_eq!(
            more.sentence(),
            "2 cases, 3 variants checked: 2 as labelled, 1 not; 1 skipped; 1 bad input\n"
        );
    }
}
