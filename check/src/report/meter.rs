//! Says how far a long search is.
//!
//! At a terminal, a search of more than two seconds gets a line that is kept up
//! to date on stderr; several searches at once get a line each. Elsewhere it
//! says something every 30 seconds, and only if `RINGWRIGHT_PROGRESS=1` is in
//! the environment, so that the output of tests stays as it is.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Executions between two looks at the clock.
const CLOCK_EVERY: u64 = 64;

/// A search that is over within this time says nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// What a search has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) complete: u64,
    pub(crate) blocked: u64,
    /// Distinct executions, where they are counted.
    pub(crate) distinct: Option<u64>,
    /// Reads that took another value than the newest, and stores that went before another one.
    pub(crate) stale_choices: u64,
}

impl Counts {
    /// The counts in words, after `elapsed`.
    fn text(&self, name: &str, elapsed: Duration) -> String {
        let distinct = self.distinct.map(|n| format!(", {n} distinct")).unwrap_or_default();
        let seconds = elapsed.as_secs_f64();
        let rate = (self.complete + self.blocked) as f64 / seconds.max(0.001);
        format!(
            "{name}: {} complete, {} blocked{distinct}, {} stale choices, {rate:.0} a second, {seconds:.0} s",
            self.complete, self.blocked, self.stale_choices
        )
    }
}

/// How the reader is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Silent,
    /// A line that is kept up to date.
    Bar,
    /// Line after line.
    Lines,
}

fn manner(terminal: bool, asked_for: bool) -> Manner {
    match (terminal, asked_for) {
        (true, _) => Manner::Bar,
        (false, true) => Manner::Lines,
        (false, false) => Manner::Silent,
    }
}

/// Whether to say something after `elapsed`, if the last time was at `last`.
fn due(manner: Manner, elapsed: Duration, last: Duration) -> bool {
    match manner {
        Manner::Silent => false,
        Manner::Bar => elapsed >= PATIENCE,
        Manner::Lines => elapsed >= last + LINE_EVERY,
    }
}

/// Says how far one search is, while it lives.
#[derive(Debug)]
pub(crate) struct Meter {
    name: String,
    manner: Manner,
    started: Instant,
    last: Duration,
    calls: u64,
    bar: Option<ProgressBar>,
}

impl Meter {
    /// A meter for the search of the model called `name`, which starts now.
    pub(crate) fn new(name: &str) -> Meter {
        let asked_for = std::env::var_os("RINGWRIGHT_PROGRESS").is_some_and(|value| value == "1");
        Meter {
            name: name.to_owned(),
            manner: manner(std::io::stderr().is_terminal(), asked_for),
            started: Instant::now(),
            last: Duration::ZERO,
            calls: 0,
            bar: None,
        }
    }

    /// An execution is over. Asks for the counts only when it says them.
    pub(crate) fn tick(&mut self, counts: impl FnOnce() -> Counts) {
        self.calls += 1;
        if self.manner == Manner::Silent || !self.calls.is_multiple_of(CLOCK_EVERY) {
            return;
        }
        let elapsed = self.started.elapsed();
        if due(self.manner, elapsed, self.last) {
            self.last = elapsed;
            let text = counts().text(&self.name, elapsed);
            if self.manner == Manner::Bar {
                self.bar.get_or_insert_with(bar).set_message(text);
            } else {
                eprintln!("{text}");
            }
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// One more line below those of the other searches of this program.
fn bar() -> ProgressBar {
    static BARS: OnceLock<MultiProgress> = OnceLock::new();
    let bar = ProgressBar::new_spinner();
    bar.set_style(
        ProgressStyle::with_template("{spinner} {wide_msg}").expect("a template of the right form"),
    );
    let bar = BARS.get_or_init(MultiProgress::new).add(bar);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_are_told_with_their_rate() {
        let counts = Counts { complete: 900, blocked: 100, distinct: Some(7), stale_choices: 3 };
        assert_eq!(
            counts.text("m", Duration::from_secs(10)),
            "m: 900 complete, 100 blocked, 7 distinct, 3 stale choices, 100 a second, 10 s"
        );
        let plain = Counts { complete: 1, ..Counts::default() }.text("m", Duration::from_secs(1));
        assert_eq!(plain, "m: 1 complete, 0 blocked, 0 stale choices, 1 a second, 1 s");
    }

    #[test]
    fn a_short_search_and_a_test_that_was_not_asked_say_nothing() {
        let seconds = Duration::from_secs;
        assert_eq!(manner(false, false), Manner::Silent);
        assert_eq!((manner(true, false), manner(false, true)), (Manner::Bar, Manner::Lines));
        assert!(!due(Manner::Silent, seconds(1_000), seconds(0)));
        assert!(!due(Manner::Bar, seconds(1), seconds(0)) && due(Manner::Bar, seconds(3), seconds(3)));
        assert!(
            !due(Manner::Lines, seconds(59), seconds(30)) && due(Manner::Lines, seconds(60), seconds(30))
        );
    }
}
