//! The engine for large models: sequentially consistent interleavings, on
//! shuttle's coroutines.
//!
//! # What it runs
//!
//! Before every atomic operation and every operation of a lock the running
//! thread gives up control, [`super::schedule`] says who goes on, and the
//! operation then acts on the real memory. So a read sees the newest value,
//! whatever its ordering, and fences do nothing: weak behaviours, and data
//! races on plain memory, are for the explorer. In return an execution costs
//! no graph, so models may be large.
//!
//! # Who can go on
//!
//! 1. A thread at a plain operation always can.
//! 2. A thread at a blocking operation can if the operation has an alternative
//!    on the value in memory. Spurious and timed-out ones count within the
//!    budget, and only while somebody else can go on without.
//! 3. A thread that yields can once somebody has written since it last looked.
//! 4. When nobody can, waits with a time limit time out, and threads that
//!    yield get turns for nothing, in case their loops count. When these are
//!    used up, it is a livelock; without any such thread, a deadlock.
//!
//! # Checked by
//!
//! `tests/engines.rs`.

use super::op::{Alt, AltKind, Rmw, SyncOp};
use super::place::{self, Place, source_line};
use super::plan::Plan;
use super::report::{FailureKind, Limit, SourceLine};
use super::runtime::{self, Access, Obj, Runtime, Site};
use super::schedule::Schedule;
use super::state::Budget;
use super::statics;
use super::tracing::{Tracer, name, shown};
use shuttle_engine::runtime::execution::ExecutionState;
use std::cell::Cell;
use std::ptr;
use std::sync::MutexGuard;
use std::sync::atomic::Ordering;

/// Threads of an execution, the main one included: a condition variable's word
/// has a bit for each.
const MAX_THREADS: usize = 32;

/// Stack of a model thread, in bytes. Pages are touched only when used.
pub(super) const STACK: usize = 256 * 1024;

/// Turns for nothing, in a row, before nobody going on is a livelock.
const IDLE_TURNS: u32 = 1_000;

/// What a thread stands at.
#[derive(Clone, Copy, Debug)]
enum Want {
    /// An operation that always can run.
    Step,
    /// An operation of a lock, on the word at this address.
    Sync(SyncOp, usize),
    /// The end of this thread.
    Join(usize),
    /// A write by another thread, since so many.
    Change(u64),
}

#[derive(Debug)]
struct Thread {
    name: String,
    finished: bool,
    want: Want,
    site: Place,
    spurious: u8,
    timeouts: u8,
    /// How many writes there had been at its last operation.
    looked: u64,
}

/// Why an execution stopped before its end.
#[derive(Clone, Debug)]
pub(super) enum Stop {
    Failed { kind: FailureKind, message: String, sites: Vec<SourceLine> },
    Limit(Limit),
}

/// One execution.
#[derive(Debug)]
pub(super) struct State {
    threads: Vec<Thread>,
    pub(super) me: usize,
    /// Who runs next, once decided.
    pub(super) next: Option<usize>,
    pub(super) schedule: Schedule,
    budget: Budget,
    pub(super) stop: Option<Stop>,
    steps: u32,
    /// Whether nobody can go on by what others have done.
    stuck: bool,
    /// Turns for nothing since the last write.
    idle: u32,
    writes: u64,
    nanos: u64,
    pub(super) tracer: Tracer,
    pub(super) outcome: Option<String>,
    /// Panics of threads that nobody has joined.
    panics: Vec<(usize, String)>,
    /// Addresses in the order of their first use, for their names in a trace.
    seen: Vec<usize>,
    /// Atomics in static memory, with the value to put back.
    statics: Vec<(usize, usize, u64)>,
    /// Keeps other models from those statics while the check lasts.
    claim: Option<MutexGuard<'static, ()>>,
    alts: Vec<Alt>,
    able: Vec<usize>,
}

