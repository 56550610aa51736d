//! History files in EDN, as Jepsen writes them: maps one after the other, or a
//! vector of maps.
//!
//! It reads nil, booleans, numbers, strings, characters, keywords and symbols (as
//! text), vectors, lists, sets, maps; tags (`#inst`, `#jepsen.history.Op`) are
//! passed over, `#_` drops the next value.

use crate::linearizability::events::{Bad, Datum, Event, event};

/// Values may be nested so deep.
const DEEPEST: usize = 64;

/// Reads the events.
pub(super) fn read(text: &str) -> Result<Vec<Event>, Bad> {
    let mut reader = Reader { rest: text, line: 1, depth: 0 };
    let mut events = Vec::new();
    let mut inside: Option<(char, usize)> = None;
    loop {
        reader.skip()?;
        let line = reader.line;
        match (reader.peek(), inside) {
            (None, None) => return Ok(events),
            (None, Some((_, opened))) => {
                return Err(Bad::new(line, format!("truncated: the list of line {opened} is not closed")));
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
                events.extend(event(line, &map)?);
            }
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn bad<T>(&self, reason: impl Into<String>) -> Result<T, Bad> {
        Err(Bad::new(self.line, reason))
    }

    /// Passes over white space, commas, comments and dropped values.
    fn skip(&mut self) -> Result<(), Bad> {
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
                self.nested(Reader::value)?;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Bad>) -> Result<T, Bad> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.bad(format!("values nested more than {DEEPEST} deep"));
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn value(&mut self) -> Result<Datum, Bad> {
        self.skip()?;
        let Some(first) = self.peek() else {
            return self.bad("truncated: the file ends where a value should be");
        };
        match first {
            '[' => self.list(']').map(Datum::List),
            '(' => self.list(')').map(Datum::List),
            '{' => self.map(),
            '"' => self.string(),
            '#' if self.rest.starts_with("#{") => {
                self.next();
                self.list('}').map(Datum::List)
            }
            '#' => {
                self.next();
                self.word();
                self.nested(Reader::value)
            }
            ']' | ')' | '}' => self.bad(format!("`{first}` closes nothing")),
            '\\' => {
                self.next();
                let letter = self.next().map(String::from).unwrap_or_default();
                Ok(Datum::Text(letter + self.word()))
            }
            _ => self.atom(),
        }
    }

    fn list(&mut self, close: char) -> Result<Vec<Datum>, Bad> {
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
                None => return self.bad(format!("truncated: no `{close}` for the list of line {opened}")),
                Some(_) => list.push(self.nested(Reader::value)?),
            }
        }
    }

    fn map(&mut self) -> Result<Datum, Bad> {
        let opened = self.line;
        let mut entries = Vec::new();
        let mut list = match self.list('}') {
            Ok(list) => list.into_iter(),
            Err(bad) if bad.reason.starts_with("truncated: no `}`") => {
                return self.bad(format!("truncated: the map of line {opened} is not closed"));
            }
            Err(bad) => return Err(bad),
        };
        while let Some(key) = list.next() {
            match list.next() {
                Some(value) => entries.push((key, value)),
                None => {
                    return self.bad(format!("the map of line {opened} has a key without a value: {key:?}"));
                }
            }
        }
        Ok(Datum::Map(entries))
    }

    fn string(&mut self) -> Result<Datum, Bad> {
        let opened = self.line;
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(Datum::Text(text)),
                Some('\\') => match self.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(c @ ('"' | '\\')) => text.push(c),
                    Some(c) => return self.bad(format!("an escape that is none: \\{c}")),
                    None => {}
                },
                Some(c) => text.push(c),
                None => return self.bad(format!("truncated: the string of line {opened} is not closed")),
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

    fn atom(&mut self) -> Result<Datum, Bad> {
        let word = self.word();
        Ok(match word {
            "nil" => Datum::Nil,
            "true" => Datum::Bool(true),
            "false" => Datum::Bool(false),
            ":" => return self.bad("a keyword without a name"),
            _ if word.starts_with(':') => Datum::Text(word[1..].into()),
            _ if word.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit()) => {
                let digits = word.strip_suffix('N').unwrap_or(word);
                match digits.parse() {
                    Ok(number) => Datum::Int(number),
                    Err(_) if word.parse::<f64>().is_ok() || digits.parse::<f64>().is_ok() => {
                        Datum::Number(word.into())
                    }
                    Err(_) => return self.bad(format!("a number that is none: {word}")),
                }
            }
            _ => Datum::Text(word.into()),
        })
    }
}
