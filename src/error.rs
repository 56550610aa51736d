//! Every error type of the structures.

use core::error::Error;
use core::fmt;

/// Why a push did not take the item, which comes back inside.
///
/// # Examples
///
/// ```
/// use ringwright::{PushError, spsc};
///
/// let (mut producer, consumer) = spsc::bounded(1);
/// producer.push("a").unwrap();
/// assert_eq!(producer.push("b"), Err(PushError::Full("b")));
/// drop(consumer);
/// assert_eq!(producer.push("c").unwrap_err().into_inner(), "c");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum PushError<T> {
    /// No slot was free.
    Full(T),
    /// Every consumer is gone, so nobody could ever pop the item.
    Closed(T),
}

impl<T> PushError<T> {
    /// The item that was not taken.
    #[inline]
    pub fn into_inner(self) -> T {
        match self {
            PushError::Full(item) | PushError::Closed(item) => item,
        }
    }

    /// Whether the push failed because no slot was free: a later one may succeed.
    #[inline]
    pub const fn is_full(&self) -> bool {
        matches!(self, PushError::Full(_))
    }

    /// Whether the push failed because every consumer is gone: every later one will fail too.
    #[inline]
    pub const fn is_closed(&self) -> bool {
        matches!(self, PushError::Closed(_))
    }
}

/// Names the variant and leaves the item out, so that `T` need not be [`Debug`](fmt::Debug).
impl<T> fmt::Debug for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PushError::Full(_) => "Full(..)",
            PushError::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PushError::Full(_) => "the queue is full",
            PushError::Closed(_) => "every consumer of the queue is gone",
        })
    }
}

impl<T> Error for PushError<T> {}

/// Why a pop gave no item.
///
/// # Examples
///
/// ```
/// use ringwright::{PopError, spsc};
///
/// let (producer, mut consumer) = spsc::bounded::<u8>(1);
/// assert_eq!(consumer.pop(), Err(PopError::Empty));
/// drop(producer);
/// assert_eq!(consumer.pop(), Err(PopError::Closed));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PopError {
    /// Nothing is there now.
    Empty,
    /// Nothing is there, every producer is gone, so nothing will come.
    Closed,
}

impl PopError {
    /// Whether nothing was there now: a later pop may succeed.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        matches!(self, PopError::Empty)
    }

    /// Whether nothing will ever come: every later pop will fail too.
    #[inline]
    pub const fn is_closed(&self) -> bool {
        matches!(self, PopError::Closed)
    }
}

impl fmt::Display for PopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PopError::Empty => "the queue is empty",
            PopError::Closed => "the queue is empty and every producer is gone",
        })
    }
}

impl Error for PopError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    /// Neither `Debug` nor `Display`, as an item may be.
    #[derive(PartialEq)]
    struct Opaque(u8);

    #[test]
    fn a_push_error_gives_the_item_back_and_says_why() {
        let full = PushError::Full(Opaque(1));
        assert!(full.is_full() && !full.is_closed());
        assert!(full.into_inner() == Opaque(1));
        let closed = PushError::Closed(Opaque(2));
        assert!(closed.is_closed() && !closed.is_full());
        assert!(closed.into_inner() == Opaque(2));
    }

    #[test]
    fn errors_print_without_the_item() {
        assert_eq!(format!("{:?}", PushError::Full(Opaque(1))), "Full(..)");
        assert_eq!(format!("{:?}", PushError::Closed(Opaque(1))), "Closed(..)");
        assert_eq!(format!("{}", PushError::Full(Opaque(1))), "the queue is full");
        assert_eq!(format!("{:?}", PopError::Empty), "Empty");
        assert!(PopError::Empty.is_empty() && !PopError::Empty.is_closed());
        assert!(PopError::Closed.is_closed() && !PopError::Closed.is_empty());
    }

    #[test]
    fn errors_are_errors() {
        fn is_error<E: Error>() {}
        is_error::<PushError<Opaque>>();
        is_error::<PopError>();
    }
}
