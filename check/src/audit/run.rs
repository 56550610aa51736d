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

use crate::audit::Audit;
use crate::audit::Body;
use crate::audit::ladder::{self, Kind};
use crate::audit::report::{
    AuditReport, AuditVerdict, AuditedModel, AuditedSite, StaleReason, Witness, is_unusable,
};
use crate::audit::source::Source;
use crate::check::Check;
use crate::plan::orderings::{OrderingRole, OrderingSpot, Recorder};
use crate::plan::token::{self, Token};
use crate::report::data::{FailureKind, Report, Verdict};
use crate::seam::op::Strength;
use crate::seam::runtime;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A model as it stands.
struct Model<'a> {
    name: &'a str,
    body: &'a Body,
    report: Report,
    spots: BTreeMap<OrderingSpot, bool>,
}

/// An ordering to weaken. For the `fetch` of a `fetch_update` these are two.
struct Target {
    spots: Vec<OrderingSpot>,
    op: &'static str,
    role: Option<&'static str>,
    kind: Kind,
    /// The models that come to it, as indices, the quickest first.
    models: Vec<usize>,
}

impl Target {
    fn first(&self) -> &OrderingSpot {
        &self.spots[0]
    }
}

/// What came of one weaker ordering.
struct Judged {
    verdict: AuditVerdict,
    witness: Option<Witness>,
    passed: Vec<String>,
    reason: Option<String>,
}

/// A file of the sources.
struct File {
    path: PathBuf,
    /// Relative to the root.
    name: String,
    source: Source,
}

pub(super) fn run(audit: &Audit) -> AuditReport {
    assert!(runtime::current().is_none(), "a model cannot run an audit");
    let started = Instant::now();
    let names: BTreeSet<&String> = audit.models.iter().map(|(name, _)| name).collect();
    assert!(!names.is_empty(), "an audit without models says nothing");
    assert!(names.len() == audit.models.len(), "two models of an audit have the same name");
    let replay = std::env::var("RINGWRIGHT_REPLAY").ok();
    let mut models = in_parallel(audit.models.len(), |n| as_written(audit, n));
    models.sort_by_key(|model| model.report.executions + model.report.blocked);
    let targets = targets(audit, &models);
    let judged = in_parallel(targets.len(), |n| judge(audit, &models, &targets[n], replay.as_deref()));
    let files = files(audit);
    let (mut sites, used) = written_down(&targets, judged, &files);
    let mut stale = Vec::new();
    if replay.is_none() {
        sites.extend(unexecuted(&targets, &files));
        stale = unused(&files, &used, &sites);
    }
    sites.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    let model = |m: &Model<'_>| AuditedModel {
        name: m.name.to_owned(),
        verdict: m.report.verdict.clone(),
        executions: m.report.executions,
    };
    let models = models.iter().map(model).collect();
    AuditReport { sites, models, stale, seconds: started.elapsed().as_secs_f64() }
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

fn as_written(audit: &Audit, n: usize) -> Model<'_> {
    let (name, body) = &audit.models[n];
    let recorder = Recorder::default();
    let report = check(audit, name.clone()).record(&recorder).run_whole(body.clone());
    Model { name, body, report, spots: recorder.take() }
}

