//! What a harness reports: one line of JSON with the verdict over all its models.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A place in the source, as the compiler named it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Site {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl Site {
    /// This line, counted from 1, of this file.
    #[must_use]
    pub fn new(file: impl Into<String>, line: u32) -> Self {
        Self { file: file.into(), line }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// The verdict of a harness over all its models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HarnessVerdict {
    /// Every model passed.
    Pass,
    /// A model failed.
    Fail,
    /// No model failed, but one reached a limit. A limit is never a pass.
    Limit,
}

impl fmt::Display for HarnessVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HarnessVerdict::Pass => "pass",
            HarnessVerdict::Fail => "fail",
            HarnessVerdict::Limit => "limit",
        })
    }
}

/// What a harness reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HarnessReport {
    /// The verdict over all models.
    pub verdict: HarnessVerdict,
    /// For a failure, its kind, such as `race`.
    pub kind: Option<String>,
    /// The engine that ran the deciding model.
    pub engine: String,
    /// Executions run to their end, over all models.
    pub executions: u64,
    /// Executions abandoned because another one covers them, over all models.
    pub blocked: u64,
    /// Wall time over all models, in seconds.
    pub seconds: f64,
    /// What happened, for a failure or a limit; else how much was looked at.
    pub message: String,
    /// The source lines that the failure is about.
    pub sites: Vec<Site>,
    /// The failing interleaving, in lanes.
    pub trace: String,
    /// What replays the failure.
    pub token: String,
}

impl HarnessReport {
    /// A verdict by this engine and why, of a run that took no time.
    #[must_use]
    pub fn new(verdict: HarnessVerdict, engine: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            verdict,
            kind: None,
            engine: engine.into(),
            executions: 0,
            blocked: 0,
            seconds: 0.0,
            message: message.into(),
            sites: Vec::new(),
            trace: String::new(),
            token: String::new(),
        }
    }

    /// The report in a harness's standard output: its last line that is one,
    /// whatever the code under test printed around it.
    #[must_use]
    pub fn find(output: &str) -> Option<Self> {
        output.lines().rev().find_map(|line| serde_json::from_str(line).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_found_among_other_output() {
        let report = HarnessReport {
            kind: Some("race".into()),
            executions: 3,
            blocked: 1,
            seconds: 0.5,
            sites: vec![Site::new("src/ring.rs", 4)],
            trace: "a\nb".into(),
            token: "t".into(),
            ..HarnessReport::new(HarnessVerdict::Fail, "explorer", "two accesses")
        };
        let json = serde_json::to_string(&report).unwrap();
        let output = format!("hello\n{{\"verdict\":1}}\n{json}\nbye\n");
        assert_eq!(HarnessReport::find(&output), Some(report));
        assert_eq!(HarnessReport::find("hello\n{}\n"), None);
    }

    #[test]
    fn a_verdict_is_the_same_word_in_json_and_in_text() {
        for verdict in [HarnessVerdict::Pass, HarnessVerdict::Fail, HarnessVerdict::Limit] {
            assert_eq!(serde_json::to_string(&verdict).unwrap(), format!("\"{verdict}\""));
        }
    }
}
