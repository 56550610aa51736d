//! What every kind of random program is to the fuzzer: text, a model, and an independent reference.

use ringwright::check::Check;
use std::collections::BTreeSet;
use std::fmt::Display;

/// What a reference says that a program can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The outcomes of the executions that run to their end.
    pub outcomes: BTreeSet<String>,
    /// Whether some execution has a data race.
    pub race: bool,
    /// Whether some execution gets stuck.
    pub deadlock: bool,
    /// Whether some execution gets stuck before anybody awaits a thread that has panicked.
    pub panic: bool,
}

/// A random program.
pub trait FuzzProgram: Clone + Display + Send + Sync + 'static {
    /// What the reference says; `None` if the program is too large for it.
    fn expected(&self) -> Option<Expected>;

    /// The body of the model: runs the program once through the door and records its outcome.
    fn run(&self);

    /// The program with something left out, in each way that there is.
    fn smaller(&self) -> Vec<Self>;

    /// Sets the budgets that the reference has counted with.
    fn budgets(&self, check: Check) -> Check;

    /// Whether a search in every order is quick enough.
    fn is_small(&self) -> bool;
}
