//! Models that are no models: each gets an error that names what is wrong and
//! what to do, and never a pass or a hang.

use ringwright_check::door::atomic::{AtomicBool, AtomicUsize, Ordering};
use ringwright_check::door::{Arc, thread};
use ringwright_check::{self as check, Check, FailureKind, Limit, Report, Verdict};
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::process::Command;
use std::sync::atomic as real;
use std::time::Duration;

#[global_allocator]
static ALLOC: check::alloc::Quarantine = check::alloc::Quarantine;

fn message(report: &Report) -> &str {
    &report.failure.as_ref().unwrap_or_else(|| panic!("{report}")).message
}

/// Set in the child process that hangs.
const HANGS: &str = "RINGWRIGHT_TEST_HANGS";

/// Hangs in the child process, and does nothing elsewhere.
#[test]
fn the_hanging_model() {
    if std::env::var_os(HANGS).is_none() {
        return;
    }
    let report = Check::new("hangs").watchdog(Duration::from_millis(300)).run(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        let other = thread::spawn(move || {
            theirs.store(true, Ordering::Relaxed); // the last operation
            let never = real::AtomicBool::new(false);
            while !std::hint::black_box(&never).load(real::Ordering::Relaxed) {}
        });
        other.join().unwrap();
    });
    println!("came back: {report}");
}

#[test]
fn a_model_that_never_ends_ends_the_process() {
    let line =
        include_str!("bad_input.rs").lines().position(|l| l.ends_with("// the last operation")).unwrap() + 1;
    // The second as `cargo test` runs it: what a test prints is captured, and lost if the process ends.
    for capture in [&["--nocapture"][..], &[]] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "the_hanging_model"]).args(capture).env(HANGS, "1");
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{capture:?}: {text}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("came back"));
        assert!(text.contains("the model `hangs` hangs: thread t1 of execution 1"), "{capture:?}: {text}");
        assert!(text.contains(&format!("check/tests/bad_input.rs:{line}")), "{text}");
        assert!(text.contains("hint::spin_loop"), "{text}");
    }
}

/// Set in the child process that runs with empty variables.
const EMPTY: &str = "RINGWRIGHT_TEST_EMPTY";

/// One check and one simulation, in the child process; nothing elsewhere.
#[test]
fn the_checks_under_empty_variables() {
    if std::env::var_os(EMPTY).is_none() {
        return;
    }
    let report = Check::new("empty").run(|| _ = AtomicUsize::new(0).load(Ordering::Relaxed));
    let simulated = check::sim::Sim::new("empty").nodes(["a"]).run(|_| {});
    println!("check {}, sim {}.", report.verdict, simulated.verdict);
}

#[test]
fn an_empty_variable_is_not_set() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "the_checks_under_empty_variables", "--nocapture"]).env(EMPTY, "1");
    for name in ["RINGWRIGHT_REPLAY", "RINGWRIGHT_THREADS", "RINGWRIGHT_SHARD"] {
        command.env(name, "");
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("check exhaustive, sim bounded (2 faults,"), "{text}");
}

#[test]
fn a_malformed_variable_is_an_error_that_says_so() {
    let malformed = [
        ("RINGWRIGHT_THREADS", "two", "RINGWRIGHT_THREADS is `two`, not a number from 1 to 1024"),
        ("RINGWRIGHT_THREADS", "0", "RINGWRIGHT_THREADS is `0`, not a number from 1 to 1024"),
        ("RINGWRIGHT_THREADS", "70000", "RINGWRIGHT_THREADS is `70000`, not a number from 1 to 1024"),
        ("RINGWRIGHT_SHARD", "3", "RINGWRIGHT_SHARD: `3` is no shard: write i/n"),
        ("RINGWRIGHT_SHARD", "5/4", "RINGWRIGHT_SHARD: `5/4` is no shard: write i/n"),
        ("RINGWRIGHT_REPLAY", "again", "`again` is not a replay token of this checker"),
        ("RINGWRIGHT_REPLAY", "rw1-12-34-56", "the replay token is damaged"),
        ("RINGWRIGHT_PROGRESS", "yes", "RINGWRIGHT_PROGRESS is `yes`, not 0 or 1"),
        ("RINGWRIGHT_REPORT", "false", "RINGWRIGHT_REPORT is `false`, not 0 or 1"),
    ];
    let verdict = |name: &str, value: &OsStr| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "the_checks_under_empty_variables", "--nocapture"]).env(EMPTY, "1");
        let output = command.env(name, value).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for (name, value, why) in malformed {
        let text = verdict(name, value.as_ref());
        assert!(text.contains(&format!("check not run ({why}")), "{name}={value}: {text}");
    }
    // What is no Unicode is set, too.
    #[cfg(unix)]
    {
        let bytes = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff1");
        assert!(verdict("RINGWRIGHT_THREADS", bytes).contains("check not run (RINGWRIGHT_THREADS is `"));
        assert!(verdict("RINGWRIGHT_REPLAY", bytes).contains("check not run (`"));
    }
}

