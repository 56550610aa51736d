//! What the contenders' files share: how many ends a library has, and clones of one.

use crate::shape::Shape;

/// What a contender says whose ends are one thread each.
pub(crate) fn one_to_one_only(shape: Shape) -> Result<(), &'static str> {
    match shape {
        Shape::OneToOne => Ok(()),
        _ => Err("one producer and one consumer only"),
    }
}

/// What a contender says whose receiving end is one thread.
pub(crate) fn one_consumer_only(shape: Shape) -> Result<(), &'static str> {
    if shape.consumers() == 1 { Ok(()) } else { Err("one consumer only") }
}

/// `count` clones of a handle, the last of them the handle itself.
pub(crate) fn clones<H: Clone>(handle: H, count: usize) -> Vec<H> {
    vec![handle; count]
}
