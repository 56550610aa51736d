//! `review verify`: every variant of every case against its label.
//!
//! For each variant, first the author's own tests with the real `std` (they pass
//! on every variant; that is why the bug is still there), then the hidden
//! harness under the checker. Variants are independent jobs, done by as many
//! workers as there are cores; one that cannot be checked harms no other.

mod child;
mod compile;
mod outcome;
mod report;
mod toolchain;
mod variant;

use crate::args::{Format, VerifyArgs};
use crate::case::{Case, Variant};
use crate::load::Corpus;
use crate::print;
use outcome::Outcome;
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use toolchain::Toolchain;

/// Verifies the corpus, prints the result and gives the exit code.
pub(crate) fn run(corpus: Corpus, args: &VerifyArgs) -> u8 {
    let start = Instant::now();
    let jobs: Vec<(&Case, &Variant)> = corpus
        .cases
        .iter()
        .flat_map(|case| case.variants.iter().map(move |variant| (case, variant)))
        .collect();
    let mut problems = corpus.problems;
    let mut outcomes = Vec::new();
    if !jobs.is_empty() {
        match Toolchain::find(args.without_plain) {
            Ok(tools) => outcomes = all(&tools, &jobs, args),
            Err(problem) => problems.push(problem),
        }
    }
    let summary = report::Summary::new(outcomes, problems);
    crate::report(&summary.problems);
    let code = summary.exit_code();
    match args.format {
        Format::Json => {
            eprint!("{}", summary.details(args.show_trace));
            print(&summary.json());
        }
        Format::Table => {
            print(&summary.table());
            print(&summary.details(args.show_trace));
            print(&format!("{}in {:.1} s\n", summary.sentence(), start.elapsed().as_secs_f64()));
        }
    }
    code
}

/// Does every job, in the order given, by several workers at a time.
fn all(tools: &Toolchain, jobs: &[(&Case, &Variant)], args: &VerifyArgs) -> Vec<Outcome> {
    let workers = args
        .jobs
        .map(usize::from)
        .or_else(|| thread::available_parallelism().ok().map(usize::from))
        .unwrap_or(1);
    let limit = Duration::from_secs(args.timeout);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let progress = Progress::new(jobs.len());
    thread::scope(|scope| {
        for _ in 0..workers.min(jobs.len()) {
            scope.spawn(|| {
                loop {
                    // Only a number: the jobs were there before the workers.
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&(case, variant)) = jobs.get(index) else {
                        break;
                    };
                    let outcome = variant::check(tools, case, variant, limit);
                    let mut done = done.lock().expect("no worker panics with the lock");
                    done.push((index, outcome));
                    progress.show(done.len(), case, variant);
                }
            });
        }
    });
    progress.clear();
    let mut done = done.into_inner().expect("no worker panics with the lock");
    done.sort_by_key(|&(index, _)| index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// One line on a terminal that says how far the work is; nothing elsewhere.
struct Progress {
    total: usize,
    shown: bool,
}

impl Progress {
    fn new(total: usize) -> Self {
        Self { total, shown: std::io::stderr().is_terminal() }
    }

    fn show(&self, done: usize, case: &Case, variant: &Variant) {
        if self.shown {
            let (total, id, name) = (self.total, &case.id, &variant.name);
            let _ = write!(std::io::stderr(), "\r\x1b[K[{done}/{total}] {id} {name}");
        }
    }

    fn clear(&self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