impl State {
    pub(super) fn new(plan: &Plan) -> State {
        State {
            threads: Vec::new(),
            me: 0,
            next: None,
            schedule: Schedule::new(&plan.mode),
            budget: plan.budget,
            stop: None,
            steps: 0,
            stuck: false,
            idle: 0,
            writes: 0,
            nanos: 0,
            tracer: Tracer::default(),
            outcome: None,
            panics: Vec::new(),
            seen: Vec::new(),
            statics: Vec::new(),
            claim: None,
            alts: Vec::new(),
            able: Vec::new(),
        }
    }

    /// Starts the next execution, with the main thread in it.
    pub(super) fn reset(&mut self) {
        self.threads.clear();
        self.me = 0;
        self.next = None;
        self.schedule.begin();
        self.stop = None;
        self.steps = 0;
        self.stuck = false;
        self.idle = 0;
        self.writes = 0;
        self.nanos = 0;
        self.tracer.reset();
        self.outcome = None;
        self.panics.clear();
        self.seen.clear();
        self.add_thread("main".into(), std::panic::Location::caller());
    }

    fn add_thread(&mut self, name: String, site: Site) {
        self.threads.push(Thread {
            name,
            finished: false,
            want: Want::Step,
            site: Place::Line(site),
            spurious: self.budget.spurious,
            timeouts: self.budget.timeouts,
            looked: 0,
        });
    }

    /// The names of the threads.
    pub(super) fn lanes(&self) -> Vec<String> {
        self.threads.iter().map(|t| t.name.clone()).collect()
    }

    /// The first panic that nobody has joined.
    pub(super) fn first_panic(&self) -> Option<&str> {
        self.panics.first().map(|(_, message)| message.as_str())
    }

    /// Puts statics back as they were.
    pub(super) fn put_back(&mut self) {
        for (addr, size, value) in self.statics.drain(..) {
            // SAFETY: only atomics in a static segment are listed, which are always live.
            unsafe { runtime::write_atomic(addr, size, value) }
        }
    }

    /// Decides who runs next. Afterwards `next` or `stop` is set, or every
    /// thread has finished.
    pub(super) fn decide(&mut self) {
        let mut able = std::mem::take(&mut self.able);
        able.clear();
        self.stuck = false;
        let threads = 0..self.threads.len();
        able.extend(threads.clone().filter(|t| self.can_run(*t)));
        if !able.is_empty() {
            for t in threads {
                if !able.contains(&t) && self.may_wake(t) {
                    able.push(t);
                }
            }
            self.next = Some(self.schedule.thread(&able, self.me));
        } else if self.threads.iter().any(|t| !t.finished) {
            self.stuck = true;
            self.idle += 1;
            able.extend(threads.filter(|t| self.may_idle(*t)));
            if able.is_empty() || self.idle > IDLE_TURNS {
                self.report_stuck();
            } else {
                self.next = Some(able[self.idle as usize % able.len()]);
            }
        }
        self.able = able;
    }

    /// Whether `thread` can go on by what others have done (rules 1 to 3).
    fn can_run(&mut self, thread: usize) -> bool {
        match self.threads[thread].want {
            _ if self.threads[thread].finished => false,
            Want::Step => true,
            Want::Join(of) => self.threads[of].finished,
            Want::Change(since) => self.writes > since,
            Want::Sync(op, word) => {
                self.fill_alts(thread, op, word);
                self.alts.iter().any(|a| matches!(a.kind, AltKind::Normal | AltKind::Fail))
            }
        }
    }

    /// Whether `thread` may wake for no reason, or because its time is up.
    fn may_wake(&mut self, thread: usize) -> bool {
        let Want::Sync(op, word) = self.threads[thread].want else {
            return false;
        };
        self.fill_alts(thread, op, word);
        !self.threads[thread].finished && !self.alts.is_empty()
    }

    /// Whether `thread` may go on when nobody can (rule 4).
    fn may_idle(&self, thread: usize) -> bool {
        match self.threads[thread].want {
            _ if self.threads[thread].finished => false,
            Want::Change(_) => true,
            Want::Sync(op, _) => {
                matches!(op, SyncOp::Wait { timed: true, .. } | SyncOp::Park { timed: true })
            }
            _ => false,
        }
    }

