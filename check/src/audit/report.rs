//! What an audit says: a verdict for every ordering and each weaker one tried.

use crate::report::data::{Failure, Verdict};
use crate::report::words::count;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// What an audit found out about an ordering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum AuditVerdict {
    /// A model fails with the weaker ordering.
    Necessary,
    /// Every model that executes it also passes with the weaker ordering.
    Survived,
    /// Unknown: no model executes it, or a model reached a limit.
    Blind,
}

impl fmt::Display for AuditVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            AuditVerdict::Necessary => "necessary",
            AuditVerdict::Survived => "survived",
            AuditVerdict::Blind => "blind",
        })
    }
}

/// The execution that shows that an ordering is necessary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Witness {
    /// The model that fails.
    pub model: String,
    /// How: kind, message, sites, trace and token.
    #[serde(flatten)]
    pub failure: Failure,
}

/// One ordering in the source, and one weaker ordering that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditedSite {
    /// The file, relative to the root of the workspace.
    pub file: String,
    /// The line of the call, from 1.
    pub line: u32,
    /// The column of the call, from 1.
    pub column: u32,
    /// The operation, as the method is called.
    pub op: String,
    /// Which of its orderings, if it has two: `success` or `failure`, for a
    /// `fetch_update` `set` or `fetch`.
    pub role: Option<String>,
    /// The ordering in the source.
    pub ordering: String,
    /// What it was weakened to; `dropped` for a fence that is left out. `None`
    /// if no model executes it, so that nothing was tried.
    pub weaker: Option<String>,
    /// The verdict.
    pub verdict: AuditVerdict,
    /// If it is necessary: the execution that shows it.
    pub witness: Option<Witness>,
    /// The models that passed with the weaker ordering, each with its verdict if
    /// it was not searched exhaustively.
    pub passed: Vec<String>,
    /// If it is blind: why.
    pub reason: Option<String>,
    /// Why it stays as it is, by the comment in the source.
    pub explained: Option<String>,
}

impl AuditedSite {
    /// Whether something has to be done: the ordering is not known to be
    /// necessary, and no comment says why it stays.
    #[must_use]
    pub fn is_unexplained(&self) -> bool {
        self.verdict != AuditVerdict::Necessary && self.explained.is_none()
    }

    fn place(&self) -> String {
        format!("{}:{}:{}", self.file, self.line, self.column)
    }

    fn what(&self) -> String {
        let role = self.role.as_ref().map(|role| format!(" ({role})")).unwrap_or_default();
        let weaker = self.weaker.as_ref().map(|to| format!(" -> {to}")).unwrap_or_default();
        format!("{}{role} {}{weaker}", self.op, self.ordering)
    }

    fn because(&self) -> String {
        match (&self.witness, &self.reason) {
            (Some(witness), _) => format!("{} in `{}`", witness.failure.kind, witness.model),
            (None, Some(reason)) => reason.clone(),
            (None, None) => format!("passed: {}", self.passed.join(", ")),
        }
    }
}

/// A model with its unchanged orderings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditedModel {
    /// Its name.
    pub name: String,
    /// The verdict of its check. A model that does not pass shows nothing about
    /// the orderings.
    pub verdict: Verdict,
    /// How many executions it took.
    pub executions: u64,
}

/// A comment that is out of date: it explains an ordering that has not survived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StaleReason {
    /// The file, relative to the root of the workspace.
    pub file: String,
    /// The line of the comment.
    pub line: u32,
    /// What is wrong with it.
    pub message: String,
}

/// What an audit says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditReport {
    /// Every ordering stronger than Relaxed with each weaker one tried, by file
    /// and line.
    pub sites: Vec<AuditedSite>,
    /// The models, in the order in which they were tried.
    pub models: Vec<AuditedModel>,
    /// Comments that are out of date.
    pub stale: Vec<StaleReason>,
    /// Wall time. Not in the JSON, which is the same for each run.
    #[serde(skip)]
    pub elapsed: Duration,
}

