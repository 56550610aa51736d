//! When a node that nobody can reach any more may be freed: hazard pointers and epochs.
//!
//! # State
//!
//! A domain is shared; each thread has a handle with its number. Hazard
//! pointers: a thread writes down which node it is about to use, and a node is
//! freed if nobody has it written down. Epochs: a thread writes down in which
//! epoch it is inside; the global epoch moves on when everybody inside has seen
//! it; a node is freed two epochs after it became unreachable.
//!
//! Nodes that cannot be freed yet when their thread ends are freed with the
//! domain.
//!
//! # Invariant
//!
//! Both stand on one store buffering: a thread announces itself and then looks
//! at the structure, the other unlinks a node and then looks at the
//! announcements. With a SeqCst fence between on both sides, one of the two
//! sees the other.

use crate::shapes::body::{Plain, both, relaxed_if};
use crate::shapes::shape::Shape;
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicPtr, AtomicUsize, Ordering, fence};
use std::ptr;
use std::sync::Mutex;

const HAZARD: &str = "Michael, Hazard pointers: safe memory reclamation for lock-free objects, TPDS 2004";
const EPOCH: &str = "Fraser, Practical lock-freedom, 2004";
const FREED: &[FailureKind] = &[FailureKind::UseAfterFree, FailureKind::Race];

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "hazard-pointer-no-fence",
        source: HAZARD,
        buggy: || replace_by_hazards(HazardFlaw::NoFence),
        fixed: || replace_by_hazards(HazardFlaw::None),
        expected: FREED,
    },
    Shape {
        name: "hazard-pointer-no-second-look",
        source: HAZARD,
        buggy: || replace_by_hazards(HazardFlaw::NoRecheck),
        fixed: || replace_by_hazards(HazardFlaw::None),
        expected: FREED,
    },
    Shape {
        name: "epoch-pin-no-fence",
        source: EPOCH,
        buggy: || replace_by_epochs(EpochFlaw::NoFence),
        fixed: || replace_by_epochs(EpochFlaw::None),
        expected: FREED,
    },
    Shape {
        name: "epoch-freed-one-epoch-early",
        source: EPOCH,
        buggy: || replace_by_epochs(EpochFlaw::Early),
        fixed: || replace_by_epochs(EpochFlaw::None),
        expected: FREED,
    },
    Shape {
        name: "epoch-unpin-relaxed",
        source: EPOCH,
        buggy: || replace_by_epochs(EpochFlaw::RelaxedUnpin),
        fixed: || replace_by_epochs(EpochFlaw::None),
        expected: FREED,
    },
    Shape {
        name: "epoch-repin-relaxed",
        source: "Boehm et al., Weaken release sequences, P0982R1, 2018",
        buggy: || replace_by_epochs(EpochFlaw::RelaxedPin),
        fixed: || replace_by_epochs(EpochFlaw::None),
        expected: FREED,
    },
];

/// What a structure asks of a scheme: one thread's handle.
pub(super) trait Reclaim<T> {
    /// Begins an operation.
    fn enter(&mut self);
    /// What `source` points to; it stays there until `exit`, or until `slot` is used again.
    fn protect(&mut self, slot: usize, source: &AtomicPtr<T>) -> *mut T;
    /// The end of an operation.
    fn exit(&mut self);
    /// Frees the unreachable node, now or later.
    fn retire(&mut self, node: *mut T);
    /// Outside of any operation: frees what can be freed by now.
    fn collect(&mut self) {}
}

/// Frees at once: the flaw of whoever has no scheme.
pub(super) struct Immediately;

impl<T> Reclaim<T> for Immediately {
    fn enter(&mut self) {}

    fn protect(&mut self, _: usize, source: &AtomicPtr<T>) -> *mut T {
        // Acquire: pairs with the Release of whoever has linked the node.
        source.load(Ordering::Acquire)
    }

    fn exit(&mut self) {}

    fn retire(&mut self, node: *mut T) {
        free(node);
    }
}

fn free<T>(node: *mut T) {
    // SAFETY: the node came from `Box::into_raw`, and the scheme says that nobody uses it.
    drop(unsafe { Box::from_raw(node) });
}

/// Nodes that wait for the end of their domain.
struct Kept<T>(Mutex<Vec<usize>>, std::marker::PhantomData<T>);

impl<T> Kept<T> {
    fn new() -> Kept<T> {
        Kept(Mutex::new(Vec::new()), std::marker::PhantomData)
    }

