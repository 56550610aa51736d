//! What the driver does after a failure: it runs it again, makes its schedule
//! smaller, and tells it.
//!
//! A failure is replayed twice before anything else: one that does not show
//! again is a model that is not deterministic. Then [`Minimiser`] proposes
//! schedules, and the best one is replayed twice in turn. That run is told.

use crate::explorer::current;
use crate::explorer::driver::lifecycle::ExplorerDriver;
use crate::explorer::driver::record::{CheckRecord, ExecutionEnd, Minimising, Phase, Replaying};
use crate::explorer::narrate;
use crate::memory::heap;
use crate::plan::options::Mode;
use crate::plan::token;
use crate::report::cause::Cause;
use crate::report::data::{Failure, FailureKind, Trace};
use crate::seam::frames;
use crate::seam::place;
use crate::seam::symbols::source_line;
use crate::search::chooser::Chooser;
use crate::search::minimise::{FailingRun, Follower, Minimiser, unusual};

/// Times a failure is run again before it is believed.
const REPLAYS: u8 = 2;

impl ExplorerDriver {
    pub(super) fn begin_replay(&mut self, progress: &mut CheckRecord, failing: Cause) {
        let decisions = current::with(|s| {
            s.tracer.on = true;
            place::look_exactly(true);
            s.tracer.origins = about_memory(failing.kind);
            s.decisions.clone()
        });
        self.replay(progress, Replaying { nth: 1, failing, decisions, minimiser: None });
    }

    fn replay(&mut self, progress: &mut CheckRecord, replaying: Replaying) {
        let list = replaying.decisions.clone();
        current::with(|s| s.search = Chooser::Replay { list, next: 0 });
        // What comes after the minimiser is told.
        place::look_at_drops(replaying.minimiser.is_some() || matches!(progress.plan.mode, Mode::Replay(_)));
        progress.phase = Phase::Replaying(Box::new(replaying));
    }

    pub(super) fn replayed(
        &mut self,
        progress: &mut CheckRecord,
        end: ExecutionEnd,
        mut replaying: Replaying,
    ) {
        if replaying.nth == 1 && replaying.minimiser.is_none() {
            locate(&mut replaying.failing, &end);
        }
        if same_failure(&end, &replaying.failing, leaks()).is_none() {
            progress.failure = Some(not_again(replaying.failing, end));
            return;
        }
        if replaying.nth < REPLAYS {
            replaying.nth += 1;
            self.replay(progress, replaying);
            return;
        }
        let Replaying { failing, decisions, minimiser, .. } = replaying;
        if minimiser.is_none() && !matches!(progress.plan.mode, Mode::Replay(_)) {
            let minimiser = Minimiser::new(failing_run(&failing));
            self.go_on_minimising(progress, Minimising { failing, minimiser });
            return;
        }
        progress.minimised = minimiser.and_then(|m| m.note());
        progress.failure = Some(Failure {
            trace: current::with(|s| narrate::tell(s, &failing, narrate::THOROUGH)).trace,
            kind: failing.kind,
            message: failing.message,
            sites: failing.sites,
            token: token::write(&progress.plan.name, &decisions),
        });
    }

    pub(super) fn minimised(
        &mut self,
        progress: &mut CheckRecord,
        end: ExecutionEnd,
        mut minimising: Minimising,
    ) {
        let steps = current::with(|s| s.tracer.lines.len());
        let again = same_failure(&end, &minimising.failing, leaks());
        let run = again.as_ref().map(failing_run);
        if let (true, Some(again)) = (minimising.minimiser.judge(steps, run), again) {
            minimising.failing = again;
        }
        self.go_on_minimising(progress, minimising);
    }

    /// Sets up the next smaller schedule, or the best one once there is none.
    fn go_on_minimising(&mut self, progress: &mut CheckRecord, mut minimising: Minimising) {
        if let Some(preferences) = minimising.minimiser.propose() {
            current::with(|s| s.search = Chooser::Follower(Follower::new(preferences)));
            progress.phase = Phase::Minimising(Box::new(minimising));
            return;
        }
        let Minimising { failing, minimiser } = minimising;
        // What is as it was has been replayed; once more for its trace.
        let nth = if minimiser.note().is_some() { 1 } else { REPLAYS };
        let decisions = minimiser.best().decisions.clone();
        self.replay(progress, Replaying { nth, failing, decisions, minimiser: Some(minimiser) });
    }
}

/// The execution that has just failed, as the minimiser sees it.
fn failing_run(failing: &Cause) -> FailingRun {
    current::with(|s| {
        let preferences = std::mem::take(&mut s.preferences);
        let told = narrate::tell(s, failing, narrate::QUICK);
        let cost = (told.odd, told.trace.lines.len(), told.switches, unusual(&preferences));
        FailingRun { cost, preferences, decisions: s.decisions.clone() }
    })
}

/// Whether the sites of such a failure may be where memory was allocated or freed.
fn about_memory(kind: FailureKind) -> bool {
    use FailureKind::{DoubleFree, Leak, Race, UseAfterFree};
    matches!(kind, Race | UseAfterFree | DoubleFree | Leak)
}

/// The first run that looked exactly where memory is allocated and freed, and
/// where a `drop` is called, has ended: what it saw are the sites.
fn locate(failing: &mut Cause, end: &ExecutionEnd) {
    match end {
        ExecutionEnd::Failed(again)
            if again.kind == failing.kind
                && (about_memory(failing.kind)
                    || failing.sites.iter().any(|site| frames::is_internal(&site.file))) =>
        {
            failing.clone_from(again);
        }
        ExecutionEnd::Complete if failing.kind == FailureKind::Leak => {
            let places = heap::with(|heap| heap.leaked_at());
            failing.sites = places.into_iter().map(source_line).collect();
        }
        _ => {}
    }
}

/// Whether the execution that has just ended left memory behind; forgets it.
fn leaks() -> bool {
    let leaked = heap::with(|heap| heap.leaked());
    heap::with(heap::Heap::clear);
    leaked.0 > 0
}

/// The failure of an execution that ended so, if it is `failing` once more: of
/// the same kind, at the same sites.
fn same_failure(end: &ExecutionEnd, failing: &Cause, leaks: bool) -> Option<Cause> {
    let sorted = |failing: &Cause| {
        let mut sites = failing.sites.clone();
        sites.sort();
        sites
    };
    match end {
        ExecutionEnd::Failed(again) if again.kind == failing.kind && sorted(again) == sorted(failing) => {
            Some(again.clone())
        }
        ExecutionEnd::Complete if failing.kind == FailureKind::Leak && leaks => Some(failing.clone()),
        _ => None,
    }
}

/// The failure of a model that did not fail again.
fn not_again(failing: Cause, end: ExecutionEnd) -> Failure {
    let seen = match end {
        ExecutionEnd::Failed(again) => format!("{}: {}", again.kind, again.message),
        ExecutionEnd::Complete | ExecutionEnd::Frozen | ExecutionEnd::Waiting => "a run that passes".into(),
        ExecutionEnd::Blocked | ExecutionEnd::Foreign => "a run that stops early".into(),
        ExecutionEnd::Limit(limit) => format!("a limit ({limit})"),
    };
    let message = format!(
        "a failure did not show again when its schedule was run again: first {}: {}; then {seen}",
        failing.kind, failing.message
    );
    Failure {
        kind: FailureKind::NotDeterministic,
        message,
        sites: failing.sites,
        trace: Trace::default(),
        token: String::new(),
    }
}
