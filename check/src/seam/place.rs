//! Where an operation stands in the source.
//!
//! The door knows the line of each of its operations. Code compiled with the
//! thread-sanitizer pass only gives the address of the instruction; the debug
//! information turns it into a line when a report is made.

use crate::report::data::SourceLine;
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

/// `place` as the report has it.
pub(crate) fn source_line(place: impl Into<Place>) -> SourceLine {
    match place.into() {
        Place::Line(site) => SourceLine { file: site.file().to_owned(), line: site.line() },
        Place::Address(address) => symbol(address),
        Place::Found(index) => crate::seam::origin::line(index),
    }
}

/// Whether the instruction before `address` is this crate's own: generic and
/// inline code of the door is compiled with the model's crate, by the same
/// pass, but what it does to memory is the engine's affair. Asked of the debug
/// information once an address.
#[cfg(feature = "plain")]
pub(crate) fn is_door(address: usize) -> bool {
    use std::cell::RefCell;
    use std::collections::HashMap;
    thread_local! {
        static KNOWN: RefCell<HashMap<usize, bool>> = RefCell::new(HashMap::new());
    }
    KNOWN.with_borrow_mut(|known| {
        *known.entry(address).or_insert_with(|| {
            let own = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");
            symbol(address).file.starts_with(own)
        })
    })
}

/// The line of the instruction before `address`. Asked of the debug information
/// once an address: a failure is replayed many times while it is made smaller.
#[cfg(feature = "plain")]
fn symbol(address: usize) -> SourceLine {
    use std::cell::RefCell;
    use std::collections::HashMap;
    thread_local! {
        static KNOWN: RefCell<HashMap<usize, SourceLine>> = RefCell::new(HashMap::new());
    }
    KNOWN.with_borrow_mut(|known| known.entry(address).or_insert_with(|| looked_up(address)).clone())
}

/// The innermost line of the instruction before `address` that is the user's,
/// not the standard library's or this crate's.
#[cfg(feature = "plain")]
fn looked_up(address: usize) -> SourceLine {
    let mut best: Option<SourceLine> = None;
    let mut fallback = SourceLine { file: format!("{address:#x}"), line: 0 };
    let before = (address - 1) as *mut std::ffi::c_void;
    backtrace::resolve(before, |symbol| {
        let Some((file, line)) = symbol.filename().zip(symbol.lineno()) else {
            return;
        };
        let file = file.display().to_string();
        let library = file.starts_with("/rustc/") || file.contains("/library/");
        let found = SourceLine { file, line };
        if fallback.line == 0 {
            fallback = found.clone();
        }
        if !library && best.is_none() {
            best = Some(found);
        }
    });
    best.unwrap_or(fallback)
}

#[cfg(not(feature = "plain"))]
fn symbol(address: usize) -> SourceLine {
    SourceLine { file: format!("{address:#x}"), line: 0 }
}