    fn extend(&self, nodes: impl Iterator<Item = *mut T>) {
        self.0.lock().unwrap().extend(nodes.map(|node| node.expose_provenance()));
    }
}

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        for node in self.0.get_mut().unwrap().drain(..) {
            free::<T>(ptr::with_exposed_provenance_mut(node));
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum HazardFlaw {
    None,
    NoFence,
    NoRecheck,
}

/// Hazard pointers for two threads with two slots each.
pub(super) struct Hazards<T> {
    flaw: HazardFlaw,
    slots: [[AtomicPtr<T>; 2]; 2],
    kept: Kept<T>,
}

impl<T> Hazards<T> {
    pub(super) fn new(flaw: HazardFlaw) -> Hazards<T> {
        let slots = || [(); 2].map(|()| AtomicPtr::new(ptr::null_mut()));
        Hazards { flaw, slots: [slots(), slots()], kept: Kept::new() }
    }

    pub(super) fn handle(&self, me: usize) -> Hazard<'_, T> {
        Hazard { domain: self, me, retired: Vec::new() }
    }

    fn is_protected(&self, node: *mut T) -> bool {
        // Acquire: pairs with the Release stores of the slots: all uses come before the free.
        self.slots.iter().flatten().any(|slot| slot.load(Ordering::Acquire) == node)
    }
}

pub(super) struct Hazard<'a, T> {
    domain: &'a Hazards<T>,
    me: usize,
    retired: Vec<*mut T>,
}

// SAFETY: the retired nodes belong to the handle, and are reachable for nobody else who is not protected.
unsafe impl<T: Send> Send for Hazard<'_, T> {}

impl<T> Reclaim<T> for Hazard<'_, T> {
    fn enter(&mut self) {}

    fn protect(&mut self, slot: usize, source: &AtomicPtr<T>) -> *mut T {
        loop {
            let node = source.load(Ordering::Relaxed);
            // Release: pairs with the Acquire in `is_protected`, for the node that stood there before.
            self.domain.slots[self.me][slot].store(node, Ordering::Release);
            if self.domain.flaw != HazardFlaw::NoFence {
                // SeqCst: pairs with the SeqCst fence in `retire`.
                fence(Ordering::SeqCst);
            }
            // Acquire: pairs with the Release of whoever has linked the node.
            if source.load(Ordering::Acquire) == node || self.domain.flaw == HazardFlaw::NoRecheck {
                return node;
            }
        }
    }

    fn exit(&mut self) {
        for slot in &self.domain.slots[self.me] {
            // Release: pairs with the Acquire in `is_protected`.
            slot.store(ptr::null_mut(), Ordering::Release);
        }
    }

    fn retire(&mut self, node: *mut T) {
        // SeqCst: pairs with the SeqCst fence in `protect`.
        fence(Ordering::SeqCst);
        self.retired.push(node);
        let domain = self.domain;
        self.retired.retain(|node| {
            let protected = domain.is_protected(*node);
            if !protected {
                free(*node);
            }
            protected
        });
    }
}

impl<T> Drop for Hazard<'_, T> {
    fn drop(&mut self) {
        self.domain.kept.extend(self.retired.drain(..));
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum EpochFlaw {
    None,
    NoFence,
    /// A node is freed one epoch after it became unreachable.
    Early,
    RelaxedUnpin,
    RelaxedPin,
}

/// Epochs for two threads.
pub(super) struct Epochs<T> {
    flaw: EpochFlaw,
    global: AtomicUsize,
    /// Each thread's epoch, plus one; 0 if it is outside.
    locals: [AtomicUsize; 2],
    kept: Kept<T>,
}

impl<T> Epochs<T> {
    pub(super) fn new(flaw: EpochFlaw) -> Epochs<T> {
        let locals = [AtomicUsize::new(0), AtomicUsize::new(0)];
        Epochs { flaw, global: AtomicUsize::new(0), locals, kept: Kept::new() }
    }

    pub(super) fn handle(&self, me: usize) -> Epoch<'_, T> {
        Epoch { domain: self, me, retired: Vec::new() }
    }

    /// Moves the epoch on if everybody inside has seen it.
    fn advance(&self) {
        let global = self.global.load(Ordering::Relaxed);
        // SeqCst: pairs with the SeqCst fence in `enter`.
        fence(Ordering::SeqCst);
        for local in &self.locals {
            // Acquire: pairs with the Release stores in `enter` and `exit`.
            let local = local.load(Ordering::Acquire);
            if local != 0 && local != global + 1 {
                return;
            }
        }
        // AcqRel: pairs with itself and with the Acquire in `collect`: what those outside did comes before.
        let tried = self.global.compare_exchange(global, global + 1, Ordering::AcqRel, Ordering::Relaxed);
        // Another thread may have been faster.
        let (Ok(_) | Err(_)) = tried;
    }
}

