//! What a failure says in words: names, calls, places, what repeats it, how far
//! the search came, and what would make it pass.

use ringwright_check::alloc::Quarantine;
use ringwright_check::door::atomic::{AtomicBool, AtomicUsize, Ordering};
use ringwright_check::door::cell::UnsafeCell;
use ringwright_check::door::{Arc, Condvar, Mutex, RwLock, mpsc, thread};
use ringwright_check::linearize::{BufferOp, BufferRet, Queue, Scenarios, Subject};
use ringwright_check::{Check, FailureKind, Report, Strategy};
use std::path::Path;

#[global_allocator]
static ALLOC: Quarantine = Quarantine;

/// The steps of the lane `lane`.
fn steps(report: &Report, lane: usize) -> Vec<&str> {
    let trace = &report.failure.as_ref().unwrap_or_else(|| panic!("{report}")).trace;
    for line in &trace.lines {
        let site = line.site.as_ref().unwrap_or_else(|| panic!("{} has no place in\n{report}", line.what));
        assert_eq!(site.file, file!(), "{} in\n{report}", line.what);
    }
    trace.lines.iter().filter(|line| line.lane == lane).map(|line| &*line.what).collect()
}

/// The line of this file that ends with `mark`.
fn line_of(mark: &str) -> u32 {
    let text = include_str!("report_text.rs");
    1 + text.lines().position(|line| line.ends_with(mark)).expect("it is marked") as u32
}

/// A slot of a ring.
#[derive(Default)]
struct Slot {
    seq: AtomicUsize,
    taken: AtomicBool,
    value: UnsafeCell<usize>,
}

// SAFETY: it is shared to show what goes wrong; an execution runs one thread at a time.
unsafe impl Sync for Slot {}

#[derive(Default)]
struct Ring {
    slots: [Slot; 2],
    head: AtomicUsize,
    pair: (AtomicUsize, AtomicUsize),
}

impl Ring {
    fn slot(&self, at: usize) -> &Slot {
        &self.slots[at % 2]
    }

    fn put(&self, value: usize) {
        let at = self.head.fetch_add(1, Ordering::Relaxed);
        // SAFETY: accesses run one after the other.
        self.slot(at).value.with_mut(|place| unsafe { *place = value });
        self.slots[at % 2]
            .seq
            // Relaxed: which is the bug.
            .store(at + 1, Ordering::Relaxed); // the store
    }
}

/// A ring whose reader is not ordered after its writer.
fn ring() -> Report {
    Check::new("a ring without Release").run(|| {
        let ring = Arc::new(Ring::default());
        let theirs = Arc::clone(&ring);
        let writer = thread::spawn(move || {
            theirs.put(1);
            theirs.put(2);
            _ = theirs.slots[1].taken.compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed);
            theirs.pair.1.store(3, Ordering::Relaxed);
        });
        // Acquire: pairs with nothing; the store is Relaxed.
        if ring.pair.1.load(Ordering::Acquire) == 3 && ring.slots[1].seq.load(Ordering::Acquire) == 2 {
            // SAFETY: as above.
            ring.slot(1).value.with(|place| assert_eq!(unsafe { *place }, 2));
        }
        writer.join().expect("it does not panic");
    })
}

#[test]
fn objects_have_the_names_of_their_fields_and_two_of_a_name_are_told_apart() {
    let report = ring();
    report.assert_failed(FailureKind::Race);
    let writer = [
        "fetch_add head: 0 -> 1 Relaxed",
        "write value",
        "store seq = 1 Relaxed",
        "fetch_add head: 1 -> 2 Relaxed",
        "write value#2",
        "store seq#2 = 2 Relaxed",
        "compare_exchange taken: 0 -> 1 AcqRel",
        "store pair.1 = 3 Relaxed",
    ];
    // Steps that the failure does not depend on are left out.
    let told = steps(&report, 1);
    assert_eq!(told, writer[..told.len()], "{report}");
    assert!(told.len() >= 6, "{report}");
    let reader = [
        "Arc::clone(&ring): 1 -> 2",
        "spawn t1",
        "load pair.1 = 3 Acquire",
        "load seq#2 = 2 Acquire",
        "read value#2",
    ];
    assert_eq!(steps(&report, 0), reader, "{report}");
    let objects = report.failure.iter().flat_map(|failure| &failure.trace.lines);
    let objects: Vec<_> = objects.filter_map(|line| line.operation.as_ref()?.object.as_deref()).collect();
    assert!(objects.contains(&"seq#2") && objects.contains(&"ring"), "{objects:?}");
}

