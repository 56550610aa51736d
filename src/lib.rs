//! Lock-free queues and ring buffers, and the race-detection kit that proves them.
//!
//! # Which structure do I want?
//!
//! | producers | consumers | take | its `push` and `pop` |
//! |---|---|---|---|
//! | 1 | 1 | [`spsc::bounded`] | wait-free; `Full` and `Empty` are exact; no atomic read-modify-write |
//! | many | many | [`mpmc::bounded`] | lock-free calls; a thread stopped inside one can make others see `Full` or `Empty` |
//!
//! For one to many and for many to one, take `mpmc`; it does both.
//!
//! What they have in common: a pair of ends, [`Producer`](spsc::Producer) and
//! [`Consumer`](spsc::Consumer); any capacity of at least 1, allocated once;
//! `push` and `pop` never wait, never overwrite and give a refused item back. A
//! dropped end closes the queue: producers get [`PushError::Closed`] at once,
//! consumers get [`PopError::Closed`] after the last item. Items that nobody
//! popped are dropped once.
//!
//! One to one:
//!
//! ```
//! use ringwright::{PopError, spsc};
//!
//! let (mut producer, mut consumer) = spsc::bounded(8);
//! producer.push("tick").unwrap();
//! drop(producer);
//! assert_eq!(consumer.pop(), Ok("tick"));
//! assert_eq!(consumer.pop(), Err(PopError::Closed));
//! ```
//!
//! Many to many:
//!
//! ```
//! use ringwright::{PushError, mpmc};
//!
//! let (producer, consumer) = mpmc::bounded(8);
//! let other = producer.clone();
//! std::thread::spawn(move || other.push("from there")).join().unwrap().unwrap();
//! producer.push("from here").unwrap();
//! assert_eq!(consumer.clone().pop(), Ok("from there"));
//! assert_eq!(consumer.pop(), Ok("from here"));
//! drop(consumer);
//! assert_eq!(producer.push("too late"), Err(PushError::Closed("too late")));
//! ```
//!
//! # Features
//!
//! - `std` (default): without it the crate is `no_std` and needs `alloc`. The
//!   structures are the same either way.
//! - `parking_lot`: `sync::parking_lot`, the door's mirror of that crate's locks.
//! - `check`: the checker. It makes the types of [`sync`] instrumented, and
//!   slower, so it is for tests only. `check-loom` and `check-plain` add to it.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(any(feature = "std", test)), no_std)]

extern crate alloc;

mod error;
mod position;
mod slot;

pub mod mpmc;
pub mod spsc;
pub mod sync;

#[cfg(feature = "check")]
pub use ringwright_check as check;

pub use error::{PopError, PushError};
