//! `case.toml`: its text to its meaning, with every problem of the file itself.

use crate::case::{Expectation, KINDS, PLAIN, Span, SpanSite, is_slug};
use crate::problem::{Problem, nearest};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;

const LEVELS: [&str; 4] = ["junior", "mid", "senior", "staff"];
const ENGINES: [&str; 2] = ["explorer", "sim"];
const EDITIONS: [&str; 4] = ["2015", "2018", "2021", "2024"];
const LANGUAGES: [&str; 1] = ["rust"];
const SKIPS: [&str; 1] = [PLAIN];
/// Names that the snippet's crate cannot have, because they name something else.
const TAKEN: [&str; 7] = ["std", "core", "alloc", "test", "harness", "ringwright_check", "review_cases"];

/// `case.toml` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) id: Spanned<String>,
    pub(crate) title: Spanned<String>,
    pub(crate) language: Spanned<String>,
    pub(crate) edition: Spanned<String>,
    #[serde(rename = "crate")]
    pub(crate) crate_name: Spanned<String>,
    pub(crate) class: Spanned<String>,
    pub(crate) cwe: Vec<Spanned<String>>,
    pub(crate) engine: Spanned<String>,
    pub(crate) minutes: Spanned<u32>,
    pub(crate) level: Spanned<String>,
    pub(crate) tags: Vec<Spanned<String>>,
    pub(crate) origin: Spanned<String>,
    #[serde(rename = "variant", default)]
    pub(crate) variants: Vec<VariantEntry>,
    #[serde(rename = "span", default)]
    pub(crate) spans: Vec<SpanEntry>,
}

/// One `[[variant]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VariantEntry {
    pub(crate) name: Spanned<String>,
    pub(crate) expect: Spanned<String>,
    #[serde(default)]
    pub(crate) kinds: Vec<Spanned<String>>,
    pub(crate) skip_without: Option<Spanned<String>>,
    pub(crate) about: Spanned<String>,
}

/// One `[[span]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpanEntry {
    pub(crate) a: Spanned<SiteEntry>,
    pub(crate) b: Option<Spanned<SiteEntry>>,
    pub(crate) about: Spanned<String>,
}

/// One site of a span.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SiteEntry {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// The text of a `case.toml`, and where it is, to make problems from.
#[derive(Clone, Copy)]
pub(crate) struct ManifestText<'a> {
    pub(crate) case: &'a str,
    pub(crate) file: &'a Path,
    pub(crate) text: &'a str,
}

impl ManifestText<'_> {
    /// A problem at these bytes of the file.
    pub(crate) fn problem(&self, at: Range<usize>, message: String, help: String) -> Problem {
        Problem::new(message, help).of(self.case).span(self.file, self.text, at)
    }

    /// A problem with the file as a whole.
    pub(crate) fn whole(&self, message: String, help: String) -> Problem {
        Problem::new(message, help).of(self.case).at(self.file)
    }
}

/// Reads the text of a `case.toml`.
///
/// # Errors
/// The one place where it is not TOML, or not of this shape.
pub(crate) fn parse(source: ManifestText<'_>) -> Result<Manifest, Problem> {
    toml::from_str(source.text).map_err(|error| {
        let help = "see FORMAT.md for the keys of case.toml and their types";
        let message = format!("case.toml: {}", error.message().trim());
        match error.span() {
            Some(span) => source.problem(span, message, help.to_owned()),
            None => source.whole(message, help.to_owned()),
        }
    })
}

/// Every problem of the manifest that can be seen without its folder.
pub(crate) fn check(manifest: &Manifest, source: ManifestText<'_>) -> Vec<Problem> {
    let mut found = Validator { source, problems: Vec::new() };
    found.head(manifest);
    found.variants(manifest);
    if manifest.spans.is_empty() {
        found.problems.push(source.whole(
            "no [[span]]".into(),
            "name the lines at fault in buggy/: a = { file, line, text }, and b for the other side".into(),
        ));
    }
    found.problems
}

struct Validator<'a> {
    source: ManifestText<'a>,
    problems: Vec<Problem>,
}

