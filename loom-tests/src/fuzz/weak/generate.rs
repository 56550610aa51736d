//! Makes random programs of atomics, fences, cells and locks.

use crate::fuzz::rng::{LeftOut, Rng};
use crate::fuzz::weak::program::{Change, Step, WeakOp, WeakProgram};
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

/// A random program without locks.
#[must_use]
pub fn weak(seed: u64, kinds: &LeftOut) -> WeakProgram {
    let mut rng = Rng::new(seed);
    let threads = rng.weighted(&[(2, 5), (3, 4), (4, 1)]);
    let most = [0, 0, 4, 3, 2][threads];
    let (atomics, cells) = (1 + rng.below(if threads == 2 { 3 } else { 2 }), usize::from(kinds.has("cells")));
    // Programs with many orderings of one kind show what that kind is for.
    let style =
        rng.weighted(&[(Style::Any, 4), (Style::SeqCst, 2), (Style::ReleaseAcquire, 2), (Style::Fences, 2)]);
    let cells = if rng.once_in(3) { cells } else { 0 };
    let mut generator = Generator { rng, kinds, style, atomics, cells, wide: false };
    let threads = (0..threads).map(|_| generator.thread(most)).collect();
    let spurious = generator.rng.below(3) as u8;
    let main_takes_part = generator.rng.once_in(3);
    WeakProgram { threads, atomics, cells, locks: 0, spurious, main_takes_part }
}

/// A random program with locks.
#[must_use]
pub fn mixed(seed: u64, kinds: &LeftOut) -> WeakProgram {
    let mut rng = Rng::new(seed ^ 0x006d_6978_6564);
    let threads = rng.weighted(&[(2, 3), (3, 2)]);
    let locks = 1 + rng.below(2);
    // Every fourth program is about SeqCst accesses beside the locks, which need two atomics to matter.
    let about_seq_cst = seed % 4 == 3;
    let style = rng.weighted(&[(Style::Any, 3), (Style::SeqCst, 1), (Style::ReleaseAcquire, 1)]);
    let style = if about_seq_cst { Style::SeqCst } else { style };
    let cells = if kinds.has("cells") && rng.once_in(2) { 1 } else { 0 };
    let atomics = if about_seq_cst { 2 } else { 1 + rng.below(2) };
    let mut generator = Generator { rng, kinds, style, atomics, cells, wide: false };
    let most = if threads == 2 { 4 } else { 2 };
    let threads = (0..threads).map(|_| generator.locked_thread(most, locks)).collect();
    let main_takes_part = generator.rng.once_in(3);
    WeakProgram { threads, atomics, cells, locks, spurious: 1, main_takes_part }
}

/// Which orderings a program prefers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Any,
    SeqCst,
    ReleaseAcquire,
    /// Relaxed accesses between fences.
    Fences,
}

struct Generator<'a> {
    rng: Rng,
    kinds: &'a LeftOut,
    style: Style,
    atomics: usize,
    cells: usize,
    /// Whether a thread has read something that a guard can ask for.
    wide: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    Load,
    Store,
    Change,
    Cas,
    Fence,
    Read,
    Write,
}

