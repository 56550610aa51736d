//! The reader's terminal: how wide it is, and whether it shows colours.

use std::io::IsTerminal;

/// Characters of a line where nobody says how many there are.
const WIDTH: usize = 100;

/// Narrower than this, lanes are not readable.
const NARROWEST: usize = 40;

/// Characters of a line: `COLUMNS`, or else those of the terminal that standard
/// output or standard error is.
pub(super) fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    columns.or_else(of_terminal).unwrap_or(WIDTH).max(NARROWEST)
}

#[cfg(unix)]
fn of_terminal() -> Option<usize> {
    let of = |fd| {
        let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: the request writes one `winsize`, and `size` is one that is ours.
        let answer = unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &raw mut size) };
        (answer == 0 && size.ws_col > 0).then_some(usize::from(size.ws_col))
    };
    of(libc::STDOUT_FILENO).or_else(|| of(libc::STDERR_FILENO))
}

#[cfg(not(unix))]
fn of_terminal() -> Option<usize> {
    None
}

/// Whether the terminal says that it can do nothing but print.
pub(super) fn dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Whether what is printed now goes to a person at a terminal who wants colour.
pub(super) fn colour_wanted() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && std::io::stderr().is_terminal() && !set("NO_COLOR") && !dumb()
}
