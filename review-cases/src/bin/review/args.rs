//! The command line.

use crate::show::Side;
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Pull requests with one planted concurrency bug each: read them, and prove
/// every label.
///
/// Exit codes: 0, all is as labelled; 1, some variant is not; 2, bad input (one
/// error each on standard error, everything else is still reported).
#[derive(Debug, Parser)]
#[command(name = "review", version)]
pub(crate) struct Args {
    /// The folder of cases [default: the corpus of this workspace]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) cases: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) action: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List the cases
    List {
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Print one case as a candidate sees it
    Show {
        /// The case's id
        id: String,
        /// Which side to serve [default: chosen by the id]
        #[arg(long, value_enum)]
        side: Option<Side>,
        /// Append the answer: which side it was, the lines at fault, the explanation
        #[arg(long)]
        answer: bool,
    },
    /// Run the author's tests and the checker on every variant
    Verify(VerifyArgs),
}

/// How to verify.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The cases' ids [default: all]
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Only the variants of this name
    #[arg(long, value_name = "NAME")]
    pub(crate) variant: Option<String>,
    /// Run only the execution that a failure's token names; `RINGWRIGHT_REPLAY`
    /// and the like in the environment are ignored
    #[arg(long, value_name = "TOKEN", requires = "variant")]
    pub(crate) replay: Option<String>,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// How many variants to work on at the same time [default: one a core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Print the failing interleaving of every variant that fails
    #[arg(short = 'v', long = "show-trace", visible_alias = "verbose")]
    pub(crate) show_trace: bool,
    /// Seconds that one harness or one test program may run before it is stopped
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: u64,
    /// Do without the thread-sanitizer pass, as on a toolchain that refuses it
    #[arg(long)]
    pub(crate) without_plain: bool,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
}
