//! The proof: every item arrives, once, and in its producer's order.
//!
//! Items carry their producer's number and a sequence number. [`judge`] is the
//! whole rule; [`prove`] gets it the evidence. What it can see of order is what
//! a user can see: each consumer's own view of each producer. How two consumers'
//! views interleave has no order of its own here.

use crate::contender::{Backoff, Contender, END, Pop as _, Push as _};
use crate::run::{self, UnfinishedRun, Work};
use crate::shape::{CAPACITY, Shape};
use std::fmt;
use std::time::Duration;

/// The capacities a contender is proved at, each with the items that every
/// producer pushes. Small ones are nearly always full or empty, which is where
/// queues break; they cost a switch of threads an item.
pub const TRIALS: [(usize, u64); 3] = [(1, 500), (3, 2_000), (CAPACITY, 30_000)];

/// How long one trial may take before the contender counts as hung.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The bits of an item that hold the sequence number.
const SEQUENCE_BITS: u32 = 48;

/// What a contender did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// An item never arrived.
    Lost {
        /// Who pushed it.
        producer: usize,
        /// Its sequence number.
        sequence: u64,
    },
    /// An item arrived more than once.
    Duplicated {
        /// Who pushed it.
        producer: usize,
        /// Its sequence number.
        sequence: u64,
    },
    /// A consumer saw an item after one that its producer pushed later.
    Reordered {
        /// Who pushed both.
        producer: usize,
        /// The sequence number of the item that came too late.
        sequence: u64,
        /// The sequence number it came after; `None` if it came after the end
        /// of the stream.
        after: Option<u64>,
    },
    /// An item arrived that nobody pushed.
    Invented {
        /// The item.
        item: u64,
    },
    /// Not all threads finished in time, or one of them panicked.
    Unfinished,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Fault::Lost { producer, sequence } => {
                write!(f, "item {sequence} of producer {producer} never arrived")
            }
            Fault::Duplicated { producer, sequence } => {
                write!(f, "item {sequence} of producer {producer} arrived twice")
            }
            Fault::Reordered { producer, sequence, after: Some(after) } => {
                write!(f, "a consumer saw item {sequence} of producer {producer} after item {after}")
            }
            Fault::Reordered { producer, sequence, after: None } => {
                write!(f, "item {sequence} of producer {producer} arrived after the end of the stream")
            }
            Fault::Invented { item } => write!(f, "item {item:#x} arrived, which nobody pushed"),
            Fault::Unfinished => write!(f, "a thread panicked or did not finish in time"),
        }
    }
}

impl std::error::Error for Fault {}

/// Proves `C` in `shape` at all [`TRIALS`].
///
/// # Errors
///
/// The first fault found, with the capacity it was found at.
pub fn prove<C: Contender>(shape: Shape) -> Result<(), (usize, Fault)> {
    TRIALS.iter().try_for_each(|&(capacity, items)| {
        trial::<C>(shape, capacity, items, DEADLINE).map_err(|fault| (capacity, fault))
    })
}

/// Proves `C` once: each producer of `shape` pushes `items` items through a
/// queue of `capacity`, which must be over by `deadline`.
///
/// # Errors
///
/// The first fault found.
pub fn trial<C: Contender>(
    shape: Shape,
    capacity: usize,
    items: u64,
    deadline: Duration,
) -> Result<(), Fault> {
    let run = run::run::<C, _>(shape, capacity, deadline, NumberedItems { items })
        .map_err(|UnfinishedRun| Fault::Unfinished)?;
    let mut views = Vec::new();
    let mut leftovers = Vec::new();
    for (view, mut handle) in run.outputs {
        views.push(view);
        while let Some(item) = handle.try_pop() {
            leftovers.push(item);
        }
    }
    judge(shape.producers(), items, &views, &leftovers)
}

