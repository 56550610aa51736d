//! The same model bodies under every engine: each convicts something, each
//! acquits something, and each is silent about what it cannot see.

use ringwright_check::alloc::Quarantine;
use ringwright_check::door::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use ringwright_check::door::cell::UnsafeCell;
use ringwright_check::door::{Arc, Condvar, Mutex, RwLock, hint, thread};
use ringwright_check::{Check, Engine, FailureKind, Limit, Report, Verdict, any, outcome};
use std::time::Duration;

#[global_allocator]
static ALLOC: Quarantine = Quarantine;

fn by(engine: Engine, name: &str) -> Check {
    Check::new(name).engine(engine)
}

/// Every engine that this build has.
fn engines() -> Vec<Engine> {
    let mut engines = vec![Engine::Explorer, Engine::Sc, Engine::Native];
    if cfg!(feature = "loom") {
        engines.push(Engine::Loom);
    }
    engines
}

/// A slot that one thread fills and another reads.
struct Mailbox {
    full: AtomicBool,
    letter: UnsafeCell<usize>,
}

// SAFETY: `full` is what keeps two threads from using the letter at once; where it does not, the model
// is a test of the race detector, and an engine runs one thread at a time.
unsafe impl Sync for Mailbox {}

/// Fills the mailbox in another thread, and reads it if it is full.
fn pass_a_message(publish: Ordering) {
    let mailbox = Arc::new(Mailbox { full: AtomicBool::new(false), letter: UnsafeCell::new(0) });
    let theirs = Arc::clone(&mailbox);
    let writer = thread::spawn(move || {
        // SAFETY: nobody reads before `full` is set.
        theirs.letter.with_mut(|letter| unsafe { *letter = 7 });
        theirs.full.store(true, publish);
    });
    // Acquire: pairs with the store of `full`, where that is a Release.
    if mailbox.full.load(Ordering::Acquire) {
        // SAFETY: the writer is done with the letter.
        let letter = mailbox.letter.with(|letter| unsafe { *letter });
        assert_eq!(letter, 7);
        outcome("read");
    } else {
        outcome("empty");
    }
    writer.join().unwrap();
}

/// Two threads add one each to a counter, by a load and a store.
fn lose_an_update() {
    let counter = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&counter);
    // Relaxed: the bug is not one of ordering.
    let add = |counter: &AtomicUsize| counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    let other = thread::spawn(move || add(&theirs));
    add(&counter);
    other.join().unwrap();
    assert_eq!(counter.load(Ordering::Relaxed), 2, "an update was lost");
}

