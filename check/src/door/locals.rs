//! Thread-locals. A model's threads share one operating-system thread, so each
//! has a table of its own here; outside a model it is std's thread-local.

use crate::seam::context;
use crate::seam::panics;
use crate::seam::runtime;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The thread-local is gone: [`std::thread::AccessError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessError(());

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("already destroyed")
    }
}

impl std::error::Error for AccessError {}

/// A thread-local key: [`std::thread::LocalKey`]. Made by
/// [`thread_local!`](crate::thread_local).
pub struct LocalKey<T: 'static> {
    real: &'static std::thread::LocalKey<T>,
    init: fn() -> T,
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

/// The key of std's `real`, whose values `init` makes. For the expansion of `thread_local!`.
pub const fn local_key<T: 'static>(real: &'static std::thread::LocalKey<T>, init: fn() -> T) -> LocalKey<T> {
    LocalKey::new(real, init)
}

/// The values of one model thread, by the address of their key. `None`: dropped.
type Table = Vec<(usize, Option<Box<dyn Any>>)>;

std::thread_local! {
    static TABLES: RefCell<Vec<Table>> = const { RefCell::new(Vec::new()) };
}

/// Whether the running thread of a model has values.
pub(crate) fn any() -> bool {
    let me = runtime::current().map_or(0, |engine| engine.me());
    TABLES.with_borrow(|tables| {
        tables.get(me).is_some_and(|table| table.iter().any(|(_, value)| value.is_some()))
    })
}

/// Drops the running model thread's values, the last made first.
fn end_of_thread() {
    let Some(engine) = runtime::current() else {
        return;
    };
    let me = engine.me();
    loop {
        let value = TABLES.with_borrow_mut(|tables| {
            let table = tables.get_mut(me)?;
            table.iter_mut().rev().find_map(|(_, value)| value.take())
        });
        match value {
            Some(value) => {
                if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
                    panics::abort_in_thread_local(&*payload);
                }
            }
            None => return,
        }
    }
}

/// Forgets the tables of the last execution. What its threads did not drop
/// (they were abandoned) is leaked: dropping it would run the model's code.
fn end_of_execution() {
    TABLES.with_borrow_mut(|tables| {
        for (_, value) in tables.iter_mut().flat_map(|table| table.drain(..)) {
            std::mem::forget(value);
        }
    });
}

impl<T: 'static> LocalKey<T> {
    /// The key of std's `real`, whose values `init` makes.
    pub(crate) const fn new(real: &'static std::thread::LocalKey<T>, init: fn() -> T) -> Self {
        Self { real, init }
    }

    /// Gives `f` the thread's value, made on first use.
    ///
    /// # Panics
    ///
    /// If the value has been dropped, because the thread is about to end.
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.try_with(f).expect("cannot access a Thread Local Storage value during or after destruction")
    }

    /// Gives `f` the thread's value, made on first use.
    ///
    /// # Errors
    ///
    /// If the value has been dropped, because the thread is about to end.
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        match runtime::current() {
            Some(engine) => {
                let value = self.modelled(engine.me())?;
                // SAFETY: the value is boxed and stays where it is until its thread ends, which is
                // not before this call has returned: it runs on that thread.
                Ok(f(unsafe { &*value }))
            }
            None => self.real.try_with(f).map_err(|_| AccessError(())),
        }
    }

    fn modelled(&'static self, me: usize) -> Result<*const T, AccessError> {
        let key = std::ptr::from_ref(self) as usize;
        loop {
            // The table's memory is not the model's.
            let engine_code = runtime::engine_code();
            let found = TABLES.with_borrow_mut(|tables| {
                if tables.len() <= me {
                    tables.resize_with(me + 1, Vec::new);
                }
                let (_, value) = tables[me].iter().find(|(k, _)| *k == key)?;
                Some(match value {
                    Some(value) => {
                        Ok(std::ptr::from_ref(value.downcast_ref::<T>().expect("a key has one type")))
                    }
                    None => Err(AccessError(())),
                })
            });
            if let Some(found) = found {
                return found;
            }
            drop(engine_code);
            // Not under the borrow: it is the model's code.
            let value: Box<dyn Any> = Box::new((self.init)());
            let _engine = runtime::engine_code();
            context::at_end_of_thread(end_of_thread);
            context::at_end_of_execution(end_of_execution);
            TABLES.with_borrow_mut(|tables| tables[me].push((key, Some(value))));
        }
    }
}

impl<T: 'static> LocalKey<Cell<T>> {
    /// Sets the thread's value.
    pub fn set(&'static self, value: T) {
        self.with(|cell| cell.set(value));
    }

    /// The thread's value.
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    /// The thread's value; the default is left.
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }

    /// The thread's value; `value` is left.
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> LocalKey<RefCell<T>> {
    /// Gives `f` the borrowed value.
    pub fn with_borrow<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| f(&cell.borrow()))
    }

    /// Gives `f` the mutably borrowed value.
    pub fn with_borrow_mut<R>(&'static self, f: impl FnOnce(&mut T) -> R) -> R {
        self.with(|cell| f(&mut cell.borrow_mut()))
    }

    /// Sets the thread's value.
    pub fn set(&'static self, value: T) {
        self.with(|cell| *cell.borrow_mut() = value);
    }

    /// The thread's value; the default is left.
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }

    /// The thread's value; `value` is left.
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

/// Declares thread-locals: [`std::thread_local!`].
#[macro_export]
macro_rules! thread_local {
    () => {};
    ($(#[$attr:meta])* $vis:vis static $name:ident : $t:ty = const { $init:expr } $(; $($rest:tt)*)?) => {
        $crate::thread_local!($(#[$attr])* $vis static $name: $t = $init; $($($rest)*)?);
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident : $t:ty = const $init:block $(; $($rest:tt)*)?) => {
        $crate::thread_local!($(#[$attr])* $vis static $name: $t = $init; $($($rest)*)?);
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident : $t:ty = $init:expr $(; $($rest:tt)*)?) => {
        $(#[$attr])*
        $vis static $name: $crate::door::LocalKey<$t> = {
            fn init() -> $t {
                $init
            }
            $crate::__private::real_thread_local! {
                static REAL: $t = init();
            }
            $crate::__private::local_key(&REAL, init)
        };
        $($crate::thread_local!($($rest)*);)?
    };
}
