//! How far a check came that gave up.

use crate::report::words::count;
use std::fmt;

/// How far a check came that gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Undecided {
    /// The configurations that the search of a part visited, at most.
    pub configurations: u64,
    /// The parts of the object that are undecided. Each of the others is linearizable.
    pub undecided: usize,
    /// The parts of the object ([`Spec::part`](crate::linearize::Spec::part)).
    pub parts: usize,
    /// The calls of the undecided parts that returned.
    pub calls: usize,
    /// Of these, those that were put in order at best.
    pub ordered: usize,
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Undecided { configurations, undecided, parts, calls, ordered } = self;
        write!(f, "undecided after {}", count(*configurations, "configuration"))?;
        if *parts > 1 {
            write!(f, " in {undecided} of {parts} parts")?;
        }
        write!(f, ": at best {ordered} of {calls} calls were put in order")
    }
}
