//! Treiber's stack, with its nodes freed and with its nodes used again.

use crate::shapes::body::{Plain, both, relaxed_if};
use crate::shapes::reclaim::{EpochFlaw, Epochs, HazardFlaw, Hazards, Immediately, Reclaim};
use crate::shapes::shape::{Shape, Structure};
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::ptr;

const TREIBER: &str = "Treiber, Systems programming: coping with parallelism, RJ 5118, 1986";
const MICHAEL: &str = "Michael, Hazard pointers: safe memory reclamation for lock-free objects, TPDS 2004";

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "treiber-use-after-free",
        source: MICHAEL,
        buggy: || two_pops(&mut [Immediately, Immediately]),
        fixed: || {
            let domain = Hazards::new(HazardFlaw::None);
            two_pops(&mut [domain.handle(0), domain.handle(1)]);
        },
        expected: &[FailureKind::UseAfterFree, FailureKind::Race],
    },
    Shape {
        name: "treiber-aba",
        source: TREIBER,
        buggy: || aba(true),
        fixed: || aba(false),
        expected: &[FailureKind::Panic],
    },
    Shape {
        name: "treiber-relaxed-push",
        source: TREIBER,
        buggy: || push_and_pop(true),
        fixed: || push_and_pop(false),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "free-list-pop-without-compare",
        source: "IBM System/370 principles of operation, appendix A: free-pool manipulation",
        buggy: || free_list(true),
        fixed: || free_list(false),
        expected: &[FailureKind::Panic],
    },
];

pub(super) const STRUCTURES: &[Structure] = &[
    Structure {
        name: "treiber-with-hazard-pointers",
        source: MICHAEL,
        model: || {
            let domain = Hazards::new(HazardFlaw::None);
            pushes_and_pops(&mut [domain.handle(0), domain.handle(1)]);
        },
    },
    Structure {
        name: "treiber-with-epochs",
        source: "Fraser, Practical lock-freedom, 2004",
        model: || {
            let domain = Epochs::new(EpochFlaw::None);
            pushes_and_pops(&mut [domain.handle(0), domain.handle(1)]);
        },
    },
];

struct Node {
    value: Plain<u32>,
    next: AtomicPtr<Node>,
}

struct Stack {
    relaxed_push: bool,
    head: AtomicPtr<Node>,
}

impl Stack {
    fn new(relaxed_push: bool) -> Stack {
        Stack { relaxed_push, head: AtomicPtr::new(ptr::null_mut()) }
    }

    fn push(&self, value: u32) {
        let mut head = self.head.load(Ordering::Relaxed);
        let node = Box::into_raw(Box::new(Node { value: Plain::new(value), next: AtomicPtr::new(head) }));
        loop {
            // Release: pairs with the Acquire in `Reclaim::protect`.
            let order = relaxed_if(self.relaxed_push, Ordering::Release);
            match self.head.compare_exchange(head, node, order, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => head = now,
            }
            // SAFETY: the node is not linked yet.
            unsafe { &*node }.next.store(head, Ordering::Relaxed);
        }
    }

    fn pop(&self, handle: &mut impl Reclaim<Node>) -> Option<u32> {
        handle.enter();
        let popped = self.unlink(handle);
        handle.exit();
        popped.map(|node| {
            // SAFETY: this thread has unlinked the node, and has not retired it.
            let value = unsafe { &*node }.value.get();
            handle.retire(node);
            value
        })
    }

