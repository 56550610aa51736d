//! Who goes next, and what it reads: the choices of one execution.
//!
//! At a read point every live thread stands at a read. What each of them may do
//! is a list of [`ReadOption`]s: a message, and one of the things that the operation
//! may do with its value. The search picks one; a list of earlier picks replays
//! an execution. When nobody has anything to pick, the execution is covered by
//! another one, or it is stuck.

use crate::explorer::execution::{Execution, ModelThread, Status, Stop};
use crate::explorer::request::{PendingRequest, Request};
use crate::memory::heap;
use crate::plan::decision::Decision;
use crate::report::cause::PanicData;
use crate::report::data::FailureKind;
use crate::seam::op::{Alt, AltKind, DONE, Rmw, Strength, SyncOp};
use crate::search::chooser::Chooser;
use crate::search::sampler::Candidate;
use crate::search::stack::{ChoiceStack, ReadOption};

/// What is said of a model whose runs differ.
pub(super) const NOT_DETERMINISTIC: &str = "the same choices led to different operations: the model depends on something that the checker \
     does not control (time, addresses, hashing, real threads, state kept between executions). Keep it \
     out of the model, or take it from the checker: `check::any` for choices, `sync::time` for time, \
     `sync` for statics and thread-locals, a `BTreeMap` or a fixed hasher for order";

impl Execution {
    /// A read point: every live thread stands at a read.
    pub(super) fn decide(&mut self) {
        self.unfair |= self.others_could_go_on();
        let picked = match &self.search {
            Chooser::Exhaustive(_) => self.decide_exhaustively(),
            Chooser::Random(_) => self.decide_at_random(),
            Chooser::Replay { .. } => self.decide_by_list(),
            Chooser::Follower(_) => self.decide_by_preference(),
            Chooser::Busy => unreachable!("only for the length of a decision"),
        };
        match picked {
            Some((thread, choice)) => {
                self.trace_choice(thread, &choice);
                let t = &mut self.threads[thread];
                t.covered = 0;
                t.chosen = Some(choice);
                t.status = Status::Running;
                self.last = thread;
                let newest = self.graph.newest(self.graph.messages[choice.message as usize].loc);
                self.stale += u32::from(choice.message != newest);
                self.decisions.push(Decision::Read {
                    thread: thread as u8,
                    message: choice.message,
                    alt: choice.nth,
                });
                self.next = Some(thread);
            }
            None if self.stop.is_none() => self.stuck(),
            None => {}
        }
    }

    /// Whether another thread may go on than one whose loop was asked for one more turn.
    fn others_could_go_on(&mut self) -> bool {
        let asked = |t: &ModelThread| t.status == Status::Waiting && t.turns.is_asked();
        if !self.live().iter().any(asked) {
            return false;
        }
        (0..self.live_threads).any(|thread| !asked(&self.threads[thread]) && self.may_progress(thread))
    }

    fn decide_exhaustively(&mut self) -> Option<(usize, ReadOption)> {
        let Chooser::Exhaustive(mut stack) = std::mem::replace(&mut self.search, Chooser::Busy) else {
            unreachable!("the caller has matched")
        };
        let mut any = !stack.repeats_rescue();
        if !stack.repeating() {
            stack.begin_read(self.graph.messages.len() as u32);
            let bound = stack.preemptions.is_some_and(|bound| self.preemptions >= bound);
            if bound {
                self.fill_group(self.last, &mut stack);
            }
            if bound && stack.has_group() {
                stack.cut |= (0..self.live_threads).any(|t| t != self.last && self.choosing(t).is_some());
            } else {
                for thread in 0..self.live_threads {
                    self.fill_group(thread, &mut stack);
                }
            }
            any = stack.end_read();
            if any && !stack.offers_progress() && !self.progress_possible() {
                stack.forget_read();
                any = false;
            }
        }
        let mut result = None;
        if any {
            match stack.pick() {
                Some(picked) if self.stands_at(picked.group.thread, picked.group.loc) => {
                    for done in picked.done {
                        self.threads[done.thread].covered = picked.watermark;
                    }
                    let (thread, choice) = (picked.group.thread, picked.choice);
                    self.preemptions += u32::from(stack.preempts(self.last, thread));
                    match self.renewed(thread, choice) {
                        Some(choice) => result = Some((thread, choice)),
                        None => self.not_deterministic(),
                    }
                }
                _ => self.not_deterministic(),
            }
        }
        if stack.foreign() {
            self.stop.get_or_insert(Stop::Foreign);
        }
        self.search = Chooser::Exhaustive(stack);
        result
    }

