//! `contenders`: compares Ringwright's queues with their peers.

use clap::{Parser, Subcommand, ValueEnum};
use contenders::compare::{CompareError, Plan, compare};
use contenders::{Shape, peers, report};
use std::io::{self, Write};
use std::process::ExitCode;

/// Compares Ringwright's queues with their peers: proved first, then timed.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Time the contenders in interleaved rounds, after proving each of them.
    Compare {
        /// The shapes to compare, comma-separated or repeated [default: all].
        #[arg(long, value_enum, value_delimiter = ',')]
        shape: Vec<Shape>,
        /// About a minute for all shapes: the default.
        #[arg(long, conflicts_with = "full")]
        quick: bool,
        /// More and longer rounds: less than ten minutes for all shapes.
        #[arg(long)]
        full: bool,
        /// How to print.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// List the contenders, their versions, and the shapes they cannot do.
    List,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// Exit codes: 0 done, 1 a contender failed, 2 it cannot be done as asked.
fn main() -> ExitCode {
    let text = match Arguments::parse().command {
        Command::List => Ok(list()),
        Command::Compare { shape, quick: _, full, format } => {
            run(shape, if full { Plan::FULL } else { Plan::QUICK }, format)
        }
    };
    match text {
        Ok(text) => print(&text),
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(match failure {
                CompareError::Refused(_) => 2,
                _ => 1,
            })
        }
    }
}

/// Compares the shapes asked for, each once, in the order of [`Shape::ALL`].
fn run(asked: Vec<Shape>, plan: Plan, format: Format) -> Result<String, CompareError> {
    let shapes: Vec<Shape> =
        Shape::ALL.into_iter().filter(|shape| asked.is_empty() || asked.contains(shape)).collect();
    if cfg!(debug_assertions) {
        eprintln!("warning: this is not a release build; its figures mean nothing");
    }
    let report = compare(&shapes, plan, |line| eprintln!("{line}"))?;
    Ok(match format {
        Format::Table => report::table(&report),
        Format::Json => report::json(&report) + "\n",
    })
}

fn list() -> String {
    let mut text = String::new();
    for entry in peers::ALL {
        text += &format!("{:<27}{:<10}{}\n", entry.name, entry.version(), entry.calls);
        for shape in Shape::ALL {
            if let Err(why) = entry.fits(shape) {
                text += &format!("{:<27}not in {shape}: {why}\n", "");
            }
        }
    }
    text
}

/// Prints to standard output. A reader that has gone away is no failure.
fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("error: cannot write to standard output: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
