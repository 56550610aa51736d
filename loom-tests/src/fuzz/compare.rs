//! Runs a program in every way that the checker has, and compares each with the reference.

use crate::fuzz::program::{Expected, FuzzProgram};
use ringwright::check::__private::BrokenRule;
use ringwright::check::{Check, FailureKind, Report, Strategy, Verdict};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

/// A way to search a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Every execution graph once.
    Whole,
    /// Every graph in every order; small programs only.
    Unreduced,
    /// Divided between two threads of the operating system.
    TwoThreads,
    /// Divided into three shards.
    Shards,
    /// Random executions: what is seen must be allowed.
    Random,
    /// The same, by probabilistic concurrency testing.
    Pct,
    /// The same, by partial order sampling.
    Pos,
}

impl Way {
    /// All of them.
    pub const ALL: [Way; 7] =
        [Way::Whole, Way::Unreduced, Way::TwoThreads, Way::Shards, Way::Random, Way::Pct, Way::Pos];

    fn is_random(self) -> bool {
        matches!(self, Way::Random | Way::Pct | Way::Pos)
    }
}

/// How to compare.
#[derive(Clone, Debug)]
pub struct FuzzSettings {
    /// The ways to search.
    pub ways: Vec<Way>,
    /// The rule of the memory model that the checker is to break.
    pub rule: BrokenRule,
    /// The time that one search may take.
    pub time: Duration,
    /// The executions of a random search.
    pub executions: u64,
}

impl Default for FuzzSettings {
    fn default() -> FuzzSettings {
        let time = Duration::from_secs(10);
        FuzzSettings { ways: Way::ALL.to_vec(), rule: BrokenRule::None, time, executions: 200 }
    }
}

/// A way in which the checker said something else than the reference.
#[derive(Clone, Debug)]
pub struct Difference {
    /// How the model was searched.
    pub way: Way,
    /// What the reference says, what the checker said, and the checker's report.
    pub text: String,
}

/// What came out of one program.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// The reference's word; `None` if the program is too large for it, and nothing was compared.
    pub expected: Option<Expected>,
    /// Where the checker differs.
    pub differences: Vec<Difference>,
    /// Searches that a limit ended, which therefore say nothing.
    pub undecided: u32,
    /// Complete executions of the whole search.
    pub executions: u64,
    /// Random searches of programs that can get stuck, and those among them that got stuck.
    pub random_deadlocks: (u32, u32),
    /// The first failure that was found as it should be, with the token that replays it.
    pub failure: Option<(FailureKind, String)>,
}

/// Runs `program` in every way of `settings`; `name` is what the reports call it.
pub fn compare<P: FuzzProgram>(name: &str, program: &P, settings: &FuzzSettings) -> Comparison {
    let mut comparison = Comparison { expected: program.expected(), ..Comparison::default() };
    let Some(expected) = comparison.expected.clone() else {
        return comparison;
    };
    for &way in &settings.ways {
        // The other exhaustive ways take no less than the whole search.
        let too_long = comparison.undecided > 0 && !way.is_random();
        if too_long || (way == Way::Unreduced && !program.is_small()) {
            continue;
        }
        let reports = search(name, program, settings, way);
        if way == Way::Whole {
            comparison.executions = reports[0].executions;
        }
        let failure = reports.iter().find_map(|r| Some((r.failed()?, r.failure.as_ref()?.token.clone())));
        if way.is_random() && expected.deadlock && !expected.race {
            comparison.random_deadlocks.0 += 1;
            comparison.random_deadlocks.1 += u32::from(failure.is_some());
        }
        match judge(&expected, &reports, way) {
            Judgement::Same if comparison.failure.is_none() => comparison.failure = failure,
            Judgement::Same => {}
            Judgement::Undecided => comparison.undecided += 1,
            Judgement::Different(text) => comparison.differences.push(Difference { way, text }),
        }
    }
    comparison
}

