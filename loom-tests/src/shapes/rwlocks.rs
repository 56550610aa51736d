//! Locks for readers and writers, barriers.

use crate::shapes::body::{Plain, both, relaxed_if};
use crate::shapes::shape::{Shape, Structure};
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use ringwright::sync::hint::spin_loop;
use ringwright::sync::thread;

const COURTOIS: &str = "Courtois, Heymans and Parnas, Concurrent control with readers and writers, CACM 1971";

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "rwlock-downgrade-lets-a-writer-in",
        source: "parking_lot and std, RwLockWriteGuard::downgrade: why it must be one step",
        buggy: || downgrade(true),
        fixed: || downgrade(false),
        expected: &[FailureKind::Panic],
    },
    Shape {
        name: "rwlock-relaxed-read-unlock",
        source: COURTOIS,
        buggy: || reader_and_writer(true),
        fixed: || reader_and_writer(false),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "rwlock-flag-and-count-acquire-release",
        source: "Dice and Kogan, BRAVO: biased locking for reader-writer locks, ATC 2019",
        buggy: || split_entry(Entry::Weak),
        fixed: || split_entry(Entry::Right),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "rwlock-reader-looks-then-counts",
        source: COURTOIS,
        buggy: || split_entry(Entry::LookFirst),
        fixed: || split_entry(Entry::Right),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "rwlock-two-upgrades",
        source: "parking_lot, RwLockUpgradableReadGuard: why only one reader may be upgradable",
        buggy: || upgrade(true),
        fixed: || upgrade(false),
        expected: &[FailureKind::Livelock, FailureKind::Deadlock],
    },
];

pub(super) const STRUCTURES: &[Structure] =
    &[Structure { name: "rwlock-two-readers-one-writer", source: COURTOIS, model: three_threads }];

/// In the state of an [`RwLock`]; below it, the number of readers.
const WRITER: usize = 1 << 16;

struct RwLock {
    relaxed_read_unlock: bool,
    state: AtomicUsize,
}

impl RwLock {
    fn new(relaxed_read_unlock: bool) -> RwLock {
        RwLock { relaxed_read_unlock, state: AtomicUsize::new(0) }
    }

    fn read(&self) {
        let mut seen = self.state.load(Ordering::Relaxed);
        loop {
            if seen & WRITER != 0 {
                spin_loop();
                seen = self.state.load(Ordering::Relaxed);
                continue;
            }
            // Acquire: pairs with the Release in `unlock_write` and `downgrade`.
            let tried = self.state.compare_exchange(seen, seen + 1, Ordering::Acquire, Ordering::Relaxed);
            match tried {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    fn unlock_read(&self) {
        // Release: pairs with the Acquire in `write`.
        self.state.fetch_sub(1, relaxed_if(self.relaxed_read_unlock, Ordering::Release));
    }

    fn write(&self) {
        // Acquire: pairs with the Release in `unlock_read` and `unlock_write`.
        while self.state.compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed).is_err() {
            spin_loop();
        }
    }

    fn unlock_write(&self) {
        // Release: pairs with the Acquire in `read` and `write`.
        self.state.store(0, Ordering::Release);
    }

    /// From writing to reading, with nobody between.
    fn downgrade(&self) {
        // Release: pairs with the Acquire in `read`.
        self.state.store(1, Ordering::Release);
    }
}

fn downgrade(flaw: bool) {
    let (lock, value) = (RwLock::new(false), Plain::new(0));
    let writer = || {
        lock.write();
        value.set(2);
        lock.unlock_write();
    };
    both(writer, || {
        lock.write();
        value.set(1);
        if flaw {
            lock.unlock_write();
            lock.read();
        } else {
            lock.downgrade();
        }
        assert_eq!(value.get(), 1, "written between the write and the read");
        lock.unlock_read();
    });
}

fn reader_and_writer(flaw: bool) {
    let (lock, value) = (RwLock::new(flaw), Plain::new(0));
    let reader = || {
        lock.read();
        assert!([0, 1].contains(&value.get()));
        lock.unlock_read();
    };
    both(reader, || {
        lock.write();
        value.set(1);
        lock.unlock_write();
    });
}

fn three_threads() {
    let (lock, first, second) = (RwLock::new(false), Plain::new(0), Plain::new(0));
    let reader = || {
        lock.read();
        assert_eq!(first.get(), second.get());
        lock.unlock_read();
    };
    thread::scope(|scope| {
        scope.spawn(reader);
        scope.spawn(reader);
        lock.write();
        first.set(1);
        second.set(1);
        lock.downgrade();
        assert_eq!(first.get(), 1);
        lock.unlock_read();
    });
}

#[derive(Clone, Copy, PartialEq)]
enum Entry {
    Right,
    /// The reader's count and the writer's flag are not ordered.
    Weak,
    /// The reader looks for a writer before it counts itself.
    LookFirst,
}

/// The writer's flag and the readers' count are two words; each side raises its
/// own, looks at the other's, and gives up if it is raised.
fn split_entry(entry: Entry) {
    let (writer, readers, value) = (AtomicBool::new(false), AtomicUsize::new(0), Plain::new(0));
    let (look, raise) = match entry {
        // Acquire: pairs with the Release of whoever leaves. AcqRel: as far as it goes.
        Entry::Weak => (Ordering::Acquire, Ordering::AcqRel),
        // SeqCst: pairs with the SeqCst of the other side: one of the two sees the other.
        _ => (Ordering::SeqCst, Ordering::SeqCst),
    };
    let reader = || {
        let clear = if entry == Entry::LookFirst {
            let clear = !writer.load(look);
            readers.fetch_add(1, raise);
            clear
        } else {
            readers.fetch_add(1, raise);
            !writer.load(look)
        };
        if clear {
            assert!([0, 1].contains(&value.get()));
        }
        // Release: pairs with the load of the count by the writer, an Acquire at least.
        readers.fetch_sub(1, Ordering::Release);
    };
    both(reader, || {
        writer.swap(true, raise);
        if readers.load(look) == 0 {
            value.set(1);
        }
        // Release: pairs with the load of the flag by the reader, an Acquire at least.
        writer.store(false, Ordering::Release);
    });
}

/// Two readers both wait until they are the only one.
fn upgrade(flaw: bool) {
    let (lock, upgrading, count) = (RwLock::new(false), AtomicBool::new(false), Plain::new(0));
    let work = || {
        lock.read();
        assert!(count.get() < 2);
        if !flaw && upgrading.swap(true, Ordering::Relaxed) {
            // Somebody else is first: begin again, as a writer.
            lock.unlock_read();
            lock.write();
        } else {
            // Acquire: pairs with the Release in `unlock_read` and `unlock_write`.
            while lock.state.compare_exchange(1, WRITER, Ordering::Acquire, Ordering::Relaxed).is_err() {
                spin_loop();
            }
        }
        count.set(count.get() + 1);
        lock.unlock_write();
    };
    both(work, work);
    assert_eq!(count.get(), 2);
}
