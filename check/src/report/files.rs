//! Where the files of a failed check go, and how they get there.
//!
//! `target/ringwright/<model>.json` and `.html`, in the target directory of the
//! build: `CARGO_TARGET_DIR`, or else `target` beside the `Cargo.lock` of the
//! workspace.

use crate::report::data::Report;
use crate::report::html::page;
use crate::report::paths::target;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

impl Report {
    /// The whole report as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report is plain data with text keys")
    }

    /// The whole report as one HTML page that needs nothing else: no network, no
    /// other file. The source lines that the failure is about are read now, and
    /// left out if they cannot be.
    pub fn to_html(&self) -> String {
        page::page(self)
    }

    /// Writes [`to_json`](Report::to_json) and [`to_html`](Report::to_html) into
    /// the directory `dir`, made if it is not there, as `<model>.json` and
    /// `<model>.html`; gives both paths. Characters of the model's name that do
    /// not belong into a file's name become `-`.
    ///
    /// # Errors
    ///
    /// If the directory or a file cannot be written.
    pub fn write_files(&self, dir: impl AsRef<Path>) -> io::Result<(PathBuf, PathBuf)> {
        let dir = dir.as_ref();
        fs::create_dir_all(dir)?;
        let name = file_name(&self.name);
        let (json, html) = (dir.join(format!("{name}.json")), dir.join(format!("{name}.html")));
        fs::write(&json, self.to_json())?;
        fs::write(&html, self.to_html())?;
        Ok((json, html))
    }
}

/// Writes the files of a failed check to where a person looks for them, unless
/// that is turned off, and says what came of it.
pub(crate) fn written(report: &Report) -> String {
    let off = env::var_os("RINGWRIGHT_REPORT").is_some_and(|value| value == "0");
    if off { String::new() } else { written_to(report, &target().join("ringwright")) }
}

/// Writes the files of a failed check into `dir`, and says so; or says why not.
/// Nothing for a check without a failing execution.
fn written_to(report: &Report, dir: &Path) -> String {
    if report.failure.is_none() {
        return String::new();
    }
    match report.write_files(dir) {
        Ok((json, html)) => format!("\nreport: {}\n        {}", html.display(), json.display()),
        Err(error) => format!("\nnote: no report in {}: {error}", dir.display()),
    }
}

/// Characters of a file's name, its ending left out, at most.
const LONGEST: usize = 120;

/// `name` as a file's name, without an ending.
fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let mapped: String = name.chars().map(plain).collect();
    let trimmed = mapped.trim_start_matches('.');
    let short: String = trimmed.chars().take(LONGEST).collect();
    if short.is_empty() { "model".to_owned() } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_a_note() {
        let mut report: Report = serde_json::from_value(serde_json::json!({
            "name": "m", "engine": "explorer", "verdict": { "failed": "race" }, "executions": 1, "blocked": 0,
            "seconds": 0.5, "outcomes": [], "notes": [],
            "failure": {
                "kind": "race", "message": "it races", "sites": [], "trace": { "lanes": [], "lines": [] }, "token": "",
            },
        }))
        .expect("a report of an older version");
        let file = env::current_exe().expect("this program");
        let note = written_to(&report, &file.join("below"));
        assert!(note.starts_with("\nnote: no report in "), "{note}");
        report.failure = None;
        assert_eq!(written_to(&report, &file), "");
    }

    #[test]
    fn a_name_cannot_leave_the_directory() {
        assert_eq!(file_name("queue::hand_over"), "queue--hand_over");
        assert_eq!(file_name("../../etc/passwd"), "-..-etc-passwd");
        assert_eq!(file_name("src/a.rs:12:5"), "src-a.rs-12-5");
        assert_eq!(file_name(".."), "model");
        assert_eq!(file_name(""), "model");
        assert_eq!(file_name(&"é".repeat(500)).len(), LONGEST);
    }
}
