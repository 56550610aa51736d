//! The call that stands at a place in the source, and what it is called on.
//!
//! An operation knows the line and the column of its call, and nothing of the
//! variable before the dot. A report reads that off the source: a few rules of
//! thumb on the text, which give no name where they do not apply.

/// Methods that give what they are called on in another form.
const ADAPTERS: [&str; 16] = [
    "as_deref",
    "as_mut",
    "as_ref",
    "borrow",
    "borrow_mut",
    "clone",
    "deref",
    "expect",
    "get",
    "get_mut",
    "get_unchecked",
    "get_unchecked_mut",
    "iter",
    "thread",
    "unwrap",
    "unwrap_unchecked",
];

/// Characters of an argument that is shown, at most.
const LONGEST: usize = 24;

/// A call in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceCall {
    /// The method: `load`, `clone`.
    pub(crate) method: String,
    /// The type before it, where it is written: the `Arc` of `Arc::clone`.
    pub(crate) owner: Option<String>,
    /// The name of the variable or field that it is called on, if it has one.
    pub(crate) receiver: Option<String>,
    /// The call in short: `Arc::clone(&shared)`, `tx.send`.
    pub(crate) text: String,
}

/// The call at `line` and `column` of `text`, both counted from 1.
pub(crate) fn call_at(text: &str, line: u32, column: u32) -> Option<SourceCall> {
    let at = offset(text, line, column)?;
    let (before, call) = text.split_at(at);
    let path: &str = &call[..call.find(|c: char| !is_word(c) && c != ':').unwrap_or(call.len())];
    let path = path.trim_end_matches(':');
    let method = path.rsplit("::").next().filter(|method| !method.is_empty())?.to_owned();
    let before = without_comments(before);
    if let Some(object) = before.strip_suffix('.') {
        let receiver = name(object);
        let text = receiver.as_ref().map_or(method.clone(), |receiver| format!("{receiver}.{method}"));
        return Some(SourceCall { method, owner: None, receiver, text });
    }
    let owner = path.rsplit("::").nth(1).map(str::to_owned);
    let called = owner.as_ref().map_or(method.clone(), |owner| format!("{owner}::{method}"));
    let argument = arguments(call[path.len()..].trim_start())?;
    let first = parts(argument).next().unwrap_or_default().trim();
    let receiver = name(first.trim_start_matches(['&', '*', ' ']).trim_start_matches("mut "));
    let short = argument.chars().count() <= LONGEST && !argument.contains('\n');
    let text = format!("{called}({})", if short { argument.trim() } else { "\u{2026}" });
    Some(SourceCall { method, owner, receiver, text })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where `line` and `column`, in characters, are in `text`.
fn offset(text: &str, line: u32, column: u32) -> Option<usize> {
    let (line, column) = (line.checked_sub(1)? as usize, column.checked_sub(1)? as usize);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let inside = text.split_inclusive('\n').nth(line)?.char_indices().nth(column)?.0;
    Some(start + inside)
}

/// `text` without white space and whole lines of comments at its end.
fn without_comments(text: &str) -> &str {
    let mut text = text.trim_end();
    loop {
        let line = text.rsplit('\n').next().unwrap_or(text);
        if !line.trim_start().starts_with("//") {
            return text;
        }
        text = text[..text.len() - line.len()].trim_end();
    }
}

/// What is between the bracket that `text` starts with and its partner.
fn arguments(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('(')?;
    let mut depth = 0usize;
    for (at, c) in inside.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return Some(&inside[..at]),
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The arguments of a call, one by one.
fn parts(arguments: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0usize;
    arguments.split(move |c| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
}

/// `text` up to the bracket that its last one closes, and what is between them.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices().rev() {
        match c {
            ')' | ']' | '}' => depth += 1,
            '(' | '[' | '{' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[..at], &text[at + c.len_utf8()..text.len() - 1]));
        }
    }
    None
}

/// `text` split where the word at its end starts.
fn last_word(text: &str) -> (&str, &str) {
    text.split_at(
        text.rfind(|c| !is_word(c)).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8)),
    )
}

