//! The stages of a check under way: which one searches, how far each has come,
//! and what that amounts to.

use crate::plan::options::Plan;
use crate::plan::split::Split;
use crate::plan::strategy::{Stage, Strategy};
use crate::report::data::Verdict;
use crate::report::words::count;
use crate::search::chooser::Chooser;
use crate::search::random::Rng;
use crate::search::sampler::Sampler;
use crate::search::stack::ChoiceStack;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How far a search that could be complete has come.
#[derive(Clone, Debug)]
pub(crate) struct StageResult {
    strategy: Strategy,
    /// Whether it has looked at everything, and if so whether its bound has left
    /// anything out.
    complete: Option<bool>,
}

/// How far one stage has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct StageProgress {
    /// Executions, blocked ones included.
    runs: u64,
    begun: bool,
    complete: bool,
}

/// The stages of a check.
#[derive(Debug)]
pub(crate) struct Stages {
    list: Vec<Stage>,
    /// How far each of them has come.
    progress: Vec<StageProgress>,
    at: usize,
    /// Executions of the present stage, blocked ones included.
    runs: u64,
    started: Instant,
    whole: Instant,
    /// The exhaustive search, while another strategy has its turn.
    kept: Option<ChoiceStack>,
    reached: BTreeMap<u32, StageResult>,
    seed: u64,
    reduction: bool,
    max_time: Option<Duration>,
    /// Searches that share the executions of a random stage.
    shares: u64,
    split: Split,
}

/// The number of a strategy that can be complete: names its part of a table
/// that all strategies share.
fn tag(strategy: Strategy) -> u32 {
    match strategy {
        Strategy::StaleReads { at_most } => 1 + 2 * at_most,
        Strategy::ContextSwitches { at_most } => 2 + 2 * at_most,
        _ => 0,
    }
}

impl Stages {
    /// The stages of `plan`, for the `worker`th of its threads.
    pub(crate) fn new(plan: &Plan, worker: u64) -> Stages {
        let (number, count) = plan.split.shard.unwrap_or((0, 1));
        let part = number * plan.threads as u64 + worker;
        let seed = plan.seed;
        Stages {
            list: plan.mode.stages(),
            progress: vec![StageProgress::default(); plan.mode.stages().len()],
            at: 0,
            runs: 0,
            started: Instant::now(),
            whole: Instant::now(),
            kept: None,
            reached: BTreeMap::new(),
            // The first part starts from the seed itself, so that a check alone is its own first part.
            seed: if part == 0 { seed } else { Rng::new(seed ^ part << 32).next() },
            reduction: plan.reduction,
            max_time: plan.max_time,
            shares: count * plan.threads as u64,
            split: plan.split.clone(),
        }
    }

    /// The search that the present stage begins or goes on with.
    pub(crate) fn search(&mut self) -> Chooser {
        let strategy = self.list[self.at].strategy;
        self.progress[self.at].begun = true;
        self.runs = 0;
        self.started = Instant::now();
        if strategy.is_random() {
            return Chooser::Random(Box::new(Sampler::new(strategy, self.seed.wrapping_add(self.at as u64))));
        }
        self.reached.entry(tag(strategy)).or_insert(StageResult { strategy, complete: None });
        let kept = if strategy == Strategy::Exhaustive { self.kept.take() } else { None };
        Chooser::Exhaustive(kept.unwrap_or_else(|| {
            ChoiceStack::new(strategy, self.reduction, Split { tag: tag(strategy), ..self.split.clone() })
        }))
    }

    /// An execution of the present stage has ended. Sets `search` up for the
    /// next one; `false` when there is none.
    pub(crate) fn next(&mut self, search: &mut Chooser) -> bool {
        self.runs += 1;
        self.progress[self.at].runs = self.runs;
        let stage = &self.list[self.at];
        let executions = stage.executions.map(|n| n.div_ceil(self.shares));
        let spent = executions.is_some_and(|n| self.runs >= n) || self.out_of_time();
        let more = match search {
            Chooser::Exhaustive(stack) => stack.backtrack(),
            Chooser::Random(_) => !spent,
            Chooser::Replay { .. } | Chooser::Follower(_) | Chooser::Busy => false,
        };
        if more && !spent {
            return true;
        }
        // A random stage is done when its executions are.
        self.progress[self.at].complete = match search {
            Chooser::Random(_) => executions.is_some_and(|n| self.runs >= n),
            _ => !more,
        };
        match std::mem::replace(search, Chooser::Busy) {
            Chooser::Exhaustive(stack) if more && stage.strategy == Strategy::Exhaustive => {
                self.kept = Some(stack);
            }
            Chooser::Exhaustive(_) if more => {}
            Chooser::Exhaustive(stack) => {
                let reached = self.reached.get_mut(&tag(stage.strategy));
                reached.expect("the stage has begun").complete = Some(stack.cut);
                if !stack.cut {
                    return false;
                }
            }
            _ => {}
        }
        self.at += 1;
        if self.at == self.list.len() {
            return false;
        }
        *search = self.search();
        true
    }