    /// `choice` with what the operation writes in this execution. The stack
    /// remembers choices of earlier ones, where heap addresses were others.
    pub(super) fn renewed(&mut self, thread: usize, choice: ReadOption) -> Option<ReadOption> {
        let pending = self.choosing(thread)?;
        let value = self.graph.messages.get(choice.message as usize)?.value;
        if pending.want.has_own_list() {
            return Some(choice);
        }
        self.alts_of(thread, &pending, value);
        let alt = *self.alts.get(usize::from(choice.nth))?;
        (alt.kind == choice.alt.kind).then_some(ReadOption { alt, ..choice })
    }

    /// Whether `thread` waits for a choice at `loc`.
    pub(super) fn stands_at(&self, thread: usize, loc: u32) -> bool {
        thread < self.live_threads
            && self.threads[thread].status == Status::Waiting
            && self.threads[thread].pending.is_some_and(|p| p.loc == loc)
    }

    pub(super) fn fill_group(&mut self, thread: usize, stack: &mut ChoiceStack) {
        let Some(pending) = self.choosing(thread) else {
            return;
        };
        let bound = stack.stale.is_some_and(|bound| self.stale >= bound);
        let mut cut = false;
        let group = stack.group();
        std::mem::swap(&mut group.choices, &mut self.choices);
        self.choices_of(thread, &pending, self.threads[thread].covered);
        std::mem::swap(&mut group.choices, &mut self.choices);
        if bound && !pending.want.has_own_list() {
            let newest = self.graph.newest(pending.loc);
            let before = group.choices.len();
            group.choices.retain(|choice| choice.message == newest);
            cut = before != group.choices.len();
        }
        if group.choices.is_empty() {
            stack.cut |= cut;
            return;
        }
        group.thread = thread;
        group.loc = pending.loc;
        group.seq = self.graph.pasts[thread].seq + 1;
        group.rmw = pending.want.may_write();
        let covered = self.threads[thread].covered;
        group.fresh = self.graph.mo(pending.loc).iter().all(|m| *m >= covered);
        stack.keep_group();
        stack.cut |= cut;
    }

    /// The pending operation of a thread that waits for a choice.
    pub(crate) fn choosing(&self, thread: usize) -> Option<PendingRequest> {
        let t = &self.threads[thread];
        match t.pending {
            Some(PendingRequest { want: Request::Join(_) | Request::Newer | Request::Frozen, .. }) => None,
            pending if t.status == Status::Waiting => pending,
            _ => None,
        }
    }

    /// Fills `choices` with what `thread` may do, the newest message first,
    /// messages before `covered` left out.
    pub(crate) fn choices_of(&mut self, thread: usize, pending: &PendingRequest, covered: u32) {
        self.choices.clear();
        if let Request::Block(class) = pending.want {
            return self.blocks_of(class, covered);
        }
        if let Request::Time = pending.want {
            return self.times_of(thread, pending.loc, covered);
        }
        let floor = self.graph.floor(thread, pending.loc) as usize;
        for pos in (floor..self.graph.mo(pending.loc).len()).rev() {
            let message = self.graph.mo(pending.loc)[pos];
            if message < covered || self.repetition(thread, pending.loc, message) {
                continue;
            }
            let value = self.graph.messages[message as usize].value;
            self.alts_of(thread, pending, value);
            for (nth, alt) in self.alts.iter().enumerate() {
                if self.graph.may_read(thread, message, alt.strength, alt.write.is_some()) {
                    self.choices.push(ReadOption { message, nth: nth as u8, alt: *alt });
                }
            }
        }
    }

