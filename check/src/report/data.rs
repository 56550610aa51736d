//! What a check says: verdict, counts, and for a failure the interleaving.
//!
//! A verdict is honest: it says how much was looked at, and a limit that was
//! reached is never a pass. [`Report::passed`] is the one place that decides.

use crate::report::files;
use crate::report::lanes::{self, Lanes};
pub use crate::report::step::{Interleaving, Operation, OperationKind, StoreSeen};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// Which engine ran the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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
    /// Threads that cannot go on because another one is frozen.
    NotLockFree,
    /// An operation that takes more of its own steps than was stated.
    NotWaitFree,
    /// A panic: an assertion of the model, or one in the code under test.
    Panic,
    /// Memory of the model that was still allocated at its end, every time.
    Leak,
    /// An access to memory that had been freed.
    UseAfterFree,
    /// Memory freed twice.
    DoubleFree,
    /// A property of the simulation's oracle that did not hold, or an outcome
    /// that the check does not allow.
    Property,
    /// The same schedule did not give the same run.
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
    /// More executions than the budget allows.
    Executions(u64),
    /// More time than the budget allows, in milliseconds.
    Millis(u64),
    /// More operations in one execution than the bound.
    Steps(u64),
    /// More threads in one execution than the engine has room for.
    Threads(u64),
    /// The engine itself gave up, for this reason.
    Engine(String),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Executions(n) => write!(f, "{n} executions"),
            Limit::Millis(n) => write!(f, "{n} ms"),
            Limit::Steps(n) => write!(f, "{n} operations in one execution"),
            Limit::Threads(n) => write!(f, "{n} threads in one execution"),
            Limit::Engine(why) => f.write_str(why),
        }
    }
}

/// How much was looked at, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Every execution of the model was looked at; none failed.
    Exhaustive,
    /// Every execution within the bound; none failed. The text names the bound.
    Bounded(String),
    /// This many executions at random, this many of them distinct; none failed.
    Sampled {
        /// Executions run.
        executions: u64,
        /// Distinct ones among them.
        distinct: u64,
    },
    /// A limit ended the check. Not a pass.
    LimitHit(Limit),
    /// An execution failed.
    Failed(FailureKind),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Exhaustive => f.write_str("exhaustive"),
            Verdict::Bounded(bound) => write!(f, "bounded ({bound})"),
            Verdict::Sampled { executions, distinct } => {
                write!(f, "sampled ({executions} executions, {distinct} distinct)")
            }
            Verdict::LimitHit(limit) => write!(f, "limit hit ({limit})"),
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
pub struct Trace {
    /// The names of the lanes: threads, or nodes of a simulation.
    pub lanes: Vec<String>,
    /// The steps, in an order in which they can be read.
    pub lines: Vec<TraceLine>,
    /// Whether the order is one that a machine with one memory would show, if
    /// the engine can say.
    #[serde(default)]
    pub interleaving: Option<Interleaving>,
    /// Steps that are left out because the failure does not hang on them.
    #[serde(default)]
    pub left_out: usize,
}

/// An execution that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What replays it: the value for `RINGWRIGHT_REPLAY`.
    pub token: String,
}

/// What a check says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The name of the model.
    pub name: String,
    /// Which engine ran it.
    pub engine: Engine,
    /// How much was looked at, and what was found.
    pub verdict: Verdict,
    /// Executions that ran to their end (for a failure, up to and with the failing one).
    pub executions: u64,
    /// Executions abandoned because another one covers them.
    pub blocked: u64,
    /// Wall time, in seconds.
    pub seconds: f64,
    /// What the executions said through [`outcome`](crate::outcome), sorted.
    pub outcomes: BTreeSet<String>,
    /// The failing execution, if one failed.
    pub failure: Option<Failure>,
    /// What the reader must know beside the verdict: a budget, a blind spot.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether the model passed: no failure and no limit reached.
    pub fn passed(&self) -> bool {
        match self.verdict {
            Verdict::Exhaustive | Verdict::Bounded(_) => true,
            Verdict::Sampled { executions, .. } => executions > 0,
            Verdict::LimitHit(_) | Verdict::Failed(_) => false,
        }
    }

    /// The kind of the failure, if the model failed.
    pub fn failed(&self) -> Option<FailureKind> {
        match self.verdict {
            Verdict::Failed(kind) => Some(kind),
            _ => None,
        }
    }

    /// Panics with the whole report unless the model passed. A failing
    /// execution is written down as JSON and HTML first, in
    /// `target/ringwright`, and the message says where; `RINGWRIGHT_REPORT=0` in
    /// the environment turns that off.
    #[track_caller]
    pub fn assert_passed(&self) -> &Self {
        if !self.passed() {
            let written = files::written(self);
            panic!("{}{written}", Shown { report: self, colour: lanes::colour_wanted() });
        }
        self
    }

    /// Panics with the whole report unless the model failed in this way.
    #[track_caller]
    pub fn assert_failed(&self, kind: FailureKind) -> &Self {
        assert!(self.failed() == Some(kind), "expected the model to fail with a {kind}\n{self}");
        self
    }

    /// Panics unless the executions said exactly these outcomes.
    #[track_caller]
    pub fn assert_outcomes<'a>(&self, expected: impl IntoIterator<Item = &'a str>) -> &Self {
        let expected: BTreeSet<String> = expected.into_iter().map(str::to_owned).collect();
        assert!(
            self.outcomes == expected,
            "outcomes differ\n  expected: {expected:?}\n  seen:     {:?}\n{self}",
            self.outcomes
        );
        self
    }
}

/// A report as text, in colour or not.
#[derive(Debug)]
struct Shown<'a> {
    report: &'a Report,
    colour: bool,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { name, verdict, engine, executions, blocked, seconds, .. } = self.report;
        write!(f, "{name}: {verdict} by {engine}, {executions} complete, {blocked} blocked, {seconds:.3} s")?;
        for note in &self.report.notes {
            write!(f, "\n  note: {note}")?;
        }
        if let Some(failure) = &self.report.failure {
            f.write_str("\n")?;
            failure.show(f, self.colour)?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown { report: self, colour: false }.fmt(f)
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Lanes { trace: self, colour: false }.fmt(f)
    }
}

impl Failure {
    fn show(&self, f: &mut fmt::Formatter<'_>, colour: bool) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)?;
        for site in &self.sites {
            write!(f, "\n  at {site}")?;
        }
        write!(f, "\n{}", Lanes { trace: &self.trace, colour })?;
        if let Some(interleaving) = &self.trace.interleaving {
            write!(f, "  {interleaving}")?;
            if self.trace.left_out > 0 {
                write!(f, "; left out, as the failure does not hang on them: {} steps", self.trace.left_out)?;
            }
        }
        if !self.token.is_empty() {
            write!(f, "\nreplay with RINGWRIGHT_REPLAY={}", self.token)?;
        }
        Ok(())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(f, false)
    }
}
