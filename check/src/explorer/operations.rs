//! The explorer: runs a model's operations on the execution graph.
//!
//! It implements [`Runtime`] over the [`Execution`] of the execution under way,
//! which lives in a thread-local of the operating-system thread. Model threads
//! are coroutines of shuttle's engine on that thread; [`crate::explorer::driver`] is the
//! scheduler that resumes whichever one the state decided on.

use crate::explorer::current::{give_up_control, resume, step, with};
use crate::explorer::execution::{Execution, Status, Stop};
use crate::explorer::objects::{now, report_race, still_there, touch, touch_alone};
use crate::explorer::progress::{self, StepKind};
use crate::explorer::request::{PendingRequest, Request};
use crate::explorer::tracing;
use crate::explorer::waiting::TurnEnd;
use crate::explorer::workers;
use crate::graph::event::NONE;
use crate::plan::orderings::{OrderingRole, OrderingUse};
use crate::report::cause::PanicData;
use crate::report::data::Limit;
use crate::report::step::{Operation, OperationKind};
use crate::seam::clock::Clock;
use crate::seam::op::{AltKind, DONE, Rmw, Strength, SyncOp};
use crate::seam::place::{self, Place};
use crate::seam::runtime::{self, Access, Obj, Runtime, Site};
use crate::seam::stack;
use crate::seam::thread_body::ThreadBody;
use crate::seam::tracer::{OBJECT, TracedObject};
use crate::seam::unwinding::unmodelled;
use crate::search::stack::ReadOption;
use std::sync::atomic::Ordering;

/// The engine. Its state is the thread's.
#[derive(Debug)]
pub(crate) struct Explorer;

/// A read that has run.
pub(super) struct Performed {
    pub(super) value: u64,
    pub(super) choice: ReadOption,
    /// Whether it ends a turn of a loop that says nothing of it.
    ends_turn: bool,
}

/// Publishes what `prepare` makes, waits until it is chosen, and runs it.
#[inline]
pub(super) fn read(prepare: impl FnOnce(&mut Execution) -> PendingRequest) -> Performed {
    let goes_on = step(|s| {
        let pending = prepare(s);
        if s.stop.is_some() {
            return true;
        }
        match s.repeated(&pending) {
            Some(choice) => {
                s.hold(pending, choice);
                true
            }
            None => {
                let me = s.stand(pending);
                s.takes_next(me)
            }
        }
    });
    if !goes_on {
        give_up_control();
    }
    step(perform)
}

/// Runs what was chosen for the running thread.
fn perform(s: &mut Execution) -> Performed {
    let (pending, choice) = s.take_chosen();
    s.graph.site = Some(pending.site);
    // Others have run since it was published, and may have freed the object.
    if s.freed {
        still_there(s, &pending);
    }
    let value = s.apply(&pending, &choice);
    trace_read(s, &pending, &choice, value);
    let leaves = match pending.want {
        Request::Load(_) => true,
        Request::Rmw { .. } => choice.alt.write.is_none_or(|new| new == value),
        Request::Sync(_) => choice.alt.write.is_none() && choice.alt.kind != AltKind::Timeout,
        _ => false,
    };
    Performed { value, choice, ends_turn: leaves && s.ends_silently() }
}

fn trace_read(s: &mut Execution, pending: &PendingRequest, choice: &ReadOption, value: u64) {
    if !s.tracer.on {
        return;
    }
    let (me, strength) = (s.me, choice.alt.strength);
    let (kind, name, what) = match pending.want {
        Request::Load(_) => (OperationKind::Load, "load", tracing::load_text(value, strength)),
        Request::Rmw { op, .. } => {
            let text = tracing::rmw_text(op.name(), value, choice.alt.write, strength);
            (OperationKind::Rmw, op.name(), text)
        }
        Request::Sync(op) => (OperationKind::Lock, op.name(), sync_text(op, choice)),
        Request::Block(_) => {
            let what = if value == 0 { "a fresh block" } else { "a block that was freed" };
            return s.tracer.step(me, Some(pending.site), || format!("allocate {what}"));
        }
        Request::Time => {
            let time = std::time::Duration::from_nanos(value);
            return s.tracer.step(me, Some(pending.site), || format!("the time is {time:?}"));
        }
        Request::Join(_) | Request::Newer | Request::Frozen => return,
    };
    let site = match pending.want {
        Request::Sync(SyncOp::ReadUnlock) => place::of_drop(pending.site),
        _ => pending.site,
    };
    s.tracer.step(me, Some(site), || what);
    s.detail_event(kind, name, strength, Some(value));
}

