//! Litmus programs: small programs with their complete C++20 outcome sets.
//!
//! A program is a list of operations a thread, as JSON; `litmus/README.md`
//! beside the data says what each field means. [`Program::check`] runs it as
//! real model threads through the door and compares what the engine saw with
//! what the memory model allows.

use ringwright::check::__private::BrokenRule;
use ringwright::check::{Check, Engine, FailureKind, Report, Verdict};
use ringwright::sync::atomic::{AtomicI64, Ordering, fence};
use ringwright::sync::cell::UnsafeCell;
use ringwright::sync::thread;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// One program, as the file has it.
#[derive(Clone, Debug, Deserialize)]
pub struct Program {
    /// Shape and orderings, or a number.
    pub name: String,
    /// Every location; all start at 0.
    pub locations: Vec<String>,
    /// The operations of each thread.
    pub threads: Vec<Vec<RawOp>>,
    /// Whether some execution has a data race.
    pub race: bool,
    /// Every allowed final state; empty if there is a race.
    pub outcomes: Vec<BTreeMap<String, i64>>,
}

/// One operation, as the file has it.
#[derive(Clone, Debug, Deserialize)]
pub struct RawOp {
    op: String,
    loc: Option<String>,
    ord: Option<String>,
    success: Option<String>,
    failure: Option<String>,
    value: Option<i64>,
    expected: Option<i64>,
    reg: Option<String>,
    #[serde(rename = "if")]
    guard: Option<(String, i64)>,
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Load(usize, Ordering),
    Store(usize, i64, Ordering),
    Add(usize, i64, Ordering),
    Swap(usize, i64, Ordering),
    Cas { loc: usize, expected: i64, new: i64, ok: Ordering, err: Ordering },
    Fence(Ordering),
    PlainLoad(usize),
    PlainStore(usize, i64),
}

/// An operation with its register and guard as numbers.
#[derive(Clone, Copy, Debug)]
struct Step {
    op: Op,
    /// Where the value read goes; a compare-exchange also uses the next one.
    reg: Option<usize>,
    guard: Option<(usize, i64)>,
}

/// A program ready to run.
#[derive(Debug)]
struct Compiled {
    threads: Vec<Vec<Step>>,
    /// The outcome's key of each register of each thread; `None` for a guarded one.
    keys: Vec<Vec<Option<String>>>,
    locations: Vec<String>,
    plain: Vec<bool>,
}

/// What an engine made of a program.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The program.
    pub name: String,
    /// Whether the memory model has a race.
    pub race_expected: bool,
    /// Whether the engine reported one.
    pub race_found: bool,
    /// Outcomes seen that are not allowed.
    pub forbidden: usize,
    /// Outcomes allowed that were not seen.
    pub missed: usize,
    /// Outcomes allowed.
    pub expected: usize,
    /// Complete executions.
    pub executions: u64,
    /// Executions abandoned because another covers them.
    pub blocked: u64,
    /// Wall time.
    pub seconds: f64,
    /// The limit that ended the search, or another reason why it says nothing.
    pub limit: Option<String>,
}

impl Line {
    /// Whether the engine was exact.
    #[must_use]
    pub fn exact(&self) -> bool {
        self.limit.is_none()
            && self.race_expected == self.race_found
            && (self.race_expected || self.forbidden + self.missed == 0)
    }
}

/// How to run the programs.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// By which engine.
    pub engine: Engine,
    /// So many executions at random instead of all.
    pub random: Option<u64>,
    /// The rule of the memory model to break.
    pub broken: BrokenRule,
    /// Whether the exhaustive search visits each graph once.
    pub reduction: bool,
    /// Seconds that a program may take.
    pub seconds: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        let broken = BrokenRule::None;
        Settings { engine: Engine::Explorer, random: None, broken, reduction: true, seconds: 60 }
    }
}

