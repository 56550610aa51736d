//! Whether the model is deterministic: its first complete execution is run once
//! more, by the list of its choices, and must come out the same.
//!
//! The search itself only notices what changes before a choice that it repeats.

use crate::explorer::current;
use crate::explorer::decide::NOT_DETERMINISTIC;
use crate::explorer::driver::lifecycle::ExplorerDriver;
use crate::explorer::driver::record::{CheckRecord, ExecutionEnd, Phase, Probing};
use crate::memory::heap;
use crate::report::data::{Failure, FailureKind, Trace};
use crate::search::chooser::Chooser;

impl ExplorerDriver {
    pub(super) fn begin_probe(&mut self, progress: &mut CheckRecord) {
        let fingerprint = fingerprint();
        let (decisions, search) = current::with(|s| {
            let list = s.decisions.clone();
            (list.clone(), std::mem::replace(&mut s.search, Chooser::Replay { list, next: 0 }))
        });
        progress.phase = Phase::Probing(Box::new(Probing { decisions, fingerprint, search }));
    }

    pub(super) fn probed(&mut self, progress: &mut CheckRecord, end: &ExecutionEnd, probing: Probing) {
        heap::with(heap::Heap::clear);
        current::with(|s| s.search = probing.search);
        let same = matches!(end, ExecutionEnd::Complete)
            && fingerprint() == probing.fingerprint
            && current::with(|s| s.decisions == probing.decisions);
        if same {
            return self.go_on(progress);
        }
        progress.failure = Some(Failure {
            kind: FailureKind::NotDeterministic,
            message: NOT_DETERMINISTIC.into(),
            sites: Vec::new(),
            trace: Trace::default(),
            token: String::new(),
        });
    }
}

/// A number for the execution's graph. Equal graphs have equal numbers,
/// whatever order they were run in: the events' numbers are added up.
pub(super) fn fingerprint() -> u64 {
    current::with(|s| {
        let graph = &s.graph;
        let message = |number: u32| match graph.messages.get(number as usize) {
            Some(m) => u64::from(m.thread) << 48 | u64::from(m.seq) << 32 | u64::from(m.pos),
            None => u64::MAX,
        };
        let mut sum = 0u64;
        for event in &graph.events {
            let own = u64::from(event.thread) << 16 | u64::from(event.seq);
            sum = sum.wrapping_add(mix(mix(mix(own) ^ message(event.reads)) ^ message(event.writes)));
        }
        sum
    })
}

/// Scatters the bits of a number (the finish of MurmurHash3).
fn mix(mut n: u64) -> u64 {
    n = (n ^ (n >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    n = (n ^ (n >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    n ^ (n >> 33)
}
