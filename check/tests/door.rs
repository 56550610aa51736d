//! The door under the explorer: for every type a program that must be convicted
//! and one that must be acquitted, with the whole set of outcomes.

use ringwright_check::{Check, FailureKind, Report};

#[global_allocator]
static ALLOC: ringwright_check::alloc::Quarantine = ringwright_check::alloc::Quarantine;

#[path = "door/channels.rs"]
mod channels;
#[path = "door/handles.rs"]
mod handles;
#[path = "door/locks.rs"]
mod locks;
#[path = "door/memory.rs"]
mod memory;
#[path = "door/once.rs"]
mod once;
#[cfg(feature = "parking_lot")]
#[path = "door/parking.rs"]
mod parking;
#[path = "door/replay.rs"]
mod replay;
#[path = "door/spins.rs"]
mod spins;
#[path = "door/tasks.rs"]
mod tasks;
#[path = "door/threads.rs"]
mod threads;
#[path = "door/waits.rs"]
mod waits;

/// The check of a model under the explorer, by the default plan.
fn run(name: &str, model: impl Fn() + Send + Sync + 'static) -> Report {
    Check::new(name).run(model)
}

/// Every execution passes, and together they come to these outcomes.
#[track_caller]
fn acquit<const N: usize>(model: impl Fn() + Send + Sync + 'static, outcomes: [&str; N]) {
    run("acquitted", model).assert_passed().assert_outcomes(outcomes);
}

/// Some execution fails in this way.
#[track_caller]
fn convict(model: impl Fn() + Send + Sync + 'static, kind: FailureKind) -> Report {
    let report = run("convicted", model);
    report.assert_failed(kind);
    report
}
