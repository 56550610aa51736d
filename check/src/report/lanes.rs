//! A failing execution as text: one column a thread.
//!
//! Each step stands in its thread's column as `file:line operation`; what a
//! load read stands to the right of all columns, or below the step in its column
//! if the line would be too long. Where the columns do not fit into a line next
//! to each other, the threads' names stand before the steps. A `*` marks the
//! steps that the failure is about. In colour, these are red, and stale reads
//! and late stores yellow; the text is the same.

use crate::report::data::{Trace, TraceLine};
use std::fmt;

/// Characters of a column, at most.
const WIDEST: usize = 56;

/// Characters of a column that is made narrower, at least.
const NARROWEST: usize = 20;

/// Characters of a thread's name that stands before its steps, at most.
const LONGEST_NAME: usize = 16;

/// Between two columns.
const BAR: usize = " | ".len();

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[33m";
const DIM: &str = "\x1b[2m";

/// Prints a [`Trace`] in lanes.
#[derive(Debug)]
pub(super) struct Lanes<'a> {
    pub(super) trace: &'a Trace,
    pub(super) colour: bool,
    /// Characters of a line, if that can be kept.
    pub(super) width: usize,
}

/// The colour of a step, if it has one.
fn colour(line: &TraceLine) -> Option<&'static str> {
    let odd = line.operation.as_ref().is_some_and(|o| o.stale || o.late);
    match (line.guilty, odd) {
        (true, _) => Some(RED),
        (false, true) => Some(YELLOW),
        (false, false) => None,
    }
}

/// `text` in `colour`, if there is one.
fn paint(f: &mut fmt::Formatter<'_>, colour: Option<&str>, text: &str) -> fmt::Result {
    match colour {
        Some(colour) => write!(f, "{colour}{text}\x1b[0m"),
        None => f.write_str(text),
    }
}

fn cell(line: &TraceLine) -> String {
    let mark = if line.guilty { "* " } else { "" };
    match &line.site {
        Some(site) => {
            let file = site.file.rsplit(['/', '\\']).next().unwrap_or(&site.file);
            format!("{mark}{file}:{} {}", site.line, line.what)
        }
        None => format!("{mark}{}", line.what),
    }
}

/// `text` in lines of at most `width` characters, broken at spaces where there are any.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last().map_or(0, |line| line.chars().count());
        let mut rest: Vec<char> = word.chars().collect();
        if last > 0 && last + 1 + rest.len() > width {
            lines.push(String::new());
        } else if last > 0 {
            lines.last_mut().expect("there is one").push(' ');
        }
        while rest.len() > width {
            let tail = rest.split_off(width);
            lines.last_mut().expect("there is one").extend(rest);
            lines.push(String::new());
            rest = tail;
        }
        lines.last_mut().expect("there is one").extend(rest);
    }
    lines
}

