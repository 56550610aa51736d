//! Where in which lap: the arithmetic of the rings, without any shared memory.
//!
//! A [`Position`] names a slot in a lap and carries one flag. It is packed into
//! one [`Word`], from the high bits to the low ones:
//!
//! ```text
//! | lap, wrapping | index, 0 .. capacity | flag |
//! ```
//!
//! The index has as many bits as the capacity needs, rounded up; indices from
//! `capacity` on are skipped. So any capacity works, finding the index takes a
//! mask, stepping on takes a comparison, and nothing ever divides. A full ring
//! and an empty one differ in the lap: no slot is wasted.
//!
//! What the flag means is the user's affair: a closed end, or in a stamp "there
//! is an item in the slot".

/// The number that a position is packed into.
///
/// 64 bits wherever there are atomics of that width, on 32-bit targets too, so
/// that laps do not wrap in practice. On a target without them it has 32; the
/// cfg `ringwright_no_64_bit_atomics` makes any target such a one, for tests.
#[cfg(all(target_has_atomic = "64", not(ringwright_no_64_bit_atomics)))]
mod word {
    pub(crate) type Word = u64;
    pub(crate) type AtomicWord = crate::sync::atomic::AtomicU64;
    pub(super) type SignedWord = i64;
}

/// The number that a position is packed into: no wider atomic exists here.
#[cfg(not(all(target_has_atomic = "64", not(ringwright_no_64_bit_atomics))))]
mod word {
    pub(crate) type Word = u32;
    pub(crate) type AtomicWord = crate::sync::atomic::AtomicU32;
    pub(super) type SignedWord = i32;
}

use self::word::SignedWord;
pub(crate) use self::word::{AtomicWord, Word};

/// The flag of a position.
pub(crate) const FLAG: Word = 1;

/// A slot in a lap, and a flag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Position(pub(crate) Word);

/// Whose turn it is at a slot, by its stamp.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    /// The slot waits for exactly this position.
    Now,
    /// The slot is not ready for this position yet: its stamp is behind.
    NotYet,
    /// The slot has been through this position: the position is stale.
    Past,
}

impl Position {
    /// The first slot of the first lap, flag clear.
    pub(crate) const START: Position = Position(0);

    /// The same place with the flag set.
    #[inline(always)]
    pub(crate) const fn flagged(self) -> Position {
        Position(self.0 | FLAG)
    }

    /// The same place with the flag clear.
    #[inline(always)]
    pub(crate) const fn unflagged(self) -> Position {
        Position(self.0 & !FLAG)
    }

    /// Whether the flag is set.
    #[inline(always)]
    pub(crate) const fn is_flagged(self) -> bool {
        self.0 & FLAG != 0
    }

    /// Compares a slot's stamp with this position, which is what the stamp has
    /// to be. Right as long as the two are less than half of all laps apart.
    #[inline(always)]
    pub(crate) const fn turn(self, stamp: Position) -> Turn {
        match stamp.0.wrapping_sub(self.0) as SignedWord {
            0 => Turn::Now,
            ..0 => Turn::NotYet,
            1.. => Turn::Past,
        }
    }
}

/// The shape of a ring: what its capacity makes of positions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// How many slots there are. At least 1.
    capacity: usize,
    /// The distance from a position to the same slot one lap on: a power of two, at least 2.
    lap: Word,
}

impl Shape {
    /// The largest capacity: it leaves three bits or more for the lap, enough
    /// for [`Position::turn`], whose two sides are at most one lap apart.
    pub(crate) const MAX_CAPACITY: usize = {
        let most = (1 as Word) << (Word::BITS - 4);
        if most > usize::MAX as Word { usize::MAX } else { most as usize }
    };

    /// The shape of a ring of `capacity` slots.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero or greater than [`MAX_CAPACITY`](Shape::MAX_CAPACITY).
    #[track_caller]
    pub(crate) const fn new(capacity: usize) -> Shape {
        assert!(capacity > 0, "the capacity of a bounded queue must be at least 1, it was 0");
        assert!(capacity <= Shape::MAX_CAPACITY, "the capacity of a bounded queue is too large");
        Shape { capacity, lap: (capacity as Word).next_power_of_two() << 1 }
    }

