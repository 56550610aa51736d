//! The buffers that nobody holds: a linked stack whose `head` is swung with a
//! compare-exchange.
//!
//! Buffers come back from every thread of the relay, so `push` takes no lock.
//! Only the few receive workers take one out; they take turns.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

struct Node {
    bytes: Box<[u8]>,
    next: *mut Node,
}

/// A stack of buffers: the last one in is the warmest in the cache.
pub(crate) struct FreeStack {
    head: AtomicPtr<Node>,
    popping: Mutex<()>,
}

impl FreeStack {
    pub(crate) const fn new() -> Self {
        FreeStack {
            head: AtomicPtr::new(ptr::null_mut()),
            popping: Mutex::new(()),
        }
    }

    pub(crate) fn push(&self, bytes: Box<[u8]>) {
        let mut head = self.head.load(Ordering::Relaxed);
        let node = Box::into_raw(Box::new(Node { bytes, next: head }));
        // Release: whoever finds the node finds it filled.
        while let Err(now) =
            self.head
                .compare_exchange_weak(head, node, Ordering::Release, Ordering::Relaxed)
        {
            head = now;
            // SAFETY: the exchange failed, so the node is still ours alone.
            unsafe { (*node).next = head };
        }
    }

    pub(crate) fn pop(&self) -> Option<Box<[u8]>> {
        let _turn = self.popping.lock().unwrap_or_else(PoisonError::into_inner);
        let mut head = self.head.load(Ordering::Acquire);
        while !head.is_null() {
            // SAFETY: `head` is a node that `push` boxed, filled and put here, and
            // it is our turn to take nodes away.
            let next = unsafe { (*head).next };
            match self
                .head
                .compare_exchange_weak(head, next, Ordering::Acquire, Ordering::Acquire)
            {
                Ok(_) => {
                    // SAFETY: `push` boxed the node, and our exchange took it
                    // off the stack.
                    let node = unsafe { Box::from_raw(head) };
                    return Some(node.bytes);
                }
                Err(now) => head = now,
            }
        }
        None
    }
}

impl Drop for FreeStack {
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}