/// The name of what the expression at the end of `text` gives: of its last
/// variable, field or function.
fn name(text: &str) -> Option<String> {
    let text = without_comments(text);
    match text.chars().next_back()? {
        '?' => name(&text[..text.len() - 1]),
        ']' => {
            let (before, index) = bracketed(text)?;
            let number = !index.is_empty() && index.chars().all(|c| c.is_ascii_digit());
            name(before).map(|name| if number { format!("{name}[{index}]") } else { name })
        }
        ')' => {
            let (before, inside) = bracketed(text)?;
            let (object, function) = last_word(before);
            match object.trim_end().strip_suffix('.') {
                _ if function.is_empty() => name(inside),
                Some(object) if ADAPTERS.contains(&function) => name(object),
                _ => Some(format!("{function}()")),
            }
        }
        '}' => name(bracketed(text)?.1),
        c if is_word(c) => {
            let (before, word) = last_word(text);
            let number = word.starts_with(|c: char| c.is_ascii_digit());
            match before.trim_end().strip_suffix('.') {
                Some(object) if number => name(object).map(|name| format!("{name}.{word}")),
                _ if number => None,
                _ => Some(word.to_owned()),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The call at the `^` of `text`, which is left out.
    fn at(text: &str) -> SourceCall {
        let (before, after) = text.split_once('^').expect("a mark");
        let line = 1 + before.matches('\n').count() as u32;
        let column = 1 + before.rsplit('\n').next().expect("a line").chars().count() as u32;
        call_at(&format!("{before}{after}"), line, column).unwrap_or_else(|| panic!("{text}"))
    }

    fn receiver(text: &str) -> Option<String> {
        at(text).receiver
    }

    #[test]
    fn the_receiver_is_the_last_variable_or_field_before_the_dot() {
        let some = [
            ("self.head.^load(Acquire)", "head"),
            ("if é && flag2.^store(true, Relaxed)", "flag2"),
            ("let q = QUEUE.^lock().unwrap();", "QUEUE"),
            ("self.slots[i & mask].seq.^load(Relaxed)", "seq"),
            ("flags[(me + 1) % 5].^swap(1, AcqRel)", "flags"),
            ("flags[0].^swap(1, AcqRel)", "flags[0]"),
            ("(*node).next.^load(Acquire)", "next"),
            ("unsafe { &(*tail).next }.^load(Acquire)", "next"),
            ("(&self.0).^load(Acquire)", "self.0"),
            ("pair.1.^wait(guard)", "pair.1"),
            ("self.slot(i).^load(Acquire)", "slot()"),
            ("self.head.as_ref().unwrap().^load(Acquire)", "head"),
            ("self.make()?.count.^load(Acquire)", "count"),
            ("self.make()?.^load(Acquire)", "make()"),
            (
                "unsafe { chan.as_ref() }\n    .left\n    // AcqRel: pairs.\n    // And so on.\n    .^swap(1, AcqRel)",
                "left",
            ),
            ("assert_eq!(count.^load(Relaxed), 2)", "count"),
        ];
        for (text, name) in some {
            assert_eq!(receiver(text).as_deref(), Some(name), "{text}");
        }
        assert_eq!(receiver("1.0.^load()"), None);
        assert_eq!(at("tx.^send(5)").text, "tx.send");
    }

    #[test]
    fn a_call_by_its_path_has_its_first_argument() {
        let clone = at("let theirs = ^Arc::clone(&shared.queue);");
        let parts = (clone.owner.as_deref(), clone.method.as_str(), clone.receiver.as_deref());
        assert_eq!(
            (parts, clone.text.as_str()),
            ((Some("Arc"), "clone", Some("queue")), "Arc::clone(&shared.queue)")
        );
        let load = at("^std::sync::atomic::AtomicUsize::load(&mut x[f(1, 2)], Ordering::Acquire)");
        assert_eq!(
            (load.receiver.as_deref(), load.text.as_str()),
            (Some("x"), "AtomicUsize::load(\u{2026})")
        );
        assert_eq!(at("^fence(SeqCst)").owner, None);
        assert_eq!(at("^thread::park()").receiver, None);
    }

    #[test]
    fn a_place_that_is_not_there_has_no_call() {
        for (line, column) in [(0, 1), (1, 0), (1, 99), (9, 1), (1, 4)] {
            assert_eq!(call_at("x.y()", line, column), None, "{line}:{column}");
        }
        assert_eq!(call_at("} . ) ( ]", 1, 1), None);
    }
}