    /// Whether the present stage has used up its time.
    fn out_of_time(&self) -> bool {
        // The clock is dear next to an execution.
        if !self.runs.is_multiple_of(64) {
            return false;
        }
        let stage = &self.list[self.at];
        let share = match (stage.share, self.max_time) {
            (Some(share), Some(max)) => self.whole.elapsed() >= max.mul_f64(share),
            _ => false,
        };
        share || stage.time.is_some_and(|time| self.started.elapsed() >= time)
    }

    /// Adds what another thread of the same check has reached. A search is
    /// complete when everybody who began it has done their part.
    pub(crate) fn join(&mut self, other: &Stages) {
        for (tag, theirs) in &other.reached {
            let ours = self.reached.entry(*tag).or_insert_with(|| theirs.clone());
            ours.complete = match (ours.complete, theirs.complete) {
                (Some(a), Some(b)) => Some(a || b),
                _ => None,
            };
        }
        for (ours, theirs) in self.progress.iter_mut().zip(&other.progress) {
            ours.complete = (ours.complete || !ours.begun) && (theirs.complete || !theirs.begun);
            ours.runs += theirs.runs;
            ours.begun |= theirs.begun;
        }
    }

    /// How far each stage has come, in words; in the last one something `failed`.
    pub(crate) fn describe(&self, failed: bool) -> String {
        let begun: Vec<(&Stage, &StageProgress)> =
            self.list.iter().zip(&self.progress).filter(|(_, progress)| progress.begun).collect();
        let told = begun.iter().enumerate().map(|(number, (stage, progress))| {
            let last = number + 1 == begun.len();
            let runs = count(progress.runs + u64::from(last && failed), "run");
            let how = match (last && failed, progress.complete) {
                (true, _) => format!("failed after {runs}"),
                (false, true) => format!("complete after {runs}"),
                (false, false) => format!("{runs}, not complete"),
            };
            format!("{}: {how}", stage.strategy.describe())
        });
        let mut told: Vec<String> = told.collect();
        match self.list.len() - begun.len() {
            0 => {}
            left => told.push(format!("{} not begun", count(left, "stage"))),
        }
        told.join("; ")
    }

