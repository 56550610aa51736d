//! Loops that wait: when a thread has to wait for news, and what that hides.
//!
//! # Turns
//!
//! What a thread reads and writes between two calls of `yield_now`, `spin_loop` or `sleep`, or up to a time-out,
//! is a *turn*. A loop that says nothing of the kind is noticed when it has read the same location at the same
//! line [`SILENT`](crate::explorer::turns::SILENT) times; from then on a turn ends there. A turn that writes is one
//! that *takes back* what it writes if each location that it wrote has the value again that the turn found (a lock
//! taken and given back, a handle cloned and dropped), with nobody else's write in between.
//!
//! # The rule
//!
//! A turn that takes back all it writes and reads and writes just what the last one did *repeats* it.
//!
//! 1. If the thread's stack and registers are the same as after the last turn, the loop seems to wait. After
//!    [`Budget::repeats`](crate::plan::budget::Budget::repeats) such turns it makes one more, at once and reading
//!    the same. If then its stack and registers, the other threads' stacks and the model's heap blocks are the
//!    same as before, the loop can only do the same again: it waits until one of its locations has news, and
//!    its next turn must read news somewhere. Nothing is lost.
//! 2. If the stack or the registers differ, the loop counts, and may give up. Its turns are ordinary: each is
//!    explored with all that it may read, up to [`Budget::turns`](crate::plan::budget::Budget::turns) in a row.
//!    After that the search follows two ways: the loop waits for news, or it repeats itself, at once and reading
//!    the same, until it does something else. News after some more turns are not seen then, so the verdict
//!    names the loop. A loop that does not give up in [`PATIENCE`] turns is left alone if others can go on, or if
//!    there is news that it could have read all the time.
//! 3. A loop that nobody else can give news is not cut: it repeats itself until it ends.
//!    The time is part of what a turn that asks for it finds, and it passes for a loop that only asks for it: so a
//!    loop with a deadline counts, and ends. A loop that sleeps counts if anybody asks for the time. If nobody has
//!    asked before it is cut, and somebody does in another execution, the verdict names it.
//! 4. When nobody can go on and all loops only wait, that is a livelock. A loop that takes writes back is asked
//!    for one more turn before, in case another thread can go on in the middle of it: then the execution is
//!    only unfair.
//!
//! Other threads see the writes that a turn takes back. Those who write the location in turn give news. Those
//! who only look at it could see more of them than the turns that were run: then the verdict names the loop.
//!
//! Nobody looks at what a lock in a static protects, or at a cell there. A turn that takes such a lock, or writes
//! such a cell, may count in it, whatever else is the same.
//!
//! # Facts
//!
//! Whether two stacks are the same hangs on bytes that no one has written, too. So each answer is a choice on
//! the stack of choices, with one way on: an execution that repeats another's choices repeats its answers.

use crate::explorer::execution::{Execution, Status};
use crate::explorer::request::{PendingRequest, Request};
use crate::explorer::time::MOST_QUESTIONS;
use crate::explorer::turns::{Did, Pace, TurnStep, TurnWrites};
use crate::graph::event::{GraphEvent, NONE};
use crate::memory::heap;
use crate::plan::decision::Decision;
use crate::seam::op::AltKind;
use crate::seam::place::Place;
use crate::seam::stack;
use crate::seam::statics;
use crate::search::chooser::Chooser;
use crate::search::stack::ReadOption;

/// Turns in a row without news that a loop is followed for at least, if it counts and says nothing of waiting:
/// it may be no loop that waits at all.
const SILENT_TURNS: u32 = 64;

/// Turns that a loop which counts repeats at once, as long as others could go on.
pub(crate) const PATIENCE: u32 = 1_000;

/// Whether a thread goes on at the end of a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TurnEnd {
    GoesOn,
    Waits,
}

/// A number for the line of a step.
fn line(site: Place) -> usize {
    match site {
        Place::Line(site) => std::ptr::from_ref(site).addr(),
        Place::Address(address) => address,
        Place::Found(index) => index as usize,
    }
}

impl Execution {
    fn did_read(&self, thread: usize, loc: u32, message: u32) -> Did {
        let own = self.threads[thread].turns.writes.iter().find(|w| w.loc == loc && w.last == message);
        own.map_or(Did::Read(self.graph.messages[message as usize].root), |own| Did::ReadOwn(own.count))
    }

    /// The running thread has read `message`.
    pub(super) fn note_turn_read(&mut self, pending: &PendingRequest, message: u32) {
        let did = self.did_read(self.me, pending.loc, message);
        self.note_step(TurnStep { loc: pending.loc, did, line: line(pending.site) });
    }