    /// Fills `alts` with what `op` may do now.
    fn fill_alts(&mut self, thread: usize, op: SyncOp, word: usize) {
        self.alts.clear();
        // SAFETY: the thread stands at an operation on this word, which it borrows.
        let value = unsafe { runtime::read_atomic(word, 8) };
        op.alts(value, thread, &mut self.alts);
        let (t, stuck) = (&self.threads[thread], self.stuck);
        self.alts.retain(|alt| match alt.kind {
            AltKind::Spurious => t.spurious > 0 && !stuck,
            AltKind::Timeout => t.timeouts > 0 || stuck,
            AltKind::Normal | AltKind::Fail => true,
        });
    }

    fn report_stuck(&mut self) {
        let mut kind = FailureKind::Deadlock;
        let mut waits = Vec::new();
        let mut sites = Vec::new();
        for t in self.threads.iter().filter(|t| !t.finished) {
            let what = match t.want {
                Want::Step => "an operation".to_owned(),
                Want::Sync(op, _) => op.name().to_owned(),
                Want::Join(of) => format!("join of {}", self.threads[of].name),
                Want::Change(_) => {
                    kind = FailureKind::Livelock;
                    "a loop that spins".to_owned()
                }
            };
            waits.push(format!("{} at {what}", t.name));
            sites.push(source_line(t.site));
        }
        let message = format!("no thread can go on: {}", waits.join(", "));
        self.stop.get_or_insert(Stop::Failed { kind, message, sites });
    }

    /// The value in memory has been written: whoever waits may look again.
    fn wrote(&mut self) {
        self.writes += 1;
        self.idle = 0;
        self.threads[self.me].looked = self.writes;
    }

    fn finish(&mut self, thread: usize) {
        self.threads[thread].finished = true;
        self.idle = 0;
    }

    /// A static's value is put back when the execution ends.
    fn touch(&mut self, obj: &Obj<'_>) {
        if statics::is_static(obj.addr) && !self.statics.iter().any(|(addr, ..)| *addr == obj.addr) {
            self.claim.get_or_insert_with(statics::claim);
            self.statics.push((obj.addr, obj.size, obj.value()));
        }
    }

    fn trace(&mut self, obj: Option<&Obj<'_>>, site: Site, text: impl FnOnce(&str) -> String) {
        if !self.tracer.on {
            return;
        }
        let called = obj.map_or(String::new(), |obj| {
            let at = self.seen.iter().position(|a| *a == obj.addr).unwrap_or_else(|| {
                self.seen.push(obj.addr);
                self.seen.len() - 1
            });
            name(at as u32)
        });
        self.tracer.step(self.me, Some(place::of(site)), || text(&called));
    }
}

thread_local! {
    static STATE: Cell<*mut State> = const { Cell::new(ptr::null_mut()) };
    static RESETS: std::cell::RefCell<Vec<Box<dyn FnOnce()>>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Makes `state` the state of this operating-system thread.
pub(super) fn install(state: *mut State) {
    STATE.set(state);
}

/// Gives `f` the state.
pub(super) fn with<R>(f: impl FnOnce(&mut State) -> R) -> R {
    let state = STATE.get();
    assert!(!state.is_null(), "no execution is under way on this thread");
    // SAFETY: the driver installed a state that lives as long as the check does. Only this thread uses
    // it, and `f` is a short piece of engine code that neither calls `with` again nor switches.
    f(unsafe { &mut *state })
}

/// Runs what the execution's statics asked for at its end.
pub(super) fn run_resets(completed: bool) {
    crate::sync::run_resets(RESETS.take(), completed);
}

/// Stands at an operation until the schedule picks the thread.
fn stand(want: Want, site: Site) {
    let (me, next) = with(|s| {
        let me = s.me;
        s.threads[me].want = want;
        s.threads[me].site = place::of(site);
        s.steps += 1;
        if s.steps > s.budget.steps {
            s.stop.get_or_insert(Stop::Limit(Limit::Steps(s.budget.steps.into())));
        }
        if s.stop.is_none() {
            s.decide();
        }
        (me, s.next)
    });
    if next == Some(me) {
        with(|s| s.next = None);
    } else {
        shuttle_engine::runtime::thread::switch();
    }
    while with(|s| s.stop.is_some()) {
        shuttle_engine::runtime::thread::switch();
    }
    with(|s| {
        s.threads[me].want = Want::Step;
        s.threads[me].looked = s.writes;
    });
}

fn how(kind: AltKind) -> &'static str {
    match kind {
        AltKind::Normal => "",
        AltKind::Fail => ": held by another",
        AltKind::Spurious => ": wakes for no reason",
        AltKind::Timeout => ": time is up",
    }
}

