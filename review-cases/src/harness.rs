//! What a case's hidden `harness.rs` runs its models with.
//!
//! A harness is a small program: it makes a [`Harness`], gives it models (bodies
//! that use `std` and the public API of the snippet, and assert properties), and
//! ends with [`Harness::finish`], which prints one line of JSON, its
//! [`HarnessReport`].
//!
//! ```no_run
//! use review_cases::harness::Harness;
//!
//! let mut h = Harness::from_args();
//! h.model("two at once", || { /* threads of `std`, and an assertion */ });
//! h.finish();
//! ```

use crate::report::{HarnessReport, HarnessVerdict, Site};
use ringwright_check::{Check, Report, Verdict};
use std::time::Duration;

pub use ringwright_check::{any, sim};

/// What one model may take by default.
const MODEL_TIME: Duration = Duration::from_secs(30);

/// Runs models, and keeps the verdict over all of them.
///
/// The first model that fails decides, and those after it do not run. A limit
/// decides if no model fails. Only if every model passes, the verdict is a pass.
#[derive(Debug)]
pub struct Harness {
    /// What one model may take.
    time: Duration,
    failed: Option<Report>,
    limited: Option<Report>,
    passed: Vec<Report>,
    executions: u64,
    blocked: u64,
    seconds: f64,
}

impl Harness {
    /// A harness as its command line says: `--max-seconds N` is what one model
    /// may take (30 by default).
    ///
    /// Ends the process with exit code 2 if the command line says anything else.
    #[must_use]
    pub fn from_args() -> Self {
        match time(std::env::args().skip(1)) {
            Ok(time) => Self::new(time),
            Err(why) => {
                eprintln!("error: {why}\nusage: harness [--max-seconds N]");
                std::process::exit(2);
            }
        }
    }

    fn new(time: Duration) -> Self {
        Self {
            time,
            failed: None,
            limited: None,
            passed: Vec::new(),
            executions: 0,
            blocked: 0,
            seconds: 0.0,
        }
    }

    /// Looks at every execution of a model.
    pub fn model(&mut self, name: &str, body: impl Fn() + Send + Sync + 'static) {
        self.check(Check::new(name), Box::new(body));
    }

    /// Looks at `executions` executions of a model at random, from a fixed seed:
    /// for one that is too large to look at all of them.
    pub fn model_random(&mut self, name: &str, executions: u64, body: impl Fn() + Send + Sync + 'static) {
        self.check(Check::new(name).random(executions).seed(1), Box::new(body));
    }

    /// Runs a simulation.
    pub fn sim(&mut self, config: sim::Sim, body: impl Fn(&sim::World) + Send + Sync + 'static) {
        self.simulate(config, Box::new(body));
    }

    // These two take boxes, so that they are compiled here and not with every
    // harness, where the sanitizer pass would look into them.

    fn check(&mut self, check: Check, body: Box<dyn Fn() + Send + Sync>) {
        if self.failed.is_none() {
            self.note(check.max_time(self.time).run(body));
        }
    }

    fn simulate(&mut self, config: sim::Sim, body: Box<dyn Fn(&sim::World) + Send + Sync>) {
        if self.failed.is_none() {
            self.note(config.max_time(self.time).run(body));
        }
    }

    /// Prints the verdict, as one line of JSON on standard output, and ends the
    /// process with exit code 0, whatever the verdict is.
    pub fn finish(self) -> ! {
        let line = serde_json::to_string(&self.report()).expect("strings and numbers are JSON");
        // The code under test may have left an unfinished line behind.
        println!("\n{line}");
        std::process::exit(0);
    }

    fn note(&mut self, report: Report) {
        self.executions += report.executions;
        self.blocked += report.blocked;
        self.seconds += report.elapsed.as_secs_f64();
        if report.failed().is_some() {
            self.failed = Some(report);
        } else if report.passed() {
            self.passed.push(report);
        } else if self.limited.is_none() && !is_of_another_model(&report) {
            self.limited = Some(report);
        }
    }

    fn report(&self) -> HarnessReport {
        let deciding = match (&self.failed, &self.limited, &self.passed[..]) {
            (Some(report), _, _) => failure(report),
            (None, Some(report), _) => conclusion(HarnessVerdict::Limit, report, summary(report)),
            (None, None, []) => HarnessReport::new(HarnessVerdict::Limit, "", "no model ran"),
            (None, None, passed) => {
                let message: Vec<String> = passed.iter().map(summary).collect();
                conclusion(HarnessVerdict::Pass, &passed[0], message.join("\n"))
            }
        };
        HarnessReport {
            executions: self.executions,
            blocked: self.blocked,
            seconds: self.seconds,
            ..deciding
        }
    }
}

/// The verdict that `report` decides.
fn conclusion(verdict: HarnessVerdict, report: &Report, message: String) -> HarnessReport {
    HarnessReport::new(verdict, report.engine.to_string(), message)
}