/// `note` with the names of files only, as the steps have them.
fn without_folders(note: &str) -> String {
    let word = |word: &str| word.rsplit(['/', '\\']).next().unwrap_or(word).to_owned();
    note.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

impl Lanes<'_> {
    /// The columns' widths, in characters: what their steps need, and less where
    /// all of them together would not fit into a line. `None` if they do not fit.
    fn widths(&self) -> Option<Vec<usize>> {
        let Trace { lanes, lines, .. } = self.trace;
        let mut widths: Vec<usize> = lanes.iter().map(|name| name.chars().count()).collect();
        for line in lines {
            if let Some(width) = widths.get_mut(line.lane) {
                *width = (*width).max(cell(line).chars().count()).min(WIDEST);
            }
        }
        let room = self.width.saturating_sub(2 + BAR * lanes.len().saturating_sub(1));
        while widths.iter().sum::<usize>() > room {
            let widest = widths.iter_mut().max().filter(|widest| **widest > NARROWEST)?;
            *widest -= 1;
        }
        Some(widths)
    }

    /// One line of `texts`, the column `lane` in `colour`.
    fn row(
        &self,
        f: &mut fmt::Formatter<'_>,
        widths: &[usize],
        (lane, text): (usize, &str),
        colour: Option<&str>,
    ) -> fmt::Result {
        for (column, width) in widths.iter().enumerate() {
            f.write_str(if column == 0 { "  " } else { " | " })?;
            if column == lane {
                paint(f, colour, &format!("{text:<width$}"))?;
            } else {
                write!(f, "{:<width$}", "")?;
            }
        }
        Ok(())
    }

    /// A step in the column `column` of `widths`.
    fn step(&self, f: &mut fmt::Formatter<'_>, widths: &[usize], line: &TraceLine) -> fmt::Result {
        let colour = colour(line).filter(|_| self.colour);
        let quiet = self.colour.then_some(colour.unwrap_or(DIM));
        let all = 2 + widths.iter().sum::<usize>() + BAR * widths.len().saturating_sub(1);
        let note = format!("<- {}", without_folders(&line.note));
        let beside = all + 3 + note.chars().count() <= self.width;
        let width = widths.get(line.lane).copied().unwrap_or(WIDEST);
        for (number, text) in broken(&cell(line), width).iter().enumerate() {
            self.row(f, widths, (line.lane, text), colour)?;
            if number == 0 && beside && !line.note.is_empty() {
                paint(f, quiet, &format!("   {note}"))?;
            }
            writeln!(f)?;
        }
        if beside || line.note.is_empty() {
            return Ok(());
        }
        for text in noted(&note, width) {
            self.row(f, widths, (line.lane, &text), quiet)?;
            writeln!(f)?;
        }
        Ok(())
    }

    /// The steps under each other, each after the name of its thread.
    fn list(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trace { lanes, lines, .. } = self.trace;
        let names = lanes.iter().map(|name| name.chars().count());
        let name = names.max().unwrap_or(0).min(LONGEST_NAME);
        let width = self.width.saturating_sub(2 + name + BAR).max(1);
        for line in lines {
            let colour = colour(line).filter(|_| self.colour);
            let quiet = self.colour.then_some(colour.unwrap_or(DIM));
            let lane = lanes.get(line.lane).map_or("", String::as_str);
            let who: String = lane.chars().take(name).collect();
            let texts = broken(&cell(line), width).into_iter().map(|text| (text, colour));
            let note = format!("<- {}", without_folders(&line.note));
            let notes = noted(&note, width).into_iter().filter(|_| !line.note.is_empty());
            for (number, (text, colour)) in texts.chain(notes.map(|text| (text, quiet))).enumerate() {
                write!(f, "  {:<name$} | ", if number == 0 { who.as_str() } else { "" })?;
                paint(f, colour, &text)?;
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// A note in lines of at most `width` characters: a sentence a line, if they are long.
fn noted(note: &str, width: usize) -> Vec<String> {
    const INDENT: usize = 3;
    if note.chars().count() <= width {
        return vec![note.to_owned()];
    }
    let parts = note.split_inclusive("; ").map(str::trim_end);
    let lines = parts.flat_map(|part| broken(part, width.saturating_sub(INDENT).max(1)));
    let indented = |(number, line): (usize, String)| {
        if number == 0 { line } else { format!("{:INDENT$}{line}", "") }
    };
    lines.enumerate().map(indented).collect()
}

impl fmt::Display for Lanes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trace { lanes, lines, .. } = self.trace;
        let Some(widths) = self.widths() else {
            return self.list(f);
        };
        for (lane, name) in lanes.iter().enumerate() {
            f.write_str(if lane == 0 { "  " } else { " | " })?;
            let fits: String = name.chars().take(widths[lane]).collect();
            paint(f, self.colour.then_some(BOLD), &format!("{fits:<0$}", widths[lane]))?;
        }
        writeln!(f)?;
        for (lane, width) in widths.iter().enumerate() {
            write!(f, "{}{:-<2$}", if lane == 0 { "  " } else { "-+-" }, "", *width)?;
        }
        writeln!(f)?;
        lines.iter().try_for_each(|line| self.step(f, &widths, line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::data::SourceLine;
    use crate::report::step::{Operation, OperationKind};

    #[test]
    fn each_step_stands_in_its_lane() {
        let line = |lane, line, what: &str, note: &str, guilty| TraceLine {
            lane,
            site: Some(SourceLine { file: "src/a.rs".into(), line }),
            what: what.into(),
            note: note.into(),
            guilty,
            operation: None,
        };
        let trace = Trace {
            lanes: vec!["main".into(), "t1".into()],
            lines: vec![
                line(1, 4, "store a = 1 Relaxed", "", false),
                line(0, 9, "load a = 1 Acquire", "from t1 at src/a.rs:4", true),
            ],
            interleaving: None,
            left_out: 0,
        };
        let text = Lanes { trace: &trace, colour: false, width: 100 }.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0].find("t1"), lines[2].find("a.rs:4 store"));
        assert!(lines[3].starts_with("  * a.rs:9 load a = 1 Acquire"));
        assert!(lines[3].ends_with("<- from t1 at a.rs:4"));
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let mut operation = Operation::new(OperationKind::Load, "load");
        operation.stale = true;
        let line = |lane, guilty, operation| TraceLine {
            lane,
            what: "load a = 0".into(),
            note: "initial value".into(),
            guilty,
            operation,
            ..TraceLine::default()
        };
        let trace = Trace {
            lanes: vec!["main".into(), "t1".into()],
            lines: vec![line(0, true, None), line(1, false, Some(operation)), line(0, false, None)],
            interleaving: None,
            left_out: 0,
        };
        let coloured = Lanes { trace: &trace, colour: true, width: 100 }.to_string();
        assert!(
            coloured.contains(&format!("{RED}* load a")) && coloured.contains(&format!("{YELLOW}load a"))
        );
        let mut bare = coloured;
        for code in [BOLD, RED, YELLOW, DIM, "\x1b[0m"] {
            bare = bare.replace(code, "");
        }
        assert_eq!(bare, Lanes { trace: &trace, colour: false, width: 100 }.to_string());
    }

    /// Three lanes whose steps have long names, and a load with a long note.
    fn wide() -> Trace {
        let line = |lane, what: &str, note: &str| TraceLine {
            lane,
            site: Some(SourceLine { file: "src/a_rather_long_name.rs".into(), line: 123 }),
            what: what.into(),
            note: note.into(),
            ..TraceLine::default()
        };
        let stale = "from t1 at src/a_rather_long_name.rs:123; one newer store there, but nothing orders them before this";
        Trace {
            lanes: vec!["main".into(), "t1".into(), "t2".into()],
            lines: vec![
                line(0, "compare_exchange_weak a: 0 -> 1 AcqRel", ""),
                line(1, "store a = 1 Relaxed", ""),
                line(2, "load a = 1 Acquire", stale),
            ],
            ..Trace::default()
        }
    }

    #[test]
    fn lanes_keep_to_the_width_of_the_terminal() {
        for width in [40, 60, 80, 100, 120] {
            let text = Lanes { trace: &wide(), colour: false, width }.to_string();
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}:\n{text}");
        }
        let text = Lanes { trace: &wide(), colour: false, width: 80 }.to_string();
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let bars = |line: &str| line.match_indices(['|', '+']).map(|(at, _)| at).collect::<Vec<_>>();
        let steps = lines.iter().filter(|line| line.contains('|'));
        // All lines keep to the columns: what is broken goes on below, in its own lane.
        assert!(
            steps.clone().count() + 1 == lines.len()
                && steps.clone().all(|line| bars(line) == bars(lines[1])),
            "{text}"
        );
        // Nothing is lost.
        let words = |lane: usize| -> String {
            let cells = steps.clone().skip(1).filter_map(|line| line.split(" | ").nth(lane));
            cells.flat_map(str::split_whitespace).collect()
        };
        assert_eq!(words(0), "a_rather_long_name.rs:123compare_exchange_weaka:0->1AcqRel", "{text}");
        let note = "<-fromt1ata_rather_long_name.rs:123;onenewerstorethere,butnothingordersthembeforethis";
        assert_eq!(words(2), format!("a_rather_long_name.rs:123loada=1Acquire{note}"), "{text}");
    }

    #[test]
    fn lanes_that_do_not_fit_stand_under_each_other() {
        let mut trace = wide();
        trace.lanes.extend((3..12).map(|number| format!("a thread of a long name {number}")));
        for line in 3..12 {
            trace.lines.push(TraceLine { lane: line, guilty: line == 11, ..trace.lines[1].clone() });
        }
        for width in [40, 60, 80] {
            let text = Lanes { trace: &trace, colour: false, width }.to_string();
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}:\n{text}");
            assert!(text.lines().all(|line| line.find('|') == Some(19)), "{width}:\n{text}");
        }
        let text = Lanes { trace: &trace, colour: false, width: 100 }.to_string();
        let expected = "  t2               | a_rather_long_name.rs:123 load a = 1 Acquire\n                   | <- from t1 at a_rather_long_name.rs:123;\n                   |    one newer store there, but nothing orders them before this\n";
        assert!(text.contains(expected), "{text}");
        assert!(
            text.ends_with("  a thread of a lo | * a_rather_long_name.rs:123 store a = 1 Relaxed\n"),
            "{text}"
        );
    }

    #[test]
    fn a_text_is_broken_at_spaces_or_else_anywhere() {
        assert_eq!(broken("load a = 1", 20), ["load a = 1"]);
        assert_eq!(broken("load a = 1", 6), ["load a", "= 1"]);
        assert_eq!(broken("a.rs:1 abcdefgh x", 5), ["a.rs:", "1", "abcde", "fgh x"]);
        assert_eq!(broken("", 5), [""]);
    }
}