#[test]
fn one_ordering_made_stronger_that_makes_it_pass_is_told() {
    let report = Check::new("a flag without Release").run(|| {
        let slot = Arc::new(Slot::default());
        let theirs = Arc::clone(&slot);
        let writer = thread::spawn(move || {
            // SAFETY: a race on purpose, of accesses that run one after the other.
            theirs.value.with_mut(|value| unsafe { *value = 7 });
            theirs.taken.store(true, Ordering::Relaxed); // the flag
        });
        // Acquire: pairs with nothing.
        if slot.taken.load(Ordering::Acquire) {
            // SAFETY: as above.
            slot.value.with(|value| assert_eq!(unsafe { *value }, 7));
        }
        writer.join().expect("it does not panic");
    });
    report.assert_failed(FailureKind::Race);
    let line = line_of("// the flag");
    let advice = format!(
        "passes with Release at {}:{line}, where `store` is Relaxed now (2 executions, all of them)",
        file!()
    );
    let given: Vec<_> = report.notes.iter().filter(|note| note.starts_with("passes with")).collect();
    assert_eq!(given, [&advice], "{report}");
}

/// Store buffering, which takes both operations of both threads to be SeqCst; and a lost update.
fn beyond_help(weak: bool) -> Report {
    Check::new(if weak { "store buffering" } else { "lost update" }).run(move || {
        let cells = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let theirs = Arc::clone(&cells);
        let (one, other) = if weak { (0, 1) } else { (0, 0) };
        let at = |cells: &(AtomicUsize, AtomicUsize), number: usize, store: Option<usize>| {
            let cell = if number == 0 { &cells.0 } else { &cells.1 };
            store.map_or_else(
                || cell.load(Ordering::Relaxed),
                |new| {
                    cell.store(new, Ordering::Relaxed);
                    new
                },
            )
        };
        let thread = thread::spawn(move || {
            at(&theirs, one, Some(1));
            at(&theirs, other, None)
        });
        at(&cells, other, Some(2));
        let seen = at(&cells, one, None);
        let theirs = thread.join().expect("it does not panic");
        assert!(if weak { seen + theirs > 0 } else { seen == theirs + 1 }, "{seen} and {theirs}");
    })
}

#[test]
fn no_advice_is_given_where_none_helps_or_nobody_wants_it() {
    for weak in [true, false] {
        let report = beyond_help(weak);
        report.assert_failed(FailureKind::Panic);
        assert!(!report.notes.iter().any(|note| note.contains("passes with")), "{report}");
    }
    let silent = |check: Check| {
        check.run(|| {
            let slot = Arc::new(Slot::default());
            let theirs = Arc::clone(&slot);
            let writer = thread::spawn(move || {
                // SAFETY: a race on purpose, of accesses that run one after the other.
                theirs.value.with_mut(|value| unsafe { *value = 7 });
                theirs.taken.store(true, Ordering::Relaxed);
            });
            if slot.taken.load(Ordering::Acquire) {
                // SAFETY: as above.
                slot.value.with(|value| assert_eq!(unsafe { *value }, 7));
            }
            writer.join().expect("it does not panic");
        })
    };
    let report = silent(Check::new("no advice").advice(false));
    report.assert_failed(FailureKind::Race);
    assert!(!report.notes.iter().any(|note| note.contains("passes with")), "{report}");
}

