//! Executions that end early, while threads of them own objects of the door.

use crate::Plain;
use ringwright_check::door::atomic::{AtomicU32, Ordering};
use ringwright_check::door::{Arc, Mutex, mpsc, thread};
use ringwright_check::{Check, FailureKind};

/// Something whose drop is an operation, for a thread that never starts.
fn owned(kind: usize) -> Box<dyn Send> {
    match kind {
        0 => Box::new(Arc::new(1)),
        1 => Box::new(mpsc::channel::<Arc<u32>>().0),
        2 => {
            let (sender, receiver) = mpsc::sync_channel(1);
            sender.send(Arc::new(2)).unwrap();
            Box::new((sender, receiver))
        }
        3 => Box::new(Arc::downgrade(&Arc::new(3))),
        _ => Box::new(thread::spawn(|| ())),
    }
}

#[test]
fn a_failure_before_the_first_step_of_a_thread_is_reported() {
    for kind in 0..5 {
        let report = Check::new("race").exhaustive().run(move || {
            let plain = Plain::shared();
            let (theirs, shared) = (Arc::clone(&plain), Arc::new(()));
            let writer = thread::spawn(move || theirs.set(1));
            // Any read: the writer runs here.
            AtomicU32::new(0).load(Ordering::Relaxed);
            let (mine, held) = (owned(kind), Arc::clone(&shared));
            let late = thread::spawn(move || drop((mine, held)));
            plain.get();
            writer.join().unwrap();
            late.join().unwrap();
        });
        report.assert_failed(FailureKind::Race);
    }
}

#[test]
fn a_panic_of_the_main_thread_before_the_first_step_of_another_is_reported() {
    let report = Check::new("panic").exhaustive().run(|| {
        let lock = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&lock);
        let _late = thread::spawn(move || *theirs.lock().unwrap() += 1);
        panic!("on purpose");
    });
    report.assert_failed(FailureKind::Panic);
}

#[test]
fn too_many_threads_are_a_limit_with_what_they_own() {
    let report = Check::new("threads").exhaustive().run(|| {
        let shared = Arc::new(Mutex::new(0));
        let threads: Vec<_> = (0..40)
            .map(|_| {
                let theirs = Arc::clone(&shared);
                thread::spawn(move || drop(theirs))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    assert!(report.to_string().contains("limit hit"), "{report}");
}