/// The orderings stronger than Relaxed that the models ask for.
fn targets(audit: &Audit, models: &[Model<'_>]) -> Vec<Target> {
    let mut spots: BTreeMap<OrderingSpot, Vec<usize>> = BTreeMap::new();
    for (n, model) in models.iter().enumerate() {
        for (spot, came) in &model.spots {
            let by = spots.entry(*spot).or_default();
            if *came && !is_unusable(&model.report.verdict) {
                by.push(n);
            }
        }
    }
    let mut targets: Vec<Target> = Vec::new();
    for (spot, models) in &spots {
        if spot.ask.strength == Strength::RELAXED || is_door(spot.file) || !(audit.wanted)(spot.file) {
            continue;
        }
        // A `fetch_update` is a load and a compare-exchange at one place.
        let same = |other: &OrderingSpot| {
            (other.file, other.line, other.column) == (spot.file, spot.line, spot.column)
        };
        let has = |op, role| spots.keys().any(|s| same(s) && s.ask.op == op && s.ask.role == role);
        let update = has("load", OrderingRole::Only) && has("compare_exchange_weak", OrderingRole::Success);
        let (kind, role) = match (spot.ask.role, spot.ask.op, update) {
            (OrderingRole::Failure, _, false) => (Kind::Reads, Some("failure")),
            (OrderingRole::Success, _, false) => (Kind::Both, Some("success")),
            (OrderingRole::Success, _, true) => (Kind::Both, Some("set")),
            (OrderingRole::Failure, _, true) => continue,
            (OrderingRole::Only, "load", true) => (Kind::Reads, Some("fetch")),
            (OrderingRole::Only, "load", false) => (Kind::Reads, None),
            (OrderingRole::Only, "store", _) => (Kind::Writes, None),
            (OrderingRole::Only, ..) => (Kind::Both, None),
        };
        let both = |s: &&OrderingSpot| {
            role == Some("fetch")
                && same(s)
                && s.ask.role == OrderingRole::Failure
                && s.ask.strength == spot.ask.strength
        };
        let spots: Vec<OrderingSpot> =
            [*spot].into_iter().chain(spots.keys().filter(both).copied()).collect();
        let op = if update && role.is_some() { "fetch_update" } else { spot.ask.op };
        targets.push(Target { spots, op, role, kind, models: models.clone() });
    }
    targets
}

/// Whether `file`, as the compiler names it, is part of the door or the checker.
fn is_door(file: &str) -> bool {
    let [here, file] = [file!(), file].map(|name| name.replace('\\', "/"));
    here.strip_suffix("audit/run.rs").is_some_and(|own| file.starts_with(own))
}

/// Tries the steps down from one ordering.
fn judge(
    audit: &Audit,
    models: &[Model<'_>],
    target: &Target,
    replay: Option<&str>,
) -> Vec<(Strength, Judged)> {
    let mut results = Vec::new();
    ladder::walk(target.kind, target.first().ask.strength, |to| {
        let judged = weaken(audit, models, target, to, replay);
        let go_on = judged.as_ref().is_none_or(|j| j.verdict == AuditVerdict::Survived);
        results.extend(judged.map(|judged| (to, judged)));
        go_on
    });
    results
}

/// Runs the target's models with `to` in its place until one notices. `None` if
/// a replay is asked for and it is none of these runs.
fn weaken(
    audit: &Audit,
    models: &[Model<'_>],
    target: &Target,
    to: Strength,
    replay: Option<&str>,
) -> Option<Judged> {
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
                return Some(Judged { verdict: AuditVerdict::Necessary, witness, passed, reason: None });
            }
            (None, verdict @ Verdict::LimitHit(_)) => trouble.push(format!("`{}`: {verdict}", model.name)),
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
    looked.then_some(Judged { verdict, witness: None, passed, reason })
}

/// Whether a failure of this kind shows that an ordering is needed.
fn convicts(kind: FailureKind) -> bool {
    !matches!(kind, FailureKind::NotDeterministic | FailureKind::Unsupported)
}

/// The targets as the report has them, and the reasons that explain one: file
/// and line.
fn written_down(
    targets: &[Target],
    judged: Vec<Vec<(Strength, Judged)>>,
    files: &[File],
) -> (Vec<AuditedSite>, BTreeSet<(String, u32)>) {
    let (mut sites, mut used) = (Vec::new(), BTreeSet::new());
    for (target, results) in targets.iter().zip(judged) {
        let spot = target.first();
        let file = files.iter().find(|file| file.path.ends_with(spot.file));
        for (to, judged) in results {
            let word = spot.ask.strength.name();
            let said = file.and_then(|f| f.source.reason(spot.line, spot.column, word));
            let said = said.filter(|r| {
                judged.verdict == if r.blind { AuditVerdict::Blind } else { AuditVerdict::Survived }
            });
            if let (Some(file), Some(reason)) = (file, said) {
                used.insert((file.name.clone(), reason.line));
            }
            let dropped = spot.ask.op == "fence" && to == Strength::RELAXED;
            sites.push(AuditedSite {
                file: file.map_or_else(|| spot.file.to_owned(), |file| file.name.clone()),
                line: spot.line,
                column: spot.column,
                op: target.op.to_owned(),
                role: target.role.map(str::to_owned),
                ordering: word.to_owned(),
                weaker: Some(if dropped { "dropped" } else { to.name() }.to_owned()),
                verdict: judged.verdict,
                witness: judged.witness,
                passed: judged.passed,
                reason: judged.reason,
                explained: said.map(|reason| reason.text.clone()),
            });
        }
    }
    (sites, used)
}

/// The orderings in the sources that no model executes.
fn unexecuted(targets: &[Target], files: &[File]) -> Vec<AuditedSite> {
    let mut sites = Vec::new();
    for file in files {
        let here = targets.iter().map(Target::first).filter(|spot| file.path.ends_with(spot.file));
        let here: Vec<_> = here
            .flat_map(|spot| {
                let tokens = file.source.tokens_of(spot.line, spot.column);
                tokens.filter(|token| token.word == spot.ask.strength.name())
            })
            .collect();
        for token in file.source.tokens.iter().filter(|token| !here.contains(token)) {
            let said = file.source.reason(token.line, token.column, token.word).filter(|r| r.blind);
            sites.push(AuditedSite {
                file: file.name.clone(),
                line: token.line,
                column: token.column,
                op: token.op.clone(),
                role: None,
                ordering: token.word.to_owned(),
                weaker: None,
                verdict: AuditVerdict::Blind,
                witness: None,
                passed: Vec::new(),
                reason: Some("no model executes it".into()),
                explained: said.map(|reason| reason.text.clone()),
            });
        }
    }
    sites
}

/// The reasons that explain nothing.
fn unused(files: &[File], used: &BTreeSet<(String, u32)>, sites: &[AuditedSite]) -> Vec<StaleReason> {
    let mut stale = Vec::new();
    for file in files {
        for reason in &file.source.reasons {
            let blind = |s: &AuditedSite| {
                s.weaker.is_none()
                    && s.file == file.name
                    && file.source.reason(s.line, s.column, &s.ordering) == Some(reason)
            };
            let explains =
                used.contains(&(file.name.clone(), reason.line)) || (reason.blind && sites.iter().any(blind));
            if !explains {
                let message = match (reason.about, reason.blind) {
                    (None, _) => "this reason stands above no ordering",
                    (Some(_), true) => "this reason is out of date: the ordering below is not blind",
                    (Some(_), false) => "this reason is out of date: no ordering below it survives",
                };
                let (file, line) = (file.name.clone(), reason.line);
                stale.push(StaleReason { file, line, message: message.into() });
            }
        }
    }
    stale
}

/// The files of the sources, the door's left out.
fn files(audit: &Audit) -> Vec<File> {
    let mut found = BTreeSet::new();
    for source in &audit.sources {
        let path = source.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", source.display()));
        rust_files(path, &mut found);
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let own = own.canonicalize().unwrap_or(own);
    found.retain(|path| !path.starts_with(&own));
    let mut files = Vec::new();
    for path in found {
        let root = path.ancestors().find(|dir| dir.join("Cargo.lock").exists());
        let name = root.and_then(|root| path.strip_prefix(root).ok()).unwrap_or(&path);
        let name = name.to_string_lossy().replace('\\', "/");
        if !(audit.wanted)(&name) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        files.push(File { source: Source::new(&text), path, name });
    }
    files
}

fn rust_files(path: PathBuf, found: &mut BTreeSet<PathBuf>) {
    if path.is_dir() {
        let entries = std::fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for entry in entries.flatten().filter(|entry| entry.file_name() != "target") {
            rust_files(entry.path(), found);
        }
    } else if path.extension().is_some_and(|ext| ext == "rs") {
        found.insert(path);
    }
}
