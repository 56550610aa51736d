//! The search: which executions are run, what their verdict is, and the report.
//!
//! The exhaustive search goes by the number of faults: first the execution
//! without one, then all with at most one, then two. So the first failure has
//! the fewest faults that can cause it, and a reader sees nothing that does not
//! matter. An execution that spends fewer faults than the level allows was run
//! at an earlier level; the report counts it as blocked.

use crate::plan::hash::hash_of;
use crate::report::cause::{Cause, PanicData};
use crate::report::data::{Engine, Failure, FailureKind, Limit, Report, Trace, TraceLine, Verdict};
use crate::report::words::count;
use crate::seam::{panics, runtime};
use crate::search::choice::{Choices, Odometer};
use crate::sim::limits::{CutShort, TimeLimit};
use crate::sim::menu::{FaultCounts, placed};
use crate::sim::poll_monitor::PollMonitor;
use crate::sim::record::RunRecord;
use crate::sim::rules::Rules;
use crate::sim::token::{SimToken, model_hash, run_hash};
use crate::sim::world::{Watched, World};
use std::collections::{BTreeSet, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why a model is not deterministic.
const DIFFERENT: &str = "the same choices gave another run";

/// The least time for a run that was there before.
const AGAIN: Duration = Duration::from_secs(10);

/// How to look for a failure.
#[derive(Clone, Debug)]
pub(super) enum SearchMode {
    Exhaustive,
    Random { executions: u64, seed: u64 },
    Replay(String),
}

/// A model, its rules and its budget.
pub(super) struct FaultSearch<'a> {
    pub(super) name: &'a str,
    pub(super) rules: &'a Rules,
    pub(super) max_executions: u64,
    pub(super) max_time: Duration,
    pub(super) heartbeat: Arc<PollMonitor>,
    pub(super) body: &'a dyn Fn(&World),
}

/// What has been seen so far.
struct Tally {
    executions: u64,
    blocked: u64,
    most_steps: u64,
    most_choices: usize,
    placed: FaultCounts,
    boots: bool,
    outcomes: BTreeSet<String>,
    started: Instant,
    failure: Option<Failure>,
    /// What an execution was about that reached a limit.
    hint: Option<String>,
}