    fn unlink(&self, handle: &mut impl Reclaim<Node>) -> Option<*mut Node> {
        loop {
            let head = handle.protect(0, &self.head);
            if head.is_null() {
                return None;
            }
            // SAFETY: the scheme keeps the node.
            let next = unsafe { &*head }.next.load(Ordering::Relaxed);
            // Relaxed: it continues the release sequence of the push that linked `next`.
            if self.head.compare_exchange(head, next, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                return Some(head);
            }
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        while self.pop(&mut Immediately).is_some() {}
    }
}

fn two_pops<R: Reclaim<Node> + Send>(handles: &mut [R; 2]) {
    let stack = Stack::new(false);
    stack.push(1);
    stack.push(2);
    let [ours, theirs] = handles;
    let (mut first, mut second) = (None, None);
    both(|| first = stack.pop(theirs), || second = stack.pop(ours));
    let mut seen = [first, second];
    seen.sort();
    assert_eq!(seen, [Some(1), Some(2)]);
}

fn push_and_pop(flaw: bool) {
    let stack = Stack::new(flaw);
    let domain = Hazards::new(HazardFlaw::None);
    both(|| stack.push(1), || assert!([None, Some(1)].contains(&stack.pop(&mut domain.handle(0)))));
}

/// Each thread pushes one item and pops one.
fn pushes_and_pops<R: Reclaim<Node> + Send>(handles: &mut [R; 2]) {
    let stack = Stack::new(false);
    let [ours, theirs] = handles;
    let (mut first, mut second) = (None, None);
    both(
        || {
            stack.push(1);
            first = stack.pop(theirs);
        },
        || {
            stack.push(2);
            second = stack.pop(ours);
            ours.collect();
        },
    );
    let mut seen = [first, second];
    seen.sort();
    assert_eq!(seen, [Some(1), Some(2)]);
}

/// A stack of numbered nodes, which are used again. Without a version beside the
/// head, a pop does not notice that the head has gone and come back.
struct Indexed {
    flaw: bool,
    /// The top, and above [`VERSION`] a version.
    head: AtomicUsize,
    next: [AtomicUsize; 4],
}

/// No node, in an [`Indexed`] stack.
const END: usize = 0;
const VERSION: usize = 16;

impl Indexed {
    /// The stack 1, 2, 3.
    fn new(flaw: bool) -> Indexed {
        Indexed { flaw, head: AtomicUsize::new(1), next: [END, 2, 3, END].map(AtomicUsize::new) }
    }

    /// Replaces the head `seen` by `top`.
    fn replace(&self, seen: usize, top: usize) -> bool {
        let version = if self.flaw { 0 } else { seen / VERSION + 1 };
        let new = version * VERSION + top;
        // AcqRel: pairs with itself and with the Acquire loads of the head: the links come with it.
        self.head.compare_exchange(seen, new, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    fn pop(&self) -> usize {
        loop {
            // Acquire: pairs with the AcqRel in `replace`.
            let seen = self.head.load(Ordering::Acquire);
            let top = seen % VERSION;
            if top == END || self.replace(seen, self.next[top].load(Ordering::Relaxed)) {
                return top;
            }
        }
    }

    fn push(&self, node: usize) {
        loop {
            // Acquire: pairs with the AcqRel in `replace`.
            let seen = self.head.load(Ordering::Acquire);
            self.next[node].store(seen % VERSION, Ordering::Relaxed);
            if self.replace(seen, node) {
                return;
            }
        }
    }
}

fn aba(flaw: bool) {
    let stack = Indexed::new(flaw);
    let (mut first, mut second) = (END, END);
    let other = || {
        let node = stack.pop();
        second = stack.pop();
        stack.push(node);
    };
    both(other, || first = stack.pop());
    let mut owned = vec![first, second];
    while owned.len() < 5 {
        match stack.pop() {
            END => break,
            node => owned.push(node),
        }
    }
    owned.sort_unstable();
    assert_eq!(owned, [1, 2, 3], "a node has two owners, or none");
}

/// Two threads take a block from a free list.
fn free_list(flaw: bool) {
    let list = Indexed::new(false);
    let (mut first, mut second) = (END, END);
    let take = || {
        if !flaw {
            return list.pop();
        }
        // Acquire: pairs with the AcqRel in `replace`.
        let top = list.head.load(Ordering::Acquire) % VERSION;
        list.head.store(list.next[top].load(Ordering::Relaxed), Ordering::Relaxed);
        top
    };
    both(|| first = take(), || second = take());
    assert_ne!(first, second, "a block was given out twice");
}
