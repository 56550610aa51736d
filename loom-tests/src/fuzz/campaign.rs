//! A run over many seeds: compares each program, shrinks what differs, and counts.

use crate::fuzz::compare::{Comparison, FuzzSettings, Way, compare};
use crate::fuzz::program::FuzzProgram;
use crate::fuzz::shrink::shrink;
use ringwright::check::FailureKind;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The counts of a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Programs compared.
    pub programs: u64,
    /// Programs that were too large for the reference.
    pub skipped: u64,
    /// Programs that can get stuck.
    pub deadlocks: u64,
    /// Programs that have a race.
    pub races: u64,
    /// Searches that a limit ended.
    pub undecided: u64,
    /// Complete executions of the whole searches.
    pub executions: u64,
    /// Random searches of programs that can get stuck.
    pub random_searches: u64,
    /// Those among them that got stuck.
    pub random_deadlocks: u64,
    /// Failures that were replayed by their token.
    pub replayed: u64,
    /// Programs on which checker and reference differ.
    pub disagreements: u64,
    /// The seeds of these.
    pub seeds: Vec<u64>,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} programs, {} can get stuck, {} race, {} too large, {} searches undecided, \
             {} executions, random searches got stuck in {} of {}, {} replayed, {} disagreements",
            self.programs,
            self.deadlocks,
            self.races,
            self.skipped,
            self.undecided,
            self.executions,
            self.random_deadlocks,
            self.random_searches,
            self.replayed,
            self.disagreements,
        )
    }
}

impl Counts {
    /// Adds the counts of another part of the seeds.
    pub fn merge(&mut self, other: &Counts) {
        self.programs += other.programs;
        self.skipped += other.skipped;
        self.deadlocks += other.deadlocks;
        self.races += other.races;
        self.undecided += other.undecided;
        self.executions += other.executions;
        self.random_searches += other.random_searches;
        self.random_deadlocks += other.random_deadlocks;
        self.replayed += other.replayed;
        self.disagreements += other.disagreements;
        self.seeds.extend(&other.seeds);
    }

    fn add(&mut self, seed: u64, comparison: &Comparison) {
        let Some(expected) = &comparison.expected else {
            self.skipped += 1;
            return;
        };
        self.programs += 1;
        self.deadlocks += u64::from(expected.deadlock);
        self.races += u64::from(expected.race);
        self.undecided += u64::from(comparison.undecided);
        self.executions += comparison.executions;
        self.random_searches += u64::from(comparison.random_deadlocks.0);
        self.random_deadlocks += u64::from(comparison.random_deadlocks.1);
        if !comparison.differences.is_empty() {
            self.disagreements += 1;
            self.seeds.push(seed);
        }
    }
}

/// Replays a failure of the program with a seed by its token.
pub type Replay<'a> = &'a dyn Fn(u64, FailureKind, &str) -> Result<bool, String>;

/// How a campaign goes on.
pub struct Campaign<'a> {
    /// How to compare.
    pub settings: FuzzSettings,
    /// Comparisons that making one failure smaller may take.
    pub shrinking: u32,
    /// Ends after this many disagreements.
    pub most: u64,
    /// Replays the failure of the program with this seed by its token: whether it did; an error if the
    /// token did not show the same failure.
    pub replay: Option<Replay<'a>>,
    /// Gets each line that is to be printed.
    pub print: &'a dyn Fn(&str),
    /// Whether each program is printed.
    pub print_all: bool,
}

impl Campaign<'_> {
    /// Compares the program of each seed.
    pub fn run<P: FuzzProgram>(
        &self,
        kind: &str,
        seeds: impl IntoIterator<Item = u64>,
        program: impl Fn(u64) -> P,
    ) -> Counts {
        let mut counts = Counts::default();
        for seed in seeds {
            let name = name(kind, seed);
            let program = program(seed);
            if self.print_all {
                (self.print)(&format!("{name}\n{program}"));
            }
            let comparison = compare(&name, &program, &self.settings);
            counts.add(seed, &comparison);
            if let (Some(replay), Some((failure, token))) = (self.replay, &comparison.failure) {
                match replay(seed, *failure, token) {
                    Ok(did) => counts.replayed += u64::from(did),
                    Err(why) => {
                        counts.disagreements += 1;
                        counts.seeds.push(seed);
                        (self.print)(&format!("{name}: {token} does not replay: {why}\n{program}"));
                    }
                }
            }
            if let Some(first) = comparison.differences.first() {
                (self.print)(&self.told(&name, &program, &comparison, first.way));
            }
            if counts.disagreements >= self.most {
                break;
            }
        }
        counts
    }

    /// The disagreement in words, on the smallest program that shows one in the same way.
    fn told<P: FuzzProgram>(&self, name: &str, program: &P, whole: &Comparison, way: Way) -> String {
        let settings = FuzzSettings { ways: vec![way], ..self.settings.clone() };
        let differs = |candidate: &P| !compare(name, candidate, &settings).differences.is_empty();
        let least = shrink(program, self.shrinking, differs);
        let again = compare(name, &least, &settings);
        let ways: Vec<String> = whole.differences.iter().map(|d| format!("{:?}", d.way)).collect();
        // What differs only now and then shows in the first comparison only.
        let difference = again.differences.first().unwrap_or(&whole.differences[0]);
        format!("{name}: differs {}\n{least}{}", ways.join(", "), difference.text)
    }
}

/// What the reports call the program of `seed`; a token is bound to it.
#[must_use]
pub fn name(kind: &str, seed: u64) -> String {
    format!("{kind} {seed}")
}
