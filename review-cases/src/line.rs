//! The one line that a harness prints.

use serde::{Deserialize, Serialize};

/// A place in the source, as the compiler named it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// What a harness says: the verdict over all its models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// `pass`, `fail` or `limit`. A limit is never a pass.
    pub verdict: String,
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

impl Line {
    /// The line in a harness's standard output: the last one that is a line of
    /// this kind, whatever the code under test printed around it.
    pub fn find(output: &str) -> Option<Self> {
        output.lines().rev().find_map(|line| serde_json::from_str(line).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_found_among_other_output() {
        let line = Line {
            verdict: "fail".into(),
            kind: Some("race".into()),
            engine: "explorer".into(),
            executions: 3,
            blocked: 1,
            seconds: 0.5,
            message: "two accesses".into(),
            sites: vec![Site { file: "src/ring.rs".into(), line: 4 }],
            trace: "a\nb".into(),
            token: "t".into(),
        };
        let json = serde_json::to_string(&line).unwrap();
        let output = format!("hello\n{{\"verdict\":1}}\n{json}\nbye\n");
        assert_eq!(Line::find(&output), Some(line));
        assert_eq!(Line::find("hello\n{}\n"), None);
    }
}
