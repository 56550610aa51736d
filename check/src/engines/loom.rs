//! loom as an engine: the operations of a model on loom's objects.
//!
//! # State
//!
//! loom's objects live for one execution and must be made inside it. The door's
//! objects are plain memory with an identity word, so this engine keeps, for
//! each execution, the loom object that stands for each door object.
//!
//! # Objects
//!
//! 1. An atomic or a cell that the main thread touches before it starts another
//!    is made on the spot.
//! 2. After that they come from a pool, which the main thread makes just before
//!    its first spawn: loom takes the making of an object for a write by
//!    whoever makes it, and the first to touch an object need not be the one
//!    who made it. A pool atomic starts at 0; the object's first value is its
//!    *base*, and loom's value is the difference to it. Additions, swaps and
//!    compare-exchanges carry over; what does not runs as a loop of
//!    compare-exchanges.
//! 3. If the pool runs out, the execution goes on with objects made on the spot
//!    and is then thrown away: the child process says how large the pool must
//!    be, and is started again.
//! 4. A block that the model allocates after the first spawn has a loom cell,
//!    made by the thread that allocates it; whoever touches an object in the
//!    block reads the cell. So a fresh node that is not published properly is a
//!    race. This needs the quarantining allocator.
//! 5. A mutex is loom's mutex. Every other blocking word is a number behind a
//!    loom mutex and condition variable, which orders more than it should.
//!
//! # Choices
//!
//! loom has none of its own. The answers of [`Runtime::choose`], by thread and
//! number, are fixed while loom searches, and the whole search is repeated for
//! every list of answers that any execution has asked for ([`Oracle`]).
//!
//! # Checked by
//!
//! `tests/engines.rs`.

use crate::engines::loom_current::{self, LoomAllocations, unwinding, with};
use crate::engines::loom_execution::{LoomEnd, LoomExecution, LoomThread};
use crate::engines::loom_object::{Atomic, LoomKind, LoomObject, LoomWord, Pool};
use crate::report::cause::PanicData;
use crate::report::data::Limit;
use crate::report::words::value_text;
use crate::seam::context;
use crate::seam::execution_cell::Installed;
use crate::seam::op::{Alt, AltKind, DONE, Rmw, SyncOp};
use crate::seam::runtime::{self, Access, Obj, Runtime, Site};
use crate::seam::thread_body::ThreadBody;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::Ordering;

/// Turns that a timed wait lets others have before its time is up.
const TURNS: usize = 2;

/// Stack of a model thread, in words.
const STACK_WORDS: usize = 32 * 1024;

/// Makes `execution` the one of this operating-system thread, and loom its engine.
pub(super) fn install(execution: Box<LoomExecution>) -> Installed<LoomExecution> {
    let installed = loom_current::install(execution);
    runtime::set_current(Some(&Loom));
    installed
}

/// Ends the search: the child process says what it came to.
fn end(how: LoomEnd) -> ! {
    let end = with(|s| s.end);
    end(how)
}

/// Which kind of object an operation needs.
#[derive(Clone, Copy)]
enum Need {
    Atomic,
    Cell,
    Mutex,
    LoomWord,
}

/// The loom object of `obj`, made if it is new. Reads the cell of its block.
fn touch(obj: &Obj<'_>, need: Need, what: &'static str, site: Site) -> (usize, Rc<LoomObject>) {
    let block_of = with(|s| {
        let me = s.me;
        s.threads[me].doing = Some((site, what));
        s.block_of(obj.addr())
    });
    if let Some(cell) = block_of {
        cell.with(|_| ());
    }
    if let Some(found) = with(|s| s.known(obj)) {
        return found;
    }
    let spawned = with(|s| s.spawned());
    let kind = match need {
        Need::Mutex => LoomKind::Mutex(::loom::sync::Mutex::new(()), Cell::new(None)),
        Need::LoomWord => LoomKind::LoomWord(LoomWord::new(obj.value())),
        Need::Cell => LoomKind::Cell(
            with(|s| s.pool.take_cell(spawned)).unwrap_or_else(|| ::loom::cell::UnsafeCell::new(())),
        ),
        Need::Atomic => LoomKind::Atomic(match with(|s| s.pool.take_atomic(spawned, obj.size)) {
            Some(atomic) => atomic.with_base(obj),
            None => Atomic::new(obj.size, obj.value(), obj.bits),
        }),
    };
    with(|s| s.add(obj, kind))
}

