//! One execution of a model under the explorer: threads, objects, and who
//! goes next.
//!
//! # Steps
//!
//! A thread runs its stores, fences, cell accesses and spawns at once: a store
//! may enter modification order anywhere, so delaying it adds nothing. At a
//! read it publishes what it wants ([`PendingRequest`]) and gives up control. When
//! every live thread stands at a read, [`Execution::advance`] picks one of them and
//! what it reads. Joins and spinning threads are not choices: they run as soon
//! as they can.
//!
//! Loops that wait are the story of [`crate::explorer::waiting`].

use crate::explorer::request::{PendingRequest, Request};
use crate::explorer::sleeps::Sleeps;
use crate::explorer::turns::Turns;
use crate::explorer::unseen::Unseen;
use crate::graph::event::NONE;
use crate::graph::rc11::Graph;
use crate::graph::stamp::Stamp;
use crate::memory::race::CellState;
use crate::plan::budget::Budget;
use crate::plan::decision::Decision;
use crate::plan::orderings::{OrderingSites, OrderingUse};
use crate::report::cause::PanicData;
use crate::report::data::{FailureKind, Limit};
use crate::seam::clock::MAX_THREADS;
use crate::seam::op::{Alt, AltKind, Strength};
use crate::seam::place::Place;
use crate::seam::stack;
use crate::seam::tracer::Tracer;
use crate::search::chooser::Chooser;
use crate::search::minimise::Preference;
use crate::search::stack::{ReadOption, WriteNote};
use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    /// Has something to run before its next read.
    Running,
    /// Stands at its pending operation.
    Waiting,
    Finished,
}

/// Turns for nothing that a thread gets when nobody can go on and its memory cannot be seen.
const RESCUES: u8 = 40;

#[derive(Debug)]
pub(crate) struct ModelThread {
    pub(crate) name: String,
    /// Whether the model gave it.
    own_name: bool,
    pub(crate) status: Status,
    pub(crate) pending: Option<PendingRequest>,
    pub(super) chosen: Option<ReadOption>,
    /// Messages with smaller numbers have been tried by the pending read.
    pub(super) covered: u32,
    pub(super) spurious: u8,
    pub(super) timeouts: u8,
    pub(super) rescues: u8,
    /// The turns of the loop that it may be in.
    pub(super) turns: Turns,
    /// Where its stack begins, and where it called the engine when it last gave up control; 0 if not known.
    pub(super) base: usize,
    pub(super) frame: usize,
    /// How many calls of the door's that are built of its own atomics it is in.
    pub(super) own_calls: u8,
    /// How many of those only count handles.
    pub(super) handle_calls: u8,
    /// How often time has passed for it because it only asked for the time.
    pub(super) time_jumps: u8,
    /// How often it may still learn from nobody but the clock that another thread's sleep is over.
    pub(super) lessons: u8,
    /// Whether it unwinds a panic where it stands.
    unwinds: bool,
    /// The panic that it began last.
    pub(super) last_panic: Option<PanicData>,
}

impl ModelThread {
    /// The panic that it unwinds where it stands.
    pub(super) fn unwound_panic(&self) -> Option<&PanicData> {
        self.last_panic.as_ref().filter(|_| self.unwinds && self.status == Status::Waiting)
    }
}

/// An object of the model: an atomic, a lock's word, or a cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectRecord {
    pub(crate) ptr: *mut u8,
    pub(crate) size: usize,
    /// Its location in the graph, or [`NONE`] for a cell.
    pub(crate) loc: u32,
    /// Its race state, or [`NONE`] for an atomic.
    pub(crate) cell: u32,
    /// Who allocated its memory, and when: its initialisation.
    pub(crate) born: Stamp,
    /// The thread that has used it first.
    pub(crate) first: u8,
    /// Where its memory was freed.
    pub(crate) freed: Option<Stamp>,
    /// The value to put back when the execution ends, for a static.
    pub(crate) restore: Option<u64>,
}

