//! An audit at work: the models as they stand, then each ordering weakened.
//!
//! # Steps
//!
//! 1. Each model runs as written: this says which orderings it executes, how
//!    long it takes, and which outcomes it has.
//! 2. The orderings of all models become *targets*, each with the models that
//!    execute it, the quickest first.
//! 3. For each target and each step down ([`crate::audit::ladder`]) these models run
//!    again until one fails.
//! 4. The sources add what nobody executes, and the reasons.

use crate::audit::builder::Audit;
use crate::audit::ladder;
use crate::audit::report::{AuditReport, AuditVerdict, AuditedModel, Witness};
use crate::audit::sites::{Trial, audited_sites, stale_reasons, unexecuted_sites};
use crate::audit::source_files::source_files;
use crate::audit::targets::{CheckedModel, Target, targets};
use crate::check::Check;
use crate::plan::orderings::OrderingRecorder;
use crate::plan::token::{self, Token};
use crate::report::data::{FailureKind, Verdict};
use crate::seam::op::Strength;
use crate::seam::runtime;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

impl Audit {
    /// Runs the audit, on as many threads as the machine has cores. The result
    /// is the same each time, unless a run reaches its time limit.
    ///
    /// With `RINGWRIGHT_REPLAY=<token>` in the environment, only the run that
    /// the token of a witness is for is looked at.
    ///
    /// # Panics
    ///
    /// If there is no model, if two have the same name, if a source cannot be
    /// read, or inside a model.
    #[must_use]
    pub fn run(self) -> AuditReport {
        assert!(runtime::current().is_none(), "a model cannot run an audit");
        let started = Instant::now();
        let names: BTreeSet<&String> = self.models.iter().map(|(name, _)| name).collect();
        assert!(!names.is_empty(), "an audit without models says nothing");
        assert!(names.len() == self.models.len(), "two models of an audit have the same name");
        let replay = token::requested();
        let mut models = in_parallel(self.models.len(), |n| as_written(&self, n));
        models.sort_by_key(|model| model.report.executions + model.report.blocked);
        let targets = targets(&self, &models);
        let trials =
            in_parallel(targets.len(), |n| try_weaker(&self, &models, &targets[n], replay.as_deref()));
        let files = source_files(&self);
        let (mut sites, used) = audited_sites(&targets, trials, &files);
        let mut stale = Vec::new();
        if replay.is_none() {
            sites.extend(unexecuted_sites(&targets, &files));
            stale = stale_reasons(&files, &used, &sites);
        }
        sites.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        let model = |m: &CheckedModel<'_>| AuditedModel {
            name: m.name.to_owned(),
            verdict: m.report.verdict.clone(),
            executions: m.report.executions,
        };
        let models = models.iter().map(model).collect();
        AuditReport { sites, models, stale, elapsed: started.elapsed() }
    }
}

/// `f` of each number below `count`, on as many threads as there are cores.
fn in_parallel<T: Send>(count: usize, f: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, T)>> = Mutex::default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        loop {
            // Relaxed: only that each number is given out once counts.
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= count {
                return;
            }
            let result = f(n);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((n, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..cores.min(count) {
            scope.spawn(work);
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(n, _)| *n);
    results.into_iter().map(|(_, result)| result).collect()
}

fn check(audit: &Audit, name: String) -> Check {
    (audit.plan)(Check::new(name).max_time(audit.max_time))
}

fn as_written(audit: &Audit, n: usize) -> CheckedModel<'_> {
    let (name, body) = &audit.models[n];
    let recorder = OrderingRecorder::default();
    let report = check(audit, name.clone()).record(&recorder).run_whole(body.clone());
    CheckedModel { name, body, report, spots: recorder.take() }
}

/// Tries the steps down from one ordering.
fn try_weaker(
    audit: &Audit,
    models: &[CheckedModel<'_>],
    target: &Target,
    replay: Option<&str>,
) -> Vec<(Strength, Trial)> {
    let mut results = Vec::new();
    ladder::walk(target.kind, target.first().ask.strength, |to| {
        let trial = weaken(audit, models, target, to, replay);
        let go_on = trial.as_ref().is_none_or(|t| t.verdict == AuditVerdict::Survived);
        results.extend(trial.map(|trial| (to, trial)));
        go_on
    });
    results
}

/// Runs the target's models with `to` in its place until one notices. `None` if
/// a replay is asked for and it is none of these runs.
fn weaken(
    audit: &Audit,
    models: &[CheckedModel<'_>],
    target: &Target,
    to: Strength,
    replay: Option<&str>,
) -> Option<Trial> {
    let spot = target.first();
    let (mut passed, mut trouble, mut looked) = (Vec::new(), Vec::new(), replay.is_none());
    for model in target.models.iter().map(|n| &models[*n]) {
        let name = format!(
            "{} with {} at {}:{}:{} as {}",
            model.name,
            target.op,
            spot.file,
            spot.line,
            spot.column,
            to.name()
        );
        if replay.is_some_and(|text| token::read(text, &name) == Token::OtherModel) {
            continue;
        }
        looked = true;
        let mut check = target.spots.iter().fold(check(audit, name), |check, s| check.weaken_spot(*s, to));
        if audit.outcomes && model.report.verdict == Verdict::Exhaustive {
            check = check.outcomes(model.report.outcomes.iter().cloned());
        }
        let body = model.body.clone();
        let report = if replay.is_some() { check.run(move || body()) } else { check.run_whole(body) };
        match (report.failure, &report.verdict) {
            (Some(failure), _) if convicts(failure.kind) => {
                let witness = Some(Witness { model: model.name.to_owned(), failure });
                return Some(Trial { verdict: AuditVerdict::Necessary, witness, passed, reason: None });
            }
            (None, verdict @ (Verdict::LimitHit(_) | Verdict::NotRun(_))) => {
                trouble.push(format!("`{}`: {verdict}", model.name));
            }
            (Some(failure), _) => trouble.push(format!("`{}`: {}", model.name, failure.message)),
            (None, Verdict::Exhaustive) => passed.push(model.name.to_owned()),
            (None, verdict) => passed.push(format!("{} ({verdict})", model.name)),
        }
    }
    if target.models.is_empty() {
        let never = match target.role {
            Some("failure") => "no compare-exchange fails here in any model",
            Some(_) => "no compare-exchange succeeds here in any model",
            None => "no model that passes as it stands executes it",
        };
        trouble.push(never.into());
    }
    let reason = (!trouble.is_empty()).then(|| trouble.join("; "));
    let verdict = if reason.is_some() { AuditVerdict::Blind } else { AuditVerdict::Survived };
    looked.then_some(Trial { verdict, witness: None, passed, reason })
}

/// Whether a failure of this kind shows that an ordering is needed.
fn convicts(kind: FailureKind) -> bool {
    !matches!(kind, FailureKind::NotDeterministic | FailureKind::Unsupported)
}
