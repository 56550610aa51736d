//! One execution under [`crate::engines::loom`]: the loom objects that stand for the
//! door's, the blocks of the model, its threads and their steps.

use crate::engines::loom_object::{LoomKind, LoomObject, Pool};
use crate::report::cause::Cause;
use crate::report::data::{Limit, SourceLine};
use crate::seam::runtime::{Access, Obj, Site};
use crate::seam::statics::StaticValues;
use crate::seam::symbols::source_line;
use crate::search::choice::{Pick, raise_last};
use std::collections::BTreeMap;
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::Ordering;

/// A step, for the trace.
#[derive(Clone, Debug)]
pub(super) struct LoomStep {
    pub(super) lane: usize,
    pub(super) site: Site,
    /// The number of the object, if there is one.
    pub(super) object: Option<usize>,
    /// For a cell, whether it was written.
    pub(super) access: Option<Access>,
    pub(super) what: String,
}

/// A thread of the execution.
#[derive(Debug)]
pub(super) struct LoomThread {
    pub(super) name: String,
    /// The operation under way.
    pub(super) doing: Option<(Site, &'static str)>,
    pub(super) handle: Option<::loom::thread::JoinHandle<()>>,
    pub(super) choices: usize,
}

/// A block of the model, with the cell that its allocation wrote.
pub(super) struct LoomBlock {
    pub(super) size: usize,
    pub(super) by: usize,
    pub(super) cell: Rc<::loom::cell::UnsafeCell<()>>,
}

/// How a search ended.
#[derive(Debug)]
pub(super) enum LoomEnd {
    Done,
    Limit(Limit),
    Failed(Cause),
}

/// One execution.
pub(crate) struct LoomExecution {
    /// Says how the search ended, and ends the process.
    pub(super) end: fn(LoomEnd) -> !,
    /// The running thread. Whoever gets control back sets it.
    pub(super) me: usize,
    pub(super) threads: Vec<LoomThread>,
    objects: Vec<Rc<LoomObject>>,
    pub(super) blocks: BTreeMap<usize, LoomBlock>,
    pub(super) pool: Pool,
    /// The number of the execution: half of an object's identity.
    execution: u32,
    pub(super) steps: Vec<LoomStep>,
    pub(super) outcome: Option<String>,
    pub(super) nanos: u64,
    statics: StaticValues,
    pub(super) oracle: Oracle,
}

/// The answers to the model's choices.
///
/// The walk over them is that of [`crate::search::choice`]; the answers of one
/// execution are not. loom runs a whole search between two steps of the walk,
/// and there the same choice comes earlier or later, or not at all. So an
/// answer belongs to who asks, for the how manyth time, and the list has every
/// choice that any execution of the search has come to.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    answers: Vec<Pick>,
    /// Who got the answer in the same place, and for the how manyth time it asked.
    asked: Vec<(usize, usize)>,
}

impl Oracle {
    /// The answer, below `of`, to what `thread` asks for the `nth` time.
    pub(super) fn ask(&mut self, thread: usize, nth: usize, of: usize) -> usize {
        match self.asked.iter().position(|asked| *asked == (thread, nth)) {
            Some(at) => {
                let answer = &mut self.answers[at];
                answer.of = answer.of.max(of as u32);
                (answer.pick as usize).min(of - 1)
            }
            None => {
                self.asked.push((thread, nth));
                self.answers.push(Pick { pick: 0, of: of as u32 });
                0
            }
        }
    }

    /// Moves on to the next list of answers; `false` when there is none.
    pub(super) fn advance(&mut self) -> bool {
        let more = raise_last(&mut self.answers);
        self.asked.truncate(self.answers.len());
        more
    }
}

impl LoomExecution {
    pub(super) fn new(pool: Pool, end: fn(LoomEnd) -> !) -> LoomExecution {
        LoomExecution {
            end,
            me: 0,
            threads: Vec::new(),
            objects: Vec::new(),
            blocks: BTreeMap::new(),
            pool,
            execution: 0,
            steps: Vec::new(),
            outcome: None,
            nanos: 0,
            statics: StaticValues::default(),
            oracle: Oracle::default(),
        }
    }