fn sync_text(op: SyncOp, choice: &ReadOption) -> String {
    let how = match choice.alt.kind {
        AltKind::Normal if matches!(op, SyncOp::Wait { .. }) => ": notified",
        AltKind::Normal if op == SyncOp::Enter => ": begins",
        AltKind::Normal => "",
        AltKind::Fail => ": held by another",
        AltKind::Spurious => ": wakes for no reason",
        AltKind::Timeout => ": time is up",
    };
    format!("{} {OBJECT}{how}", if op == SyncOp::Enter { "wait" } else { op.name() })
}

impl Runtime for Explorer {
    fn load(&self, obj: Obj<'_>, order: Ordering, site: Site) -> u64 {
        let _engine = runtime::engine_code();
        let site = place::of(site);
        if unmodelled() {
            return obj.value();
        }
        progress::begin(StepKind::Read("load"), site);
        let ask = OrderingUse::of("load", OrderingRole::Only, order);
        let frame = frame();
        let read = read(|s| {
            let loc = touch(s, &obj, site).loc;
            PendingRequest { want: Request::Load(s.strength(ask, site)), loc, bits: obj.bits, site }
        });
        if read.ends_turn {
            end_turn(frame, site);
        }
        read.value
    }

    fn store(&self, obj: Obj<'_>, value: u64, order: Ordering, site: Site) {
        let _engine = runtime::engine_code();
        frame();
        let site = place::of(site);
        progress::begin(StepKind::Write("store"), site);
        let ask = OrderingUse::of("store", OrderingRole::Only, order);
        step(|s| {
            let strength = s.strength(ask, site);
            let loc = touch(s, &obj, site).loc;
            if s.stop.is_some() {
                return;
            }
            s.store(loc, value, strength);
            s.tracer.step(s.me, Some(site), || tracing::store_text(value, strength));
            s.detail_event(OperationKind::Store, "store", strength, None);
        });
    }

    fn unlock(&self, obj: Obj<'_>, site: Site) {
        let _engine = runtime::engine_code();
        frame();
        let site = place::of(site);
        let dropped = place::of_drop(site);
        progress::begin(StepKind::Write("unlock"), site);
        step(|s| {
            let loc = touch(s, &obj, site).loc;
            if s.stop.is_none() {
                s.store(loc, 0, Strength::RELEASE);
                s.tracer.step(s.me, Some(dropped), || format!("unlock {OBJECT}"));
                s.detail_event(OperationKind::Lock, "unlock", Strength::RELEASE, None);
            }
        });
    }

    fn rmw(&self, obj: Obj<'_>, op: Rmw, ok: Ordering, err: Ordering, site: Site) -> Result<u64, u64> {
        let _engine = runtime::engine_code();
        let failed = |value| matches!(op, Rmw::Cas { expected, .. } if expected != value);
        if unmodelled() {
            let value = obj.value();
            if !failed(value) {
                self.store(obj, op.apply(value, obj.bits), ok, site);
            }
            return if failed(value) { Err(value) } else { Ok(value) };
        }
        let site = place::of(site);
        progress::begin(StepKind::Write(op.name()), site);
        let cas = matches!(op, Rmw::Cas { .. });
        let succeeds =
            OrderingUse::of(op.name(), if cas { OrderingRole::Success } else { OrderingRole::Only }, ok);
        let fails = OrderingUse::of(op.name(), OrderingRole::Failure, err);
        let frame = frame();
        let Performed { value, choice, ends_turn } = read(|s| {
            let loc = touch(s, &obj, site).loc;
            let err = if cas { s.strength(fails, site) } else { fails.strength };
            let want = Request::Rmw { op, ok: s.strength(succeeds, site), err };
            PendingRequest { want, loc, bits: obj.bits, site }
        });
        let writes = choice.alt.write.is_some();
        with(|s| s.came_to(if writes { succeeds } else { fails }, site));
        if ends_turn {
            end_turn(frame, site);
        }
        if writes { Ok(value) } else { Err(value) }
    }

    fn fence(&self, order: Ordering, site: Site) {
        let _engine = runtime::engine_code();
        frame();
        let site = place::of(site);
        progress::begin(StepKind::Read("fence"), site);
        let ask = OrderingUse::of("fence", OrderingRole::Only, order);
        step(|s| {
            let strength = s.strength(ask, site);
            s.graph.site = Some(site);
            s.graph.fence(s.me, strength);
            s.tracer.step(s.me, Some(site), || format!("fence {}", strength.name()));
            s.detail_event(OperationKind::Fence, "fence", strength, None);
        });
    }