    /// The running thread has written `message`.
    pub(super) fn note_turn_write(&mut self, loc: u32, message: u32) {
        let place = self.graph.messages[message as usize].pos as usize;
        let (before, value) = (self.graph.mo(loc)[place - 1], self.graph.messages[message as usize].value);
        let writes = &mut self.threads[self.me].turns.writes;
        match writes.iter_mut().find(|w| w.loc == loc) {
            Some(w) => (w.last, w.count) = (message, w.count + 1),
            None => writes.push(TurnWrites { loc, before, first: message, last: message, count: 1 }),
        }
        let line = self.graph.site.map_or(0, line);
        self.note_step(TurnStep { loc, did: Did::Wrote(value), line });
    }

    fn note_step(&mut self, step: TurnStep) {
        let t = &mut self.threads[self.me].turns;
        if !t.push(step) {
            self.leave_the_turn();
        }
    }

    /// The turn is another one than the last.
    fn leave_the_turn(&mut self) {
        let t = &mut self.threads[self.me].turns;
        t.counts = false;
        t.asked = false;
        if let Pace::Verify(_) = std::mem::replace(&mut t.pace, Pace::Free) {
            self.verified(false);
        }
    }

    /// Whether `thread` would find something else where it did `step`. Also if a loop of another thread has
    /// come back there and nobody has verified it, unless only what differs `surely` counts.
    fn is_news(&self, thread: usize, step: &TurnStep, surely: bool) -> bool {
        let Did::Read(root) = step.did else { return false };
        let newest = self.graph.newest(step.loc);
        self.graph.messages[newest as usize].root != root || (!surely && self.is_unverified(thread, newest))
    }

    /// Whether a loop of another thread than `thread` has come back to `message`, and nobody has verified it, nor has
    /// `thread` looked at it.
    fn is_unverified(&self, thread: usize, message: u32) -> bool {
        let m = &self.graph.messages[message as usize];
        m.unverified
            && usize::from(m.thread) != thread
            && !self.threads[thread].turns.looked_at.contains(&message)
    }

    /// Whether a loop of `thread` that waits has news.
    pub(super) fn has_news(&self, thread: usize) -> bool {
        self.threads[thread].turns.last().iter().any(|step| self.is_news(thread, step, false))
    }

    /// The running thread has waited for news at `frame`, and goes on. If all that it has are writes that
    /// others have taken back, it looks at them at once: to see whether anything has changed beside. If so, it
    /// could have looked later as well.
    pub(super) fn has_waited(&mut self, frame: usize) {
        let me = self.me;
        let site = self.threads[me].pending.take().map(|pending| pending.site);
        if self.threads[me].turns.pace != Pace::News
            || self.threads[me].turns.last().iter().any(|step| self.is_news(me, step, true))
        {
            return;
        }
        let whole = if self.threads[me].turns.counts { None } else { self.whole_state(frame) };
        let t = &mut self.threads[me].turns;
        t.pace = whole.map_or(Pace::Free, Pace::Verify);
        t.verifies = site.filter(|_| whole.is_some());
    }

    /// Whether reading `message` would only repeat the last turn: this turn must read something newer, has not
    /// yet, and no later read of it could.
    pub(super) fn repetition(&self, thread: usize, loc: u32, message: u32) -> bool {
        let t = &self.threads[thread].turns;
        if t.pace != Pace::News {
            return false;
        }
        let Some(TurnStep { loc: was_loc, did: Did::Read(was), .. }) = t.expected() else {
            return false;
        };
        let newer = |step: &TurnStep| self.is_news(thread, step, true);
        *was_loc == loc
            && *was == self.graph.messages[message as usize].root
            && t.expected().is_some_and(newer)
            && !t.last()[t.steps.len() + 1..].iter().any(newer)
    }

    /// What the running thread does at `pending` without any choice, because its turn repeats the last one.
    pub(super) fn repeated(&mut self, pending: &PendingRequest) -> Option<ReadOption> {
        if !matches!(self.threads[self.me].turns.pace, Pace::Verify(_) | Pace::Repeat(_)) {
            return None;
        }
        let choice = self.as_last_time(pending);
        if choice.is_none() {
            // It has its choices again, so nothing is lost.
            let t = &mut self.threads[self.me].turns;
            (t.pace, t.verifies) = (Pace::Free, None);
        }
        choice
    }

