//! The audit: programs whose answers are known, and the orderings of our own
//! structures.

use loom_tests::models;
use ringwright::check::audit::{Audit, AuditReport, AuditVerdict};
use ringwright::check::{Check, Engine, FailureKind, Verdict};
use ringwright::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};
use ringwright::sync::{Arc, thread};
use std::path::Path;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audit.rs");

/// An audit of this file by one model, as lines `op role ordering -> weaker
/// verdict kind`.
fn lines(report: &AuditReport) -> Vec<String> {
    let line = |site: &ringwright::check::audit::AuditedSite| {
        let role = site.role.as_deref().map(|role| format!(" {role}")).unwrap_or_default();
        let to = site.weaker.as_deref().unwrap_or("?");
        let kind = site.witness.as_ref().map(|w| format!(" {}", w.failure.kind)).unwrap_or_default();
        format!("{}{role} {} -> {to} {}{kind}", site.op, site.ordering, site.verdict)
    };
    report.sites.iter().map(line).collect()
}

/// Message passing by a store that is stronger than it must be; the reader loads
/// once more, with an Acquire that it does not need.
fn message() {
    let shared = Arc::new((AtomicU32::new(0), AtomicBool::new(false)));
    let theirs = Arc::clone(&shared);
    let writer = thread::spawn(move || {
        theirs.0.store(42, Ordering::Relaxed);
        theirs.1.store(true, Ordering::SeqCst);
    });
    if shared.1.load(Ordering::Acquire) {
        assert_eq!(shared.0.load(Ordering::Acquire), 42);
    }
    writer.join().unwrap();
}

#[test]
fn too_strong_and_needless_orderings_survive_and_needed_ones_have_a_witness() {
    let report = Audit::new().model("message", message).run();
    assert_eq!(
        lines(&report),
        [
            "store SeqCst -> Release survived",
            "store SeqCst -> Relaxed necessary panic",
            "load Acquire -> Relaxed necessary panic",
            "load Acquire -> Relaxed survived",
        ]
    );
    let witness = report.sites[1].witness.as_ref().expect("what is necessary has a witness");
    assert_eq!(witness.model, "message");
    assert!(witness.failure.token.starts_with("rw1-"), "{}", witness.failure.token);
    let stale = witness.failure.trace.lines.iter().find(|line| line.what.contains("= 0"));
    assert!(stale.is_some_and(|line| line.note.contains("initial")), "{}", witness.failure.trace);
    assert_eq!(report.sites[3].passed, ["message"]);
    assert!(report.sites.iter().all(|site| site.file.ends_with("tests/audit.rs")));
}

/// Dekker's handshake by fences: not both may read 0.
fn handshake() {
    let shared = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
    let theirs = Arc::clone(&shared);
    let other = thread::spawn(move || {
        theirs.0.store(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        theirs.1.load(Ordering::Relaxed)
    });
    shared.1.store(1, Ordering::Relaxed);
    fence(Ordering::SeqCst);
    let mine = shared.0.load(Ordering::Relaxed);
    assert!(mine + other.join().unwrap() > 0, "both were first");
}

/// Message passing by fences.
fn message_by_fences() {
    let shared = Arc::new((AtomicU32::new(0), AtomicBool::new(false)));
    let theirs = Arc::clone(&shared);
    let writer = thread::spawn(move || {
        theirs.0.store(42, Ordering::Relaxed);
        fence(Ordering::AcqRel);
        theirs.1.store(true, Ordering::Relaxed);
    });
    if shared.1.load(Ordering::Relaxed) {
        fence(Ordering::Acquire);
        assert_eq!(shared.0.load(Ordering::Relaxed), 42);
    }
    writer.join().unwrap();
}

#[test]
fn fences_are_weakened_step_by_step_and_dropped() {
    let report = Audit::new().model("handshake", handshake).run();
    assert_eq!(lines(&report), ["fence SeqCst -> AcqRel necessary panic"; 2]);
    let report = Audit::new().model("message by fences", message_by_fences).run();
    assert_eq!(
        lines(&report),
        [
            "fence AcqRel -> Acquire necessary panic",
            "fence AcqRel -> Release survived",
            "fence Acquire -> dropped necessary panic",
        ]
    );
}

/// Two threads claim a word; the loser reads what the winner wrote before. The
/// winner needs no Acquire.
fn claim() {
    let shared = Arc::new((AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0)));
    let theirs = Arc::clone(&shared);
    let other = thread::spawn(move || {
        theirs.0.store(7, Ordering::Relaxed);
        let _ = theirs.2.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed);
    });
    if shared.2.compare_exchange(0, 2, Ordering::Relaxed, Ordering::Acquire).is_err() {
        assert_eq!(shared.0.load(Ordering::Relaxed), 7);
    }
    other.join().unwrap();
}