impl Program {
    /// Reads the programs of a file, one JSON object a line.
    ///
    /// # Errors
    ///
    /// With the line's number, if one is not a program.
    pub fn parse(text: &str) -> Result<Vec<Program>, String> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(number, line)| {
                let program: Program =
                    serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 1))?;
                program.compile().map_err(|error| format!("line {}: {error}", number + 1))?;
                Ok(program)
            })
            .collect()
    }

    fn compile(&self) -> Result<Compiled, String> {
        let mut compiled = Compiled {
            threads: Vec::new(),
            keys: Vec::new(),
            locations: self.locations.clone(),
            plain: vec![false; self.locations.len()],
        };
        for (number, ops) in self.threads.iter().enumerate() {
            let mut names: Vec<String> = Vec::new();
            let mut keys = Vec::new();
            let mut steps = Vec::new();
            for raw in ops {
                let op = self.operation(raw)?;
                if let Op::PlainLoad(loc) | Op::PlainStore(loc, _) = op {
                    compiled.plain[loc] = true;
                }
                let guard = match &raw.guard {
                    Some((reg, value)) => {
                        let at = names.iter().position(|n| n == reg);
                        Some((at.ok_or_else(|| format!("no register {reg} before its use"))?, *value))
                    }
                    None => None,
                };
                let reg = raw.reg.as_ref().map(|reg| {
                    let at = names.len();
                    let key = |suffix: &str| guard.is_none().then(|| format!("{number}:{reg}{suffix}"));
                    names.push(reg.clone());
                    keys.push(key(""));
                    if matches!(op, Op::Cas { .. }) {
                        names.push(format!("{reg}.seen"));
                        keys.push(key(".seen"));
                    }
                    at
                });
                steps.push(Step { op, reg, guard });
            }
            compiled.threads.push(steps);
            compiled.keys.push(keys);
        }
        Ok(compiled)
    }

    fn operation(&self, raw: &RawOp) -> Result<Op, String> {
        let loc = || {
            let name = raw.loc.as_ref().ok_or("an operation without a location")?;
            self.locations.iter().position(|l| l == name).ok_or(format!("no location {name}"))
        };
        let value = || raw.value.ok_or("an operation without a value");
        let ord = || ordering(raw.ord.as_deref());
        Ok(match raw.op.as_str() {
            "load" => Op::Load(loc()?, ord()?),
            "store" => Op::Store(loc()?, value()?, ord()?),
            "add" => Op::Add(loc()?, value()?, ord()?),
            "swap" => Op::Swap(loc()?, value()?, ord()?),
            "cas" => Op::Cas {
                loc: loc()?,
                expected: raw.expected.ok_or("a compare-exchange without an expected value")?,
                new: value()?,
                ok: ordering(raw.success.as_deref().or(raw.ord.as_deref()))?,
                err: ordering(raw.failure.as_deref())?,
            },
            "fence" => Op::Fence(ord()?),
            "na_load" => Op::PlainLoad(loc()?),
            "na_store" => Op::PlainStore(loc()?, value()?),
            other => return Err(format!("no operation {other}")),
        })
    }

    /// Runs the program and compares.
    ///
    /// # Panics
    ///
    /// If the program did not come from [`Program::parse`].
    #[must_use]
    pub fn check(&self, settings: Settings) -> Line {
        let compiled = Arc::new(self.compile().expect("parse has compiled it"));
        let mut check =
            Check::new(self.name.clone()).engine(settings.engine).broken(settings.broken).leaks(false);
        check = check.reduction(settings.reduction).max_time(Duration::from_secs(settings.seconds));
        check = match settings.random {
            Some(executions) => check.random(executions),
            None => check.exhaustive(),
        };
        let report = check.run(move || run(&compiled));
        self.compare(&report)
    }

    fn compare(&self, report: &Report) -> Line {
        let expected: BTreeSet<String> = self.outcomes.iter().map(outcome_text).collect();
        let race_found = report.failed() == Some(FailureKind::Race);
        let limit = match &report.verdict {
            Verdict::LimitHit(limit) => Some(limit.to_string()),
            Verdict::NotRun(why) => Some(why.clone()),
            Verdict::Failed(kind) if !race_found => Some(format!("failed: {kind}")),
            _ => None,
        };
        let (forbidden, missed) = if self.race {
            (0, 0)
        } else {
            (report.outcomes.difference(&expected).count(), expected.difference(&report.outcomes).count())
        };
        Line {
            name: self.name.clone(),
            race_expected: self.race,
            race_found,
            forbidden,
            missed,
            expected: expected.len(),
            executions: report.executions,
            blocked: report.blocked,
            seconds: report.elapsed.as_secs_f64(),
            limit,
        }
    }
}

