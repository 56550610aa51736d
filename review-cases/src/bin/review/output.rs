//! Where the tool prints to, how wide that is, and the exit codes.

use crate::problem::Problem;
use std::io::Write;

/// Everything is as labelled.
pub(crate) const OK: u8 = 0;
/// Some variant is not as labelled.
pub(crate) const NOT_AS_LABELLED: u8 = 1;
/// Some input is bad.
pub(crate) const BAD_INPUT: u8 = 2;

/// The columns of a table that is not printed to a terminal.
const COLUMNS: usize = 80;

/// Prints to standard output. A reader that went away is no error.
pub(crate) fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Prints the problems to standard error and gives the exit code for them.
pub(crate) fn print_problems(problems: &[Problem]) -> u8 {
    for problem in problems {
        eprintln!("{problem}");
    }
    if problems.is_empty() { OK } else { BAD_INPUT }
}

/// The columns of standard output.
pub(crate) fn columns() -> usize {
    console::Term::stdout().size_checked().map_or(COLUMNS, |(_, columns)| usize::from(columns))
}
