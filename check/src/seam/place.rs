//! Where an operation stands in the source: as data, before anybody looks it up.
//!
//! The door knows the line of each of its operations. Code compiled with the
//! thread-sanitizer pass only gives the address of the instruction, and the
//! allocator nothing at all; [`crate::seam::symbols`] turns each into a line
//! when a report is made.

use crate::seam::runtime::Site;
use std::cell::Cell;

/// A place in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// This line.
    Line(Site),
    /// The line of the instruction before this address.
    Address(usize),
    /// A line that [`crate::seam::origin`] has found.
    Found(u32),
}

impl From<Site> for Place {
    fn from(site: Site) -> Place {
        Place::Line(site)
    }
}

thread_local! {
    static RETURN_ADDRESS: Cell<usize> = const { Cell::new(0) };
}

/// Says, while `f` runs, that its operation comes from before `address`.
#[cfg(feature = "plain")]
pub(crate) fn at_address<R>(address: usize, f: impl FnOnce() -> R) -> R {
    RETURN_ADDRESS.set(address);
    let result = f();
    RETURN_ADDRESS.set(0);
    result
}

/// The place of the operation under way, which the door says is at `site`.
pub(crate) fn of(site: Site) -> Place {
    match RETURN_ADDRESS.get() {
        0 => Place::Line(site),
        address => Place::Address(address),
    }
}
