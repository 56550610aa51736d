//! Which line of the model allocates or frees a block: asked of the stack,
//! while a failure is run again.
//!
//! The allocator is told nothing of its caller, and to look at the stack at each
//! allocation of each execution would cost more than the execution. So the
//! search makes do with the operation before, and only the runs of a failure
//! that is about memory look exactly. They come to the same places again and
//! again; only a stack that is new is looked up in the debug information.

use crate::report::data::SourceLine;
use crate::seam::frames::{self, Owner};
use crate::seam::place::Place;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What has been looked up so far.
#[derive(Default)]
struct Known {
    /// [`Place::Found`] is an index.
    lines: Vec<SourceLine>,
    /// The lines of stacks: an index, or none that is the user's.
    stacks: Option<HashMap<Vec<usize>, Option<u32>>>,
}

static KNOWN: Mutex<Known> = Mutex::new(Known { lines: Vec::new(), stacks: None });

/// The innermost line on the stack that is the user's: not the standard
/// library's, a dependency's or the checker's. `None` without debug information.
pub(crate) fn here() -> Option<Place> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let Known { lines, stacks } = &mut *known;
    let mut user_line = |stack: &[usize]| {
        let mut functions = stack.iter().flat_map(|address| frames::functions(*address));
        let line = functions.find(|function| function.owner == Owner::User)?.line;
        let index = lines.iter().position(|known| *known == line).unwrap_or_else(|| {
            lines.push(line);
            lines.len() - 1
        });
        Some(index as u32)
    };
    let stack = frames::stack();
    let stacks = stacks.get_or_insert_default();
    let found = match stacks.get(&stack) {
        Some(found) => *found,
        None => {
            let found = user_line(&stack);
            stacks.insert(stack, found);
            found
        }
    };
    found.map(Place::Found)
}

/// The line that [`here`] has found.
pub(crate) fn line(index: u32) -> SourceLine {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).lines[index as usize].clone()
}
