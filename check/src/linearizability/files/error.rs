//! What can be wrong with a history file, and where.

use crate::linearizability::brief::value;
use crate::linearizability::files::value::EventValue;
use std::error::Error;
use std::fmt;

/// What is wrong with a history file, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub kind: FileErrorKind,
}

impl FileError {
    pub(crate) fn new(line: usize, kind: FileErrorKind) -> FileError {
        FileError { line, kind }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.kind)
    }
}

impl Error for FileError {}

/// What is wrong with a history file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// Bytes that are no UTF-8.
    NotUtf8,
    /// No event of a client.
    NoEvent,
    /// A JSON line that ends within a value, at this column.
    TruncatedLine(usize),
    /// A file that ends where a value should be.
    TruncatedFile,
    /// A list, set, map or string, begun in line `opened`, that the file does not end.
    Unclosed {
        /// `list`, `set`, `map` or `string`.
        what: &'static str,
        /// The line of its first character.
        opened: usize,
    },
    /// A JSON line that is none, by the parser's message.
    Json(String),
    /// A closing bracket without an opening one.
    StrayBracket(char),
    /// An escape in a string that EDN does not have.
    UnknownEscape(char),
    /// A colon without a name.
    NamelessKeyword,
    /// A word that begins as a number and is none.
    MalformedNumber(String),
    /// Values nested deeper than this.
    TooDeep(usize),
    /// A map, begun in line `opened`, whose last key has no value.
    KeyWithoutValue {
        /// The line of its first character.
        opened: usize,
        /// The key.
        key: EventValue,
    },
    /// A map with a key twice, or a set with a value twice.
    Twice {
        /// `map` or `set`.
        what: &'static str,
        /// What is there twice.
        found: EventValue,
    },
    /// An event that is no map.
    NotAMap(EventValue),
    /// An event without this field.
    MissingField(&'static str),
    /// A field that should be a name.
    NotAName {
        /// The field.
        field: &'static str,
        /// What it holds.
        found: EventValue,
    },
    /// A process that is neither a name nor a number from 0.
    NotAProcess(EventValue),
    /// An event that is neither `invoke`, `ok`, `fail` nor `info`.
    UnknownType(String),
    /// A process calls an operation while another one is open.
    Overlap {
        /// The process, as the file says it.
        process: String,
        /// What it calls.
        f: String,
        /// What it called before.
        open: String,
        /// The line of that call.
        line: usize,
    },
    /// A process ends an operation, but none is open.
    NotCalled {
        /// The process, as the file says it.
        process: String,
        /// What it ends.
        f: String,
    },
    /// A process ends another operation than it called.
    OtherCalled {
        /// The process, as the file says it.
        process: String,
        /// What it ends.
        f: String,
        /// What it called.
        open: String,
        /// The line of that call.
        line: usize,
    },
    /// An operation that the object does not have.
    UnknownOperation {
        /// Its name.
        f: String,
        /// The names that there are.
        known: &'static [&'static str],
    },
    /// An operation that needs a value and has none.
    MissingValue(String),
    /// A value of the wrong form.
    MalformedValue {
        /// Whose value.
        f: String,
        /// The form it should have.
        form: &'static str,
        /// What it is.
        found: EventValue,
    },
    /// A call of one key that came back with another.
    OtherKey {
        /// What was called: `read`, `write` or `cas`.
        f: &'static str,
        /// The key that was called with.
        called: EventValue,
        /// The key that came back.
        returned: EventValue,
    },
    /// A compare-and-set of a register that has none.
    NoCas,
    /// What a reader of operations given to [`history`](crate::linearize::files::history) says.
    Operation(String),
}

impl fmt::Display for FileErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use FileErrorKind as Kind;
        match self {
            Kind::NotUtf8 => f.write_str("no UTF-8"),
            Kind::NoEvent => f.write_str("the file holds no event of a client"),
            Kind::TruncatedLine(column) => {
                write!(f, "truncated: the line ends within a value, at column {column}")
            }
            Kind::TruncatedFile => f.write_str("truncated: the file ends where a value should be"),
            Kind::Unclosed { what, opened } => {
                write!(f, "truncated: the {what} of line {opened} is not closed")
            }
            Kind::Json(message) => write!(f, "no JSON: {message}"),
            Kind::StrayBracket(bracket) => write!(f, "`{bracket}` closes nothing"),
            Kind::UnknownEscape(letter) => write!(f, "an escape that is none: \\{letter}"),
            Kind::NamelessKeyword => f.write_str("a keyword without a name"),
            Kind::MalformedNumber(word) => write!(f, "a number that is none: {word}"),
            Kind::TooDeep(limit) => write!(f, "values nested more than {limit} deep"),
            Kind::KeyWithoutValue { opened, key } => {
                write!(f, "the map of line {opened} has a key without a value: {}", value(key))
            }
            Kind::Twice { what, found } => write!(f, "a {what} has {} twice", value(found)),
            Kind::NotAMap(found) => write!(f, "expected a map, found {}", value(found)),
            Kind::MissingField(field) => write!(f, "the event has no `{field}`"),
            Kind::NotAName { field, found } => write!(f, "`{field}` is no name: {}", value(found)),
            Kind::NotAProcess(found) => {
                write!(f, "`process` is no process number: {}", value(found))
            }
            Kind::UnknownType(found) => {
                write!(f, "`type` is none of invoke, ok, fail, info: {}", value(found))
            }
            Kind::Overlap { .. } | Kind::NotCalled { .. } | Kind::OtherCalled { .. } => self.pairing(f),
            Kind::UnknownOperation { f: name, known } => {
                write!(f, "no such operation: {}; there are {}", value(name), known.join(", "))
            }
            Kind::MissingValue(name) => write!(f, "{name} without a value"),
            Kind::MalformedValue { f: name, form, found } => {
                write!(f, "the value of a {name} is {form}, not {}", value(found))
            }
            Kind::OtherKey { f: name, called, returned } => {
                write!(f, "a {name} of key {} came back with key {}", value(called), value(returned))
            }
            Kind::NoCas => f.write_str("a register has no cas; see the specification cas-register"),
            Kind::Operation(message) => f.write_str(message),
        }
    }
}

impl FileErrorKind {
    /// Events that do not pair up.
    fn pairing(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileErrorKind::Overlap { process, f, open, line } => {
                write!(out, "process {process} calls {f} while its {open} of line {line} is open")
            }
            FileErrorKind::OtherCalled { process, f, open, line } => {
                write!(out, "process {process} ends {f}, but its call of line {line} is {open}")
            }
            FileErrorKind::NotCalled { process, f } => {
                write!(out, "process {process} ends {f}, which it has not called")
            }
            _ => Ok(()),
        }
    }
}

impl From<String> for FileErrorKind {
    fn from(message: String) -> Self {
        FileErrorKind::Operation(message)
    }
}

impl From<&str> for FileErrorKind {
    fn from(message: &str) -> Self {
        FileErrorKind::Operation(message.to_owned())
    }
}
