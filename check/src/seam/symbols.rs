//! A place of an operation looked up: the line of source that a report names.

use crate::report::data::SourceLine;
use crate::seam::origin;
use crate::seam::place::Place;

/// `place` as the report has it.
pub(crate) fn source_line(place: impl Into<Place>) -> SourceLine {
    match place.into() {
        Place::Line(site) => SourceLine { file: site.file().to_owned(), line: site.line() },
        Place::Address(address) => of_address(address),
        Place::Found(index) => origin::line(index),
    }
}

#[cfg(feature = "plain")]
mod addresses {
    //! What is known of the instructions that the thread-sanitizer pass has
    //! given, asked of the debug information once an address: a failure is
    //! replayed many times while it is made smaller.

    use crate::report::data::SourceLine;
    use crate::seam::frames::{Function, Owner, functions};
    use std::cell::RefCell;
    use std::collections::HashMap;

    thread_local! {
        static KNOWN: RefCell<HashMap<usize, Instruction>> = RefCell::new(HashMap::new());
    }

    #[derive(Clone)]
    pub(super) struct Instruction {
        /// The innermost line that is the user's, or else the innermost.
        pub(super) line: SourceLine,
        /// Whether the innermost function that is not the standard library's is the checker's.
        pub(super) is_checkers: bool,
    }

    pub(super) fn known<R>(address: usize, f: impl FnOnce(&Instruction) -> R) -> R {
        KNOWN.with_borrow_mut(|known| f(known.entry(address).or_insert_with(|| looked_up(address))))
    }

    fn looked_up(address: usize) -> Instruction {
        let functions: Vec<Function> = functions(address);
        let user = functions.iter().find(|function| function.owner == Owner::User);
        let line = user.or(functions.first()).map(|function| function.line.clone());
        let unknown = || SourceLine { file: format!("{address:#x}"), line: 0 };
        let innermost = functions.iter().find(|function| function.owner != Owner::Std);
        let is_checkers = innermost.is_some_and(|function| function.owner == Owner::Checker);
        Instruction { line: line.unwrap_or_else(unknown), is_checkers }
    }
}

/// Whether the instruction before `address` is this crate's own: generic and
/// inline code of the door is compiled with the model's crate, by the same
/// pass, but what it does to memory is the engine's affair.
#[cfg(feature = "plain")]
pub(crate) fn is_door(address: usize) -> bool {
    addresses::known(address, |instruction| instruction.is_checkers)
}

#[cfg(feature = "plain")]
fn of_address(address: usize) -> SourceLine {
    addresses::known(address, |instruction| instruction.line.clone())
}

#[cfg(not(feature = "plain"))]
fn of_address(address: usize) -> SourceLine {
    SourceLine { file: format!("{address:#x}"), line: 0 }
}
