//! Two segment trees: counts over ranges that find their zeros, and range maxima.

/// A count for each slot: add to a range, find a slot that has come to 0.
#[derive(Debug)]
pub(crate) struct RangeCounts {
    leaves: usize,
    /// The least count below each node, without what its ancestors add.
    least: Vec<i64>,
    /// What each node adds to all slots below it.
    added: Vec<i64>,
}

/// A slot that was taken: far from 0 for ever.
const TAKEN: i64 = i64::MAX / 4;

impl RangeCounts {
    /// `slots` slots, all at 0.
    pub(crate) fn new(slots: usize) -> RangeCounts {
        let leaves = slots.next_power_of_two();
        let mut counts = RangeCounts { leaves, least: vec![0; 2 * leaves], added: vec![0; 2 * leaves] };
        if slots < leaves {
            counts.add(slots, leaves - 1, TAKEN);
        }
        counts
    }

    /// Adds `by` to the slots from `first` to `last`.
    pub(crate) fn add(&mut self, first: usize, last: usize, by: i64) {
        self.add_below(1, (0, self.leaves - 1), (first, last), by);
    }

    fn add_below(&mut self, node: usize, (from, to): (usize, usize), range: (usize, usize), by: i64) {
        if range.1 < from || to < range.0 {
            return;
        }
        if range.0 <= from && to <= range.1 {
            self.least[node] += by;
            self.added[node] += by;
            return;
        }
        let middle = usize::midpoint(from, to);
        self.add_below(2 * node, (from, middle), range, by);
        self.add_below(2 * node + 1, (middle + 1, to), range, by);
        self.least[node] = self.least[2 * node].min(self.least[2 * node + 1]) + self.added[node];
    }

    /// The first slot from `first` to `last` that is at 0. It is taken: no
    /// later call finds it again.
    pub(crate) fn take_zero(&mut self, first: usize, last: usize) -> Option<usize> {
        let slot = self.zero_below(1, (0, self.leaves - 1), (first, last), 0)?;
        self.add(slot, slot, TAKEN);
        Some(slot)
    }

    fn zero_below(
        &self,
        node: usize,
        (from, to): (usize, usize),
        range: (usize, usize),
        above: i64,
    ) -> Option<usize> {
        if range.1 < from || to < range.0 || self.least[node] + above > 0 {
            return None;
        }
        if from == to {
            return Some(from);
        }
        let (middle, above) = (usize::midpoint(from, to), above + self.added[node]);
        let left = self.zero_below(2 * node, (from, middle), range, above);
        left.or_else(|| self.zero_below(2 * node + 1, (middle + 1, to), range, above))
    }
}

/// A number for some places: the greatest of a range.
#[derive(Debug)]
pub(crate) struct RangeMaxima {
    leaves: usize,
    /// The place of the greatest number below each node.
    best: Vec<Option<(i64, usize)>>,
}

impl RangeMaxima {
    /// `places` places without numbers.
    pub(crate) fn new(places: usize) -> RangeMaxima {
        let leaves = places.next_power_of_two();
        RangeMaxima { leaves, best: vec![None; 2 * leaves] }
    }

    fn put(&mut self, place: usize, number: Option<i64>) {
        let mut node = self.leaves + place;
        self.best[node] = number.map(|number| (number, place));
        while node > 1 {
            node /= 2;
            self.best[node] = self.best[2 * node].max(self.best[2 * node + 1]);
        }
    }

    /// Gives `place` a number.
    pub(crate) fn set(&mut self, place: usize, number: i64) {
        self.put(place, Some(number));
    }

    /// Takes the number of `place` away.
    pub(crate) fn clear(&mut self, place: usize) {
        self.put(place, None);
    }

    /// Whether `place` has a number.
    pub(crate) fn holds(&self, place: usize) -> bool {
        self.best[self.leaves + place].is_some()
    }

    /// The greatest number from `first` to `last`, and its place.
    pub(crate) fn max(&self, first: usize, last: usize) -> Option<(usize, i64)> {
        let (mut from, mut to) = (self.leaves + first, self.leaves + last + 1);
        let mut best = None;
        while from < to {
            if from % 2 == 1 {
                best = best.max(self.best[from]);
                from += 1;
            }
            if to % 2 == 1 {
                to -= 1;
                best = best.max(self.best[to]);
            }
            (from, to) = (from / 2, to / 2);
        }
        best.map(|(number, place)| (place, number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_is_found_once() {
        let mut counts = RangeCounts::new(5);
        counts.add(0, 3, 1);
        assert_eq!(counts.take_zero(0, 4), Some(4));
        assert_eq!(counts.take_zero(0, 4), None);
        counts.add(1, 2, -1);
        assert_eq!(counts.take_zero(2, 4), Some(2));
        assert_eq!(counts.take_zero(0, 4), Some(1));
        assert_eq!(counts.take_zero(0, 4), None);
    }

    #[test]
    fn the_greatest_of_a_range() {
        let mut maxima = RangeMaxima::new(6);
        assert_eq!(maxima.max(0, 5), None);
        maxima.set(1, -4);
        maxima.set(4, 7);
        assert_eq!((maxima.max(0, 5), maxima.max(0, 3)), (Some((4, 7)), Some((1, -4))));
        maxima.clear(4);
        assert_eq!(maxima.max(2, 5), None);
        assert!(maxima.holds(1) && !maxima.holds(4));
    }
}
