//! Reference counts: who frees, who may write, and who may come back.

use crate::shapes::body::{Plain, both, relaxed_if};
use crate::shapes::shape::{Shape, Structure};
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use ringwright::sync::thread;
use std::ptr::NonNull;

const BOOST: &str = "Boost.Atomic, example on reference counting: the orderings of intrusive_ptr";
const ARC: &str = "Rust standard library, alloc::sync: the comments on upgrade and is_unique";

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "reference-count-relaxed-decrement",
        source: BOOST,
        buggy: || two_handles(CountFlaw::NoRelease),
        fixed: || two_handles(CountFlaw::None),
        expected: &[FailureKind::Race, FailureKind::UseAfterFree],
    },
    Shape {
        name: "reference-count-no-acquire",
        source: BOOST,
        buggy: || two_handles(CountFlaw::NoAcquire),
        fixed: || two_handles(CountFlaw::None),
        expected: &[FailureKind::Race, FailureKind::UseAfterFree],
    },
    Shape {
        name: "reference-count-read-after-decrement",
        source: "Linux, Documentation/core-api/refcount-vs-atomic.rst",
        buggy: || two_handles(CountFlaw::ReadAgain),
        fixed: || two_handles(CountFlaw::None),
        expected: &[FailureKind::DoubleFree, FailureKind::UseAfterFree, FailureKind::Race],
    },
    Shape {
        name: "weak-upgrade-from-zero",
        source: ARC,
        buggy: || upgrade(true),
        fixed: || upgrade(false),
        expected: &[FailureKind::Race, FailureKind::Panic],
    },
    Shape {
        name: "get-mut-checks-in-the-wrong-order",
        source: ARC,
        buggy: || get_mut(true),
        fixed: || get_mut(false),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "double-free-by-two-owners",
        source: "MITRE, CWE-415: double free",
        buggy: || free_once(true),
        fixed: || free_once(false),
        expected: &[FailureKind::DoubleFree, FailureKind::UseAfterFree],
    },
];

pub(super) const STRUCTURES: &[Structure] =
    &[Structure { name: "counted-pointer-three-threads", source: BOOST, model: three_handles }];

#[derive(Clone, Copy, PartialEq)]
enum CountFlaw {
    None,
    NoRelease,
    NoAcquire,
    /// The count is decremented, and then read in a second step.
    ReadAgain,
}

/// One handle of a counted block.
struct Counted {
    flaw: CountFlaw,
    block: NonNull<Block>,
}

struct Block {
    count: AtomicUsize,
    value: Plain<u32>,
}

// SAFETY: the count says when the block goes, and the value is only read until then. The models check it.
unsafe impl Send for Counted {}

impl Counted {
    fn new(flaw: CountFlaw) -> Counted {
        let block = Box::new(Block { count: AtomicUsize::new(1), value: Plain::new(7) });
        Counted { flaw, block: NonNull::from(Box::leak(block)) }
    }

    fn block(&self) -> &Block {
        // SAFETY: a handle holds a count, so the block is there. With a flaw the checker keeps it.
        unsafe { self.block.as_ref() }
    }

    fn get(&self) -> u32 {
        self.block().value.get()
    }

    /// Gives the count back; whether it was the last one.
    fn give_back(&self) -> bool {
        let count = &self.block().count;
        // Release: pairs with the Acquire fence in `drop`: all uses come before the end.
        let before = count.fetch_sub(1, relaxed_if(self.flaw == CountFlaw::NoRelease, Ordering::Release));
        if self.flaw == CountFlaw::ReadAgain { count.load(Ordering::Relaxed) == 0 } else { before == 1 }
    }
}

