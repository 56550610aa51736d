//! Time on the graph: how much of it a thread knows to have passed.
//!
//! Threads may be as slow as they like, so there is no clock that all of them read. A thread knows the time of
//! everything that it comes after, by program order and by what it has read. A sleep, or a wait whose time is up,
//! moves the thread's own time on. So two threads sleep side by side unless one comes after the other, and what a
//! thread learns of the time hangs on what it reads, not on the order in which the search runs the threads.
//!
//! Who asks for the time may find that a sleep of another thread is over, or not. That is a choice, and it is made
//! as that of a block to allocate is (see [`crate::explorer::reuse`]): the clock is a location with one message,
//! *nothing new*; each sleep is a store to a location of its own; to ask is a read of one of them. So time orders
//! nothing but what comes after it. How often a thread learns something in this way is limited as its time-outs
//! are: see [`Check::timeouts`](crate::Check::timeouts).
//!
//! Time also passes for a thread that only looks at it, so that a loop with a deadline ends: see
//! [`crate::explorer::waiting`]. Nobody else learns of that but by reading what the thread writes.

use crate::explorer::execution::Execution;
use crate::explorer::request::PendingRequest;
use crate::graph::event::NONE;
use crate::seam::op::{Alt, AltKind, DONE, Strength};
use crate::search::stack::ReadOption;

/// What passes first for a thread that only looks at the time, in nanoseconds.
const FIRST_JUMP: u64 = 1_000_000;

/// Questions for the time in one turn, and turns with questions, after which it passes.
pub(super) const MOST_QUESTIONS: u32 = 64;

impl Execution {
    /// The location of the clock.
    pub(super) fn clock(&mut self) -> u32 {
        if self.sleeps.clock == NONE {
            self.sleeps.clock = self.add_bare_location();
        }
        self.sleeps.clock
    }

    /// What the running thread knows of the time, in nanoseconds.
    pub(super) fn time(&self) -> u64 {
        self.graph.pasts[self.me].time
    }

    /// The running thread has slept, or its wait is over.
    pub(super) fn pass(&mut self, nanos: u64) {
        let clock = self.clock();
        self.threads[self.me].turns.slept |= nanos > 0;
        let past = &mut self.graph.pasts[self.me];
        past.time = past.time.saturating_add(nanos);
        let time = past.time;
        let own = self.add_bare_location();
        let message = self.graph.store(self.me, own, time, Strength::RELAXED, 1);
        self.sleeps.over.push(message);
        self.note(clock, message, false);
    }

    /// Fills `choices` with what `thread` may learn of the time, nothing last; messages before `covered` left out.
    pub(super) fn times_of(&mut self, thread: usize, loc: u32, covered: u32) {
        let known = self.graph.pasts[thread].time;
        let curious = self.threads[thread].lessons > 0;
        let alt = Alt { write: None, result: DONE, strength: Strength::RELAXED, kind: AltKind::Normal };
        let nothing = self.graph.newest(loc);
        for (at, message) in self.sleeps.over.iter().enumerate().rev() {
            let later = self.graph.messages[*message as usize].time > known;
            if curious && later && *message >= covered {
                self.choices.push(ReadOption { message: *message, nth: (at + 1).min(255) as u8, alt });
            }
        }
        if nothing >= covered {
            self.choices.push(ReadOption { message: nothing, nth: 0, alt });
        }
    }

    /// The running thread learns what `message` says of the time, and gives what it knows then.
    pub(super) fn learn_time(&mut self, pending: &PendingRequest, message: u32) -> u64 {
        self.time_matters = true;
        let learns = self.graph.messages[message as usize].loc != pending.loc;
        self.graph.load(self.me, message, Strength::RELAXED);
        let thread = &mut self.threads[self.me];
        thread.lessons -= u8::from(learns);
        thread.turns.asked_time += 1;
        if thread.turns.asked_time > MOST_QUESTIONS {
            thread.turns.asked_time = 1;
            self.let_time_pass();
        }
        self.time()
    }

    /// Time passes for the running thread, which only looks at it: each time sixteen times more.
    pub(super) fn let_time_pass(&mut self) {
        let thread = &mut self.threads[self.me];
        let passes = FIRST_JUMP.saturating_mul(16_u64.saturating_pow(thread.time_jumps.into()));
        thread.time_jumps = thread.time_jumps.saturating_add(1);
        let past = &mut self.graph.pasts[self.me];
        past.time = past.time.saturating_add(passes);
    }
}
