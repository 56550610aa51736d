//! What a check says, as data: verdict, counts, and for a failure the interleaving.
//!
//! A verdict says how much was explored, and a limit that was reached is never
//! a pass. [`Report::passed`] is the one place that decides.

use crate::report::command;
use crate::report::step::{Interleaving, Operation};
use crate::report::words::count;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// Which engine ran the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Engine {
    /// The weak-memory explorer of this crate.
    Explorer,
    /// loom, in a child process.
    Loom,
    /// Sequentially consistent interleavings on shuttle's engine.
    Sc,
    /// Real threads, many rounds.
    Native,
    /// The distributed simulation.
    Sim,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Engine::Explorer => "explorer",
            Engine::Loom => "loom",
            Engine::Sc => "sc",
            Engine::Native => "native",
            Engine::Sim => "sim",
        })
    }
}

/// What kind of bug a model showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FailureKind {
    /// Two conflicting accesses to plain memory, not ordered by happens-before.
    Race,
    /// Unfinished threads, none of which can go on.
    Deadlock,
    /// Unfinished threads, all of which spin on values that nobody will change.
    Livelock,
    /// Threads that cannot go on because another one was stopped permanently.
    NotLockFree,
    /// An operation that took more steps of its own than its stated bound.
    NotWaitFree,
    /// A panic: an assertion of the model, or one in the code under test.
    Panic,
    /// Memory of the model that was still allocated at its end, also when the
    /// same schedule ran again.
    Leak,
    /// An access to memory that had been freed.
    UseAfterFree,
    /// Memory freed twice.
    DoubleFree,
    /// A property of the simulation's oracle that did not hold, or an outcome
    /// that the check does not allow.
    Property,
    /// The same choices did not give the same execution.
    NotDeterministic,
    /// The model did something that this engine cannot run.
    Unsupported,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FailureKind::Race => "race",
            FailureKind::Deadlock => "deadlock",
            FailureKind::Livelock => "livelock",
            FailureKind::NotLockFree => "not-lock-free",
            FailureKind::NotWaitFree => "not-wait-free",
            FailureKind::Panic => "panic",
            FailureKind::Leak => "leak",
            FailureKind::UseAfterFree => "use-after-free",
            FailureKind::DoubleFree => "double-free",
            FailureKind::Property => "property",
            FailureKind::NotDeterministic => "not-deterministic",
            FailureKind::Unsupported => "unsupported",
        })
    }
}

/// A limit that ended a check before it was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Limit {
    /// The number of executions.
    Executions(u64),
    /// The time, in milliseconds.
    Millis(u64),
    /// The number of operations in one execution.
    Steps(u64),
    /// The number of threads in one execution.
    Threads(u64),
    /// A limit of the engine itself, in words.
    Engine(String),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Executions(n) => f.write_str(&count(*n, "execution")),
            Limit::Millis(n) => write!(f, "{n} ms"),
            Limit::Steps(n) => write!(f, "{} in one execution", count(*n, "operation")),
            Limit::Threads(n) => write!(f, "{} in one execution", count(*n, "thread")),
            Limit::Engine(why) => f.write_str(why),
        }
    }
}

/// How much was explored, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Every execution of the model, within the budgets, was explored; none failed.
    Exhaustive,
    /// Every execution within a bound was explored; none failed. The text names the bound.
    Bounded(String),
    /// Random executions; none failed.
    Sampled {
        /// Executions run.
        executions: u64,
        /// Distinct ones among them.
        distinct: u64,
    },
    /// A limit ended the check. Not a pass.
    LimitHit(Limit),
    /// The model was not run, for this reason. Not a pass.
    NotRun(String),
    /// An execution failed.
    Failed(FailureKind),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Exhaustive => f.write_str("exhaustive"),
            Verdict::Bounded(bound) => write!(f, "bounded ({bound})"),
            Verdict::Sampled { executions, distinct } => {
                write!(f, "sampled ({}, {distinct} distinct)", count(*executions, "execution"))
            }
            Verdict::LimitHit(limit) => write!(f, "limit hit ({limit})"),
            Verdict::NotRun(why) => write!(f, "not run ({why})"),
            Verdict::Failed(kind) => write!(f, "failed ({kind})"),
        }
    }
}

/// A line of source.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceLine {
    /// The file, as the compiler named it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One step of a failing execution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TraceLine {
    /// Which lane (thread or node) took the step: an index into [`Trace::lanes`].
    pub lane: usize,
    /// Where in the source.
    pub site: Option<SourceLine>,
    /// What it did, such as `load x Acquire = 1`.
    pub what: String,
    /// For a load: which store it read, and why a stale one was allowed.
    pub note: String,
    /// Whether this is one of the sites that the failure is about.
    pub guilty: bool,
    /// The step taken apart, if the engine can say.
    #[serde(default)]
    pub operation: Option<Operation>,
}

