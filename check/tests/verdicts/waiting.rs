//! Loops that wait: they cost a bounded number of executions, those that count are seen to give up, those that
//! end do, what was cut is named, and a livelock is told with its lines.

use crate::{Plain, convict};
use ringwright_check::door::atomic::{AtomicBool, AtomicU32, Ordering};
use ringwright_check::door::time::Instant;
use ringwright_check::door::{Arc, Condvar, Mutex, RwLock, hint, mpsc, thread};
use ringwright_check::{Check, FailureKind, Report, Verdict, outcome, task};
use std::collections::BTreeSet;
use std::time::Duration;

fn exhaustive(model: impl Fn() + Send + Sync + 'static) -> Report {
    let report = Check::new("m").exhaustive().run(model);
    assert_eq!(report.verdict, Verdict::Exhaustive, "{report}");
    report
}

/// Passes, and if it is bounded then because of the loop in this file.
#[track_caller]
fn passes(report: &Report) {
    report.assert_passed();
    match &report.verdict {
        Verdict::Exhaustive => {}
        Verdict::Bounded(why) => assert!(why.contains("waiting.rs:"), "{report}"),
        other => panic!("{other}"),
    }
}

fn outcomes(report: &Report) -> Vec<&str> {
    report.outcomes.iter().map(String::as_str).collect()
}

type Pause = fn();
// Closures, so that the hint has a line of its own here.
const PAUSES: [Pause; 4] =
    [|| thread::yield_now(), || hint::spin_loop(), || thread::sleep(Duration::from_millis(1)), || ()];

// ---- A loop that only waits costs a bounded number of executions, whatever it takes back.

/// One thread sets a value in its way; the other polls in its way, and pauses.
fn polled<S: Send + Sync + 'static>(
    make: fn() -> S,
    set: fn(&S),
    ready: fn(&S) -> bool,
    pause: Pause,
) -> impl Fn() + Send + Sync + 'static {
    move || {
        let shared = Arc::new(make());
        let theirs = Arc::clone(&shared);
        let setter = thread::spawn(move || set(&theirs));
        while !ready(&shared) {
            pause();
        }
        setter.join().unwrap();
        outcome("ready");
    }
}

#[track_caller]
fn ends_soon(model: impl Fn() + Send + Sync + 'static) {
    let report = Check::new("poll").run(model);
    passes(&report);
    assert_eq!(outcomes(&report), ["ready"]);
    assert!(report.executions + report.blocked < 200, "{report}");
}

#[test]
fn polling_under_a_lock_ends() {
    for pause in &PAUSES[..3] {
        ends_soon(polled(|| Mutex::new(0), |q| *q.lock().unwrap() = 1, |q| *q.lock().unwrap() == 1, *pause));
        ends_soon(polled(
            || RwLock::new(0),
            |q| *q.write().unwrap() = 1,
            |q| *q.read().unwrap() == 1,
            *pause,
        ));
        ends_soon(polled(
            || RwLock::new(0),
            |q| *q.write().unwrap() = 1,
            |q| *q.write().unwrap() == 1,
            *pause,
        ));
        ends_soon(polled(
            || Mutex::new(0),
            |q| *q.lock().unwrap() = 1,
            |q| q.try_lock().is_ok_and(|value| *value == 1),
            *pause,
        ));
    }
}

#[test]
fn polling_a_channel_ends() {
    for pause in &PAUSES[..3] {
        let pause = *pause;
        ends_soon(move || {
            let (sender, receiver) = mpsc::channel();
            let other = thread::spawn(move || sender.send(1).unwrap());
            while receiver.try_recv().is_err() {
                pause();
            }
            other.join().unwrap();
            outcome("ready");
        });
    }
}

