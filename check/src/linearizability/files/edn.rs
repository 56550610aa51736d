//! History files in EDN, as Jepsen writes them: maps one after the other, or a
//! vector of maps.
//!
//! It reads nil, booleans, numbers, strings, characters, keywords and symbols (as
//! text), vectors, lists, sets, maps; tags (`#inst`, `#jepsen.history.Op`) are
//! passed over, `#_` drops the next value. Values are compared by what they mean:
//! sets and maps in any order, numbers however they are written.

use crate::linearizability::files::error::{FileError, FileErrorKind};
use crate::linearizability::files::event::Event;
use crate::linearizability::files::events::Events;
use crate::linearizability::files::number::number;
use crate::linearizability::files::value::EventValue;

/// Values may be nested so deep.
const DEEPEST: usize = 64;

/// The events of a file in EDN.
///
/// # Errors
///
/// The first value that is no event.
pub fn read_edn(text: &str) -> Result<Events, FileError> {
    let mut reader = EdnReader { rest: text, line: 1, depth: 0 };
    let mut events = Vec::new();
    let mut inside: Option<(char, usize)> = None;
    loop {
        reader.skip()?;
        let line = reader.line;
        match (reader.peek(), inside) {
            (None, None) => return Ok(Events::of(events)),
            (None, Some((_, opened))) => {
                return Err(FileError::new(line, FileErrorKind::Unclosed { what: "list", opened }));
            }
            (Some(open @ ('[' | '(')), None) => {
                reader.next();
                inside = Some((if open == '[' { ']' } else { ')' }, line));
            }
            (Some(c), Some((close, _))) if c == close => {
                reader.next();
                inside = None;
            }
            (Some(_), _) => {
                let map = reader.value()?;
                events.push(Event::from_map(line, &map)?);
            }
        }
    }
}

struct EdnReader<'a> {
    rest: &'a str,
    line: usize,
    depth: usize,
}

impl<'a> EdnReader<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn error<T>(&self, kind: FileErrorKind) -> Result<T, FileError> {
        Err(FileError::new(self.line, kind))
    }

    /// Passes over white space, commas, comments and dropped values.
    fn skip(&mut self) -> Result<(), FileError> {
        while let Some(c) = self.peek() {
            if c.is_whitespace() || c == ',' {
                self.next();
            } else if c == ';' {
                while self.peek().is_some_and(|c| c != '\n') {
                    self.next();
                }
            } else if self.rest.starts_with("#_") {
                self.next();
                self.next();
                self.nested(EdnReader::value)?;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, FileError>) -> Result<T, FileError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.error(FileErrorKind::TooDeep(DEEPEST));
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn value(&mut self) -> Result<EventValue, FileError> {
        self.skip()?;
        let Some(first) = self.peek() else {
            return self.error(FileErrorKind::TruncatedFile);
        };
        match first {
            '[' => self.list("list", ']').map(EventValue::List),
            '(' => self.list("list", ')').map(EventValue::List),
            '{' => self.map(),
            '"' => self.string(),
            '#' if self.rest.starts_with("#{") => {
                self.next();
                let values = self.list("set", '}')?;
                EventValue::set(values)
                    .or_else(|found| self.error(FileErrorKind::Twice { what: "set", found }))
            }
            // Clojure's numbers that have no digits.
            '#' if self.rest.starts_with("##") => Ok(EventValue::Number(self.word()[2..].into())),
            '#' => {
                self.next();
                self.word();
                self.nested(EdnReader::value)
            }
            ']' | ')' | '}' => self.error(FileErrorKind::StrayBracket(first)),
            '\\' => {
                self.next();
                let letter = self.next().map(String::from).unwrap_or_default();
                Ok(EventValue::Text(letter + self.word()))
            }
            _ => self.atom(),
        }
    }

    fn list(&mut self, what: &'static str, close: char) -> Result<Vec<EventValue>, FileError> {
        let opened = self.line;
        self.next();
        let mut list = Vec::new();
        loop {
            self.skip()?;
            match self.peek() {
                Some(c) if c == close => {
                    self.next();
                    return Ok(list);
                }
                None => return self.error(FileErrorKind::Unclosed { what, opened }),
                Some(_) => list.push(self.nested(EdnReader::value)?),
            }
        }
    }

    fn map(&mut self) -> Result<EventValue, FileError> {
        let opened = self.line;
        let mut entries = Vec::new();
        let mut list = self.list("map", '}')?.into_iter();
        while let Some(key) = list.next() {
            match list.next() {
                Some(value) => entries.push((key, value)),
                None => {
                    return self.error(FileErrorKind::KeyWithoutValue { opened, key });
                }
            }
        }
        EventValue::map(entries).or_else(|found| self.error(FileErrorKind::Twice { what: "map", found }))
    }

    fn string(&mut self) -> Result<EventValue, FileError> {
        let opened = self.line;
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(EventValue::Text(text)),
                Some('\\') => match self.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(c @ ('"' | '\\')) => text.push(c),
                    Some(c) => return self.error(FileErrorKind::UnknownEscape(c)),
                    None => {}
                },
                Some(c) => text.push(c),
                None => return self.error(FileErrorKind::Unclosed { what: "string", opened }),
            }
        }
    }

    /// Characters up to the next one that ends a word.
    fn word(&mut self) -> &'a str {
        let ends = |c: char| c.is_whitespace() || "[](){}\",;".contains(c);
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn atom(&mut self) -> Result<EventValue, FileError> {
        let word = self.word();
        Ok(match word {
            "nil" => EventValue::Nil,
            "true" => EventValue::Bool(true),
            "false" => EventValue::Bool(false),
            ":" => return self.error(FileErrorKind::NamelessKeyword),
            _ if word.starts_with(':') => EventValue::Text(word[1..].into()),
            _ if word.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit()) => {
                // Clojure's marks for numbers of any size.
                match number(word.strip_suffix(['N', 'M']).unwrap_or(word)) {
                    Some(number) => number,
                    None => return self.error(FileErrorKind::MalformedNumber(word.into())),
                }
            }
            _ => EventValue::Text(word.into()),
        })
    }
}
