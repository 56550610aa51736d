//! What the contenders share: the shapes that their ends allow, and clones of a handle.

use crate::shape::Shape;

/// What a contender says whose ends are one thread each.
pub(super) fn one_to_one_only(shape: Shape) -> Result<(), &'static str> {
    match shape {
        Shape::OneToOne => Ok(()),
        _ => Err("one producer and one consumer only"),
    }
}

/// What a contender says whose receiving end is one thread.
pub(super) fn one_consumer_only(shape: Shape) -> Result<(), &'static str> {
    if shape.consumers() == 1 { Ok(()) } else { Err("one consumer only") }
}

/// `count` clones of a handle, the last of them the handle itself.
pub(super) fn clones<H: Clone>(handle: H, count: usize) -> Vec<H> {
    vec![handle; count]
}

#[cfg(test)]
mod tests {
    use super::{clones, one_consumer_only, one_to_one_only};
    use crate::shape::Shape;

    #[test]
    fn ends_that_are_one_thread_each_allow_one_shape() {
        let allowed: Vec<Shape> =
            Shape::ALL.into_iter().filter(|&shape| one_to_one_only(shape).is_ok()).collect();
        assert_eq!(allowed, [Shape::OneToOne]);
    }

    #[test]
    fn a_receiving_end_that_is_one_thread_allows_the_shapes_of_one_consumer() {
        let allowed: Vec<Shape> =
            Shape::ALL.into_iter().filter(|&shape| one_consumer_only(shape).is_ok()).collect();
        assert_eq!(allowed, [Shape::OneToOne, Shape::TwoToOne]);
    }

    #[test]
    fn each_thread_gets_a_handle() {
        assert_eq!(clones("handle", 3), ["handle"; 3]);
    }
}
