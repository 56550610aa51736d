//! Who makes the choices of an execution: an exhaustive search, dice, or a list.

use crate::plan::decision::Decision;
use crate::search::minimise::Follower;
use crate::search::sampler::Sampler;
use crate::search::stack::ChoiceStack;

/// How choices are made.
#[derive(Debug)]
pub(crate) enum Chooser {
    Exhaustive(ChoiceStack),
    Random(Box<Sampler>),
    Replay {
        list: Vec<Decision>,
        next: usize,
    },
    /// As a preference list says, as far as that goes.
    Follower(Follower),
    /// Taken out by the function that decides.
    Busy,
}
