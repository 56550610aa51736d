//! Replay tokens: the choices of one execution as a word that fits a shell.
//!
//! `rw1-<build>-<model>-<choices>`: the build is a hash of the running program,
//! the model a hash of its name. A token of another program or model is an
//! error, because the same numbers would mean another run there.

use crate::plan::decision::Decision;
use crate::plan::environment::variable;
use crate::plan::hash::hash_of;
use std::sync::OnceLock;

/// The variable that holds the token of the execution to run.
const VARIABLE: &str = "RINGWRIGHT_REPLAY";

/// The token that is asked for in the environment. Set and empty is not set.
pub(crate) fn requested() -> Option<String> {
    variable(VARIABLE).map(|text| text.trim().to_owned())
}

/// A hash of the program that runs.
fn build() -> u32 {
    static BUILD: OnceLock<u32> = OnceLock::new();
    *BUILD.get_or_init(|| {
        let program = std::env::current_exe().and_then(std::fs::read).unwrap_or_default();
        hash_of(&program) as u32
    })
}

fn model_hash(model: &str) -> u32 {
    hash_of(model) as u32
}

fn put(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn get(bytes: &mut impl Iterator<Item = u8>) -> Option<u32> {
    let mut value = 0u32;
    for shift in (0..35).step_by(7) {
        let byte = bytes.next()?;
        value |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The token of `decisions` in the model called `model`.
pub(crate) fn write(model: &str, decisions: &[Decision]) -> String {
    let mut bytes = Vec::new();
    for decision in decisions {
        match *decision {
            Decision::Read { thread, message, alt } => {
                put(&mut bytes, u32::from(thread) << 1);
                put(&mut bytes, message);
                bytes.push(alt);
            }
            Decision::Branch { pick, of } => {
                put(&mut bytes, 1);
                put(&mut bytes, pick);
                put(&mut bytes, of);
            }
        }
    }
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    format!("rw1-{:08x}-{:08x}-{hex}", build(), model_hash(model))
}

/// What a token says to a model.
#[derive(Debug, PartialEq)]
pub(crate) enum Token {
    /// Run this.
    Replay(Vec<Decision>),
    /// It is for another model.
    OtherModel,
    /// It cannot be run, for this reason.
    Refused(String),
}

/// Reads `token` on behalf of the model called `model`.
pub(crate) fn read(token: &str, model: &str) -> Token {
    let parts: Vec<&str> = token.split('-').collect();
    let ["rw1", by, of, hex] = parts[..] else {
        return Token::Refused(format!("`{token}` is not a replay token of this checker (rw1-…)"));
    };
    let is_hash = |part: &str| part.len() == 8 && part.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_hash(by) || !is_hash(of) {
        return Token::Refused("the replay token is damaged: its build or its model is no hash".into());
    }
    if of != format!("{:08x}", model_hash(model)) {
        return Token::OtherModel;
    }
    if by != format!("{:08x}", build()) {
        return Token::Refused(
            "the replay token was made by another build of this program, where the same choices can mean another run: \
             run the model again to get a new one"
                .into(),
        );
    }
    match decisions(hex) {
        Some(list) => Token::Replay(list),
        None => Token::Refused("the replay token is damaged: its list of choices does not decode".into()),
    }
}

fn decisions(hex: &str) -> Option<Vec<Decision>> {
    if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).ok()).collect();
    let bytes = bytes?;
    let mut bytes = bytes.into_iter().peekable();
    let mut list = Vec::new();
    while bytes.peek().is_some() {
        let head = get(&mut bytes)?;
        list.push(if head & 1 == 1 {
            Decision::Branch { pick: get(&mut bytes)?, of: get(&mut bytes)? }
        } else {
            Decision::Read {
                thread: u8::try_from(head >> 1).ok()?,
                message: get(&mut bytes)?,
                alt: bytes.next()?,
            }
        });
    }
    Some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_as_it_was() {
        let list = vec![
            Decision::Read { thread: 3, message: 1_000_000, alt: 2 },
            Decision::Branch { pick: 0, of: 2 },
            Decision::Read { thread: 0, message: 0, alt: 0 },
        ];
        assert_eq!(read(&write("m", &list), "m"), Token::Replay(list));
    }

    #[test]
    fn another_model_another_build_and_damage_are_told_apart() {
        let token = write("m", &[Decision::Branch { pick: 1, of: 2 }]);
        assert_eq!(read(&token, "n"), Token::OtherModel);
        let parts: Vec<&str> = token.split('-').collect();
        let other = format!("rw1-00000000-{}-{}", parts[2], parts[3]);
        assert!(matches!(read(&other, "m"), Token::Refused(why) if why.contains("another build")));
        let cut = &token[..token.len() - 1];
        assert!(matches!(read(cut, "m"), Token::Refused(why) if why.contains("damaged")));
        let no_hash = format!("rw1-{}-{}-{}", parts[1], &parts[2][1..], parts[3]);
        assert!(matches!(read(&no_hash, "m"), Token::Refused(why) if why.contains("damaged")));
        assert!(matches!(read("hello", "m"), Token::Refused(_)));
    }
}
