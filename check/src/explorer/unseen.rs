//! What a check could not see, counted while it runs, and said in the report's notes.

use crate::report::words::count;
use crate::seam::place::Place;
use crate::seam::symbols::source_line;

/// What a check has not seen, or not at all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unseen {
    /// Raw pointers to what a cell holds that a model got.
    pub(crate) pointers: u64,
    /// Whether an execution had more than one thread.
    pub(crate) threads: bool,
    /// Whether two threads used one object of the door's, handles apart.
    pub(crate) shared: bool,
    /// The first line, met by the thread-sanitizer pass, that uses an atomic which the door did not make and which is
    /// not in memory of the model's own.
    pub(crate) foreign: Option<Place>,
}

/// What the program has that lets the checker see more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
    /// The quarantining allocator has been heard of.
    pub(crate) hooked: bool,
    /// The thread-sanitizer pass is asked for: the feature `plain`.
    pub(crate) pass_asked: bool,
    /// Code was compiled with it.
    pub(crate) pass: bool,
    /// A loop has waited for news.
    pub(crate) loops_waited: bool,
    /// The check has found a failure, perhaps before its threads met.
    pub(crate) failed: bool,
}

impl Unseen {
    /// Adds what another thread of the same check has not seen.
    pub(crate) fn join(&mut self, other: &Unseen) {
        self.pointers += other.pointers;
        self.threads |= other.threads;
        self.shared |= other.shared;
        self.foreign = self.foreign.or(other.foreign);
    }

    /// The notes of the report.
    pub(crate) fn notes(&self, sight: Sight) -> Vec<String> {
        let mut notes = Vec::new();
        if self.threads && !self.shared && !sight.pass && !sight.failed {
            notes.push(
                "the threads of the model share nothing that the checker sees: is the code converted to the door's \
                 types?"
                    .to_owned(),
            );
        }
        if !sight.pass {
            let asked = if sight.pass_asked {
                ": the feature for the thread-sanitizer pass is on, but no code was compiled with it"
            } else {
                ""
            };
            notes.push(format!(
                "plain memory outside of the door's cells is not seen (guide, section 4){asked}"
            ));
        }
        if self.pointers > 0 && !sight.pass {
            let calls = count(self.pointers, "call");
            notes.push(format!("{calls} of `UnsafeCell::get`: what is done through the pointer is not seen"));
        }
        if let Some(place) = self.foreign {
            let line = source_line(place);
            notes.push(format!("atomics that are not the door's are not seen: one is used at {line}"));
        }
        if !sight.hooked {
            notes.push(
                "no quarantining allocator: use after free, leaks and the publication of fresh nodes are not seen"
                    .to_owned(),
            );
        }
        if sight.loops_waited {
            let memory = if sight.hooked { "from outside of the model" } else { "on the heap" };
            notes.push(format!(
                "a loop waits: that it counts in std's statics or thread-locals, or in memory {memory}, is not seen"
            ));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;

    const ALL: Sight =
        Sight { hooked: true, pass_asked: true, pass: true, loops_waited: false, failed: false };

    #[test]
    fn with_the_allocator_and_the_pass_nothing_is_unseen() {
        let unseen = Unseen { pointers: 3, threads: true, ..Unseen::default() };
        assert!(unseen.notes(ALL).is_empty());
        let here = Location::caller();
        let notes = Unseen { foreign: Some(Place::Line(here)), ..unseen }.notes(ALL);
        assert_eq!(notes.len(), 1);
        assert!(notes[0].ends_with(&format!("one is used at {}:{}", file!(), here.line())), "{notes:?}");
    }

    #[test]
    fn each_thing_unseen_is_said() {
        let unseen = Unseen { pointers: 1, threads: true, shared: false, ..Unseen::default() };
        let nothing =
            Sight { hooked: false, pass_asked: false, pass: false, loops_waited: true, failed: false };
        let notes = unseen.notes(nothing);
        let said = ["share nothing", "plain memory", "1 call of", "no quarantining", "a loop waits"];
        assert_eq!(notes.len(), said.len());
        assert!(notes.iter().zip(said).all(|(note, said)| note.contains(said)), "{notes:?}");
        let failed = Sight { failed: true, ..nothing };
        assert!(!unseen.notes(failed)[0].contains("share nothing"));
        let asked = Sight { hooked: true, pass_asked: true, loops_waited: false, ..nothing };
        let notes = Unseen { shared: true, ..Unseen::default() }.notes(asked);
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].ends_with("but no code was compiled with it"), "{notes:?}");
    }

    #[test]
    fn one_check_of_several_threads_has_the_sum() {
        let foreign = Some(Place::Line(Location::caller()));
        let mut whole = Unseen { pointers: 1, foreign: None, ..Unseen::default() };
        whole.join(&Unseen { pointers: 2, foreign, threads: true, shared: true });
        assert_eq!((whole.pointers, whole.foreign, whole.threads, whole.shared), (3, foreign, true, true));
    }
}
