//! The litmus programs as programs of this kind: the enumerator must say what their file says.

use crate::fuzz::program::FuzzProgram;
use crate::fuzz::weak::program::{Change, Step, WeakOp, WeakProgram};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

/// The last state of an execution: what each register and location holds, by its name in the file.
type Final = BTreeMap<String, i64>;

/// A litmus program, with what its file says about it.
#[derive(Debug)]
pub struct Litmus {
    /// Its name.
    pub name: String,
    program: WeakProgram,
    /// The registers that each step of each thread writes, and which of them count.
    registers: Vec<Vec<Vec<(String, bool)>>>,
    locations: Vec<String>,
    race: bool,
    outcomes: BTreeSet<Final>,
}

impl Litmus {
    /// Reads a line of the file; `None` if a guard asks for a register whose place in the log is not
    /// always the same.
    ///
    /// # Panics
    ///
    /// If the line is no program.
    #[must_use]
    pub fn parse(line: &str) -> Option<Litmus> {
        let value: Value = serde_json::from_str(line).expect("a line is JSON");
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (atomics, cells): (Vec<String>, Vec<String>) =
            list(&value["locations"]).iter().map(text).partition(|name| !is_cell(&value, name));
        let (mut threads, mut registers) = (Vec::new(), Vec::new());
        for (number, ops) in list(&value["threads"]).iter().enumerate() {
            let (mut steps, mut names, mut places) = (Vec::new(), Vec::new(), Vec::new());
            for raw in list(ops) {
                let at = |from: &[String]| from.iter().position(|name| *name == text(&raw["loc"]));
                let op = operation(&raw, at(&atomics), at(&cells));
                let guard = match list(&raw["if"]).as_slice() {
                    [reg, wanted] => {
                        let place =
                            places.iter().position(|place: &Option<String>| *place == Some(text(reg)))?;
                        if places[..place].contains(&None) {
                            return None;
                        }
                        Some((place, wanted.as_i64()?))
                    }
                    _ => None,
                };
                let reg = text(&raw["reg"]);
                let own: Vec<String> = match op {
                    WeakOp::Cas { .. } => vec![reg.clone(), format!("{reg}.seen")],
                    WeakOp::Load(..) | WeakOp::Read(_) | WeakOp::Change(..) => vec![reg.clone()],
                    _ => Vec::new(),
                };
                places.extend(own.iter().map(|name| guard.is_none().then(|| name.clone())));
                let counts = guard.is_none() && !reg.is_empty();
                names.push(own.into_iter().map(|name| (format!("{number}:{name}"), counts)).collect());
                steps.push(Step { op, guard });
            }
            threads.push(steps);
            registers.push(names);
        }
        let of = |outcome: &Value| -> Final {
            let entries = outcome.as_object().into_iter().flatten();
            entries.map(|(key, value)| (key.clone(), value.as_i64().expect("a number"))).collect()
        };
        let program = WeakProgram {
            threads,
            atomics: atomics.len(),
            cells: cells.len(),
            locks: 0,
            spurious: 0,
            main_takes_part: false,
        };
        Some(Litmus {
            name: text(&value["name"]),
            program,
            registers,
            locations: [atomics, cells].concat(),
            race: value["race"].as_bool().unwrap_or(false),
            outcomes: list(&value["outcomes"]).iter().map(of).collect(),
        })
    }

    /// Whether the enumerator says the same as the file; `None` if the program is too large for it.
    ///
    /// # Panics
    ///
    /// If an outcome is not in the form that the enumerator gives it.
    #[must_use]
    pub fn agrees(&self) -> Option<bool> {
        let expected = self.program.expected()?;
        if self.race || expected.race {
            return Some(self.race == expected.race);
        }
        let found: BTreeSet<Final> = expected.outcomes.iter().map(|outcome| self.named(outcome)).collect();
        Some(found == self.outcomes)
    }

    /// An outcome with the names of the file.
    fn named(&self, outcome: &str) -> Final {
        let (logs, last) = outcome.split_once("]] ").expect("logs and last values");
        let logs: Vec<Vec<i64>> = serde_json::from_str(&format!("{logs}]]")).expect("the logs");
        let last: Vec<i64> = serde_json::from_str(last).expect("the last values");
        let mut named: Final = self.locations.iter().cloned().zip(last).collect();
        for ((steps, registers), log) in self.program.threads.iter().zip(&self.registers).zip(&logs) {
            let mut values = log.iter();
            for (step, names) in steps.iter().zip(registers) {
                if step.guard.is_some_and(|(place, value)| log.get(place) != Some(&value)) {
                    continue;
                }
                for (name, counts) in names {
                    let value = values.next().expect("a value for each register");
                    if *counts {
                        named.insert(name.clone(), *value);
                    }
                }
            }
        }
        named
    }
}

fn is_cell(program: &Value, location: &str) -> bool {
    let ops = program["threads"].as_array().into_iter().flatten().filter_map(Value::as_array).flatten();
    let plain = |op: &&Value| op["op"].as_str().is_some_and(|name| name.starts_with("na_"));
    ops.filter(plain).any(|op| op["loc"] == location)
}

fn operation(raw: &Value, atomic: Option<usize>, cell: Option<usize>) -> WeakOp {
    let order = |field: &str| match raw[field].as_str() {
        Some("acq") => Ordering::Acquire,
        Some("rel") => Ordering::Release,
        Some("acq_rel") => Ordering::AcqRel,
        Some("sc") => Ordering::SeqCst,
        _ => Ordering::Relaxed,
    };
    let number = |field: &str| raw[field].as_i64().expect("a number");
    let at = atomic.or(cell).unwrap_or_default();
    match raw["op"].as_str() {
        Some("load") => WeakOp::Load(at, order("ord")),
        Some("store") => WeakOp::Store(at, number("value"), order("ord")),
        Some("add") => WeakOp::Change(at, Change::Add, number("value"), order("ord")),
        Some("swap") => WeakOp::Change(at, Change::Swap, number("value"), order("ord")),
        Some("cas") => WeakOp::Cas {
            at,
            expected: number("expected"),
            new: number("value"),
            ok: order("success"),
            err: order("failure"),
            weak: false,
        },
        Some("fence") => WeakOp::Fence(order("ord")),
        Some("na_load") => WeakOp::Read(at),
        Some("na_store") => WeakOp::Write(at, number("value")),
        other => panic!("no operation {other:?}"),
    }
}