/// What a thread is called that has no name of its own.
fn default_name(number: usize) -> String {
    if number == 0 { "main".to_owned() } else { format!("t{number}") }
}

/// Why an execution stopped before its end.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// Another execution covers it.
    Blocked,
    /// Only frozen threads are left, and those that join them.
    Frozen,
    /// A panic ends the process: the first of [`Execution::panics`].
    Aborted,
    /// It belongs to another thread or shard.
    Foreign,
    Failed {
        kind: FailureKind,
        message: String,
        sites: Vec<Place>,
    },
    Limit(Limit),
}

#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) graph: Graph,
    pub(crate) threads: Vec<ModelThread>,
    pub(super) live_threads: usize,
    /// The running thread.
    pub(crate) me: usize,
    /// The thread that runs next, once decided.
    pub(crate) next: Option<usize>,
    pub(crate) objects: Vec<ObjectRecord>,
    /// The object of each location.
    pub(crate) loc_object: Vec<u32>,
    pub(crate) cells: Vec<CellState>,
    pub(crate) live_cells: usize,
    /// Plain memory, where the sanitizer's pass reports it.
    pub(crate) shadow: crate::memory::shadow::Shadow,
    pub(crate) search: Chooser,
    pub(crate) budget: Budget,
    /// Orderings to run as weaker ones, or to write down.
    pub(crate) sites: OrderingSites,
    /// The outcomes that an execution may come to, if they are known.
    pub(crate) outcomes: Option<Arc<BTreeSet<String>>>,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) stop: Option<Stop>,
    pub(crate) steps: u32,
    /// Choices so far that were not the newest.
    pub(super) stale: u32,
    /// Times that control was taken from a thread that could go on.
    pub(super) preemptions: u32,
    /// The thread that was chosen last.
    pub(super) last: usize,
    pub(super) sleeps: Sleeps,
    /// Whether anybody has asked for the time, in any execution.
    pub(super) time_matters: bool,
    /// Loops that were cut although time passes in them, in all executions, before that was known.
    pub(super) slept_loops: Vec<Place>,
    /// Whether memory that holds objects was freed.
    pub(super) freed: bool,
    /// Whether writers that wait for a reader-writer lock hold new readers up; `None` before anybody writes.
    pub(super) writers_first: Option<bool>,
    pub(crate) tracer: Tracer,
    /// While traced: the messages that the read about to run could take, the newest first.
    pub(super) candidates: Vec<u32>,
    /// While traced: the choices of the execution, in a form that fits other schedules too.
    pub(super) preferences: Vec<Preference>,
    pub(crate) outcome: Option<String>,
    /// Panics of threads that nobody has joined: thread, panic, last operation.
    pub(crate) panics: Vec<(usize, PanicData, Option<Place>)>,
    /// Who is frozen, and how many steps its operations take.
    pub(crate) liveness: crate::explorer::liveness::Liveness,
    /// Which freed blocks may be allocated again.
    pub(crate) reuse: crate::memory::free_lists::Reuse,
    /// Keeps other models from statics, from the first use to the end of the check.
    pub(super) statics_claim: Option<MutexGuard<'static, ()>>,
    /// What the watchdog looks at.
    pub(crate) heartbeat: std::sync::Arc<crate::explorer::heartbeat::Heartbeat>,
    /// The execution's number: half of an object's identity.
    pub(crate) execution: u32,
    /// What `stale` came to in all executions that have ended.
    pub(crate) stale_choices: u64,
    /// Whether a stale choice was left out because the graph is too large.
    pub(crate) too_large: bool,
    /// In all executions.
    pub(crate) unseen: Unseen,
    /// Loops that were not followed to their end in all executions: where, and for how many turns in a row.
    pub(crate) cut_loops: Vec<(Place, u32)>,
    /// Whether a loop has waited for news in any execution.
    pub(crate) loops_waited: bool,
    /// Whether the memory that the engine leaves on a thread's stack is wiped after each call.
    pub(crate) wipes: bool,
    /// Whether others could go on while a loop was asked for one more turn.
    pub(super) unfair: bool,
    pub(super) choices: Vec<ReadOption>,
    pub(super) alts: Vec<Alt>,
    pub(super) places: Vec<u32>,
}

