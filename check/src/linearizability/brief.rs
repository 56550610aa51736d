//! Long texts cut short: a table shows values of any length, and two that differ look different.

use std::fmt::Debug;

/// Characters of one value that are shown.
const VALUE: usize = 80;
/// Characters of one call that are shown, whatever its specification writes.
const CALL: usize = 400;

/// A value as a call shows it.
pub(crate) fn value(value: &(impl Debug + ?Sized)) -> String {
    cut(format!("{value:?}"), VALUE)
}

/// The text of a call, or of a state.
pub(crate) fn call(text: String) -> String {
    cut(text, CALL)
}

/// The beginning and the end of a text that is longer than `limit` characters, its
/// length, and a number that tells it from others of that beginning and end.
fn cut(text: String, limit: usize) -> String {
    // Fewer bytes are fewer characters.
    if text.len() <= limit {
        return text;
    }
    let count = text.chars().count();
    if count <= limit {
        return text;
    }
    let place = |nth: usize| text.char_indices().nth(nth).map_or(text.len(), |(at, _)| at);
    let (head, tail) = (place(limit - limit / 4), place(count - limit / 4));
    let number =
        text.bytes().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{}…{} ({count} characters, #{number:08x})", &text[..head], &text[tail..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_stays_as_it_is() {
        assert_eq!(value(&"é"), "\"é\"");
        assert_eq!(call("é".repeat(CALL)), "é".repeat(CALL));
    }

    #[test]
    fn long_texts_that_differ_anywhere_look_different() {
        let long = |middle: &str| value(&("é".repeat(70_000) + middle + &"x".repeat(70_000)));
        assert!(long("a").chars().count() < VALUE + 40, "{}", long("a"));
        assert!(long("a").starts_with("\"ééé") && long("a").contains("xxx\" (140003 characters, #"));
        assert_ne!(long("a"), long("b"));
    }
}