#[test]
fn a_loop_that_clones_and_drops_ends() {
    for pause in &PAUSES[..3] {
        let pause = *pause;
        ends_soon(move || {
            let flag = Arc::new(AtomicBool::new(false));
            let theirs = Arc::clone(&flag);
            // Release: pairs with the Acquire load below.
            let other = thread::spawn(move || theirs.store(true, Ordering::Release));
            loop {
                let again = Arc::clone(&flag);
                // Acquire: pairs with the Release store above.
                if again.load(Ordering::Acquire) {
                    break;
                }
                drop(again);
                pause();
            }
            other.join().unwrap();
            outcome("ready");
        });
    }
}

#[test]
fn a_loop_with_more_than_one_hint_ends() {
    for hints in 1..5 {
        let report = exhaustive(move || {
            let x = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&x);
            // Release: pairs with the Acquire load below.
            let other = thread::spawn(move || theirs.store(1, Ordering::Release));
            // Acquire: pairs with the Release store above.
            while x.load(Ordering::Acquire) == 0 {
                for _ in 0..hints {
                    hint::spin_loop();
                }
            }
            other.join().unwrap();
        });
        assert!(report.executions < 20, "{report}");
    }
}

#[test]
fn an_exponential_backoff_ends() {
    ends_soon(|| {
        let x = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&x);
        // Release: pairs with the Acquire load below.
        let other = thread::spawn(move || theirs.store(1, Ordering::Release));
        let mut step = 0;
        // Acquire: pairs with the Release store above.
        while x.load(Ordering::Acquire) == 0 {
            for _ in 0..1 << step {
                hint::spin_loop();
            }
            if step < 6 {
                step += 1;
            } else {
                thread::yield_now();
            }
        }
        other.join().unwrap();
        outcome("ready");
    });
}

#[test]
fn a_future_that_wakes_itself_ends() {
    ends_soon(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        // Release: pairs with the Acquire load below.
        let other = thread::spawn(move || theirs.store(true, Ordering::Release));
        task::block_on(std::future::poll_fn(|cx| {
            // Acquire: pairs with the Release store above.
            if flag.load(Ordering::Acquire) {
                return std::task::Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            hint::spin_loop();
            std::task::Poll::Pending
        }));
        other.join().unwrap();
        outcome("ready");
    });
}

#[test]
fn two_pollers_do_not_wake_each_other_for_ever() {
    let report = Check::new("pollers").run(|| {
        let q = Arc::new(Mutex::new(0));
        let poller = |q: &Arc<Mutex<i32>>| {
            let q = Arc::clone(q);
            thread::spawn(move || {
                while *q.lock().unwrap() == 0 {
                    thread::yield_now();
                }
            })
        };
        let pollers = [poller(&q), poller(&q)];
        *q.lock().unwrap() = 1;
        pollers.into_iter().for_each(|poller| poller.join().unwrap());
    });
    passes(&report);
    assert!(report.executions + report.blocked < 20_000, "{report}");
}

#[test]
fn a_loop_that_waits_while_it_holds_a_lock_lets_others_in_between() {
    // The yield is inside of the critical section: others come in only between two turns.
    let report = Check::new("inside").run(|| {
        let q = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&q);
        let other = thread::spawn(move || *theirs.lock().unwrap() = 1);
        loop {
            let value = q.lock().unwrap();
            if *value == 1 {
                break;
            }
            thread::yield_now();
        }
        other.join().unwrap();
        outcome("ready");
    });
    passes(&report);
    assert_eq!(outcomes(&report), ["ready"]);
    // The same with a lock of the model's own making.
    let report = Check::new("inside").run(|| {
        let shared = Arc::new((AtomicBool::new(false), AtomicU32::new(0)));
        let theirs = Arc::clone(&shared);
        // Acquire: pairs with the Release of `unlock`.
        let lock = |l: &AtomicBool| {
            while l.swap(true, Ordering::Acquire) {
                hint::spin_loop();
            }
        };
        // Release: pairs with the Acquire of `lock`.
        let unlock = |l: &AtomicBool| l.store(false, Ordering::Release);
        let other = thread::spawn(move || {
            lock(&theirs.0);
            theirs.1.store(1, Ordering::Relaxed);
            unlock(&theirs.0);
        });
        loop {
            lock(&shared.0);
            let ready = shared.1.load(Ordering::Relaxed) == 1;
            hint::spin_loop();
            unlock(&shared.0);
            if ready {
                break;
            }
        }
        other.join().unwrap();
        outcome("ready");
    });
    passes(&report);
    assert_eq!(outcomes(&report), ["ready"]);
}