/// A counter by `fetch_update` whose value hands over what was done before.
fn update() {
    let shared = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
    let theirs = Arc::clone(&shared);
    let other = thread::spawn(move || {
        theirs.0.store(7, Ordering::Relaxed);
        let _ = theirs.1.fetch_update(Ordering::Release, Ordering::Relaxed, |n| Some(n + 1));
    });
    if shared.1.fetch_update(Ordering::Relaxed, Ordering::Acquire, |n| (n == 0).then_some(5)).is_err() {
        assert_eq!(shared.0.load(Ordering::Relaxed), 7);
    }
    other.join().unwrap();
}

#[test]
fn success_and_failure_are_weakened_apart() {
    let report = Audit::new().model("claim", claim).run();
    assert_eq!(
        lines(&report),
        [
            "compare_exchange success AcqRel -> Acquire necessary panic",
            "compare_exchange success AcqRel -> Release survived",
            "compare_exchange failure Acquire -> Relaxed necessary panic",
        ]
    );
    let report = Audit::new().model("update", update).run();
    assert_eq!(
        lines(&report),
        [
            "fetch_update set Release -> Relaxed necessary panic",
            "fetch_update fetch Acquire -> Relaxed necessary panic",
        ]
    );
}

#[test]
fn a_failure_that_never_happens_is_blind() {
    let alone = || {
        let word = AtomicU32::new(0);
        assert_eq!(word.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Acquire), Ok(0));
    };
    let report = Audit::new().model("alone", alone).run();
    assert_eq!(lines(&report), ["compare_exchange failure Acquire -> Relaxed blind"]);
    assert_eq!(report.sites[0].reason.as_deref(), Some("no compare-exchange fails here in any model"));
}

#[test]
fn what_the_door_is_made_of_is_no_site() {
    let report = Audit::new()
        .model("arc", || {
            let counted = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&counted);
            let weak = Arc::downgrade(&counted);
            let other = thread::spawn(move || drop(theirs));
            drop(weak.upgrade());
            let _ = other.is_finished();
            other.join().unwrap();
            // Its count is taken down and a fence follows, at this line.
            let left = Arc::into_inner(counted).map(|word| word.load(Ordering::Acquire));
            assert_eq!(left, Some(0));
        })
        .run();
    assert_eq!(lines(&report), ["load Acquire -> Relaxed survived"]);
}

#[test]
fn an_outcome_that_the_model_does_not_have_as_written_is_noticed() {
    let model = || {
        let shared = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
        let theirs = Arc::clone(&shared);
        let writer = thread::spawn(move || {
            theirs.0.store(1, Ordering::Relaxed);
            theirs.1.store(1, Ordering::Release);
        });
        let flag = shared.1.load(Ordering::Acquire);
        ringwright::check::outcome(format!("{flag} {}", shared.0.load(Ordering::Relaxed)));
        writer.join().unwrap();
    };
    let report = Audit::new().model("outcomes", model).run();
    assert_eq!(
        lines(&report),
        ["store Release -> Relaxed necessary property", "load Acquire -> Relaxed necessary property"]
    );
    let message = &report.sites[0].witness.as_ref().expect("it has a witness").failure.message;
    assert!(message.contains("`1 0`"), "{message}");
    let report = Audit::new().model("outcomes", model).outcomes(false).run();
    assert!(report.sites.iter().all(|site| site.verdict == AuditVerdict::Survived), "{report}");
}