    /// How many slots there are.
    #[inline(always)]
    pub(crate) const fn capacity(self) -> usize {
        self.capacity
    }

    /// The index of the slot, `0 .. capacity`. The flag does not matter.
    #[inline(always)]
    pub(crate) const fn index(self, position: Position) -> usize {
        ((position.0 & (self.lap - 1)) >> 1) as usize
    }

    /// The next slot, in the next lap after the last one. The flag must be clear.
    #[inline(always)]
    pub(crate) const fn next(self, position: Position) -> Position {
        debug_assert!(!position.is_flagged());
        if self.index(position) + 1 < self.capacity {
            Position(position.0.wrapping_add(2))
        } else {
            Position((position.0 & !(self.lap - 1)).wrapping_add(self.lap))
        }
    }

    /// The same slot one lap on, flag kept. This is the tail of a full ring
    /// whose head is `position`.
    #[inline(always)]
    pub(crate) const fn lap_on(self, position: Position) -> Position {
        Position(position.0.wrapping_add(self.lap))
    }

    /// The indices of the slots from `head` up to, not including, `tail`.
    pub(crate) fn indices(self, head: Position, tail: Position) -> impl Iterator<Item = usize> {
        let mut at = head.unflagged();
        core::iter::from_fn(move || {
            let here = at;
            (here != tail.unflagged()).then(|| {
                at = self.next(here);
                self.index(here)
            })
        })
    }

