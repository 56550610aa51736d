//! Which line of the model allocates or frees a block: asked of the stack,
//! while a failure is run again.
//!
//! The allocator is told nothing of its caller, and to look at the stack at each
//! allocation of each execution would cost more than the execution. So the
//! search makes do with the operation before, and only the runs of a failure
//! that is about memory look exactly. They come to the same places again and
//! again; only a stack that is new is looked up in the debug information.

use crate::report::data::SourceLine;
use crate::seam::place::Place;
use std::backtrace::Backtrace;
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

/// The innermost line on the stack that is neither the standard library's nor
/// the checker's. `None` without debug information.
#[inline(never)]
pub(crate) fn here() -> Option<Place> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = &mut *known;
    let stack = stack();
    let stacks = known.stacks.get_or_insert_default();
    if let Some(found) = stacks.get(&stack).filter(|_| !stack.is_empty()) {
        return found.map(Place::Found);
    }
    let line = user_line(&Backtrace::force_capture().to_string());
    let index = line.map(|line| {
        let lines = &mut known.lines;
        let index = lines.iter().position(|known| *known == line).unwrap_or_else(|| {
            lines.push(line);
            lines.len() - 1
        });
        index as u32
    });
    stacks.insert(stack, index);
    index.map(Place::Found)
}

/// The line that [`here`] has found.
pub(crate) fn line(index: u32) -> SourceLine {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).lines[index as usize].clone()
}

/// The return addresses on the stack, the innermost first.
#[cfg(unix)]
fn stack() -> Vec<usize> {
    use std::ffi::c_void;
    unsafe extern "C-unwind" {
        fn _Unwind_Backtrace(frame: extern "C" fn(*mut c_void, *mut c_void) -> i32, data: *mut c_void)
        -> i32;
        fn _Unwind_GetIP(context: *mut c_void) -> usize;
    }
    extern "C" fn frame(context: *mut c_void, data: *mut c_void) -> i32 {
        // SAFETY: the unwinder gives back the vector that it was given, and a context of its own.
        unsafe { (*data.cast::<Vec<usize>>()).push(_Unwind_GetIP(context)) };
        0
    }
    let mut stack: Vec<usize> = Vec::with_capacity(64);
    // SAFETY: `frame` has the signature that the unwinder wants, and the vector outlives the call.
    unsafe { _Unwind_Backtrace(frame, std::ptr::from_mut(&mut stack).cast()) };
    stack
}

/// Elsewhere each is looked up.
#[cfg(not(unix))]
fn stack() -> Vec<usize> {
    Vec::new()
}

/// Reads a backtrace as `std` prints it: a line `4: function`, then a line
/// `at file:line:column`.
fn user_line(backtrace: &str) -> Option<SourceLine> {
    let mut function = "";
    for text in backtrace.lines().map(str::trim) {
        let Some(place) = text.strip_prefix("at ") else {
            function = text.split_once(": ").map_or(text, |(_, name)| name).trim_start_matches('<');
            continue;
        };
        // The last one is what `#[global_allocator]` makes of the user's static.
        let ours = ["ringwright_check::", "__rustc::__rust_"];
        let library = place.starts_with("/rustc/") || place.contains("/library/");
        if library || ours.iter().any(|module| function.starts_with(module)) {
            continue;
        }
        let (place, _column) = place.rsplit_once(':')?;
        let (file, line) = place.rsplit_once(':')?;
        let here = std::env::current_dir().unwrap_or_default();
        let file =
            file.strip_prefix(&*here.to_string_lossy()).map_or(file, |file| file.trim_start_matches('/'));
        let file = file.strip_prefix("./").unwrap_or(file).to_owned();
        return Some(SourceLine { file, line: line.parse().ok()? });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_line_of_the_user_is_found() {
        let text = "   0: <ringwright_check::explorer::alloc::Quarantine as core::alloc::GlobalAlloc>::alloc
             at ./check/src/explorer/alloc.rs:40:9
   1: __rustc::__rust_alloc
             at ./tests/stack.rs:1:1
   2: alloc::alloc::alloc
             at /rustc/0123/library/alloc/src/alloc.rs:7:1
   3: stack::Stack<ringwright_check::door::arc::Arc<u32>>::push
             at ./src/sync/stack.rs:12:20
   4: main
             at ./tests/stack.rs:3:1";
        let found = user_line(text).unwrap();
        assert_eq!((found.file.as_str(), found.line), ("src/sync/stack.rs", 12));
        assert_eq!(user_line("   0: main"), None);
    }
}