impl FaultSearch<'_> {
    pub(super) fn run(&self, mode: &SearchMode) -> Report {
        panics::install();
        let mut tally = Tally {
            executions: 0,
            blocked: 0,
            most_steps: 0,
            most_choices: 0,
            placed: FaultCounts::default(),
            boots: false,
            outcomes: BTreeSet::new(),
            started: Instant::now(),
            failure: None,
            hint: None,
        };
        let verdict = match mode {
            SearchMode::Exhaustive => self.exhaustive(&mut tally),
            SearchMode::Random { executions, seed } => self.random(&mut tally, *executions, *seed),
            SearchMode::Replay(token) => self.replay(&mut tally, token),
        };
        let notes = self.notes(&tally);
        Report {
            name: self.name.to_owned(),
            engine: Engine::Sim,
            verdict,
            executions: tally.executions,
            blocked: tally.blocked,
            elapsed: tally.started.elapsed(),
            outcomes: tally.outcomes,
            failure: tally.failure,
            notes,
            command: None,
        }
    }

    /// What there was to choose from, and what was chosen.
    fn notes(&self, tally: &Tally) -> Vec<String> {
        let menu = &self.rules.menu;
        let mut notes = vec![
            format!("faults: {}", menu.describe(tally.boots)),
            format!("placed in all executions: {}", placed(&tally.placed)),
        ];
        notes.extend(tally.hint.clone());
        notes
    }

    fn exhaustive(&self, tally: &mut Tally) -> Verdict {
        for level in 0..=self.rules.faults {
            let rules = Rules { faults: level, ..self.rules.clone() };
            let mut odometer = Odometer::default();
            loop {
                let run = self.execute(tally, &rules, odometer.choices());
                if let Some(verdict) = self.take(tally, &rules, &run, run.faults_used == level) {
                    return verdict;
                }
                match odometer.advance(&run.choices) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(mismatch) => return self.not_deterministic(tally, mismatch.to_string()),
                }
            }
        }
        Verdict::Bounded(format!(
            "{}, {}, {}",
            count(self.rules.faults, "fault"),
            count(self.rules.nodes.len() as u64, "node"),
            count(tally.most_steps, "step")
        ))
    }

    fn random(&self, tally: &mut Tally, executions: u64, seed: u64) -> Verdict {
        let mut distinct = HashSet::new();
        let mut rules = self.rules.clone();
        for number in 0..executions {
            // The first run is all dice; its length says how rare a fault is to be.
            let choices = Choices::random(seed.wrapping_add(number.wrapping_mul(0x1_0000_0001)));
            let run = self.execute(tally, &rules, choices);
            distinct.insert(hash_of(&run.choices.picks()));
            if let Some(verdict) = self.take(tally, &rules, &run, true) {
                return verdict;
            }
            let choices = tally.most_choices as f64;
            rules.odds = f64::from(rules.faults) / (choices + f64::from(rules.faults)).max(1.0);
        }
        Verdict::Sampled { executions, distinct: distinct.len() as u64 }
    }

    /// FaultCounts an execution; `Some` when the search ends with it.
    fn take(&self, tally: &mut Tally, rules: &Rules, run: &RunRecord, counts: bool) -> Option<Verdict> {
        tally.executions += u64::from(counts);
        tally.boots |= run.boots;
        if counts {
            tally.placed.iter_mut().zip(run.placed).for_each(|(sum, count)| *sum += count);
        }
        tally.blocked += u64::from(!counts);
        tally.most_steps = tally.most_steps.max(run.steps);
        tally.most_choices = tally.most_choices.max(run.choices.made().len());
        tally.outcomes.extend(run.outcomes.iter().cloned());
        tally.hint = run.hint.clone().or(tally.hint.take());
        match (&run.limit, &run.failure) {
            (Some(limit @ Limit::Steps(_)), _) => return Some(Verdict::LimitHit(limit.clone())),
            (_, Some(_)) => return Some(self.confirm(tally, rules, run)),
            (Some(limit), None) => return Some(Verdict::LimitHit(limit.clone())),
            (None, None) => {}
        }
        let total = tally.executions + tally.blocked;
        // A few executions are run again to see whether they are the same:
        // the first, the second, the fourth and so on.
        if total.is_power_of_two() {
            let picks = Choices::replay(&run.choices.picks());
            let again = self.execute(tally, rules, picks);
            if !matches!(again.limit, Some(Limit::Millis(_))) && again.digest != run.digest {
                return Some(self.not_deterministic(tally, DIFFERENT.to_owned()));
            }
        }
        if total >= self.max_executions {
            return Some(Verdict::LimitHit(Limit::Executions(self.max_executions)));
        }
        self.time_limit(tally.started).hit().map(Verdict::LimitHit)
    }

    fn time_limit(&self, start: Instant) -> TimeLimit {
        TimeLimit::new(start, self.max_time)
    }

    /// Runs the model once, within the time of the search.
    fn execute(&self, tally: &Tally, rules: &Rules, choices: Choices) -> RunRecord {
        let watched =
            Watched { time: self.time_limit(tally.started), heartbeat: Arc::clone(&self.heartbeat) };
        execute(rules, self.body, choices, &watched, false)
    }

    /// For a run that was there before: it has time to end as it did, even if the search has none.
    fn watched_again(&self) -> Watched {
        let allowed = self.max_time.max(AGAIN);
        Watched { time: TimeLimit::new(Instant::now(), allowed), heartbeat: Arc::clone(&self.heartbeat) }
    }

    /// Replays a failing execution twice, and believes it if it fails the same.
    fn confirm(&self, tally: &mut Tally, rules: &Rules, run: &RunRecord) -> Verdict {
        let picks = run.choices.picks();
        let again = || execute(rules, self.body, Choices::replay(&picks), &self.watched_again(), true);
        let (first, second) = (again(), again());
        let same = first.failure == run.failure
            && second.failure == run.failure
            && first.choices.made() == run.choices.made()
            && second.choices.made() == run.choices.made()
            && first.digest == run.digest
            && first.trace == second.trace;
        match (&run.failure, first.trace) {
            (Some(failure), Some(lines)) if same => {
                let token = SimToken {
                    model: model_hash(self.name, self.rules),
                    faults: rules.faults,
                    run: run_hash(failure, &lines),
                    picks,
                };
                tally.failure = Some(self.failure(failure.clone(), lines, token.to_string()));
                Verdict::Failed(failure.kind)
            }
            _ => self.not_deterministic(tally, DIFFERENT.to_owned()),
        }
    }

    fn replay(&self, tally: &mut Tally, text: &str) -> Verdict {
        let refuse = Verdict::NotRun;
        let token = match SimToken::parse(text) {
            Ok(token) => token,
            Err(why) => return refuse(why),
        };
        if token.model != model_hash(self.name, self.rules) {
            return refuse(format!("the replay token is of another model or build than {:?}", self.name));
        }
        let rules = Rules { faults: token.faults.min(self.rules.faults), ..self.rules.clone() };
        let run = execute(&rules, self.body, Choices::replay(&token.picks), &self.watched_again(), true);
        tally.executions = 1;
        let fits = run.choices.mismatch().is_none() && run.choices.picks() == token.picks;
        match (run.failure, run.trace) {
            (Some(failure), Some(lines)) if fits && run_hash(&failure, &lines) == token.run => {
                let kind = failure.kind;
                tally.failure = Some(self.failure(failure, lines, text.trim().to_owned()));
                Verdict::Failed(kind)
            }
            _ => refuse("the replay token is of another build: its run came out differently".into()),
        }
    }

    fn failure(&self, failure: Cause, mut lines: Vec<TraceLine>, token: String) -> Failure {
        // A failure that no line shows (a panic, a deadlock) is about the last one.
        if !lines.iter().any(|line| line.guilty) {
            lines.iter_mut().rev().take(1).for_each(|l| l.guilty = true);
        }
        Failure {
            kind: failure.kind,
            message: failure.message,
            sites: failure.sites,
            trace: Trace { lanes: self.rules.nodes.clone(), lines, interleaving: None, left_out: 0 },
            token,
        }
    }

    fn not_deterministic(&self, tally: &mut Tally, why: String) -> Verdict {
        let failure = Cause {
            kind: FailureKind::NotDeterministic,
            message: format!("{why}; a model must take time, chance and order from its world only"),
            sites: Vec::new(),
        };
        tally.failure = Some(self.failure(failure, Vec::new(), String::new()));
        Verdict::Failed(FailureKind::NotDeterministic)
    }
}

