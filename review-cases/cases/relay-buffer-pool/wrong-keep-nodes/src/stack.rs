//! The buffers that nobody holds: a linked stack whose `head` is swung with a
//! compare-exchange.
//!
//! Buffers come back from every thread of the relay, so `push` takes no lock.
//! A node is made once for each buffer, goes with it when it is lent, and is
//! freed with the pool.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

/// A buffer with its link in the stack.
pub(crate) struct Node {
    pub(crate) bytes: Box<[u8]>,
    next: AtomicPtr<Node>,
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

    /// Makes the node of a new buffer and puts it on the stack.
    pub(crate) fn add(&self, bytes: Box<[u8]>) {
        let node = Box::new(Node {
            bytes,
            next: AtomicPtr::new(ptr::null_mut()),
        });
        // SAFETY: a new node, which is ours.
        unsafe { self.push(NonNull::from(Box::leak(node))) };
    }

    /// Puts a node back.
    ///
    /// # Safety
    ///
    /// `node` is from `add` or `pop` of this stack, and the caller does not use
    /// it again.
    pub(crate) unsafe fn push(&self, node: NonNull<Node>) {
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            // SAFETY: nodes live as long as the pool.
            unsafe { (*node.as_ptr()).next.store(head, Ordering::Relaxed) };
            match self.head.compare_exchange_weak(
                head,
                node.as_ptr(),
                // Release: whoever finds the node finds it filled.
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// Takes a node; it is the caller's until `push`.
    pub(crate) fn pop(&self) -> Option<NonNull<Node>> {
        let mut head = self.head.load(Ordering::Acquire);
        while let Some(node) = NonNull::new(head) {
            // SAFETY: nodes live as long as the pool.
            let next = unsafe { (*head).next.load(Ordering::Relaxed) };
            match self
                .head
                .compare_exchange_weak(head, next, Ordering::Acquire, Ordering::Acquire)
            {
                Ok(_) => return Some(node),
                Err(now) => head = now,
            }
        }
        None
    }
}

impl Drop for FreeStack {
    fn drop(&mut self) {
        while let Some(node) = self.pop() {
            // SAFETY: `add` boxed the node, and no lease outlives the pool.
            drop(unsafe { Box::from_raw(node.as_ptr()) });
        }
    }
}
