//! The sequence lock over atomics: Boehm, Can seqlocks get along with programming language memory models?, MSPC 2012.

use crate::shapes::body::{both, relaxed_if};
use crate::shapes::shape::{Shape, Structure};
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicU32, Ordering, fence};
use ringwright::sync::thread;

const SOURCE: &str = "Boehm, Can seqlocks get along with programming language memory models?, MSPC 2012";

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "seqlock-no-reader-fence",
        source: SOURCE,
        buggy: || one_write(Flaw::ReaderFence),
        fixed: || one_write(Flaw::None),
        expected: &[FailureKind::Panic],
    },
    Shape {
        name: "seqlock-no-writer-fence",
        source: SOURCE,
        buggy: || one_write(Flaw::WriterFence),
        fixed: || one_write(Flaw::None),
        expected: &[FailureKind::Panic],
    },
    Shape {
        name: "seqlock-relaxed-end",
        source: SOURCE,
        buggy: || one_write(Flaw::RelaxedEnd),
        fixed: || one_write(Flaw::None),
        expected: &[FailureKind::Panic],
    },
];

pub(super) const STRUCTURES: &[Structure] =
    &[Structure { name: "seqlock-two-writes-two-readers", source: SOURCE, model: two_writes }];

#[derive(Clone, Copy, PartialEq)]
enum Flaw {
    None,
    ReaderFence,
    WriterFence,
    RelaxedEnd,
}

struct Seqlock {
    flaw: Flaw,
    sequence: AtomicU32,
    data: [AtomicU32; 2],
}

impl Seqlock {
    fn new(flaw: Flaw) -> Seqlock {
        Seqlock { flaw, sequence: AtomicU32::new(0), data: [AtomicU32::new(0), AtomicU32::new(0)] }
    }

    /// By the one writer.
    fn write(&self, value: u32) {
        let sequence = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(sequence + 1, Ordering::Relaxed);
        if self.flaw != Flaw::WriterFence {
            // Release: pairs with the Acquire fence in `read`, by way of the data.
            fence(Ordering::Release);
        }
        for word in &self.data {
            word.store(value, Ordering::Relaxed);
        }
        // Release: pairs with the Acquire load in `read`.
        self.sequence.store(sequence + 2, relaxed_if(self.flaw == Flaw::RelaxedEnd, Ordering::Release));
    }

    /// One attempt.
    fn read(&self) -> Option<[u32; 2]> {
        // Acquire: pairs with the Release store at the end of `write`.
        let before = self.sequence.load(Ordering::Acquire);
        if before % 2 == 1 {
            return None;
        }
        let seen = [self.data[0].load(Ordering::Relaxed), self.data[1].load(Ordering::Relaxed)];
        if self.flaw != Flaw::ReaderFence {
            // Acquire: pairs with the Release fence in `write`, by way of the data.
            fence(Ordering::Acquire);
        }
        (self.sequence.load(Ordering::Relaxed) == before).then_some(seen)
    }

    fn assert_whole(&self) {
        if let Some([first, second]) = self.read() {
            assert_eq!(first, second, "a torn read");
        }
    }
}

fn one_write(flaw: Flaw) {
    let lock = Seqlock::new(flaw);
    both(|| lock.write(1), || lock.assert_whole());
}

fn two_writes() {
    let lock = Seqlock::new(Flaw::None);
    thread::scope(|scope| {
        scope.spawn(|| [1, 2].map(|value| lock.write(value)));
        scope.spawn(|| lock.assert_whole());
        lock.assert_whole();
    });
    assert_eq!(lock.read(), Some([2, 2]));
}
