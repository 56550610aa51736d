//! How many executions a second each engine runs of the same small model:
//! message passing between two threads.
//!
//! The engines take turns, so that whatever else the machine does hits all of
//! them, and a second is one of processor time where the system tells it. loom
//! and shuttle run the same program written for them. loom is measured in this
//! process, without its start-up: from its first execution to the end of its
//! search. The explorer's start-up counts, as shuttle's does: once in 2,000
//! random executions, and once in each of the small exhaustive searches.

use clap::{Parser, ValueEnum};
use loom_tests as _;
use ringwright::check::{Check, Engine, Report};
use ringwright::sync::atomic::{AtomicUsize, Ordering};
use ringwright::sync::thread;
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Compares how many executions a second the engines run.
#[derive(Parser)]
struct Args {
    /// Turns that each engine gets.
    #[arg(long, default_value_t = 11)]
    rounds: usize,
    /// Milliseconds of a turn.
    #[arg(long, default_value_t = 100)]
    millis: u64,
    /// Only the engines whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Fail unless the explorer, at random, is so many times as fast as loom.
    #[arg(long)]
    require: Option<f64>,
    /// Fail unless the explorer, at random, is so many times as fast as shuttle.
    #[arg(long)]
    require_shuttle: Option<f64>,
    /// How to print the result.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
}

/// The model: a value, and a flag that publishes it.
fn message() {
    let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let theirs = Arc::clone(&shared);
    let writer = thread::spawn(move || {
        // Relaxed: the next line publishes it.
        theirs.0.store(1, Ordering::Relaxed);
        // Release: pairs with the Acquire below.
        theirs.1.store(1, Ordering::Release);
    });
    // Acquire: pairs with the Release above.
    if shared.1.load(Ordering::Acquire) == 1 {
        // Relaxed: the line above has acquired it.
        assert_eq!(shared.0.load(Ordering::Relaxed), 1);
    }
    writer.join().unwrap();
}

/// Executions and seconds of one turn.
type Turn = (u64, f64);

/// Seconds that this thread has run, if the system tells.
fn processor_time() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos: f64 = text.split(' ').next()?.parse().ok()?;
    Some(nanos / 1e9)
}

/// Seconds: of this thread's processor time, or else since some start.
fn seconds() -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    processor_time().unwrap_or_else(|| START.elapsed().as_secs_f64())
}

fn checked(turn: Duration, check: impl Fn() -> Report) -> Turn {
    let start = seconds();
    let mut executions = 0;
    while seconds() - start < turn.as_secs_f64() {
        let report = check();
        executions += report.assert_passed().executions;
    }
    (executions, seconds() - start)
}

fn explorer_random(turn: Duration) -> Turn {
    checked(turn, || Check::new("message").random(2_000).run(message))
}

fn explorer_exhaustive(turn: Duration) -> Turn {
    checked(turn, || Check::new("message").run(message))
}

fn sc_random(turn: Duration) -> Turn {
    checked(turn, || Check::new("message").engine(Engine::Sc).random(2_000).run(message))
}

/// Plain shuttle on the same program, written for shuttle: sequentially
/// consistent, at random.
fn shuttle_itself(turn: Duration) -> Turn {
    use shuttle::sync::atomic::AtomicUsize;

    let begin = seconds();
    let mut executions = 0;
    while seconds() - begin < turn.as_secs_f64() {
        let mut config = shuttle::Config::new();
        config.silence_warnings = true;
        let scheduler = shuttle::scheduler::RandomScheduler::new(2_000);
        executions += shuttle::Runner::new(scheduler, config).run(|| {
            let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
            let theirs = Arc::clone(&shared);
            let writer = shuttle::thread::spawn(move || {
                // Relaxed: the next line publishes it.
                theirs.0.store(1, Ordering::Relaxed);
                // Release: pairs with the Acquire below.
                theirs.1.store(1, Ordering::Release);
            });
            // Acquire: pairs with the Release above.
            if shared.1.load(Ordering::Acquire) == 1 {
                // Relaxed: the line above has acquired it.
                assert_eq!(shared.0.load(Ordering::Relaxed), 1);
            }
            writer.join().unwrap();
        }) as u64;
    }
    (executions, seconds() - begin)
}

