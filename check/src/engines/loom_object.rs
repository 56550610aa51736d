//! The loom objects that stand for the door's objects.

use crate::seam::op::{Alt, AltKind, DONE, MISSED, Rmw, Strength, mask};
use crate::seam::runtime::Obj;
use ::loom::cell::UnsafeCell;
use ::loom::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};
use ::loom::sync::{Condvar, Mutex, MutexGuard};
use std::cell::Cell;
use std::sync::TryLockError;
use std::sync::atomic::Ordering;

/// An object of the model.
pub(super) struct LoomObject {
    pub(super) addr: usize,
    pub(super) kind: LoomKind,
}

pub(super) enum LoomKind {
    Atomic(Atomic),
    Cell(UnsafeCell<()>),
    /// A mutex, and its guard while somebody holds it.
    Mutex(Mutex<()>, Cell<Option<MutexGuard<'static, ()>>>),
    LoomWord(LoomWord),
}

impl LoomObject {
    pub(super) fn atomic(&self) -> &Atomic {
        match &self.kind {
            LoomKind::Atomic(atomic) => atomic,
            _ => unreachable!("an atomic's memory is never a lock's or a cell's"),
        }
    }

    pub(super) fn cell(&self) -> &UnsafeCell<()> {
        match &self.kind {
            LoomKind::Cell(cell) => cell,
            _ => unreachable!("a cell's memory is never an atomic's or a lock's"),
        }
    }

    pub(super) fn word(&self) -> &LoomWord {
        match &self.kind {
            LoomKind::LoomWord(word) => word,
            _ => unreachable!("a word is only used by one kind of lock"),
        }
    }

    /// Takes the mutex, or tries to.
    pub(super) fn lock(&self, wait: bool) -> Alt {
        let LoomKind::Mutex(mutex, held) = &self.kind else {
            unreachable!("a mutex's word is only used by the mutex")
        };
        let guard = if wait {
            Some(mutex.lock().expect("the child process ends with the first panic"))
        } else {
            match mutex.try_lock() {
                Ok(guard) => Some(guard),
                Err(TryLockError::WouldBlock) => None,
                Err(TryLockError::Poisoned(_)) => unreachable!("the child process ends with the first panic"),
            }
        };
        let (result, kind) = if guard.is_some() { (DONE, AltKind::Normal) } else { (MISSED, AltKind::Fail) };
        if let Some(guard) = guard {
            // SAFETY: the guard borrows the mutex beside it, which is not moved or dropped before the guard:
            // both sit in an `Rc`, and `forget_guard` runs before the object goes.
            let guard: MutexGuard<'static, ()> = unsafe { std::mem::transmute(guard) };
            held.set(Some(guard));
        }
        Alt { write: None, result, strength: Strength::ACQUIRE, kind }
    }

    /// The execution is over: a lock that is still held is not given back.
    pub(super) fn forget_guard(&self) {
        if let LoomKind::Mutex(_, held) = &self.kind {
            std::mem::forget(held.take());
        }
    }
}

/// A number that threads wait for.
pub(super) struct LoomWord {
    value: Mutex<u64>,
    changed: Condvar,
}

/// The right to use a [`LoomWord`].
pub(super) struct WordGuard<'a> {
    word: &'a LoomWord,
    guard: MutexGuard<'a, u64>,
}

impl LoomWord {
    pub(super) fn new(value: u64) -> LoomWord {
        LoomWord { value: Mutex::new(value), changed: Condvar::new() }
    }

    pub(super) fn lock(&self) -> WordGuard<'_> {
        WordGuard {
            word: self,
            guard: self.value.lock().expect("the child process ends with the first panic"),
        }
    }

    pub(super) fn set(&self, value: u64) {
        self.lock().set(value);
    }
}

impl WordGuard<'_> {
    pub(super) fn value(&self) -> u64 {
        *self.guard
    }

    pub(super) fn set(&mut self, value: u64) {
        *self.guard = value;
        self.word.changed.notify_all();
    }

    /// Waits until somebody has set the word.
    pub(super) fn wait(self) -> Self {
        let WordGuard { word, guard } = self;
        let guard = word.changed.wait(guard).expect("the child process ends with the first panic");
        WordGuard { word, guard }
    }
}

enum Raw {
    A8(AtomicU8),
    A16(AtomicU16),
    A32(AtomicU32),
    A64(AtomicU64),
}

/// Runs the same on an atomic of any width, with the width's type as `$t`.
macro_rules! each_width {
    ($raw:expr, $a:ident, $t:ident => $body:expr) => {
        match $raw {
            Raw::A8($a) => {
                type $t = u8;
                $body
            }
            Raw::A16($a) => {
                type $t = u16;
                $body
            }
            Raw::A32($a) => {
                type $t = u32;
                $body
            }
            Raw::A64($a) => {
                type $t = u64;
                $body
            }
        }
    };
}

impl Raw {
    fn new(size: usize, value: u64) -> Raw {
        match size {
            1 => Raw::A8(AtomicU8::new(value as u8)),
            2 => Raw::A16(AtomicU16::new(value as u16)),
            4 => Raw::A32(AtomicU32::new(value as u32)),
            _ => Raw::A64(AtomicU64::new(value)),
        }
    }
}

/// A loom atomic whose value is the difference to `base`.
pub(super) struct Atomic {
    raw: Raw,
    base: u64,
    bits: u8,
    width: u64,
}

