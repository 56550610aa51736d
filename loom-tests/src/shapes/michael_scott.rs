//! The queue of Michael and Scott, with its nodes reclaimed by hazard pointers and by epochs.

use crate::shapes::body::{Plain, both};
use crate::shapes::reclaim::{EpochFlaw, Epochs, HazardFlaw, Hazards, Immediately, Reclaim};
use crate::shapes::shape::{Shape, Structure};
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicPtr, Ordering};
use std::ptr;

const SOURCE: &str = "Michael and Scott, Simple, fast, and practical concurrent queue algorithms, PODC 1996";
const HAZARD: &str = "Michael, Hazard pointers: safe memory reclamation for lock-free objects, TPDS 2004";

pub(super) const SHAPES: &[Shape] = &[Shape {
    name: "michael-scott-no-recheck",
    source: SOURCE,
    buggy: || by_hazards(Flaw::NoRecheck),
    fixed: || by_hazards(Flaw::None),
    expected: &[FailureKind::UseAfterFree, FailureKind::Race],
}];

pub(super) const STRUCTURES: &[Structure] = &[
    Structure {
        name: "michael-scott-with-hazard-pointers",
        source: HAZARD,
        model: || {
            let domain = Hazards::new(HazardFlaw::None);
            push_and_pop_each(&mut [domain.handle(0), domain.handle(1)]);
        },
    },
    Structure {
        name: "michael-scott-with-epochs",
        source: "Fraser, Practical lock-freedom, 2004",
        model: || {
            let domain = Epochs::new(EpochFlaw::None);
            push_and_pop_each(&mut [domain.handle(0), domain.handle(1)]);
        },
    },
];

#[derive(Clone, Copy, PartialEq)]
enum Flaw {
    None,
    /// A pop does not look again whether the head is still the head, once it has read its successor.
    NoRecheck,
}

struct Node {
    value: Plain<u32>,
    next: AtomicPtr<Node>,
}

fn node(value: u32) -> *mut Node {
    Box::into_raw(Box::new(Node { value: Plain::new(value), next: AtomicPtr::new(ptr::null_mut()) }))
}

struct Queue {
    flaw: Flaw,
    head: AtomicPtr<Node>,
    tail: AtomicPtr<Node>,
}

impl Queue {
    fn new(flaw: Flaw) -> Queue {
        let dummy = node(0);
        Queue { flaw, head: AtomicPtr::new(dummy), tail: AtomicPtr::new(dummy) }
    }

    /// Moves the tail on, unless somebody has done so.
    fn help(&self, tail: *mut Node, next: *mut Node) {
        // Release: pairs with the Acquire in `Reclaim::protect`.
        let (Ok(_) | Err(_)) = self.tail.compare_exchange(tail, next, Ordering::Release, Ordering::Relaxed);
    }

    fn push(&self, handle: &mut impl Reclaim<Node>, value: u32) {
        let new = node(value);
        handle.enter();
        loop {
            let tail = handle.protect(0, &self.tail);
            // SAFETY: the scheme keeps the node.
            let next = &unsafe { &*tail }.next;
            // Release: pairs with the Acquire loads of `next`. Acquire: pairs with the same Release, so that
            // whoever helps passes the node on.
            match next.compare_exchange(ptr::null_mut(), new, Ordering::Release, Ordering::Acquire) {
                Ok(_) => {
                    self.help(tail, new);
                    break;
                }
                Err(next) => self.help(tail, next),
            }
        }
        handle.exit();
    }

    fn pop(&self, handle: &mut impl Reclaim<Node>) -> Option<u32> {
        handle.enter();
        let popped = self.unlink(handle);
        handle.exit();
        popped.map(|(dummy, value)| {
            handle.retire(dummy);
            value
        })
    }

    /// The old dummy, and the value of the new one.
    fn unlink(&self, handle: &mut impl Reclaim<Node>) -> Option<(*mut Node, u32)> {
        loop {
            let head = handle.protect(0, &self.head);
            // SAFETY: the scheme keeps the node.
            let next = handle.protect(1, unsafe { &(*head).next });
            // The successor is known to be there only if the head is still the head.
            // Acquire: pairs with the Release below.
            if self.flaw != Flaw::NoRecheck && self.head.load(Ordering::Acquire) != head {
                continue;
            }
            if next.is_null() {
                return None;
            }
            // Acquire: pairs with the Release in `help`.
            let tail = self.tail.load(Ordering::Acquire);
            if head == tail {
                self.help(tail, next);
                continue;
            }
            // SAFETY: the scheme keeps the node.
            let value = unsafe { &*next }.value.get();
            // Release: pairs with the Acquire in `Reclaim::protect`.
            if self.head.compare_exchange(head, next, Ordering::Release, Ordering::Relaxed).is_ok() {
                return Some((head, value));
            }
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        while self.pop(&mut Immediately).is_some() {}
        // SAFETY: the dummy is the last node, and nobody uses the queue any more.
        drop(unsafe { Box::from_raw(self.head.load(Ordering::Relaxed)) });
    }
}

/// One thread pops once, while the other one pops two items and so retires what the first one reads.
fn by_hazards(flaw: Flaw) {
    let (queue, domain) = (Queue::new(flaw), Hazards::new(HazardFlaw::None));
    let mut handle = domain.handle(0);
    queue.push(&mut handle, 1);
    queue.push(&mut handle, 2);
    let (mut theirs, mut ours) = (None, [None; 2]);
    both(
        || theirs = queue.pop(&mut domain.handle(1)),
        || ours = [queue.pop(&mut handle), queue.pop(&mut handle)],
    );
    let seen = [ours[0], ours[1], theirs].map(|item| item.unwrap_or(0));
    assert!([[1, 2, 0], [1, 0, 2], [2, 0, 1]].contains(&seen), "{seen:?}");
}

/// Each thread pushes one item and pops one.
fn push_and_pop_each<R: Reclaim<Node> + Send>(handles: &mut [R; 2]) {
    let queue = Queue::new(Flaw::None);
    let [ours, theirs] = handles;
    let (mut first, mut second) = (None, None);
    both(
        || {
            queue.push(theirs, 1);
            first = queue.pop(theirs);
        },
        || {
            queue.push(ours, 2);
            second = queue.pop(ours);
            ours.collect();
        },
    );
    let mut seen = [first, second];
    seen.sort();
    assert_eq!(seen, [Some(1), Some(2)]);
}
