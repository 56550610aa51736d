//! Says how far a long search is.
//!
//! At a terminal, a search of more than two seconds gets a line that is kept up
//! to date on stderr; several searches at once get a line each. Elsewhere it
//! says something every 30 seconds, and only if `RINGWRIGHT_PROGRESS=1` is in
//! the environment, so that the output of tests stays as it is.

use crate::report::terminal;
use crate::report::words::count;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Executions between two looks at the clock.
const CLOCK_EVERY: u64 = 64;

/// A search that is over within this time says nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// Time between two changes of a line at a terminal.
const REDRAW_EVERY: Duration = Duration::from_millis(200);

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// What a search has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SearchCounts {
    pub(crate) complete: u64,
    pub(crate) blocked: u64,
    /// Distinct executions, where they are counted.
    pub(crate) distinct: Option<u64>,
    /// Reads that took another value than the newest, and stores that went before another one.
    pub(crate) stale_choices: u64,
}

impl SearchCounts {
    /// The counts in words, after `elapsed`.
    fn text(&self, name: &str, elapsed: Duration) -> String {
        let distinct = self.distinct.map(|n| format!(", {n} distinct")).unwrap_or_default();
        let seconds = elapsed.as_secs_f64();
        let rate = (self.complete + self.blocked) as f64 / seconds.max(0.001);
        format!(
            "{name}: {} complete, {} blocked{distinct}, {}, {rate:.0} a second, {seconds:.0} s",
            self.complete,
            self.blocked,
            count(self.stale_choices, "stale choice")
        )
    }
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Silent,
    /// A line that is kept up to date.
    Line,
    /// Line after line.
    Lines,
}

fn manner(terminal: bool, asked_for: bool) -> Manner {
    match (terminal, asked_for) {
        (true, _) => Manner::Line,
        (false, true) => Manner::Lines,
        (false, false) => Manner::Silent,
    }
}

/// Whether to say something after `elapsed`, if the last time was at `last`.
fn due(manner: Manner, elapsed: Duration, last: Duration) -> bool {
    match manner {
        Manner::Silent => false,
        Manner::Line => elapsed >= PATIENCE && elapsed >= last + REDRAW_EVERY,
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
    /// The number of its line at the terminal, if it has one.
    line: Option<u64>,
}

impl Meter {
    /// A meter for the search of the model called `name`, which starts now.
    pub(crate) fn new(name: &str) -> Meter {
        let asked_for = std::env::var_os("RINGWRIGHT_PROGRESS").is_some_and(|value| value == "1");
        Meter {
            name: name.to_owned(),
            manner: manner(std::io::stderr().is_terminal() && !terminal::dumb(), asked_for),
            started: Instant::now(),
            last: Duration::ZERO,
            calls: 0,
            line: None,
        }
    }

    /// An execution is over. Asks for the counts only when it says them.
    pub(crate) fn tick(&mut self, counts: impl FnOnce() -> SearchCounts) {
        self.calls += 1;
        if self.manner == Manner::Silent || !self.calls.is_multiple_of(CLOCK_EVERY) {
            return;
        }
        let elapsed = self.started.elapsed();
        if due(self.manner, elapsed, self.last) {
            self.last = elapsed;
            let text = counts().text(&self.name, elapsed);
            if self.manner == Manner::Line {
                let line = *self.line.get_or_insert_with(|| board().new_line());
                board().set(line, Some(text));
            } else {
                // Not `eprintln!`: a test's output is captured, and this is for who waits for it.
                let _ = writeln!(std::io::stderr(), "{text}");
            }
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            board().set(line, None);
        }
    }
}

/// The lines at the terminal: one for each search of this program that is under way.
#[derive(Debug)]
struct Board {
    lines: Vec<(u64, String)>,
    /// Lines made so far.
    made: u64,
}

/// The only one.
fn board() -> std::sync::MutexGuard<'static, Board> {
    static BOARD: Mutex<Board> = Mutex::new(Board { lines: Vec::new(), made: 0 });
    BOARD.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Board {
    fn new_line(&mut self) -> u64 {
        self.made += 1;
        self.lines.push((self.made, String::new()));
        self.made
    }

    /// Changes a line, or takes it away, and draws all anew.
    fn set(&mut self, number: u64, text: Option<String>) {
        match text {
            Some(text) => self.lines.iter_mut().filter(|l| l.0 == number).for_each(|l| l.1.clone_from(&text)),
            None => self.lines.retain(|l| l.0 != number),
        }
        let mut stderr = std::io::stderr().lock();
        let text = self.drawn(terminal::width());
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }

    /// What draws the lines, each cut to the terminal's width. The cursor comes
    /// back to the first line's start: there the next drawing begins, and clears.
    fn drawn(&self, width: usize) -> String {
        let mut text = String::from("\r\x1b[J");
        for (number, (_, line)) in self.lines.iter().enumerate() {
            text.push_str(if number == 0 { "" } else { "\n" });
            text.extend(line.chars().filter(|c| !c.is_control()).take(width.saturating_sub(1)));
        }
        if self.lines.len() > 1 {
            text.push_str(&format!("\x1b[{}A", self.lines.len() - 1));
        }
        text.push('\r');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_come_with_their_rate() {
        let counts = SearchCounts { complete: 900, blocked: 100, distinct: Some(7), stale_choices: 3 };
        assert_eq!(
            counts.text("m", Duration::from_secs(10)),
            "m: 900 complete, 100 blocked, 7 distinct, 3 stale choices, 100 a second, 10 s"
        );
        let plain = SearchCounts { complete: 1, ..SearchCounts::default() }.text("m", Duration::from_secs(1));
        assert_eq!(plain, "m: 1 complete, 0 blocked, 0 stale choices, 1 a second, 1 s");
    }

    #[test]
    fn a_short_search_and_a_test_that_was_not_asked_say_nothing() {
        let seconds = Duration::from_secs;
        assert_eq!(manner(false, false), Manner::Silent);
        assert_eq!((manner(true, false), manner(false, true)), (Manner::Line, Manner::Lines));
        assert!(!due(Manner::Silent, seconds(1_000), seconds(0)));
        assert!(!due(Manner::Line, seconds(1), seconds(0)) && due(Manner::Line, seconds(3), seconds(0)));
        let soon = seconds(3) + REDRAW_EVERY;
        assert!(!due(Manner::Line, soon - Duration::from_millis(1), seconds(3)));
        assert!(due(Manner::Line, soon, seconds(3)));
        assert!(
            !due(Manner::Lines, seconds(59), seconds(30)) && due(Manner::Lines, seconds(60), seconds(30))
        );
    }

    #[test]
    fn searches_at_once_get_a_line_each() {
        let mut board = Board { lines: Vec::new(), made: 0 };
        let (first, second) = (board.new_line(), board.new_line());
        assert_ne!(first, second);
        board.lines[0].1 = "one: 5 complete".into();
        board.lines[1].1 = "two:\x1b[2J 17 complete".into();
        assert_eq!(board.drawn(80), "\r\x1b[Jone: 5 complete\ntwo:[2J 17 complete\x1b[1A\r");
        assert_eq!(board.drawn(5), "\r\x1b[Jone:\ntwo:\x1b[1A\r");
        board.lines.remove(0);
        assert_eq!(board.drawn(80), "\r\x1b[Jtwo:[2J 17 complete\r");
        board.lines.clear();
        assert_eq!(board.drawn(80), "\r\x1b[J\r");
    }
}