#[allow(clippy::useless_conversion, reason = "one of the widths is the result's")]
impl Atomic {
    pub(super) fn new(size: usize, value: u64, bits: u8) -> Atomic {
        Atomic { raw: Raw::new(size, value), base: 0, bits, width: mask(size as u8 * 8) }
    }

    /// A pool atomic as the one that `obj` is.
    pub(super) fn with_base(self, obj: &Obj<'_>) -> Atomic {
        Atomic { base: obj.value(), bits: obj.bits, ..self }
    }

    fn raw_of(&self, value: u64) -> u64 {
        value.wrapping_sub(self.base) & self.width
    }

    fn value_of(&self, raw: u64) -> u64 {
        raw.wrapping_add(self.base) & self.width
    }

    pub(super) fn load(&self, order: Ordering) -> u64 {
        self.value_of(each_width!(&self.raw, a, T => { let value: T = a.load(order); u64::from(value) }))
    }

    pub(super) fn store(&self, value: u64, order: Ordering) {
        let value = self.raw_of(value);
        each_width!(&self.raw, a, T => a.store(value as T, order));
    }

    pub(super) fn rmw(&self, op: Rmw, ok: Ordering, err: Ordering) -> Result<u64, u64> {
        let raw = match op {
            Rmw::Swap(v) => each_width!(&self.raw, a, T => u64::from(a.swap(self.raw_of(v) as T, ok))),
            Rmw::Add(v) => each_width!(&self.raw, a, T => u64::from(a.fetch_add(v as T, ok))),
            Rmw::Sub(v) => each_width!(&self.raw, a, T => u64::from(a.fetch_sub(v as T, ok))),
            Rmw::Cas { expected, new, .. } => return self.exchange(expected, new, ok, err),
            _ => return self.exchange_until_done(op, ok),
        };
        Ok(self.value_of(raw))
    }

    fn exchange(&self, expected: u64, new: u64, ok: Ordering, err: Ordering) -> Result<u64, u64> {
        let (expected, new) = (self.raw_of(expected), self.raw_of(new));
        let result = each_width!(&self.raw, a, T => {
            a.compare_exchange(expected as T, new as T, ok, err).map(u64::from).map_err(u64::from)
        });
        result.map(|v| self.value_of(v)).map_err(|v| self.value_of(v))
    }

    /// An operation that does not carry over to differences.
    fn exchange_until_done(&self, op: Rmw, ok: Ordering) -> Result<u64, u64> {
        // Relaxed: only the exchange that succeeds counts, and it has the operation's own ordering.
        let mut old = self.load(Ordering::Relaxed);
        loop {
            match self.exchange(old, op.apply(old, self.bits), ok, Ordering::Relaxed) {
                Ok(old) => return Ok(old),
                Err(other) => old = other,
            }
        }
    }
}

/// How many objects of each kind: atomics of 8, 16, 32 and 64 bits, and cells.
pub(super) type Sizes = [usize; 5];

/// Loom objects that the main thread has made before its first spawn.
#[derive(Default)]
pub(super) struct Pool {
    sizes: Sizes,
    atomics: [Vec<Atomic>; 4],
    cells: Vec<UnsafeCell<()>>,
    /// What an execution lacked.
    short: Sizes,
    /// Whether the quarantining allocator has told of a block.
    pub(super) seen_allocator: bool,
}

/// Objects for a pool.
pub(super) struct Made {
    atomics: [Vec<Atomic>; 4],
    cells: Vec<UnsafeCell<()>>,
}

impl Pool {
    pub(super) fn new(sizes: Sizes) -> Pool {
        Pool { sizes, ..Pool::default() }
    }

    /// Makes the objects.
    pub(super) fn made(sizes: Sizes) -> Made {
        let atomics = |at: usize| (0..sizes[at]).map(|_| Atomic::new(1 << at, 0, 64)).collect();
        Made {
            atomics: std::array::from_fn(atomics),
            cells: (0..sizes[4]).map(|_| UnsafeCell::new(())).collect(),
        }
    }

    pub(super) fn fill(&mut self, made: Made) {
        self.atomics = made.atomics;
        self.cells = made.cells;
    }

    /// Forgets the objects of the last execution.
    pub(super) fn empty(&mut self) {
        self.atomics.iter_mut().for_each(Vec::clear);
        self.cells.clear();
    }

    pub(super) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// The sizes that would have been enough, if these were not.
    pub(super) fn wanted(&self) -> Option<Sizes> {
        let short = self.short.iter().any(|n| *n > 0);
        short.then(|| {
            std::array::from_fn(|i| {
                self.sizes[i] + if self.short[i] > 0 { self.short[i].max(self.sizes[i]) } else { 0 }
            })
        })
    }

    /// A cell, if there are other threads: otherwise one may be made on the spot.
    pub(super) fn take_cell(&mut self, spawned: bool) -> Option<UnsafeCell<()>> {
        let cell = self.cells.pop();
        self.short[4] += usize::from(spawned && cell.is_none());
        cell
    }

    /// An atomic of `size` bytes, if there are other threads.
    pub(super) fn take_atomic(&mut self, spawned: bool, size: usize) -> Option<Atomic> {
        let at = size.trailing_zeros() as usize;
        let atomic = self.atomics[at].pop();
        self.short[at] += usize::from(spawned && atomic.is_none());
        atomic
    }
}
