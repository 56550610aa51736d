//! The agenda: what is going to happen, in order of time, whatever it is.
//!
//! Entries come out by the time at which they happen, then by the time at which
//! they were due (an entry that is postponed stays ahead of what becomes due
//! later), then in the order in which they were put in. Some entries are *work*:
//! a simulation goes on as long as there is any. Others, such as the timer of a
//! server that ticks for ever, and what it sends at each tick, keep nothing going.

use std::collections::VecDeque;

/// The place of an entry in the order of an [`Agenda`]; no two have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AgendaSlot {
    at: u64,
    due: u64,
    number: u64,
}

/// Whether a simulation goes on as long as an entry is in its agenda.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// It does.
    Work,
    /// It does not, but something else is left to happen as long as it is there.
    Motion,
    /// It does not.
    Idle,
}

/// An event with its place. One that was taken out happens now, or is postponed.
#[derive(Debug)]
pub(super) struct Entry<E> {
    slot: AgendaSlot,
    weight: Weight,
    /// What happens.
    pub(super) event: E,
}

impl<E> Entry<E> {
    /// When it happens.
    pub(super) fn at(&self) -> u64 {
        self.slot.at
    }

    /// Whether it keeps the simulation going.
    pub(super) fn weight(&self) -> Weight {
        self.weight
    }
}

/// Events of type `E` in order of time.
#[derive(Debug)]
pub(super) struct Agenda<E> {
    /// Ascending. A simulation has a few dozen at a time, and most new ones go
    /// near the end: that is quicker here than in a tree or a heap.
    entries: VecDeque<Entry<E>>,
    created: u64,
    work: usize,
    motion: usize,
}

impl<E> Default for Agenda<E> {
    fn default() -> Self {
        Agenda { entries: VecDeque::new(), created: 0, work: 0, motion: 0 }
    }
}

impl<E> Agenda<E> {
    /// Lets `event` happen at the time `at`.
    pub(super) fn put(&mut self, at: u64, weight: Weight, event: E) -> AgendaSlot {
        self.add(at, at, weight, event)
    }

    /// Lets `event` happen at the time `at`, before all that is due by then or
    /// was postponed until then.
    pub(super) fn put_first(&mut self, at: u64, weight: Weight, event: E) -> AgendaSlot {
        self.add(at, 0, weight, event)
    }

    fn add(&mut self, at: u64, due: u64, weight: Weight, event: E) -> AgendaSlot {
        let slot = AgendaSlot { at, due, number: self.created };
        self.created += 1;
        self.insert(slot, weight, event);
        slot
    }

    fn insert(&mut self, slot: AgendaSlot, weight: Weight, event: E) {
        self.count(weight, true);
        match self.place(slot) {
            Ok(_) => unreachable!("two entries have the slot {slot:?}"),
            Err(place) => self.entries.insert(place, Entry { slot, weight, event }),
        }
    }

    fn count(&mut self, weight: Weight, comes: bool) {
        let count = match weight {
            Weight::Work => &mut self.work,
            Weight::Motion => &mut self.motion,
            Weight::Idle => return,
        };
        *count = if comes { *count + 1 } else { *count - 1 };
    }

