//! The list of all contenders, and who can do which shape.

use crate::peers::entry::Entry;
use crate::peers::{crossbeam_channel, crossbeam_queue, flume, kanal, mutex, ringwright, rtrb, std_mpsc};
use crate::shape::Shape;

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
    Entry::of::<mutex::MutexCondvar>(),
    Entry::of::<mutex::Try>(),
];

/// The contenders that can do `shape`, in the order of [`ALL`].
#[must_use]
pub fn fitting(shape: Shape) -> Vec<Entry> {
    ALL.iter().copied().filter(|entry| entry.fits(shape).is_ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::{ALL, fitting};
    use crate::shape::Shape;
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
