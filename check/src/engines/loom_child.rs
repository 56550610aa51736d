//! The child's side of a check under loom: gets to the model again, searches, and says what came of it.
//!
//! [`crate::engines::loom_parent`] starts the program again, with the model's
//! name in the environment. The child runs to the same
//! [`Check::run`](crate::Check::run), runs loom there, prints one line and
//! exits. The panic hook prints it too, before anything unwinds.
//!
//! On its way the child may pass other checks of the same thread. For these it
//! returns the reports that the parent had got, which it reads from its
//! standard input, so it takes the same path. With arguments of its own it
//! runs them for real.
//!
//! # Limits
//!
//! loom looks at its own limits late, and passes when it reaches them. So they
//! are off, and the child counts executions and time itself.

use crate::engines::loom;
use crate::engines::loom_current::with;
use crate::engines::loom_execution::{LoomEnd, LoomExecution};
use crate::engines::loom_object::{Pool, Sizes};
use crate::engines::sc_driver::mark_guilty;
use crate::plan::options::{Mode, Plan};
use crate::report::cause::{Cause, PanicData};
use crate::report::data::{
    Engine, Failure, FailureKind, Limit, Report, SourceLine, Trace, TraceLine, Verdict,
};
use crate::seam::context;
use crate::seam::panic_memory;
use crate::seam::panics;
use crate::seam::runtime;
use crate::seam::symbols::source_line;
use crate::seam::tracer::name;
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io::{BufRead, Write};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// The variables by which a child knows what it is for, and the mark of the line that it prints.
pub(super) const MODEL: &str = "RINGWRIGHT_LOOM_MODEL";
pub(super) const THREAD: &str = "RINGWRIGHT_LOOM_THREAD";
pub(super) const POOL: &str = "RINGWRIGHT_LOOM_POOL";
pub(super) const TAG: &str = "RINGWRIGHT-LOOM ";

/// Branches of an execution, at most. loom reserves room for all.
const BRANCHES: usize = 2_000;

/// What a child says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ChildMessage {
    Report(Box<Report>),
    /// It needs a pool of these sizes.
    Pool(Sizes),
    /// It did not get to the model.
    Lost(String),
}

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
    /// How many checks this thread has passed.
    static PASSED: Cell<usize> = const { Cell::new(0) };
    static PROGRESS: RefCell<Option<LoomRecord>> = const { RefCell::new(None) };
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
            end(classify(PanicData { message: panic_memory::message(payload).trim().to_owned(), site }));
        }
    });
    let sizes =
        std::env::var(POOL).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
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
    let _installed = loom::install(Box::new(LoomExecution::new(Pool::new(sizes), end)));
    loop {
        let model = Arc::clone(&model);
        builder.check(move || execution(&*model));
        end_of_execution();
        if !with(|s| s.oracle.advance()) {
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
    with(|s| s.begin(number));
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
    let (outcome, wanted) = with(|s| {
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
        let me = with(|s| s.me);
        let threads =
            text.lines().filter_map(|l| l.split_once("thread #")?.1.split(' ').next()?.parse().ok());
        let other = threads.into_iter().find(|t: &usize| *t != me);
        return failed(FailureKind::Race, format!("loom: {first}"), with(|s| s.race_sites(other)));
    }
    if first.starts_with("deadlock") {
        let (message, sites) = with(|s| {
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
    if let Some(sizes) = with(|s| s.pool.wanted()) {
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
        command: None,
    })))
}

/// The execution under way, step by step.
fn trace() -> Trace {
    with(|s| {
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
    if !with(|s| s.pool.seen_allocator) {
        notes.push("no quarantining allocator, or no block after the first spawn: the publication of fresh nodes is not seen".into());
    }
    notes
}