// ---- A loop that counts is seen to give up, with all that comes after.

fn gives_up(turns: u32, pause: Pause) -> impl Fn() + Send + Sync + 'static {
    move || {
        let shared = Arc::new((AtomicU32::new(0), Plain::shared()));
        let theirs = Arc::clone(&shared);
        let other = thread::spawn(move || {
            theirs.1.set(1);
            // Release: pairs with the Acquire load below.
            theirs.0.store(1, Ordering::Release);
        });
        for _ in 0..turns {
            // Acquire: pairs with the Release store above.
            if shared.0.load(Ordering::Acquire) == 1 {
                break;
            }
            pause();
        }
        // Also read without having seen the flag: a race.
        shared.1.get();
        other.join().unwrap();
    }
}

#[test]
fn a_loop_that_gives_up_is_seen_to_whatever_its_turns() {
    for pause in PAUSES {
        for turns in [1, 2, 3, 4, 6, 13, 20, 50, 300] {
            let report = Check::new("gives up").run(gives_up(turns, pause));
            assert_eq!(report.failed(), Some(FailureKind::Race), "{turns} turns: {report}");
        }
    }
    for turns in [4, 20] {
        convict(FailureKind::Race, || gives_up(turns, hint::spin_loop));
    }
}

#[test]
fn news_is_read_in_every_turn_of_a_loop_that_counts() {
    fn turns(pause: Pause, turns: usize) -> impl Fn() + Send + Sync + 'static {
        move || {
            let x = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&x);
            let other = thread::spawn(move || theirs.store(1, Ordering::Relaxed));
            let old = (0..turns).take_while(|_| x.load(Ordering::Relaxed) == 0).inspect(|_| pause()).count();
            outcome(old);
            other.join().unwrap();
        }
    }
    for pause in PAUSES {
        let report = exhaustive(turns(pause, 10));
        let all: BTreeSet<String> = (0..=10).map(|n: u32| n.to_string()).collect();
        assert_eq!(report.outcomes, all, "{report}");
        // More turns than are followed: bounded, by the name of the loop; both ends are there.
        let report = Check::new("long").exhaustive().run(turns(pause, 100));
        let Verdict::Bounded(why) = &report.verdict else { panic!("{report}") };
        assert!(why.contains("waiting.rs:"), "{report}");
        assert!(["0", "11", "100"].iter().all(|n| report.outcomes.contains(*n)), "{report}");
        // And all of them, if the check is told to follow.
        let report = Check::new("long").exhaustive().turns(60).run(turns(pause, 40));
        assert_eq!(report.verdict, Verdict::Exhaustive, "{report}");
        assert_eq!(report.outcomes.len(), 41, "{report}");
    }
}

