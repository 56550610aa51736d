//! What the queues promise of progress: the bounds of their calls, and what a frozen thread holds up.

use ringwright::check::{Check, FailureKind, Report, bounded};
use ringwright::sync::thread;
use ringwright::{mpmc, spsc};

#[global_allocator]
static ALLOC: ringwright::check::alloc::Quarantine = ringwright::check::alloc::Quarantine;

fn lock_free(name: &str, model: impl Fn() + Send + Sync + 'static) -> Report {
    Check::new(name).lock_free().run(model)
}

#[test]
fn spsc_is_wait_free() {
    let report = lock_free("spsc", || {
        let (mut producer, mut consumer) = spsc::bounded(1);
        let pushing = thread::spawn(move || {
            for item in 0..2 {
                let _ = bounded(3, "push", || producer.push(item));
            }
        });
        for _ in 0..2 {
            let _ = bounded(3, "pop", || consumer.pop());
        }
        pushing.join().unwrap();
    });
    report.assert_passed();
}

/// What `mpmc`'s documentation says: a call never waits.
#[test]
fn mpmc_calls_return_whoever_is_frozen() {
    let report = lock_free("mpmc calls", || {
        let (producer, consumer) = mpmc::bounded(2);
        let second = producer.clone();
        let pushing = thread::spawn(move || second.push(1).unwrap());
        let _ = producer.push(2);
        let _ = consumer.pop();
        pushing.join().unwrap();
    });
    report.assert_passed();
}

/// What it also says: the queue as a whole does not get on. A thread that has
/// pushed does not get the item back, nor any other, while a producer before it
/// is frozen between its claim and its publication.
#[test]
fn mpmc_as_a_whole_is_not_lock_free() {
    let report = lock_free("mpmc as a whole", || {
        let (producer, consumer) = mpmc::bounded(2);
        let second = producer.clone();
        let pushing = thread::spawn(move || second.push(1).unwrap());
        producer.push(2).unwrap();
        while consumer.pop().is_err() {
            thread::yield_now();
        }
        pushing.join().unwrap();
    });
    let failure = report.assert_failed(FailureKind::NotLockFree).failure.as_ref().unwrap();
    assert!(failure.message.contains("t1 is frozen forever just before store at src/mpmc.rs:"), "{report}");
}
