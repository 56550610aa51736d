//! What the environment asks of every check.

use crate::plan::split;
use std::ffi::OsString;

/// The variable `name`, if it is set. Empty, as CI files and `VAR= cargo test` leave it, means not set.
/// What is no Unicode comes with replacement characters, which nobody can read as something that is meant.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).and_then(not_empty)
}

fn not_empty(value: OsString) -> Option<String> {
    let text = value.to_string_lossy();
    (!text.trim().is_empty()).then(|| text.into_owned())
}

/// The variables that turn something on or off.
const SWITCHES: [&str; 2] = ["RINGWRIGHT_PROGRESS", "RINGWRIGHT_REPORT"];

/// # Errors
///
/// If one of the variables that turn something on or off is neither 0 nor 1.
pub(crate) fn switches() -> Result<(), String> {
    SWITCHES.into_iter().try_for_each(|name| switch(name, variable(name)))
}

/// Operating-system threads of one check, at most.
const MOST_THREADS: usize = 1_024;

/// What `RINGWRIGHT_THREADS` and `RINGWRIGHT_SHARD` say of how a search is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Division {
    pub(crate) threads: Option<usize>,
    /// Its number, from 0, and how many there are.
    pub(crate) shard: Option<(u64, u64)>,
}

/// # Errors
///
/// If one of the variables cannot be read.
pub(crate) fn division() -> Result<Division, String> {
    let threads = variable("RINGWRIGHT_THREADS").map(|text| {
        let threads = text.trim().parse().ok().filter(|n| (1..=MOST_THREADS).contains(n));
        threads
            .ok_or_else(|| format!("RINGWRIGHT_THREADS is `{text}`, not a number from 1 to {MOST_THREADS}"))
    });
    let shard = variable("RINGWRIGHT_SHARD")
        .map(|text| split::parse_shard(&text).map_err(|why| format!("RINGWRIGHT_SHARD: {why}")));
    Ok(Division { threads: threads.transpose()?, shard: shard.transpose()? })
}

fn switch(name: &str, value: Option<String>) -> Result<(), String> {
    match value {
        Some(text) if !["0", "1"].contains(&text.trim()) => Err(format!("{name} is `{text}`, not 0 or 1")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_not_set() {
        assert_eq!(not_empty("4".into()).as_deref(), Some("4"));
        assert!(["", " ", "\n"].iter().all(|text| not_empty((*text).into()).is_none()));
        assert_eq!(variable("RINGWRIGHT_A_VARIABLE_THAT_NOBODY_SETS"), None);
    }

    #[test]
    fn a_switch_is_off_or_on() {
        let of = |text: &str| switch("RINGWRIGHT_REPORT", not_empty(text.into()));
        assert!(["", "0", "1", " 1 "].into_iter().all(|text| of(text).is_ok()));
        assert_eq!(of("no"), Err("RINGWRIGHT_REPORT is `no`, not 0 or 1".to_owned()));
    }
}