#[test]
fn a_counter_that_is_not_on_the_stack_is_seen() {
    ringwright_check::thread_local! {
        static COUNT: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }
    // On the heap, under a lock, in a thread-local, and in the memory of another thread. In a function of its own,
    // so that the number is in no register and on no stack of the loop.
    #[inline(never)]
    fn counts(kind: usize, own: &mut u32, lock: &Mutex<u32>) -> bool {
        match kind {
            1 => {
                let mut turns = lock.lock().unwrap();
                *turns += 1;
                *turns == 20
            }
            2 => {
                COUNT.set(COUNT.get() + 1);
                COUNT.get() == 20
            }
            _ => {
                *own += 1;
                *own == 20
            }
        }
    }
    type Shared = (AtomicU32, Arc<Plain>, Mutex<u32>);
    fn reads(kind: usize, shared: &Shared, own: &mut u32) {
        // Acquire: pairs with the Release store of the other thread.
        while shared.0.load(Ordering::Acquire) == 0 {
            if counts(kind, own, &shared.2) {
                break;
            }
            hint::spin_loop();
        }
        shared.1.get();
    }
    fn model(kind: usize) -> impl Fn() + Send + Sync + 'static {
        move || {
            let shared: Arc<Shared> = Arc::new((AtomicU32::new(0), Plain::shared(), Mutex::new(0)));
            let theirs = Arc::clone(&shared);
            let other = thread::spawn(move || {
                theirs.1.set(1);
                // Release: pairs with the Acquire load of `reads`.
                theirs.0.store(1, Ordering::Release);
            });
            if kind == 3 {
                let (mut mine, shared) = (0, &shared);
                let own = &mut mine;
                thread::scope(|scope| {
                    scope.spawn(move || reads(kind, shared, own));
                });
            } else {
                reads(kind, &shared, &mut Box::new(0));
            }
            other.join().unwrap();
        }
    }
    for count in 0..4 {
        let report = Check::new("elsewhere").run(model(count));
        assert_eq!(report.failed(), Some(FailureKind::Race), "{count}: {report}");
    }
}

// ---- A loop that ends by itself ends.

#[test]
fn a_loop_that_nobody_can_give_news_ends() {
    for loads in [10, 45, 1_000, 5_000] {
        exhaustive(move || {
            let x = AtomicU32::new(0);
            for _ in 0..loads {
                x.load(Ordering::Relaxed);
            }
        });
        exhaustive(move || {
            let x = AtomicU32::new(0);
            for _ in 0..loads {
                x.load(Ordering::Relaxed);
                thread::yield_now();
            }
        });
    }
    exhaustive(|| {
        let x = Mutex::new(0);
        for _ in 0..100 {
            *x.lock().unwrap() += 1;
            thread::yield_now();
        }
        for _ in 0..100 {
            thread::park_timeout(Duration::from_millis(1));
        }
    });
}

#[test]
fn a_loop_that_spins_and_then_sleeps_ends() {
    for spins in [5, 41, 100] {
        let report = Check::new("adaptive").run(move || {
            let shared = Arc::new((AtomicU32::new(0), Mutex::new(0), Condvar::new()));
            let theirs = Arc::clone(&shared);
            let other = thread::spawn(move || {
                let mut value = theirs.1.lock().unwrap();
                while *value == 0 {
                    value = theirs.2.wait(value).unwrap();
                }
                *value = 2;
                theirs.2.notify_one();
            });
            for _ in 0..spins {
                // Acquire: nobody writes it.
                if shared.0.load(Ordering::Acquire) == 1 {
                    break;
                }
                hint::spin_loop();
            }
            let mut value = shared.1.lock().unwrap();
            *value = 1;
            shared.2.notify_one();
            while *value != 2 {
                value = shared.2.wait(value).unwrap();
            }
            drop(value);
            other.join().unwrap();
        });
        passes(&report);
    }
}

// ---- Livelocks.

#[test]
fn a_loop_that_nobody_ends_is_a_livelock_with_its_line() {
    for pause in PAUSES {
        let report = Check::new("livelock").run(move || {
            let x = AtomicU32::new(0);
            while x.load(Ordering::Relaxed) == 0 {
                pause();
            }
        });
        report.assert_failed(FailureKind::Livelock);
        let failure = report.failure.as_ref().unwrap();
        assert!(failure.sites.iter().all(|site| site.file.ends_with("waiting.rs")), "{report}");
    }
    // Under a lock; with time-outs; and a loop of hints alone.
    let report = Check::new("locked").run(|| {
        let q = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&q);
        let other = thread::spawn(move || drop(theirs.lock().unwrap()));
        while *q.lock().unwrap() == 0 {
            thread::yield_now();
        }
        other.join().unwrap();
    });
    report.assert_failed(FailureKind::Livelock);
    let report = Check::new("timed").run(|| {
        let q = (Mutex::new(0), Condvar::new());
        let mut value = q.0.lock().unwrap();
        while *value == 0 {
            value = q.1.wait_timeout(value, Duration::from_millis(1)).unwrap().0;
        }
    });
    report.assert_failed(FailureKind::Livelock);
    let report = Check::new("hints").run(|| {
        loop {
            hint::spin_loop();
        }
    });
    report.assert_failed(FailureKind::Livelock);
}

