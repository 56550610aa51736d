//! Which line of the model allocates or frees a block: asked of the stack,
//! while a failure is run again.
//!
//! The allocator is told nothing of its caller, and to walk the stack at each
//! allocation of each execution would cost more than the execution. So the
//! search makes do with the operation before, and only the two runs of a
//! failure that is about memory look exactly.

use super::place::Place;
use super::report::SourceLine;
use std::backtrace::Backtrace;
use std::sync::{Mutex, PoisonError};

/// The lines found so far. [`Place::Found`] is an index.
static FOUND: Mutex<Vec<SourceLine>> = Mutex::new(Vec::new());

/// The innermost line on the stack that is neither the standard library's nor
/// the checker's. `None` without debug information.
pub(super) fn here() -> Option<Place> {
    let line = user_line(&Backtrace::force_capture().to_string())?;
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let index = found.iter().position(|known| *known == line).unwrap_or_else(|| {
        found.push(line);
        found.len() - 1
    });
    Some(Place::Found(index as u32))
}

/// The line that [`here`] has found.
pub(super) fn line(index: u32) -> SourceLine {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner)[index as usize].clone()
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
        let ours = ["ringwright::check::", "ringwright::sync::", "__rustc::__rust_"];
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
        let text = "   0: <ringwright::check::alloc::Quarantine as core::alloc::GlobalAlloc>::alloc
             at ./src/check/alloc.rs:40:9
   1: __rustc::__rust_alloc
             at ./tests/stack.rs:1:1
   2: alloc::alloc::alloc
             at /rustc/0123/library/alloc/src/alloc.rs:7:1
   2: stack::Stack<ringwright::sync::imp::arc::Arc<u32>>::push
             at ./src/sync/stack.rs:12:20
   3: main
             at ./tests/stack.rs:3:1";
        let found = user_line(text).unwrap();
        assert_eq!((found.file.as_str(), found.line), ("src/sync/stack.rs", 12));
        assert_eq!(user_line("   0: main"), None);
    }
}
