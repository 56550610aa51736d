//! A failing execution as text: one column a thread.

use super::report::Trace;
use std::fmt;

/// Prints a [`Trace`] in lanes.
#[derive(Debug)]
pub struct Lanes<'a>(pub &'a Trace);

impl fmt::Display for Lanes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = 34;
        for lane in &self.0.lanes {
            write!(f, "{lane:<width$}")?;
        }
        for line in &self.0.lines {
            write!(f, "\n{:indent$}{}", "", line.what, indent = line.lane * width)?;
        }
        Ok(())
    }
}