#[test]
fn a_model_that_reaches_its_limit_says_nothing_and_one_that_fails_is_reported() {
    let report = Audit::new().model("message", message).plan(|check| check.max_executions(1)).run();
    let needless = report.sites.last().expect("the needless Acquire is the last");
    assert_eq!(needless.verdict, AuditVerdict::Blind, "{report}");
    assert!(needless.reason.as_ref().is_some_and(|why| why.contains("limit")), "{report}");
    let broken = || {
        let word = AtomicU32::new(0);
        assert_eq!(word.load(Ordering::Acquire), 1);
    };
    let report = Audit::new().model("broken", broken).run();
    assert_eq!(lines(&report), ["load Acquire -> Relaxed blind"]);
    assert!(!report.is_clean() && !report.passed());
    let caught = std::panic::catch_unwind(|| report.assert_passed().elapsed).expect_err("it has not passed");
    let text = caught.downcast_ref::<String>().expect("with a text");
    assert!(text.starts_with("the audit leaves something to do\n"), "{text}");
    assert!(report.to_string().contains("`broken` is of no use"), "{report}");
}

#[test]
fn the_same_audit_says_the_same() {
    let audit = || Audit::new().model("message", message).model("claim", claim).model("handshake", handshake);
    let (first, second) = (audit().run(), audit().run());
    assert_eq!(first.sites, second.sites);
    assert_eq!(serde_json::to_string(&first).unwrap(), serde_json::to_string(&second).unwrap());
}

/// Nobody calls it.
pub fn never_called(word: &AtomicU32) -> u32 {
    word.load(Ordering::SeqCst)
}

#[test]
fn the_sources_show_what_no_model_executes() {
    let report = Audit::new().model("message", message).sources(HERE).run();
    let line = loom_tests::line_of("loom-tests/tests/audit.rs", "word.load(Ordering::SeqCst)", 0);
    let unseen = report.sites.iter().find(|site| site.line == line).expect("the sources show it");
    assert_eq!((unseen.op.as_str(), unseen.verdict, &unseen.weaker), ("load", AuditVerdict::Blind, &None));
    assert_eq!(unseen.reason.as_deref(), Some("no model executes it"));
    assert_eq!(unseen.file, "loom-tests/tests/audit.rs");
    let seen = report.sites.iter().filter(|site| site.weaker.is_some());
    assert_eq!(seen.map(|site| site.file.as_str()).collect::<Vec<_>>(), ["loom-tests/tests/audit.rs"; 4]);
}

#[test]
fn a_reason_explains_a_survivor_and_nothing_else() {
    let model = || {
        let shared = Arc::new((AtomicU32::new(0), AtomicBool::new(false)));
        let theirs = Arc::clone(&shared);
        let writer = thread::spawn(move || {
            theirs.0.store(42, Ordering::Relaxed);
            // Audit: survives, because this test wants a reason that explains
            // something.
            theirs.1.store(true, Ordering::SeqCst);
        });
        // Audit: survives, because this test wants a reason that is out of date.
        if shared.1.load(Ordering::Acquire) {
            assert_eq!(shared.0.load(Ordering::Relaxed), 42);
        }
        writer.join().unwrap();
    };
    let report = Audit::new().model("reasons", model).sources(HERE).run();
    let reached: Vec<_> = report.sites.iter().filter(|site| site.weaker.is_some()).collect();
    let explained: Vec<_> = reached.iter().map(|site| site.explained.as_deref()).collect();
    assert_eq!(explained, [Some("this test wants a reason that explains something."), None, None]);
    let stale: Vec<_> = report.stale.iter().map(|stale| stale.line).collect();
    let line =
        loom_tests::line_of("loom-tests/tests/audit.rs", "because this test wants a reason that is out", 0);
    assert_eq!(stale, [line], "{report}");
    assert!(report.stale[0].message.contains("no ordering below it survives"));
}

#[test]
fn the_assertion_names_survivors_and_takes_reasons() {
    let report = Audit::new().model("message", message).run();
    let place = |nth: usize| format!("audit.rs:{}", report.sites[nth].line);
    let (store, load) = (place(0), place(3));
    report.assert_no_unexplained_survivor(&[(&store, "to show it"), (&load, "to show it")]);
    let caught = |reasons: &[(&str, &str)]| {
        let text = std::panic::catch_unwind(|| report.assert_no_unexplained_survivor(reasons).elapsed)
            .expect_err("the assertion fails");
        text.downcast_ref::<String>().expect("with a text").clone()
    };
    assert!(caught(&[(&store, "to show it")]).contains("unexplained survivors"));
    let needed = place(2);
    assert!(caught(&[(&needed, "it is needed")]).contains("explains no survivor"));
}

