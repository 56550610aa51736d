//! The shape of a run: how many threads push, how many pop, and the capacity between them.

use std::fmt;

/// The capacity of every bounded contender in a timed round, in items.
pub const CAPACITY: usize = 1024;

/// The shapes that can be compared, by producers and consumers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Shape {
    /// One producer, one consumer.
    #[value(name = "1p1c")]
    OneToOne,
    /// Two producers, one consumer.
    #[value(name = "2p1c")]
    TwoToOne,
    /// One producer, two consumers.
    #[value(name = "1p2c")]
    OneToTwo,
    /// Two producers, two consumers.
    #[value(name = "2p2c")]
    TwoToTwo,
    /// Four producers, four consumers.
    #[value(name = "4p4c")]
    FourToFour,
}

impl Shape {
    /// Every shape, in the order in which they are compared.
    pub const ALL: [Shape; 5] =
        [Shape::OneToOne, Shape::TwoToOne, Shape::OneToTwo, Shape::TwoToTwo, Shape::FourToFour];

    /// The number of producer threads.
    #[must_use]
    pub const fn producers(self) -> usize {
        match self {
            Shape::OneToOne | Shape::OneToTwo => 1,
            Shape::TwoToOne | Shape::TwoToTwo => 2,
            Shape::FourToFour => 4,
        }
    }

    /// The number of consumer threads.
    #[must_use]
    pub const fn consumers(self) -> usize {
        match self {
            Shape::OneToOne | Shape::TwoToOne => 1,
            Shape::OneToTwo | Shape::TwoToTwo => 2,
            Shape::FourToFour => 4,
        }
    }

    /// The number of threads of both roles.
    #[must_use]
    pub const fn threads(self) -> usize {
        self.producers() + self.consumers()
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}p{}c", self.producers(), self.consumers())
    }
}

#[cfg(test)]
mod tests {
    use super::Shape;
    use clap::ValueEnum;

    #[test]
    fn the_name_on_the_command_line_is_the_name_that_is_printed() {
        for shape in Shape::ALL {
            assert_eq!(Shape::from_str(&shape.to_string(), false), Ok(shape));
        }
        assert_eq!(Shape::value_variants(), Shape::ALL);
    }
}
