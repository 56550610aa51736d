//! The engine for large models: sequentially consistent interleavings, on
//! shuttle's coroutines.
//!
//! # What it runs
//!
//! Before every atomic operation and every operation of a lock the running
//! thread gives up control, [`crate::engines::sc_schedule`] says who goes on, and the
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

use crate::engines::sc_execution::{ScExecution, ScRequest, ScStop};
use crate::report::cause::PanicData;
use crate::report::data::Limit;
use crate::report::words::value_text;
use crate::seam::execution_cell::{ExecutionCell, Installed};
use crate::seam::op::{AltKind, DONE, Rmw, SyncOp};
use crate::seam::place;
use crate::seam::runtime::{self, Access, Obj, Runtime, Site};
use crate::seam::thread_body::ThreadBody;
use crate::seam::unwinding::{give_up_control, unmodelled};
use shuttle_engine::runtime::execution::ExecutionState;
use std::sync::atomic::Ordering;

/// Threads of an execution, the main one included: a condition variable's word
/// has a bit for each.
const MAX_THREADS: usize = 32;

thread_local! {
    static EXECUTION: ExecutionCell<ScExecution> = const { ExecutionCell::empty() };
}

/// Makes `execution` the one of this operating-system thread.
pub(super) fn install(execution: Box<ScExecution>) -> Installed<ScExecution> {
    Installed::new(&EXECUTION, execution)
}

/// Gives `f` the execution.
pub(super) fn with<R>(f: impl FnOnce(&mut ScExecution) -> R) -> R {
    EXECUTION.with(|cell| cell.with(f))
}

