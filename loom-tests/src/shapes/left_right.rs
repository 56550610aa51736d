//! Readers that never wait: two copies and a switch, and a pointer whose readers run up a debt.

use crate::shapes::body::{Plain, both};
use crate::shapes::shape::{Shape, Structure};
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicPtr, AtomicUsize, Ordering, fence};
use ringwright::sync::hint::spin_loop;
use std::ptr;

const LEFT_RIGHT: &str = "Ramalhete and Correia, Left-right: a concurrency control technique, 2013";
const ARC_SWAP: &str = "Vaner, arc-swap: its documentation on the debt list";

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "left-right-acquire-release",
        source: LEFT_RIGHT,
        buggy: || one_write(LeftRightFlaw::Weak),
        fixed: || one_write(LeftRightFlaw::None),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "left-right-one-indicator",
        source: LEFT_RIGHT,
        buggy: || one_write(LeftRightFlaw::NoToggle),
        fixed: || one_write(LeftRightFlaw::None),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "arc-swap-debt-no-fence",
        source: ARC_SWAP,
        buggy: || debt(true),
        fixed: || debt(false),
        expected: &[FailureKind::UseAfterFree, FailureKind::Race],
    },
];

pub(super) const STRUCTURES: &[Structure] = &[
    Structure { name: "left-right-one-write-two-reads", source: LEFT_RIGHT, model: two_reads },
    Structure { name: "arc-swap-debt", source: ARC_SWAP, model: || debt(false) },
];

#[derive(Clone, Copy, PartialEq)]
enum LeftRightFlaw {
    None,
    Weak,
    /// The writer does not wait for the readers that arrived before the switch.
    NoToggle,
}

struct LeftRight {
    flaw: LeftRightFlaw,
    copies: [Plain<u32>; 2],
    /// Which copy is read.
    side: AtomicUsize,
    /// By which indicator readers arrive.
    version: AtomicUsize,
    inside: [AtomicUsize; 2],
}

impl LeftRight {
    fn new(flaw: LeftRightFlaw) -> LeftRight {
        LeftRight {
            flaw,
            copies: [Plain::new(0), Plain::new(0)],
            side: AtomicUsize::new(0),
            version: AtomicUsize::new(0),
            inside: [AtomicUsize::new(0), AtomicUsize::new(0)],
        }
    }

    /// SeqCst, or one of the pair that is not enough.
    fn strong(&self, weak: Ordering) -> Ordering {
        // SeqCst: pairs with itself: a reader sees the switch, or the writer sees the reader.
        if self.flaw == LeftRightFlaw::Weak { weak } else { Ordering::SeqCst }
    }

    fn read(&self) -> u32 {
        // Acquire: pairs with the Release below of the writer, like the two that follow.
        let load = self.strong(Ordering::Acquire);
        let indicator = &self.inside[self.version.load(load)];
        indicator.fetch_add(1, load);
        let value = self.copies[self.side.load(load)].get();
        // Release: pairs with the writer's load in `wait_for`, an Acquire at least.
        indicator.fetch_sub(1, Ordering::Release);
        value
    }

    fn wait_for(&self, indicator: usize) {
        // Acquire: pairs with the Release of a reader that leaves.
        while self.inside[indicator].load(self.strong(Ordering::Acquire)) != 0 {
            spin_loop();
        }
    }

    /// By the one writer.
    fn write(&self, value: u32) {
        // Release: pairs with the Acquire loads in `read`.
        let store = self.strong(Ordering::Release);
        let side = self.side.load(Ordering::Relaxed);
        self.copies[1 - side].set(value);
        self.side.store(1 - side, store);
        let version = self.version.load(Ordering::Relaxed);
        self.wait_for(1 - version);
        self.version.store(1 - version, store);
        if self.flaw != LeftRightFlaw::NoToggle {
            self.wait_for(version);
        }
        self.copies[side].set(value);
    }
}

fn one_write(flaw: LeftRightFlaw) {
    let shared = LeftRight::new(flaw);
    both(|| assert!(shared.read() <= 1), || shared.write(1));
}

fn two_reads() {
    let shared = LeftRight::new(LeftRightFlaw::None);
    let reader = || {
        let first = shared.read();
        assert!(first <= shared.read(), "a read went back in time");
    };
    both(reader, || shared.write(1));
    assert_eq!(shared.read(), 1);
}

struct Block {
    count: AtomicUsize,
    value: Plain<u32>,
}

fn block(value: u32) -> *mut Block {
    Box::into_raw(Box::new(Block { count: AtomicUsize::new(1), value: Plain::new(value) }))
}

/// Gives one count of the block back.
fn give_back(block: *mut Block) {
    // SAFETY: the caller holds a count.
    // Release: pairs with the Acquire fence of the last one.
    if unsafe { &*block }.count.fetch_sub(1, Ordering::Release) == 1 {
        // Acquire: pairs with the Release above.
        fence(Ordering::Acquire);
        // SAFETY: this was the last count.
        drop(unsafe { Box::from_raw(block) });
    }
}

/// A reader owes a count instead of taking it; a writer that takes the block away
/// pays for it.
fn debt(flaw: bool) {
    let (current, owed) = (AtomicPtr::new(block(1)), AtomicPtr::new(ptr::null_mut()));
    // Whether the debt was still there, and is settled now.
    // AcqRel: pairs with itself on the other side: what the payer counted, what the reader read.
    // Acquire: pairs with the same, for whoever finds it settled.
    let settle = |block: *mut Block| {
        owed.compare_exchange(block, ptr::null_mut(), Ordering::AcqRel, Ordering::Acquire).is_ok()
    };
    let reader = || {
        let seen = current.load(Ordering::Relaxed);
        owed.store(seen, Ordering::Relaxed);
        if !flaw {
            // SeqCst: pairs with the SeqCst fence of the writer.
            fence(Ordering::SeqCst);
        }
        // Acquire: pairs with the AcqRel swap of the writer.
        if current.load(Ordering::Acquire) == seen {
            // SAFETY: the debt keeps the block.
            assert!([1, 2].contains(&unsafe { &*seen }.value.get()));
        }
        if !settle(seen) {
            give_back(seen);
        }
    };
    both(reader, || {
        // AcqRel: pairs with the Acquire of the reader, and with itself for the next writer.
        let old = current.swap(block(2), Ordering::AcqRel);
        // SeqCst: pairs with the SeqCst fence of the reader.
        fence(Ordering::SeqCst);
        if owed.load(Ordering::Relaxed) == old {
            // SAFETY: the writer has the count that `current` had.
            unsafe { &*old }.count.fetch_add(1, Ordering::Relaxed);
            if !settle(old) {
                give_back(old);
            }
        }
        give_back(old);
    });
    give_back(current.load(Ordering::Relaxed));
}