    /// The last execution is over: puts statics back and forgets its objects.
    pub(super) fn finish(&mut self) {
        self.statics.put_back();
        for object in self.objects.drain(..) {
            object.forget_guard();
        }
        self.blocks.clear();
        self.threads.clear();
        self.steps.clear();
        self.pool.empty();
        self.nanos = 0;
        self.me = 0;
    }

    /// Starts the next execution, with the main thread in it.
    pub(super) fn begin(&mut self, execution: u32) {
        self.execution = execution;
        self.threads.push(LoomThread { name: "main".into(), doing: None, handle: None, choices: 0 });
    }

    pub(super) fn spawned(&self) -> bool {
        self.threads.len() > 1
    }

    /// The object that `obj` is, if it is known in this execution.
    pub(super) fn known(&self, obj: &Obj<'_>) -> Option<(usize, Rc<LoomObject>)> {
        // Relaxed: one operating-system thread runs the model.
        let word = obj.id.load(Ordering::Relaxed);
        if (word >> 32) as u32 != self.execution {
            return None;
        }
        let number = word as u32 as usize;
        let object = self.objects.get(number).filter(|o| o.addr == obj.addr())?;
        Some((number, Rc::clone(object)))
    }

    pub(super) fn add(&mut self, obj: &Obj<'_>, kind: LoomKind) -> (usize, Rc<LoomObject>) {
        self.statics.remember(obj);
        let object = Rc::new(LoomObject { addr: obj.addr(), kind });
        let number = self.objects.len();
        self.objects.push(Rc::clone(&object));
        // Relaxed: one operating-system thread runs the model.
        obj.id.store(u64::from(self.execution) << 32 | number as u64, Ordering::Relaxed);
        (number, object)
    }

    /// The cell that stands for the allocation of the block that holds `addr`.
    pub(super) fn block_of(&self, addr: usize) -> Option<Rc<::loom::cell::UnsafeCell<()>>> {
        let (start, block_of) = self.blocks.range(..=addr).next_back()?;
        (addr < start + block_of.size && block_of.by != self.me).then(|| Rc::clone(&block_of.cell))
    }

    pub(super) fn step(&mut self, site: Site, object: Option<usize>, access: Option<Access>, what: String) {
        self.steps.push(LoomStep { lane: self.me, site, object, access, what });
    }

    /// The sites of a race that loom has just reported: the step that the
    /// running thread was at, and the last one of the other side (thread
    /// `other`, or anybody's) that conflicts with it.
    pub(super) fn race_sites(&self, other: Option<usize>) -> Vec<SourceLine> {
        let doing = self.threads[self.me].doing;
        let this = |step: &&LoomStep| {
            let same = doing.is_some_and(|(site, _)| ptr::eq(site, step.site));
            step.lane == self.me && step.access.is_some() && same
        };
        let there = self.steps.last().filter(this).and_then(|last| {
            let conflicts = |step: &&LoomStep| {
                step.lane != self.me
                    && other.is_none_or(|other| other == step.lane)
                    && step.object == last.object
                    && (step.access == Some(Access::Write) || last.access == Some(Access::Write))
            };
            self.steps.iter().rev().find(conflicts).map(|step| source_line(step.site))
        });
        there.into_iter().chain(doing.map(|(site, _)| source_line(site))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_belongs_to_who_asks_and_not_to_when() {
        let mut oracle = Oracle::default();
        let mut seen = Vec::new();
        loop {
            let first = [oracle.ask(1, 0, 2), oracle.ask(2, 0, 3)];
            // Another execution of the same search.
            assert_eq!([oracle.ask(2, 0, 3), oracle.ask(1, 0, 2)], [first[1], first[0]]);
            seen.push(first);
            if !oracle.advance() {
                break;
            }
        }
        assert_eq!(seen, [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
    }

    #[test]
    fn a_choice_that_another_execution_widens_is_walked_to_the_end() {
        let mut oracle = Oracle::default();
        let mut seen = Vec::new();
        loop {
            seen.push((oracle.ask(1, 0, 2), oracle.ask(1, 0, 3)));
            if !oracle.advance() {
                break;
            }
        }
        assert_eq!(seen, [(0, 0), (1, 1), (1, 2)]);
        assert_eq!(oracle.ask(1, 0, 2), 0, "nothing is left of the walk");
    }
}