/// Judges what was received: `views` holds what each consumer popped up to the
/// end of the stream, in its order, and `leftovers` what was in the queue after
/// all of them had stopped.
///
/// # Errors
///
/// The first fault found: something invented, then order and duplicates, then
/// leftovers, then losses.
pub fn judge(producers: usize, items: u64, views: &[Vec<u64>], leftovers: &[u64]) -> Result<(), Fault> {
    let mut seen = vec![vec![false; usize::try_from(items).unwrap_or(usize::MAX)]; producers];
    for view in views {
        let mut latest: Vec<Option<u64>> = vec![None; producers];
        for &item in view {
            let (producer, sequence) = admit(&mut seen, item)?;
            if let Some(after) = latest[producer].filter(|&after| after > sequence) {
                return Err(Fault::Reordered { producer, sequence, after: Some(after) });
            }
            latest[producer] = Some(sequence);
        }
    }
    if let Some(&item) = leftovers.first() {
        let (producer, sequence) = admit(&mut seen, item)?;
        return Err(Fault::Reordered { producer, sequence, after: None });
    }
    for (producer, arrived) in seen.iter().enumerate() {
        if let Some(sequence) =
            (0..items).zip(arrived).find_map(|(sequence, &here)| (!here).then_some(sequence))
        {
            return Err(Fault::Lost { producer, sequence });
        }
    }
    Ok(())
}

/// Ticks an item off, or says that it is unknown or here already.
fn admit(seen: &mut [Vec<bool>], item: u64) -> Result<(usize, u64), Fault> {
    let producer = usize::try_from(item >> SEQUENCE_BITS).unwrap_or(usize::MAX);
    let sequence = item & ((1 << SEQUENCE_BITS) - 1);
    let here = seen
        .get_mut(producer)
        .and_then(|arrived| arrived.get_mut(usize::try_from(sequence).ok()?))
        .ok_or(Fault::Invented { item })?;
    if std::mem::replace(here, true) {
        return Err(Fault::Duplicated { producer, sequence });
    }
    Ok((producer, sequence))
}

/// The work of a trial: numbered items, all kept.
struct NumberedItems {
    items: u64,
}

impl<C: Contender> Work<C> for NumberedItems {
    type Output = Vec<u64>;

    fn produce(&self, producer: usize, handle: &mut C::Push, backoff: &Backoff) -> bool {
        let high = (producer as u64) << SEQUENCE_BITS;
        (0..self.items).all(|sequence| handle.push(high | sequence, backoff))
    }

    fn consume(&self, handle: &mut C::Pop, backoff: &Backoff) -> Vec<u64> {
        let mut view = Vec::new();
        while let Some(item) = handle.pop(backoff) {
            if item == END {
                break;
            }
            view.push(item);
        }
        view
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, SEQUENCE_BITS, judge};

    /// The item `sequence` of the second producer.
    const fn second(sequence: u64) -> u64 {
        (1 << SEQUENCE_BITS) | sequence
    }

    #[test]
    fn items_may_interleave_and_split_in_any_way_that_keeps_each_producers_order() {
        let views = [vec![0, second(1), 2], vec![second(0), 1, second(2)]];
        assert_eq!(judge(2, 3, &views, &[]), Ok(()));
    }

    #[test]
    fn a_missing_item_is_lost() {
        let fault = Fault::Lost { producer: 1, sequence: 1 };
        assert_eq!(judge(2, 2, &[vec![0, 1, second(0)]], &[]), Err(fault));
        let last = Fault::Lost { producer: 0, sequence: 1 };
        assert_eq!(judge(1, 2, &[vec![0]], &[]), Err(last));
    }

    #[test]
    fn an_item_seen_twice_is_duplicated_whoever_saw_it() {
        let fault = Fault::Duplicated { producer: 0, sequence: 1 };
        assert_eq!(judge(1, 3, &[vec![0, 1, 1, 2]], &[]), Err(fault));
        assert_eq!(judge(1, 3, &[vec![0, 1], vec![1, 2]], &[]), Err(fault));
        assert_eq!(judge(1, 3, &[vec![0, 1, 2]], &[1]), Err(fault));
    }

    #[test]
    fn an_item_behind_a_later_one_is_reordered() {
        let fault = Fault::Reordered { producer: 0, sequence: 1, after: Some(2) };
        assert_eq!(judge(1, 3, &[vec![0, 2, 1]], &[]), Err(fault));
    }

    #[test]
    fn an_item_behind_the_end_of_the_stream_is_reordered() {
        let fault = Fault::Reordered { producer: 0, sequence: 2, after: None };
        assert_eq!(judge(1, 3, &[vec![0, 1]], &[2]), Err(fault));
    }

    #[test]
    fn an_item_nobody_pushed_is_invented() {
        assert_eq!(judge(1, 2, &[vec![0, 1, 2]], &[]), Err(Fault::Invented { item: 2 }));
        let item = second(0);
        assert_eq!(judge(1, 2, &[vec![0, 1, item]], &[]), Err(Fault::Invented { item }));
    }
}
