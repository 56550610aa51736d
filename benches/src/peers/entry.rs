//! A contender as data: its name, and its proof and its round compiled for it.

use crate::contender::Contender;
use crate::proof::{self, Fault};
use crate::round::{self, RoundError};
use crate::shape::Shape;
use crate::versions;
use std::time::Duration;

/// One contender of the list: its name, and its proof and its round compiled
/// for it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The name of its row.
    pub name: &'static str,
    /// Which calls are driven.
    pub calls: &'static str,
    package: &'static str,
    fits: fn(Shape) -> Result<(), &'static str>,
    prove: fn(Shape) -> Result<(), (usize, Fault)>,
    time: fn(Shape, u64) -> Result<Duration, RoundError>,
}

impl Entry {
    /// The entry of the contender `C`.
    #[must_use]
    pub const fn of<C: Contender>() -> Entry {
        Entry {
            name: C::NAME,
            calls: C::CALLS,
            package: C::PACKAGE,
            fits: C::fits,
            prove: proof::prove::<C>,
            time: round::time::<C>,
        }
    }

    /// Whether this is one of Ringwright's own structures.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.name.starts_with("ringwright")
    }

    /// The version this build is linked with.
    #[must_use]
    pub fn version(&self) -> String {
        versions::linked(self.package)
    }

    /// Whether it can do `shape`.
    ///
    /// # Errors
    ///
    /// The reason why not.
    pub fn fits(&self, shape: Shape) -> Result<(), &'static str> {
        (self.fits)(shape)
    }

    /// Proves it: see [`proof::prove`].
    ///
    /// # Errors
    ///
    /// The first fault found, with the capacity it was found at.
    pub fn prove(&self, shape: Shape) -> Result<(), (usize, Fault)> {
        (self.prove)(shape)
    }

    /// Times one round of `items` items: see [`round::time`].
    ///
    /// # Errors
    ///
    /// [`RoundError`] if the round went wrong.
    pub fn time(&self, shape: Shape, items: u64) -> Result<Duration, RoundError> {
        (self.time)(shape, items)
    }
}
