//! The token of an execution: which model, which choices, and what came of it.
//!
//! `sim1:<model>:<faults>:<length>:<choices>:<run>`. `<model>` is a hash of the
//! model's name and rules and of this crate's version, `<faults>` is how many
//! faults the execution could choose from (where none is left, nothing is
//! asked), `<length>` counts the choices and `<choices>` lists those that are not 0 as `place.pick`, joined by `-` (or `0`
//! when there are none). `<run>` is a hash of the failure and of every line of
//! the trace: a replay that does not come out the same is of another build.

use crate::report::data::TraceLine;
use crate::sim::record::RunFailure;
use crate::sim::rules::Rules;
use std::fmt;

const KIND: &str = "sim1";

/// A parsed token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SimToken {
    pub(super) model: u64,
    pub(super) faults: u32,
    pub(super) picks: Vec<u32>,
    pub(super) run: u64,
}

impl fmt::Display for SimToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (model, faults, length) = (self.model, self.faults, self.picks.len());
        write!(f, "{KIND}:{model:016x}:{faults}:{length}:")?;
        let mut first = true;
        for (place, pick) in self.picks.iter().enumerate().filter(|(_, p)| **p > 0) {
            let joint = if first { "" } else { "-" };
            write!(f, "{joint}{place}.{pick}")?;
            first = false;
        }
        if first {
            f.write_str("0")?;
        }
        write!(f, ":{:016x}", self.run)
    }
}

/// More choices than any execution makes: a longer token is a mistake.
const LONGEST: usize = 10_000_000;

impl SimToken {
    /// Reads a token.
    ///
    /// # Errors
    ///
    /// It is not one of this engine, or it is damaged; the text says which.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.trim().split(':').collect();
        if parts[0] != KIND {
            return Err(format!("{text:?} is not a token of the simulation"));
        }
        let damaged = || format!("the token {text:?} is damaged");
        let [_, model, faults, length, choices, run] = parts[..] else {
            return Err(damaged());
        };
        let hex = |part| u64::from_str_radix(part, 16).map_err(|_| damaged());
        let length: usize = length.parse().map_err(|_| damaged())?;
        if length > LONGEST {
            return Err(damaged());
        }
        let mut picks = vec![0; length];
        if choices != "0" {
            for choice in choices.split('-') {
                let (place, pick) = choice.split_once('.').ok_or_else(damaged)?;
                let place: usize = place.parse().map_err(|_| damaged())?;
                let slot = picks.get_mut(place).ok_or_else(damaged)?;
                *slot = pick.parse().map_err(|_| damaged())?;
            }
        }
        Ok(SimToken {
            model: hex(model)?,
            faults: faults.parse().map_err(|_| damaged())?,
            picks,
            run: hex(run)?,
        })
    }
}

/// FNV-1a, 64 bits: the same on every machine and in every version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fnv(u64);

impl Fnv {
    pub(super) fn new() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    /// Mixes in some bytes and an end mark, so that no two lists run together.
    pub(super) fn add(mut self, bytes: &[u8]) -> Self {
        for &byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self
    }

    pub(super) fn finish(self) -> u64 {
        self.0
    }
}

/// The hash of a model: its name, its rules, and the version of this crate.
pub(super) fn model_hash(name: &str, rules: &Rules) -> u64 {
    // The odds only steer a random search; they do not change what a choice means.
    let rules = Rules { odds: 0.0, ..rules.clone() };
    Fnv::new()
        .add(env!("CARGO_PKG_VERSION").as_bytes())
        .add(name.as_bytes())
        .add(format!("{rules:?}").as_bytes())
        .finish()
}

/// The hash of what an execution did and how it failed.
pub(super) fn run_hash(failure: &RunFailure, trace: &[TraceLine]) -> u64 {
    let mut hash = Fnv::new().add(failure.kind.to_string().as_bytes()).add(failure.message.as_bytes());
    for line in trace {
        hash = hash.add(&line.lane.to_le_bytes());
        hash = hash.add(line.what.as_bytes()).add(line.note.as_bytes());
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(picks: &[u32]) -> SimToken {
        SimToken { model: 0x1234, faults: 2, picks: picks.to_vec(), run: 0xabcd }
    }

    #[test]
    fn a_token_is_read_as_it_was_written() {
        for picks in [&[][..], &[0, 0], &[0, 3, 0, 0, 1], &[7]] {
            let token = token(picks);
            assert_eq!(SimToken::parse(&token.to_string()), Ok(token));
        }
        assert_eq!(token(&[0, 3, 0, 0, 1]).to_string(), "sim1:0000000000001234:2:5:1.3-4.1:000000000000abcd");
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let bad = [
            "",
            "xp1:12:2:0:0:0",
            "sim1",
            "sim1:12:2:1:0",
            "sim1:zz:2:1:0:0",
            "sim1:12:x:1:0:0",
            "sim1:12:2:1:1.1:0",
            "sim1:12:2:2:1:0",
            "sim1:12:2:2:1.x:0",
            "sim1:12:2:99999999999:0:0",
        ];
        for text in bad {
            assert!(SimToken::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_hash_keeps_lists_apart() {
        let ab_c = Fnv::new().add(b"ab").add(b"c").finish();
        let a_bc = Fnv::new().add(b"a").add(b"bc").finish();
        assert_ne!(ab_c, a_bc);
    }
}
