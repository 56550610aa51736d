//! Advice on a failure: which ordering of the failing execution, made stronger
//! by itself, makes the model pass. Found by trying, within a few seconds.
//!
//! A stronger ordering takes away executions that only weak memory has, and adds
//! to what happens before what. So there is nothing to try for a panic or a
//! deadlock that a plain interleaving shows.

use crate::explorer::driver;
use crate::explorer::naming;
use crate::plan::decision::Decision;
use crate::plan::options::{Mode, Plan};
use crate::plan::orderings::{OrderingRecorder, OrderingRole, OrderingSpot, Weakened};
use crate::plan::split::Split;
use crate::plan::token::{self, Token};
use crate::report::data::{Failure, FailureKind, Report, Verdict};
use crate::report::step::Interleaving;
use crate::report::words::count;
use crate::seam::op::Strength;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Orderings to try, at most.
const SITES: usize = 20;

/// Executions of one trial, at most, and its time.
const EXECUTIONS: u64 = 2_000;
const TRIAL: Duration = Duration::from_secs(1);

/// The time of all trials.
const ALL: Duration = Duration::from_secs(5);

/// Pieces of advice, at most.
const TOLD: usize = 3;

/// The body of a model.
type Model = Arc<dyn Fn() + Send + Sync>;

/// Adds to `report`, of `model` by `plan`, which stronger orderings make the failure vanish.
pub(crate) fn give(report: &mut Report, plan: &Plan, model: &Model) {
    let Some(decisions) = report.failure.as_ref().filter(|f| may_vanish(f)).and_then(|f| schedule(f, plan))
    else {
        return;
    };
    let started = Instant::now();
    let mut left = executed(plan, decisions, model);
    left.truncate(SITES);
    let mut found = Vec::new();
    // The smallest change first, at every place.
    for step in 0.. {
        left.retain(|spot| step < stronger(spot).len());
        if left.is_empty() {
            break;
        }
        for spot in std::mem::take(&mut left) {
            if found.len() == TOLD || started.elapsed() >= ALL {
                report.notes.extend(found);
                return;
            }
            let to = stronger(&spot)[step];
            match trial(plan, spot, to, model) {
                Some(executions) => found.push(told(&spot, to, executions)),
                None => left.push(spot),
            }
        }
    }
    report.notes.extend(found);
}

/// Whether a stronger ordering can make the failure vanish.
fn may_vanish(failure: &Failure) -> bool {
    let weak = matches!(failure.trace.interleaving, Some(Interleaving::Weak { .. }));
    match failure.kind {
        FailureKind::NotDeterministic | FailureKind::Unsupported => false,
        FailureKind::Race | FailureKind::UseAfterFree => true,
        _ => weak,
    }
}

/// The choices of the failing execution.
fn schedule(failure: &Failure, plan: &Plan) -> Option<Vec<Decision>> {
    match token::read(&failure.token, &plan.name) {
        Token::Replay(decisions) => Some(decisions),
        _ => None,
    }
}

/// The orderings of the execution of `decisions` that could be stronger.
fn executed(plan: &Plan, decisions: Vec<Decision>, model: &Model) -> Vec<OrderingSpot> {
    let recorder = OrderingRecorder::default();
    let replay = Plan { mode: Mode::Replay(decisions), recorder: Some(recorder.clone()), ..plan.clone() };
    drop(driver::run(replay, Arc::clone(model)));
    let came = recorder.take().into_iter().filter(|(_, came)| *came).map(|(spot, _)| spot);
    came.filter(|spot| !stronger(spot).is_empty() && naming::is_own_call(spot)).collect()
}

/// The orderings that are stronger than the one at `spot`, in steps.
fn stronger(spot: &OrderingSpot) -> &'static [Strength] {
    const ACQUIRE: Strength = Strength::ACQUIRE;
    const RELEASE: Strength = Strength::RELEASE;
    const ACQ_REL: Strength = Strength::ACQ_REL;
    const SEQ_CST: Strength = Strength::SEQ_CST;
    let is = spot.ask.strength;
    let reads = spot.ask.op == "load" || spot.ask.role == OrderingRole::Failure;
    match spot.ask.op {
        _ if is.is_sc() => &[],
        _ if reads && is == Strength::RELAXED => &[ACQUIRE, SEQ_CST],
        "store" if is == Strength::RELAXED => &[RELEASE, SEQ_CST],
        _ if reads => &[SEQ_CST],
        "store" => &[SEQ_CST],
        _ if is == Strength::RELAXED => &[ACQUIRE, RELEASE, ACQ_REL, SEQ_CST],
        _ if is == ACQ_REL => &[SEQ_CST],
        _ => &[ACQ_REL, SEQ_CST],
    }
}

/// The number of executions of the model with `to` at `spot`, if all have been looked at and none fails.
fn trial(plan: &Plan, spot: OrderingSpot, to: Strength, model: &Model) -> Option<u64> {
    let mut trial = Plan {
        mode: Mode::Exhaustive,
        max_executions: EXECUTIONS,
        max_time: Some(plan.max_time.map_or(TRIAL, |time| time.min(TRIAL))),
        threads: 1,
        split: Split::default(),
        ..plan.clone()
    };
    trial.weakened.insert(0, Weakened::OrderingSpot { spot, to });
    let report = driver::run(trial, Arc::clone(model));
    (report.verdict == Verdict::Exhaustive).then_some(report.executions)
}

fn told(spot: &OrderingSpot, to: Strength, executions: u64) -> String {
    let OrderingSpot { file, line, ask, .. } = spot;
    let role = if ask.role == OrderingRole::Failure { " on failure" } else { "" };
    format!(
        "passes with {} at {file}:{line}, where `{}` is {}{role} now ({}, all of them)",
        to.name(),
        ask.op,
        ask.strength.name(),
        count(executions, "execution"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::orderings::OrderingUse;
    use std::sync::atomic::Ordering;

    #[test]
    fn an_ordering_grows_by_steps_that_its_operation_allows() {
        let names = |op, role, order| {
            let ask = OrderingUse::of(op, role, order);
            let spot = OrderingSpot { file: "a.rs", line: 1, column: 1, ask };
            stronger(&spot).iter().map(|to| to.name()).collect::<Vec<_>>().join(" ")
        };
        use OrderingRole::{Failure, Only, Success};
        assert_eq!(names("load", Only, Ordering::Relaxed), "Acquire SeqCst");
        assert_eq!(names("store", Only, Ordering::Relaxed), "Release SeqCst");
        assert_eq!(names("store", Only, Ordering::Release), "SeqCst");
        assert_eq!(names("fetch_add", Only, Ordering::Relaxed), "Acquire Release AcqRel SeqCst");
        assert_eq!(names("compare_exchange", Success, Ordering::Acquire), "AcqRel SeqCst");
        assert_eq!(names("compare_exchange", Failure, Ordering::Acquire), "SeqCst");
        assert_eq!(names("fence", Only, Ordering::AcqRel), "SeqCst");
        assert_eq!(names("fence", Only, Ordering::SeqCst), "");
    }
}
