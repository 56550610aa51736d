//! Published bug shapes, each with its correction, and published structures that are right.
//!
//! A shape is one body with a flaw that can be turned off, so that the two
//! forms differ in nothing else. The explorer must find the flaw by its default
//! plan and pass the corrected form; `bin/shapes.rs` prints what the other
//! engines see of it.

use ringwright::check::FailureKind;
use ringwright::sync::atomic::Ordering;
use ringwright::sync::cell::UnsafeCell;
use ringwright::sync::thread;

mod barriers;
mod counts;
mod deque;
mod exclusion;
mod left_right;
mod locks;
mod michael_scott;
mod mistakes;
mod publish;
mod reclaim;
mod rings;
mod rwlocks;
mod scq;
mod seqlock;
mod stacks;
mod waits;
mod wakers;

/// A bug that somebody has published, as two models.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What it is called here.
    pub name: &'static str,
    /// Who described it.
    pub source: &'static str,
    /// The model with the flaw.
    pub buggy: fn(),
    /// The same model without it.
    pub fixed: fn(),
    /// What the flaw may show itself as.
    pub expected: &'static [FailureKind],
}

/// A published structure that is right, as a model that must pass.
#[derive(Clone, Copy, Debug)]
pub struct Structure {
    /// What it is called here.
    pub name: &'static str,
    /// Who described it.
    pub source: &'static str,
    /// The model.
    pub model: fn(),
}

/// Every shape.
#[must_use]
pub fn all() -> Vec<Shape> {
    [
        publish::SHAPES,
        seqlock::SHAPES,
        locks::SHAPES,
        exclusion::SHAPES,
        mistakes::SHAPES,
        counts::SHAPES,
        rwlocks::SHAPES,
        barriers::SHAPES,
        waits::SHAPES,
        wakers::SHAPES,
        reclaim::SHAPES,
        stacks::SHAPES,
        michael_scott::SHAPES,
        deque::SHAPES,
        rings::SHAPES,
        left_right::SHAPES,
        scq::SHAPES,
    ]
    .concat()
}

/// Every structure.
#[must_use]
pub fn structures() -> Vec<Structure> {
    [
        seqlock::STRUCTURES,
        locks::STRUCTURES,
        exclusion::STRUCTURES,
        counts::STRUCTURES,
        rwlocks::STRUCTURES,
        barriers::STRUCTURES,
        waits::STRUCTURES,
        wakers::STRUCTURES,
        stacks::STRUCTURES,
        michael_scott::STRUCTURES,
        deque::STRUCTURES,
        rings::STRUCTURES,
        left_right::STRUCTURES,
        scq::STRUCTURES,
    ]
    .concat()
}

/// Plain memory.
struct Plain<T>(UnsafeCell<T>);

// SAFETY: whether its accesses are ordered is what the models check; under an engine they are made one
// after the other.
unsafe impl<T: Send> Sync for Plain<T> {}

impl<T: Copy> Plain<T> {
    fn new(value: T) -> Plain<T> {
        Plain(UnsafeCell::new(value))
    }

    #[track_caller]
    fn get(&self) -> T {
        // SAFETY: the engine has seen the access, and runs one thread at a time.
        self.0.with(|value| unsafe { *value })
    }

    #[track_caller]
    fn set(&self, new: T) {
        // SAFETY: the engine has seen the access, and runs one thread at a time.
        self.0.with_mut(|value| unsafe { *value = new });
    }
}

/// The ordering, or none if that is the flaw.
fn relaxed_if(flaw: bool, order: Ordering) -> Ordering {
    if flaw { Ordering::Relaxed } else { order }
}

/// Runs `theirs` in a thread of its own and `ours` in this one.
fn both(theirs: impl FnOnce() + Send, ours: impl FnOnce()) {
    thread::scope(|scope| {
        scope.spawn(theirs);
        ours();
    });
}
