//! What the driver makes of an execution of the search: it counts it, suspects a leak, begins to replay a
//! failure, or goes on.

use crate::explorer::current;
use crate::explorer::driver::lifecycle::{ExplorerDriver, lock};
use crate::explorer::driver::probe::fingerprint;
use crate::explorer::driver::record::{CheckRecord, ExecutionEnd, Phase};
use crate::explorer::execution::Execution;
use crate::memory::heap;
use crate::plan::options::Mode;
use crate::report::cause::Cause;
use crate::report::data::{Failure, FailureKind, Limit, Trace};
use crate::report::words::count;
use crate::search::chooser::Chooser;
use std::sync::Arc;

/// Executions that are run again because of a possible leak, at most. What an
/// execution keeps once (a lazily made table, say) is no leak.
const LEAK_SUSPECTS: u32 = 64;

/// Executions between two looks at the clock.
const CLOCK_EVERY: u64 = 64;

/// Whether a complete execution counts in this part of a divided search.
fn counts(execution: &mut Execution) -> bool {
    !matches!(&execution.search, Chooser::Exhaustive(stack) if !stack.counts())
}

impl ExplorerDriver {
    /// Looks at the execution that has ended like this, and decides what to run next.
    pub(super) fn finish_execution(&mut self, end: ExecutionEnd) {
        self.put_back();
        let progress = Arc::clone(&self.progress);
        let progress = &mut *lock(&progress);
        progress.too_large |= current::with(|s| s.too_large);
        match std::mem::replace(&mut progress.phase, Phase::Over) {
            Phase::Searching => self.searched(progress, end),
            Phase::Leaking { left, search } => self.checked_leak(progress, end, left, search),
            Phase::Probing(probing) => self.probed(progress, &end, *probing),
            Phase::Replaying(replaying) => self.replayed(progress, end, *replaying),
            Phase::Minimising(minimising) => self.minimised(progress, end, *minimising),
            Phase::Over => {}
        }
        let failed = matches!(progress.phase, Phase::Replaying(_) | Phase::Minimising(_));
        if failed || progress.failure.is_some() {
            progress.plan.split.stop();
        }
    }

    fn searched(&mut self, progress: &mut CheckRecord, end: ExecutionEnd) {
        let leaked = heap::with(|heap| heap.leaked());
        heap::with(heap::Heap::clear);
        match end {
            ExecutionEnd::Blocked => progress.blocked += 1,
            ExecutionEnd::Frozen => progress.executions += 1,
            ExecutionEnd::Foreign => {}
            ExecutionEnd::Complete if !current::with(counts) => {}
            ExecutionEnd::Waiting => progress.executions += 1,
            ExecutionEnd::Complete => {
                progress.executions += 1;
                if let Some(outcome) = current::with(|s| s.outcome.take()) {
                    progress.outcomes.insert(outcome);
                }
                if current::with(|s| matches!(s.search, Chooser::Random(_)))
                    && progress.distinct.len() < 1 << 22
                {
                    progress.distinct.insert(fingerprint());
                }
                if leaked.0 > 0 && progress.plan.leaks && progress.suspects < LEAK_SUSPECTS {
                    progress.suspects += 1;
                    let search = current::with(|s| {
                        let list = s.decisions.clone();
                        std::mem::replace(&mut s.search, Chooser::Replay { list, next: 0 })
                    });
                    progress.phase = Phase::Leaking { left: leaked, search: Some(search) };
                    return;
                }
                if progress.executions == 1 && !matches!(progress.plan.mode, Mode::Replay(_)) {
                    return self.begin_probe(progress);
                }
            }
            ExecutionEnd::Limit(limit) => {
                progress.executions += 1;
                progress.limit = Some(limit);
                return;
            }
            // A real thread need not do the same again.
            ExecutionEnd::Failed(Cause { kind: kind @ FailureKind::Unsupported, message, sites }) => {
                progress.executions += 1;
                progress.failure =
                    Some(Failure { kind, message, sites, trace: Trace::default(), token: String::new() });
                return;
            }
            ExecutionEnd::Failed(failing) => {
                progress.executions += 1;
                self.begin_replay(progress, failing);
                return;
            }
        }
        self.go_on(progress);
    }

    fn checked_leak(
        &mut self,
        progress: &mut CheckRecord,
        end: ExecutionEnd,
        left: (usize, usize),
        search: Option<Chooser>,
    ) {
        let leaked = heap::with(|heap| heap.leaked());
        heap::with(heap::Heap::clear);
        if matches!(end, ExecutionEnd::Complete) && leaked.0 > 0 {
            let (blocks, bytes) = (leaked.0.min(left.0), leaked.1.min(left.1));
            let message = format!(
                "{} ({}) of the model {} never freed",
                count(blocks as u64, "block"),
                count(bytes as u64, "byte"),
                if blocks == 1 { "is" } else { "are" }
            );
            self.begin_replay(progress, Cause { kind: FailureKind::Leak, message, sites: Vec::new() });
            return;
        }
        if let Some(search) = search {
            current::with(|s| s.search = search);
        }
        self.go_on(progress);
    }

    /// Sets up the next execution of the search, if there is one.
    pub(super) fn go_on(&mut self, progress: &mut CheckRecord) {
        current::with(|s| progress.tick(s));
        let plan = &progress.plan;
        let runs = progress.executions + progress.blocked;
        if let Mode::Replay(_) = plan.mode {
            return;
        }
        if plan.split.stopped() || !current::with(|s| progress.stages.next(&mut s.search)) {
            return;
        }
        if runs >= plan.max_executions {
            progress.limit = Some(Limit::Executions(plan.max_executions));
            return;
        }
        if runs.is_multiple_of(CLOCK_EVERY)
            && plan.max_time.is_some_and(|max| progress.started.elapsed() >= max)
        {
            let millis = plan.max_time.map_or(0, |max| max.as_millis() as u64);
            progress.limit = Some(Limit::Millis(millis));
            return;
        }
        progress.phase = Phase::Searching;
    }
}
