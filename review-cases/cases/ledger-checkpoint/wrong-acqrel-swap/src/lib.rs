//! One shard of the ledger.
//!
//! A shard has two users, each on a thread of its own: the [`Poster`], which
//! applies postings as they arrive, and the [`Checkpointer`], which copies the
//! books once a second for the standby. Neither ever waits for the other: an
//! operation that finds the shard in use returns `Busy`, and the caller tries
//! again on its next turn.

mod handshake;
mod shard;

pub use shard::{Busy, Checkpointer, PostError, Poster, Snapshot, open};
