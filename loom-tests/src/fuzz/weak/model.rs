//! Runs a program of atomics, fences, cells and locks through the door.

use crate::fuzz::weak::program::{Change, Step, WeakOp, WeakProgram};
use ringwright::sync::atomic::{AtomicI64, Ordering, fence};
use ringwright::sync::cell::UnsafeCell;
use ringwright::sync::{Mutex, MutexGuard, thread};
use std::sync::Arc;

struct Memory {
    atomics: Vec<AtomicI64>,
    cells: Vec<UnsafeCell<i64>>,
    locks: Vec<Mutex<()>>,
}

// SAFETY: whether the accesses to the cells race is what a program asks the checker, which runs its
// threads one at a time and ends an execution at the first race.
unsafe impl Sync for Memory {}
// SAFETY: as above.
unsafe impl Send for Memory {}

/// Runs the program once and records its outcome.
pub fn run(program: &WeakProgram) {
    let memory = Arc::new(Memory {
        atomics: (0..program.atomics).map(|_| AtomicI64::new(0)).collect(),
        cells: (0..program.cells).map(|_| UnsafeCell::new(0)).collect(),
        locks: (0..program.locks).map(|_| Mutex::new(())).collect(),
    });
    let spawned = program.threads.iter().skip(usize::from(program.main_takes_part));
    let handles: Vec<_> = spawned
        .map(|steps| {
            let (steps, memory) = (steps.clone(), Arc::clone(&memory));
            thread::spawn(move || run_thread(&steps, &memory))
        })
        .collect();
    let mut logs = Vec::new();
    if program.main_takes_part
        && let Some(steps) = program.threads.first()
    {
        logs.push(run_thread(steps, &memory));
    }
    logs.extend(handles.into_iter().map(|handle| handle.join().expect("no thread panics")));
    // Relaxed: every write happens before the joins, so only the last one can be read.
    let mut last: Vec<i64> = memory.atomics.iter().map(|atomic| atomic.load(Ordering::Relaxed)).collect();
    // SAFETY: every thread has been joined.
    last.extend(memory.cells.iter().map(|cell| cell.with(|value| unsafe { *value })));
    ringwright::check::outcome(outcome(&logs, &last));
}

/// An outcome as text: what each thread has read, and the last values of the atomics and cells.
#[must_use]
pub fn outcome(logs: &[Vec<i64>], last: &[i64]) -> String {
    format!("{logs:?} {last:?}")
}

fn run_thread(steps: &[Step], memory: &Memory) -> Vec<i64> {
    let mut log = Vec::new();
    let mut held: Vec<Option<MutexGuard<'_, ()>>> = memory.locks.iter().map(|_| None).collect();
    for step in steps {
        if step.guard.is_some_and(|(at, value)| log.get(at) != Some(&value)) {
            continue;
        }
        match step.op {
            WeakOp::Lock(at) if held[at].is_none() => {
                held[at] = Some(memory.locks[at].lock().expect("no thread panics"));
            }
            WeakOp::TryLock(at) if held[at].is_none() => {
                held[at] = memory.locks[at].try_lock().ok();
                log.push(i64::from(held[at].is_some()));
            }
            WeakOp::Unlock(at) => held[at] = None,
            WeakOp::Lock(_) | WeakOp::TryLock(_) => {}
            op => access(op, memory, &mut log),
        }
    }
    held.iter_mut().for_each(|guard| *guard = None);
    log
}

fn access(op: WeakOp, memory: &Memory, log: &mut Vec<i64>) {
    match op {
        WeakOp::Load(at, order) => log.push(memory.atomics[at].load(order)),
        WeakOp::Store(at, value, order) => memory.atomics[at].store(value, order),
        WeakOp::Change(at, what, value, order) => log.push(change(&memory.atomics[at], what, value, order)),
        WeakOp::Cas { at, expected, new, ok, err, weak } => {
            let atomic = &memory.atomics[at];
            let result = if weak {
                atomic.compare_exchange_weak(expected, new, ok, err)
            } else {
                atomic.compare_exchange(expected, new, ok, err)
            };
            log.push(i64::from(result.is_ok()));
            log.push(result.unwrap_or_else(|seen| seen));
        }
        WeakOp::Fence(order) => fence(order),
        // SAFETY: if this races, the checker ends the execution.
        WeakOp::Read(at) => log.push(memory.cells[at].with(|cell| unsafe { *cell })),
        // SAFETY: as above.
        WeakOp::Write(at, value) => memory.cells[at].with_mut(|cell| unsafe { *cell = value }),
        WeakOp::Lock(_) | WeakOp::TryLock(_) | WeakOp::Unlock(_) => unreachable!("the caller does these"),
    }
}

fn change(atomic: &AtomicI64, change: Change, value: i64, order: Ordering) -> i64 {
    match change {
        Change::Swap => atomic.swap(value, order),
        Change::Add => atomic.fetch_add(value, order),
        Change::Sub => atomic.fetch_sub(value, order),
        Change::And => atomic.fetch_and(value, order),
        Change::Or => atomic.fetch_or(value, order),
        Change::Xor => atomic.fetch_xor(value, order),
        Change::Nand => atomic.fetch_nand(value, order),
        Change::Max => atomic.fetch_max(value, order),
        Change::Min => atomic.fetch_min(value, order),
    }
}
