//! `review`: list the cases of the corpus, show one as a candidate sees it, and
//! verify that every variant does what its label says.

mod args;
mod case;
mod diff;
mod list;
mod load;
mod manifest;
mod output;
mod problem;
mod show;
mod table;
mod verify;

use crate::args::{Action, Args};
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let root = args.cases.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases"));
    ExitCode::from(match args.action {
        Action::List { format } => {
            let corpus = load::corpus(&root);
            output::print(&list::render(&corpus.cases, format, output::columns()));
            output::print_problems(&corpus.problems)
        }
        Action::Show { id, side, answer } => {
            let corpus = load::select(load::corpus(&root), &[id]);
            show::run(corpus, side, answer)
        }
        Action::Verify(args) => {
            let corpus = load::select(load::corpus(&root), &args.ids);
            verify::run(corpus, &args)
        }
    })
}
