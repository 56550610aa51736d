//! Where an operation stands in the source: as data, before anybody looks it up.
//!
//! The door knows the line of each of its operations. Code compiled with the
//! thread-sanitizer pass only gives the address of the instruction, and the
//! allocator nothing at all; [`crate::seam::symbols`] turns each into a line
//! when a report is made.

use crate::seam::frames;
use crate::seam::origin;
use crate::seam::runtime::Site;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

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

impl Place {
    /// Whether this is a line of the door's or of std's, and none of the model's.
    pub(crate) fn is_internal(self) -> bool {
        let Place::Line(site) = self else { return false };
        let internal = || frames::is_internal(site.file());
        INTERNAL.with_borrow_mut(|known| *known.entry(site.file().as_ptr() as usize).or_insert_with(internal))
    }
}

/// The address of no instruction: says that the stack is looked at.
const EXACT: usize = 1;

thread_local! {
    /// The address of an instruction, or 0, or [`EXACT`].
    static RETURN_ADDRESS: Cell<usize> = const { Cell::new(0) };
    static LOOKS_AT_DROPS: Cell<bool> = const { Cell::new(false) };
    /// By the address of its name, which is quick: whether a file is internal.
    static INTERNAL: RefCell<HashMap<usize, bool>> = RefCell::default();
}

/// Says, while `f` runs, that its operation comes from before `address`.
#[cfg(feature = "plain")]
pub(crate) fn at_address<R>(address: usize, f: impl FnOnce() -> R) -> R {
    let before = RETURN_ADDRESS.replace(address);
    let result = f();
    RETURN_ADDRESS.set(before);
    result
}

/// Whether to ask the stack for the model's line where the door only knows one
/// of its own: in a `drop`, or in a call that std makes. For the runs that are told.
pub(crate) fn look_exactly(on: bool) {
    RETURN_ADDRESS.set(if on { EXACT } else { 0 });
}

/// Whether to ask the stack also where a guard is dropped, whose place is
/// otherwise that of its making: for the run that is told.
pub(crate) fn look_at_drops(on: bool) {
    LOOKS_AT_DROPS.set(on);
}

/// The place of the operation under way, which the door says is at `site`.
pub(crate) fn of(site: Site) -> Place {
    match RETURN_ADDRESS.get() {
        0 => Place::Line(site),
        EXACT => exact(site),
        address => Place::Address(address),
    }
}

#[cold]
fn exact(site: Site) -> Place {
    let place = Place::Line(site);
    if place.is_internal() { origin::here().map_or(place, Place::Found) } else { place }
}

/// The place of what a guard does that is dropped now, and was made at `place`.
pub(crate) fn of_drop(place: Place) -> Place {
    if !LOOKS_AT_DROPS.get() {
        return place;
    }
    // A guard that the door itself drops belongs to the call that the door was told of.
    let drops = |index: &u32| origin::call(*index).is_some_and(|call| call.method == "drop");
    origin::here().filter(drops).map_or(place, Place::Found)
}
