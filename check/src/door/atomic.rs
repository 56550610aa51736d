//! Atomic integers, booleans and pointers, fences: [`std::sync::atomic`].

use crate::door::object::Identity;
use crate::seam::op::Rmw;
use crate::seam::outside;
use crate::seam::runtime::{self, Obj, RunningEngine};
use std::fmt;
use std::panic::Location;
use std::sync::atomic as real;

pub use std::sync::atomic::{Ordering, compiler_fence};

/// A fence: [`std::sync::atomic::fence`].
///
/// # Panics
///
/// If `order` is Relaxed.
#[track_caller]
pub fn fence(order: Ordering) {
    match runtime::current() {
        Some(engine) => {
            assert!(order != Ordering::Relaxed, "there is no such thing as a relaxed fence");
            engine.fence(order, Location::caller());
        }
        None => real::fence(order),
    }
}

#[track_caller]
fn check_load(order: Ordering) {
    match order {
        Ordering::Release => panic!("there is no such thing as a release load"),
        Ordering::AcqRel => panic!("there is no such thing as an acquire-release load"),
        _ => {}
    }
}

#[track_caller]
fn check_store(order: Ordering) {
    match order {
        Ordering::Acquire => panic!("there is no such thing as an acquire store"),
        Ordering::AcqRel => panic!("there is no such thing as an acquire-release store"),
        _ => {}
    }
}

/// The engine that runs an operation on `obj`, if the calling thread is a model's.
#[track_caller]
#[inline]
fn engine(obj: &Obj<'_>) -> Option<RunningEngine> {
    let engine = runtime::current();
    if engine.is_none() {
        outside::touches(obj, Location::caller());
    }
    engine
}

/// A load, or `None` outside a model.
#[track_caller]
fn load(obj: Obj<'_>, order: Ordering) -> Option<u64> {
    let engine = engine(&obj)?;
    check_load(order);
    Some(engine.load(obj, order, Location::caller()))
}

/// A store; whether it ran, which outside a model it does not.
#[track_caller]
fn store(obj: Obj<'_>, value: u64, order: Ordering) -> bool {
    let Some(engine) = engine(&obj) else {
        return false;
    };
    check_store(order);
    engine.store(obj, value, order, Location::caller());
    true
}

/// A read-modify-write that always writes, or `None` outside a model.
#[track_caller]
fn update(obj: Obj<'_>, op: Rmw, order: Ordering) -> Option<u64> {
    let engine = engine(&obj)?;
    let (Ok(old) | Err(old)) = engine.rmw(obj, op, order, Ordering::Relaxed, Location::caller());
    Some(old)
}

/// A compare-exchange, or `None` outside a model.
#[track_caller]
fn exchange(
    obj: Obj<'_>,
    expected: u64,
    new: u64,
    weak: bool,
    ok: Ordering,
    err: Ordering,
) -> Option<Result<u64, u64>> {
    let engine = engine(&obj)?;
    check_load(err);
    Some(engine.rmw(obj, Rmw::Cas { expected, new, weak }, ok, err, Location::caller()))
}