impl AuditReport {
    /// Survivors and blind sites that no comment explains.
    pub fn unexplained(&self) -> impl Iterator<Item = &AuditedSite> {
        self.sites.iter().filter(|site| site.is_unexplained())
    }

    /// Whether nothing is left to do: every ordering is necessary or explained,
    /// no explanation is out of date, and every model passes with the orderings
    /// that it has.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.unexplained().next().is_none()
            && self.stale.is_empty()
            && self.models.iter().all(|model| !is_unusable(&model.verdict))
    }

    /// The same as [`passed`](Self::passed).
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.passed()
    }

    /// Panics with the whole report unless nothing is left to do.
    ///
    /// # Panics
    ///
    /// If not [`passed`](Self::passed).
    #[track_caller]
    pub fn assert_passed(&self) -> &Self {
        assert!(self.passed(), "the audit leaves something to do\n{self}");
        self
    }

    /// Panics with the whole report unless each survivor and each blind site is
    /// explained: by a comment in the sources, or by one of `reasons`, which are
    /// pairs of a place, `src/file.rs:line`, and why the ordering stays there.
    ///
    /// # Panics
    ///
    /// Also if a reason explains nothing, if a comment is out of date, or if a
    /// model fails with the orderings that it has.
    #[track_caller]
    pub fn assert_no_unexplained_survivor(&self, reasons: &[(&str, &str)]) -> &Self {
        let at = |site: &AuditedSite, place: &str| {
            let line = format!("{}:{}", site.file, site.line);
            line.strip_suffix(place).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        for (place, _) in reasons {
            let used = self.sites.iter().any(|s| s.is_unexplained() && at(s, place));
            assert!(used, "the reason for {place} explains no survivor\n{self}");
        }
        let open = |s: &&AuditedSite| !reasons.iter().any(|(place, _)| at(s, place));
        assert!(self.unexplained().find(open).is_none(), "there are unexplained survivors\n{self}");
        assert!(self.stale.is_empty(), "there are reasons out of date\n{self}");
        let failing = self.models.iter().find(|model| is_unusable(&model.verdict));
        assert!(failing.is_none(), "a model fails as it stands\n{self}");
        self
    }
}

/// Whether a model with this verdict can convict nobody, because it fails as it
/// stands, or was not run.
pub(crate) fn is_unusable(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Failed(_) | Verdict::NotRun(_))
}

impl fmt::Display for AuditReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = |text: fn(&AuditedSite) -> String| {
            self.sites.iter().map(|site| text(site).chars().count()).max().unwrap_or(0)
        };
        let (places, whats) = (widest(AuditedSite::place), widest(AuditedSite::what));
        for site in &self.sites {
            let (place, what) = (site.place(), site.what());
            writeln!(f, "{place:<places$}  {what:<whats$}  {:<9}  {}", site.verdict, site.because())?;
            if let Some(why) = &site.explained {
                writeln!(f, "{:places$}  stays, because {why}", "")?;
            }
        }
        for model in self.models.iter().filter(|model| is_unusable(&model.verdict)) {
            writeln!(f, "`{}` is of no use: it does not pass as it stands: {}", model.name, model.verdict)?;
        }
        for stale in &self.stale {
            writeln!(f, "{}:{}: {}", stale.file, stale.line, stale.message)?;
        }
        let sites = |verdict| self.sites.iter().filter(|site| site.verdict == verdict).count();
        write!(
            f,
            "{} weakened by {}: {} necessary, {} survived, {} blind; {} unexplained; {:.1} s",
            count(self.sites.len() as u64, "ordering"),
            count(self.models.len() as u64, "model"),
            sites(AuditVerdict::Necessary),
            sites(AuditVerdict::Survived),
            sites(AuditVerdict::Blind),
            self.unexplained().count(),
            self.elapsed.as_secs_f64(),
        )
    }
}
