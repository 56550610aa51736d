//! The work-stealing deque of Chase and Lev, with the orderings of Lê, Pop, Cohen and Zappa Nardelli.

use crate::shapes::body::{Plain, both};
use crate::shapes::shape::{Shape, Structure};
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicIsize, AtomicUsize, Ordering, fence};
use ringwright::sync::thread;

const SOURCE: &str = "Lê et al., Correct and efficient work-stealing for weak memory models, PPoPP 2013";

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "chase-lev-no-fence-in-take",
        source: SOURCE,
        buggy: || take_and_steal(Flaw::TakeFence),
        fixed: || take_and_steal(Flaw::None),
        expected: &[FailureKind::Panic, FailureKind::Race],
    },
    Shape {
        name: "chase-lev-no-fence-in-steal",
        source: SOURCE,
        buggy: || take_and_steal(Flaw::StealFence),
        fixed: || take_and_steal(Flaw::None),
        expected: &[FailureKind::Panic, FailureKind::Race],
    },
    Shape {
        name: "chase-lev-last-item-not-contended",
        source: "Chase and Lev, Dynamic circular work-stealing deque, SPAA 2005",
        buggy: || take_and_steal(Flaw::LastItem),
        fixed: || take_and_steal(Flaw::None),
        expected: &[FailureKind::Panic, FailureKind::Race],
    },
    Shape {
        name: "chase-lev-no-release-in-push",
        source: SOURCE,
        buggy: || take_and_steal(Flaw::PushFence),
        fixed: || take_and_steal(Flaw::None),
        expected: &[FailureKind::Race],
    },
];

pub(super) const STRUCTURES: &[Structure] =
    &[Structure { name: "chase-lev-push-take-two-steals", source: SOURCE, model: push_take_steal }];

#[derive(Clone, Copy, PartialEq)]
enum Flaw {
    None,
    TakeFence,
    StealFence,
    PushFence,
    /// The owner takes the last item without asking the thieves.
    LastItem,
}

/// A deque of room enough. An item is a number below 4; `done` counts in plain
/// memory how often it was got.
struct Deque {
    flaw: Flaw,
    top: AtomicIsize,
    bottom: AtomicIsize,
    items: [AtomicUsize; 4],
    done: [Plain<u32>; 4],
}

impl Deque {
    fn new(flaw: Flaw) -> Deque {
        Deque {
            flaw,
            top: AtomicIsize::new(0),
            bottom: AtomicIsize::new(0),
            items: [0; 4].map(AtomicUsize::new),
            done: [0; 4].map(Plain::new),
        }
    }

    fn slot(&self, position: isize) -> &AtomicUsize {
        &self.items[position.cast_unsigned() % 4]
    }

    /// By the owner.
    fn push(&self, item: usize) {
        self.done[item].set(0);
        let bottom = self.bottom.load(Ordering::Relaxed);
        self.slot(bottom).store(item, Ordering::Relaxed);
        if self.flaw != Flaw::PushFence {
            // Release: pairs with the Acquire load of `bottom` in `steal`.
            fence(Ordering::Release);
        }
        self.bottom.store(bottom + 1, Ordering::Relaxed);
    }

    /// Takes the item at `top` before anybody else does.
    fn advance(&self, top: isize) -> bool {
        // SeqCst: pairs with the SeqCst fences in `take` and `steal`, and with itself.
        self.top.compare_exchange(top, top + 1, Ordering::SeqCst, Ordering::Relaxed).is_ok()
    }

    /// By the owner.
    fn take(&self) -> Option<usize> {
        let bottom = self.bottom.load(Ordering::Relaxed) - 1;
        self.bottom.store(bottom, Ordering::Relaxed);
        if self.flaw != Flaw::TakeFence {
            // SeqCst: pairs with the SeqCst fence in `steal`: the thief sees the new bottom, or this thread
            // sees the thief's top.
            fence(Ordering::SeqCst);
        }
        let top = self.top.load(Ordering::Relaxed);
        if top > bottom {
            self.bottom.store(bottom + 1, Ordering::Relaxed);
            return None;
        }
        let item = self.slot(bottom).load(Ordering::Relaxed);
        if top < bottom || self.flaw == Flaw::LastItem {
            return Some(item);
        }
        let won = self.advance(top);
        self.bottom.store(bottom + 1, Ordering::Relaxed);
        won.then_some(item)
    }

    /// By a thief.
    fn steal(&self) -> Option<usize> {
        // Acquire: pairs with the SeqCst exchange in `advance`.
        let top = self.top.load(Ordering::Acquire);
        if self.flaw != Flaw::StealFence {
            // SeqCst: pairs with the SeqCst fence in `take`.
            fence(Ordering::SeqCst);
        }
        // Acquire: pairs with the Release fence in `push`.
        let bottom = self.bottom.load(Ordering::Acquire);
        if top >= bottom {
            return None;
        }
        let item = self.slot(top).load(Ordering::Relaxed);
        self.advance(top).then_some(item)
    }

    /// Does the job that was got.
    fn run(&self, job: Option<usize>) -> usize {
        job.map_or(0, |item| {
            let done = self.done[item].get();
            assert_eq!(done, 0, "job {item} was got twice");
            self.done[item].set(1);
            1
        })
    }
}

/// Two jobs, a thief for both, and an owner for one.
fn take_and_steal(flaw: Flaw) {
    let deque = Deque::new(flaw);
    let mut got = [0; 2];
    let [stolen, taken] = &mut got;
    let thief = || *stolen = deque.run(deque.steal()) + deque.run(deque.steal());
    both(thief, || {
        deque.push(1);
        deque.push(2);
        *taken = deque.run(deque.take());
    });
    if flaw == Flaw::None {
        let rest = deque.run(deque.take()) + deque.run(deque.take());
        assert_eq!(got[0] + got[1] + rest, 2, "a job is lost");
    }
}

/// The owner takes between its pushes.
fn push_take_steal() {
    let deque = Deque::new(Flaw::None);
    let (mut first, mut second, mut taken) = (0, 0, 0);
    thread::scope(|scope| {
        scope.spawn(|| first = deque.run(deque.steal()));
        scope.spawn(|| second = deque.run(deque.steal()));
        deque.push(1);
        deque.push(2);
        taken += deque.run(deque.take());
        deque.push(3);
        taken += deque.run(deque.take());
    });
    let rest: usize = (0..3).map(|_| deque.run(deque.take())).sum();
    assert_eq!(first + second + taken + rest, 3, "a job is lost");
}
