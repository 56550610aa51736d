//! The parent's side of a check under loom: starts the program again, and reads what it says.
//!
//! A failure under loom can end in a second panic, which aborts the process,
//! and two engines must not share a panic hook. So loom runs in a child process
//! ([`crate::engines::loom_child`]).
//!
//! A test is started again by its name, which is its thread's; a program with
//! its own arguments, or those of [`Check::loom_args`](crate::Check::loom_args).

use crate::engines::loom_child::{ChildMessage, MODEL, POOL, TAG, THREAD};
use crate::engines::loom_object::Sizes;
use crate::plan::options::Plan;
use crate::report::data::{Engine, Limit, Report, Verdict};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The pool that a child starts with.
const FIRST_POOL: Sizes = [4, 0, 2, 4, 2];

/// Times that a child may ask for a larger pool.
const POOLS: usize = 10;

/// How long after its time limit a child may still be at work.
const EXTRA_TIME: Duration = Duration::from_secs(20);

/// How long a child without a time limit may be at work.
const LONGEST: Duration = Duration::from_secs(3600);

thread_local! {
    /// The reports that checks of this thread have given.
    static PAST: RefCell<Vec<Report>> = const { RefCell::new(Vec::new()) };
}

/// Remembers a report, in case a child has to pass the same check.
pub(crate) fn remember(report: &Report) {
    PAST.with_borrow_mut(|past| past.push(report.clone()));
}

/// Runs the check of `plan` in a child process.
pub(crate) fn run(plan: &Plan, args: Option<&[String]>) -> Report {
    let started = Instant::now();
    let mut sizes = FIRST_POOL;
    let mut why = String::new();
    for _ in 0..POOLS {
        match run_child(plan, args, &sizes) {
            Ok(ChildMessage::Report(report)) => return *report,
            Ok(ChildMessage::Pool(larger)) => {
                why = format!("it needs more than {sizes:?} objects");
                sizes = larger;
            }
            Ok(ChildMessage::Lost(text)) | Err(text) => {
                why = text;
                break;
            }
        }
    }
    Report {
        name: plan.name.clone(),
        engine: Engine::Loom,
        verdict: Verdict::LimitHit(Limit::Engine(format!("loom's child process: {why}"))),
        executions: 0,
        blocked: 0,
        elapsed: started.elapsed(),
        outcomes: BTreeSet::new(),
        failure: None,
        notes: Vec::new(),
        command: None,
    }
}

/// The command that gets to the model again.
fn command(plan: &Plan, args: Option<&[String]>) -> Result<Command, String> {
    let program = std::env::current_exe().map_err(|error| format!("this program's file: {error}"))?;
    let mut command = Command::new(program);
    let thread = std::thread::current();
    let number = match (args, thread.name()) {
        (Some(args), _) => {
            command.args(args);
            "*".to_owned()
        }
        (None, Some("main")) => {
            command.args(std::env::args_os().skip(1));
            PAST.with_borrow(Vec::len).to_string()
        }
        (None, Some(test)) => {
            command.args(["--exact", test, "--nocapture", "--test-threads=1", "--include-ignored"]);
            PAST.with_borrow(Vec::len).to_string()
        }
        (None, None) => {
            return Err(
                "a check in a thread without a name cannot be started again: say how with `loom_args`".into(),
            );
        }
    };
    let thread = if number == "*" { "main" } else { thread.name().unwrap_or("main") };
    command.env(MODEL, format!("{number}:{}", plan.name)).env(THREAD, thread).env("RUST_BACKTRACE", "0");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command)
}

fn run_child(plan: &Plan, args: Option<&[String]>, sizes: &Sizes) -> Result<ChildMessage, String> {
    let mut command = command(plan, args)?;
    command.env(POOL, serde_json::to_string(sizes).expect("sizes are plain data"));
    let mut child = command.spawn().map_err(|error| format!("it cannot be started: {error}"))?;
    let past = PAST.with_borrow(|past| {
        let lines =
            past.iter().map(|report| serde_json::to_string(report).expect("a report is plain data") + "\n");
        if args.is_some() { String::new() } else { lines.collect() }
    });
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // The child may end without reading all of it.
            drop(stdin.map(|mut stdin| stdin.write_all(past.as_bytes())));
        });
        let complaint = scope.spawn(move || {
            let mut text = Vec::new();
            drop(stderr.map(|mut stderr| stderr.read_to_end(&mut text)));
            String::from_utf8_lossy(&text).into_owned()
        });
        scope.spawn(move || {
            let lines = stdout.into_iter().flat_map(|out| BufReader::new(out).lines()).map_while(Result::ok);
            let found = lines.filter_map(|line| line.strip_prefix(TAG).map(str::to_owned)).last();
            // The receiver is gone if the child has taken too long.
            drop(sender.send(found));
        });
        let patience = plan.max_time.map_or(LONGEST, |max| max + EXTRA_TIME);
        let found = receiver.recv_timeout(patience);
        if found.is_err() {
            drop(child.kill());
        }
        let status = wait(&mut child);
        let complaint = complaint.join().unwrap_or_default();
        match found {
            Ok(Some(text)) => {
                serde_json::from_str(&text).map_err(|error| format!("its report is unreadable: {error}"))
            }
            Ok(None) => Err(format!("it ended without a report ({status}): {}", last_lines(&complaint))),
            Err(_) => Err(format!("it did not end within {} s", patience.as_secs())),
        }
    })
}

fn wait(child: &mut Child) -> String {
    child.wait().map_or_else(|error| error.to_string(), |status: ExitStatus| status.to_string())
}

/// The end of what a child said on its standard error.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(4)..].join(" | ")
}