    /// Where the entry with this slot is, or would be.
    fn place(&self, slot: AgendaSlot) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&slot, |entry| entry.slot)
    }

    /// Puts back, until the later time `until`, an entry that was taken. It is
    /// due since the same time as before.
    pub(super) fn postpone(&mut self, entry: Entry<E>, until: u64) -> AgendaSlot {
        let slot = AgendaSlot { at: until, ..entry.slot };
        self.insert(slot, entry.weight, entry.event);
        slot
    }

    /// Takes out the next entry.
    pub(super) fn take(&mut self) -> Option<Entry<E>> {
        let entry = self.entries.pop_front()?;
        self.count(entry.weight, false);
        Some(entry)
    }

    /// Calls off the entry in `slot`; `None` if it is not there any more.
    pub(super) fn cancel(&mut self, slot: AgendaSlot) -> Option<E> {
        let place = self.place(slot).ok()?;
        let entry = self.entries.remove(place)?;
        self.count(entry.weight, false);
        Some(entry.event)
    }

    /// When the next entry happens.
    pub(super) fn next_at(&self) -> Option<u64> {
        self.entries.front().map(Entry::at)
    }

    /// Whether any entry is work.
    pub(super) fn has_work(&self) -> bool {
        self.work > 0
    }

    /// Whether any entry is more than idle.
    pub(super) fn has_motion(&self) -> bool {
        self.work + self.motion > 0
    }

    /// Takes out everything, so that the caller can drop it.
    pub(super) fn drain(&mut self) -> Vec<E> {
        (self.work, self.motion) = (0, 0);
        std::mem::take(&mut self.entries).into_iter().map(|entry| entry.event).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Weight::{Idle, Work};

    fn all(agenda: &mut Agenda<&'static str>) -> Vec<(u64, &'static str)> {
        std::iter::from_fn(|| agenda.take()).map(|entry| (entry.at(), entry.event)).collect()
    }

    #[test]
    fn entries_come_in_order_of_time_and_then_of_creation() {
        let mut agenda = Agenda::default();
        for (at, event) in [(7, "c"), (5, "a"), (7, "d"), (5, "b")] {
            agenda.put(at, Work, event);
        }
        assert_eq!(agenda.next_at(), Some(5));
        assert_eq!(all(&mut agenda), [(5, "a"), (5, "b"), (7, "c"), (7, "d")]);
        assert_eq!(agenda.next_at(), None);
    }

    #[test]
    fn what_is_put_first_precedes_all_others_of_its_time() {
        let mut agenda = Agenda::default();
        agenda.put(3, Work, "late");
        agenda.put(9, Work, "due");
        let late = agenda.take().expect("it is there");
        agenda.postpone(late, 9);
        agenda.put_first(9, Work, "first");
        agenda.put_first(9, Work, "second");
        assert_eq!(all(&mut agenda), [(9, "first"), (9, "second"), (9, "late"), (9, "due")]);
    }

    #[test]
    fn what_is_postponed_stays_ahead_of_what_becomes_due_later() {
        let mut agenda = Agenda::default();
        for (at, event) in [(10, "due at 10"), (2, "due at 2"), (1, "due at 1"), (2, "also at 2")] {
            agenda.put(at, Work, event);
        }
        for _ in 0..3 {
            let entry = agenda.take().expect("it is there");
            agenda.postpone(entry, 10);
        }
        // Twice postponed is still due since the first time.
        let first = agenda.take().expect("it is there");
        assert_eq!(first.event, "due at 1");
        agenda.postpone(first, 11);
        agenda.put(11, Work, "due at 11");
        let expected =
            [(10, "due at 2"), (10, "also at 2"), (10, "due at 10"), (11, "due at 1"), (11, "due at 11")];
        assert_eq!(all(&mut agenda), expected);
    }

    #[test]
    fn a_cancelled_entry_does_not_happen_and_is_cancelled_once() {
        let mut agenda = Agenda::default();
        let gone = agenda.put(1, Work, "gone");
        let taken = agenda.put(2, Work, "taken");
        agenda.put(3, Idle, "stays");
        assert_eq!(agenda.cancel(gone), Some("gone"));
        assert_eq!(agenda.cancel(gone), None);
        assert_eq!(agenda.next_at(), Some(2));
        assert_eq!(agenda.take().map(|entry| entry.event), Some("taken"));
        assert_eq!(agenda.cancel(taken), None);
        assert!(!agenda.has_work());
        assert_eq!(all(&mut agenda), [(3, "stays")]);
    }

    #[test]
    fn what_only_moves_is_no_work() {
        let mut agenda = Agenda::default();
        agenda.put(1, Idle, "idle");
        assert!(!agenda.has_motion());
        let beat = agenda.put(2, Weight::Motion, "beat");
        assert!(agenda.has_motion() && !agenda.has_work());
        agenda.put(3, Work, "work");
        assert_eq!(agenda.cancel(beat), Some("beat"));
        assert!(agenda.has_motion() && agenda.has_work());
        assert_eq!(agenda.take().map(|entry| entry.weight()), Some(Idle));
        agenda.take();
        assert!(!agenda.has_motion());
    }

    #[test]
    fn work_is_counted_through_every_way_out_and_back() {
        let mut agenda = Agenda::default();
        agenda.put(1, Idle, "idle");
        assert!(!agenda.has_work());
        let first = agenda.put(1, Work, "first");
        agenda.put_first(2, Work, "second");
        agenda.cancel(first);
        assert!(agenda.has_work());
        let idle = agenda.take().expect("it is there");
        agenda.postpone(idle, 5);
        let second = agenda.take().expect("it is there");
        assert!(!agenda.has_work(), "what was taken is not to come");
        let slot = agenda.postpone(second, 6);
        assert!(agenda.has_work());
        assert_eq!(agenda.cancel(slot), Some("second"));
        assert!(!agenda.has_work());
        agenda.put(7, Work, "third");
        assert_eq!(agenda.drain(), ["idle", "third"]);
        assert!(!agenda.has_work() && agenda.take().is_none());
    }
}