/// What every atomic has: construction, access by borrow, load, store, swap,
/// compare-exchange.
macro_rules! common {
    ($name:ident $(<$t:ident>)?, $ty:ty, $bits:expr, $to:expr, $from:expr) => {
        impl$(<$t>)? $name$(<$t>)? {
            /// An atomic that holds `value`.
            pub const fn new(value: $ty) -> Self {
                Self { value: real::$name::new(value), id: Identity::new() }
            }

            pub(super) fn object(&self) -> Obj<'_> {
                let size = std::mem::size_of::<$ty>();
                self.id.object(self.value.as_ptr().cast(), size, $bits)
            }

            /// The value, by exclusive borrow. The next operation starts from
            /// whatever is written through it.
            pub fn get_mut(&mut self) -> &mut $ty {
                self.id.forget();
                self.value.get_mut()
            }

            /// The value.
            pub fn into_inner(self) -> $ty {
                self.value.into_inner()
            }

            /// A pointer to the value. Accesses through it are not seen.
            pub const fn as_ptr(&self) -> *mut $ty {
                self.value.as_ptr()
            }

            /// Reads the value.
            ///
            /// # Panics
            ///
            /// If `order` is Release or AcqRel.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $ty {
                match load(self.object(), order) {
                    Some(value) => $from(value),
                    None => self.value.load(order),
                }
            }

            /// Writes `value`.
            ///
            /// # Panics
            ///
            /// If `order` is Acquire or AcqRel.
            #[track_caller]
            pub fn store(&self, value: $ty, order: Ordering) {
                if !store(self.object(), $to(value), order) {
                    self.value.store(value, order);
                }
            }

            /// Writes `value` and gives the value before.
            #[track_caller]
            pub fn swap(&self, value: $ty, order: Ordering) -> $ty {
                match update(self.object(), Rmw::Swap($to(value)), order) {
                    Some(old) => $from(old),
                    None => self.value.swap(value, order),
                }
            }

            /// Writes `new` if the value is `current`. Gives the value before,
            /// as an error if it was another one.
            ///
            /// # Panics
            ///
            /// If `failure` is Release or AcqRel.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $ty,
                new: $ty,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$ty, $ty> {
                match exchange(self.object(), $to(current), $to(new), false, success, failure) {
                    Some(result) => result.map($from).map_err($from),
                    None => self.value.compare_exchange(current, new, success, failure),
                }
            }

            /// [`compare_exchange`](Self::compare_exchange) that may fail
            /// though the value is `current`.
            ///
            /// # Panics
            ///
            /// If `failure` is Release or AcqRel.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $ty,
                new: $ty,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$ty, $ty> {
                match exchange(self.object(), $to(current), $to(new), true, success, failure) {
                    Some(result) => result.map($from).map_err($from),
                    None => self.value.compare_exchange_weak(current, new, success, failure),
                }
            }

            /// [`try_update`](Self::try_update) by its older name.
            ///
            /// # Errors, panics
            ///
            /// As there.
            #[track_caller]
            pub fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                f: impl FnMut($ty) -> Option<$ty>,
            ) -> Result<$ty, $ty> {
                self.try_update(set, fetch, f)
            }

            /// Replaces the value by what `f` makes of it, again and again
            /// until nobody interferes. Gives the value before.
            ///
            /// # Panics
            ///
            /// If `fetch` is Release or AcqRel.
            #[track_caller]
            pub fn update(&self, set: Ordering, fetch: Ordering, mut f: impl FnMut($ty) -> $ty) -> $ty {
                let mut old = self.load(fetch);
                loop {
                    match self.compare_exchange_weak(old, f(old), set, fetch) {
                        Ok(old) => return old,
                        Err(other) => old = other,
                    }
                }
            }

            /// Replaces the value by what `f` makes of it, again and again
            /// until nobody interferes. Gives the value before.
            ///
            /// # Errors
            ///
            /// The value that `f` gave `None` for.
            ///
            /// # Panics
            ///
            /// If `fetch` is Release or AcqRel.
            #[track_caller]
            pub fn try_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut f: impl FnMut($ty) -> Option<$ty>,
            ) -> Result<$ty, $ty> {
                let mut old = self.load(fetch);
                while let Some(new) = f(old) {
                    match self.compare_exchange_weak(old, new, set, fetch) {
                        Ok(old) => return Ok(old),
                        Err(other) => old = other,
                    }
                }
                Err(old)
            }
        }

        impl$(<$t>)? fmt::Debug for $name$(<$t>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.value, f)
            }
        }

        impl$(<$t>)? From<$ty> for $name$(<$t>)? {
            fn from(value: $ty) -> Self {
                Self::new(value)
            }
        }
    };
}

/// One method `fetch_*`.
macro_rules! fetch {
    ($ty:ty, $to:expr, $from:expr, $($name:ident: $op:expr, $doc:literal;)*) => {
        $(
            #[doc = concat!($doc, " Gives the value before.")]
            #[track_caller]
            pub fn $name(&self, value: $ty, order: Ordering) -> $ty {
                match update(self.object(), $op($to(value)), order) {
                    Some(old) => $from(old),
                    None => self.value.$name(value, order),
                }
            }
        )*
    };
}

