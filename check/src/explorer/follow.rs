//! Follows a list of preferences as far as they can be had: how the minimiser's proposals are run.

use crate::explorer::execution::Execution;
use crate::seam::op::AltKind;
use crate::search::chooser::Chooser;
use crate::search::minimise::{Follower, Preference};
use crate::search::stack::ReadOption;

impl Execution {
    /// A read point of an execution that follows preferences.
    pub(crate) fn decide_by_preference(&mut self) -> Option<(usize, ReadOption)> {
        // No search picks anything here: see `stuck`.
        if !self.progress_possible() {
            return None;
        }
        let Chooser::Follower(mut follow) = std::mem::replace(&mut self.search, Chooser::Busy) else {
            unreachable!("the caller has matched")
        };
        let picked = self.preferred(&mut follow).or_else(|| self.default_choice(follow.last));
        follow.last = picked.map_or(follow.last, |(thread, _)| thread);
        self.search = Chooser::Follower(follow);
        picked
    }

    /// The first preference from here that can be had.
    fn preferred(&mut self, follow: &mut Follower) -> Option<(usize, ReadOption)> {
        while let Some(preference) = follow.preferences.get(follow.next).copied() {
            follow.next += 1;
            let Preference::Read { thread, behind, alt } = preference else { continue };
            let thread = usize::from(thread);
            let pending = (thread < self.live_threads).then(|| self.choosing(thread)).flatten();
            let Some(pending) = pending else { continue };
            self.choices_of(thread, &pending, 0);
            let mo = self.graph.mo(pending.loc);
            let message = mo.len().checked_sub(1 + behind as usize).map(|at| mo[at]);
            // What is in a list of its own has a number there.
            let own_list = pending.want.has_own_list();
            let exact =
                self.choices.iter().find(|c| (own_list || Some(c.message) == message) && c.nth == alt);
            if let Some(choice) = exact.or(self.choices.first()) {
                return Some((thread, *choice));
            }
        }
        None
    }

    /// Without a preference: the same thread, or else the first that can; the newest value.
    fn default_choice(&mut self, last: usize) -> Option<(usize, ReadOption)> {
        std::iter::once(last).chain(0..self.live_threads).find_map(|thread| {
            let pending = (thread < self.live_threads).then(|| self.choosing(thread)).flatten()?;
            self.choices_of(thread, &pending, 0);
            let usual = self.choices.iter().find(|c| c.alt.kind != AltKind::Spurious);
            usual.or(self.choices.first()).map(|choice| (thread, *choice))
        })
    }
}
