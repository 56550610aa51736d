//! Which line of the model allocates, frees or drops something: asked of the
//! stack, while a failure is run again.
//!
//! The allocator and a `drop` are told nothing of their caller, and to look at the stack at each
//! allocation of each execution would cost more than the execution. So the
//! search makes do with the operation before, and only the runs of a failure
//! that is about memory look exactly. They come to the same places again and
//! again; only a stack that is new is looked up in the debug information.

use crate::report::data::SourceLine;
use crate::seam::frames::{self, Owner};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A line of the model, and what it calls there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    line: SourceLine,
    /// The function of the door that the line enters, if it is one.
    call: Option<DoorCall>,
}

/// A function of the door: its type, if it has one, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DoorCall {
    pub(crate) owner: String,
    pub(crate) method: String,
}

/// What has been looked up so far.
#[derive(Default)]
struct Known {
    /// `Place::Found` is an index.
    origins: Vec<Origin>,
    /// The lines of stacks: an index, or none that is the user's.
    stacks: Option<HashMap<Vec<usize>, Option<u32>>>,
}

static KNOWN: Mutex<Known> = Mutex::new(Known { origins: Vec::new(), stacks: None });

/// The innermost line on the stack that is the user's: not the standard
/// library's, a dependency's or the checker's; by a number. `None` without debug information.
pub(crate) fn here() -> Option<u32> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let Known { origins, stacks } = &mut *known;
    let mut user_line = |stack: &[usize]| {
        let mut call = None;
        let functions = stack.iter().flat_map(|address| frames::functions(*address));
        // What calls a thread of the model is not the model.
        let mut functions = functions.take_while(|function| !function.is_bottom());
        let line = functions.find_map(|function| match function.owner {
            Owner::User => Some(function.line),
            // The outermost one below the user's is the one that the user calls.
            Owner::Checker => {
                call = door_call(&function.name, &function.line.file);
                None
            }
            _ => None,
        })?;
        let origin = Origin { line, call };
        let index = origins.iter().position(|known| *known == origin).unwrap_or_else(|| {
            origins.push(origin);
            origins.len() - 1
        });
        Some(index as u32)
    };
    let stack = frames::stack();
    let stacks = stacks.get_or_insert_default();
    match stacks.get(&stack) {
        Some(found) => *found,
        None => {
            let found = user_line(&stack);
            stacks.insert(stack, found);
            found
        }
    }
}

/// The line of the code that asks std for something itself, by a number; `None` if it is the checker that asks.
#[cfg(feature = "plain")]
pub(crate) fn outside_std() -> Option<u32> {
    let functions = frames::stack().into_iter().flat_map(frames::functions);
    // The innermost frames are those that look at the stack, then come the checker's own.
    let asks = functions
        .skip_while(|function| function.owner != Owner::Checker)
        .skip_while(|function| function.owner == Owner::Checker)
        .find(|function| function.owner != Owner::Std)?;
    if asks.owner == Owner::Checker {
        return None;
    }
    let origin = Origin { line: asks.line, call: None };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let index = known.origins.iter().position(|other| *other == origin).unwrap_or_else(|| {
        known.origins.push(origin);
        known.origins.len() - 1
    });
    Some(index as u32)
}

/// The line that [`here`] has found.
pub(crate) fn line(index: u32) -> SourceLine {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).origins[index as usize].line.clone()
}

/// What the line that [`here`] has found calls.
pub(crate) fn call(index: u32) -> Option<DoorCall> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).origins[index as usize].call.clone()
}

/// The type and the name of the function that the debug information calls `name`, and that is in `file`.
fn door_call(name: &str, file: &str) -> Option<DoorCall> {
    let name = name.split("::{").next().unwrap_or(name);
    // Line tables alone name the method and not its type: `clone<path::Value<T>>`.
    let start = name.split('<').next().unwrap_or(name);
    if !start.is_empty() && !start.contains("::") {
        let handle = file.replace('\\', "/").contains("/door/arc/");
        return handle.then(|| DoorCall { owner: "Arc".to_owned(), method: start.to_owned() });
    }
    let (path, method) = name.rsplit_once("::")?;
    // `<path::Type<T> as path::Trait>::method`, `<path::Type<T>>::method`, `path::Type<T>::method`.
    let path = path.strip_prefix('<').unwrap_or(path);
    let path = path.split(" as ").next().unwrap_or(path);
    let path = path.split('<').next().unwrap_or(path).trim_end_matches([':', '>']);
    let owner = path.rsplit("::").next().unwrap_or(path);
    Some(DoorCall { owner: owner.to_owned(), method: method.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_of_the_door_is_known_by_its_type_and_its_name() {
        let of = |name: &str| {
            door_call(name, "src/door/arc/handle.rs").map(|call| format!("{} {}", call.owner, call.method))
        };
        let inside = "ringwright_check::door::arc::handle::Arc";
        let drop = format!("<{inside}<T> as core::ops::drop::Drop>::drop");
        assert_eq!(of(&drop).as_deref(), Some("Arc drop"));
        assert_eq!(of(&format!("<{inside}<u8>>::try_unwrap")).as_deref(), Some("Arc try_unwrap"));
        assert_eq!(
            of(&format!("{inside}<T>::into_inner::{{{{closure}}}}")).as_deref(),
            Some("Arc into_inner")
        );
        assert_eq!(of("ringwright_check::door::thread::spawn").as_deref(), Some("thread spawn"));
        assert_eq!(of("clone<path::Mutex<path::Vec<i32, path::Global>>>").as_deref(), Some("Arc clone"));
        assert!(door_call("main", "src/main.rs").is_none());
    }
}
