//! The command that checks a history file: `examples/linearize.rs` without its `main`.
//!
//! ```text
//! linearize --spec SPEC [--format jsonl|edn] [--budget N] FILE
//! ```
//!
//! # Files
//!
//! JSON Lines, one event a line, or Jepsen's EDN, maps one after the other or in a
//! vector. A file whose name ends with `.edn` is EDN, unless `--format` says
//! otherwise. Lines in the two formats:
//!
//! ```text
//! {"process": 0, "type": "invoke", "f": "enqueue", "value": 1}
//! {:process 0, :type :ok, :f :enqueue, :value 1}
//! ```
//!
//! `type` is `invoke`, `ok` (it took effect), `fail` (it did not, and will not) or
//! `info` (nobody knows). A process calls one operation at a time; after an `info`
//! it may go on. Events of a process that is no number (Jepsen's `:nemesis`) are
//! skipped. A call that the file does not end may have taken effect or not.
//!
//! | `SPEC` | operations, with the value when called | the value of `ok` |
//! |---|---|---|
//! | `register` | `read`, `write` v | v, or nil if never written |
//! | `cas-register` | also `cas` \[old, new\] | |
//! | `key-value` | `read` or `get` k or \[k, nil\], `write` or `put` \[k, v\], `cas` \[k, \[old, new\]\] | \[k, v\] |
//! | `queue`, `stack` | `enqueue` or `push` v, `dequeue` or `pop` | v, or nil if it was empty |
//! | `set` | `add` v, `remove` v, `contains` v | true or false |
//!
//! # Exit codes
//!
//! 0 linearizable, 1 not (the output shows the first window that is not), 2 wrong
//! arguments or an ill-formed file (`file:line: reason`), 3 undecided within the
//! budget of configurations.

use crate::linearizability::check::BUDGET;
use crate::linearizability::edn;
use crate::linearizability::events::{Bad, Event, one_a_line};
use crate::linearizability::explain::Explained;
use crate::linearizability::jsonl;
use crate::linearizability::translate;
use std::time::Instant;

/// How the command ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The exit code.
    pub code: u8,
    /// What it prints.
    pub output: String,
    /// What it prints on standard error.
    pub error: String,
}

impl Ended {
    fn refused(error: impl Into<String>) -> Ended {
        Ended { code: 2, output: String::new(), error: error.into() }
    }
}

/// How it is called.
const USAGE: &str = "usage: linearize --spec register|cas-register|key-value|queue|stack|set
                 [--format jsonl|edn] [--budget CONFIGURATIONS] FILE";

/// Arguments that were read.
struct Asked {
    spec: String,
    edn: bool,
    budget: u64,
    file: String,
}

/// Runs the command with these arguments, without the program's name.
pub fn run(args: impl IntoIterator<Item = String>) -> Ended {
    let args: Vec<String> = args.into_iter().collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        return Ended { code: 0, output: USAGE.into(), error: String::new() };
    }
    let asked = match asked(args) {
        Ok(asked) => asked,
        Err(why) => return Ended::refused(format!("{why}\n{USAGE}")),
    };
    let text = match std::fs::read(&asked.file) {
        Ok(bytes) => bytes,
        Err(error) => return Ended::refused(format!("{}: {error}", asked.file)),
    };
    let started = Instant::now();
    let text = match String::from_utf8(text) {
        Ok(text) => text,
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            return Ended::refused(format!("{}:{line}: no UTF-8", asked.file));
        }
    };
    match judge(&asked, &text) {
        Err(Bad { line, reason }) => Ended::refused(format!("{}:{line}: {reason}", asked.file)),
        Ok((checked, lines)) => ended(&asked, &checked, lines, started),
    }
}

fn asked(args: Vec<String>) -> Result<Asked, String> {
    let (mut spec, mut format, mut budget, mut file) = (None, None, BUDGET, None);
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match &*arg {
            "--spec" => spec = Some(value()?),
            "--format" => format = Some(value()?),
            "--budget" => {
                let said = value()?;
                budget = said.parse().ok().filter(|n| *n > 0).ok_or(format!("no budget: {said}"))?;
            }
            _ if arg.starts_with('-') => return Err(format!("no such option: {arg}")),
            _ if file.is_some() => return Err(format!("one file at a time: {arg}")),
            _ => file = Some(arg),
        }
    }
    let spec = spec.ok_or("which specification? --spec is missing")?;
    if !translate::SPECS.contains(&&*spec) {
        return Err(format!("no such specification: {spec}"));
    }
    let file = file.ok_or("which file?")?;
    let edn = match format.as_deref() {
        Some("edn") => true,
        Some("jsonl") => false,
        Some(other) => return Err(format!("no such format: {other}")),
        None => file.ends_with(".edn"),
    };
    Ok(Asked { spec, edn, budget, file })
}

/// Checks the text; also whether positions are its lines.
fn judge(asked: &Asked, text: &str) -> Result<(translate::Checked, bool), Bad> {
    let events: Vec<Event> = if asked.edn { edn::read(text)? } else { jsonl::read(text)? };
    if events.is_empty() {
        return Err(Bad::new(text.lines().count().max(1), "the file holds no event of a client"));
    }
    Ok((translate::check(&asked.spec, &events, asked.budget)?, one_a_line(&events)))
}

fn ended(asked: &Asked, checked: &translate::Checked, lines: bool, started: Instant) -> Ended {
    let counts = format!(
        "{} calls, {} of them open, as {}, {:.3} s",
        checked.calls,
        checked.open,
        asked.spec,
        started.elapsed().as_secs_f64()
    );
    let file = &asked.file;
    let (code, output) = match &checked.explained {
        Explained::Linearizable => (0, format!("{file}: linearizable ({counts})")),
        Explained::GaveUp(budget) => {
            (3, format!("{file}: undecided after {budget} configurations ({counts}); try a larger --budget"))
        }
        Explained::Not(counterexample) => {
            let numbers = if lines { "lines" } else { "events" };
            let (why, table) = (&counterexample.why, &counterexample.table);
            let text = format!(
                "{file}: not linearizable ({counts})\n{why}\nthe first window, numbered by {numbers} of the file:\n{table}"
            );
            (1, text.trim_end().to_owned())
        }
    };
    Ended { code, output, error: String::new() }
}