    /// The best that the complete searches amount to, with what else was cut.
    pub(crate) fn verdict(&self, cuts: &[String]) -> Option<Verdict> {
        let complete = |r: &&StageResult| r.complete.is_some();
        let mut bounds = Vec::new();
        match self.reached.values().filter(complete).find(|r| r.complete == Some(false)) {
            Some(_) => {}
            None => bounds.push(self.reached.values().rfind(complete)?.strategy.bound()?),
        }
        bounds.extend(cuts.iter().cloned());
        if let Some((number, count)) = self.split.shard {
            bounds.push(format!("shard {} of {count}", number + 1));
        }
        Some(if bounds.is_empty() { Verdict::Exhaustive } else { Verdict::Bounded(bounds.join(", ")) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::options::Mode;

    fn stages(list: Vec<Stage>) -> Plan {
        Plan { mode: Mode::Stages(list), ..Plan::new("m".into()) }
    }

    /// Runs the stages of `plan` for its `worker` on a model of one choice among `of`: what each execution picked,
    /// `None` for one of a random stage. A stage other than the exhaustive one leaves something out if
    /// `cut` says so.
    fn run(plan: &Plan, worker: u64, of: u32, cut: bool) -> (Vec<Option<u32>>, Stages) {
        let mut stages = Stages::new(plan, worker);
        let mut search = stages.search();
        let mut picks = Vec::new();
        loop {
            picks.push(match &mut search {
                Chooser::Exhaustive(stack) => {
                    stack.rewind();
                    stack.cut |= cut && stack.stale.is_some();
                    Some(stack.branch(of).expect("the same choice"))
                }
                Chooser::Random(_) => None,
                other => unreachable!("no stage is {other:?}"),
            });
            if !stages.next(&mut search) {
                return (picks, stages);
            }
        }
    }

    fn stale(at_most: u32) -> Stage {
        Stage::from(Strategy::StaleReads { at_most })
    }

    #[test]
    fn a_complete_exhaustive_stage_ends_the_check() {
        let plan = stages(vec![Strategy::Exhaustive.executions(10), Strategy::Random.executions(5)]);
        let (picks, stages) = run(&plan, 0, 3, false);
        assert_eq!(picks, [Some(0), Some(1), Some(2)]);
        assert_eq!(stages.verdict(&[]), Some(Verdict::Exhaustive));
        assert_eq!(stages.verdict(&["a cut".into()]), Some(Verdict::Bounded("a cut".into())));
    }

    #[test]
    fn a_stage_that_has_spent_its_executions_hands_on_and_the_search_goes_on_where_it_was() {
        let plan = stages(vec![
            Strategy::Exhaustive.executions(2),
            Strategy::Random.executions(3),
            Strategy::Exhaustive.into(),
        ]);
        let (picks, stages) = run(&plan, 0, 4, false);
        assert_eq!(picks, [Some(0), Some(1), None, None, None, Some(2), Some(3)]);
        assert_eq!(stages.verdict(&[]), Some(Verdict::Exhaustive));
    }

    #[test]
    fn each_stage_says_how_far_it_came() {
        let plan = stages(vec![
            Strategy::Exhaustive.executions(2),
            Strategy::Pos.executions(3),
            Strategy::Exhaustive.into(),
            stale(0),
        ]);
        let whole = run(&plan, 0, 4, false).1;
        assert_eq!(
            whole.describe(false),
            "exhaustive search: 2 runs, not complete; random priorities (POS): complete after 3 runs; \
             exhaustive search: complete after 2 runs; 1 stage not begun"
        );
        let mut part = Stages::new(&plan, 0);
        let _ = part.search();
        assert_eq!(part.describe(true), "exhaustive search: failed after 1 run; 3 stages not begun");
        part.join(&whole);
        assert!(part.describe(false).starts_with("exhaustive search: 2 runs, not complete; random"));
        let bounded = run(&stages(vec![stale(0), stale(3)]), 0, 2, true).1;
        let expected =
            "at most 0 stale choices: complete after 2 runs; at most 3 stale choices: complete after 2 runs";
        assert_eq!(bounded.describe(false), expected);
    }

    #[test]
    fn a_plan_that_runs_out_says_nothing_of_completeness() {
        let plan = stages(vec![Strategy::Exhaustive.executions(2), Strategy::Pos.executions(1)]);
        let (picks, stages) = run(&plan, 0, 4, false);
        assert_eq!(picks, [Some(0), Some(1), None]);
        assert_eq!(stages.verdict(&[]), None);
    }

    #[test]
    fn a_bound_that_left_nothing_out_ends_the_check() {
        let (picks, stages) = run(&stages(vec![stale(0), stale(1)]), 0, 2, false);
        assert_eq!(picks, [Some(0), Some(1)]);
        assert_eq!(stages.verdict(&[]), Some(Verdict::Exhaustive));
    }

    #[test]
    fn a_bound_that_left_something_out_grows_and_the_greatest_is_told() {
        let (picks, stages) = run(&stages(vec![stale(0), stale(3)]), 0, 2, true);
        assert_eq!(picks, [Some(0), Some(1), Some(0), Some(1)]);
        assert_eq!(stages.verdict(&[]), Some(Verdict::Bounded("at most 3 stale choices".into())));
    }

    #[test]
    fn the_threads_of_a_check_divide_a_random_stage_and_have_their_own_dice() {
        let plan = Plan { threads: 2, seed: 9, ..stages(vec![Strategy::Random.executions(5)]) };
        let (first, second) = (run(&plan, 0, 1, false), run(&plan, 1, 1, false));
        assert_eq!((first.0.len(), second.0.len()), (3, 3));
        assert_eq!(first.1.seed, 9);
        assert_ne!(second.1.seed, 9);
    }

    #[test]
    fn a_search_is_complete_when_everybody_has_done_their_part() {
        let plan = stages(vec![Strategy::Exhaustive.executions(2)]);
        let (_, whole) = run(&plan, 0, 2, false);
        let (_, part) = run(&plan, 0, 3, false);
        let joined = |of: [&Stages; 2]| {
            let mut ours = Stages::new(&plan, 0);
            ours.reached.clone_from(&of[0].reached);
            ours.join(of[1]);
            ours.verdict(&[])
        };
        assert_eq!(joined([&whole, &whole]), Some(Verdict::Exhaustive));
        assert_eq!(joined([&whole, &part]), None);
        assert_eq!(joined([&part, &whole]), None);
    }

    #[test]
    fn a_shard_is_told_of() {
        let split = Split { shard: Some((1, 4)), ..Split::default() };
        let plan = Plan { split, ..stages(vec![Strategy::Exhaustive.into()]) };
        assert_eq!(run(&plan, 0, 2, false).1.verdict(&[]), Some(Verdict::Bounded("shard 2 of 4".into())));
    }
}
