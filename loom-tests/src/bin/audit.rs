//! Audits the orderings of our structures: is each of them needed, and does a
//! model notice when it is missing?

use clap::{Parser, ValueEnum};
use loom_tests::models;
use ringwright::check::audit::AuditReport;
use std::process::ExitCode;
use std::time::Duration;

/// Weakens each memory ordering of our structures in turn and runs the models
/// that execute it. Exit code 1 if one survives, or is never executed, and no
/// comment in the source explains it.
#[derive(Parser)]
struct Args {
    /// How to print the results.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Only models whose name contains this. What they do not execute is not
    /// listed then.
    #[arg(long)]
    name: Option<String>,
    /// Only orderings in files whose path contains this.
    #[arg(long)]
    file: Option<String>,
    /// Seconds that each run of a model may take.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Print the interleaving of each witness below the table.
    #[arg(long)]
    witnesses: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("audit: {error}");
            ExitCode::from(2)
        }
    }
}

/// Runs the audit; whether nothing is left unexplained.
fn run(args: &Args) -> Result<bool, String> {
    let name = args.name.clone().unwrap_or_default();
    if !models::ALL.iter().any(|model| model.name.contains(&name)) {
        let all: Vec<&str> = models::ALL.iter().map(|model| model.name).collect();
        return Err(format!("no model's name contains `{name}`; there are: {}", all.join(", ")));
    }
    let mut audit = models::audit(&name).max_time_per_model(Duration::from_secs(args.seconds));
    if let Some(part) = args.file.clone() {
        audit = audit.files(move |file| file.contains(&part));
    }
    let mut report = audit.run();
    if args.name.is_some() {
        report.sites.retain(|site| site.weaker.is_some());
        report.stale.clear();
    }
    if report.sites.is_empty() {
        return Err("there is no ordering to audit".into());
    }
    match args.format {
        Format::Json => println!("{}", serde_json::to_string(&report).expect("a report is plain data")),
        Format::Table => print_table(&report, args.witnesses),
    }
    Ok(report.is_clean())
}

fn print_table(report: &AuditReport, witnesses: bool) {
    println!("{report}");
    for site in report.sites.iter().filter(|_| witnesses) {
        if let (Some(witness), Some(to)) = (&site.witness, &site.weaker) {
            let at = format!("{}:{}", site.file, site.line);
            println!("\n{at} {} as {to}, `{}`\n{}", site.ordering, witness.model, witness.failure);
        }
    }
}