/// Stands at an operation until the schedule picks the thread.
fn stand(want: ScRequest, site: Site) {
    let (me, next) = with(|s| {
        let me = s.me;
        s.threads[me].want = want;
        s.threads[me].site = place::of(site);
        s.steps += 1;
        if s.steps > s.budget.steps {
            s.stop.get_or_insert(ScStop::Limit(Limit::Steps(s.budget.steps.into())));
        }
        if s.stop.is_none() {
            s.decide();
        }
        (me, s.next)
    });
    if next == Some(me) {
        with(|s| s.next = None);
    } else {
        give_up_control(shuttle_engine::runtime::thread::switch);
    }
    while with(|s| s.stop.is_some()) {
        give_up_control(shuttle_engine::runtime::thread::switch);
    }
    with(|s| {
        s.threads[me].want = ScRequest::Step;
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

/// The engine. Its state is the thread's.
#[derive(Debug)]
pub(super) struct Sc;

impl Runtime for Sc {
    fn load(&self, obj: Obj<'_>, _: Ordering, site: Site) -> u64 {
        let _engine = runtime::engine_code();
        if !unmodelled() {
            with(|s| s.statics.remember(&obj));
            stand(ScRequest::Step, site);
        }
        let value = obj.value();
        with(|s| s.trace(Some(&obj), site, |at| format!("load {at} = {}", value_text(value))));
        value
    }

    fn store(&self, obj: Obj<'_>, value: u64, _: Ordering, site: Site) {
        let _engine = runtime::engine_code();
        if !unmodelled() {
            with(|s| s.statics.remember(&obj));
            stand(ScRequest::Step, site);
        }
        // SAFETY: the door took the address from a reference to a live atomic of this size.
        unsafe { runtime::write_atomic(obj.ptr, obj.size, value) }
        with(|s| {
            s.wrote();
            s.trace(Some(&obj), site, |at| format!("store {at} = {}", value_text(value)));
        });
    }

    fn unlock(&self, obj: Obj<'_>, site: Site) {
        self.store(obj, 0, Ordering::Release, site);
    }

    fn rmw(&self, obj: Obj<'_>, op: Rmw, _: Ordering, _: Ordering, site: Site) -> Result<u64, u64> {
        let _engine = runtime::engine_code();
        if !unmodelled() {
            with(|s| s.statics.remember(&obj));
            stand(ScRequest::Step, site);
        }
        let old = obj.value();
        let fails = match op {
            Rmw::Cas { expected, .. } if expected != old => true,
            Rmw::Cas { weak: true, .. } if !unmodelled() => with(|s| {
                let me = s.me;
                let fails = s.threads[me].spurious > 0 && s.schedule.pick(2) == 1;
                s.threads[me].spurious -= u8::from(fails);
                fails
            }),
            _ => false,
        };
        if fails {
            let text = |at: &str| format!("{} {at}: {} unchanged", op.name(), value_text(old));
            with(|s| s.trace(Some(&obj), site, text));
            return Err(old);
        }
        let new = op.apply(old, obj.bits);
        // SAFETY: the door took the address from a reference to a live atomic of this size.
        unsafe { runtime::write_atomic(obj.ptr, obj.size, new) }
        with(|s| {
            s.wrote();
            s.trace(Some(&obj), site, |at| {
                format!("{} {at}: {} -> {}", op.name(), value_text(old), value_text(new))
            });
        });
        Ok(old)
    }

    fn fence(&self, _: Ordering, _: Site) {}

    fn access(&self, _: Obj<'_>, _: Access, _: Site) {}

    fn sync(&self, obj: Obj<'_>, op: SyncOp, nanos: u64, site: Site) -> u64 {
        let _engine = runtime::engine_code();
        with(|s| s.statics.remember(&obj));
        if !unmodelled() {
            stand(ScRequest::Sync(op, obj.ptr), site);
        }
        with(|s| {
            let me = s.me;
            s.fill_alts(me, op, obj.ptr);
            if s.alts.is_empty() {
                // A thread that unwinds takes a lock that another holds: it is about to be abandoned.
                return DONE;
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
                unsafe { runtime::write_atomic(obj.ptr, obj.size, value) }
                s.wrote();
            }
            s.trace(Some(&obj), site, |at| format!("{} {at}{}", op.name(), how(alt.kind)));
            alt.result
        })
    }

    fn spawn(&self, name: Option<String>, body: ThreadBody, site: Site) -> usize {
        let _engine = runtime::engine_code();
        let number = with(|s| {
            let number = s.threads.len();
            if number == MAX_THREADS {
                s.stop.get_or_insert(ScStop::Limit(Limit::Threads(MAX_THREADS as u64)));
            } else {
                let name = name.filter(|n| !n.is_empty()).unwrap_or_else(|| format!("t{number}"));
                s.trace(None, site, |_| format!("spawn {name}"));
                s.add_thread(name, site);
            }
            number
        });
        if number == MAX_THREADS {
            loop {
                give_up_control(shuttle_engine::runtime::thread::switch);
            }
        }
        let run = Box::new(move || {
            {
                let _user = runtime::user_code();
                body.run();
            }
            with(|s| s.finish(number));
        });
        // The scheduler runs inside the call: it must go on with this thread.
        let stack = with(|s| {
            s.next = Some(s.me);
            s.budget.stack
        });
        ExecutionState::spawn_thread(run, stack, None, None, site);
        with(|s| s.next = None);
        number
    }

    fn join(&self, thread: usize, _: Obj<'_>, site: Site) {
        let _engine = runtime::engine_code();
        if !unmodelled() {
            stand(ScRequest::Join(thread), site);
        }
        with(|s| s.trace(None, site, |_| format!("join t{thread}")));
    }

    fn me(&self) -> usize {
        with(|s| s.me)
    }

    fn yield_now(&self, site: Site) {
        let _engine = runtime::engine_code();
        if !unmodelled() {
            let looked = with(|s| s.threads[s.me].looked);
            stand(ScRequest::Change(looked), site);
        }
    }

    fn choose(&self, n: usize) -> usize {
        let _engine = runtime::engine_code();
        with(|s| s.schedule.pick(n))
    }

    fn now(&self, _: Site) -> u64 {
        with(|s| s.nanos)
    }

    fn timeouts(&self) -> u8 {
        with(|s| s.budget.timeouts)
    }

    fn pass(&self, nanos: u64) {
        with(|s| s.nanos += nanos);
    }

    fn outcome(&self, text: String) {
        let _engine = runtime::engine_code();
        with(|s| runtime::add_outcome(&mut s.outcome, text));
    }

    fn panicked(&self, panic: PanicData) {
        let _engine = runtime::engine_code();
        with(|s| s.panics.push((s.me, panic)));
    }

    fn aborts(&self, panic: PanicData) {
        let _engine = runtime::engine_code();
        with(|s| _ = s.stop.get_or_insert(ScStop::Failed(panic.into())));
        stand(ScRequest::Step, std::panic::Location::caller());
    }

    fn panic_taken(&self, thread: usize) {
        with(|s| s.panics.retain(|(by, _)| *by != thread));
    }
}

/// The main thread has ended.
pub(super) fn main_finished() {
    with(|s| s.finish(0));
}