/// Runs a loom operation that may let other threads run.
fn switching<R>(f: impl FnOnce() -> R) -> R {
    let me = with(|s| s.me);
    let result = f();
    with(|s| {
        s.me = me;
        s.threads[me].doing = None;
    });
    result
}

/// The engine. Its state is the thread's.
#[derive(Debug)]
struct Loom;

impl Runtime for Loom {
    fn load(&self, obj: Obj<'_>, order: Ordering, site: Site) -> u64 {
        let _engine = runtime::engine_code();
        if unwinding() {
            return obj.value();
        }
        let (number, object) = touch(&obj, Need::Atomic, "load", site);
        let value = switching(|| object.atomic().load(order));
        with(|s| s.step(site, Some(number), None, format!("load = {} {order:?}", value_text(value))));
        value
    }

    fn store(&self, obj: Obj<'_>, value: u64, order: Ordering, site: Site) {
        let _engine = runtime::engine_code();
        if unwinding() {
            return;
        }
        let (number, object) = touch(&obj, Need::Atomic, "store", site);
        switching(|| object.atomic().store(value, order));
        write_through(&obj, value);
        with(|s| s.step(site, Some(number), None, format!("store = {} {order:?}", value_text(value))));
    }

    fn rmw(&self, obj: Obj<'_>, op: Rmw, ok: Ordering, err: Ordering, site: Site) -> Result<u64, u64> {
        let _engine = runtime::engine_code();
        if unwinding() {
            return Err(obj.value());
        }
        let (number, object) = touch(&obj, Need::Atomic, op.name(), site);
        let result = switching(|| object.atomic().rmw(op, ok, err));
        let what = match result {
            Ok(old) => {
                let new = op.apply(old, obj.bits);
                write_through(&obj, new);
                format!("{} {} -> {} {ok:?}", op.name(), value_text(old), value_text(new))
            }
            Err(old) => format!("{} {} unchanged {err:?}", op.name(), value_text(old)),
        };
        with(|s| s.step(site, Some(number), None, what));
        result
    }

    fn fence(&self, order: Ordering, site: Site) {
        let _engine = runtime::engine_code();
        if !unwinding() {
            ::loom::sync::atomic::fence(order);
            with(|s| s.step(site, None, None, format!("fence {order:?}")));
        }
    }

    fn access(&self, obj: Obj<'_>, access: Access, site: Site) {
        let _engine = runtime::engine_code();
        if unwinding() {
            return;
        }
        let (number, object) = touch(&obj, Need::Cell, "access", site);
        // Before the access, so that the panic of a race finds it as the last step.
        let what = if access == Access::Read { "read cell" } else { "write cell" };
        with(|s| s.step(site, Some(number), Some(access), what.to_owned()));
        match access {
            Access::Read => object.cell().with(|_| ()),
            Access::Write => object.cell().with_mut(|_| ()),
        }
        with(|s| {
            let me = s.me;
            s.threads[me].doing = None;
        });
    }

    fn unlock(&self, obj: Obj<'_>, site: Site) {
        let _engine = runtime::engine_code();
        let found = if unwinding() { None } else { with(|s| s.known(&obj)) };
        let Some((number, object)) = found else {
            return;
        };
        match &object.kind {
            LoomKind::Mutex(_, guard) => drop(guard.take()),
            LoomKind::LoomWord(word) => switching(|| word.set(0)),
            _ => {}
        }
        with(|s| s.step(site, Some(number), None, "unlock".into()));
    }

    fn sync(&self, obj: Obj<'_>, op: SyncOp, nanos: u64, site: Site) -> u64 {
        let _engine = runtime::engine_code();
        if unwinding() {
            return DONE;
        }
        let need = if matches!(op, SyncOp::Lock | SyncOp::TryLock) { Need::Mutex } else { Need::LoomWord };
        let (number, object) = touch(&obj, need, op.name(), site);
        let alt = switching(|| match &object.kind {
            LoomKind::Mutex(..) => object.lock(op == SyncOp::Lock),
            _ => on_word(object.word(), op),
        });
        with(|s| {
            if alt.kind == AltKind::Timeout {
                s.nanos += nanos;
            }
            let late = if alt.kind == AltKind::Timeout { ": time is up" } else { "" };
            s.step(site, Some(number), None, format!("{}{late}", op.name()));
        });
        alt.result
    }