    fn as_last_time(&mut self, pending: &PendingRequest) -> Option<ReadOption> {
        let me = self.me;
        match pending.want {
            Request::Block(_) => return None,
            Request::Time => {
                // It learns nothing new.
                self.choices_of(me, pending, 0);
                return self.choices.last().copied();
            }
            _ => {}
        }
        let t = &self.threads[me].turns;
        let step = *t.expected().filter(|step| step.loc == pending.loc && step.line == line(pending.site))?;
        let next = t.last().get(t.steps.len() + 1);
        let writes =
            next.is_some_and(|n| (n.loc, n.line) == (step.loc, step.line) && matches!(n.did, Did::Wrote(_)));
        // A wait's time may always be up once more.
        let timeouts = self.threads[me].timeouts;
        self.threads[me].timeouts = timeouts.max(1);
        self.choices_of(me, pending, 0);
        let same = |choice: &&ReadOption| {
            let value = self.graph.messages[choice.message as usize].value;
            choice.alt.kind != AltKind::Spurious
                && self.did_read(me, pending.loc, choice.message) == step.did
                && choice.alt.write.is_some_and(|new| new != value) == writes
        };
        let choice = self.choices.iter().find(same).copied();
        if choice.is_none_or(|choice| choice.alt.kind != AltKind::Timeout) {
            self.threads[me].timeouts = timeouts;
        }
        choice
    }

    /// Whether the running thread's last step ends a turn of a loop that says nothing of it.
    pub(super) fn ends_silently(&mut self) -> bool {
        self.threads[self.me].turns.ends_silently()
    }

    /// Whether all that the running thread has written in this turn is as it found it.
    fn takes_back(&self) -> bool {
        let messages = &self.graph.messages;
        self.threads[self.me].turns.writes.iter().all(|w| {
            let (before, first, last) =
                (&messages[w.before as usize], &messages[w.first as usize], &messages[w.last as usize]);
            last.value == before.value && first.pos == before.pos + 1 && last.pos + 1 == first.pos + w.count
        })
    }

    /// The stack and the registers of the running thread, whose call of the engine is at `frame`.
    fn own_state(&self, frame: usize) -> Option<u64> {
        let base = self.threads[self.me].base;
        // SAFETY: `frame` is where this thread called the engine, and `base` is on the same stack, further up.
        (frame != 0 && frame < base).then(|| unsafe { stack::digest(frame, base) })
    }

    /// [`own_state`](Self::own_state), and the time if the turn has asked for it, or has let it pass and somebody
    /// asks. Time passes if it was told the same as last time, and in a loop that has asked in many turns.
    fn state_and_time(&mut self, frame: usize) -> Option<u64> {
        let (state, now) = (self.own_state(frame), self.time());
        let t = &mut self.threads[self.me].turns;
        t.last_slept = std::mem::take(&mut t.slept);
        // Where nobody sees the stack, the time alone shows that the loop gets on.
        let with_time = |time: u64| Some(stack::mix(state.unwrap_or_default(), time));
        if std::mem::take(&mut t.asked_time) == 0 {
            return if t.last_slept && self.time_matters { with_time(now) } else { state };
        }
        t.timed_turns += 1;
        if t.time == Some(now) || t.timed_turns > MOST_QUESTIONS {
            self.let_time_pass();
        }
        let now = self.time();
        self.threads[self.me].turns.time = Some(now);
        with_time(now)
    }

    /// The running thread writes at `addr`, not as an atomic: in a static that is memory that nobody compares.
    pub(super) fn note_static_write(&mut self, addr: usize) {
        let t = &mut self.threads[self.me].turns;
        t.wrote_static |= t.in_a_loop() && statics::is_static(addr);
    }

    /// Whether the turn that the running thread has just ended may have changed what nobody looks at.
    fn may_count_unseen(&self, wrote_static: bool) -> bool {
        let in_static = |loc: &u32| {
            let object =
                self.loc_object.get(*loc as usize).and_then(|number| self.objects.get(*number as usize));
            object.is_some_and(|object| object.restore.is_some())
        };
        wrote_static || self.threads[self.me].turns.taken_back.iter().any(in_static)
    }

    /// Everything that the running thread can have changed: all stacks, and the model's heap.
    fn whole_state(&self, frame: usize) -> Option<u64> {
        let mut whole = self.own_state(frame)?;
        for (number, t) in self.live().iter().enumerate() {
            if number != self.me && t.status == Status::Waiting && t.frame != 0 && t.frame < t.base {
                // SAFETY: the thread stands still at a call of the engine that it made at `frame`.
                whole = stack::mix(whole, unsafe { stack::digest(t.frame, t.base) });
            }
        }
        Some(heap::with(|heap| heap.digest(whole)))
    }