impl Validator<'_> {
    fn add<T>(&mut self, at: &Spanned<T>, message: String, help: impl Into<String>) {
        let problem = self.source.problem(at.span(), message, help.into());
        self.problems.push(problem);
    }

    fn one_of(&mut self, key: &str, value: &Spanned<String>, known: &[&str]) {
        let word = value.get_ref().as_str();
        if !known.contains(&word) {
            let list = known.join(", ");
            let help = match nearest(word, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? It is one of: {list}"),
                None => format!("it is one of: {list}"),
            };
            self.add(value, format!("unknown {key} `{word}`"), help);
        }
    }

    fn filled(&mut self, key: &str, value: &Spanned<String>) {
        let text = value.get_ref();
        if text.trim().is_empty() || text.contains('\n') {
            self.add(value, format!("`{key}` must be one line of text"), "fill it in");
        }
    }

    fn head(&mut self, m: &Manifest) {
        let id = m.id.get_ref();
        if id != self.source.case {
            let message = format!("id `{id}` is not the name of the folder");
            let help = format!("write id = \"{}\", or rename the folder", self.source.case);
            self.add(&m.id, message, help);
        } else if !is_slug(id) {
            let help = "an id is lower-case words and digits joined by dashes";
            self.add(&m.id, format!("id `{id}` is not a slug"), help);
        }
        self.filled("title", &m.title);
        self.filled("origin", &m.origin);
        self.one_of("language", &m.language, &LANGUAGES);
        self.one_of("edition", &m.edition, &EDITIONS);
        self.one_of("engine", &m.engine, &ENGINES);
        self.one_of("level", &m.level, &LEVELS);
        let name = m.crate_name.get_ref();
        if !is_slug(&name.replace('_', "-")) || TAKEN.contains(&name.as_str()) {
            let help = "a crate name is lower-case words joined by `_`, and not the name of a crate that the build uses";
            self.add(&m.crate_name, format!("`{name}` cannot be the crate's name"), help);
        }
        for slug in std::iter::once(&m.class).chain(&m.tags) {
            if !is_slug(slug.get_ref()) {
                let message = format!("`{}` is not a slug", slug.get_ref());
                self.add(slug, message, "use lower-case words joined by dashes");
            }
        }
        for cwe in &m.cwe {
            let digits = cwe.get_ref().strip_prefix("CWE-").unwrap_or("");
            if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_digit()) {
                let message = format!("`{}` is not a CWE number", cwe.get_ref());
                self.add(cwe, message, "write it as \"CWE-362\"");
            }
        }
        if !(1..=120).contains(m.minutes.get_ref()) {
            let message = format!("`minutes` is {}", m.minutes.get_ref());
            self.add(&m.minutes, message, "a reading time is 1 to 120 minutes");
        }
    }

    fn variants(&mut self, m: &Manifest) {
        let mut seen = BTreeSet::new();
        for variant in &m.variants {
            let name = variant.name.get_ref().as_str();
            if !seen.insert(name) {
                self.add(&variant.name, format!("variant `{name}` is declared twice"), "keep one of the two");
            }
            self.variant(variant);
        }
        for (what, found) in [
            ("base", seen.contains("base")),
            ("buggy", seen.contains("buggy")),
            ("fixed", seen.contains("fixed")),
            ("wrong-*", seen.iter().any(|name| name.starts_with("wrong-"))),
            ("also-*", seen.iter().any(|name| name.starts_with("also-"))),
        ] {
            if !found {
                self.problems.push(self.source.whole(
                    format!("no variant `{what}`"),
                    "every case has base, buggy, fixed, at least one wrong-* and at least one also-*".into(),
                ));
            }
        }
    }

    fn variant(&mut self, variant: &VariantEntry) {
        let name = variant.name.get_ref();
        let expect = variant.expect.get_ref().as_str();
        self.one_of("expectation", &variant.expect, &["pass", "fail"]);
        match Expectation::of_name(name) {
            None => self.add(
                &variant.name,
                format!("a variant cannot be named `{name}`"),
                "the names are base, buggy, fixed, wrong-<slug> and also-<slug>",
            ),
            Some(by_name) if by_name.word() != expect && ["pass", "fail"].contains(&expect) => self.add(
                &variant.expect,
                format!("variant `{name}` is declared to {expect}"),
                format!("one of this name must {}", by_name.word()),
            ),
            Some(_) => {}
        }
        for kind in &variant.kinds {
            self.one_of("kind", kind, &KINDS);
        }
        if let Some(needs) = &variant.skip_without {
            self.one_of("thing to skip without", needs, &SKIPS);
        }
        match (expect, variant.kinds.is_empty()) {
            ("fail", true) => self.add(
                &variant.expect,
                format!("variant `{name}` must fail, but names no kinds"),
                format!("add kinds = [...], of: {}", KINDS.join(", ")),
            ),
            ("pass", false) => self.add(
                &variant.kinds[0],
                format!("variant `{name}` must pass, but names kinds of failure"),
                "remove `kinds`",
            ),
            _ => {}
        }
        self.filled("about", &variant.about);
    }
}

/// The spans of the manifest, each with the bytes of its sites in the file.
pub(crate) fn spans(manifest: &Manifest) -> Vec<(Span, Vec<Range<usize>>)> {
    let site = |entry: &Spanned<SiteEntry>| SpanSite {
        file: entry.get_ref().file.clone(),
        line: entry.get_ref().line,
        text: entry.get_ref().text.clone(),
    };
    manifest
        .spans
        .iter()
        .map(|entry| {
            let at = std::iter::once(&entry.a).chain(&entry.b);
            let ranges = at.map(Spanned::span).collect();
            let span = Span {
                a: site(&entry.a),
                b: entry.b.as_ref().map(site),
                about: entry.about.get_ref().clone(),
            };
            (span, ranges)
        })
        .collect()
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
