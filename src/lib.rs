//! Lock-free queues and ring buffers, and the race-detection kit that proves them.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(any(feature = "std", test)), no_std)]

extern crate alloc;

mod error;
mod position;
mod slot;

#[cfg(feature = "check")]
pub mod check;
pub mod mpmc;
pub mod spsc;
pub mod sync;

pub use error::{PopError, PushError};
