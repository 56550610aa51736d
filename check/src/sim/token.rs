//! The token of an execution: which model, which choices, and what came of it.
//!
//! `sim1:<model>:<faults>:<length>:<choices>:<run>`. `<model>` is a hash of the
//! model's name and rules and of this crate's version, `<faults>` is how many
//! faults the execution could choose from (where none is left, nothing is
//! asked), `<length>` counts the choices and `<choices>` lists those that are not 0 as `place.pick`, joined by `-` (or `0`
//! when there are none). `<run>` is a hash of the failure and of every line of
//! the trace: a replay that does not come out the same is of another build.

use crate::plan::hash::hash_of;
use crate::report::cause::Cause;
use crate::report::data::TraceLine;
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

/// The hash of a model: its name, its rules, and the version of this crate.
pub(super) fn model_hash(name: &str, rules: &Rules) -> u64 {
    // The odds only steer a random search; they do not change what a choice means.
    let rules = Rules { odds: 0.0, ..rules.clone() };
    hash_of(&(env!("CARGO_PKG_VERSION"), name, format!("{rules:?}")))
}

/// The hash of what an execution did and how it failed.
pub(super) fn run_hash(cause: &Cause, trace: &[TraceLine]) -> u64 {
    let lines: Vec<_> = trace.iter().map(|line| (line.lane, &line.what, &line.note)).collect();
    hash_of(&(cause.kind, &cause.message, lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::data::FailureKind;

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
    fn the_hash_of_a_run_sees_every_line_and_keeps_texts_apart() {
        let cause = Cause { kind: FailureKind::Property, message: "m".into(), sites: Vec::new() };
        let line = |what: &str, note: &str| {
            let (what, note) = (what.into(), note.into());
            TraceLine { what, note, ..TraceLine::default() }
        };
        let of = |lines: &[TraceLine]| run_hash(&cause, lines);
        assert_eq!(of(&[line("ab", "c")]), of(&[line("ab", "c")]));
        assert_ne!(of(&[line("ab", "c")]), of(&[line("a", "bc")]));
        assert_ne!(of(&[line("ab", "c")]), of(&[line("ab", "c"), line("", "")]));
        assert_ne!(of(&[line("ab", "c")]), of(&[TraceLine { lane: 1, ..line("ab", "c") }]));
    }

    #[test]
    fn the_hash_of_a_model_sees_its_rules_but_not_its_odds() {
        let of = |change: fn(&mut Rules)| {
            let mut rules = Rules::default();
            change(&mut rules);
            model_hash("m", &rules)
        };
        assert_eq!(of(|_| {}), of(|rules| rules.odds = 0.5));
        assert_ne!(of(|_| {}), of(|rules| rules.faults = 3));
        assert_ne!(of(|_| {}), model_hash("n", &Rules::default()));
    }
}
