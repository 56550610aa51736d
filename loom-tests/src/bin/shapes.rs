//! Which engine finds which published bug shape, and in how many executions.

use clap::{Parser, ValueEnum};
use loom_tests::shapes::{Shape, all};
use ringwright::check::{Check, Engine, FailureKind, Limit, Report, Verdict};
use serde::Serialize;
use serde_json::json;
use std::io;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;
use wait_timeout::ChildExt;

/// Runs each bug shape under each engine: its flawed form, and the corrected one
/// where the flaw was found.
#[derive(Parser)]
struct Args {
    /// The engine that runs them.
    #[arg(long, value_enum, default_value = "all")]
    engine: EngineArg,
    /// How to print the results; the table is Markdown.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Only shapes whose name contains this.
    #[arg(long)]
    name: Option<String>,
    /// Seconds for a cell, at most.
    #[arg(long, default_value = "10", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Executions of the random search of `sc`.
    #[arg(long, default_value = "10000", value_parser = clap::value_parser!(u64).range(1..))]
    random: u64,
    /// Rounds of real threads.
    #[arg(long, default_value = "2000", value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// In a child process: run one form of the shape with this name, print its report, and end.
    #[arg(long, hide = true)]
    cell: Option<String>,
    /// In a child process: the corrected form.
    #[arg(long, hide = true)]
    corrected: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum EngineArg {
    Explorer,
    Loom,
    Sc,
    Native,
    All,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    Table,
    Json,
}

/// The engines, as columns.
const COLUMNS: [(EngineArg, Engine); 4] = [
    (EngineArg::Explorer, Engine::Explorer),
    (EngineArg::Loom, Engine::Loom),
    (EngineArg::Sc, Engine::Sc),
    (EngineArg::Native, Engine::Native),
];

/// What a run of one form found.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Finding {
    /// A failure of this kind.
    Failed(FailureKind),
    /// The process died.
    Crashed,
    /// A round did not end.
    Hung,
    /// Nothing, though everything that was to be looked at was.
    Nothing,
    /// Nothing within the limit.
    LimitHit(String),
}

/// One engine on one shape.
#[derive(Serialize)]
struct Cell {
    engine: Engine,
    found: Finding,
    executions: u64,
    seconds: f64,
    /// What the engine says about the corrected form; only if it found something.
    corrected: Option<Finding>,
}

impl Finding {
    fn of(report: &Report) -> Finding {
        match &report.verdict {
            Verdict::Failed(kind) => Finding::Failed(*kind),
            Verdict::LimitHit(Limit::Engine(why)) => match report.engine {
                Engine::Native if why.contains("did not end") => Finding::Hung,
                Engine::Loom if why.contains("ended without a report (signal") => Finding::Crashed,
                _ => Finding::LimitHit(why.clone()),
            },
            Verdict::LimitHit(limit) => Finding::LimitHit(limit.to_string()),
            Verdict::NotRun(why) => Finding::LimitHit(why.clone()),
            _ => Finding::Nothing,
        }
    }

    fn is_bug(&self) -> bool {
        matches!(self, Finding::Failed(_) | Finding::Crashed | Finding::Hung)
    }
}

impl Cell {
    /// The engine tells the two forms apart.
    fn is_right(&self) -> bool {
        self.found.is_bug() && !self.corrected.as_ref().is_some_and(Finding::is_bug)
    }

