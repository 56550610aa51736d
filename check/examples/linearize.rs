//! Checks a history file of a real system: JSON Lines or Jepsen's EDN.
//!
//! ```text
//! cargo run --release -p ringwright-check --example linearize -- --spec queue check/tests/linearize/queue-duplicate.jsonl
//! ```
//!
//! The formats, the specifications and the exit codes (0 linearizable, 1 not, 2
//! ill-formed, 3 undecided) are in the documentation of
//! `ringwright_check::linearize::command`.

use ringwright_check::linearize::command;
use std::process::ExitCode;

fn main() -> ExitCode {
    let ended = command::run(std::env::args().skip(1));
    if !ended.error.is_empty() {
        eprintln!("{}", ended.error);
    }
    if !ended.output.is_empty() {
        println!("{}", ended.output);
    }
    ExitCode::from(ended.code)
}
