//! Every error type of the structures.

/// Why a push did not take the item, which comes back inside.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum PushError<T> {
    /// No slot was free.
    Full(T),
    /// Every consumer is gone, so nobody could ever pop the item.
    Closed(T),
}

/// Why a pop gave no item.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PopError {
    /// Nothing is there now.
    Empty,
    /// Nothing is there, every producer is gone, so nothing will come.
    Closed,
}