impl Generator<'_> {
    fn thread(&mut self, most: usize) -> Vec<Step> {
        self.wide = false;
        let length = 1 + self.rng.below(most);
        (0..length).map(|_| self.step()).collect()
    }

    /// Sections under locks, with operations around them.
    fn locked_thread(&mut self, most: usize, locks: usize) -> Vec<Step> {
        self.wide = false;
        let plain = |op| Step { op, guard: None };
        let mut steps = Vec::new();
        let mut left = 1 + self.rng.below(most);
        while left > 0 {
            if self.rng.once_in(if self.style == Style::SeqCst { 2 } else { 3 }) {
                steps.push(self.step());
                left -= 1;
                continue;
            }
            let lock = self.rng.below(locks);
            let attempt = self.kinds.has("try") && self.rng.once_in(4);
            steps.push(plain(if attempt { WeakOp::TryLock(lock) } else { WeakOp::Lock(lock) }));
            let nested = locks == 2 && self.rng.once_in(3);
            if nested {
                steps.push(plain(WeakOp::Lock(1 - lock)));
            }
            for _ in 0..1 + self.rng.below(left.min(2)) {
                steps.push(self.step());
                left -= 1;
            }
            // Not always the inner one first; what is forgotten is given back at the end.
            let first = usize::from(nested && self.rng.once_in(2));
            let both = [lock, 1 - lock];
            for nth in 0..=usize::from(nested) {
                if !self.rng.once_in(8) {
                    steps.push(plain(WeakOp::Unlock(both[nth ^ first])));
                }
            }
            left = left.saturating_sub(1);
        }
        steps
    }

    fn step(&mut self) -> Step {
        let op = self.op();
        let guarded = self.wide && self.kinds.has("guards") && self.rng.once_in(5);
        let guard = guarded.then(|| (0, self.rng.below(3) as i64));
        self.wide |=
            matches!(op, WeakOp::Load(..) | WeakOp::Change(..) | WeakOp::Cas { .. } | WeakOp::Read(_));
        Step { op, guard }
    }

    fn op(&mut self) -> WeakOp {
        let fences = if self.style == Style::Fences { 10 } else { 3 };
        let mut menu = self.kinds.filter(&[
            (Kind::Load, 10, "loads"),
            (Kind::Store, 10, "stores"),
            (Kind::Change, 5, "changes"),
            (Kind::Cas, 5, "cas"),
            (Kind::Fence, fences, "fences"),
        ]);
        if self.cells > 0 {
            menu.extend([(Kind::Read, 5), (Kind::Write, 5)]);
        }
        let at = self.rng.below(self.atomics);
        let value = 1 + self.rng.below(2) as i64;
        match self.rng.weighted(&menu) {
            Kind::Load => WeakOp::Load(at, self.order(&[Relaxed, Acquire, SeqCst])),
            Kind::Store => WeakOp::Store(at, value, self.order(&[Relaxed, Release, SeqCst])),
            Kind::Change => {
                let change = self.rng.one(&Change::ALL);
                // Half of them count, which is what they are for.
                let change = if self.rng.once_in(2) { Change::Add } else { change };
                WeakOp::Change(at, change, value, self.order(&[Relaxed, Acquire, Release, AcqRel, SeqCst]))
            }
            Kind::Cas => WeakOp::Cas {
                at,
                expected: self.rng.below(3) as i64,
                new: value,
                ok: self.order(&[Relaxed, Acquire, Release, AcqRel, SeqCst]),
                err: self.order(&[Relaxed, Acquire, SeqCst]),
                weak: self.kinds.has("weak-cas") && self.rng.once_in(3),
            },
            Kind::Fence => WeakOp::Fence(self.rng.one(&[Acquire, Release, AcqRel, SeqCst, SeqCst])),
            Kind::Read => WeakOp::Read(self.rng.below(self.cells)),
            Kind::Write => WeakOp::Write(self.rng.below(self.cells), value),
        }
    }

    /// One of the orderings that the operation can have, as the style likes it.
    fn order(&mut self, can: &[Ordering]) -> Ordering {
        let wanted: &[Ordering] = match self.style {
            Style::Any => return self.rng.one(can),
            Style::SeqCst => &[SeqCst],
            Style::ReleaseAcquire => &[Acquire, Release, AcqRel],
            Style::Fences => &[Relaxed],
        };
        let order = self.rng.one(can);
        if wanted.contains(&order) || self.rng.once_in(4) {
            return order;
        }
        let fit: Vec<Ordering> = can.iter().copied().filter(|order| wanted.contains(order)).collect();
        self.rng.one(&fit)
    }
}