    fn access(&self, obj: Obj<'_>, access: Access, site: Site) {
        let _engine = runtime::engine_code();
        frame();
        let site = place::of(site);
        if unmodelled() {
            return;
        }
        step(|s| {
            s.steps = s.steps.saturating_sub(1);
            let object = touch(s, &obj, site);
            if s.stop.is_some() {
                return;
            }
            if access == Access::Write {
                s.note_static_write(obj.addr());
            }
            let stamp = now(s, Some(site));
            let cur = &s.graph.pasts[s.me].cur;
            let cell = &mut s.cells[object.cell as usize];
            let conflict = cell.conflict(access, &stamp, cur);
            cell.record(access, stamp);
            s.tracer.step(s.me, Some(site), || match access {
                Access::Read => format!("read {OBJECT}"),
                Access::Write => format!("write {OBJECT}"),
            });
            s.tracer.detail(|mark| {
                mark.subject = Some(TracedObject::Cell(object.cell));
                Operation::new(OperationKind::Cell, if access == Access::Read { "read" } else { "write" })
            });
            if let Some((other, was)) = conflict {
                report_race(s, (access, stamp), (other, was));
            }
        });
    }

    fn unlock_write(&self, obj: Obj<'_>, site: Site) {
        // A writer may have come to wait meanwhile, or still come before: then its mark must stay.
        if with(|s| s.may_have_waiting_writers()) {
            self.sync(obj, SyncOp::WriteUnlock, 0, site);
        } else {
            self.unlock(obj, site);
        }
    }

    fn sync(&self, obj: Obj<'_>, op: SyncOp, nanos: u64, site: Site) -> u64 {
        let _engine = runtime::engine_code();
        if unmodelled() {
            return unwound_sync(&obj, op, self, site);
        }
        let site = place::of(site);
        progress::begin(
            if op.blocks() { StepKind::Wait(op.name()) } else { StepKind::Write(op.name()) },
            site,
        );
        if op == SyncOp::WriteLock {
            step(Execution::choose_who_goes_first);
        }
        let find = if op == SyncOp::Await { touch_alone } else { touch };
        let frame = frame();
        let Performed { choice, ends_turn, .. } = read(|s| {
            let loc = find(s, &obj, site).loc;
            PendingRequest { want: Request::Sync(op), loc, bits: obj.bits, site }
        });
        let timed_out = choice.alt.kind == AltKind::Timeout;
        if timed_out {
            step(|s| s.pass(nanos));
        }
        if timed_out || ends_turn {
            end_turn(frame, site);
        }
        choice.alt.result
    }

    fn spawn(&self, name: Option<String>, body: ThreadBody, site: Site) -> usize {
        let _engine = runtime::engine_code();
        progress::begin(StepKind::Write("spawn"), site.into());
        let number = step(|s| {
            s.graph.site = Some(site.into());
            let parent = s.me;
            match s.add_thread(Some(parent), name) {
                Some(number) => {
                    s.tracer.step(parent, Some(place::of(site)), || format!("spawn t{number}"));
                    s.tracer.detail(|mark| {
                        mark.starts = Some(number);
                        Operation::new(OperationKind::Spawn, "spawn")
                    });
                    number
                }
                None => {
                    let limit = Limit::Threads(crate::seam::clock::MAX_THREADS as u64);
                    s.stop.get_or_insert(Stop::Limit(limit));
                    0
                }
            }
        });
        if with(|s| s.stop.is_none()) {
            workers::start(number, body, site);
        }
        number
    }

    fn join(&self, thread: usize, done: Obj<'_>, site: Site) {
        let _engine = runtime::engine_code();
        let site = place::of(site);
        if unmodelled() && with(|s| s.threads[thread].status != Status::Finished) {
            return;
        }
        progress::begin(StepKind::Wait("join"), site);
        let pending = PendingRequest { want: Request::Join(thread), loc: NONE, bits: 0, site };
        let me = step(|s| s.stand(pending));
        resume(me);
        step(|s| {
            s.threads[me].pending = None;
            let loc = touch_alone(s, &done, site).loc;
            let message = s.graph.newest(loc);
            s.graph.load(me, message, Strength::ACQUIRE);
            s.tracer.step(me, Some(site), || format!("join t{thread}"));
            s.tracer.detail(|mark| {
                mark.joins = Some(thread);
                Operation::new(OperationKind::Join, "join")
            });
        });
    }

