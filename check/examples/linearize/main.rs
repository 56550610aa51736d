//! Checks a history file of a real system: JSON Lines or Jepsen's EDN.
//!
//! ```text
//! cargo run -p ringwright-check --example linearize -- --spec queue check/tests/linearize/queue-duplicate.jsonl
//! ```
//!
//! The arguments are:
//!
//! ```text
//! linearize --spec SPEC [--format jsonl|edn] [--budget N] [--capacity N] FILE
//! ```
//!
//! `SPEC` is `register`, `cas-register`, `key-value`, `queue`, `stack` or `set`. A
//! file whose name ends with `.edn` is EDN, unless `--format` says otherwise. A push
//! that found no room says nothing unless `--capacity` says how much there is. The
//! documentation of `ringwright_check::linearize::files` has the formats, and the
//! operations of each specification.
//!
//! Exit codes: 0 linearizable, 1 not (the output shows the first window that is
//! not), 2 wrong arguments or an ill-formed file (`file:line: reason`), 3 undecided
//! within the budget of configurations.

mod arguments;
mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    let result = command::run(std::env::args().skip(1));
    if !result.error.is_empty() {
        eprintln!("{}", result.error);
    }
    if !result.output.is_empty() {
        println!("{}", result.output);
    }
    ExitCode::from(result.code)
}