#[test]
fn a_check_can_weaken_a_failure_and_list_its_outcomes() {
    let file = "loom-tests/tests/audit.rs";
    let line = loom_tests::line_of(file, "compare_exchange(0, 2, Ordering::Relaxed, Ordering::Acquire)", 0);
    Check::new("claim").weaken(file, line, Ordering::Relaxed).run(claim).assert_passed();
    let report = Check::new("claim").weaken_failure(file, line, Ordering::Relaxed).run(claim);
    report.assert_failed(FailureKind::Panic);
    let says = || ringwright::check::outcome(ringwright::check::any(2));
    Check::new("outcomes").outcomes(["0", "1"]).run(says).assert_passed();
    let report = Check::new("outcomes").outcomes(["0"]).run(says);
    report.assert_failed(FailureKind::Property);
    assert!(report.to_string().contains("the outcome `1`"), "{report}");
}

#[test]
fn a_survivor_says_how_far_its_models_were_searched() {
    let report = Audit::new().model("message", message).plan(|check| check.random(500)).run();
    let needless = report.sites.last().expect("the needless Acquire is the last");
    assert_eq!(needless.verdict, AuditVerdict::Survived, "{report}");
    assert!(needless.passed[0].starts_with("message (sampled (500 executions"), "{report}");
}

/// Runs the command `audit`: its exit code and what it prints.
fn command(args: &[&str], token: Option<&str>) -> (Option<i32>, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_audit"));
    command.args(args).env_remove("RINGWRIGHT_REPLAY");
    if let Some(token) = token {
        command.env("RINGWRIGHT_REPLAY", token);
    }
    let output = command.output().expect("the command starts");
    (output.status.code(), String::from_utf8(output.stdout).expect("it prints text"))
}

#[test]
fn the_command_prints_witnesses_whose_tokens_replay() {
    let (code, text) = command(&["--format", "json"], None);
    assert_eq!(code, Some(0), "{text}");
    let report: AuditReport = serde_json::from_str(&text).expect("it prints JSON");
    let wanted = report.sites.iter().rev().find(|site| site.witness.is_some()).expect("some are necessary");
    let witness = wanted.witness.as_ref().expect("this one is");
    let (code, text) = command(&["--format", "json"], Some(&witness.failure.token));
    assert_eq!(code, Some(0), "{text}");
    let replayed: AuditReport = serde_json::from_str(&text).expect("it prints JSON");
    assert_eq!(replayed.sites.len(), 1, "{text}");
    assert_eq!((replayed.sites[0].line, &replayed.sites[0].file), (wanted.line, &wanted.file));
    assert_eq!(replayed.sites[0].witness.as_ref(), Some(witness));
}

#[test]
fn an_empty_token_is_none() {
    let args = ["--name", "spsc reuse", "--file", "spsc.rs", "--format", "json"];
    let (code, text) = command(&args, None);
    assert!(text.contains("\"sites\":[{"), "{text}");
    assert_eq!(command(&args, Some("")), (code, text));
}

#[test]
fn what_was_not_run_shows_nothing() {
    let report =
        Audit::new().model("message", message).plan(|check| check.engine(Engine::Sc).reuse(true)).run();
    assert!(matches!(report.models[0].verdict, Verdict::NotRun(_)), "{report}");
    assert!(!report.passed(), "{report}");
    let (code, text) = command(&["--name", "spsc reuse", "--file", "spsc.rs"], Some("nonsense"));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("is not a replay token") && text.contains(" 0 survived"), "{text}");
}

#[test]
fn the_command_fails_when_a_survivor_is_left_and_when_there_is_nothing_to_do() {
    // This model alone does not look at what the consumer did before it went.
    let (code, text) = command(&["--name", "spsc reuse", "--file", "spsc.rs"], None);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("1 unexplained"), "{text}");
    assert_eq!(command(&["--name", "no such model"], None).0, Some(2));
    assert_eq!(command(&["--file", "no/such/file"], None).0, Some(2));
}

#[test]
fn every_ordering_of_our_structures_is_necessary_or_explained() {
    let report = models::audit("").run();
    report.assert_no_unexplained_survivor(&[]).assert_passed();
    assert!(report.is_clean(), "{report}");
    for file in ["src/spsc.rs", "src/mpmc.rs"] {
        assert!(report.sites.iter().any(|site| site.file == file), "{file} has no site\n{report}");
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file).exists());
    }
}
