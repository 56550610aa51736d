//! Everyone who takes part: one file a library, and the list of them all.

mod crossbeam_channel;
mod crossbeam_queue;
mod flume;
mod kanal;
mod mutex;
mod ringwright;
mod rtrb;
mod std_mpsc;

use crate::contender::Contender;
use crate::proof::{self, Fault};
use crate::round::{self, Spoiled};
use crate::{Shape, versions};
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
    time: fn(Shape, u64) -> Result<Duration, Spoiled>,
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
    /// [`Spoiled`] if the round went wrong.
    pub fn time(&self, shape: Shape, items: u64) -> Result<Duration, Spoiled> {
        (self.time)(shape, items)
    }
}

/// Every contender, ours first.
pub const ALL: &[Entry] = &[
    Entry::of::<ringwright::Spsc>(),
    Entry::of::<ringwright::Mpmc>(),
    Entry::of::<rtrb::Rtrb>(),
    Entry::of::<crossbeam_queue::Array>(),
    Entry::of::<crossbeam_queue::Seg>(),
    Entry::of::<crossbeam_channel::Channel>(),
    Entry::of::<crossbeam_channel::ChannelTry>(),
    Entry::of::<kanal::Kanal>(),
    Entry::of::<kanal::KanalTry>(),
    Entry::of::<flume::Flume>(),
    Entry::of::<flume::FlumeTry>(),
    Entry::of::<std_mpsc::SyncChannel>(),
    Entry::of::<std_mpsc::SyncChannelTry>(),
    Entry::of::<mutex::WithCondvar>(),
    Entry::of::<mutex::Try>(),
];

/// The contenders that can do `shape`, in the order of [`ALL`].
#[must_use]
pub fn fitting(shape: Shape) -> Vec<Entry> {
    ALL.iter().copied().filter(|entry| entry.fits(shape).is_ok()).collect()
}

/// What a contender says whose ends are one thread each.
fn one_to_one_only(shape: Shape) -> Result<(), &'static str> {
    match shape {
        Shape::OneToOne => Ok(()),
        _ => Err("one producer and one consumer only"),
    }
}

/// What a contender says whose receiving end is one thread.
fn one_consumer_only(shape: Shape) -> Result<(), &'static str> {
    if shape.consumers() == 1 { Ok(()) } else { Err("one consumer only") }
}

/// `count` clones of a handle, the last of them the handle itself.
fn clones<H: Clone>(handle: H, count: usize) -> Vec<H> {
    vec![handle; count]
}

#[cfg(test)]
mod tests {
    use super::{ALL, fitting};
    use crate::Shape;
    use std::collections::HashSet;

    #[test]
    fn every_name_is_its_own_and_every_version_is_known() {
        let names: HashSet<_> = ALL.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), ALL.len());
        for entry in ALL {
            let version = entry.version();
            assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{}: {version}", entry.name);
        }
    }

    #[test]
    fn every_shape_has_one_of_ours_and_at_least_two_peers() {
        for shape in Shape::ALL {
            let fitting = fitting(shape);
            let ours = fitting.iter().filter(|entry| entry.is_ours()).count();
            assert!(ours >= 1, "{shape}");
            assert!(fitting.len() - ours >= 2, "{shape}");
        }
    }

    #[test]
    fn everyone_does_one_to_one() {
        assert_eq!(fitting(Shape::OneToOne).len(), ALL.len());
    }
}