    /// The cell of the table.
    fn text(&self) -> String {
        let text = match &self.found {
            Finding::Failed(kind) => format!("{kind}, {}", self.executions),
            Finding::Crashed => "crash".to_owned(),
            Finding::Hung => format!("hang, {}", self.executions),
            Finding::Nothing => format!("no ({})", self.executions),
            Finding::LimitHit(_) => format!("no (limit, {})", self.executions),
        };
        match &self.corrected {
            Some(corrected) if corrected.is_bug() => format!("{text} †"),
            Some(Finding::LimitHit(_)) => format!("{text} ‡"),
            _ => text,
        }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    match &args.cell {
        Some(name) => child(&args, name),
        None => parent(&args),
    }
}

/// The check of one form of a shape.
fn check(args: &Args, shape: &Shape, engine: Engine, corrected: bool) -> Check {
    let form = if corrected { "corrected" } else { "with the flaw" };
    let check = Check::new(format!("{}, {form}", shape.name))
        .engine(engine)
        .max_time(Duration::from_secs(args.seconds))
        .loom_args(cell_args(args, shape, engine, corrected));
    match engine {
        Engine::Sc => check.random(args.random),
        Engine::Native => check.random(args.rounds),
        _ => check,
    }
}

fn body(shape: &Shape, corrected: bool) -> fn() {
    if corrected { shape.fixed } else { shape.buggy }
}

/// The arguments by which a child process runs one form of a shape.
fn cell_args(args: &Args, shape: &Shape, engine: Engine, corrected: bool) -> Vec<String> {
    let numbers = [("--seconds", args.seconds), ("--random", args.random), ("--rounds", args.rounds)];
    let mut list = vec!["--engine".into(), engine.to_string(), "--cell".into(), shape.name.into()];
    list.extend(numbers.into_iter().flat_map(|(name, number)| [name.to_owned(), number.to_string()]));
    if corrected {
        list.push("--corrected".into());
    }
    list
}

/// Runs one form and prints its report.
fn child(args: &Args, name: &str) -> ExitCode {
    let shape = all().into_iter().find(|shape| shape.name == name);
    let engine = COLUMNS.iter().find(|(arg, _)| *arg == args.engine);
    let (Some(shape), Some((_, engine))) = (shape, engine) else {
        eprintln!("shapes: a cell is one shape under one engine");
        return ExitCode::from(2);
    };
    let report = check(args, &shape, *engine, args.corrected).run(body(&shape, args.corrected));
    println!("{}", serde_json::to_string(&report).expect("a report is plain data"));
    ExitCode::SUCCESS
}

/// Runs one form: here, if the engine keeps what the model breaks to itself; in
/// a process of its own, if freed memory is really gone.
fn run(args: &Args, shape: &Shape, engine: Engine, corrected: bool) -> (Finding, u64, f64) {
    if matches!(engine, Engine::Explorer | Engine::Loom) {
        let report = check(args, shape, engine, corrected).run(body(shape, corrected));
        return (Finding::of(&report), report.executions, report.elapsed.as_secs_f64());
    }
    match run_child(&cell_args(args, shape, engine, corrected), Duration::from_secs(args.seconds + 20)) {
        Ok(Some(report)) => (Finding::of(&report), report.executions, report.elapsed.as_secs_f64()),
        Ok(None) => (Finding::Crashed, 0, 0.0),
        Err(why) => (Finding::LimitHit(why), 0, 0.0),
    }
}

/// The report of a child process; none if it died.
fn run_child(args: &[String], patience: Duration) -> Result<Option<Report>, String> {
    let output = output(args, patience).map_err(|error| error.to_string())?;
    let text = output.ok_or_else(|| format!("no end within {} s", patience.as_secs()))?;
    Ok(serde_json::from_str(text.trim()).ok())
}

/// What this program prints when it is run with `args`; none if it took too long.
fn output(args: &[String], patience: Duration) -> io::Result<Option<String>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let stdout = child.stdout.take();
    // A report may be longer than a pipe holds, so it is read while the child runs.
    let reader = std::thread::spawn(|| stdout.map_or(Ok(String::new()), io::read_to_string));
    if child.wait_timeout(patience)?.is_none() {
        child.kill()?;
        child.wait()?;
        return Ok(None);
    }
    reader.join().unwrap_or_else(|_| Ok(String::new())).map(Some)
}

fn cell(args: &Args, shape: &Shape, engine: Engine) -> Cell {
    let (found, executions, seconds) = run(args, shape, engine, false);
    // The explorer has to pass the corrected form in any case.
    let wanted = found.is_bug() || engine == Engine::Explorer;
    let corrected = wanted.then(|| run(args, shape, engine, true).0);
    Cell { engine, found, executions, seconds, corrected }
}