/// A failing execution, step by step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Trace {
    /// The names of the lanes: threads, or nodes of a simulation.
    pub lanes: Vec<String>,
    /// The steps, in an order in which they can be read.
    pub lines: Vec<TraceLine>,
    /// Whether the order is one that a machine with one memory would show, if
    /// the engine can say.
    #[serde(default)]
    pub interleaving: Option<Interleaving>,
    /// Steps that are left out because the failure does not depend on them.
    #[serde(default)]
    pub left_out: usize,
}

/// An execution that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// What kind of bug.
    pub kind: FailureKind,
    /// What happened, in one or a few sentences.
    pub message: String,
    /// The source lines that the failure is about: both sides of a race, where
    /// each blocked thread of a deadlock waits, where a panic came from.
    pub sites: Vec<SourceLine>,
    /// The interleaving.
    pub trace: Trace,
    /// The token that replays it: the value for `RINGWRIGHT_REPLAY`.
    pub token: String,
}

/// What a check says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// The name of the model.
    pub name: String,
    /// Which engine ran it.
    pub engine: Engine,
    /// How much was explored, and what was found.
    pub verdict: Verdict,
    /// Executions that ran to their end (for a failure, up to and with the failing one).
    pub executions: u64,
    /// Executions abandoned because another one covers them.
    pub blocked: u64,
    /// Wall time. In the JSON, `seconds` as a number.
    #[serde(rename = "seconds", with = "seconds")]
    pub elapsed: Duration,
    /// The outcomes that executions recorded with [`outcome`](crate::outcome), sorted.
    pub outcomes: BTreeSet<String>,
    /// The failing execution, if one failed.
    pub failure: Option<Failure>,
    /// What the reader must know to understand the verdict: budgets, and what was not seen.
    pub notes: Vec<String>,
    /// The command that runs the failing execution again, as far as the process
    /// could know it: not the features that it was built with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

impl Report {
    /// With the command that replays its failure, if it has a failure to replay.
    pub(crate) fn with_command(mut self) -> Report {
        let token = self.failure.as_ref().map(|failure| &*failure.token).filter(|token| !token.is_empty());
        self.command = token.and_then(command::of_this_process);
        self
    }

    /// Whether the model passed: it was run, nothing failed, and no limit was reached.
    pub fn passed(&self) -> bool {
        match self.verdict {
            Verdict::Exhaustive | Verdict::Bounded(_) => true,
            Verdict::Sampled { executions, .. } => executions > 0,
            Verdict::LimitHit(_) | Verdict::NotRun(_) | Verdict::Failed(_) => false,
        }
    }

    /// The kind of the failure, if the model failed.
    pub fn failed(&self) -> Option<FailureKind> {
        match self.verdict {
            Verdict::Failed(kind) => Some(kind),
            _ => None,
        }
    }
}

/// A duration in JSON: seconds, as a number.
mod seconds {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(elapsed.as_secs_f64())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_was_not_run_neither_passed_nor_failed() {
        let verdict = Verdict::NotRun("the token is for another model".into());
        assert_eq!(verdict.to_string(), "not run (the token is for another model)");
        let json = serde_json::to_value(&verdict).expect("plain data");
        assert_eq!(json, serde_json::json!({ "not-run": "the token is for another model" }));
        let report: Report = serde_json::from_value(serde_json::json!({
            "name": "m", "engine": "sc", "verdict": json, "executions": 0, "blocked": 0, "seconds": 0.25,
            "outcomes": [], "notes": [], "failure": null,
        }))
        .expect("a report");
        assert!(!report.passed() && report.failed().is_none());
        assert_eq!(report.verdict, verdict);
    }

    #[test]
    fn the_time_of_a_report_comes_back_from_its_json_to_the_nanosecond() {
        for nanos in [0, 1, 250_000_000, 1_234_567_891, 86_399_999_999_999] {
            let report = Report {
                name: "m".into(),
                engine: Engine::Explorer,
                verdict: Verdict::Exhaustive,
                executions: 1,
                blocked: 0,
                elapsed: Duration::from_nanos(nanos),
                outcomes: BTreeSet::new(),
                failure: None,
                notes: Vec::new(),
                command: None,
            };
            let json = serde_json::to_value(&report).expect("plain data");
            assert_eq!(json["seconds"], serde_json::json!(nanos as f64 / 1e9));
            assert_eq!(serde_json::from_value::<Report>(json).expect("it was one"), report);
        }
    }

    #[test]
    fn one_of_a_limit_is_singular() {
        assert_eq!(Limit::Executions(1).to_string(), "1 execution");
        assert_eq!(Limit::Steps(1).to_string(), "1 operation in one execution");
        assert_eq!(Limit::Threads(32).to_string(), "32 threads in one execution");
        let sampled = Verdict::Sampled { executions: 1, distinct: 1 };
        assert_eq!(sampled.to_string(), "sampled (1 execution, 1 distinct)");
    }
}
