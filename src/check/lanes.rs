//! A failing execution as text: one column a thread.
//!
//! Each step stands in its thread's column as `file:line operation`; what a
//! load read stands to the right of all columns. A `*` marks the steps that the
//! failure is about.

use super::report::{Trace, TraceLine};
use std::fmt;

/// Characters of a column, at most.
const WIDEST: usize = 56;

/// Prints a [`Trace`] in lanes.
#[derive(Debug)]
pub(super) struct Lanes<'a>(pub(super) &'a Trace);

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

impl fmt::Display for Lanes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trace { lanes, lines } = self.0;
        let mut widths: Vec<usize> = lanes.iter().map(|name| name.chars().count()).collect();
        for line in lines {
            if let Some(width) = widths.get_mut(line.lane) {
                *width = (*width).max(cell(line).chars().count()).min(WIDEST);
            }
        }
        let row = |f: &mut fmt::Formatter<'_>, lane: usize, text: &str, note: &str| {
            for (other, width) in widths.iter().enumerate() {
                let text = if other == lane { text } else { "" };
                write!(f, "{}{text:<width$}", if other == 0 { "  " } else { " | " })?;
            }
            if !note.is_empty() {
                write!(f, "   <- {note}")?;
            }
            writeln!(f)
        };
        for (lane, name) in lanes.iter().enumerate() {
            write!(f, "{}{name:<1$}", if lane == 0 { "  " } else { " | " }, widths[lane])?;
        }
        writeln!(f)?;
        for (lane, width) in widths.iter().enumerate() {
            write!(f, "{}{:-<2$}", if lane == 0 { "  " } else { "-+-" }, "", *width)?;
        }
        writeln!(f)?;
        lines.iter().try_for_each(|line| row(f, line.lane, &cell(line), &line.note))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::report::SourceLine;

    #[test]
    fn each_step_stands_in_its_lane() {
        let line = |lane, line, what: &str, note: &str, guilty| TraceLine {
            lane,
            site: Some(SourceLine { file: "src/a.rs".into(), line }),
            what: what.into(),
            note: note.into(),
            guilty,
        };
        let trace = Trace {
            lanes: vec!["main".into(), "t1".into()],
            lines: vec![
                line(1, 4, "store a = 1 Relaxed", "", false),
                line(0, 9, "load a = 1 Acquire", "from t1 at src/a.rs:4", true),
            ],
        };
        let text = Lanes(&trace).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0].find("t1"), lines[2].find("a.rs:4 store"));
        assert!(lines[3].starts_with("  * a.rs:9 load a = 1 Acquire"));
        assert!(lines[3].ends_with("<- from t1 at src/a.rs:4"));
    }
}