/// Two threads add one each to a counter, `times` times.
fn keep_every_update(times: usize) {
    let counter = std::sync::Arc::new(AtomicUsize::new(0));
    let others: Vec<_> = (0..2)
        .map(|_| {
            let counter = std::sync::Arc::clone(&counter);
            thread::spawn(move || {
                for _ in 0..times {
                    // Relaxed: the joins order what is read below.
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for other in others {
        other.join().unwrap();
    }
    assert_eq!(counter.load(Ordering::Relaxed), 2 * times);
}

/// Two threads try to claim a ticket; one gets it.
fn claim_a_ticket() {
    let ticket = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&ticket);
    let claim = |ticket: &AtomicUsize, by| {
        // Relaxed: nothing else is shared.
        ticket.compare_exchange(0, by, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    };
    let other = thread::spawn(move || claim(&theirs, 2));
    let mine = claim(&ticket, 1);
    let others = other.join().unwrap();
    assert!(mine != others, "one claim succeeds");
    assert_eq!(ticket.load(Ordering::Relaxed), if mine { 1 } else { 2 });
}

/// A reader-writer lock, and a thread that parks until it is told.
fn read_write_and_park() {
    let shared = Arc::new((RwLock::new(0), AtomicBool::new(false)));
    let theirs = Arc::clone(&shared);
    let main = thread::current();
    let other = thread::spawn(move || {
        *theirs.0.write().unwrap() += 1;
        // Release: pairs with the Acquire below.
        theirs.1.store(true, Ordering::Release);
        main.unpark();
    });
    assert!(*shared.0.read().unwrap() <= 1);
    // Acquire: pairs with the Release above.
    while !shared.1.load(Ordering::Acquire) {
        thread::park();
    }
    assert_eq!(*shared.0.read().unwrap(), 1);
    other.join().unwrap();
}

/// A wait that only its time limit ends.
fn wait_in_vain() {
    let shared = (Mutex::new(()), Condvar::new());
    let start = ringwright_check::door::time::Instant::now();
    let wait = |guard| shared.1.wait_timeout(guard, Duration::from_millis(1)).unwrap();
    let mut late = false;
    while !late {
        late = wait(shared.0.lock().unwrap()).1.timed_out();
    }
    assert!(start.elapsed() >= Duration::from_millis(1));
}

/// Two threads take two locks, in the same order or not.
fn take_two_locks(same_order: bool) {
    let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
    let theirs = Arc::clone(&locks);
    let other = thread::spawn(move || {
        let (first, second) = if same_order { (&theirs.0, &theirs.1) } else { (&theirs.1, &theirs.0) };
        let mut a = first.lock().unwrap();
        let mut b = second.lock().unwrap();
        *a += 1;
        *b += 1;
    });
    {
        let mut a = locks.0.lock().unwrap();
        let mut b = locks.1.lock().unwrap();
        *a += 1;
        *b += 1;
    }
    other.join().unwrap();
    assert_eq!(*locks.0.lock().unwrap(), 2);
}

/// Store buffering: both threads may miss the other's store.
fn buffer_stores() {
    let flags = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let theirs = Arc::clone(&flags);
    let other = thread::spawn(move || {
        theirs.0.store(1, Ordering::Release);
        theirs.1.load(Ordering::Acquire)
    });
    flags.1.store(1, Ordering::Release);
    let mine = flags.0.load(Ordering::Acquire);
    outcome(format!("{mine}{}", other.join().unwrap()));
}

/// Waits for a flag that is set or not.
fn spin(set: bool) {
    let flag = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&flag);
    let other = thread::spawn(move || {
        // Acquire: pairs with the Release below.
        while !theirs.load(Ordering::Acquire) {
            hint::spin_loop();
        }
    });
    if set {
        // Release: pairs with the Acquire above.
        flag.store(true, Ordering::Release);
    }
    other.join().unwrap();
}

/// Waits on a condition variable, with or without looking first.
fn wait_for_news(look_first: bool) {
    let shared = Arc::new((Mutex::new(false), Condvar::new()));
    let theirs = Arc::clone(&shared);
    let other = thread::spawn(move || {
        *theirs.0.lock().unwrap() = true;
        theirs.1.notify_one();
    });
    let mut news = shared.0.lock().unwrap();
    if look_first {
        while !*news {
            news = shared.1.wait(news).unwrap();
        }
    } else {
        news = shared.1.wait(news).unwrap();
    }
    drop(news);
    other.join().unwrap();
}

/// A node that one thread makes and publishes to another.
struct Node {
    value: UnsafeCell<usize>,
}

fn publish_a_node(publish: Ordering) {
    let head = Arc::new(AtomicPtr::<Node>::default());
    let theirs = Arc::clone(&head);
    let maker = thread::spawn(move || {
        let node = Box::new(Node { value: UnsafeCell::new(7) });
        theirs.store(Box::into_raw(node), publish);
    });
    // Acquire: pairs with the store of `head`, where that is a Release.
    let node = head.load(Ordering::Acquire);
    if !node.is_null() {
        // SAFETY: the maker has published the node and nobody frees it before the join; if the publication
        // orders nothing, the model is a test of the race detector.
        let value = unsafe { (*node).value.with(|value| *value) };
        assert_eq!(value, 7);
    }
    maker.join().unwrap();
    let node = head.load(Ordering::Relaxed);
    // SAFETY: the maker made the node by `Box::into_raw`, and both threads are done with it.
    drop(unsafe { Box::from_raw(node) });
}

/// Two threads only read what the main thread has made.
fn read_together() {
    struct Shared(UnsafeCell<usize>);
    // SAFETY: nobody writes.
    unsafe impl Sync for Shared {}
    // SAFETY: the value is a number.
    unsafe impl Send for Shared {}
    let shared = Arc::new(Shared(UnsafeCell::new(3)));
    let read = |shared: &Shared| {
        // SAFETY: nobody writes.
        shared.0.with(|value| unsafe { *value })
    };
    let others: Vec<_> = (0..2)
        .map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || read(&shared))
        })
        .collect();
    for other in others {
        assert_eq!(other.join().unwrap(), 3);
    }
}

/// tokio-rs/loom#166: the load of `key` between the stores changes nothing,
/// and yet loom loses the outcome (1, 0) by it.
fn redundant_load() {
    let entry = std::sync::Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let (writer, reader) = (std::sync::Arc::clone(&entry), std::sync::Arc::clone(&entry));
    let writer = thread::spawn(move || {
        let (key, value) = &*writer;
        // SeqCst, here and below: the shape is as it was reported; every pair is between these two threads.
        key.store(1, Ordering::SeqCst);
        value.store(1, Ordering::SeqCst);
        value.store(0, Ordering::SeqCst);
        key.load(Ordering::SeqCst);
        key.store(0, Ordering::SeqCst);
    });
    let reader = thread::spawn(move || {
        let (key, value) = &*reader;
        let value = value.load(Ordering::SeqCst);
        outcome(format!("({value}, {})", key.load(Ordering::SeqCst)));
    });
    writer.join().unwrap();
    reader.join().unwrap();
}

/// Whether the report's failure shows all of these words in its trace or text.
fn shows(report: &Report, words: &[&str]) {
    let text = report.to_string();
    for word in words {
        assert!(text.contains(word), "no {word} in\n{text}");
    }
}

#[test]
fn one_body_passes_under_every_engine() {
    for engine in engines() {
        let report = by(engine, "message").run(|| pass_a_message(Ordering::Release));
        report.assert_passed();
        assert_eq!(report.engine, engine);
        assert!(report.executions > 1, "{report}");
        if engine != Engine::Native {
            report.assert_outcomes(["empty", "read"]);
        }
    }
}

#[test]
fn every_engine_sees_a_panic() {
    for engine in engines() {
        let report = by(engine, "panic").run(|| {
            let other = thread::spawn(|| assert_eq!(1 + 1, 3, "arithmetic"));
            other.join().unwrap();
        });
        report.assert_failed(FailureKind::Panic);
        assert_eq!(report.executions, 1, "{report}");
    }
}

#[test]
fn a_panic_that_nobody_joins_is_a_failure() {
    for engine in engines() {
        let report = by(engine, "unjoined").run(|| drop(thread::spawn(|| panic!("alone"))));
        shows(report.assert_failed(FailureKind::Panic), &["alone", "engines.rs"]);
    }
}

#[test]
fn choices_are_all_taken() {
    for engine in engines() {
        let report = by(engine, "choices").run(|| {
            let first = any(2);
            outcome(format!("{first}{}", if first == 0 { any(3) } else { 0 }));
        });
        report.assert_passed().assert_outcomes(["00", "01", "02", "10"]);
    }
}

#[test]
fn sc_finds_a_lost_update_and_shows_it() {
    let report = by(Engine::Sc, "lost").run(lose_an_update);
    shows(report.assert_failed(FailureKind::Panic), &["an update was lost", "store", "load", "main", "t1"]);
    let report = by(Engine::Sc, "lost at random").random(1_000).seed(1).run(lose_an_update);
    report.assert_failed(FailureKind::Panic);
    let report = by(Engine::Sc, "kept").run(|| keep_every_update(2));
    assert!(matches!(report.assert_passed().verdict, Verdict::Bounded(_)), "{report}");
}

#[test]
fn sc_finds_a_deadlock() {
    by(Engine::Sc, "same order").run(|| take_two_locks(true)).assert_passed();
    let report = by(Engine::Sc, "crossed").run(|| take_two_locks(false));
    shows(report.assert_failed(FailureKind::Deadlock), &["main at lock", "t1 at lock"]);
    assert_eq!(report.failure.as_ref().map_or(0, |f| f.sites.len()), 2);
}

#[test]
fn sc_finds_a_missed_notification() {
    by(Engine::Sc, "looks first").run(|| wait_for_news(true)).assert_passed();
    by(Engine::Sc, "just waits").run(|| wait_for_news(false)).assert_failed(FailureKind::Deadlock);
}

#[test]
fn sc_finds_a_livelock() {
    by(Engine::Sc, "set").run(|| spin(true)).assert_passed();
    by(Engine::Sc, "never set").run(|| spin(false)).assert_failed(FailureKind::Livelock);
}

#[test]
fn locks_parking_and_claims_work_under_every_engine() {
    for engine in engines() {
        by(engine, "locks and parking").random(500).run(read_write_and_park).assert_passed();
        by(engine, "in vain").random(200).run(wait_in_vain).assert_passed();
        by(engine, "ticket").random(500).run(claim_a_ticket).assert_passed();
    }
}

#[test]
fn sc_is_silent_about_weak_behaviour_and_the_explorer_is_not() {
    by(Engine::Sc, "buffered").run(buffer_stores).assert_passed().assert_outcomes(["01", "10", "11"]);
    by(Engine::Explorer, "buffered")
        .run(buffer_stores)
        .assert_passed()
        .assert_outcomes(["00", "01", "10", "11"]);
}

#[test]
fn sc_runs_large_models() {
    let report = by(Engine::Sc, "large").random(50).run(|| {
        let counter = Arc::new(Mutex::new(0));
        let threads: Vec<_> = (0..12)
            .map(|_| {
                let counter = Arc::clone(&counter);
                thread::spawn(move || {
                    for _ in 0..50 {
                        *counter.lock().unwrap() += 1;
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*counter.lock().unwrap(), 600);
    });
    report.assert_passed();
    assert!(matches!(report.verdict, Verdict::Sampled { executions: 50, distinct: 50 }), "{report}");
}

#[test]
fn the_same_seed_finds_the_same_execution() {
    let random = |seed| {
        let report = by(Engine::Sc, "seeded").random(1_000).seed(seed).run(lose_an_update);
        report.assert_failed(FailureKind::Panic).executions
    };
    let found: Vec<u64> = (0..20).map(random).collect();
    assert_eq!((0..20).map(random).collect::<Vec<_>>(), found);
    assert!(found.iter().any(|executions| *executions != found[0]), "{found:?}");
}

#[test]
fn sc_does_not_walk_a_model_that_changes_its_mind() {
    // One for all executions, which is what a model must not have.
    let runs = std::sync::atomic::AtomicUsize::new(0);
    let report = by(Engine::Sc, "changes its mind").run(move || {
        // Relaxed: one thread runs the model.
        let choices = if runs.fetch_add(1, Ordering::Relaxed) == 0 { 2 } else { 3 };
        outcome(format!("{}", any(choices)));
    });
    shows(report.assert_failed(FailureKind::NotDeterministic), &["choice 0 was 1 of 2, but now there are 3"]);
}

#[test]
fn a_static_starts_anew_in_every_execution() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let call = || {
        // Relaxed: the join orders what is read below.
        CALLS.fetch_add(1, Ordering::Relaxed);
    };
    for engine in engines().into_iter().filter(|engine| *engine != Engine::Native) {
        let report = by(engine, "static").run(move || {
            let other = thread::spawn(call);
            call();
            other.join().unwrap();
            assert_eq!(CALLS.load(Ordering::Relaxed), 2);
        });
        assert!(report.assert_passed().executions > 1, "{report}");
    }
    assert_eq!(CALLS.load(Ordering::Relaxed), 0);
}

#[test]
fn sc_says_when_it_stops_early() {
    let report = by(Engine::Sc, "cut").max_executions(3).run(|| keep_every_update(2));
    assert_eq!(report.verdict, Verdict::LimitHit(Limit::Executions(3)), "{report}");
    assert!(!report.passed());
}

#[test]
fn native_finds_a_lost_update() {
    let report = by(Engine::Native, "lost").run(|| {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let theirs = Arc::clone(&shared);
        let add = |(counter, ready): &(AtomicUsize, AtomicUsize)| {
            let old = counter.load(Ordering::Relaxed);
            // Relaxed: the threads only meet here, so that each has read before either writes.
            ready.fetch_add(1, Ordering::Relaxed);
            while ready.load(Ordering::Relaxed) < 2 {
                thread::yield_now();
            }
            counter.store(old + 1, Ordering::Relaxed);
        };
        let other = thread::spawn(move || add(&theirs));
        add(&shared);
        other.join().unwrap();
        assert_eq!(shared.0.load(Ordering::Relaxed), 2, "an update was lost");
    });
    shows(report.assert_failed(FailureKind::Panic), &["an update was lost", "engines.rs"]);
    by(Engine::Native, "kept").random(300).run(|| keep_every_update(100)).assert_passed();
}

#[test]
fn native_does_not_hang_with_the_model() {
    let report = by(Engine::Native, "hangs").max_time(Duration::from_millis(300)).run(|| {
        let lock = Mutex::new(());
        let held = lock.lock().unwrap();
        std::mem::forget(held);
        drop(lock.lock());
    });
    assert!(matches!(report.verdict, Verdict::LimitHit(Limit::Engine(_))), "{report}");
    assert!(report.elapsed < Duration::from_secs(5), "{report}");
}

#[test]
fn the_explorer_finds_what_a_redundant_load_hides_from_loom() {
    let report = by(Engine::Explorer, "166").run(redundant_load);
    report.assert_passed().assert_outcomes(["(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)"]);
    by(Engine::Sc, "166")
        .run(redundant_load)
        .assert_passed()
        .assert_outcomes(["(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)"]);
}

#[test]
fn the_explorer_knows_who_made_a_node() {
    by(Engine::Explorer, "together").run(read_together).assert_passed();
    by(Engine::Explorer, "published").leaks(false).run(|| publish_a_node(Ordering::Release)).assert_passed();
    by(Engine::Explorer, "not published")
        .leaks(false)
        .run(|| publish_a_node(Ordering::Relaxed))
        .assert_failed(FailureKind::Race);
}

#[cfg(not(feature = "loom"))]
#[test]
fn loom_is_not_here_and_says_so() {
    let report = by(Engine::Loom, "message").run(|| pass_a_message(Ordering::Release));
    assert_eq!(
        report.verdict,
        Verdict::NotRun("built without the feature `loom` (of ringwright: `check-loom`)".into())
    );
}

#[cfg(feature = "loom")]
mod loom {
    use super::*;

    /// Message passing with nothing else that loom would count.
    fn bare_message(publish: Ordering) {
        let mailbox =
            std::sync::Arc::new(Mailbox { full: AtomicBool::new(false), letter: UnsafeCell::new(0) });
        let theirs = std::sync::Arc::clone(&mailbox);
        let writer = thread::spawn(move || {
            // SAFETY: nobody reads before `full` is set.
            theirs.letter.with_mut(|letter| unsafe { *letter = 7 });
            theirs.full.store(true, publish);
        });
        // Acquire: pairs with the store of `full`, where that is a Release.
        if mailbox.full.load(Ordering::Acquire) {
            // SAFETY: the writer is done with the letter.
            mailbox.letter.with(|letter| unsafe { assert_eq!(*letter, 7) });
        }
        writer.join().unwrap();
    }

    #[test]
    fn it_finds_a_race_with_both_sides() {
        let report = by(Engine::Loom, "race").run(|| bare_message(Ordering::Relaxed));
        report.assert_failed(FailureKind::Race);
        let failure = report.failure.as_ref().expect("it failed");
        let mut lines: Vec<u32> = failure.sites.iter().map(|site| site.line).collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), 2, "{report}");
        shows(&report, &["write cell", "read cell", "main", "t1"]);
    }

    #[test]
    fn it_runs_as_many_executions_as_loom_alone() {
        let report = by(Engine::Loom, "message").run(|| bare_message(Ordering::Release));
        assert_eq!(report.assert_passed().executions, alone::message(), "{report}");
        let report = by(Engine::Loom, "sums").run(|| keep_every_update(2));
        assert_eq!(report.assert_passed().executions, alone::sums(), "{report}");
    }

    /// The same programs, written for loom, and how many executions it takes.
    mod alone {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicU64 as Count, Ordering};

        fn count(model: fn()) -> u64 {
            let count = Arc::new(Count::new(0));
            let counter = Arc::clone(&count);
            ::loom::model::Builder::new().check(move || {
                // Relaxed: one thread counts.
                counter.fetch_add(1, Ordering::Relaxed);
                model();
            });
            count.load(Ordering::Relaxed)
        }

        pub(super) fn message() -> u64 {
            struct Shared(::loom::sync::atomic::AtomicBool, ::loom::cell::UnsafeCell<usize>);
            // SAFETY: the flag keeps the threads apart.
            unsafe impl Sync for Shared {}
            count(|| {
                let shared = Arc::new(Shared(
                    ::loom::sync::atomic::AtomicBool::new(false),
                    ::loom::cell::UnsafeCell::new(0),
                ));
                let theirs = Arc::clone(&shared);
                let writer = ::loom::thread::spawn(move || {
                    // SAFETY: nobody reads before the flag is set.
                    theirs.1.with_mut(|letter| unsafe { *letter = 7 });
                    // Release: pairs with the Acquire below.
                    theirs.0.store(true, Ordering::Release);
                });
                // Acquire: pairs with the Release above.
                if shared.0.load(Ordering::Acquire) {
                    // SAFETY: the writer is done with the letter.
                    shared.1.with(|letter| unsafe { assert_eq!(*letter, 7) });
                }
                writer.join().unwrap();
            })
        }

        pub(super) fn sums() -> u64 {
            count(|| {
                let counter = Arc::new(::loom::sync::atomic::AtomicUsize::new(0));
                let others: Vec<_> = (0..2)
                    .map(|_| {
                        let counter = Arc::clone(&counter);
                        ::loom::thread::spawn(move || {
                            for _ in 0..2 {
                                // Relaxed: the joins order what is read below.
                                counter.fetch_add(1, Ordering::Relaxed);
                            }
                        })
                    })
                    .collect();
                for other in others {
                    other.join().unwrap();
                }
                assert_eq!(counter.load(Ordering::Relaxed), 4);
            })
        }
    }

    #[test]
    fn it_sees_weak_behaviour() {
        by(Engine::Loom, "buffered")
            .run(buffer_stores)
            .assert_passed()
            .assert_outcomes(["00", "01", "10", "11"]);
    }

    #[test]
    fn it_misses_an_outcome_behind_a_redundant_load() {
        let report = by(Engine::Loom, "166").run(redundant_load);
        report.assert_passed();
        assert!(!report.outcomes.contains("(1, 0)"), "loom has learnt it: {report}");
        shows(&report, &["loom#166"]);
    }

    #[test]
    fn it_knows_who_made_a_node() {
        by(Engine::Loom, "together").run(read_together).assert_passed();
        by(Engine::Loom, "published").run(|| publish_a_node(Ordering::Release)).assert_passed();
        by(Engine::Loom, "not published")
            .run(|| publish_a_node(Ordering::Relaxed))
            .assert_failed(FailureKind::Race);
    }

    #[test]
    fn it_finds_a_lost_update_and_a_deadlock() {
        by(Engine::Loom, "lost").run(lose_an_update).assert_failed(FailureKind::Panic);
        by(Engine::Loom, "same order").run(|| take_two_locks(true)).assert_passed();
        let report = by(Engine::Loom, "crossed").run(|| take_two_locks(false));
        shows(report.assert_failed(FailureKind::Deadlock), &["main at lock", "t1 at lock"]);
    }

    #[test]
    fn it_waits_for_news() {
        by(Engine::Loom, "looks first").run(|| wait_for_news(true)).assert_passed();
        by(Engine::Loom, "just waits").run(|| wait_for_news(false)).assert_failed(FailureKind::Deadlock);
        by(Engine::Loom, "set").run(|| spin(true)).assert_passed();
    }

    #[test]
    fn it_starts_objects_from_any_value() {
        let report = by(Engine::Loom, "values").run(|| {
            let shared = Arc::new((
                ringwright_check::door::atomic::AtomicU8::new(250),
                ringwright_check::door::atomic::AtomicI16::new(-5),
                AtomicBool::new(true),
            ));
            let theirs = Arc::clone(&shared);
            // Relaxed: the join orders what is read below.
            let other = thread::spawn(move || {
                assert_eq!(theirs.0.fetch_add(10, Ordering::Relaxed), 250);
                assert_eq!(theirs.0.compare_exchange(4, 9, Ordering::Relaxed, Ordering::Relaxed), Ok(4));
                assert_eq!(theirs.0.fetch_or(0b110, Ordering::Relaxed), 9);
                assert_eq!(theirs.1.fetch_max(-3, Ordering::Relaxed), -5);
                assert!(theirs.2.fetch_nand(true, Ordering::Relaxed));
            });
            other.join().unwrap();
            assert_eq!(shared.0.load(Ordering::Relaxed), 15);
            assert_eq!(shared.1.load(Ordering::Relaxed), -3);
            assert!(!shared.2.load(Ordering::Relaxed));
        });
        report.assert_passed();
    }

    #[test]
    fn its_limits_are_not_passes() {
        let report = by(Engine::Loom, "cut").max_executions(3).run(|| keep_every_update(2));
        assert_eq!(report.verdict, Verdict::LimitHit(Limit::Executions(3)), "{report}");
        let report = by(Engine::Loom, "many").run(|| {
            let threads: Vec<_> = (0..5).map(|_| thread::spawn(|| ())).collect();
            for thread in threads {
                thread.join().unwrap();
            }
        });
        assert_eq!(report.verdict, Verdict::LimitHit(Limit::Threads(5)), "{report}");
        let report = by(Engine::Loom, "endless").max_time(Duration::from_millis(200)).run(|| {
            for _ in 0..5_000 {
                thread::yield_now();
            }
        });
        assert!(matches!(report.verdict, Verdict::LimitHit(_)), "{report}");
    }
}
