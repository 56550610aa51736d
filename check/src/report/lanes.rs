//! A failing execution as text: one column a thread.
//!
//! Each step stands in its thread's column as `file:line operation`; what a
//! load read stands to the right of all columns. A `*` marks the steps that the
//! failure is about. In colour, these are red, and stale reads and late stores
//! yellow; the text is the same.

use crate::report::data::{Trace, TraceLine};
use std::fmt;
use std::io::IsTerminal;

/// Characters of a column, at most.
const WIDEST: usize = 56;

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[33m";
const DIM: &str = "\x1b[2m";

/// Prints a [`Trace`] in lanes.
#[derive(Debug)]
pub(super) struct Lanes<'a> {
    pub(super) trace: &'a Trace,
    pub(super) colour: bool,
}

/// Whether what is printed now goes to a person at a terminal who wants colour.
pub(super) fn colour_wanted() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stdout().is_terminal() && std::io::stderr().is_terminal() && !set("NO_COLOR") && !dumb
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

impl Lanes<'_> {
    /// The columns' widths, in characters.
    fn widths(&self) -> Vec<usize> {
        let Trace { lanes, lines, .. } = self.trace;
        let mut widths: Vec<usize> = lanes.iter().map(|name| name.chars().count()).collect();
        for line in lines {
            if let Some(width) = widths.get_mut(line.lane) {
                *width = (*width).max(cell(line).chars().count()).min(WIDEST);
            }
        }
        widths
    }

    fn row(&self, f: &mut fmt::Formatter<'_>, widths: &[usize], line: &TraceLine) -> fmt::Result {
        let colour = colour(line).filter(|_| self.colour);
        for (lane, width) in widths.iter().enumerate() {
            f.write_str(if lane == 0 { "  " } else { " | " })?;
            if lane == line.lane {
                paint(f, colour, &format!("{:<width$}", cell(line)))?;
            } else {
                write!(f, "{:<width$}", "")?;
            }
        }
        if !line.note.is_empty() {
            let quiet = self.colour.then_some(colour.unwrap_or(DIM));
            paint(f, quiet, &format!("   <- {}", line.note))?;
        }
        writeln!(f)
    }
}

impl fmt::Display for Lanes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trace { lanes, lines, .. } = self.trace;
        let widths = self.widths();
        for (lane, name) in lanes.iter().enumerate() {
            f.write_str(if lane == 0 { "  " } else { " | " })?;
            paint(f, self.colour.then_some(BOLD), &format!("{name:<0$}", widths[lane]))?;
        }
        writeln!(f)?;
        for (lane, width) in widths.iter().enumerate() {
            write!(f, "{}{:-<2$}", if lane == 0 { "  " } else { "-+-" }, "", *width)?;
        }
        writeln!(f)?;
        lines.iter().try_for_each(|line| self.row(f, &widths, line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::data::SourceLine;

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
        let text = Lanes { trace: &trace, colour: false }.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0].find("t1"), lines[2].find("a.rs:4 store"));
        assert!(lines[3].starts_with("  * a.rs:9 load a = 1 Acquire"));
        assert!(lines[3].ends_with("<- from t1 at src/a.rs:4"));
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let mut operation = crate::Operation::new(crate::OperationKind::Load, "load");
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
        let coloured = Lanes { trace: &trace, colour: true }.to_string();
        assert!(
            coloured.contains(&format!("{RED}* load a")) && coloured.contains(&format!("{YELLOW}load a"))
        );
        let mut bare = coloured;
        for code in [BOLD, RED, YELLOW, DIM, "\x1b[0m"] {
            bare = bare.replace(code, "");
        }
        assert_eq!(bare, Lanes { trace: &trace, colour: false }.to_string());
    }
}