/// The check of `program`, before it is said which executions to look at.
pub fn check<P: FuzzProgram>(name: &str, program: &P, settings: &FuzzSettings) -> Check {
    let check = Check::new(name).broken(settings.rule).max_time(settings.time).exhaustive();
    program.budgets(check.watchdog(Duration::from_secs(20)).threads(1))
}

fn search<P: FuzzProgram>(name: &str, program: &P, settings: &FuzzSettings, way: Way) -> Vec<Report> {
    let check = || check(name, program, settings);
    let run = |check: Check| {
        let program = program.clone();
        check.run(move || program.run())
    };
    let runs = settings.executions;
    match way {
        Way::Whole => vec![run(check())],
        Way::Unreduced => vec![run(check().reduction(false))],
        Way::TwoThreads => vec![run(check().threads(2))],
        Way::Shards => (1..=3).map(|number| run(check().shard(number, 3))).collect(),
        Way::Random => vec![run(check().random(runs))],
        Way::Pct => vec![run(check().plan([Strategy::Pct { depth: 3 }.executions(runs)]))],
        Way::Pos => vec![run(check().plan([Strategy::Pos.executions(runs)]))],
    }
}

enum Judgement {
    Same,
    Undecided,
    Different(String),
}

fn judge(expected: &Expected, reports: &[Report], way: Way) -> Judgement {
    let failed: Vec<FailureKind> = reports.iter().filter_map(Report::failed).collect();
    let right = |kind: &FailureKind| match kind {
        FailureKind::Race => expected.race,
        FailureKind::Deadlock => expected.deadlock,
        FailureKind::Panic => expected.panic,
        _ => false,
    };
    let different = |what: &str| Judgement::Different(describe(what, expected, reports));
    if let Some(wrong) = failed.iter().find(|kind| !right(kind)) {
        return different(&format!("a failure that cannot be: {wrong}"));
    }
    if !failed.is_empty() {
        return Judgement::Same;
    }
    let seen: BTreeSet<String> = reports.iter().flat_map(|r| r.outcomes.iter().cloned()).collect();
    if !expected.race && !seen.is_subset(&expected.outcomes) {
        return different("outcomes that cannot be");
    }
    if way.is_random() {
        return Judgement::Same;
    }
    let limited = |report: &Report| matches!(report.verdict, Verdict::LimitHit(_));
    if reports.iter().any(limited) {
        return Judgement::Undecided;
    }
    if expected.race || expected.deadlock {
        return different("a failure that was not found");
    }
    if seen != expected.outcomes {
        return different("outcomes that were not seen");
    }
    let complete = |report: &Report| match report.verdict {
        Verdict::Bounded(_) => way == Way::Shards,
        Verdict::Exhaustive => way != Way::Shards,
        _ => false,
    };
    if !reports.iter().all(complete) {
        return different("a verdict that is not the whole search's");
    }
    Judgement::Same
}

/// How a list of outcomes is shown: not more than this many.
const SHOWN: usize = 12;

fn describe(what: &str, expected: &Expected, reports: &[Report]) -> String {
    let mut text = format!("{what}\n");
    let seen: BTreeSet<String> = reports.iter().flat_map(|r| r.outcomes.iter().cloned()).collect();
    let Expected { outcomes, race, deadlock, .. } = expected;
    let _ = writeln!(text, "expected: {} outcomes, race {race}, deadlock {deadlock}", outcomes.len());
    let verdicts: Vec<String> = reports.iter().map(|r| r.verdict.to_string()).collect();
    let _ = writeln!(text, "seen: {} outcomes, {}", seen.len(), verdicts.join(", "));
    let forbidden: Vec<&String> = seen.difference(outcomes).take(SHOWN).collect();
    let missed: Vec<&String> = outcomes.difference(&seen).take(SHOWN).collect();
    if !forbidden.is_empty() {
        let _ = writeln!(text, "seen and not expected: {forbidden:?}");
    }
    if !missed.is_empty() {
        let _ = writeln!(text, "expected and not seen: {missed:?}");
    }
    if let Some(report) = reports.iter().find(|r| r.failed().is_some()) {
        let _ = writeln!(text, "{report}");
    }
    text
}