/// Runs the model once.
fn execute(
    rules: &Rules,
    body: &dyn Fn(&World),
    choices: Choices,
    watched: &Watched,
    tracing: bool,
) -> RunRecord {
    let world = World::new(rules, Rc::new(rules.menu.clone()), choices, watched, tracing);
    watched.heartbeat.begin();
    let inside = world.clone();
    let caught = catching(move || {
        body(&inside);
        inside.run_to_end();
    });
    watched.heartbeat.rest();
    if let Err(Some(panic)) = caught {
        world.fail(panic.into());
    }
    // Dropping the model's futures may panic too.
    let last = world.clone();
    let mut record = None;
    if let Err(Some(panic)) = catching(|| record = Some(world.finish())) {
        last.fail(panic.into());
    }
    record.unwrap_or_else(|| last.finish())
}

/// Runs `act`; a panic in it is returned, and not printed. `None`: a limit cut it short.
fn catching(act: impl FnOnce()) -> Result<(), Option<PanicData>> {
    let quiet = runtime::executing();
    runtime::set_quiet(true);
    let caught = catch_unwind(AssertUnwindSafe(act));
    runtime::set_quiet(quiet);
    caught.map_err(|payload| (!payload.is::<CutShort>()).then(|| panics::of(&*payload)))
}
