//! Who is frozen in an execution, and how many steps its operations take.

use crate::report::data::{Report, Verdict};
use crate::seam::clock::MAX_THREADS;
use crate::seam::place::Place;
use std::collections::{BTreeMap, BTreeSet};

/// A thread that is frozen.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrozenThread {
    pub(super) thread: usize,
    /// What it will never do.
    pub(super) before: &'static str,
    pub(super) site: Place,
}

/// An operation under way whose steps are counted.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) thread: usize,
    pub(super) name: String,
    pub(super) limit: u32,
    pub(super) taken: u32,
}

/// Who is frozen in an execution, and how many steps its operations take; and,
/// over all executions, what has been frozen and counted.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    /// Threads to freeze in one execution, at most.
    pub(crate) freezes: u8,
    pub(super) frozen: Vec<FrozenThread>,
    pub(super) regions: Vec<Region>,
    /// Writes that each thread has begun, where threads are frozen.
    pub(super) writes: [u32; MAX_THREADS],
    /// Of each thread: its name, and before which of its writes it was frozen.
    pub(super) tried: BTreeMap<usize, (String, BTreeSet<u32>)>,
    /// Of each operation: the most steps it took, and the limit.
    most: BTreeMap<String, (u32, u32)>,
}

impl Liveness {
    /// An execution begins.
    pub(crate) fn reset(&mut self) {
        self.frozen.clear();
        self.regions.clear();
        self.writes = [0; MAX_THREADS];
    }

    pub(super) fn any_frozen(&self) -> bool {
        !self.frozen.is_empty()
    }

    pub(super) fn idle(&self) -> bool {
        self.freezes == 0 && self.regions.is_empty()
    }

    pub(super) fn begin_operation(&mut self, thread: usize, name: &str, limit: u32) {
        self.regions.push(Region { thread, name: name.to_owned(), limit, taken: 0 });
    }

    pub(super) fn end_operation(&mut self, thread: usize) {
        if let Some(at) = self.regions.iter().rposition(|r| r.thread == thread) {
            let Region { name, limit, taken, .. } = self.regions.remove(at);
            let most = self.most.entry(name).or_default();
            *most = (most.0.max(taken), limit);
        }
    }

    /// Adds what another thread of the same check has seen.
    pub(crate) fn join(&mut self, other: Liveness) {
        for (thread, (name, at)) in other.tried {
            self.tried.entry(thread).or_insert_with(|| (name, BTreeSet::new())).1.extend(at);
        }
        for (name, (most, limit)) in other.most {
            let known = self.most.entry(name).or_default();
            *known = (known.0.max(most), limit);
        }
    }

    /// Adds what was frozen and counted to the report. A check that was to
    /// freeze threads and never did is no pass.
    pub(crate) fn report(&self, report: &mut Report) {
        for (name, (most, limit)) in &self.most {
            report.notes.push(format!("`{name}` took at most {most} of its own steps (limit {limit})"));
        }
        if self.freezes == 0 {
            return;
        }
        let threads: Vec<String> =
            self.tried.values().map(|(name, at)| format!("{name} at {} of its writes", at.len())).collect();
        if threads.is_empty() && report.passed() {
            let why = "no thread was frozen: no thread of the model ever writes".to_owned();
            report.verdict = Verdict::NotRun(why);
        }
        let most = self.freezes;
        report.notes.push(format!("frozen forever, at most {most} at a time: {}", threads.join(", ")));
    }
}
