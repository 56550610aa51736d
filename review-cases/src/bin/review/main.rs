//! `review`: list the cases of the corpus, show one as a candidate sees it, and
//! verify that every variant does what its label says.

mod args;
mod case;
mod diff;
mod list;
mod load;
mod manifest;
mod problem;
mod show;
mod table;
mod verify;

use args::{Args, Command};
use clap::Parser;
use problem::Problem;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Everything is as labelled.
const OK: u8 = 0;
/// Some variant is not as labelled.
const NOT_AS_LABELLED: u8 = 1;
/// Some input is bad.
const BAD_INPUT: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    let root = args.cases.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases"));
    ExitCode::from(match args.command {
        Command::List { format } => {
            let corpus = load::corpus(&root);
            print(&list::render(&corpus.cases, format));
            report(&corpus.problems)
        }
        Command::Show { id, side, answer } => show(&root, &id, side, answer),
        Command::Verify(args) => {
            let corpus = load::select(load::corpus(&root), &args.ids);
            verify::run(corpus, &args)
        }
    })
}

fn show(root: &Path, id: &str, side: Option<show::Side>, answer: bool) -> u8 {
    let corpus = load::select(load::corpus(root), &[id.to_owned()]);
    let mut problems = corpus.problems;
    for case in &corpus.cases {
        let side = side.unwrap_or_else(|| show::Side::of_id(&case.id));
        let mut text = show::question(case, side);
        if answer {
            text = text.and_then(|text| Ok(text + &show::answer(case, side)?));
        }
        match text {
            Ok(text) => print(&text),
            Err(problem) => problems.push(problem),
        }
    }
    report(&problems)
}

/// Prints to standard output. A reader that went away is no error.
fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Prints the problems to standard error and gives the exit code for them.
fn report(problems: &[Problem]) -> u8 {
    for problem in problems {
        eprintln!("{problem}");
    }
    if problems.is_empty() { OK } else { BAD_INPUT }
}