impl Execution {
    pub(crate) fn new(search: Chooser, budget: Budget) -> Execution {
        Execution {
            graph: Graph::default(),
            threads: Vec::new(),
            live_threads: 0,
            me: 0,
            next: None,
            objects: Vec::new(),
            loc_object: Vec::new(),
            cells: Vec::new(),
            live_cells: 0,
            shadow: crate::memory::shadow::Shadow::default(),
            search,
            budget,
            sites: OrderingSites::default(),
            outcomes: None,
            decisions: Vec::new(),
            stop: None,
            steps: 0,
            stale: 0,
            preemptions: 0,
            last: 0,
            sleeps: Sleeps::new(),
            time_matters: false,
            slept_loops: Vec::new(),
            freed: false,
            writers_first: None,
            tracer: Tracer::default(),
            candidates: Vec::new(),
            preferences: Vec::new(),
            outcome: None,
            panics: Vec::new(),
            liveness: crate::explorer::liveness::Liveness::default(),
            reuse: crate::memory::free_lists::Reuse::default(),
            statics_claim: None,
            heartbeat: std::sync::Arc::default(),
            execution: 0,
            stale_choices: 0,
            too_large: false,
            unseen: Unseen::default(),
            cut_loops: Vec::new(),
            loops_waited: false,
            wipes: false,
            unfair: false,
            choices: Vec::new(),
            alts: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Starts the next execution, with the main thread in it.
    pub(crate) fn reset(&mut self, execution: u32) {
        self.graph.reset();
        self.live_threads = 0;
        self.me = 0;
        self.next = None;
        self.objects.clear();
        self.loc_object.clear();
        self.live_cells = 0;
        self.shadow.reset();
        self.decisions.clear();
        self.stop = None;
        self.steps = 0;
        self.stale_choices += u64::from(std::mem::take(&mut self.stale));
        self.preemptions = 0;
        self.last = 0;
        self.sleeps.reset();
        self.freed = false;
        self.writers_first = None;
        self.unfair = false;
        self.tracer.reset();
        self.candidates.clear();
        self.preferences.clear();
        self.outcome = None;
        self.panics.clear();
        self.liveness.reset();
        self.reuse.reset();
        self.heartbeat.execution();
        self.execution = execution;
        match &mut self.search {
            Chooser::Exhaustive(stack) => stack.rewind(),
            Chooser::Random(sampler) => sampler.begin(),
            Chooser::Replay { next, .. } => *next = 0,
            Chooser::Follower(follow) => follow.rewind(),
            Chooser::Busy => {}
        }
        self.add_thread(None, None);
    }

    /// Adds a thread and gives its number; `None` when there is no room.
    pub(crate) fn add_thread(&mut self, parent: Option<usize>, name: Option<String>) -> Option<usize> {
        if self.live_threads == MAX_THREADS {
            return None;
        }
        let number = self.graph.add_thread(parent);
        if number == self.threads.len() {
            self.threads.push(ModelThread {
                name: default_name(number),
                own_name: false,
                status: Status::Running,
                pending: None,
                chosen: None,
                covered: 0,
                spurious: 0,
                timeouts: 0,
                rescues: 0,
                turns: Turns::new(),
                base: 0,
                frame: 0,
                own_calls: 0,
                handle_calls: 0,
                time_jumps: 0,
                lessons: 0,
                unwinds: false,
                last_panic: None,
            });
        }
        let thread = &mut self.threads[number];
        if thread.own_name || name.is_some() {
            thread.own_name = name.is_some();
            thread.name = name.unwrap_or_else(|| default_name(number));
        }
        thread.status = Status::Running;
        thread.pending = None;
        thread.chosen = None;
        thread.covered = 0;
        thread.spurious = self.budget.spurious;
        thread.timeouts = self.budget.timeouts;
        thread.rescues = RESCUES;
        thread.turns.reset();
        (thread.base, thread.frame) = (0, 0);
        (thread.own_calls, thread.handle_calls) = (0, 0);
        thread.last_panic = None;
        thread.time_jumps = 0;
        thread.lessons = self.budget.timeouts;
        self.live_threads += 1;
        self.unseen.threads |= self.live_threads > 1;
        Some(number)
    }

    /// The body of `thread` begins on a stack below `base`.
    pub(super) fn begins(&mut self, thread: usize, base: usize) {
        self.threads[thread].base = base;
    }

    pub(crate) fn live(&self) -> &[ModelThread] {
        &self.threads[..self.live_threads]
    }

    /// How strong an operation at `place` is that asks for `ask`.
    pub(crate) fn strength(&mut self, ask: OrderingUse, place: Place) -> Strength {
        if self.sites.active && self.threads[self.me].own_calls == 0 {
            self.sites.strength(ask, place)
        } else {
            ask.strength
        }
    }

    /// A compare-exchange at `place` came to `ask`.
    pub(crate) fn came_to(&mut self, ask: OrderingUse, place: Place) {
        if self.sites.recording() && self.threads[self.me].own_calls == 0 {
            self.sites.note(ask, place, true);
        }
    }

    /// Ends the execution as a failure, unless something ended it before.
    pub(crate) fn fail(&mut self, kind: FailureKind, message: String, sites: Vec<Place>) {
        if self.stop.is_some() {
            return;
        }
        // A panic of the main thread is the failure, whatever else comes to light while it unwinds.
        let panic = self.threads[0].last_panic.as_ref().filter(|_| self.me == 0 && std::thread::panicking());
        let (kind, message) = match panic {
            Some(panic) => {
                (FailureKind::Panic, format!("{}\nand while it unwinds: {message}", panic.message))
            }
            None => (kind, message),
        };
        self.stop = Some(Stop::Failed { kind, message, sites });
    }

    /// The running thread goes on with `choice` at `pending` at once.
    pub(super) fn hold(&mut self, pending: PendingRequest, choice: ReadOption) {
        let t = &mut self.threads[self.me];
        (t.pending, t.chosen) = (Some(pending), Some(choice));
    }

    /// The running thread, whose number this gives, stands at `pending`. Decides who runs next.
    pub(super) fn stand(&mut self, pending: PendingRequest) -> usize {
        let t = &mut self.threads[self.me];
        t.pending = Some(pending);
        t.status = Status::Waiting;
        t.frame = stack::frame();
        t.unwinds = std::thread::panicking();
        if !t.unwinds {
            t.last_panic = None;
        }
        self.advance();
        self.me
    }

    /// Decides who runs next. Afterwards `next` or `stop` is set, or every
    /// thread has finished.
    pub(crate) fn advance(&mut self) {
        while self.next.is_none() && self.stop.is_none() {
            if let Some(eager) = (0..self.live_threads).find(|t| self.can_run(*t)) {
                self.threads[eager].status = Status::Running;
                self.next = Some(eager);
            } else if self.live().iter().all(|t| t.status == Status::Finished) {
                return;
            } else if self.only_frozen_left() {
                self.stop = Some(Stop::Frozen);
            } else {
                self.decide();
            }
        }
    }

    /// Whether every thread has finished; else decides who runs next.
    pub(crate) fn over(&mut self) -> bool {
        if self.stop.is_none() {
            self.advance();
        }
        self.stop.is_none() && self.next.is_none()
    }

    /// Whether `thread` can go on without a choice.
    pub(super) fn can_run(&self, thread: usize) -> bool {
        let t = &self.threads[thread];
        match (t.status, t.pending.as_ref().map(|p| p.want)) {
            (Status::Running, _) => true,
            (Status::Waiting, Some(Request::Join(of))) => self.threads[of].status == Status::Finished,
            (Status::Waiting, Some(Request::Newer)) => self.has_news(thread),
            _ => false,
        }
    }

    /// Whether thread `me`, which runs, is also the next: then it goes on.
    pub(super) fn takes_next(&mut self, me: usize) -> bool {
        self.next.take_if(|next| *next == me).is_some()
    }

    /// What was chosen for the running thread, with its operation.
    pub(crate) fn take_chosen(&mut self) -> (PendingRequest, ReadOption) {
        let t = &mut self.threads[self.me];
        let pending = t.pending.take().expect("the thread stood at an operation");
        let choice = t.chosen.take().expect("a choice was made for it");
        match choice.alt.kind {
            AltKind::Spurious => t.spurious -= 1,
            AltKind::Timeout => t.timeouts -= 1,
            AltKind::Normal | AltKind::Fail => {}
        }
        (pending, choice)
    }

    /// Runs the chosen operation; gives the value it read.
    pub(crate) fn apply(&mut self, pending: &PendingRequest, choice: &ReadOption) -> u64 {
        let ReadOption { message, alt, .. } = *choice;
        let me = self.me;
        let value = self.graph.messages[message as usize].value;
        if let Request::Block(_) = pending.want {
            self.take_block(pending.loc, message);
            return value;
        }
        if let Request::Time = pending.want {
            return self.learn_time(pending, message);
        }
        self.note_turn_read(pending, message);
        let mut written = NONE;
        match alt.write {
            Some(new) => {
                written = self.graph.rmw(me, message, new, alt.strength);
                if value != new {
                    self.note_turn_write(pending.loc, written);
                }
                self.write_through(pending.loc, written);
            }
            None => {
                self.graph.load(me, message, alt.strength);
            }
        }
        let rmw = !matches!(pending.want, Request::Load(_));
        if rmw {
            self.note(pending.loc, written, true);
        }
        value
    }

    /// A store by the running thread.
    pub(crate) fn store(&mut self, loc: u32, value: u64, strength: Strength) -> u32 {
        let me = self.me;
        let mut places = std::mem::take(&mut self.places);
        places.clear();
        self.graph.store_places(me, loc, strength, &mut places);
        if let Chooser::Exhaustive(stack) = &mut self.search
            && places.len() > 1
            && stack.stale.is_some_and(|bound| self.stale >= bound)
        {
            places.truncate(1);
            stack.cut = true;
        }
        let newest = matches!(self.search, Chooser::Random(_)) && places.len() > 1 && self.random(2) == 0;
        let place = if newest {
            self.decisions.push(Decision::Branch { pick: 0, of: places.len() as u32 });
            places[0]
        } else {
            places[self.branch(places.len() as u32) as usize]
        };
        self.stale += u32::from(place != places[0]);
        self.places = places;
        let message = self.graph.store(me, loc, value, strength, place);
        self.note_turn_write(loc, message);
        self.write_through(loc, message);
        self.note(loc, message, false);
        message
    }

    pub(super) fn note(&mut self, loc: u32, written: u32, rmw: bool) {
        if let Chooser::Exhaustive(stack) = &mut self.search {
            let past = &self.graph.pasts[self.me];
            stack.note(&WriteNote {
                thread: self.me,
                seq: past.seq,
                loc,
                porf: &past.porf,
                writes: written != NONE,
                rmw,
            });
        }
    }

    /// Keeps the real atomic at the newest message.
    fn write_through(&mut self, loc: u32, message: u32) {
        if self.graph.newest(loc) == message {
            let object = &self.objects[self.loc_object[loc as usize] as usize];
            // SAFETY: the object was registered with this address and size by an operation on a live
            // atomic, and the operation under way shows that it still is live.
            unsafe {
                crate::seam::runtime::write_atomic(
                    object.ptr,
                    object.size,
                    self.graph.messages[message as usize].value,
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
