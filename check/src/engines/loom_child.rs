//! loom in a child process.
//!
//! A failure under loom can end in a second panic, which aborts the process,
//! and two engines must not share a panic hook. So the parent starts the same
//! program again, with the model's name in the environment; the child runs to
//! the same [`Check::run`](crate::Check::run), runs loom there, prints one line
//! and exits. The panic hook prints it too, before anything unwinds.
//!
//! # Getting to the same place
//!
//! A test is started again by its name, which is its thread's; a program with
//! its own arguments, or those of [`Check::loom_args`](crate::Check::loom_args).
//! On the way the child may pass other checks of the same thread. For these it
//! returns the reports that the parent had got, which it reads from its
//! standard input, so it takes the same path. With arguments of its own it
//! runs them for real.
//!
//! # Limits
//!
//! loom looks at its own limits late, and passes when it reaches them. So they
//! are off, and the child counts executions and time itself.

use crate::engines::loom;
use crate::engines::loom_execution::{LoomEnd, LoomExecution};
use crate::engines::loom_object::{Pool, Sizes};
use crate::engines::sc_driver::mark_guilty;
use crate::plan::options::{Mode, Plan};
use crate::report::cause::{Cause, PanicData};
use crate::report::data::{
    Engine, Failure, FailureKind, Limit, Report, SourceLine, Trace, TraceLine, Verdict,
};
use crate::seam::context;
use crate::seam::panics;
use crate::seam::runtime;
use crate::seam::symbols::source_line;
use crate::seam::tracer::name;
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

const MODEL: &str = "RINGWRIGHT_LOOM_MODEL";
const THREAD: &str = "RINGWRIGHT_LOOM_THREAD";
const POOL: &str = "RINGWRIGHT_LOOM_POOL";
const TAG: &str = "RINGWRIGHT-LOOM ";

/// The pool that a child starts with.
const FIRST_POOL: Sizes = [4, 0, 2, 4, 2];

/// Times that a child may ask for a larger pool.
const POOLS: usize = 10;

/// How long after its time limit a child may still be at work.
const EXTRA_TIME: Duration = Duration::from_secs(20);

/// Branches of an execution, at most. loom reserves room for all.
const BRANCHES: usize = 2_000;

/// What a child says.
#[derive(Debug, Serialize, Deserialize)]
enum ChildMessage {
    Report(Box<Report>),
    /// It needs a pool of these sizes.
    Pool(Sizes),
    /// It did not get to the model.
    Lost(String),
}

/// How a search ended.

/// What a check has found so far, in the child.
#[derive(Debug)]
struct LoomRecord {
    plan: Plan,
    started: Instant,
    executions: u64,
    outcomes: BTreeSet<String>,
    under_way: bool,
}

thread_local! {
    /// The reports that checks of this thread have given, in the parent.
    static PAST: RefCell<Vec<Report>> = const { RefCell::new(Vec::new()) };
    /// How many checks this thread has passed, in the child.
    static PASSED: Cell<usize> = const { Cell::new(0) };
    static PROGRESS: RefCell<Option<LoomRecord>> = const { RefCell::new(None) };
}

/// Remembers a report, in case a child has to pass the same check.
pub(crate) fn remember(report: &Report) {
    PAST.with_borrow_mut(|past| past.push(report.clone()));
}

/// In the child: the report of a check that is only passed. Does not return
/// from the one that is wanted.
pub(crate) fn intercept(plan: &Plan, engine: Engine, model: &Arc<dyn Fn() + Send + Sync>) -> Option<Report> {
    let wanted = std::env::var(MODEL).ok()?;
    if std::thread::current().name() != std::env::var(THREAD).ok().as_deref() {
        return None;
    }
    let (number, wanted_name) = wanted.split_once(':')?;
    let this = engine == Engine::Loom && plan.name == wanted_name;
    let Ok(number) = number.parse::<usize>() else {
        if this {
            search(plan.clone(), Arc::clone(model));
        }
        return None;
    };
    let at = PASSED.replace(PASSED.get() + 1);
    if at < number {
        return Some(given().get(at)?.clone());
    }
    if at == number && this {
        search(plan.clone(), Arc::clone(model));
    }
    say(&ChildMessage::Lost(format!(
        "check {at} of the child is {} by {engine}, not {wanted_name}",
        plan.name
    )))
}