#[test]
fn calls_of_the_door_are_told_as_what_they_are_at_the_lines_of_the_model() {
    let report = Check::new("handles and a channel").run(|| {
        let shared = Arc::new(Mutex::new(Vec::new()));
        let (tx, rx) = mpsc::channel();
        let theirs = shared.clone();
        let weak = Arc::downgrade(&shared);
        let sender = thread::spawn(move || {
            theirs.lock().expect("no panic").push(1);
            _ = tx.send(5);
            drop(theirs);
        });
        let all: Vec<_> = [&shared].into_iter().cloned().collect();
        let got = rx.recv();
        drop(all);
        let upgraded = weak.upgrade();
        sender.join().expect("it does not panic");
        assert!(upgraded.is_none(), "{got:?}");
    });
    report.assert_failed(FailureKind::Panic);
    let mut main = steps(&report, 0);
    main.retain(|step| !step.starts_with("rx.recv") && !step.contains("wait"));
    let expected = [
        "shared.clone: 1 -> 2",
        "Arc::downgrade(&shared): 1 -> 2",
        "spawn t1",
        "Arc::clone(&shared): 2 -> 3",
        "drop(shared): 2 -> 1",
        "weak.upgrade: 1 -> 2",
        "join t1",
    ];
    assert_eq!(main[..main.len() - 1], expected, "{report}");
    let sender = ["lock theirs", "unlock theirs", "tx.send: lock", "tx.send: unlock"];
    assert_eq!(steps(&report, 1)[..4], sender, "{report}");
    assert!(steps(&report, 0).contains(&"rx.recv: lock"), "{report}");
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "an optimised build moves the lines of drops")]
fn a_wait_is_told_part_by_part_and_a_guard_ends_where_it_is_dropped() {
    let report = Check::new("nobody notifies").run(|| {
        let pair = Arc::new((Mutex::new(false), Condvar::new(), RwLock::new(0)));
        let theirs = Arc::clone(&pair);
        let other = thread::spawn(move || {
            let guard = theirs.2.read().expect("no panic");
            assert_eq!(*guard, 0);
            drop(guard); // the drop of a guard
        });
        let (ready, changed, _) = &*pair;
        let mut guard = ready.lock().expect("no panic");
        while !*guard {
            guard = changed.wait(guard).expect("no panic");
        }
        drop(guard);
        other.join().expect("it does not panic");
    });
    report.assert_failed(FailureKind::Deadlock);
    let main = steps(&report, 0);
    let end = ["wait changed: begins", "changed.wait: unlock ready", "waits forever: wait changed"];
    assert_eq!(main[..3], ["Arc::clone(&pair): 1 -> 2", "spawn t1", "lock ready"], "{report}");
    assert_eq!(main[main.len() - 3..], end, "{report}");
    let other = steps(&report, 1);
    assert_eq!(
        other[..2],
        ["read pair.2", "unlock read pair.2"].map(|step| step.replace("pair", "theirs")),
        "{report}"
    );
    let lines = &report.failure.as_ref().expect("it failed").trace.lines;
    let unlock = lines.iter().find(|line| line.what.starts_with("unlock read")).expect("it is there");
    assert_eq!(unlock.site.as_ref().map(|site| site.line), Some(line_of("// the drop of a guard")));
}

#[test]
fn a_replay_is_a_whole_command() {
    let report = ring();
    let token = &report.failure.as_ref().expect("it failed").token;
    let Some(package) = std::env::var_os("CARGO_PKG_NAME") else {
        // Not by cargo: the program by the name that it was called by.
        let name = std::env::args().next().expect("a name");
        assert!(report.command.as_ref().is_some_and(|command| command.contains(&name)), "{report}");
        return;
    };
    assert_eq!(package, env!("CARGO_PKG_NAME"));
    let profile = if cfg!(debug_assertions) { "" } else { " --release" };
    let command = format!(
        "RINGWRIGHT_REPLAY={token} cargo test -p ringwright-check{profile} --test report_text a_replay_is_a_whole_command -- --exact"
    );
    assert_eq!(report.command, Some(command.clone()));
    assert!(
        report
            .to_string()
            .ends_with(&format!("\nreplay: {command}\n        (with the same features as this run)"))
    );
    assert!(report.to_html().contains(&command));
    let passed = Check::new("nothing").run(|| {});
    assert_eq!(passed.command, None);
}