fn ordering(name: Option<&str>) -> Result<Ordering, String> {
    Ok(match name {
        Some("rlx") => Ordering::Relaxed,
        Some("acq") => Ordering::Acquire,
        Some("rel") => Ordering::Release,
        Some("acq_rel") => Ordering::AcqRel,
        Some("sc") => Ordering::SeqCst,
        other => return Err(format!("no ordering {other:?}")),
    })
}

fn outcome_text(outcome: &BTreeMap<String, i64>) -> String {
    let parts: Vec<String> = outcome.iter().map(|(key, value)| format!("{key}={value}")).collect();
    parts.join(" ")
}

/// The shared memory of one execution.
struct Memory {
    atomics: Vec<AtomicI64>,
    plain: Vec<UnsafeCell<i64>>,
}

// SAFETY: a program with a race on its plain cells is a test of the race detector, and under an engine
// all its threads share one operating-system thread.
unsafe impl Sync for Memory {}
// SAFETY: as above.
unsafe impl Send for Memory {}

fn run(program: &Arc<Compiled>) {
    let memory = Arc::new(Memory {
        atomics: program.locations.iter().map(|_| AtomicI64::new(0)).collect(),
        plain: program.locations.iter().map(|_| UnsafeCell::new(0)).collect(),
    });
    let handles: Vec<_> = (0..program.threads.len())
        .map(|number| {
            let (program, memory) = (Arc::clone(program), Arc::clone(&memory));
            thread::spawn(move || run_thread(&program, number, &memory))
        })
        .collect();
    let registers: Vec<Vec<i64>> = handles.into_iter().map(|h| h.join().expect("no thread panics")).collect();
    let mut outcome = BTreeMap::new();
    for (keys, values) in program.keys.iter().zip(&registers) {
        for (key, value) in keys.iter().zip(values) {
            if let Some(key) = key {
                outcome.insert(key.clone(), *value);
            }
        }
    }
    for (number, name) in program.locations.iter().enumerate() {
        let value = if program.plain[number] {
            // SAFETY: every thread has been joined.
            memory.plain[number].with(|p| unsafe { *p })
        } else {
            // Relaxed: every write happens before the joins, so only the last one can be read.
            memory.atomics[number].load(Ordering::Relaxed)
        };
        outcome.insert(name.clone(), value);
    }
    ringwright::check::outcome(outcome_text(&outcome));
}

fn run_thread(program: &Compiled, number: usize, memory: &Memory) -> Vec<i64> {
    let mut registers = vec![0; program.keys[number].len()];
    for step in &program.threads[number] {
        if step.guard.is_some_and(|(reg, value)| registers[reg] != value) {
            continue;
        }
        let (first, second) = run_op(step.op, memory);
        if let Some(reg) = step.reg {
            registers[reg] = first;
            if matches!(step.op, Op::Cas { .. }) {
                registers[reg + 1] = second;
            }
        }
    }
    registers
}

fn run_op(op: Op, memory: &Memory) -> (i64, i64) {
    let value = match op {
        Op::Load(loc, ord) => memory.atomics[loc].load(ord),
        Op::Store(loc, value, ord) => {
            memory.atomics[loc].store(value, ord);
            0
        }
        Op::Add(loc, value, ord) => memory.atomics[loc].fetch_add(value, ord),
        Op::Swap(loc, value, ord) => memory.atomics[loc].swap(value, ord),
        Op::Cas { loc, expected, new, ok, err } => {
            return match memory.atomics[loc].compare_exchange(expected, new, ok, err) {
                Ok(seen) => (1, seen),
                Err(seen) => (0, seen),
            };
        }
        Op::Fence(ord) => {
            fence(ord);
            0
        }
        // SAFETY: a race here is what the program tests; under an engine the access itself is alone.
        Op::PlainLoad(loc) => memory.plain[loc].with(|p| unsafe { *p }),
        Op::PlainStore(loc, value) => {
            // SAFETY: as above.
            memory.plain[loc].with_mut(|p| unsafe { *p = value });
            0
        }
    };
    (value, 0)
}
