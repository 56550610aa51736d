//! The comparison: prove, warm up, run in interleaved rounds, reckon.

use crate::machine::{self, Machine, Ticks};
use crate::peers::{self, Entry};
use crate::proof::Fault;
use crate::report::{self, Report, Series};
use crate::round::RoundError;
use crate::shape::Shape;
use crate::timing::refusal;
use std::fmt;
use std::time::Duration;

/// How long and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Rounds of each contender in each shape, at least
    /// [`FEWEST`](crate::statistics::FEWEST).
    pub rounds: usize,
    /// About how long one round takes.
    pub round: Duration,
    /// Warm-up rounds after the length of a round was found; not counted.
    pub warm_up: usize,
}

impl Plan {
    /// About a minute for all shapes: for a first look.
    pub const QUICK: Plan = Plan { rounds: 21, round: Duration::from_millis(30), warm_up: 1 };

    /// Less than ten minutes for all shapes.
    pub const FULL: Plan = Plan { rounds: 101, round: Duration::from_millis(60), warm_up: 3 };
}

/// Why there is no comparison.
#[derive(Debug)]
#[non_exhaustive]
pub enum CompareError {
    /// This build must not time anything.
    Refused(&'static str),
    /// A contender failed its proof.
    Proof {
        /// Who.
        name: &'static str,
        /// In which shape.
        shape: Shape,
        /// With which capacity.
        capacity: usize,
        /// What went wrong.
        fault: Fault,
    },
    /// A contender failed in a timed round.
    Round {
        /// Who.
        name: &'static str,
        /// In which shape.
        shape: Shape,
        /// What went wrong.
        error: RoundError,
    },
}

impl fmt::Display for CompareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompareError::Refused(why) => write!(f, "nothing is timed: {why}"),
            CompareError::Proof { name, shape, capacity, fault } => {
                write!(f, "{name} failed its proof in {shape} with capacity {capacity}: {fault}")
            }
            CompareError::Round { name, shape, error } => {
                write!(f, "{name} failed in a timed round of {shape}: {error}")
            }
        }
    }
}

impl std::error::Error for CompareError {}

/// Compares everyone who fits each of `shapes`. `say` is told what goes on.
///
/// # Errors
///
/// [`CompareError`] if this build must not time, or if a contender fails: a row is
/// never left out.
///
/// # Panics
///
/// Panics if `plan.rounds` is less than
/// [`FEWEST`](crate::statistics::FEWEST).
pub fn compare(shapes: &[Shape], plan: Plan, say: impl Fn(&str)) -> Result<Report, CompareError> {
    if let Some(why) = refusal() {
        return Err(CompareError::Refused(why));
    }
    let mut machine = Machine::look();
    let begin = Ticks::now();
    let (mut rows, mut paired_ratios) = (Vec::new(), Vec::new());
    for &shape in shapes {
        let entries = peers::fitting(shape);
        say(&format!("{shape}: proving {} contenders", entries.len()));
        prove(shape, &entries)?;
        say(&format!("{shape}: {} rounds of about {} ms each", plan.rounds, plan.round.as_millis()));
        let series = rounds(shape, &entries, plan)?;
        rows.extend(report::rows(shape, &series));
        paired_ratios.extend(report::paired_ratios(shape, &series));
    }
    machine.load_after = machine::load();
    machine.others = begin.and_then(|begin| Ticks::now()?.others_since(begin));
    Ok(Report { machine, rows, paired_ratios })
}

/// Proves everyone in `shape`.
///
/// # Errors
///
/// [`CompareError::Proof`] for the first who fails.
pub fn prove(shape: Shape, entries: &[Entry]) -> Result<(), CompareError> {
    entries.iter().try_for_each(|entry| {
        entry.prove(shape).map_err(|(capacity, fault)| CompareError::Proof {
            name: entry.name,
            shape,
            capacity,
            fault,
        })
    })
}

/// The interleaved rounds: A B C, A B C, and so on.
fn rounds(shape: Shape, entries: &[Entry], plan: Plan) -> Result<Vec<Series>, CompareError> {
    let counts = entries
        .iter()
        .map(|entry| settle(shape, entry, plan.round))
        .collect::<Result<Vec<u64>, CompareError>>()?;
    for _ in 0..plan.warm_up {
        for (entry, &items) in entries.iter().zip(&counts) {
            throughput(shape, entry, items)?;
        }
    }
    let mut series: Vec<Series> = entries.iter().map(Series::of).collect();
    for _ in 0..plan.rounds {
        for ((entry, &items), series) in entries.iter().zip(&counts).zip(&mut series) {
            series.rounds.push(throughput(shape, entry, items)?);
        }
    }
    Ok(series)
}

/// One round of `items`, in million items a second.
fn throughput(shape: Shape, entry: &Entry, items: u64) -> Result<f64, CompareError> {
    let wall = time(shape, entry, items)?;
    Ok(items as f64 / wall.as_secs_f64() / 1e6)
}

fn time(shape: Shape, entry: &Entry, items: u64) -> Result<Duration, CompareError> {
    entry.time(shape, items).map_err(|error| CompareError::Round { name: entry.name, shape, error })
}

/// The number of items that takes about `target`: the middle one of three
/// answers, so that one lucky or hindered trial does not make every round of a
/// contender too long or too short.
fn settle(shape: Shape, entry: &Entry, target: Duration) -> Result<u64, CompareError> {
    let mut answers = [0; 3];
    for answer in &mut answers {
        *answer = fill(shape, entry, target)?;
    }
    answers.sort_unstable();
    Ok(answers[1])
}

/// The number of items that takes about `target`, by trials of growing length.
fn fill(shape: Shape, entry: &Entry, target: Duration) -> Result<u64, CompareError> {
    let mut items = 10_000;
    loop {
        let took = time(shape, entry, items)?;
        match scale(items, took, target) {
            ItemCount::Found(items) => return Ok(items),
            ItemCount::Again(more) => items = more,
        }
    }
}

/// What a trial round says about the number of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ItemCount {
    Found(u64),
    Again(u64),
}

/// If `items` took at least a third of `target` the rate is known well enough;
/// if not, at most ten times as many are tried next.
fn scale(items: u64, took: Duration, target: Duration) -> ItemCount {
    let factor = target.as_secs_f64() / took.as_secs_f64().max(1e-9);
    if factor <= 3.0 {
        ItemCount::Found(((items as f64 * factor) as u64).max(1_000))
    } else {
        ItemCount::Again((items as f64 * factor.min(10.0)) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::{ItemCount, Plan, scale};
    use crate::statistics::FEWEST;
    use std::time::Duration;

    const TARGET: Duration = Duration::from_millis(30);

    #[test]
    fn a_round_that_is_long_enough_is_scaled_to_the_target() {
        let found = scale(10_000, Duration::from_millis(15), TARGET);
        assert_eq!(found, ItemCount::Found(20_000));
        let slow = scale(10_000, Duration::from_millis(300), TARGET);
        assert_eq!(slow, ItemCount::Found(1_000));
    }

    #[test]
    fn a_short_round_is_tried_again_with_at_most_ten_times_the_items() {
        let again = scale(10_000, Duration::from_millis(6), TARGET);
        assert_eq!(again, ItemCount::Again(50_000));
        let far = scale(10_000, Duration::ZERO, TARGET);
        assert_eq!(far, ItemCount::Again(100_000));
    }

    #[test]
    fn both_plans_have_an_interval_and_the_full_one_at_least_21_rounds() {
        const { assert!(Plan::QUICK.rounds >= FEWEST) };
        const { assert!(Plan::FULL.rounds >= 21) };
    }
}
