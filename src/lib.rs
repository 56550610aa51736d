//! Lock-free queues and ring buffers, and the race-detection kit that proves them.
//!
//! # Which structure do I want?
//!
//! | producers | consumers | take | its `push` and `pop` |
//! |---|---|---|---|
//! | 1 | 1 | [`spsc::bounded`] | wait-free; `Full` and `Empty` are exact; no atomic read-modify-write |
//! | many | many | [`mpmc::bounded`] | lock-free calls; a thread stopped inside one can make others see `Full` or `Empty` |
//!
//! For one producer and many consumers, or the other way round, take `mpmc`.
//!
//! Both have two ends, [`Producer`](spsc::Producer) and
//! [`Consumer`](spsc::Consumer). The capacity is any number of at least 1, and
//! it is allocated once. `push` and `pop` never wait and never overwrite; an
//! item that is refused comes back. A dropped end closes the queue: producers
//! get [`PushError::Closed`] at once, consumers get [`PopError::Closed`] after
//! the last item. Items that nobody popped are dropped with the queue.
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
//! - `parking_lot`: adds `sync::parking_lot`, that crate's locks.
//! - `check`: for tests only, and not covered by semantic versioning. The types
//!   of [`sync`] become those of the model checker `ringwright-check`, which is
//!   then also at `ringwright::check`. They are slower.
//! - `check-loom`: `check`, and loom as a second engine.
//! - `check-plain`: `check`, and the checker sees plain memory in code that is
//!   compiled with the thread-sanitizer pass.
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
// The macro's second path, from when the checker was part of this package.
#[cfg(feature = "check")]
#[doc(no_inline)]
pub use ringwright_check::thread_local;

pub use error::{PopError, PushError};
