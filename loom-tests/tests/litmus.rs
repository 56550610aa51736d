//! The memory model: 947 programs with their complete outcome sets, and the
//! three wrong rules that the programs must notice.

use loom_tests::litmus::{Line, Program, Settings};
use ringwright::check::{BrokenRule, Engine};

fn programs() -> Vec<Program> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/litmus/c20.jsonl");
    Program::parse(&std::fs::read_to_string(path).expect("the programs are beside the tests"))
        .expect("they parse")
}

fn run(settings: Settings) -> Vec<Line> {
    programs().iter().map(|program| program.check(settings)).collect()
}

const EXHAUSTIVE: Settings = Settings { engine: Engine::Explorer, random: None, broken: BrokenRule::None };

#[test]
fn the_explorer_is_exact_on_every_program() {
    let lines = run(EXHAUSTIVE);
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
        let lines = run(Settings { broken, ..EXHAUSTIVE });
        let wrong = lines.iter().filter(|l| !l.exact()).count();
        assert!(wrong >= 26, "{broken:?} is wrong on {wrong} programs only");
        let forbidden = lines.iter().any(|l| l.forbidden > 0);
        assert_eq!(forbidden, broken == BrokenRule::NoPsc, "{broken:?}");
    }
}

#[test]
fn random_search_shows_nothing_forbidden() {
    let settings = Settings { random: Some(300), ..EXHAUSTIVE };
    let lines: Vec<Line> = programs().iter().step_by(7).map(|program| program.check(settings)).collect();
    assert!(lines.iter().all(|l| l.forbidden == 0), "{lines:?}");
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
