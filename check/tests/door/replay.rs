//! Replay tokens, through the environment of a child process.

use ringwright_check::door::atomic::{AtomicU32, Ordering};
use ringwright_check::door::{Arc, thread};
use ringwright_check::{Check, FailureKind, Report};
use std::process::Command;

const NAME: &str = "a message before its payload";
const VARIABLE: &str = "RINGWRIGHT_REPLAY";

fn check() -> Report {
    Check::new(NAME).run(|| {
        let shared = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            // Relaxed, all of them: that is the bug.
            theirs[0].store(7, Ordering::Relaxed);
            theirs[1].store(1, Ordering::Relaxed);
        });
        if shared[1].load(Ordering::Relaxed) == 1 {
            assert_eq!(shared[0].load(Ordering::Relaxed), 7, "the payload is missing");
        }
        thread.join().unwrap();
    })
}

/// Fails as it should; with a token in the environment it says what the token
/// made of it.
#[test]
fn the_failing_model() {
    let report = check();
    if std::env::var_os(VARIABLE).is_some() {
        println!("[{}] [{}]", report.verdict, report.executions);
        return;
    }
    report.assert_failed(FailureKind::Panic);
    println!("token={}", report.failure.unwrap().token);
}

/// What the child prints with `token` in its environment.
fn child(token: Option<&str>) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "replay::the_failing_model", "--nocapture", "--test-threads=1"]);
    command.env_remove(VARIABLE);
    command.envs(token.map(|token| (VARIABLE, token)));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn a_token_replays_one_execution_and_is_refused_by_another_build() {
    let printed = child(None);
    let token = printed.split_once("token=").expect(&printed).1.lines().next().unwrap();
    assert!(token.starts_with("rw1-"), "{token}");
    let replayed = child(Some(token));
    assert!(replayed.contains("[failed (panic)] [1]"), "{replayed}");

    let parts: Vec<&str> = token.split('-').collect();
    let other_build = format!("rw1-{}-{}-{}", "0badc0de", parts[2], parts[3]);
    let refused = child(Some(&other_build));
    assert!(refused.contains("[not run (") && refused.contains("another build"), "{refused}");

    let other_model = format!("rw1-{}-{}-{}", parts[1], "0badc0de", parts[3]);
    let refused = child(Some(&other_model));
    assert!(refused.contains("[not run (") && refused.contains("another model"), "{refused}");

    let refused = child(Some("rubbish"));
    assert!(refused.contains("[not run (") && refused.contains("not a replay token"), "{refused}");
}
