//! The buffers that nobody holds: a linked stack whose `head` is swung with a
//! compare-exchange.
//!
//! Buffers come back from every thread of the relay, so `push` takes no lock.
//! `pop` takes the whole stack for a moment and puts the rest back.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

struct Node {
    bytes: Box<[u8]>,
    next: *mut Node,
}

/// A stack of buffers: the last one in is the warmest in the cache.
pub(crate) struct FreeStack {
    head: AtomicPtr<Node>,
}

impl FreeStack {
    pub(crate) const fn new() -> Self {
        FreeStack {
            head: AtomicPtr::new(ptr::null_mut()),
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
        // From here on the chain is reached by nobody else.
        let first = self.head.swap(ptr::null_mut(), Ordering::Acquire);
        if first.is_null() {
            return None;
        }
        // SAFETY: `push` boxed the node, and our swap took it off the stack.
        let node = unsafe { Box::from_raw(first) };
        if !node.next.is_null() {
            self.put_back(node.next);
        }
        Some(node.bytes)
    }

    /// Puts a chain of at least one node, which is ours alone, on the stack.
    fn put_back(&self, chain: *mut Node) {
        // Most times nothing has come back in between.
        let Err(mut head) = self.head.compare_exchange(
            ptr::null_mut(),
            chain,
            Ordering::Release,
            Ordering::Relaxed,
        ) else {
            return;
        };
        let mut last = chain;
        // SAFETY: the nodes of the chain are live boxes, and ours alone.
        while let next = unsafe { (*last).next }
            && !next.is_null()
        {
            last = next;
        }
        loop {
            // SAFETY: `last` is in the chain, which is still ours alone.
            unsafe { (*last).next = head };
            match self
                .head
                .compare_exchange_weak(head, chain, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }
}

impl Drop for FreeStack {
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}
