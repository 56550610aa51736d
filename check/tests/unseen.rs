//! What a check does not see stands in its report: a pass over code that was not converted is not bare.

use ringwright_check::door::atomic::{AtomicU32, Ordering};
use ringwright_check::door::cell::UnsafeCell;
use ringwright_check::door::{Arc, Barrier, Condvar, Mutex, OnceLock, RwLock, mpsc, thread};
use ringwright_check::{Check, Report};

fn noted(report: &Report, text: &str) -> bool {
    report.notes.iter().any(|note| note.contains(text))
}

/// The note on a model whose threads have nothing in common.
const SHARE_NOTHING: &str = "share nothing that the checker sees";

#[test]
fn code_that_was_not_converted_does_not_pass_bare() {
    let report = Check::new("unconverted").run(|| {
        let a = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
        let b = std::sync::Arc::clone(&a);
        let other = thread::spawn(move || {
            // Relaxed: the checker does not see it anyway.
            let v = b.load(Ordering::Relaxed);
            b.store(v + 1, Ordering::Relaxed);
        });
        // Relaxed: as above.
        let v = a.load(Ordering::Relaxed);
        a.store(v + 1, Ordering::Relaxed);
        other.join().unwrap();
    });
    report.assert_passed();
    assert!(noted(&report, SHARE_NOTHING), "{report}");
}

#[test]
fn handles_alone_are_nothing_in_common() {
    let report = Check::new("handles").run(|| {
        let a = Arc::new(7);
        let b = Arc::clone(&a);
        let other = thread::spawn(move || *b);
        while !other.is_finished() {
            thread::yield_now();
        }
        assert_eq!(other.join().unwrap(), *a);
        thread::scope(|scope| drop(scope.spawn(|| *a)));
    });
    report.assert_passed();
    assert!(noted(&report, SHARE_NOTHING), "{report}");
}

#[test]
fn threads_that_share_an_object_of_any_kind_are_left_alone() {
    struct Slot(UnsafeCell<u32>);
    // SAFETY: both threads only read.
    unsafe impl Sync for Slot {}
    fn two<T: Send + Sync + 'static>(value: T, look: fn(&T)) -> Report {
        let value = std::sync::Mutex::new(Some(value));
        // One execution: the value is used up.
        let mut report = Check::new("shares").max_executions(1).run(move || {
            let Some(value) = value.lock().unwrap().take() else { return };
            let value = Arc::new(value);
            let theirs = Arc::clone(&value);
            let other = thread::spawn(move || look(&theirs));
            look(&value);
            other.join().unwrap();
        });
        report.notes.retain(|note| note.contains(SHARE_NOTHING));
        report
    }
    let reports = [
        // Relaxed: nothing hangs on it.
        two(AtomicU32::new(0), |x| _ = x.load(Ordering::Relaxed)),
        // SAFETY: both threads only read.
        two(Slot(UnsafeCell::new(0)), |x| _ = x.0.with(|v| unsafe { *v })),
        two(Mutex::new(0), |x| *x.lock().unwrap() += 1),
        two(RwLock::new(0), |x| _ = *x.read().unwrap()),
        two(OnceLock::new(), |x| _ = x.get_or_init(|| 5)),
        two(Barrier::new(2), |x| _ = x.wait()),
        two(Condvar::new(), |x| x.notify_one()),
        two(Mutex::new(mpsc::channel()), |x| x.lock().unwrap().0.send(1).unwrap()),
    ];
    for report in reports {
        assert!(report.notes.is_empty(), "{report}");
    }
    // A token to park is something in common, a channel by itself too, and one thread needs nothing.
    let models: [fn(); 3] = [
        || {
            let other = thread::spawn(thread::park);
            other.thread().unpark();
            other.join().unwrap();
        },
        || {
            let (sender, receiver) = mpsc::channel();
            let other = thread::spawn(move || sender.send(1).unwrap());
            assert_eq!(receiver.recv(), Ok(1));
            other.join().unwrap();
        },
        || (),
    ];
    for model in models {
        let report = Check::new("shares").run(model);
        assert!(!noted(report.assert_passed(), SHARE_NOTHING), "{report}");
    }
}

#[test]
fn that_plain_memory_is_not_seen_is_always_said() {
    let report = Check::new("plain").run(|| ());
    assert!(noted(&report, "plain memory outside of the door's cells is not seen"), "{report}");
    let asked = noted(&report, "no code was compiled with it");
    assert_eq!(asked, cfg!(feature = "plain"), "{report}");
}