impl Clone for Counted {
    fn clone(&self) -> Counted {
        self.block().count.fetch_add(1, Ordering::Relaxed);
        Counted { flaw: self.flaw, block: self.block }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if !self.give_back() {
            return;
        }
        if self.flaw != CountFlaw::NoAcquire {
            // Acquire: pairs with the Release in `give_back`.
            fence(Ordering::Acquire);
        }
        // What the value's destructor would do.
        self.block().value.set(0);
        // SAFETY: this was the last handle.
        drop(unsafe { Box::from_raw(self.block.as_ptr()) });
    }
}

fn two_handles(flaw: CountFlaw) {
    let ours = Counted::new(flaw);
    let theirs = ours.clone();
    let thread = thread::spawn(move || assert_eq!(theirs.get(), 7));
    assert_eq!(ours.get(), 7);
    drop(ours);
    thread.join().unwrap();
}

fn three_handles() {
    let ours = Counted::new(CountFlaw::None);
    let threads = [(); 2].map(|()| {
        let theirs = ours.clone();
        thread::spawn(move || assert_eq!(theirs.clone().get(), 7))
    });
    assert_eq!(ours.get(), 7);
    drop(ours);
    for thread in threads {
        thread.join().unwrap();
    }
}

/// The last strong handle goes while a weak one becomes strong. The block
/// itself stays.
fn upgrade(flaw: bool) {
    let (strong, value) = (AtomicUsize::new(1), Plain::new(7));
    let give_back = || {
        // AcqRel: pairs with itself: the end comes after all uses.
        if strong.fetch_sub(1, Ordering::AcqRel) == 1 {
            value.set(0);
        }
    };
    let upgrade = || {
        if flaw {
            let alive = strong.load(Ordering::Relaxed) > 0;
            if alive {
                strong.fetch_add(1, Ordering::Relaxed);
            }
            return alive;
        }
        let more = |count: usize| (count > 0).then_some(count + 1);
        strong.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    };
    both(give_back, || {
        if upgrade() {
            assert_eq!(value.get(), 7, "used after its end");
            give_back();
        }
    });
}

/// One strong handle here; the weak one there becomes strong, and goes as a weak
/// one. Whoever looks at the strong count first and at the weak count then can
/// miss it in both.
fn get_mut(flaw: bool) {
    const LOCKED: usize = usize::MAX;
    let (strong, weak, value) = (AtomicUsize::new(1), AtomicUsize::new(2), Plain::new(7));
    // Acquire: pairs with the Release of the strong handle that goes.
    let no_strong = || strong.load(Ordering::Acquire) == 1;
    let unique = || {
        if flaw {
            // Acquire: pairs with the Release of the weak handle that goes.
            return no_strong() && weak.load(Ordering::Acquire) == 1;
        }
        // Acquire: pairs with the Release of the weak handle that goes, so its upgrade is seen below.
        if weak.compare_exchange(1, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_err() {
            return false;
        }
        let unique = no_strong();
        weak.store(1, Ordering::Relaxed);
        unique
    };
    let other = || {
        let more = |count: usize| (count > 0).then_some(count + 1);
        assert!(strong.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok());
        // Release: pairs with the Acquire of the weak count in `unique`.
        weak.fetch_sub(1, Ordering::Release);
        assert!([7, 8].contains(&value.get()));
        // Release: pairs with the Acquire of the strong count in `unique`.
        strong.fetch_sub(1, Ordering::Release);
    };
    both(other, || {
        if unique() {
            value.set(8);
        }
    });
}

/// Two threads think that the block is theirs to free.
fn free_once(flaw: bool) {
    let (freed, block) = (AtomicBool::new(false), Box::into_raw(Box::new(7)) as usize);
    let free = || {
        let first = if flaw {
            let first = !freed.load(Ordering::Relaxed);
            freed.store(true, Ordering::Relaxed);
            first
        } else {
            !freed.swap(true, Ordering::Relaxed)
        };
        if first {
            // SAFETY: the block was made by `into_raw`, and the flag says that nobody has freed it.
            drop(unsafe { Box::from_raw(block as *mut i32) });
        }
    };
    both(free, free);
}
