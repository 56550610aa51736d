//! A leak in a folder whose name the standard library's has, too.

use std::hint::black_box;

/// Allocates and forgets.
pub(crate) fn leaks() {
    black_box(Box::leak(Box::new([7_u8; 64]))); // leaked in a folder `library`
}