/// An integer.
macro_rules! integer {
    ($($name:ident: $ty:ty, $unsigned:ty, $signed:literal;)*) => {
        $(
            #[doc = concat!("An atomic `", stringify!($ty), "`: [`std::sync::atomic::", stringify!($name), "`].")]
            #[derive(Default)]
            pub struct $name {
                value: real::$name,
                id: Identity,
            }

            common!($name, $ty, <$ty>::BITS as u8, |v: $ty| v as $unsigned as u64, |v: u64| v as $ty);

            impl $name {
                fetch! {
                    $ty, |v: $ty| v as $unsigned as u64, |v: u64| v as $ty,
                    fetch_add: Rmw::Add, "Adds, wrapping round.";
                    fetch_sub: Rmw::Sub, "Subtracts, wrapping round.";
                    fetch_and: Rmw::And, "Bitwise and.";
                    fetch_nand: Rmw::Nand, "Bitwise nand.";
                    fetch_or: Rmw::Or, "Bitwise or.";
                    fetch_xor: Rmw::Xor, "Bitwise exclusive or.";
                    fetch_max: |value| Rmw::Max { value, signed: $signed }, "The greater one.";
                    fetch_min: |value| Rmw::Min { value, signed: $signed }, "The smaller one.";
                }
            }
        )*
    };
}

integer! {
    AtomicU8: u8, u8, false;
    AtomicU16: u16, u16, false;
    AtomicU32: u32, u32, false;
    AtomicU64: u64, u64, false;
    AtomicUsize: usize, usize, false;
    AtomicI8: i8, u8, true;
    AtomicI16: i16, u16, true;
    AtomicI32: i32, u32, true;
    AtomicI64: i64, u64, true;
    AtomicIsize: isize, usize, true;
}

impl Default for Identity {
    fn default() -> Self {
        Self::new()
    }
}

/// An atomic `bool`: [`std::sync::atomic::AtomicBool`].
#[derive(Default)]
pub struct AtomicBool {
    value: real::AtomicBool,
    id: Identity,
}

common!(AtomicBool, bool, 1, u64::from, |v: u64| v != 0);

impl AtomicBool {
    fetch! {
        bool, u64::from, |v: u64| v != 0,
        fetch_and: Rmw::And, "Logical and.";
        fetch_nand: Rmw::Nand, "Logical nand.";
        fetch_or: Rmw::Or, "Logical or.";
        fetch_xor: Rmw::Xor, "Logical exclusive or.";
    }

    /// The newest value, as no operation of the model.
    pub(super) fn peek(&self) -> bool {
        // Relaxed: it orders nothing.
        self.value.load(Ordering::Relaxed)
    }

    /// Logical not. Gives the value before.
    #[track_caller]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        self.fetch_xor(true, order)
    }
}

/// An atomic pointer: [`std::sync::atomic::AtomicPtr`].
pub struct AtomicPtr<T> {
    value: real::AtomicPtr<T>,
    id: Identity,
}

common!(AtomicPtr<T>, *mut T, usize::BITS as u8, |p: *mut T| p.expose_provenance() as u64, |v: u64| {
    std::ptr::with_exposed_provenance_mut(v as usize)
});

/// The methods of a pointer that count or mask its address.
macro_rules! fetch_address {
    ($($name:ident: $op:expr, $size:expr, $doc:literal;)*) => {
        $(
            #[doc = concat!($doc, " Gives the pointer before.")]
            #[track_caller]
            pub fn $name(&self, value: usize, order: Ordering) -> *mut T {
                match update(self.object(), $op(value.wrapping_mul($size) as u64), order) {
                    Some(old) => std::ptr::with_exposed_provenance_mut(old as usize),
                    None => self.value.$name(value, order),
                }
            }
        )*
    };
}

impl<T> AtomicPtr<T> {
    fetch_address! {
        fetch_ptr_add: Rmw::Add, std::mem::size_of::<T>(), "Moves the pointer up by `value` items.";
        fetch_ptr_sub: Rmw::Sub, std::mem::size_of::<T>(), "Moves the pointer down by `value` items.";
        fetch_byte_add: Rmw::Add, 1, "Moves the pointer up by `value` bytes.";
        fetch_byte_sub: Rmw::Sub, 1, "Moves the pointer down by `value` bytes.";
        fetch_or: Rmw::Or, 1, "Bitwise or of the address.";
        fetch_and: Rmw::And, 1, "Bitwise and of the address.";
        fetch_xor: Rmw::Xor, 1, "Bitwise exclusive or of the address.";
    }
}

impl<T> fmt::Pointer for AtomicPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.value, f)
    }
}

impl<T> Default for AtomicPtr<T> {
    fn default() -> Self {
        Self::new(std::ptr::null_mut())
    }
}
