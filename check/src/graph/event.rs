//! Events and messages: what an execution graph is made of.

use crate::seam::clock::Clock;
use crate::seam::place::Place;

/// No event, no message, no location.
pub(crate) const NONE: u32 = u32::MAX;

/// An atomic event, for psc and for the trace.
#[derive(Clone, Debug)]
pub(crate) struct GraphEvent {
    pub(crate) thread: u8,
    /// Its number in its thread, from 1.
    pub(crate) seq: u16,
    /// Its location, or [`NONE`] for a fence.
    pub(crate) loc: u32,
    pub(crate) fence: bool,
    pub(crate) sc: bool,
    /// The message it read.
    pub(crate) reads: u32,
    /// The message it wrote.
    pub(crate) writes: u32,
    /// What happens before it.
    pub(crate) hb: Clock,
    /// What is before it in program order, its thread's ancestors included.
    pub(crate) sb: Clock,
    /// Where in the source.
    pub(crate) site: Option<Place>,
}

/// One entry of a modification order.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) loc: u32,
    /// Its place in its location's modification order.
    pub(crate) pos: u32,
    pub(crate) value: u64,
    /// The writer, or [`MAX_THREADS`] for an initial value.
    pub(crate) thread: u8,
    pub(crate) seq: u16,
    /// What an acquire read of it learns.
    pub(crate) view: Clock,
    /// The writer's `(sb ∪ rf)+` past, itself included.
    pub(crate) porf: Clock,
    /// Whether a read-modify-write has read it.
    pub(crate) taken: bool,
    /// The first message of the chain up to it of writes that have all left the value as it was, or have come
    /// back to it in a turn of a loop; often its own number.
    pub(crate) root: u32,
    /// Whether nobody has verified yet that the turn which came back has changed nothing else.
    pub(crate) unverified: bool,
    /// What its writer knew of the time, in nanoseconds: see [`crate::graph::rc11::Past`].
    pub(crate) time: u64,
}

/// Which rule the audit of the checker itself breaks: see `loom-tests`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum BrokenRule {
    /// None: the checker as it is.
    #[default]
    None,
    /// A store always goes last in modification order, and a
    /// read-modify-write reads only the last message.
    AppendOnly,
    /// A SeqCst access counts as a SeqCst fence.
    ScAccessIsFence,
    /// No psc check.
    NoPsc,
}

/// The accesses of one thread to one location: event number and message.
type Accesses = Vec<(u16, u32)>;

/// An atomic object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Location {
    /// Modification order: message numbers.
    pub(crate) mo: Vec<u32>,
    /// Who read or wrote what, per thread, in program order.
    pub(super) accesses: Vec<Accesses>,
}

/// The events of an execution with their modification orders: what its consistency is asked of.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventLog<'a> {
    pub(super) events: &'a [GraphEvent],
    pub(super) messages: &'a [Message],
    pub(super) locations: &'a [Location],
    pub(super) broken: BrokenRule,
}