fn parent(args: &Args) -> ExitCode {
    let wanted = |shape: &Shape| args.name.as_ref().is_none_or(|name| shape.name.contains(name.as_str()));
    let shapes: Vec<Shape> = all().into_iter().filter(wanted).collect();
    if shapes.is_empty() {
        eprintln!("shapes: no shape has such a name");
        return ExitCode::from(2);
    }
    let columns: Vec<Engine> = COLUMNS
        .iter()
        .filter(|(arg, _)| args.engine == EngineArg::All || *arg == args.engine)
        .map(|(_, engine)| *engine)
        .collect();
    if args.format == Format::Table {
        print_head(&columns);
    }
    let mut rows = Vec::new();
    for shape in shapes {
        let cells: Vec<Cell> = columns.iter().map(|engine| cell(args, &shape, *engine)).collect();
        match args.format {
            Format::Table => print_row(&shape, &cells),
            Format::Json => println!(
                "{}",
                json!({ "name": shape.name, "source": shape.source, "expected": shape.expected, "cells": cells })
            ),
        }
        rows.push((shape, cells));
    }
    summarize(args.format, &columns, &rows);
    if rows.iter().all(|(shape, cells)| cells.iter().all(|cell| as_promised(shape, cell))) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    }
}

/// The explorer finds the flaw as what it should be, and passes the corrected
/// form. The other engines promise nothing.
fn as_promised(shape: &Shape, cell: &Cell) -> bool {
    cell.engine != Engine::Explorer
        || (matches!(&cell.found, Finding::Failed(kind) if shape.expected.contains(kind))
            && matches!(cell.corrected, Some(Finding::Nothing)))
}

fn print_head(columns: &[Engine]) {
    let names: Vec<String> = columns.iter().map(Engine::to_string).collect();
    println!("| shape | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(columns.len()));
}

fn print_row(shape: &Shape, cells: &[Cell]) {
    let texts: Vec<String> = cells.iter().map(Cell::text).collect();
    println!("| {} | {} |", shape.name, texts.join(" | "));
}

/// How many shapes each engine tells from their corrected forms.
fn summarize(format: Format, columns: &[Engine], rows: &[(Shape, Vec<Cell>)]) {
    let right = |column: usize| rows.iter().filter(|(_, cells)| cells[column].is_right()).count();
    let counts: Vec<usize> = (0..columns.len()).map(right).collect();
    if format == Format::Table {
        let texts: Vec<String> = counts.iter().map(|n| format!("**{n} of {}**", rows.len())).collect();
        println!("| **found, and the corrected form not** | {} |", texts.join(" | "));
        return;
    }
    let engines: Vec<_> =
        columns.iter().zip(&counts).map(|(e, n)| json!({ "engine": e, "right": n })).collect();
    println!("{}", json!({ "summary": { "shapes": rows.len(), "engines": engines } }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(found: Finding, corrected: Option<Finding>) -> Cell {
        Cell { engine: Engine::Explorer, found, executions: 7, seconds: 0.5, corrected }
    }

    #[test]
    fn an_engine_is_right_if_it_tells_the_flawed_form_from_the_corrected_one() {
        let race = || Finding::Failed(FailureKind::Race);
        assert!(cell(race(), Some(Finding::Nothing)).is_right());
        assert!(cell(Finding::Crashed, None).is_right());
        assert!(!cell(race(), Some(race())).is_right(), "a false alarm");
        assert!(!cell(Finding::Nothing, None).is_right(), "a miss");
        assert!(!cell(Finding::LimitHit("time".into()), None).is_right(), "a limit finds nothing");
    }

    #[test]
    fn a_cell_of_the_table_marks_what_is_wrong_with_the_corrected_form() {
        let text = |found, corrected| cell(found, corrected).text();
        assert_eq!(text(Finding::Failed(FailureKind::Race), Some(Finding::Nothing)), "race, 7");
        assert_eq!(text(Finding::Crashed, Some(Finding::Hung)), "crash †");
        assert_eq!(text(Finding::Hung, Some(Finding::LimitHit("time".into()))), "hang, 7 ‡");
        assert_eq!(text(Finding::Nothing, None), "no (7)");
    }
}
