//! Follows a list of wishes as far as they can be had: how the minimiser's proposals are run.

use crate::explorer::state::{State, Want};
use crate::seam::op::AltKind;
use crate::search::chooser::Chooser;
use crate::search::minimise::{Follow, Wish};
use crate::search::stack::Choice;

impl State {
    /// A read point of an execution that follows wishes.
    pub(crate) fn decide_by_wish(&mut self) -> Option<(usize, Choice)> {
        // No search picks anything here: see `stuck`.
        if !self.progress_possible() {
            return None;
        }
        let Chooser::Follow(mut follow) = std::mem::replace(&mut self.search, Chooser::Busy) else {
            unreachable!("the caller has matched")
        };
        let picked = self.wished(&mut follow).or_else(|| self.unwished(follow.last));
        follow.last = picked.map_or(follow.last, |(thread, _)| thread);
        self.search = Chooser::Follow(follow);
        picked
    }

    /// The first wish from here that can be had.
    fn wished(&mut self, follow: &mut Follow) -> Option<(usize, Choice)> {
        while let Some(wish) = follow.wishes.get(follow.next).copied() {
            follow.next += 1;
            let Wish::Read { thread, behind, alt } = wish else { continue };
            let thread = usize::from(thread);
            let pending = (thread < self.live_threads).then(|| self.choosing(thread)).flatten();
            let Some(pending) = pending else { continue };
            self.choices_of(thread, &pending, 0);
            let mo = self.graph.mo(pending.loc);
            let message = mo.len().checked_sub(1 + behind as usize).map(|at| mo[at]);
            // Blocks have numbers of their own.
            let block = matches!(pending.want, Want::Block(_));
            let exact = self.choices.iter().find(|c| (block || Some(c.message) == message) && c.nth == alt);
            if let Some(choice) = exact.or(self.choices.first()) {
                return Some((thread, *choice));
            }
        }
        None
    }

    /// Without a wish: the same thread, or else the first that can; the newest value.
    fn unwished(&mut self, last: usize) -> Option<(usize, Choice)> {
        std::iter::once(last).chain(0..self.live_threads).find_map(|thread| {
            let pending = (thread < self.live_threads).then(|| self.choosing(thread)).flatten()?;
            self.choices_of(thread, &pending, 0);
            let usual = self.choices.iter().find(|c| c.alt.kind != AltKind::Spurious);
            usual.or(self.choices.first()).map(|choice| (thread, *choice))
        })
    }
}
