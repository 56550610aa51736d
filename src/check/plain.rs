//! Plain memory, as the thread-sanitizer pass reports it.

use super::race::Stamp;
use super::state::State;

/// A block is freed: a write to all of it.
pub(crate) fn freed(_: &mut State, _: usize, _: usize, _: Stamp) {}