/// The reports that the parent sent.
fn given() -> &'static [Report] {
    static GIVEN: OnceLock<Vec<Report>> = OnceLock::new();
    GIVEN.get_or_init(|| {
        let lines = std::io::stdin().lock().lines().map_while(Result::ok);
        lines.map_while(|line| serde_json::from_str(&line).ok()).collect()
    })
}

/// Prints the line and ends the process.
fn say(line: &ChildMessage) -> ! {
    let text = serde_json::to_string(line).expect("a line is plain data");
    // A thread of its own, and a new line: the stack here may be small, and the test harness may have
    // begun a line.
    let printer = std::thread::spawn(move || {
        let mut out = std::io::stdout().lock();
        writeln!(out, "\n{TAG}{text}").and_then(|()| out.flush()).is_ok()
    });
    let printed = printer.join().unwrap_or(false);
    std::process::exit(i32::from(!printed))
}

/// Runs loom on `model`, says what came of it, and ends the process.
fn search(plan: Plan, model: Arc<dyn Fn() + Send + Sync>) -> ! {
    panics::install();
    panics::observe(|info| {
        let payload = info.payload();
        // loom ends its coroutines by a panic that is not text; the model's own of that kind are seen
        // where they end their thread.
        if payload.is::<&str>() || payload.is::<String>() {
            let site = info.location().map(|l| SourceLine { file: l.file().to_owned(), line: l.line() });
            end(classify(PanicData { message: panics::message(payload).trim().to_owned(), site }));
        }
    });
    let sizes =
        std::env::var(POOL).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(FIRST_POOL);
    let mut builder = ::loom::model::Builder::new();
    builder.max_branches = BRANCHES;
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.preemption_bound = None;
    builder.checkpoint_file = None;
    builder.location = true;
    builder.log = false;
    let started = Instant::now();
    let progress = LoomRecord { plan, started, executions: 0, outcomes: BTreeSet::new(), under_way: false };
    PROGRESS.set(Some(progress));
    let mut state = Box::new(LoomExecution::new(Pool::new(sizes), end));
    loom::install(&raw mut *state);
    loop {
        let model = Arc::clone(&model);
        builder.check(move || execution(&*model));
        end_of_execution();
        if !loom::with(|s| s.oracle.advance()) {
            end(LoomEnd::Done);
        }
    }
}

/// One execution of the model, inside loom.
fn execution(model: &(dyn Fn() + Send + Sync)) {
    let _engine = runtime::engine_code();
    end_of_execution();
    let (number, limit) = PROGRESS.with_borrow_mut(|progress| {
        let progress = progress.as_mut().expect("`search` has set it");
        progress.under_way = true;
        let plan = &progress.plan;
        let late = plan.max_time.filter(|max| progress.started.elapsed() >= *max);
        let limit = if progress.executions >= plan.max_executions {
            Some(Limit::Executions(plan.max_executions))
        } else {
            late.map(|max| Limit::Millis(max.as_millis() as u64))
        };
        (progress.executions as u32 + 1, limit)
    });
    if let Some(limit) = limit {
        end(LoomEnd::Limit(limit));
    }
    loom::with(|s| s.begin(number));
    panics::run_main(model);
}

/// Counts the execution that has just ended, if there is one.
fn end_of_execution() {
    let under_way = PROGRESS.with_borrow_mut(|progress| {
        let progress = progress.as_mut().expect("`search` has set it");
        std::mem::take(&mut progress.under_way)
    });
    if !under_way {
        return;
    }
    context::set_allocations(None);
    context::end_of_execution(true);
    let (outcome, wanted) = loom::with(|s| {
        s.finish();
        (s.outcome.take(), s.pool.wanted())
    });
    if let Some(sizes) = wanted {
        say(&ChildMessage::Pool(sizes));
    }
    PROGRESS.with_borrow_mut(|progress| {
        let progress = progress.as_mut().expect("`search` has set it");
        progress.executions += 1;
        progress.outcomes.extend(outcome);
    });
}

