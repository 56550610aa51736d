//! The name of a node.

/// A node of the world: a machine or process with its own clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node(pub(super) usize);
