//! The sites of the report: what came of the targets, what the sources add, and stale reasons.

use crate::audit::report::{AuditVerdict, AuditedSite, StaleReason, Witness};
use crate::audit::source_files::SourceFile;
use crate::audit::targets::Target;
use crate::seam::op::Strength;
use std::collections::BTreeSet;

/// What came of one weaker ordering.
pub(crate) struct Trial {
    pub(crate) verdict: AuditVerdict,
    pub(crate) witness: Option<Witness>,
    pub(crate) passed: Vec<String>,
    pub(crate) reason: Option<String>,
}

/// The targets as the report has them, and the reasons that explain one: file
/// and line.
pub(crate) fn audited_sites(
    targets: &[Target],
    trials: Vec<Vec<(Strength, Trial)>>,
    files: &[SourceFile],
) -> (Vec<AuditedSite>, BTreeSet<(String, u32)>) {
    let (mut sites, mut used) = (Vec::new(), BTreeSet::new());
    for (target, results) in targets.iter().zip(trials) {
        let spot = target.first();
        let file = files.iter().find(|file| file.path.ends_with(spot.file));
        for (to, trial) in results {
            let word = spot.ask.strength.name();
            let said = file.and_then(|f| f.source.reason(spot.line, spot.column, word));
            let said = said.filter(|r| {
                trial.verdict == if r.blind { AuditVerdict::Blind } else { AuditVerdict::Survived }
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
                verdict: trial.verdict,
                witness: trial.witness,
                passed: trial.passed,
                reason: trial.reason,
                explained: said.map(|reason| reason.text.clone()),
            });
        }
    }
    (sites, used)
}

/// The orderings in the sources that no model executes.
pub(crate) fn unexecuted_sites(targets: &[Target], files: &[SourceFile]) -> Vec<AuditedSite> {
    let mut sites = Vec::new();
    for file in files {
        let here = targets.iter().map(Target::first).filter(|spot| file.path.ends_with(spot.file));
        let here: Vec<_> = here
            .flat_map(|spot| {
                let orderings = file.source.orderings_of(spot.line, spot.column);
                orderings.filter(|ordering| ordering.word == spot.ask.strength.name())
            })
            .collect();
        for ordering in file.source.orderings.iter().filter(|ordering| !here.contains(ordering)) {
            let said = file.source.reason(ordering.line, ordering.column, ordering.word).filter(|r| r.blind);
            sites.push(AuditedSite {
                file: file.name.clone(),
                line: ordering.line,
                column: ordering.column,
                op: ordering.op.clone(),
                role: None,
                ordering: ordering.word.to_owned(),
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
pub(crate) fn stale_reasons(
    files: &[SourceFile],
    used: &BTreeSet<(String, u32)>,
    sites: &[AuditedSite],
) -> Vec<StaleReason> {
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