/// What a panic means: one of loom's own is a verdict of loom's.
fn classify(panic: PanicData) -> LoomEnd {
    if !panic.site.as_ref().is_some_and(|site| site.file.contains("/loom-")) {
        return LoomEnd::Failed(panic.into());
    }
    let failed = |kind, message, sites| LoomEnd::Failed(Cause { kind, message, sites });
    let text = panic.message;
    let first = text.lines().next().unwrap_or_default();
    if first.starts_with("Causality violation") {
        let me = loom::with(|s| s.me);
        let threads =
            text.lines().filter_map(|l| l.split_once("thread #")?.1.split(' ').next()?.parse().ok());
        let other = threads.into_iter().find(|t: &usize| *t != me);
        return failed(FailureKind::Race, format!("loom: {first}"), loom::with(|s| s.race_sites(other)));
    }
    if first.starts_with("deadlock") {
        let (message, sites) = loom::with(|s| {
            let waiting = s.threads.iter().filter_map(|t| t.doing.map(|doing| (t, doing)));
            let (texts, sites): (Vec<String>, Vec<SourceLine>) =
                waiting.map(|(t, (site, what))| (format!("{} at {what}", t.name), source_line(site))).unzip();
            (format!("no thread can go on: {}", texts.join(", ")), sites)
        });
        return failed(FailureKind::Deadlock, message, sites);
    }
    if first.contains("maximum number of branches") {
        return LoomEnd::Limit(Limit::Steps(BRANCHES as u64));
    }
    if first.contains("fully deterministic") {
        return failed(FailureKind::NotDeterministic, format!("loom: {first}"), Vec::new());
    }
    LoomEnd::Limit(Limit::Engine(format!("loom: {first}")))
}

/// Says how the search ended, and ends the process.
fn end(ended: LoomEnd) -> ! {
    // A failure of an execution whose pool was too small may be the pool's.
    if let Some(sizes) = loom::with(|s| s.pool.wanted()) {
        say(&ChildMessage::Pool(sizes));
    }
    let progress = PROGRESS.take().expect("`search` has set it");
    let mut executions = progress.executions;
    let (verdict, failure) = match ended {
        LoomEnd::Done => (Verdict::Bounded("loom's search".into()), None),
        LoomEnd::Limit(limit) => (Verdict::LimitHit(limit), None),
        LoomEnd::Failed(Cause { kind, message, sites }) => {
            executions += 1;
            let mut trace = trace();
            mark_guilty(&mut trace, &sites);
            (Verdict::Failed(kind), Some(Failure { kind, message, sites, trace, token: String::new() }))
        }
    };
    say(&ChildMessage::Report(Box::new(Report {
        name: progress.plan.name.clone(),
        engine: Engine::Loom,
        verdict,
        executions,
        blocked: 0,
        elapsed: progress.started.elapsed(),
        outcomes: progress.outcomes,
        failure,
        notes: notes(&progress.plan),
    })))
}

/// The execution under way, step by step.
fn trace() -> Trace {
    loom::with(|s| {
        let lines = s.steps.iter().map(|step| {
            let what = match (step.object.map(|n| name(n as u32)), step.what.split_once(' ')) {
                (Some(object), Some((op, rest))) if step.access.is_none() => format!("{op} {object} {rest}"),
                (Some(object), _) => format!("{} {object}", step.what),
                (None, _) => step.what.clone(),
            };
            let site = Some(source_line(step.site));
            TraceLine { lane: step.lane, site, what, ..TraceLine::default() }
        });
        let lanes = s.threads.iter().map(|t| t.name.clone()).collect();
        Trace { lines: lines.collect(), lanes, interleaving: None, left_out: 0 }
    })
}

fn notes(plan: &Plan) -> Vec<String> {
    let mut notes = vec![
        "loom: at most 5 threads and the 7 newest stores of a location; no load buffering, no spurious failure or \
         wake-up; SeqCst accesses count as acquire-release, which can be a false alarm; its reduction can miss \
         executions (tokio-rs/loom#166)"
            .into(),
        "loom: locks that are not mutexes, condition variables and parking order more than they should; any panic \
         fails the model, even one that a join would give to its caller"
            .into(),
    ];
    if matches!(plan.mode, Mode::Random { .. }) {
        notes.push("loom has no random search: it looked at all that it looks at".into());
    }
    if !loom::with(|s| s.pool.seen_allocator) {
        notes.push("no quarantining allocator, or no block after the first spawn: the publication of fresh nodes is not seen".into());
    }
    notes
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
        let patience = plan.max_time.map_or(Duration::from_secs(3600), |max| max + EXTRA_TIME);
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
