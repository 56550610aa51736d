//! What the suite is written against: a bounded queue as a trait, and items that
//! notice how often they are dropped.

use ringwright::{PopError, PushError, mpmc, spsc};
use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A structure under test.
pub(crate) trait Queue {
    type Producer<T: Send + 'static>: End + Push<T> + Debug + Send + UnwindSafe + RefUnwindSafe;
    type Consumer<T: Send + 'static>: End + Pop<T> + Debug + Send + UnwindSafe + RefUnwindSafe;

    fn bounded<T: Send + 'static>(capacity: usize) -> (Self::Producer<T>, Self::Consumer<T>);
}

/// What both ends can be asked.
pub(crate) trait End: 'static {
    fn capacity(&self) -> usize;
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool;
    fn is_full(&self) -> bool;
    fn is_closed(&self) -> bool;

    /// Checks everything that follows from the number of items.
    #[track_caller]
    fn assert_holds(&self, items: usize) {
        assert_eq!(self.len(), items);
        assert_eq!(self.is_empty(), items == 0);
        assert_eq!(self.is_full(), items == self.capacity());
    }
}

pub(crate) trait Push<T> {
    fn push(&mut self, item: T) -> Result<(), PushError<T>>;
}

pub(crate) trait Pop<T> {
    fn pop(&mut self) -> Result<T, PopError>;
    fn drain(&mut self) -> impl Iterator<Item = T>;
}

/// Makes a module of the crate a [`Queue`]. The methods are called by their
/// paths, so `&self` and `&mut self` both do.
macro_rules! queue {
    ($name:ident: $module:ident) => {
        /// The module's queue, as a name only.
        pub(crate) struct $name;

        impl Queue for $name {
            type Producer<T: Send + 'static> = $module::Producer<T>;
            type Consumer<T: Send + 'static> = $module::Consumer<T>;

            #[track_caller]
            fn bounded<T: Send + 'static>(n: usize) -> (Self::Producer<T>, Self::Consumer<T>) {
                $module::bounded(n)
            }
        }

        impl<T: 'static> Push<T> for $module::Producer<T> {
            fn push(&mut self, item: T) -> Result<(), PushError<T>> {
                $module::Producer::push(self, item)
            }
        }

        impl<T: 'static> Pop<T> for $module::Consumer<T> {
            fn pop(&mut self) -> Result<T, PopError> {
                $module::Consumer::pop(self)
            }

            fn drain(&mut self) -> impl Iterator<Item = T> {
                $module::Consumer::drain(self)
            }
        }

        queue!(end $module::Producer);
        queue!(end $module::Consumer);
    };
    (end $module:ident::$end:ident) => {
        impl<T: 'static> End for $module::$end<T> {
            fn capacity(&self) -> usize {
                $module::$end::capacity(self)
            }
            fn len(&self) -> usize {
                $module::$end::len(self)
            }
            fn is_empty(&self) -> bool {
                $module::$end::is_empty(self)
            }
            fn is_full(&self) -> bool {
                $module::$end::is_full(self)
            }
            fn is_closed(&self) -> bool {
                $module::$end::is_closed(self)
            }
        }
    };
}

queue!(Spsc: spsc);
queue!(Mpmc: mpmc);

/// Counts how often each of its items is dropped.
#[derive(Clone)]
pub(crate) struct Ledger(Arc<[AtomicUsize]>);

/// An item of a [`Ledger`], numbered; its drop panics if told to.
pub(crate) struct Item {
    pub(crate) number: usize,
    pub(crate) panics: bool,
    ledger: Ledger,
}

impl Ledger {
    pub(crate) fn new(items: usize) -> Self {
        Ledger((0..items).map(|_| AtomicUsize::new(0)).collect())
    }

    pub(crate) fn item(&self, number: usize) -> Item {
        Item { number, panics: false, ledger: self.clone() }
    }

    /// Checks how often the items were dropped: those below `gone` once, the rest not yet.
    #[track_caller]
    pub(crate) fn assert_dropped(&self, gone: usize) {
        for (number, drops) in self.0.iter().enumerate() {
            let expected = usize::from(number < gone);
            assert_eq!(drops.load(Relaxed), expected, "drops of item {number}");
        }
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.ledger.0[self.number].fetch_add(1, Relaxed);
        assert!(!self.panics, "item {} panics as planned", self.number);
    }
}
