//! Stands in for `core` where a snippet is compiled for the checker: the real
//! one without the atomics, which snippets name through `std`.

#![no_std]

pub use ::core::*;

/// Nothing: `std::sync::atomic` is the way in.
pub mod sync {}

/// A spinning thread tells the checker so, through `std::hint`.
pub mod hint {
    pub use ::core::hint::{assert_unchecked, black_box, unreachable_unchecked};
}