/// Whether the thread unwinds a panic: its operations then run at once.
fn unwinding() -> bool {
    std::thread::panicking()
}

/// The engine. Its state is the thread's.
#[derive(Debug)]
pub(super) struct Sc;

impl Runtime for Sc {
    fn load(&self, obj: Obj<'_>, _: Ordering, site: Site) -> u64 {
        let _engine = runtime::engine_code();
        if !unwinding() {
            with(|s| s.touch(&obj));
            stand(Want::Step, site);
        }
        let value = obj.value();
        with(|s| s.trace(Some(&obj), site, |at| format!("load {at} = {}", shown(value))));
        value
    }

    fn store(&self, obj: Obj<'_>, value: u64, _: Ordering, site: Site) {
        let _engine = runtime::engine_code();
        if !unwinding() {
            with(|s| s.touch(&obj));
            stand(Want::Step, site);
        }
        // SAFETY: the door took the address from a reference to a live atomic of this size.
        unsafe { runtime::write_atomic(obj.addr, obj.size, value) }
        with(|s| {
            s.wrote();
            s.trace(Some(&obj), site, |at| format!("store {at} = {}", shown(value)));
        });
    }

    fn unlock(&self, obj: Obj<'_>, site: Site) {
        self.store(obj, 0, Ordering::Release, site);
    }

    fn rmw(&self, obj: Obj<'_>, op: Rmw, _: Ordering, _: Ordering, site: Site) -> Result<u64, u64> {
        let _engine = runtime::engine_code();
        if !unwinding() {
            with(|s| s.touch(&obj));
            stand(Want::Step, site);
        }
        let old = obj.value();
        let fails = match op {
            Rmw::Cas { expected, .. } if expected != old => true,
            Rmw::Cas { weak: true, .. } if !unwinding() => with(|s| {
                let me = s.me;
                let fails = s.threads[me].spurious > 0 && s.schedule.pick(2) == 1;
                s.threads[me].spurious -= u8::from(fails);
                fails
            }),
            _ => false,
        };
        if fails {
            let text = |at: &str| format!("{} {at}: {} unchanged", op.name(), shown(old));
            with(|s| s.trace(Some(&obj), site, text));
            return Err(old);
        }
        let new = op.apply(old, obj.bits);
        // SAFETY: the door took the address from a reference to a live atomic of this size.
        unsafe { runtime::write_atomic(obj.addr, obj.size, new) }
        with(|s| {
            s.wrote();
            s.trace(Some(&obj), site, |at| format!("{} {at}: {} -> {}", op.name(), shown(old), shown(new)));
        });
        Ok(old)
    }

    fn fence(&self, _: Ordering, _: Site) {}

