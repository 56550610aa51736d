//! What a thread leaves for whoever joins it, and who drops it if nobody does: the thread, or its handle.
//!
//! With std the two share an `Arc`. Whoever lets go of it last drops the result, on its own thread. Here the flag
//! on which a join waits says it as well: the thread sets it to [`RETURNED`] or [`OVER`] once the result is there, and
//! a handle that is dropped sets it to [`DETACHED`]. Each looks at what the flag was before. Results without a
//! destructor need none of it.

use crate::door::atomic::{AtomicU8, Ordering};
use crate::seam::panics;
use crate::seam::runtime;
use std::mem::needs_drop;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Result;

/// The closure has returned, but there are thread-locals to drop.
pub(super) const RETURNED: u8 = 1;
/// The thread has run all its code.
pub(super) const OVER: u8 = 2;
/// Nobody will join the thread.
const DETACHED: u8 = 3;

/// What a thread leaves.
pub(super) struct Packet<T> {
    result: Mutex<Option<Result<T>>>,
    /// How far the thread has come: see [`RETURNED`] and [`OVER`].
    pub(super) done: AtomicU8,
}

impl<T> Packet<T> {
    pub(super) fn new() -> Packet<T> {
        Packet { result: Mutex::new(None), done: AtomicU8::new(0) }
    }

    pub(super) fn take(&self) -> Option<Result<T>> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn leave(&self, result: Result<T>) {
        let _engine = runtime::engine_code();
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }

    /// The result is there, and the thread has come to `state`. Drops the result if nobody will join.
    #[track_caller]
    pub(super) fn returned(&self, state: u8) {
        if !needs_drop::<T>() {
            return self.set(state);
        }
        let own = runtime::handle_code();
        // AcqRel: pairs with the exchange of a handle that is dropped, and with the Acquire of a join.
        let detached = self.done.swap(state, Ordering::AcqRel) == DETACHED;
        drop(own);
        if detached {
            self.drop_result();
        }
    }

    /// The thread has come to `state`.
    #[track_caller]
    pub(super) fn set(&self, state: u8) {
        let _own = runtime::handle_code();
        // Release: pairs with the Acquire of `join` and `join_closure`.
        self.done.store(state, Ordering::Release);
    }

    fn drop_result(&self) {
        let result = self.take();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(result))) {
            panics::abort(&*payload, "in the destructor of what a thread has returned");
        }
    }
}

/// The packet as a thread's handle has it.
pub(super) struct Claim<T> {
    /// `None` once the thread is joined.
    packet: Option<Arc<Packet<T>>>,
}

impl<T> Claim<T> {
    pub(super) fn new(packet: Arc<Packet<T>>) -> Claim<T> {
        Claim { packet: Some(packet) }
    }

    /// The result of a thread that is joined.
    pub(super) fn result(mut self) -> Result<T> {
        let packet = self.packet.take().expect("a claim is used once");
        packet.take().expect("a thread leaves its result before it is done")
    }
}

impl<T> Deref for Claim<T> {
    type Target = Packet<T>;

    fn deref(&self) -> &Packet<T> {
        self.packet.as_ref().expect("a claim is used once")
    }
}

impl<T> Drop for Claim<T> {
    fn drop(&mut self) {
        let Some(packet) = self.packet.take().filter(|_| needs_drop::<T>()) else { return };
        if runtime::current().is_none() {
            return;
        }
        let own = runtime::handle_code();
        // AcqRel: pairs with the exchange of the thread.
        let returned = packet.done.swap(DETACHED, Ordering::AcqRel) != 0;
        drop(own);
        if returned {
            packet.drop_result();
        }
    }
}