    /// A turn of the running thread is over, at `site` and with the stack at `frame`.
    pub(super) fn end_turn(&mut self, frame: usize, site: Place) -> TurnEnd {
        let state = self.state_and_time(frame);
        let took_back = self.takes_back();
        let t = &mut self.threads[self.me].turns;
        let was = std::mem::replace(&mut t.latest, state);
        if t.steps.is_empty() && !t.too_long {
            // Hints in a row are a loop inside another: only if nothing at all has changed will it never end.
            let unchanged = self.fact(state.is_some() && was == state);
            return if unchanged { self.waits(frame, site) } else { TurnEnd::GoesOn };
        }
        // Where the stack cannot be seen, nobody can say that a turn which writes has changed nothing else.
        if !took_back || t.too_long || (state.is_none() && !t.writes.is_empty()) {
            t.clear();
            t.forget();
            return TurnEnd::GoesOn;
        }
        let repeats = t.last.as_ref() == Some(&t.steps);
        let same = t.state == state;
        let wrote_static = t.wrote_static;
        self.keep_turn(state);
        if !repeats {
            self.leave_the_turn();
            let t = &mut self.threads[self.me].turns;
            (t.repeats, t.counted, t.counts_elsewhere) = (0, 0, false);
            return TurnEnd::GoesOn;
        }
        match self.threads[self.me].turns.pace {
            Pace::Verify(before) => {
                let unchanged =
                    self.whole_state(frame) == Some(before) && !self.may_count_unseen(wrote_static);
                let unchanged = self.fact(unchanged);
                self.verified(unchanged);
                if unchanged {
                    return self.wait_for_news(site);
                }
                self.threads[self.me].turns.counts_elsewhere = true;
                self.cut_or_go_on(site)
            }
            Pace::Repeat(turns) => self.repeats_itself(turns, same, frame, site),
            Pace::Free | Pace::News => self.repeats_last(same, frame, site),
        }
    }

    /// The turn under way is the last one from now on.
    fn keep_turn(&mut self, state: Option<u64>) {
        let t = &mut self.threads[self.me].turns;
        t.taken_back.clear();
        for w in &t.writes {
            let root = self.graph.messages[w.before as usize].root;
            let last = &mut self.graph.messages[w.last as usize];
            (last.root, last.unverified) = (root, true);
            t.unverified.push(w.last);
            t.taken_back.push(w.loc);
        }
        let memory = t.last.take().unwrap_or_else(|| std::mem::take(&mut t.spare));
        t.last = Some(std::mem::replace(&mut t.steps, memory));
        t.clear();
        t.state = state;
    }

    /// A turn with all its choices has repeated the last one, with the `same` stack or another.
    fn repeats_last(&mut self, same: bool, frame: usize, site: Place) -> TurnEnd {
        let same = self.fact(same);
        let (repeats, turns) = (self.budget.repeats, self.budget.turns);
        let t = &mut self.threads[self.me].turns;
        t.pace = Pace::Free;
        if same && !t.counts_elsewhere {
            t.repeats = t.repeats.saturating_add(1);
            return if t.repeats >= repeats { self.waits(frame, site) } else { TurnEnd::GoesOn };
        }
        (t.repeats, t.counted) = (0, t.counted.saturating_add(1));
        let turns = if t.silent.is_some() { turns.max(SILENT_TURNS) } else { turns };
        // At random the old value would hardly ever be read so often in a row: some executions stick to it.
        let first = t.counted == 1;
        let sticks = first && matches!(self.search, Chooser::Random(_)) && self.random(4) == 0;
        if first && self.fact(sticks) {
            self.threads[self.me].turns.pace = Pace::Repeat(0);
            return TurnEnd::GoesOn;
        }
        if self.threads[self.me].turns.counted >= turns { self.cut_or_go_on(site) } else { TurnEnd::GoesOn }
    }

    /// A loop that seems only to wait: once more, to see that nothing at all changes.
    fn waits(&mut self, frame: usize, site: Place) -> TurnEnd {
        let whole = self.whole_state(frame);
        let empty = self.threads[self.me].turns.last.is_none();
        match whole.filter(|_| !empty) {
            Some(whole) => {
                let t = &mut self.threads[self.me].turns;
                t.pace = Pace::Verify(whole);
                t.verifies = Some(site);
                TurnEnd::GoesOn
            }
            None => self.wait_for_news(site),
        }
    }

    /// The loop that repeated itself to verify has found all unchanged, or not.
    fn verified(&mut self, unchanged: bool) {
        let place = self.threads[self.me].turns.verifies.take();
        if let Some(place) = place.filter(|_| !unchanged) {
            self.name_loop(place, u32::from(self.budget.repeats) + 1);
        }
    }