#[test]
fn a_loop_that_counts_and_never_ends_is_no_pass() {
    let report = Check::new("counts").run(|| {
        let x = AtomicU32::new(0);
        let mut turns = 0_u64;
        while x.load(Ordering::Relaxed) == 0 {
            turns += 1;
            thread::yield_now();
        }
        std::hint::black_box(turns);
    });
    assert!(!report.passed(), "{report}");
}

// ---- Deadlines, and counters in statics.

#[test]
fn a_loop_with_a_deadline_ends() {
    for pause in PAUSES {
        for deadline in [Duration::from_millis(10), Duration::from_secs(3_600)] {
            let report = Check::new("deadline").run(move || {
                let start = Instant::now();
                while start.elapsed() < deadline {
                    pause();
                }
            });
            report.assert_passed();
            let report = Check::new("flag or deadline").run(move || {
                let start = Instant::now();
                let x = Arc::new(AtomicU32::new(0));
                let theirs = Arc::clone(&x);
                let other = thread::spawn(move || theirs.store(1, Ordering::Relaxed));
                while x.load(Ordering::Relaxed) == 0 && start.elapsed() < deadline {
                    pause();
                }
                other.join().unwrap();
            });
            passes(&report);
        }
    }
    let report = Check::new("timed").run(|| {
        let (q, start) = ((Mutex::new(0), Condvar::new()), Instant::now());
        let mut value = q.0.lock().unwrap();
        while *value == 0 && start.elapsed() < Duration::from_millis(100) {
            value = q.1.wait_timeout(value, Duration::from_millis(1)).unwrap().0;
        }
    });
    report.assert_passed();
}

#[test]
fn a_counter_under_a_static_lock_or_in_a_static_cell_is_seen() {
    struct Cell(ringwright_check::door::cell::UnsafeCell<u32>);
    // SAFETY: one thread of the models below uses it.
    unsafe impl Sync for Cell {}
    static COUNT: Mutex<u32> = Mutex::new(0);
    static CELL: Cell = Cell(ringwright_check::door::cell::UnsafeCell::new(0));
    // In a function of its own, so that the number is in no register and on no stack of the loop.
    #[inline(never)]
    fn counts(kind: u32) -> bool {
        if kind == 0 {
            let mut count = COUNT.lock().unwrap();
            *count += 1;
            return *count == 20;
        }
        // SAFETY: one thread uses it.
        CELL.0.with_mut(|p| unsafe {
            *p += 1;
            *p == 20
        })
    }
    for kind in 0..2 {
        let report = Check::new("static").run(move || {
            // What a lock in a static protects keeps its value, so each execution begins by setting it.
            *COUNT.lock().unwrap() = 0;
            // SAFETY: only this thread uses it.
            CELL.0.with_mut(|p| unsafe { *p = 0 });
            let shared = Arc::new((AtomicU32::new(0), Plain::shared()));
            let theirs = Arc::clone(&shared);
            let other = thread::spawn(move || {
                theirs.1.set(1);
                // Release: pairs with the Acquire load below.
                theirs.0.store(1, Ordering::Release);
            });
            // Acquire: pairs with the Release store above.
            while shared.0.load(Ordering::Acquire) == 0 {
                if counts(kind) {
                    break;
                }
                hint::spin_loop();
            }
            shared.1.get();
            other.join().unwrap();
        });
        assert_eq!(report.failed(), Some(FailureKind::Race), "{kind}: {report}");
    }
}
