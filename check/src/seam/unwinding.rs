//! Threads of a model that unwind a panic: they give up control like all others.
//!
//! Model threads are coroutines of one operating-system thread, and std counts the panics under way in a
//! thread-local of that thread. So a thread that gives up control takes its count along and puts it back
//! when it goes on ([`give_up_control`]); otherwise all others would seem to be unwinding.
//!
//! # Where the count is
//!
//! std does not say. It is found by looking: the word of this thread's static thread-local memory that is 0
//! outside of a panic, 1 while one is unwound, 2 while a second one is unwound inside the first, and 0
//! afterwards. Only if there is just one such word is it taken for the count. Otherwise code that unwinds runs
//! at once, without choices, and the verdict says so ([`unmodelled`]).

#[cfg(target_os = "linux")]
use crate::seam::segments;
use std::cell::Cell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

thread_local! {
    static COUNT: Cell<Found> = const { Cell::new(Found::NotLooked) };
}

#[derive(Clone, Copy, Debug)]
enum Found {
    NotLooked,
    Nowhere,
    At(*mut usize),
}

/// Whether the calling thread of a model unwinds a panic and cannot give up control meanwhile.
#[inline]
pub(crate) fn unmodelled() -> bool {
    std::thread::panicking() && count().is_none()
}

/// Whether threads that unwind are modelled like all others on this operating-system thread.
pub(crate) fn modelled() -> bool {
    count().is_some()
}

/// Gives up control by `switch`; the panics that the calling coroutine unwinds stay its own.
#[inline]
pub(crate) fn give_up_control(switch: impl FnOnce()) {
    if !std::thread::panicking() {
        return switch();
    }
    let Some(count) = count() else {
        return switch();
    };
    // SAFETY: `count` is this operating-system thread's own count of panics, a live word that only this thread
    // uses, and std does not use it between these lines.
    let mine = unsafe { count.replace(0) };
    switch();
    // SAFETY: as above; a coroutine goes on on the thread that it began on.
    unsafe { count.write(mine) };
}

fn count() -> Option<*mut usize> {
    COUNT.with(|found| {
        if let Found::NotLooked = found.get() {
            // Not while a panic is under way: the words would be others.
            if std::thread::panicking() {
                return None;
            }
            found.set(look().map_or(Found::Nowhere, Found::At));
        }
        match found.get() {
            Found::At(word) => Some(word),
            _ => None,
        }
    })
}

/// The words of `blocks` as they are now.
fn snapshot(blocks: &[Range<usize>]) -> Vec<usize> {
    let words = blocks.iter().flat_map(|block| block.clone().step_by(size_of::<usize>()));
    // SAFETY: the blocks are the thread-local memory of this thread, which lives as long as it does, in whole
    // aligned words; volatile, because other code of this thread writes them behind the compiler's back.
    words.map(|word| unsafe { std::ptr::with_exposed_provenance::<usize>(word).read_volatile() }).collect()
}

/// Looks when it is dropped.
struct Look<'a>(&'a [Range<usize>], &'a Cell<Vec<usize>>);

impl Drop for Look<'_> {
    fn drop(&mut self) {
        self.1.set(snapshot(self.0));
    }
}

/// Unwinds a second panic when it is dropped, and looks meanwhile.
struct Nested<'a>(&'a [Range<usize>], &'a Cell<Vec<usize>>);

impl Drop for Nested<'_> {
    fn drop(&mut self) {
        unwind(|| Look(self.0, self.1));
    }
}

/// Unwinds a panic of which the hook does not hear, past what `guard` makes.
fn unwind<G>(guard: impl FnOnce() -> G) {
    let result = catch_unwind(AssertUnwindSafe(|| {
        let _guard = guard();
        resume_unwind(Box::new(()));
    }));
    drop(result);
}

/// Looks for the word that counts.
fn look() -> Option<*mut usize> {
    let blocks = thread_local_blocks();
    let (one, two) = (Cell::default(), Cell::default());
    let before = snapshot(&blocks);
    unwind(|| Look(&blocks, &one));
    unwind(|| Nested(&blocks, &two));
    let after = snapshot(&blocks);
    let (one, two) = (one.take(), two.take());
    let words: Vec<usize> =
        blocks.iter().flat_map(|block| block.clone().step_by(size_of::<usize>())).collect();
    let counts = |nth: &usize| [before[*nth], one[*nth], two[*nth], after[*nth]] == [0, 1, 2, 0];
    let mut found = (0..words.len().min(one.len()).min(two.len())).filter(counts);
    let word = found.next()?;
    found.next().is_none().then(|| std::ptr::with_exposed_provenance_mut(words[word]))
}

/// The static thread-local memory of the calling thread, in whole words.
#[cfg(target_os = "linux")]
fn thread_local_blocks() -> Vec<Range<usize>> {
    let whole_words = |range: Range<usize>| {
        range.start.next_multiple_of(size_of::<usize>())..range.end - range.end % size_of::<usize>()
    };
    segments::all().into_iter().filter(|s| s.kind == libc::PT_TLS).map(|s| whole_words(s.range)).collect()
}

#[cfg(not(target_os = "linux"))]
fn thread_local_blocks() -> Vec<Range<usize>> {
    Vec::new()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::thread::panicking;

    /// Gives up control when it is dropped; says what it saw.
    struct GivesUp<'a>(&'a Cell<[bool; 3]>);

    impl Drop for GivesUp<'_> {
        fn drop(&mut self) {
            let before = panicking();
            let during = Cell::new(true);
            give_up_control(|| during.set(panicking()));
            self.0.set([before, during.get(), panicking()]);
        }
    }

    #[test]
    fn a_panic_is_its_own_threads_and_comes_back() {
        for _ in 0..2 {
            let saw = Cell::new([false; 3]);
            assert!(modelled());
            unwind(|| GivesUp(&saw));
            assert_eq!(saw.get(), [true, false, true]);
            assert!(!panicking());
        }
        std::thread::spawn(|| assert!(modelled())).join().unwrap();
    }

    #[test]
    fn without_a_panic_nothing_changes() {
        let during = Cell::new(true);
        give_up_control(|| during.set(panicking()));
        assert!(!during.get());
    }
}