/// What failed.
fn failure(report: &Report) -> HarnessReport {
    let kind = report.failed().map(|kind| kind.to_string());
    let Some(failure) = &report.failure else {
        return HarnessReport { kind, ..conclusion(HarnessVerdict::Fail, report, summary(report)) };
    };
    let message = format!("in `{}`: {}", report.name, failure.message);
    HarnessReport {
        kind,
        sites: failure.sites.iter().map(|site| Site::new(short(&site.file), site.line)).collect(),
        trace: failure.trace.to_string(),
        token: failure.token.clone(),
        ..conclusion(HarnessVerdict::Fail, report, message)
    }
}

/// While one model is replayed, the others do not run, which decides nothing.
fn is_of_another_model(report: &Report) -> bool {
    std::env::var_os("RINGWRIGHT_REPLAY").is_some()
        && report.executions == 0
        && matches!(report.verdict, Verdict::NotRun(_))
}

/// A report in one line, with its notes.
fn summary(report: &Report) -> String {
    let (name, verdict) = (&report.name, &report.verdict);
    let executions = if report.executions == 1 { "execution" } else { "executions" };
    let mut text = format!("`{name}`: {verdict}, {} {executions}", report.executions);
    for note in &report.notes {
        text.push_str("; ");
        text.push_str(note);
    }
    text
}

/// A file name as the author of a snippet knows it.
fn short(file: &str) -> String {
    file.strip_prefix("./").unwrap_or(file).to_owned()
}

fn time(mut args: impl Iterator<Item = String>) -> Result<Duration, String> {
    match (args.next().as_deref(), args.next(), args.next()) {
        (None, _, _) => Ok(MODEL_TIME),
        (Some("--max-seconds"), Some(seconds), None) => seconds
            .parse()
            .map(Duration::from_secs)
            .map_err(|error| format!("--max-seconds {seconds}: {error}")),
        (Some(other), _, _) => Err(format!("unexpected argument `{other}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringwright_check::door::atomic::{AtomicU32, Ordering};
    use ringwright_check::door::{Arc, thread};

    fn harness() -> Harness {
        Harness::new(MODEL_TIME)
    }

    /// Two increments of one counter, each a load and a store.
    fn two_increments(h: &mut Harness) {
        h.model("two increments", || {
            let count = Arc::new(AtomicU32::new(0));
            let other = Arc::clone(&count);
            let bump = |count: &AtomicU32| {
                count.store(count.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
            };
            let thread = thread::spawn(move || bump(&other));
            bump(&count);
            thread.join().unwrap();
            assert_eq!(count.load(Ordering::SeqCst), 2, "an increment is lost");
        });
    }

    fn one_increment(h: &mut Harness) {
        h.model("one increment", || {
            assert_eq!(AtomicU32::new(1).load(Ordering::SeqCst), 1);
        });
    }

    #[test]
    fn no_model_is_a_limit() {
        assert_eq!(harness().report().verdict, HarnessVerdict::Limit);
    }

    #[test]
    fn models_that_pass_are_a_pass() {
        let mut h = harness();
        one_increment(&mut h);
        one_increment(&mut h);
        let report = h.report();
        assert_eq!((report.verdict, report.kind.as_deref()), (HarnessVerdict::Pass, None));
        assert_eq!((report.engine.as_str(), report.executions), ("explorer", 2));
        assert_eq!(report.message.lines().count(), 2);
    }

    #[test]
    fn the_first_model_that_fails_decides() {
        let mut h = harness();
        one_increment(&mut h);
        two_increments(&mut h);
        h.model("never run", || unreachable!());
        let report = h.report();
        assert_eq!((report.verdict, report.kind.as_deref()), (HarnessVerdict::Fail, Some("panic")));
        assert!(report.message.starts_with("in `two increments`: "), "{report:?}");
        assert!(report.message.contains("an increment is lost"), "{report:?}");
        assert!(report.sites.iter().any(|site| site.file.ends_with("harness.rs")), "{report:?}");
        assert!(!report.trace.is_empty() && !report.token.is_empty());
    }

    #[test]
    fn a_limit_decides_unless_a_model_fails() {
        let limited = |h: &mut Harness| {
            let check = Check::new("limited").max_executions(1);
            h.check(check, Box::new(|| _ = any(2)));
        };
        let mut h = harness();
        limited(&mut h);
        one_increment(&mut h);
        assert_eq!(h.report().verdict, HarnessVerdict::Limit);
        two_increments(&mut h);
        assert_eq!(h.report().verdict, HarnessVerdict::Fail);
    }

    #[test]
    fn the_command_line_is_read_or_refused() {
        let args = |words: &[&str]| time(words.iter().map(|word| (*word).to_owned()));
        assert_eq!(args(&[]), Ok(MODEL_TIME));
        assert_eq!(args(&["--max-seconds", "7"]), Ok(Duration::from_secs(7)));
        assert!(args(&["--max-seconds"]).is_err());
        assert!(args(&["--max-seconds", "x"]).is_err());
        assert!(args(&["--max-seconds", "7", "8"]).is_err());
        assert!(args(&["--other"]).is_err());
    }
}
