//! A step of a trace, taken apart: what a program that shows a trace needs.
//!
//! [`TraceLine::what`](crate::TraceLine::what) says a step in words. An
//! [`Operation`] says the same in parts, and adds what words would not hold:
//! the store that a read took its value from, every other store that it could
//! have read, and the store's place in the modification order of its object.

use crate::report::words::are;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What kind of operation a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OperationKind {
    /// A load of an atomic.
    Load,
    /// A store to an atomic.
    Store,
    /// A read-modify-write of an atomic, or a failed compare-exchange.
    Rmw,
    /// A fence.
    Fence,
    /// An operation of a lock, a condition variable or a parking token.
    Lock,
    /// An access to plain memory through a cell.
    Cell,
    /// The start of a thread.
    Spawn,
    /// The wait for the end of a thread.
    Join,
    /// An operation that never finished: its thread waits forever.
    Blocked,
    /// The operation that failed.
    Failure,
}

/// A store, as a read sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoreSeen {
    /// The step that stored, an index into [`Trace::lines`](crate::Trace::lines);
    /// `None` for the initial value.
    pub step: Option<usize>,
    /// Its place in the object's modification order; 0 is the first value.
    pub place: u32,
    /// What it stored, as bits.
    pub value: u64,
}

/// A step in its parts. What does not apply is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Operation {
    /// What kind of operation.
    pub kind: OperationKind,
    /// Its name, such as `fetch_add`.
    pub name: String,
    /// The object, by the short name that the trace gives it.
    pub object: Option<String>,
    /// The ordering that it ran with.
    pub ordering: Option<String>,
    /// What it read, as bits.
    pub read: Option<u64>,
    /// What it wrote, as bits.
    pub written: Option<u64>,
    /// The store that it read.
    pub from: Option<StoreSeen>,
    /// Every store that it could have read, the newest first, including the one
    /// that it did read.
    pub candidates: Vec<StoreSeen>,
    /// Whether the read is stale: a newer store comes earlier in the trace.
    pub stale: bool,
    /// The place of its store in the object's modification order; 0 is the
    /// initial value.
    pub place: Option<u32>,
    /// Whether its store goes, in the modification order, before one that comes
    /// earlier in the trace.
    pub late: bool,
}

impl Operation {
    pub(crate) fn new(kind: OperationKind, name: impl Into<String>) -> Operation {
        Operation {
            kind,
            name: name.into(),
            object: None,
            ordering: None,
            read: None,
            written: None,
            from: None,
            candidates: Vec::new(),
            stale: false,
            place: None,
            late: false,
        }
    }
}

/// Whether the trace is sequentially consistent: an interleaving in which every
/// read takes the newest value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Interleaving {
    /// Every read reads the newest value.
    Plain,
    /// No order of the steps has that property.
    Weak {
        /// The number of stale reads.
        stale_reads: usize,
        /// The number of stores that go before one that comes earlier.
        late_stores: usize,
        /// Whether no order of the steps has fewer. If `false`, the graph was too
        /// large to try all orders.
        fewest: bool,
    },
}

impl fmt::Display for Interleaving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Interleaving::Weak { stale_reads, late_stores, fewest } = *self else {
            return f.write_str("this is a plain interleaving: every read reads the newest value");
        };
        let reads = (stale_reads > 0).then(|| format!("{} stale", are(stale_reads, "read")));
        let stores = (late_stores > 0).then(|| format!("{} late", are(late_stores, "store")));
        let both: Vec<String> = reads.into_iter().chain(stores).collect();
        write!(f, "needs weak memory: {}", both.join(", "))?;
        f.write_str(if fewest { " (no order has fewer)" } else { " (not all orders tried)" })
    }
}