/// loom on the same program, written for loom.
#[cfg(feature = "loom")]
fn loom_itself(turn: Duration) -> Turn {
    use loom::sync::atomic::AtomicUsize;
    use std::sync::{Mutex, PoisonError};

    let begin = seconds();
    let (mut executions, mut all, mut searching) = (0, Duration::ZERO, Duration::ZERO);
    while seconds() - begin < turn.as_secs_f64() {
        let whole = Instant::now();
        let search = Arc::new(Mutex::new((0u64, None)));
        let seen = Arc::clone(&search);
        loom::model::Builder::new().check(move || {
            {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.0 += 1;
                seen.1.get_or_insert_with(Instant::now);
            }
            let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
            let theirs = Arc::clone(&shared);
            let writer = loom::thread::spawn(move || {
                // Relaxed: the next line publishes it.
                theirs.0.store(1, Ordering::Relaxed);
                // Release: pairs with the Acquire below.
                theirs.1.store(1, Ordering::Release);
            });
            // Acquire: pairs with the Release above.
            if shared.1.load(Ordering::Acquire) == 1 {
                // Relaxed: the line above has acquired it.
                assert_eq!(shared.0.load(Ordering::Relaxed), 1);
            }
            writer.join().unwrap();
        });
        let (count, start) = *search.lock().unwrap_or_else(PoisonError::into_inner);
        executions += count;
        searching += start.map_or(Duration::ZERO, |start: Instant| start.elapsed());
        all += whole.elapsed();
    }
    // The clock of processor time is too coarse for one search, so its share is taken from the other.
    (executions, (seconds() - begin) * searching.as_secs_f64() / all.as_secs_f64())
}

/// An engine: what it is called, and how a turn of it runs.
type NamedEngine = (&'static str, fn(Duration) -> Turn);

/// The engines that this build has.
fn engines() -> Vec<NamedEngine> {
    vec![
        ("explorer, random", explorer_random),
        ("explorer, exhaustive, again and again", explorer_exhaustive),
        ("sc, random", sc_random),
        ("shuttle", shuttle_itself),
        #[cfg(feature = "loom")]
        ("loom", loom_itself),
    ]
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> ExitCode {
    let args = Args::parse();
    let turn = Duration::from_millis(args.millis);
    let mut engines = engines();
    engines.retain(|(name, _)| name.contains(&args.only));
    let mut rates = vec![Vec::new(); engines.len()];
    for _ in 0..args.rounds.max(1) {
        for ((_, run), rates) in engines.iter().zip(&mut rates) {
            let (executions, seconds) = run(turn);
            rates.push(executions as f64 / seconds);
        }
    }
    // The ratio of each round, because rounds differ more than engines do within one.
    let of = |name: &str| engines.iter().position(|(engine, _)| *engine == name).map(|at| rates[at].clone());
    let (loom, shuttle) = (of("loom"), of("shuttle"));
    let ratio = |rates: &[f64], to: &Option<Vec<f64>>| {
        let to = to.as_ref()?;
        let mut ratios: Vec<f64> = rates.iter().zip(to).map(|(rate, to)| rate / to).collect();
        Some(median(&mut ratios))
    };
    let mut rows = Vec::new();
    for ((name, _), rates) in engines.iter().zip(&rates) {
        let (to_loom, to_shuttle) = (ratio(rates, &loom), ratio(rates, &shuttle));
        let mut rates = rates.clone();
        rows.push(Row {
            engine: name,
            median: median(&mut rates),
            low: rates[0],
            high: rates[rates.len() - 1],
            to_loom,
            to_shuttle,
        });
    }
    print(&args, &rows);
    let explorer = rows.iter().find(|row| row.engine == "explorer, random");
    let enough = [
        ("loom", args.require, explorer.and_then(|row| row.to_loom)),
        ("shuttle", args.require_shuttle, explorer.and_then(|row| row.to_shuttle)),
    ]
    .into_iter()
    .all(|(peer, required, ratio)| {
        let enough = required.is_none_or(|required| ratio.is_some_and(|ratio| ratio >= required));
        if !enough {
            eprintln!("rate: the explorer is {ratio:?} times as fast as {peer}, not {required:?}");
        }
        enough
    });
    if enough { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// What an engine reached: executions a second, and how that compares.
struct Row {
    engine: &'static str,
    median: f64,
    low: f64,
    high: f64,
    to_loom: Option<f64>,
    to_shuttle: Option<f64>,
}

fn print(args: &Args, rows: &[Row]) {
    let clock = if processor_time().is_some() { "processor" } else { "wall" };
    match args.format {
        Format::Json => {
            let rows: Vec<_> = rows
                .iter()
                .map(|row| {
                    json!({ "engine": row.engine, "unit": "executions/s", "median": row.median, "low": row.low,
                            "high": row.high, "ratio_to_loom": row.to_loom, "ratio_to_shuttle": row.to_shuttle })
                })
                .collect();
            println!(
                "{}",
                json!({ "model": "message passing, two threads", "rounds": args.rounds, "clock": clock, "rows": rows })
            );
        }
        Format::Table => {
            for Row { engine, median, low, high, to_loom, to_shuttle } in rows {
                let to = |ratio: &Option<f64>, peer| match ratio {
                    Some(ratio) => format!("{ratio:7.2} x {peer}"),
                    None => String::new(),
                };
                println!(
                    "{engine:40}{median:10.0} executions/s ({low:.0} to {high:.0}) {}{}",
                    to(to_loom, "loom"),
                    to(to_shuttle, "shuttle")
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_one_and_leaves_the_values_sorted() {
        let mut values = [9.0, 1.0, 5.0];
        assert_eq!(median(&mut values), 5.0);
        assert_eq!(values, [1.0, 5.0, 9.0]);
    }
}