    /// Fills `alts` with what the operation may do with `value`.
    pub(super) fn alts_of(&mut self, thread: usize, pending: &PendingRequest, value: u64) {
        self.alts.clear();
        let plain = |write, strength, kind| Alt { write, result: DONE, strength, kind };
        match pending.want {
            Request::Load(strength) => self.alts.push(plain(None, strength, AltKind::Normal)),
            Request::Rmw { op: Rmw::Cas { expected, new, weak }, ok, err } => {
                if value == expected {
                    self.alts.push(plain(Some(new), ok, AltKind::Normal));
                    if weak && self.threads[thread].spurious > 0 {
                        self.alts.push(plain(None, err, AltKind::Spurious));
                    }
                } else {
                    self.alts.push(plain(None, err, AltKind::Fail));
                }
            }
            Request::Rmw { op, ok, .. } => {
                self.alts.push(plain(Some(op.apply(value, pending.bits)), ok, AltKind::Normal));
            }
            Request::Sync(op) => {
                if self.writers_first == Some(true) {
                    op.alts_behind_writers(value, thread, &mut self.alts);
                } else {
                    op.alts(value, thread, &mut self.alts);
                }
                let t = &self.threads[thread];
                self.alts.retain(|alt| match alt.kind {
                    AltKind::Spurious => t.spurious > 0,
                    AltKind::Timeout => t.timeouts > 0,
                    AltKind::Normal | AltKind::Fail => true,
                });
            }
            Request::Block(_) => self.alts.push(plain(None, Strength::ACQUIRE, AltKind::Normal)),
            Request::Time => self.alts.push(plain(None, Strength::RELAXED, AltKind::Normal)),
            Request::Join(_) | Request::Newer | Request::Frozen => {}
        }
    }

    pub(super) fn decide_at_random(&mut self) -> Option<(usize, ReadOption)> {
        let Chooser::Random(mut sampler) = std::mem::replace(&mut self.search, Chooser::Busy) else {
            unreachable!("the caller has matched")
        };
        sampler.able.clear();
        sampler.able.extend((0..self.live_threads).filter_map(|thread| self.able(thread)));
        sampler.step();
        let mut result = None;
        while let Some(able) = sampler.take() {
            let pending = self.choosing(able.thread).expect("only such threads are listed");
            self.choices_of(able.thread, &pending, 0);
            if self.choices.is_empty() {
                continue;
            }
            let newest = sampler.rng.below(2) == 0;
            let pick = if newest { 0 } else { sampler.rng.below(self.choices.len()) };
            let choice = self.choices[pick];
            if choice.alt.kind == AltKind::Spurious && !self.progress_possible() {
                break;
            }
            sampler.chosen(able, (0..self.live_threads).filter_map(|thread| self.able(thread)));
            result = Some((able.thread, choice));
            break;
        }
        self.search = Chooser::Random(sampler);
        result
    }

    /// `thread` as the sampler sees it, if it waits for a choice.
    fn able(&self, thread: usize) -> Option<Candidate> {
        let pending = self.choosing(thread)?;
        Some(Candidate { thread, loc: pending.loc, writes: pending.want.may_write() })
    }

    pub(super) fn random(&mut self, n: usize) -> usize {
        match &mut self.search {
            Chooser::Random(sampler) => sampler.rng.below(n),
            _ => 0,
        }
    }