pub(super) struct Epoch<'a, T> {
    domain: &'a Epochs<T>,
    me: usize,
    retired: Vec<(usize, *mut T)>,
}

// SAFETY: the retired nodes belong to the handle, and are reachable for nobody else who is not protected.
unsafe impl<T: Send> Send for Epoch<'_, T> {}

impl<T> Reclaim<T> for Epoch<'_, T> {
    fn enter(&mut self) {
        let global = self.domain.global.load(Ordering::Relaxed);
        let relaxed = self.domain.flaw == EpochFlaw::RelaxedPin;
        // Release: pairs with the Acquire in `advance`, for the operations before this one: since C++20 a
        // Relaxed store here would not pass on the Release of the last `exit`.
        self.domain.locals[self.me].store(global + 1, relaxed_if(relaxed, Ordering::Release));
        if self.domain.flaw != EpochFlaw::NoFence {
            // SeqCst: pairs with the SeqCst fences in `advance` and `retire`.
            fence(Ordering::SeqCst);
        }
    }

    fn protect(&mut self, _: usize, source: &AtomicPtr<T>) -> *mut T {
        // Acquire: pairs with the Release of whoever has linked the node.
        source.load(Ordering::Acquire)
    }

    fn exit(&mut self) {
        let relaxed = self.domain.flaw == EpochFlaw::RelaxedUnpin;
        // Release: pairs with the Acquire in `advance`.
        self.domain.locals[self.me].store(0, relaxed_if(relaxed, Ordering::Release));
    }

    fn retire(&mut self, node: *mut T) {
        // SeqCst: pairs with the SeqCst fence in `enter`: whoever is inside an epoch later than the one read
        // next does not find the node.
        fence(Ordering::SeqCst);
        self.retired.push((self.domain.global.load(Ordering::Relaxed), node));
    }

    fn collect(&mut self) {
        let grace = if self.domain.flaw == EpochFlaw::Early { 1 } else { 2 };
        for _ in 0..grace {
            self.domain.advance();
        }
        // Acquire: pairs with the AcqRel in `advance`.
        let global = self.domain.global.load(Ordering::Acquire);
        self.retired.retain(|(epoch, node)| {
            let young = global - epoch < grace;
            if !young {
                free(*node);
            }
            young
        });
    }
}

impl<T> Drop for Epoch<'_, T> {
    fn drop(&mut self) {
        self.domain.kept.extend(self.retired.drain(..).map(|(_, node)| node));
    }
}

type Node = Plain<u32>;

fn node(value: u32) -> *mut Node {
    Box::into_raw(Box::new(Plain::new(value)))
}

fn read(handle: &mut impl Reclaim<Node>, current: &AtomicPtr<Node>) {
    handle.enter();
    // SAFETY: the scheme keeps the node until `exit`.
    let value = unsafe { (*handle.protect(0, current)).get() };
    assert!([1, 2].contains(&value));
    handle.exit();
}

fn replace(handle: &mut impl Reclaim<Node>, current: &AtomicPtr<Node>) {
    handle.enter();
    // AcqRel: pairs with the Acquire in `protect`, and with itself for the next writer.
    let old = current.swap(node(2), Ordering::AcqRel);
    handle.retire(old);
    handle.exit();
}

fn replace_by_hazards(flaw: HazardFlaw) {
    let (domain, current) = (Hazards::new(flaw), AtomicPtr::new(node(1)));
    both(|| read(&mut domain.handle(1), &current), || replace(&mut domain.handle(0), &current));
    free(current.into_inner());
}

fn replace_by_epochs(flaw: EpochFlaw) {
    let (domain, current) = (Epochs::new(flaw), AtomicPtr::new(node(1)));
    let reader = || {
        let mut handle = domain.handle(1);
        read(&mut handle, &current);
        read(&mut handle, &current);
    };
    both(reader, || {
        let mut handle = domain.handle(0);
        replace(&mut handle, &current);
        handle.collect();
    });
    free(current.into_inner());
}
