//! Runs litmus programs under an engine and compares with what C++20 allows.

use clap::{Parser, ValueEnum};
use loom_tests::litmus::{Line, Program, Settings};
use ringwright::check::__private::BrokenRule;
use ringwright::check::Engine;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs litmus programs and compares the outcomes seen with the ones allowed.
#[derive(Parser)]
struct Args {
    /// The programs: one JSON object a line.
    #[arg(long)]
    file: PathBuf,
    /// The engine that runs them.
    #[arg(long, value_enum, default_value = "explorer")]
    engine: EngineArg,
    /// How to print the results.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Only programs whose name contains this.
    #[arg(long)]
    name: Option<String>,
    /// So many executions at random instead of all.
    #[arg(long)]
    random: Option<u64>,
    /// Seconds that a program may take.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Visit each graph in every order, which must show the same outcomes.
    #[arg(long)]
    no_reduction: bool,
    /// Break one rule of the memory model, to see that it is noticed.
    #[arg(long, value_enum)]
    broken: Option<RuleArg>,
}

#[derive(Clone, Copy, ValueEnum)]
enum EngineArg {
    Explorer,
    Loom,
    Sc,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
enum RuleArg {
    AppendOnly,
    ScAccessIsFence,
    NoPsc,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("litmus: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<bool, String> {
    let file = args.file.display();
    let text = std::fs::read_to_string(&args.file).map_err(|error| format!("{file}: {error}"))?;
    let programs = Program::parse(&text).map_err(|error| format!("{file}: {error}"))?;
    let settings = Settings {
        engine: match args.engine {
            EngineArg::Explorer => Engine::Explorer,
            EngineArg::Loom => Engine::Loom,
            EngineArg::Sc => Engine::Sc,
        },
        random: args.random,
        reduction: !args.no_reduction,
        seconds: args.seconds,
        broken: match args.broken {
            None => BrokenRule::None,
            Some(RuleArg::AppendOnly) => BrokenRule::AppendOnly,
            Some(RuleArg::ScAccessIsFence) => BrokenRule::ScAccessIsFence,
            Some(RuleArg::NoPsc) => BrokenRule::NoPsc,
        },
    };
    let wanted = |p: &&Program| args.name.as_ref().is_none_or(|name| p.name.contains(name.as_str()));
    let mut lines = Vec::new();
    for program in programs.iter().filter(wanted) {
        let line = program.check(settings);
        print_line(args.format, &line);
        lines.push(line);
    }
    if lines.is_empty() {
        return Err(format!("{file}: no program to run"));
    }
    Ok(summarize(args, &lines))
}

fn print_line(format: Format, line: &Line) {
    match format {
        Format::Json => println!("{}", serde_json::to_string(line).expect("a line is plain data")),
        Format::Table if !line.exact() => println!(
            "{:40} race {}/{} forbidden {} missed {} of {}, {} + {} executions {}",
            line.name,
            line.race_found,
            line.race_expected,
            line.forbidden,
            line.missed,
            line.expected,
            line.executions,
            line.blocked,
            line.limit.as_deref().unwrap_or(""),
        ),
        Format::Table => {}
    }
}

/// Prints the summary; whether every program was exact.
fn summarize(args: &Args, lines: &[Line]) -> bool {
    let exact = lines.iter().filter(|l| l.exact()).count();
    let sum = |f: fn(&Line) -> u64| lines.iter().map(f).sum::<u64>();
    let summary = json!({ "summary": {
        "programs": lines.len(),
        "exact": exact,
        "race_wrong": lines.iter().filter(|l| l.race_found != l.race_expected).count(),
        "forbidden": lines.iter().map(|l| l.forbidden).sum::<usize>(),
        "missed": lines.iter().map(|l| l.missed).sum::<usize>(),
        "limits": lines.iter().filter(|l| l.limit.is_some()).count(),
        "executions": sum(|l| l.executions),
        "blocked": sum(|l| l.blocked),
        "seconds": lines.iter().map(|l| l.seconds).sum::<f64>(),
    }});
    match args.format {
        Format::Json => println!("{summary}"),
        Format::Table => println!("{exact} of {} exact: {summary}", lines.len()),
    }
    exact == lines.len()
}
