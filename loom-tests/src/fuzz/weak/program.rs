//! A program of atomics, fences, cells and locks: its operations and its text.

use std::fmt;
use std::sync::atomic::Ordering;

/// What a read-modify-write does to the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// `swap`
    Swap,
    /// `fetch_add`
    Add,
    /// `fetch_sub`
    Sub,
    /// `fetch_and`
    And,
    /// `fetch_or`
    Or,
    /// `fetch_xor`
    Xor,
    /// `fetch_nand`
    Nand,
    /// `fetch_max`
    Max,
    /// `fetch_min`
    Min,
}

impl Change {
    /// All of them.
    pub const ALL: [Change; 9] = {
        use Change::{Add, And, Max, Min, Nand, Or, Sub, Swap, Xor};
        [Swap, Add, Sub, And, Or, Xor, Nand, Max, Min]
    };

    /// What it makes of `old`.
    #[must_use]
    pub fn of(self, old: i64, value: i64) -> i64 {
        match self {
            Change::Swap => value,
            Change::Add => old + value,
            Change::Sub => old - value,
            Change::And => old & value,
            Change::Or => old | value,
            Change::Xor => old ^ value,
            Change::Nand => !(old & value),
            Change::Max => old.max(value),
            Change::Min => old.min(value),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Change::Swap => "swap",
            Change::Add => "fetch_add",
            Change::Sub => "fetch_sub",
            Change::And => "fetch_and",
            Change::Or => "fetch_or",
            Change::Xor => "fetch_xor",
            Change::Nand => "fetch_nand",
            Change::Max => "fetch_max",
            Change::Min => "fetch_min",
        }
    }
}

/// An operation. The first number is that of the atomic, cell or lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeakOp {
    /// An atomic load.
    Load(usize, Ordering),
    /// An atomic store.
    Store(usize, i64, Ordering),
    /// A read-modify-write.
    Change(usize, Change, i64, Ordering),
    /// A compare-exchange.
    Cas {
        /// Of this atomic.
        at: usize,
        /// The value that it replaces.
        expected: i64,
        /// The value that it writes.
        new: i64,
        /// The ordering of success.
        ok: Ordering,
        /// The ordering of failure.
        err: Ordering,
        /// Whether it may fail for no reason.
        weak: bool,
    },
    /// A fence.
    Fence(Ordering),
    /// Reads a cell.
    Read(usize),
    /// Writes a cell.
    Write(usize, i64),
    /// Takes a lock, unless the thread has it.
    Lock(usize),
    /// Takes a lock if it is free, unless the thread has it.
    TryLock(usize),
    /// Gives a lock back, if the thread has it.
    Unlock(usize),
}

/// An operation with its condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is done,
    pub op: WeakOp,
    /// if the thread's log has this value at this place.
    pub guard: Option<(usize, i64)>,
}

/// A program. All atomics, cells and locks start at 0; locks that are still held at a thread's end are
/// given back in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeakProgram {
    /// What each thread does.
    pub threads: Vec<Vec<Step>>,
    /// How many atomics, cells and locks there are.
    pub atomics: usize,
    /// How many cells.
    pub cells: usize,
    /// How many locks.
    pub locks: usize,
    /// Spurious failures of compare-exchanges that each thread may see.
    pub spurious: u8,
    /// Whether the main thread runs the first thread's operations.
    pub main_takes_part: bool,
}

impl fmt::Display for WeakProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, thread) in self.threads.iter().enumerate() {
            let main = if number == 0 && self.main_takes_part { " (main)" } else { "" };
            writeln!(f, "thread {number}{main}:")?;
            for step in thread {
                let guard =
                    step.guard.map_or(String::new(), |(at, value)| format!("if log[{at}] == {value}: "));
                writeln!(f, "    {guard}{}", step.op)?;
            }
        }
        let weak =
            self.threads.iter().flatten().any(|step| matches!(step.op, WeakOp::Cas { weak: true, .. }));
        if weak {
            writeln!(f, "each thread may see {} spurious failures", self.spurious)?;
        }
        Ok(())
    }
}

impl fmt::Display for WeakOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            WeakOp::Load(at, order) => write!(f, "a{at}.load({order:?})"),
            WeakOp::Store(at, value, order) => write!(f, "a{at}.store({value}, {order:?})"),
            WeakOp::Change(at, change, value, order) => {
                write!(f, "a{at}.{}({value}, {order:?})", change.name())
            }
            WeakOp::Cas { at, expected, new, ok, err, weak } => {
                let weak = if weak { "_weak" } else { "" };
                write!(f, "a{at}.compare_exchange{weak}({expected}, {new}, {ok:?}, {err:?})")
            }
            WeakOp::Fence(order) => write!(f, "fence({order:?})"),
            WeakOp::Read(at) => write!(f, "read cell {at}"),
            WeakOp::Write(at, value) => write!(f, "write {value} to cell {at}"),
            WeakOp::Lock(at) => write!(f, "m{at}.lock()"),
            WeakOp::TryLock(at) => write!(f, "m{at}.try_lock()"),
            WeakOp::Unlock(at) => write!(f, "m{at}.unlock()"),
        }
    }
}