    /// How many steps of [`next`](Shape::next) lead from `head` to `tail`,
    /// flags aside, if these are the ends of a ring at one moment.
    ///
    /// Two ends that were read one after the other may not fit together; then
    /// the result is still in `0 ..= capacity`.
    pub(crate) const fn distance(self, head: Position, tail: Position) -> usize {
        let laps = (tail.0 & !(self.lap - 1)).wrapping_sub(head.0 & !(self.lap - 1));
        let (head, tail) = (self.index(head), self.index(tail));
        if laps == 0 {
            tail.saturating_sub(head)
        } else if laps == self.lap && tail <= head {
            self.capacity - (head - tail)
        } else if (laps as SignedWord) < 0 {
            // The head overtook the tail that was read before it.
            0
        } else {
            // The tail went on by more than a lap after the head was read.
            self.capacity
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Capacities around every rounding edge that is small enough to walk.
    const CAPACITIES: [usize; 10] = [1, 2, 3, 4, 5, 7, 8, 9, 31, 33];

    /// Starting points: the first lap, and the last laps before the word wraps.
    fn starts(shape: Shape) -> [Position; 3] {
        let last_lap = Position((0 as Word).wrapping_sub(shape.lap));
        let before = Position(last_lap.0.wrapping_sub(shape.lap));
        [Position::START, before, last_lap]
    }

    #[test]
    fn next_visits_every_index_in_order_in_every_lap() {
        for shape in CAPACITIES.map(Shape::new) {
            for start in starts(shape) {
                let mut position = start;
                for step in 0..4 * shape.capacity {
                    assert_eq!(shape.index(position), step % shape.capacity, "{shape:?}");
                    assert_eq!(shape.index(position.flagged()), shape.index(position));
                    assert!(!position.is_flagged());
                    position = shape.next(position);
                }
            }
        }
    }

    #[test]
    fn a_lap_is_capacity_steps() {
        for shape in CAPACITIES.map(Shape::new) {
            for start in starts(shape) {
                let mut position = start;
                for _ in 0..3 * shape.capacity {
                    let round = (0..shape.capacity).fold(position, |p, _| shape.next(p));
                    assert_eq!(round, shape.lap_on(position), "{shape:?} {position:?}");
                    position = shape.next(position);
                }
            }
        }
    }

    #[test]
    fn distance_counts_the_steps_from_empty_to_full() {
        for shape in CAPACITIES.map(Shape::new) {
            for start in starts(shape) {
                let mut head = start;
                for _ in 0..3 * shape.capacity {
                    let mut tail = head;
                    for len in 0..=shape.capacity {
                        assert_eq!(shape.distance(head, tail), len, "{shape:?} {head:?} {tail:?}");
                        assert_eq!(shape.distance(head.flagged(), tail), len);
                        assert_eq!(shape.distance(head, tail.flagged()), len);
                        let indices = shape.indices(head.flagged(), tail.flagged());
                        let first = shape.index(head);
                        assert!(indices.eq((first..first + len).map(|i| i % shape.capacity)));
                        assert_eq!(tail == shape.lap_on(head), len == shape.capacity);
                        assert_eq!(tail == head, len == 0);
                        tail = shape.next(tail);
                    }
                    head = shape.next(head);
                }
            }
        }
    }

    #[test]
    fn distance_of_ends_that_do_not_fit_together_stays_in_range() {
        for shape in CAPACITIES.map(Shape::new) {
            for start in starts(shape) {
                let mut first = start;
                for _ in 0..2 * shape.capacity {
                    let mut second = first;
                    for steps in 1..=3 * shape.capacity {
                        second = shape.next(second);
                        // The head ahead of the tail: nothing is left.
                        assert_eq!(shape.distance(second, first), 0, "{shape:?}");
                        // The tail more than a lap ahead: full at most.
                        let len = shape.distance(first, second);
                        assert_eq!(len, steps.min(shape.capacity), "{shape:?}");
                    }
                    first = shape.next(first);
                }
            }
        }
    }

    #[test]
    fn the_flag_goes_on_and_off_and_changes_nothing_else() {
        let shape = Shape::new(3);
        let mut position = Position::START;
        for _ in 0..9 {
            assert!(position.flagged().is_flagged());
            assert_ne!(position.flagged(), position);
            assert_eq!(position.flagged().flagged(), position.flagged());
            assert_eq!(position.flagged().unflagged(), position);
            assert_eq!(position.unflagged(), position);
            assert_eq!(shape.lap_on(position.flagged()), shape.lap_on(position).flagged());
            position = shape.next(position);
        }
    }

    /// A slot's stamp goes p, p flagged, p one lap on, and so on. Every
    /// position that comes to that slot, of a lap before, this one or after,
    /// with and without the flag, must be told where the stamp stands.
    #[test]
    fn turn_orders_the_stamps_of_a_slot() {
        for shape in CAPACITIES.map(Shape::new) {
            for start in starts(shape) {
                for offset in 0..shape.capacity {
                    let first = (0..offset).fold(start, |p, _| shape.next(p));
                    let mut stamps = [first; 6];
                    for i in 1..6 {
                        stamps[i] = match i % 2 {
                            1 => stamps[i - 1].flagged(),
                            _ => shape.lap_on(stamps[i - 2]),
                        };
                    }
                    for (i, stamp) in stamps.into_iter().enumerate() {
                        for (j, due) in stamps.into_iter().enumerate() {
                            let expected = match i.cmp(&j) {
                                core::cmp::Ordering::Less => Turn::NotYet,
                                core::cmp::Ordering::Equal => Turn::Now,
                                core::cmp::Ordering::Greater => Turn::Past,
                            };
                            assert_eq!(due.turn(stamp), expected, "{shape:?} {due:?} {stamp:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_largest_capacity_has_a_shape() {
        let shape = Shape::new(Shape::MAX_CAPACITY);
        let last = Position((Shape::MAX_CAPACITY as Word - 1) << 1);
        assert_eq!(shape.index(last), Shape::MAX_CAPACITY - 1);
        assert_eq!(shape.next(last), shape.lap_on(Position::START));
        let full = shape.lap_on(Position::START);
        assert_eq!(shape.distance(Position::START, full), Shape::MAX_CAPACITY);
        assert_eq!(full.turn(Position::START.flagged()), Turn::NotYet);
        assert_eq!(Position::START.flagged().turn(full), Turn::Past);
    }

    #[test]
    #[should_panic(expected = "at least 1")]
    fn no_ring_has_zero_slots() {
        Shape::new(0);
    }

    #[test]
    #[should_panic(expected = "too large")]
    fn a_capacity_that_leaves_no_lap_is_refused() {
        if Shape::MAX_CAPACITY == usize::MAX {
            panic!("every usize is allowed here, so none is too large");
        }
        Shape::new(Shape::MAX_CAPACITY + 1);
    }
}
