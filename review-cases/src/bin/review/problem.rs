//! What is wrong with the input: one clear error a problem, with file and line
//! and what to do.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One thing that is wrong with the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The case it is in, by folder name.
    pub(crate) case: Option<String>,
    /// What is wrong.
    pub(crate) message: String,
    /// Where.
    pub(crate) place: Option<Box<Place>>,
    /// What to do about it.
    pub(crate) help: String,
    /// What another program said about it, word for word.
    pub(crate) quoted: String,
    /// Whether it is a label that does not fit, in a case that is otherwise
    /// well-formed and can still be used.
    pub(crate) of_label: bool,
}

/// A file, and possibly a line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: PathBuf,
    /// The line from 1, its text, and the columns (from 0, in characters) at fault.
    pub(crate) line: Option<(usize, String, Range<usize>)>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            case: None,
            message: message.into(),
            place: None,
            help: help.into(),
            quoted: String::new(),
            of_label: false,
        }
    }

    /// Says that the problem is in this case.
    pub(crate) fn of(mut self, case: &str) -> Self {
        self.case = Some(case.to_owned());
        self
    }

    /// Says that the problem is with this file as a whole.
    pub(crate) fn at(mut self, file: &Path) -> Self {
        self.place = Some(Box::new(Place { file: file.to_owned(), line: None }));
        self
    }

    /// Says that the problem is at these bytes of `file`, whose text is `source`.
    pub(crate) fn span(mut self, file: &Path, source: &str, bytes: Range<usize>) -> Self {
        let start = bytes.start.min(source.len());
        let before = &source[..start];
        let first = before.rfind('\n').map_or(0, |at| at + 1);
        let text = source[first..].lines().next().unwrap_or("");
        let column = source[first..start].chars().count();
        let end = bytes.end.min(first + text.len());
        let width = source.get(start..end).map_or(1, |s| s.chars().count());
        self.place = Some(Box::new(Place {
            file: file.to_owned(),
            line: Some((before.matches('\n').count() + 1, text.to_owned(), column..column + width.max(1))),
        }));
        self
    }

    /// Says that the problem is at this line (from 1) of `file`.
    pub(crate) fn line(mut self, file: &Path, line: usize, text: &str) -> Self {
        let indent = text.chars().take_while(|c| c.is_whitespace()).count();
        let width = text.trim().chars().count().max(1);
        self.place = Some(Box::new(Place {
            file: file.to_owned(),
            line: Some((line, text.trim_end().to_owned(), indent..indent + width)),
        }));
        self
    }

    /// Adds what another program said.
    pub(crate) fn quoting(mut self, text: impl Into<String>) -> Self {
        self.quoted = text.into();
        self
    }
}

/// A path as the reader would type it: relative to the working directory when
/// it lies under it.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let short = path.strip_prefix(&here).unwrap_or(path);
    short.display().to_string()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: ")?;
        if let Some(case) = &self.case {
            write!(f, "case `{case}`: ")?;
        }
        writeln!(f, "{}", self.message)?;
        match self.place.as_deref() {
            Some(Place { file, line: None }) => writeln!(f, "  --> {}", shown(file))?,
            Some(Place { file, line: Some((line, text, columns)) }) => {
                let margin = " ".repeat(line.to_string().len());
                writeln!(f, "{margin} --> {}:{line}:{}", shown(file), columns.start + 1)?;
                writeln!(f, "{margin} |")?;
                writeln!(f, "{line} | {text}")?;
                let mark = "^".repeat(columns.len());
                writeln!(f, "{margin} | {:indent$}{mark}", "", indent = columns.start)?;
            }
            None => {}
        }
        for line in self.quoted.trim_end().lines() {
            writeln!(f, "  | {line}")?;
        }
        writeln!(f, "  = help: {}", self.help)
    }
}

/// The name among `known` that `typed` was most likely meant to be.
pub(crate) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::levenshtein(typed, name), name))
        .filter(|&(far, name)| far <= 1 + name.len() / 3 || name.contains(typed))
        .min_by_key(|&(far, _)| far)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_shows_its_line_and_marks_its_columns() {
        let source = "a = 1\nbcd = \"x\"\n";
        let shown = Problem::new("no such key", "remove it")
            .of("demo")
            .span(Path::new("case.toml"), source, 6..9)
            .to_string();
        assert_eq!(
            shown,
            "error: case `demo`: no such key\n  --> case.toml:2:1\n  |\n2 | bcd = \"x\"\n  | ^^^\n  = help: remove it\n"
        );
    }

    #[test]
    fn a_span_past_the_end_is_still_shown() {
        let problem = Problem::new("m", "h").span(Path::new("f"), "abc", 10..12);
        assert!(problem.to_string().contains("f:1:4"));
    }

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        let known = ["market-data-ring", "coupon-wallet"];
        assert_eq!(nearest("market-data-rin", known), Some("market-data-ring"));
        assert_eq!(nearest("coupon", known), Some("coupon-wallet"));
        assert_eq!(nearest("zzz", known), None);
    }

    #[test]
    fn of_two_names_the_one_with_fewer_edits_is_suggested() {
        assert_eq!(nearest("kitten", ["sitting", "mitten"]), Some("mitten"));
        assert_eq!(nearest("same", ["sane", "same"]), Some("same"));
        assert_eq!(nearest("", ["abc"]), Some("abc"), "every name contains the empty one");
    }
}