    pub(super) fn decide_by_list(&mut self) -> Option<(usize, ReadOption)> {
        // No search picks anything here: see `stuck`.
        if !self.progress_possible() {
            return None;
        }
        let Chooser::Replay { list, next } = &mut self.search else { unreachable!("the caller has matched") };
        let at = *next;
        let (over, decision) = (at >= list.len(), list.get(at).copied());
        if let Some(Decision::Read { thread, message, alt }) = decision {
            let thread = thread as usize;
            if let Some(pending) = (thread < self.live_threads).then(|| self.choosing(thread)).flatten() {
                self.choices_of(thread, &pending, 0);
                if let Some(choice) =
                    self.choices.iter().find(|c| c.message == message && c.nth == alt).copied()
                {
                    if let Chooser::Replay { next, .. } = &mut self.search {
                        *next = at + 1;
                    }
                    return Some((thread, choice));
                }
            }
        }
        // The list ends where the failure was.
        if !over {
            self.not_deterministic();
        }
        None
    }

    /// Whether some thread has a choice that is not a spurious wake-up, which
    /// nobody may rely on.
    pub(crate) fn progress_possible(&mut self) -> bool {
        (0..self.live_threads).any(|thread| self.may_progress(thread))
    }

    /// Whether `thread` has such a choice.
    fn may_progress(&mut self, thread: usize) -> bool {
        let Some(pending) = self.choosing(thread) else {
            return false;
        };
        self.choices_of(thread, &pending, 0);
        self.choices.iter().any(|c| c.alt.kind != AltKind::Spurious)
    }

    pub(super) fn not_deterministic(&mut self) {
        self.fail(FailureKind::NotDeterministic, NOT_DETERMINISTIC.into(), Vec::new());
    }

    /// A thread is about to write under a reader-writer lock. std and parking_lot leave open whether it holds up
    /// those who come to read while it waits: each is explored, from the first writer of an execution on.
    pub(super) fn choose_who_goes_first(&mut self) {
        if self.writers_first.is_none() && self.live_threads > 1 {
            self.writers_first = Some(self.branch(2) == 1);
        }
    }

    /// Whether a writer that waits may have marked the lock that the running thread holds, or may do so before
    /// that gives it back: not if writers go on as readers do, and not if there is nobody else.
    pub(super) fn may_have_waiting_writers(&self) -> bool {
        self.writers_first != Some(false) && self.live_threads > 1
    }

    /// Picks one of `of`, as part of the schedule.
    pub(crate) fn branch(&mut self, of: u32) -> u32 {
        if of == 1 {
            return 0;
        }
        let pick = match &mut self.search {
            Chooser::Exhaustive(stack) => stack.branch(of),
            Chooser::Random(sampler) => Some(sampler.rng.below(of as usize) as u32),
            Chooser::Busy => None,
            Chooser::Replay { list, next } => {
                *next += 1;
                match list.get(*next - 1) {
                    Some(Decision::Branch { pick, of: was }) if *was == of => Some(*pick),
                    _ => None,
                }
            }
            Chooser::Follower(follow) => Some(follow.branch(of)),
        };
        if pick.is_none() {
            self.not_deterministic();
        }
        if matches!(&self.search, Chooser::Exhaustive(stack) if stack.foreign()) {
            self.stop.get_or_insert(Stop::Foreign);
        }
        let pick = pick.unwrap_or(0);
        self.decisions.push(Decision::Branch { pick, of });
        self.trace_branch(pick, of);
        pick
    }

    /// Nobody has anything to try: why?
    pub(super) fn stuck(&mut self) {
        if self.progress_possible() {
            return self.block();
        }
        if let Some(thread) = (0..self.live_threads).find(|thread| self.rescue(*thread)) {
            self.threads[thread].rescues = self.threads[thread].rescues.saturating_sub(1);
            if let Chooser::Exhaustive(stack) = &mut self.search {
                stack.rescue();
            }
            return;
        }
        let waits = |t: &ModelThread| t.status == Status::Waiting && t.turns.counts();
        if self.unfair || self.live().iter().any(waits) {
            // A loop that counts goes on in another execution, and so does whoever could go on in the middle of
            // a loop's turn.
            return self.block();
        }
        self.report_stuck();
    }

