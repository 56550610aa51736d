//! What a crash of a node takes part of: disks, files, sockets.

use crate::sim::node::Node;

/// Something that loses its contents, or some of them, when a node crashes.
pub(super) trait NodeResource {
    /// In how many ways a crash of `node` can leave it; at least 1.
    fn ways(&self, node: Node) -> u32;
    /// `node` has crashed and leaves it in this way. Says what is lost, if a
    /// reader wants to know.
    fn crash(&self, node: Node, way: u32) -> Option<String>;
}
