//! Ringwright's queues beside their peers: proved first, then timed.
//!
//! `cargo run --release -p contenders -- compare` runs every contender that
//! fits a [`Shape`] in interleaved rounds and prints medians, the paired ratio
//! to the best peer with its 95 % interval, and `tie` where that interval spans
//! 1.0. `cargo bench -p contenders` runs the same rounds under criterion.
//!
//! # What happens
//!
//! 1. **Proof.** Before anything is timed, each contender carries numbered
//!    items in the very shape that will be timed, through rings of capacity 1,
//!    3 and 1024. Every item must arrive exactly once, and each consumer must
//!    see the items of each producer in the order they were pushed. A contender
//!    that fails stops the comparison: see [`proof`].
//! 2. **Warm-up.** Rounds of growing length find how many items fill a round.
//! 3. **Rounds.** One round of A, one of B, one of C, and again, so that a slow
//!    minute of the machine falls on all of them. A round moves `u64` items
//!    through a fresh queue of capacity 1024. Its threads start at a barrier;
//!    its time runs from the first start to the last stop. Count and sum of the
//!    items received are checked in every round.
//! 4. **Figures.** See [`statistics`] for what the intervals are.
//!
//! # What is fair
//!
//! * Every contender is one type, and its loop is compiled for it alone: no
//!   item passes through a dynamic call.
//! * A queue whose calls never wait is driven through those calls. When one
//!   finds the queue full or empty, all such contenders wait alike:
//!   [`Backoff`] spins [`SPINS`](contender::SPINS) times and then yields.
//! * A channel that can block is entered twice: under its own name with its
//!   blocking `send` and `recv`, which is how its documentation says to use it,
//!   and as `…-try` with its non-waiting calls and the waiting above.
//! * One item a call. Batches and chunks, which rtrb and others offer, are
//!   another contest.
//! * The stream ends with one end mark for each consumer, pushed by the
//!   producer that finishes last. Consumers compete until then; no queue is
//!   asked to know that its other side is gone.
//! * Where there are no more threads than cores, each thread is pinned to a
//!   core of its own; otherwise the system's scheduler places them.
//! * A contender that cannot do a shape is not in that shape: `list` says which
//!   and why. A contender that is in a shape always has a row.
//!
//! # What the numbers cannot tell
//!
//! * **Latency.** These are throughputs of a saturated queue.
//! * **Your machine, and your load.** With nothing to do between two items, the
//!   queue is all there is. Real work between the items hides most of it.
//! * **More threads than cores.** There the rows measure what a waiting thread
//!   does with its core, and the scheduler, more than the queue. A lock held in
//!   long runs on one core can win there.
//! * **Unbounded against bounded.** `crossbeam-seg-queue` never says full and
//!   pays with memory, which is not measured.
//! * **Large items, slow drops, wake-up of sleeping threads.**
//! * **Differences inside an interval**, and differences between two runs: only
//!   ratios within one run are compared. The best peer is chosen by the medians
//!   of the run itself, so its own figure is a little lucky.
//!
//! # What is left out when the checker is on
//!
//! Ringwright's feature `check` replaces its atomics by instrumented ones, and
//! feature unification can turn it on in a workspace build. Nothing is timed
//! then ([`refusal`]); the proofs still run.

pub mod compare;
pub mod contender;
pub mod criterion_entry;
pub mod machine;
pub mod peers;
pub mod proof;
pub mod report;
pub mod round;
mod run;
mod shape;
pub mod statistics;
mod timing;
pub mod versions;

pub use contender::{Backoff, Contender, Pop, Push};
pub use shape::{CAPACITY, Shape};
pub use timing::refusal;