    fn spawn(&self, name: Option<String>, body: ThreadBody, site: Site) -> usize {
        let _engine = runtime::engine_code();
        let number = with(|s| s.threads.len());
        if number == ::loom::MAX_THREADS {
            end(LoomEnd::Limit(Limit::Threads(number as u64)));
        }
        if number == 1 {
            let sizes = with(|s| s.pool.sizes());
            let made = Pool::made(sizes);
            with(|s| s.pool.fill(made));
            context::set_allocations(Some(&LoomAllocations));
        }
        with(|s| {
            let name = name.filter(|n| !n.is_empty()).unwrap_or_else(|| format!("t{number}"));
            s.step(site, None, None, format!("spawn {name}"));
            s.threads.push(LoomThread { name, doing: None, handle: None, choices: 0 });
        });
        let run = move || {
            with(|s| s.me = number);
            let _user = runtime::user_code();
            body.run();
        };
        let me = with(|s| s.me);
        let handle = ::loom::thread::Builder::new().stack_size(STACK_WORDS).spawn(AssertSend(run).into_fn());
        let handle = handle.expect("loom always starts a thread");
        with(|s| {
            s.me = me;
            s.threads[number].handle = Some(handle);
        });
        number
    }

    fn join(&self, thread: usize, _: Obj<'_>, site: Site) {
        let _engine = runtime::engine_code();
        if unwinding() {
            return;
        }
        let handle = with(|s| {
            let me = s.me;
            s.threads[me].doing = Some((site, "join"));
            s.threads[thread].handle.take()
        });
        if let Some(handle) = handle {
            switching(|| handle.join().expect("the child process ends with the first panic"));
        }
        with(|s| s.step(site, None, None, format!("join t{thread}")));
    }

    fn me(&self) -> usize {
        with(|s| s.me)
    }

    fn yield_now(&self, _: Site) {
        let _engine = runtime::engine_code();
        if !unwinding() {
            switching(::loom::thread::yield_now);
        }
    }

    fn choose(&self, n: usize) -> usize {
        let _engine = runtime::engine_code();
        choose(n)
    }

    fn now(&self, _: Site) -> u64 {
        with(|s| s.nanos)
    }

    fn pass(&self, nanos: u64) {
        with(|s| s.nanos += nanos);
    }

    fn outcome(&self, text: String) {
        let _engine = runtime::engine_code();
        with(|s| runtime::add_outcome(&mut s.outcome, text));
    }

    fn panicked(&self, panic: PanicData) {
        end(LoomEnd::Failed(panic.into()));
    }

    fn panic_taken(&self, _: usize) {}
}

/// A thread's body on its way into loom, which runs it on this thread.
struct AssertSend<F>(F);

// SAFETY: loom's threads are coroutines of the operating-system thread that makes them.
unsafe impl<F> Send for AssertSend<F> {}

impl<F: FnOnce()> AssertSend<F> {
    fn into_fn(self) -> impl FnOnce() + Send {
        move || {
            let whole = self;
            (whole.0)();
        }
    }
}

fn choose(n: usize) -> usize {
    if n < 2 {
        return 0;
    }
    with(|s| {
        let me = s.me;
        let nth = s.threads[me].choices;
        s.threads[me].choices += 1;
        s.oracle.ask(me, nth, n)
    })
}

fn write_through(obj: &Obj<'_>, value: u64) {
    // SAFETY: the door took the address from a reference to a live atomic of this size.
    unsafe { runtime::write_atomic(obj.ptr, obj.size, value) }
}

/// Runs a blocking operation on a word.
fn on_word(word: &LoomWord, op: SyncOp) -> Alt {
    let me = with(|s| s.me);
    let timed = matches!(op, SyncOp::Wait { timed: true, .. } | SyncOp::Park { timed: true });
    let turns = if timed && choose(2) == 0 { TURNS } else { 0 };
    let mut alts = Vec::new();
    let mut turn = 0;
    let mut guard = word.lock();
    loop {
        alts.clear();
        op.alts(guard.value(), me, &mut alts);
        let late = timed && turn >= turns;
        let usable = |a: &Alt| match a.kind {
            AltKind::Normal | AltKind::Fail => true,
            AltKind::Timeout => late,
            AltKind::Spurious => false,
        };
        alts.retain(usable);
        if let Some(last) = alts.len().checked_sub(1) {
            with(|s| s.me = me);
            let alt = alts[if last == 0 { 0 } else { choose(last + 1) }];
            if let Some(value) = alt.write {
                guard.set(value);
            }
            return alt;
        }
        if timed {
            turn += 1;
            drop(guard);
            ::loom::thread::yield_now();
            guard = word.lock();
        } else {
            guard = guard.wait();
        }
    }
}