    fn join_closure(&self, _: usize, done: Obj<'_>, site: Site) {
        self.sync(done, SyncOp::Await, 0, site);
    }

    fn me(&self) -> usize {
        with(|s| s.me)
    }

    fn own_code(&self, begins: bool, of_a_handle: bool) {
        with(|s| {
            let thread = &mut s.threads[s.me];
            let change = |calls: &mut u8| {
                *calls = if begins { calls.saturating_add(1) } else { calls.saturating_sub(1) };
            };
            change(&mut thread.own_calls);
            if of_a_handle {
                change(&mut thread.handle_calls);
            }
        });
    }

    fn yield_now(&self, site: Site) {
        let _engine = runtime::engine_code();
        if !unmodelled() {
            end_turn(frame(), site.into());
        }
    }

    fn choose(&self, n: usize) -> usize {
        let _engine = runtime::engine_code();
        step(|s| s.branch(n as u32) as usize)
    }

    fn now(&self, site: Site) -> u64 {
        let _engine = runtime::engine_code();
        if unmodelled() {
            return with(|s| s.time());
        }
        let site = place::of(site);
        progress::begin(StepKind::Read("now"), site);
        read(|s| PendingRequest { want: Request::Time, loc: s.clock(), bits: 64, site }).value
    }

    fn timeouts(&self) -> u8 {
        with(|s| s.budget.timeouts)
    }

    fn pass(&self, nanos: u64) {
        let _engine = runtime::engine_code();
        step(|s| s.pass(nanos));
    }

    fn outcome(&self, text: String) {
        let _engine = runtime::engine_code();
        with(|s| runtime::add_outcome(&mut s.outcome, text));
    }

    fn unseen_cell(&self, _: Site) {
        with(|s| s.unseen.pointers += 1);
    }

    fn begin_operation(&self, name: &str, limit: u32) {
        let _engine = runtime::engine_code();
        with(|s| s.liveness.begin_operation(s.me, name, limit));
    }

    fn end_operation(&self) {
        let _engine = runtime::engine_code();
        with(|s| s.liveness.end_operation(s.me));
    }

    fn panicked(&self, panic: PanicData) {
        let _engine = runtime::engine_code();
        with(|s| {
            let site = s.graph.site;
            s.panics.push((s.me, panic, site));
        });
    }

    fn aborts(&self, panic: PanicData) {
        let _engine = runtime::engine_code();
        step(|s| {
            let site = s.graph.site;
            s.panics.insert(0, (s.me, panic, site));
            s.stop.get_or_insert(Stop::Aborted);
        });
    }

    fn panic_begins(&self, panic: PanicData) {
        with(|s| {
            let me = s.me;
            if let Some(thread) = s.threads.get_mut(me) {
                thread.last_panic = Some(panic);
            }
        });
    }

    fn past(&self) -> Option<(usize, u16, Clock)> {
        with(|s| {
            let past = &s.graph.pasts[s.me];
            Some((s.me, past.seq, past.cur))
        })
    }

    fn panic_taken(&self, thread: usize) {
        with(|s| s.panics.retain(|(by, _, _)| *by != thread));
    }
}

/// The stack pointer at the running thread's call of the engine. What the engine leaves below it is wiped when
/// the call returns, if the thread is in a loop: see [`stack`].
fn frame() -> usize {
    if with(|s| s.wipes || s.threads[s.me].turns.in_a_loop()) {
        stack::wipe();
    }
    stack::frame()
}

/// Ends a turn of the running thread, and waits for news if its loop can only do the same again.
fn end_turn(frame: usize, site: Place) {
    let (me, waits) = step(|s| {
        let waits = s.end_turn(frame, site) == TurnEnd::Waits;
        if waits {
            s.spins_inside(site);
            s.stand(PendingRequest { want: Request::Newer, loc: NONE, bits: 0, site });
        }
        (s.me, waits)
    });
    if waits {
        resume(me);
        with(|s| s.has_waited(frame));
    }
}

/// A lock's operation while a panic unwinds that cannot be modelled: whatever can be done at once.
fn unwound_sync(obj: &Obj<'_>, op: SyncOp, explorer: &Explorer, site: Site) -> u64 {
    let mut alts = Vec::new();
    op.alts(obj.value(), with(|s| s.me), &mut alts);
    match alts.first() {
        Some(alt) => {
            if let Some(value) = alt.write {
                explorer.store(*obj, value, Ordering::AcqRel, site);
            }
            alt.result
        }
        None => DONE,
    }
}
