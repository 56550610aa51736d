//! `review show`: one side of a case, as a candidate sees it, and the answer on
//! request.
//!
//! Without `--answer` nothing printed says which side is served: paths are
//! relative to the crate, and neither the variant's name nor any key of
//! `case.toml` beyond title, level and minutes appears.

use crate::case::{Case, Expectation, Variant};
use crate::diff;
use crate::load::Corpus;
use crate::output::{print, print_problems};
use crate::problem::Problem;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Which side of a case is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Side {
    Buggy,
    Fixed,
}

impl Side {
    /// The side served when none is asked for: fixed for a case, and as good as
    /// a coin over the corpus.
    pub(crate) fn of_id(id: &str) -> Self {
        // FNV-1a, so that the choice does not change with the compiler.
        let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        if (hash ^ (hash >> 32)).is_multiple_of(2) { Side::Buggy } else { Side::Fixed }
    }

    fn name(self) -> &'static str {
        match self {
            Side::Buggy => "buggy",
            Side::Fixed => "fixed",
        }
    }
}

/// Prints the served side of every case, with the answer if it is asked for, and
/// gives the exit code.
pub(crate) fn run(corpus: Corpus, side: Option<Side>, with_answer: bool) -> u8 {
    let mut problems = corpus.problems;
    for case in &corpus.cases {
        let side = side.unwrap_or_else(|| Side::of_id(&case.id));
        let mut text = question(case, side);
        if with_answer {
            text = text.and_then(|text| Ok(text + &answer(case, side)?));
        }
        match text {
            Ok(text) => print(&text),
            Err(problem) => problems.push(problem),
        }
    }
    print_problems(&problems)
}

/// What the candidate sees.
fn question(case: &Case, side: Side) -> Result<String, Problem> {
    let base = variant(case, "base")?;
    let served = variant(case, side.name())?;
    let mut out = String::new();
    let _ = writeln!(out, "{}\n", read(case, &case.dir.join("pr.md"))?.trim_end());
    let _ = writeln!(out, "Reading time: {} minutes. Level: {}.", case.minutes, case.level);
    let _ = writeln!(out, "\n## The change\n\n```diff");
    let files: BTreeSet<&PathBuf> = base.files.iter().chain(&served.files).collect();
    for file in files {
        let old = side_of(case, base, file)?;
        let new = side_of(case, served, file)?;
        let path = file.display().to_string();
        out.push_str(&diff::unified(&path, old.as_deref(), new.as_deref()));
    }
    out.push_str("```\n\n## The files after the change\n");
    for file in &served.files {
        let text = read(case, &served.dir.join(file))?;
        let _ = writeln!(out, "\n### {}\n\n```rust\n{}\n```", file.display(), text.trim_end());
    }
    out.push_str("\n## The author's tests\n");
    for file in &case.tests {
        let text = read(case, &case.dir.join("visible_tests").join(file))?;
        let _ = writeln!(out, "\n### tests/{}\n\n```rust\n{}\n```", file.display(), text.trim_end());
    }
    Ok(out)
}

/// The answer: which side it was, what is wrong with the one, and why.
fn answer(case: &Case, side: Side) -> Result<String, Problem> {
    let mut out = String::new();
    let _ = writeln!(out, "\n## The answer\n\nServed: {}.", side.name());
    let _ = writeln!(out, "Class: {} ({}).", case.class, case.cwe.join(", "));
    let _ = writeln!(out, "Origin: {}.\n", case.origin.trim_end_matches('.'));
    for variant in &case.variants {
        let must = match variant.expect {
            Expectation::Pass => "must pass".to_owned(),
            Expectation::Fail => format!("must fail: {}", variant.kinds.join(" or ")),
        };
        let _ = writeln!(out, "- {} ({must}): {}", variant.name, variant.about);
    }
    let _ = writeln!(out, "\nThe lines at fault in buggy/:");
    for span in &case.spans {
        let _ = writeln!(out, "- {}", span.about);
        for site in std::iter::once(&span.a).chain(&span.b) {
            let _ = writeln!(out, "  - {}:{}: `{}`", site.file, site.line, site.text);
        }
    }
    let _ = writeln!(out, "\n{}", read(case, &case.dir.join("explain.md"))?.trim_end());
    Ok(out)
}

fn variant<'a>(case: &'a Case, name: &str) -> Result<&'a Variant, Problem> {
    case.variant(name)
        .ok_or_else(|| Problem::new(format!("no variant `{name}`"), "declare it in case.toml").of(&case.id))
}

fn side_of(case: &Case, variant: &Variant, file: &PathBuf) -> Result<Option<String>, Problem> {
    if variant.files.contains(file) { read(case, &variant.dir.join(file)).map(Some) } else { Ok(None) }
}

fn read(case: &Case, file: &Path) -> Result<String, Problem> {
    fs::read_to_string(file).map_err(|error| {
        Problem::new(format!("cannot read this file: {error}"), "check that it is there")
            .of(&case.id)
            .at(file)
    })
}

#[cfg(test)]
mod tests {
    use super::Side;

    /// Whoever was served a side is served the same one next year.
    #[test]
    fn the_side_of_an_id_never_changes() {
        let sides = ["coupon-redeem", "job-lanes", "ledger-transfer", "market-data-ring"].map(Side::of_id);
        assert_eq!(sides, [Side::Fixed, Side::Buggy, Side::Fixed, Side::Buggy]);
    }
}