#[test]
fn the_stages_say_how_far_they_came() {
    let check = |name| Check::new(name).plan([Strategy::StaleReads { at_most: 0 }, Strategy::Exhaustive]);
    let model = |expected: usize| {
        move || {
            let count = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&count);
            let other = thread::spawn(move || theirs.store(1, Ordering::Relaxed));
            let seen = count.load(Ordering::Relaxed) + count.load(Ordering::Relaxed);
            other.join().expect("it does not panic");
            assert!(seen != expected);
        }
    };
    let stages = |report: &Report| {
        let note = report.notes.iter().find_map(|note| note.strip_prefix("stages: "));
        note.unwrap_or_else(|| panic!("{report}")).to_owned()
    };
    let passed = check("it passes").run(model(9));
    assert_eq!(
        stages(&passed),
        "at most 0 stale choices: complete after 1 run; exhaustive search: complete after 3 runs"
    );
    let failed = check("it fails").run(model(2));
    assert_eq!(failed.failed(), Some(FailureKind::Panic));
    let told = stages(&failed);
    assert!(
        told.starts_with("at most 0 stale choices: failed after ") && told.ends_with("; 1 stage not begun"),
        "{told}"
    );
    let limited = Check::new("a limit").exhaustive().max_executions(1).run(model(9));
    assert_eq!(stages(&limited), "exhaustive search: 1 run, not complete");
}

/// A queue that loses what it gets.
struct Loses;

impl Subject for Loses {
    type Spec = Queue<u64>;
    type Handle = Arc<AtomicUsize>;

    fn spec(&self) -> Queue<u64> {
        Queue::new()
    }

    fn handles(&self, lanes: &[usize]) -> Vec<Self::Handle> {
        let count = Arc::new(AtomicUsize::new(0));
        lanes.iter().map(|_| Arc::clone(&count)).collect()
    }

    fn operations(&self, _: usize, _: u64) -> Vec<BufferOp<u64>> {
        vec![BufferOp::Pop]
    }

    fn call(&self, count: &mut Self::Handle, _: &BufferOp<u64>) -> BufferRet<u64> {
        BufferRet::Popped(count.fetch_add(1, Ordering::Relaxed) as u64)
    }
}

#[test]
fn a_scenario_that_fails_writes_its_page_and_counts_in_the_singular() {
    let findings = Scenarios::new("a queue from nowhere", Loses).threads(1).ops(1).run();
    assert!(findings.to_string().starts_with("a queue from nowhere: 1 scenario, "), "{findings}");
    let panic = std::panic::catch_unwind(|| drop(findings.assert_passed().clone())).expect_err("it failed");
    let text = panic.downcast_ref::<String>().expect("a message");
    let path =
        text.lines().find_map(|line| line.strip_prefix("report: ")).unwrap_or_else(|| panic!("{text}"));
    assert!(path.ends_with("ringwright/a-queue-from-nowhere.html"), "{path}");
    let report = &findings.failure.as_ref().expect("it failed").report;
    assert_eq!(std::fs::read_to_string(path).expect("it is there"), report.to_html());
    assert!(Path::new(path).with_extension("json").is_file());
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "an optimised build moves the lines of drops")]
fn a_thread_that_waits_in_a_drop_waits_at_a_line_of_the_model() {
    let report = Check::new("a channel is not lock-free").lock_free().run(|| {
        let (tx, rx) = mpsc::channel();
        let sender = thread::spawn(move || _ = tx.send(1));
        drop(rx); // the drop of a receiver
        sender.join().expect("it does not panic");
    });
    report.assert_failed(FailureKind::NotLockFree);
    let failure = report.failure.as_ref().expect("it failed");
    assert!(failure.sites.iter().all(|site| site.file == file!()), "{report}");
    let last = |lane| failure.trace.lines.iter().rfind(|line| line.lane == lane).expect("it has steps");
    assert_eq!(
        (&*last(0).what, &*last(1).what),
        ("frozen forever", "waits forever: tx.send: lock"),
        "{report}"
    );
    assert_eq!(last(0).site.as_ref().map(|site| site.line), Some(line_of("// the drop of a receiver")));
    assert!(steps(&report, 0).contains(&"drop(Receiver): lock"), "{report}");
}
