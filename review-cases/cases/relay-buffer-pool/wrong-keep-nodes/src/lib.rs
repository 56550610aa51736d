//! Receive buffers of the relay.
//!
//! The pool is filled once, at start. A worker takes a buffer for each datagram
//! it reads and holds it as a [`Lease`]; dropping the lease, on whatever thread
//! the datagram has got to by then, gives the buffer back.

mod lease;
mod pool;
mod stack;

pub use lease::Lease;
pub use pool::BufferPool;
