//! How a model is searched: reduction, bounds, random strategies, plans,
//! threads and shards.

use ringwright_check::door::atomic::{AtomicUsize, Ordering};
use ringwright_check::door::thread;
use ringwright_check::{self as check, Check, FailureKind, Report, Strategy, Verdict};
use std::sync::Arc;

#[global_allocator]
static QUARANTINE: check::alloc::Quarantine = check::alloc::Quarantine;

/// `threads` threads, the main one not among them, add one to a counter `times` times each.
fn counter(threads: usize, times: usize) -> impl Fn() + Send + Sync + 'static {
    move || {
        let counter = Arc::new(AtomicUsize::new(0));
        let handles: Vec<_> = (0..threads)
            .map(|_| {
                let counter = Arc::clone(&counter);
                thread::spawn(move || {
                    for _ in 0..times {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        handles.into_iter().for_each(|handle| handle.join().unwrap());
    }
}

/// Store buffering with a second round: outcomes that need stale reads.
fn buffering() {
    let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let theirs = Arc::clone(&shared);
    let other = thread::spawn(move || {
        theirs.0.store(1, Ordering::Relaxed);
        let first = theirs.1.load(Ordering::Relaxed);
        (first, theirs.1.load(Ordering::Relaxed))
    });
    shared.1.store(1, Ordering::Relaxed);
    let first = shared.0.load(Ordering::Relaxed);
    let second = shared.0.load(Ordering::Relaxed);
    check::outcome(format!("{first}{second} {:?}", other.join().unwrap()));
}

/// Three steps must come in one order, against the natural one, for it to fail.
fn deep() {
    let state = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&state);
    let other = thread::spawn(move || {
        for step in [1, 3] {
            let _ = theirs.compare_exchange(step, step + 1, Ordering::Relaxed, Ordering::Relaxed);
        }
    });
    for step in [0, 2] {
        let _ = state.compare_exchange(step, step + 1, Ordering::Relaxed, Ordering::Relaxed);
    }
    assert_ne!(state.load(Ordering::Relaxed), 4);
    other.join().unwrap();
}

#[test]
fn one_run_a_graph() {
    let report = Check::new("3 x 2").run(counter(3, 2));
    assert_eq!((report.executions, report.blocked), (90, 0), "{report}");
    let report = Check::new("3 x 3").run(counter(3, 3));
    assert_eq!((report.executions, report.blocked), (1680, 0), "{report}");
    assert_eq!(report.verdict, Verdict::Exhaustive);
}

#[test]
fn reduction_loses_no_outcome() {
    let with = Check::new("reduced").run(buffering);
    let without = Check::new("not reduced").reduction(false).run(buffering);
    assert!(without.executions > with.executions, "{without}");
    assert_eq!(with.outcomes, without.outcomes);
    assert!(with.outcomes.contains("00 (0, 0)") && with.outcomes.len() == 9, "{:?}", with.outcomes);
}

#[test]
fn stale_reads_are_bounded_and_the_bound_is_named() {
    let bounded = |at_most| Check::new("bounded").plan([Strategy::StaleReads { at_most }]).run(buffering);
    let sets: Vec<_> = (0..5).map(bounded).collect();
    for pair in sets.windows(2) {
        assert!(pair[0].outcomes.is_subset(&pair[1].outcomes));
    }
    assert!(!sets[0].outcomes.contains("00 (0, 0)"), "that is not sequentially consistent");
    assert_eq!(sets[0].verdict, Verdict::Bounded("at most 0 stale choices".into()));
    // A bound that leaves nothing out is none.
    assert_eq!(sets[4].verdict, Verdict::Exhaustive);
    assert_eq!(sets[4].outcomes, Check::new("all").run(buffering).outcomes);
}

#[test]
fn preemptions_are_bounded() {
    let bounded = |at_most| Check::new("bounded").plan([Strategy::ContextSwitches { at_most }]).run(deep);
    // Two preemptions: away from main after its first step, and back.
    assert!(bounded(0).passed() && matches!(bounded(0).verdict, Verdict::Bounded(_)));
    let found = (0..5).find(|at_most| bounded(*at_most).failed().is_some());
    assert!(matches!(found, Some(1..=3)), "{found:?}");
    bounded(4).assert_failed(FailureKind::Panic);
}

#[test]
fn each_random_strategy_finds_a_deep_bug() {
    // Control goes there, back, there and back again: three changes of priority.
    for strategy in [Strategy::Random, Strategy::Pct { depth: 4 }, Strategy::Pos] {
        let report = Check::new("deep").plan([strategy.executions(5_000)]).run(deep);
        report.assert_failed(FailureKind::Panic);
    }
}

#[test]
fn each_random_strategy_sees_every_outcome() {
    let all = Check::new("all").run(buffering).outcomes;
    for strategy in [Strategy::Random, Strategy::Pct { depth: 3 }, Strategy::Pos] {
        let report = Check::new("random").plan([strategy.executions(5_000)]).run(buffering);
        assert_eq!(report.outcomes, all, "{strategy:?}");
        assert!(matches!(report.verdict, Verdict::Sampled { executions: 5_000, .. }));
    }
}

#[test]
fn a_plan_goes_on_where_it_stopped() {
    let plan =
        || [Strategy::Exhaustive.executions(700), Strategy::Pos.executions(50), Strategy::Exhaustive.into()];
    let report = Check::new("staged").plan(plan()).run(counter(3, 3));
    assert_eq!(report.verdict, Verdict::Exhaustive);
    assert_eq!(report.executions, 1680 + 50);
    let report = Check::new("cut").plan(plan().into_iter().take(2)).run(counter(3, 3));
    assert!(matches!(report.verdict, Verdict::Sampled { executions: 750, .. }), "{report}");
}

#[test]
fn a_limit_of_the_whole_check_is_no_pass() {
    let report = Check::new("limit").max_executions(1_000).run(counter(3, 3));
    assert!(matches!(report.verdict, Verdict::LimitHit(_)) && !report.passed(), "{report}");
}

#[test]
#[should_panic(expected = "a random stage without a budget never ends")]
fn an_endless_plan_is_refused() {
    let _ = Check::new("endless").plan([Strategy::Random]);
}

#[test]
#[should_panic(expected = "a stage of 0 executions checks nothing")]
fn an_empty_stage_is_refused() {
    let _ = Strategy::Pos.executions(0);
}

#[test]
fn threads_divide_the_tree_and_lose_nothing() {
    let alone = Check::new("alone").run(counter(3, 3));
    let together = Check::new("together").threads(3).run(counter(3, 3));
    assert_eq!(together.verdict, Verdict::Exhaustive);
    assert_eq!(together.executions, alone.executions, "each graph once");
    let small = Check::new("small").threads(2).run(buffering);
    let outcomes = Check::new("small, alone").run(buffering);
    assert_eq!((small.executions, &small.outcomes), (outcomes.executions, &outcomes.outcomes));
    Check::new("deep").threads(2).run(deep).assert_failed(FailureKind::Panic);
    let sampled = Check::new("sampled").threads(2).random(1_001).run(buffering);
    assert!(matches!(sampled.verdict, Verdict::Sampled { executions: 1_002, .. }), "{sampled}");
}

/// What `shard` of the search over `model` says. Its own process would take it
/// from the environment.
fn shard(number: u64, count: u64, model: fn()) -> Report {
    Check::new("shard").shard(number, count).run(model)
}

#[test]
fn shards_divide_the_tree_and_lose_nothing() {
    fn three_by_three() {
        counter(3, 3)();
    }
    for (model, alone) in [(three_by_three as fn(), 1680), (buffering, 0)] {
        let whole = Check::new("whole").run(model);
        let shards: Vec<_> = (1..=4).map(|number| shard(number, 4, model)).collect();
        assert_eq!(shards.iter().map(|r| r.executions).sum::<u64>(), whole.executions);
        assert!(alone == 0 || whole.executions == alone);
        let outcomes = shards.iter().flat_map(|r| r.outcomes.clone()).collect();
        assert_eq!(whole.outcomes, outcomes);
        assert!(matches!(&shards[1].verdict, Verdict::Bounded(b) if b == "shard 2 of 4"), "{}", shards[1]);
    }
    let failing = (1..=4).filter(|number| shard(*number, 4, deep).failed().is_some()).count();
    assert!(failing >= 1);
}

/// Seven choices, and then nobody can go on until a time-out is given for nothing.
fn rescued_after_seven_choices() {
    (0..7).for_each(|_| _ = check::any(2));
    thread::park_timeout(std::time::Duration::from_millis(1));
    check::outcome("woke");
}

#[test]
fn a_subtree_that_begins_with_a_rescue_is_not_lost() {
    let check = |threads| Check::new("rescued").timeouts(0).spurious(0).threads(threads);
    for threads in [1, 3] {
        let report = check(threads).run(rescued_after_seven_choices);
        assert_eq!((report.executions, report.passed()), (128, true), "{report}");
        assert!(report.outcomes.contains("woke"));
    }
}

#[test]
fn a_failure_stops_the_other_threads() {
    // Eighteen choices make 262,144 executions. The first one fails, in whoever comes first.
    let report = Check::new("fails at once").threads(2).run(|| {
        let sum: usize = (0..18).map(|_| check::any(2)).sum();
        assert_ne!(sum, 0);
    });
    report.assert_failed(FailureKind::Panic);
    assert!(report.executions < 100_000, "{report}");
}