    fn access(&self, _: Obj<'_>, _: Access, _: Site) {}

    fn sync(&self, obj: Obj<'_>, op: SyncOp, nanos: u64, site: Site) -> u64 {
        let _engine = runtime::engine_code();
        with(|s| s.touch(&obj));
        if !unwinding() {
            stand(Want::Sync(op, obj.addr), site);
        }
        with(|s| {
            let me = s.me;
            s.fill_alts(me, op, obj.addr);
            if s.alts.is_empty() {
                // A thread that unwinds takes a lock that another holds: it is about to be abandoned.
                return super::op::DONE;
            }
            let pick = s.schedule.pick(s.alts.len());
            let alt = s.alts[pick];
            match alt.kind {
                AltKind::Spurious => s.threads[me].spurious -= 1,
                AltKind::Timeout => {
                    s.threads[me].timeouts = s.threads[me].timeouts.saturating_sub(1);
                    s.nanos += nanos;
                }
                AltKind::Normal | AltKind::Fail => {}
            }
            if let Some(value) = alt.write {
                // SAFETY: the door took the address from a reference to a live word.
                unsafe { runtime::write_atomic(obj.addr, obj.size, value) }
                s.wrote();
            }
            s.trace(Some(&obj), site, |at| format!("{} {at}{}", op.name(), how(alt.kind)));
            alt.result
        })
    }

    fn spawn(&self, name: Option<String>, body: Box<dyn FnOnce()>, site: Site) -> usize {
        let _engine = runtime::engine_code();
        let number = with(|s| {
            let number = s.threads.len();
            if number == MAX_THREADS {
                s.stop.get_or_insert(Stop::Limit(Limit::Threads(MAX_THREADS as u64)));
            } else {
                let name = name.filter(|n| !n.is_empty()).unwrap_or_else(|| format!("t{number}"));
                s.trace(None, site, |_| format!("spawn {name}"));
                s.add_thread(name, site);
            }
            number
        });
        if number == MAX_THREADS {
            loop {
                shuttle_engine::runtime::thread::switch();
            }
        }
        let run = Box::new(move || {
            {
                let _user = runtime::user_code();
                body();
            }
            with(|s| s.finish(number));
        });
        // The scheduler runs inside the call: it must go on with this thread.
        with(|s| s.next = Some(s.me));
        ExecutionState::spawn_thread(run, STACK, None, None, site);
        with(|s| s.next = None);
        number
    }

    fn join(&self, thread: usize, _: Obj<'_>, site: Site) {
        let _engine = runtime::engine_code();
        if !unwinding() {
            stand(Want::Join(thread), site);
        }
        with(|s| s.trace(None, site, |_| format!("join t{thread}")));
    }

    fn me(&self) -> usize {
        with(|s| s.me)
    }

    fn yield_now(&self, site: Site) {
        let _engine = runtime::engine_code();
        if !unwinding() {
            let looked = with(|s| s.threads[s.me].looked);
            stand(Want::Change(looked), site);
        }
    }

    fn choose(&self, n: usize) -> usize {
        let _engine = runtime::engine_code();
        with(|s| s.schedule.pick(n))
    }

    fn now(&self) -> u64 {
        with(|s| s.nanos)
    }

    fn sleep(&self, nanos: u64, site: Site) {
        let _engine = runtime::engine_code();
        with(|s| s.nanos += nanos);
        self.yield_now(site);
    }

    fn outcome(&self, text: String) {
        let _engine = runtime::engine_code();
        with(|s| match &mut s.outcome {
            Some(outcome) => {
                outcome.push_str("; ");
                outcome.push_str(&text);
            }
            None => s.outcome = Some(text),
        });
    }

    fn panicked(&self, message: String) {
        let _engine = runtime::engine_code();
        with(|s| s.panics.push((s.me, message)));
    }

    fn panic_taken(&self, thread: usize) {
        with(|s| s.panics.retain(|(by, _)| *by != thread));
    }

    fn reset_at_end(&self, addr: usize, reset: Box<dyn FnOnce()>) {
        if statics::is_static(addr) {
            RESETS.with_borrow_mut(|resets| resets.push(reset));
        }
    }
}

/// The main thread has ended.
pub(super) fn main_finished() {
    with(|s| s.finish(0));
}
