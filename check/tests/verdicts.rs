//! Verdicts around the execution graph: spurious wake-ups, freed memory, handles, unwinding, waiting loops,
//! time, statics. Every program was once judged wrongly.

use ringwright_check::door::Arc;
use ringwright_check::door::cell::UnsafeCell;
use ringwright_check::{Check, FailureKind, Report, Strategy};

#[global_allocator]
static ALLOC: ringwright_check::alloc::Quarantine = ringwright_check::alloc::Quarantine;

#[path = "verdicts/abandoned.rs"]
mod abandoned;
#[path = "verdicts/freed.rs"]
mod freed;
#[path = "verdicts/reduction.rs"]
mod reduction;
#[path = "verdicts/rwlocks.rs"]
mod rwlocks;
#[path = "verdicts/statics.rs"]
mod statics;
#[path = "verdicts/threads.rs"]
mod threads;
#[path = "verdicts/time.rs"]
mod time;
#[path = "verdicts/unwinding.rs"]
mod unwinding;
#[path = "verdicts/waiting.rs"]
mod waiting;
#[path = "verdicts/wakes.rs"]
mod wakes;

/// Plain data that two threads share, for races.
struct Plain(UnsafeCell<u32>);

// SAFETY: the models race on it on purpose, and the checker runs one thread at a time.
unsafe impl Sync for Plain {}
// SAFETY: as above.
unsafe impl Send for Plain {}

impl Plain {
    fn shared() -> Arc<Plain> {
        Arc::new(Plain(UnsafeCell::new(0)))
    }

    #[track_caller]
    fn get(&self) -> u32 {
        // SAFETY: the checker ends the execution before two accesses overlap.
        self.0.with(|p| unsafe { *p })
    }

    #[track_caller]
    fn set(&self, value: u32) {
        // SAFETY: as in `get`.
        self.0.with_mut(|p| unsafe { *p = value });
    }
}

/// The reports of one model by every way to search it.
fn searched<M: Fn() + Send + Sync + 'static>(model: impl Fn() -> M) -> Vec<(&'static str, Report)> {
    vec![
        ("the default plan", Check::new("default").run(model())),
        ("exhaustive", Check::new("exhaustive").exhaustive().run(model())),
        ("without reduction", Check::new("whole").exhaustive().reduction(false).run(model())),
        ("on two threads", Check::new("threads").exhaustive().threads(2).run(model())),
        ("at random", Check::new("random").random(1_000).run(model())),
        ("in partial orders", Check::new("pos").plan([Strategy::Pos.executions(1_000)]).run(model())),
    ]
}

/// Every way to search finds a failure of this kind.
#[track_caller]
fn convict<M: Fn() + Send + Sync + 'static>(kind: FailureKind, model: impl Fn() -> M) {
    for (how, report) in searched(model) {
        assert_eq!(report.failed(), Some(kind), "{how}: {report}");
    }
}

/// Every way to search passes, and the complete ones see just these outcomes.
#[track_caller]
fn acquit<M: Fn() + Send + Sync + 'static, const N: usize>(outcomes: [&str; N], model: impl Fn() -> M) {
    for (how, report) in searched(model) {
        assert!(report.passed(), "{how}: {report}");
        let seen: Vec<&str> = report.outcomes.iter().map(String::as_str).collect();
        if how.starts_with("at random") || how.starts_with("in partial") {
            assert!(seen.iter().all(|outcome| outcomes.contains(outcome)), "{how}: {report}");
        } else {
            assert_eq!(seen, outcomes, "{how}: {report}");
        }
    }
}
