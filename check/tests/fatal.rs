//! A model that takes the process with it: the model's name, and where, are on standard error, and the process
//! has not passed.

use ringwright_check::door::atomic::{AtomicU32, Ordering};
use ringwright_check::door::{Arc, thread};
use ringwright_check::{Check, Engine};
use std::process::Command;

/// `exit` destroys thread-locals first, and this one's table is one of them.
#[global_allocator]
static QUARANTINE: ringwright_check::alloc::Quarantine = ringwright_check::alloc::Quarantine;

/// The variable that says which of [`ENDS`] this process is to run.
const WHICH: &str = "RINGWRIGHT_TEST_FATAL";

/// What a model does to the process, and what must then be on standard error.
type End = (&'static str, fn(), &'static [&'static str]);

/// Models that end the process.
const ENDS: [End; 12] = [
    (
        "recursion of the main thread",
        || drop(Check::new("deep").run(|| _ = recurse(u64::MAX))),
        &["the model `deep` has overflowed the stack", "2097152 bytes of stack", "Check::stack_size"],
    ),
    (
        "recursion of another thread, after an operation",
        || {
            let model = || {
                let x = Arc::new(AtomicU32::new(0));
                // Relaxed: nothing hangs on it.
                let other = thread::spawn(move || x.store(recurse(u64::MAX) as u32, Ordering::Relaxed));
                other.join().unwrap();
            };
            drop(Check::new("deep too").stack_size(64 * 1024).run(model));
        },
        &["the model `deep too` has overflowed the stack", ": t1, execution 1, after ", "65536 bytes"],
    ),
    (
        "an array that is too large",
        || drop(Check::new("wide").run(|| _ = std::hint::black_box([7_u8; 4 << 20]))),
        &["the model `wide` has overflowed the stack"],
    ),
    (
        "a wild pointer",
        || {
            // SAFETY: none; this is what is tried.
            drop(Check::new("wild").run(|| unsafe {
                std::ptr::dangling::<u32>().read_volatile();
            }));
        },
        &["the model `wild` is ended by the signal SIGSEGV: t0, execution 1"],
    ),
    (
        "abort",
        || drop(Check::new("aborts").run(|| std::process::abort())),
        &["the model `aborts` is ended by the signal SIGABRT"],
    ),
    (
        "a panic that leaves a destructor while another one unwinds",
        || {
            let model = || {
                let _second = PanicsInDrop;
                panic!("the first");
            };
            drop(Check::new("twice").run(model));
        },
        &["the first", "the second", "the model `twice` is ended by the signal SIGABRT", "could not unwind"],
    ),
    (
        "exit as if all were well",
        || drop(Check::new("exits").run(|| std::process::exit(0))),
        &["the model `exits` has called `exit`: t0, execution 1", "This is a failure."],
    ),
    (
        "exit in a thread of a search by two threads",
        || {
            let model = || drop(thread::spawn(|| std::process::exit(0)).join());
            drop(Check::new("exits too").threads(2).run(model));
        },
        &["the model `exits too` has called `exit`: t1, execution 1"],
    ),
    (
        "exit of a real thread",
        || {
            let model = || drop(thread::spawn(|| std::process::exit(0)).join());
            drop(Check::new("really exits").engine(Engine::Native).run(model));
        },
        &["the model `really exits` has called `exit`.\n"],
    ),
    (
        "exit of a model that owns memory, after another check",
        || {
            drop(Check::new("first").run(|| ()));
            let model = || {
                let owned = [Box::new(1)];
                std::process::exit(*owned[0] - 1)
            };
            drop(Check::new("second").run(model));
        },
        &["the model `second` has called `exit`: t0, execution 1"],
    ),
    (
        "exit in the interleavings alone",
        || drop(Check::new("sc exits").engine(Engine::Sc).run(|| std::process::exit(0))),
        &["the model `sc exits` has called `exit`.\n"],
    ),
    (
        "exit in a simulation",
        || drop(ringwright_check::sim::Sim::new("sim exits").run(|_| std::process::exit(0))),
        &["the model `sim exits` has called `exit`.\n"],
    ),
];

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("the second");
    }
}

/// Uses some stack for each of `depth`.
fn recurse(depth: u64) -> u64 {
    let used = std::hint::black_box([depth; 32]);
    if depth == 0 { 0 } else { recurse(used[7] - 1) + used[8] % 2 }
}

/// What the parent's child does, and nothing otherwise.
#[test]
fn child() {
    if let Ok(which) = std::env::var(WHICH) {
        ENDS.iter().find(|(name, ..)| *name == which).unwrap().1();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_model_that_ends_the_process_is_named() {
    for (name, _, says) in ENDS {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let output = command.args(["--exact", "child"]).env(WHICH, name).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{name}: {output:?}");
        for text in says {
            assert!(said.contains(text), "{name}: {text:?} is missing in\n{said}");
        }
    }
}

#[test]
fn a_model_has_the_stack_that_it_asks_for() {
    let model = || {
        let theirs = thread::spawn(|| recurse(20_000));
        assert_eq!([recurse(20_000), theirs.join().unwrap()], [10_000; 2]);
    };
    for engine in [Engine::Explorer, Engine::Sc] {
        Check::new("roomy").engine(engine).stack_size(32 << 20).run(model).assert_passed();
        // The next check has its own again, and what std's threads have is enough without asking.
        Check::new("usual").engine(engine).run(|| _ = std::hint::black_box([7_u8; 1 << 20])).assert_passed();
    }
}
