//! The memory model: 947 programs with their complete outcome sets, and the
//! three wrong rules that the programs must notice.

use loom_tests::litmus::{Line, Program, Settings};
use ringwright::check::__private::BrokenRule;
use ringwright::check::Engine;

fn programs() -> Vec<Program> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/litmus/c20.jsonl");
    Program::parse(&std::fs::read_to_string(path).expect("the programs are beside the tests"))
        .expect("they parse")
}

fn run(settings: Settings) -> Vec<Line> {
    programs().iter().map(|program| program.check(settings)).collect()
}

#[test]
fn the_explorer_is_exact_on_every_program() {
    let lines = run(Settings::default());
    assert_eq!(lines.len(), 947);
    let wrong: Vec<&Line> = lines.iter().filter(|l| !l.exact()).collect();
    assert!(wrong.is_empty(), "{} programs are not exact, first: {:?}", wrong.len(), wrong[0]);
    // Racy programs stop at their first race, so this is less than one run a graph.
    let executions: u64 = lines.iter().map(|l| l.executions).sum();
    let blocked: u64 = lines.iter().map(|l| l.blocked).sum();
    assert!(executions <= 10_085, "{executions} executions: some graph was visited twice");
    assert!(blocked <= 2_185, "{blocked} executions were abandoned");
}

#[test]
fn each_wrong_rule_is_noticed() {
    for broken in [BrokenRule::AppendOnly, BrokenRule::ScAccessIsFence, BrokenRule::NoPsc] {
        let lines = run(Settings { broken, ..Settings::default() });
        let wrong = lines.iter().filter(|l| !l.exact()).count();
        assert!(wrong >= 26, "{broken:?} is wrong on {wrong} programs only");
        let forbidden = lines.iter().any(|l| l.forbidden > 0);
        assert_eq!(forbidden, broken == BrokenRule::NoPsc, "{broken:?}");
    }
}

#[test]
fn random_search_shows_nothing_forbidden() {
    let settings = Settings { random: Some(300), ..Settings::default() };
    let lines: Vec<Line> = programs().iter().step_by(7).map(|program| program.check(settings)).collect();
    assert!(lines.iter().all(|l| l.forbidden == 0), "{lines:?}");
}

#[test]
fn random_search_sees_nearly_every_outcome() {
    // All of the programs take minutes; `litmus --random 20000` runs them.
    let settings = Settings { random: Some(20_000), ..Settings::default() };
    let lines: Vec<Line> = programs().iter().step_by(97).map(|program| program.check(settings)).collect();
    let sum = |f: fn(&Line) -> usize| lines.iter().map(f).sum::<usize>();
    assert_eq!(sum(|l| l.forbidden), 0);
    let (expected, missed) = (sum(|l| l.expected), sum(|l| l.missed));
    assert!(missed * 20 <= expected, "{missed} of {expected} outcomes were not seen");
}

#[test]
fn reduction_neither_adds_nor_loses_an_outcome() {
    let settings = Settings { reduction: false, ..Settings::default() };
    let lines: Vec<Line> = programs().iter().step_by(11).map(|program| program.check(settings)).collect();
    let wrong: Vec<&Line> = lines.iter().filter(|l| !l.exact()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// What `engine` says to the program called `name`: outcomes that C++20 does not
/// allow, and outcomes that it allows and the engine never showed.
fn seen(engine: Engine, name: &str) -> (usize, usize) {
    let programs = programs();
    let program = programs.iter().find(|p| p.name == name).expect("it is in the file");
    let line = program.check(Settings { engine, ..Settings::default() });
    assert_eq!(line.limit, None, "{line:?}");
    (line.forbidden, line.missed)
}

#[test]
fn what_sequential_consistency_cannot_show() {
    assert_eq!(seen(Engine::Sc, "SB+sc"), (0, 0));
    assert_eq!(seen(Engine::Sc, "SB+rlx"), (0, 1), "both loads see nothing");
    assert_eq!(seen(Engine::Sc, "MP+rlx"), (0, 1), "the flag without the data");
    assert_eq!(seen(Engine::Explorer, "MP+rlx"), (0, 0));
}

#[cfg(feature = "loom")]
#[test]
fn what_loom_takes_seqcst_for() {
    assert_eq!(seen(Engine::Loom, "MP+relacq"), (0, 0));
    assert_eq!(seen(Engine::Loom, "SB+fence-sc"), (0, 0));
    assert_eq!(seen(Engine::Loom, "SB+sc"), (1, 0), "loom runs SeqCst accesses as AcqRel");
    assert_eq!(seen(Engine::Explorer, "SB+sc"), (0, 0));
}

#[test]
fn three_threads_with_two_increments_each_take_ninety_executions() {
    use ringwright::check::{Check, outcome};
    use ringwright::sync::{atomic::AtomicU32, atomic::Ordering, thread};
    let report = Check::new("3 x 2 fetch_add").run(|| {
        let counter = AtomicU32::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    // Relaxed: only the sum counts.
                    counter.fetch_add(1, Ordering::Relaxed);
                    counter.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        outcome(counter.load(Ordering::Relaxed));
    });
    report.assert_passed().assert_outcomes(["6"]);
    assert_eq!(report.executions, 90, "{report}");
    assert!(report.blocked <= 10, "{report}");
}