    /// The loop can only do the same again.
    fn wait_for_news(&mut self, site: Place) -> TurnEnd {
        self.loops_waited = true;
        if self.threads[self.me].turns.last_slept && !self.slept_loops.contains(&site) {
            self.slept_loops.push(site);
        }
        let t = &mut self.threads[self.me].turns;
        t.pace = Pace::News;
        t.counts = false;
        for message in t.unverified.drain(..) {
            self.graph.messages[message as usize].unverified = false;
        }
        let newest = t.last().iter().map(|step| self.graph.newest(step.loc));
        let others: Vec<u32> = newest.filter(|m| self.graph.messages[*m as usize].unverified).collect();
        t.looked_at = others;
        for loc in &t.taken_back {
            if !t.cut_writes.iter().any(|(known, _)| known == loc) {
                t.cut_writes.push((*loc, site));
            }
        }
        TurnEnd::Waits
    }

    /// The loop counts, and has had its turns: it waits, or repeats itself.
    fn cut_or_go_on(&mut self, site: Place) -> TurnEnd {
        self.threads[self.me].turns.pace = Pace::Free;
        if !self.has_news(self.me) && !self.others_may_go_on() {
            self.threads[self.me].turns.pace = Pace::Repeat(0);
            return TurnEnd::GoesOn;
        }
        self.name_loop(site, self.budget.turns);
        if self.branch(2) == 0 {
            self.threads[self.me].turns.pace = Pace::Repeat(0);
            return TurnEnd::GoesOn;
        }
        let t = &mut self.threads[self.me].turns;
        (t.pace, t.counts) = (Pace::News, true);
        TurnEnd::Waits
    }

    /// One more turn, without choices, of a loop that counts.
    fn repeats_itself(&mut self, turns: u32, same: bool, frame: usize, site: Place) -> TurnEnd {
        let same = self.fact(same);
        if same && !self.threads[self.me].turns.counts_elsewhere {
            return self.waits(frame, site);
        }
        if turns >= PATIENCE && (self.has_news(self.me) || self.others_may_go_on()) {
            self.block();
        }
        self.threads[self.me].turns.pace = Pace::Repeat(turns.saturating_add(1));
        TurnEnd::GoesOn
    }

    /// Whether any other thread may go on, for whatever reason.
    fn others_may_go_on(&mut self) -> bool {
        (0..self.live_threads).any(|other| {
            if other == self.me {
                return false;
            }
            match (self.threads[other].status, self.choosing(other)) {
                (Status::Running, _) => true,
                (Status::Finished, _) => false,
                (Status::Waiting, Some(pending)) => {
                    self.choices_of(other, &pending, 0);
                    !self.choices.is_empty()
                }
                (Status::Waiting, None) => self.can_run(other),
            }
        })
    }

    /// A cut at the loop at `place`, which was followed for `turns`, may hide something.
    fn name_loop(&mut self, place: Place, turns: u32) {
        if !self.cut_loops.contains(&(place, turns)) {
            self.cut_loops.push((place, turns));
        }
    }

    /// The execution is complete: names the loops whose cuts may hide something after all.
    pub(super) fn look_at_cuts(&mut self) {
        for number in 0..self.live_threads {
            let t = &mut self.threads[number].turns;
            if let Some(place) = t.verifies.take() {
                self.name_loop(place, u32::from(self.budget.repeats) + 1);
            }
            for (loc, place) in std::mem::take(&mut self.threads[number].turns.cut_writes) {
                let looks = |e: &GraphEvent| {
                    e.loc == loc && usize::from(e.thread) != number && e.reads != NONE && e.writes == NONE
                };
                if self.graph.events.iter().any(looks) {
                    self.name_loop(place, u32::from(self.budget.repeats) + 2);
                }
            }
        }
    }

    /// Whether something holds that hangs on bytes of the stack. An execution that repeats the choices of
    /// another one repeats the answer.
    fn fact(&mut self, holds: bool) -> bool {
        let holds = match &mut self.search {
            Chooser::Exhaustive(stack) => stack.fact(holds),
            Chooser::Replay { list, next } => {
                *next += 1;
                match list.get(*next - 1) {
                    Some(Decision::Branch { pick, of: 1 }) => Some(*pick == 1),
                    // The list ends where the failure was.
                    None => Some(holds),
                    _ => None,
                }
            }
            Chooser::Random(_) | Chooser::Follower(_) | Chooser::Busy => Some(holds),
        };
        let Some(holds) = holds else {
            self.not_deterministic();
            return false;
        };
        self.decisions.push(Decision::Branch { pick: holds.into(), of: 1 });
        holds
    }
}
