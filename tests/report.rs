//! What a failure is shown as: the trace in parts, its order, the files, and
//! the page as a browser sees it.

#![cfg(feature = "check")]

use ringwright::check::alloc::Quarantine;
use ringwright::check::{Check, Failure, FailureKind, Interleaving, OperationKind, Report, TraceLine};
use ringwright::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use ringwright::sync::cell::UnsafeCell;
use ringwright::sync::{Arc, Mutex, thread};
use std::path::{Path, PathBuf};
use std::process::Command;

#[global_allocator]
static ALLOC: Quarantine = Quarantine;

/// A value and a flag that says that it is there.
struct Slot {
    ready: AtomicBool,
    value: UnsafeCell<usize>,
}

// SAFETY: it is shared to show the checker what goes wrong; an execution runs one thread at a time.
unsafe impl Sync for Slot {}

/// A race: the flag is set with the wrong ordering.
fn race() -> Report {
    Check::new("two threads <race> & \"co\"").run(|| {
        let slot = Arc::new(Slot { ready: AtomicBool::new(false), value: UnsafeCell::new(0) });
        let other = Arc::clone(&slot);
        let writer = thread::spawn(move || {
            // SAFETY: a race on purpose, of accesses that run one after the other.
            other.value.with_mut(|value| unsafe { *value = 7 });
            other.ready.store(true, Ordering::Relaxed);
        });
        // Acquire: pairs with nothing; the store is Relaxed, which is the bug.
        if slot.ready.load(Ordering::Acquire) {
            // SAFETY: as above.
            slot.value.with(|value| assert_eq!(unsafe { *value }, 7));
        }
        writer.join().expect("it does not panic");
    })
}

/// Three threads, each with one lock, each waiting for the next one's.
fn deadlock() -> Report {
    Check::new("three philosophers").run(|| {
        let forks: Vec<_> = (0..3).map(|_| Arc::new(Mutex::new(0usize))).collect();
        let threads: Vec<_> = (0..3)
            .map(|seat| {
                let (left, right) = (Arc::clone(&forks[seat]), Arc::clone(&forks[(seat + 1) % 3]));
                thread::spawn(move || {
                    let mut one = left.lock().expect("no panic");
                    let mut two = right.lock().expect("no panic");
                    (*one, *two) = (*one + 1, *two + 1);
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().expect("it does not panic"));
    })
}

/// Store buffering: both threads read 0, which no interleaving shows.
fn store_buffering() -> Report {
    Check::new("store buffering").run(|| {
        let (x, y) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (also_x, also_y) = (Arc::clone(&x), Arc::clone(&y));
        let left = thread::spawn(move || {
            also_x.store(1, Ordering::Relaxed);
            also_y.load(Ordering::Relaxed)
        });
        y.store(1, Ordering::Relaxed);
        let right = x.load(Ordering::Relaxed);
        let left = left.join().expect("it does not panic");
        assert!(left + right > 0, "neither saw the other");
    })
}

/// A lost update: a plain interleaving.
fn lost_update() -> Report {
    Check::new("lost update").run(|| {
        let count = Arc::new(AtomicUsize::new(0));
        let add = |count: &AtomicUsize| {
            let old = count.load(Ordering::SeqCst);
            count.store(old + 1, Ordering::SeqCst);
        };
        let other = Arc::clone(&count);
        let thread = thread::spawn(move || add(&other));
        add(&count);
        thread.join().expect("it does not panic");
        assert_eq!(count.load(Ordering::SeqCst), 2);
    })
}

/// Four threads and a longer run: a sequence lock whose reader has no fence, between two bystanders.
fn long_run() -> Report {
    Check::new("sequence lock without a fence").random(20_000).run(|| {
        let seq = Arc::new(AtomicUsize::new(0));
        let data: Vec<_> = (0..2).map(|_| Arc::new(AtomicUsize::new(0))).collect();
        let noise = Arc::new(AtomicUsize::new(0));
        let mut threads = Vec::new();
        {
            let (seq, data) = (Arc::clone(&seq), data.clone());
            threads.push(thread::spawn(move || {
                for round in 1..=2 {
                    seq.store(round * 2 - 1, Ordering::Relaxed);
                    fence(Ordering::Release);
                    data.iter().for_each(|cell| cell.store(round, Ordering::Relaxed));
                    seq.store(round * 2, Ordering::Release);
                }
            }));
        }
        for _ in 0..2 {
            let noise = Arc::clone(&noise);
            threads.push(thread::spawn(move || {
                for _ in 0..4 {
                    noise.fetch_add(1, Ordering::AcqRel);
                    noise.load(Ordering::Relaxed);
                }
            }));
        }
        let before = seq.load(Ordering::Acquire);
        let seen: Vec<usize> = data.iter().map(|cell| cell.load(Ordering::Relaxed)).collect();
        // Without `fence(Acquire)` here, the reads above may come from a later round.
        if before % 2 == 0 && seq.load(Ordering::Relaxed) == before {
            assert_eq!(seen[0], seen[1], "torn");
        }
        threads.into_iter().for_each(|t| t.join().expect("it does not panic"));
    })
}

fn failure(report: &Report, kind: FailureKind) -> &Failure {
    report.assert_failed(kind);
    report.failure.as_ref().expect("a failed report has a failure")
}

fn dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("report")
}

#[test]
fn look() {
    for report in [race(), deadlock(), store_buffering(), lost_update(), long_run()] {
        println!("{report}\n");
        report.write_files(dir()).expect("it can be written");
    }
}