#[test]
fn a_model_that_takes_its_time_is_left_alone() {
    let report = Check::new("busy").watchdog(Duration::from_millis(300)).run(|| {
        let count = AtomicUsize::new(0);
        for _ in 0..1_000 {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    report.assert_passed();
}

#[test]
fn a_real_thread_that_touches_the_model_is_refused() {
    let model = |theirs_too: bool| {
        move || {
            let shared = std::sync::Arc::new(AtomicUsize::new(0));
            shared.store(1, Ordering::Relaxed);
            let (theirs, own) = (std::sync::Arc::clone(&shared), AtomicUsize::new(0));
            let real = std::thread::spawn(move || {
                own.store(1, Ordering::Relaxed);
                if theirs_too {
                    theirs.store(2, Ordering::Relaxed);
                }
            });
            real.join().unwrap();
        }
    };
    let report = Check::new("a real thread").run(model(true));
    report.assert_failed(FailureKind::Unsupported);
    assert!(message(&report).contains("ringwright::sync::thread"), "{report}");
    assert_eq!(report.failure.as_ref().unwrap().sites[0].file, "check/tests/bad_input.rs");
    // What a real thread frees is not seen to be freed.
    Check::new("a real thread by itself").leaks(false).run(model(false)).assert_passed();
}

/// Two threads add to a counter; one of them more often if `more`.
fn additions(more: bool) {
    let count = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&count);
    let other = thread::spawn(move || theirs.fetch_add(1, Ordering::Relaxed));
    for _ in 0..=usize::from(more) {
        count.fetch_add(1, Ordering::Relaxed);
    }
    other.join().unwrap();
    count.load(Ordering::Relaxed);
}

#[test]
fn what_is_kept_between_executions_is_found() {
    static RUNS: real::AtomicUsize = real::AtomicUsize::new(0);
    let report = Check::new("keeps count").run(|| {
        // Not the model's: nobody puts it back.
        additions(RUNS.fetch_add(1, real::Ordering::Relaxed) % 2 == 1);
    });
    report.assert_failed(FailureKind::NotDeterministic);
    assert!(message(&report).contains("state kept between executions"), "{report}");
    assert!(message(&report).contains("check::any"), "{report}");

    static COUNTED: AtomicUsize = AtomicUsize::new(0);
    let report = Check::new("a static of the door").run(|| {
        additions(COUNTED.fetch_add(1, Ordering::Relaxed) % 2 == 1);
    });
    report.assert_passed();
}

#[test]
fn the_order_of_a_hash_map_is_found() {
    fn touch_all<'a>(counts: impl Iterator<Item = &'a Arc<AtomicUsize>>) {
        let counts: Vec<_> = counts.cloned().collect();
        let theirs = counts.clone();
        let other = thread::spawn(move || theirs.iter().for_each(|c| c.store(1, Ordering::Relaxed)));
        counts.iter().for_each(|c| c.store(5, Ordering::Relaxed));
        other.join().unwrap();
    }
    let numbered = || (0..3).map(|number| (number, Arc::new(AtomicUsize::new(number))));
    let report = Check::new("hash map").run(move || {
        let map: HashMap<_, _> = numbered().collect();
        // The objects are new ones in each execution, so their order does not show; their values do.
        let first = map.values().next().unwrap().load(Ordering::Relaxed);
        additions(first == 0);
        touch_all(map.values());
    });
    report.assert_failed(FailureKind::NotDeterministic);
    assert!(message(&report).contains("hash"), "{report}");
    let report = Check::new("ordered map").run(move || {
        let map: BTreeMap<_, _> = numbered().collect();
        touch_all(map.values());
    });
    report.assert_passed();
}

#[test]
fn a_thread_that_is_left_behind_must_end() {
    let model = |parks: bool| {
        move || {
            let left = Arc::new(AtomicUsize::new(0));
            thread::spawn(move || {
                if parks {
                    thread::park();
                }
                left.fetch_add(1, Ordering::Relaxed);
            });
        }
    };
    Check::new("left behind, ends").run(model(false)).assert_passed();
    let report = Check::new("left behind, parks").run(model(true));
    report.assert_failed(FailureKind::Deadlock);
    assert!(message(&report).contains("the main thread has returned: join the threads"), "{report}");
}

#[test]
fn limits_are_named_and_never_a_pass() {
    let threads = |count: usize| {
        Check::new("threads").max_executions(1).random(1).run(move || {
            (0..count)
                .map(|_| thread::spawn(|| {}))
                .collect::<Vec<_>>()
                .into_iter()
                .for_each(|t| t.join().unwrap());
        })
    };
    assert_eq!(threads(32).verdict, Verdict::LimitHit(Limit::Threads(32)));
    threads(31).assert_passed();
    let steps = |count: usize| {
        Check::new("steps").max_steps(100).run(move || {
            let counter = AtomicUsize::new(0);
            (0..count).for_each(|n| counter.store(n, Ordering::Relaxed));
        })
    };
    assert_eq!(steps(1_000).verdict, Verdict::LimitHit(Limit::Steps(100)));
    steps(10).assert_passed();
}

#[test]
#[should_panic = "0 executions"]
fn a_plan_of_no_executions_is_refused() {
    let _ = Check::new("none").random(0);
}
