//! The buffers that nobody holds: a linked stack whose `head` is swung with a
//! compare-exchange.
//!
//! Buffers come back from every thread of the relay, so `push` takes no lock.
//! Only the few receive workers take one out.

use std::cell::UnsafeCell;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering, fence};

struct Node {
    bytes: UnsafeCell<Box<[u8]>>,
    next: *mut Node,
    /// One for the stack, and one for each thread that looks at the node.
    users: AtomicUsize,
}

impl Node {
    /// Takes back `counts` of the node's users; the last one frees it.
    ///
    /// # Safety
    ///
    /// The caller owns that many counts, and does not use `node` again.
    unsafe fn leave(node: *mut Node, counts: usize) {
        // SAFETY: the caller's counts keep the node until here.
        if unsafe { (*node).users.fetch_sub(counts, Ordering::Release) } == counts {
            fence(Ordering::Acquire);
            // SAFETY: nobody is left, and `push` boxed the node.
            drop(unsafe { Box::from_raw(node) });
        }
    }
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
        let node = Box::into_raw(Box::new(Node {
            bytes: UnsafeCell::new(bytes),
            next: head,
            users: AtomicUsize::new(1),
        }));
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
        loop {
            let head = self.head.load(Ordering::Acquire);
            if head.is_null() {
                return None;
            }
            // SAFETY: `push` boxed the node and put it here. From now on our
            // count keeps it.
            let next = unsafe {
                (*head).users.fetch_add(1, Ordering::Relaxed);
                (*head).next
            };
            if self
                .head
                .compare_exchange(head, next, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
            {
                // SAFETY: only the thread that takes a node off the stack
                // touches its bytes.
                let bytes = mem::take(unsafe { &mut *(*head).bytes.get() });
                // SAFETY: one count is ours and one was the stack's.
                unsafe { Node::leave(head, 2) };
                return Some(bytes);
            }
            // SAFETY: one count is ours.
            unsafe { Node::leave(head, 1) };
        }
    }
}

impl Drop for FreeStack {
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}