    /// Abandons the execution, because another one covers it. What threads would have done that cannot go on
    /// here, whatever they read, has not been seen: the cut-off must not count on it.
    pub(super) fn block(&mut self) {
        let stands = |s: &mut Execution, thread: usize| {
            if let Some(pending) = s.choosing(thread) {
                s.choices_of(thread, &pending, 0);
                return s.choices.is_empty();
            }
            let t = &s.threads[thread];
            t.status == Status::Waiting && matches!(t.pending.map(|p| p.want), Some(Request::Newer))
        };
        let stands = (0..self.live_threads).any(|thread| stands(self, thread));
        if let Chooser::Exhaustive(stack) = &mut self.search
            && stands
        {
            stack.saw_too_little();
        }
        self.stop.get_or_insert(Stop::Blocked);
    }

    /// Nobody can go on: whether `thread` may after all, because its time is up, or because its loop may do
    /// something else than it did.
    fn rescue(&mut self, thread: usize) -> bool {
        let t = &mut self.threads[thread];
        if t.status != Status::Waiting {
            return false;
        }
        match t.pending.as_ref().map(|p| p.want) {
            Some(Request::Newer) if t.turns.counts() => false,
            Some(Request::Newer) => {
                // Only what the engine cannot see may have changed.
                let blind = t.base == 0 || t.frame == 0 || !heap::hooked();
                let again = t.turns.ask() || (blind && t.rescues > 0);
                if again {
                    t.turns.release();
                    t.status = Status::Running;
                }
                again
            }
            Some(Request::Sync(SyncOp::Wait { timed: true, .. } | SyncOp::Park { timed: true })) => {
                let again = t.timeouts == 0;
                t.timeouts += u8::from(again);
                again
            }
            _ => false,
        }
    }

    pub(super) fn report_stuck(&mut self) {
        let mut spinning = false;
        let mut waits = Vec::new();
        let mut sites = Vec::new();
        for (number, thread) in self.live().iter().enumerate().filter(|(_, t)| t.status == Status::Waiting) {
            let Some(pending) = thread.pending.as_ref().filter(|_| !self.excused(number)) else { continue };
            let what = match pending.want {
                Request::Frozen => continue,
                Request::Block(_) => "an allocation".to_owned(),
                Request::Time => "the time".to_owned(),
                Request::Load(_) => "load".to_owned(),
                Request::Rmw { op, .. } => op.name().to_owned(),
                Request::Sync(op) => op.name().to_owned(),
                Request::Join(of) => format!("join of {}", self.threads[of].name),
                Request::Newer => {
                    spinning = true;
                    "a loop that spins".to_owned()
                }
            };
            waits.push(format!("{} at {what}", thread.name));
            sites.push(pending.site);
        }
        if self.liveness.any_frozen() {
            return self.held_up(&waits, sites);
        }
        let kind = if spinning { FailureKind::Livelock } else { FailureKind::Deadlock };
        let mut message = format!("no thread can go on: {}", waits.join(", "));
        if self.threads[0].status == Status::Finished {
            message.push_str(
                "; the main thread has returned: join the threads that it leaves, or tell them to end",
            );
        }
        self.blame_panics(&message);
        self.fail(kind, message, sites);
    }

    /// Nobody can go on. A thread that stands still while it unwinds a panic is there because of the panic.
    fn blame_panics(&mut self, stuck: &str) {
        for number in 0..self.live_threads {
            if let Some(panic) = self.threads[number].unwound_panic() {
                let message = format!("{}\nand while it unwinds, {stuck}", panic.message);
                let panic = PanicData { message, ..panic.clone() };
                self.panics.push((number, panic, None));
            }
        }
    }
}

#[cfg(test)]
mod tests;
