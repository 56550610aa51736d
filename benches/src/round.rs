//! One timed round of one contender.

use crate::contender::{Backoff, Contender, END, Pop as _, Push as _};
use crate::run::{self, UnfinishedRun, Work};
use crate::shape::{CAPACITY, Shape};
use std::fmt;
use std::time::Duration;

/// How long a round may take before the contender counts as hung.
const DEADLINE: Duration = Duration::from_secs(60);

/// Why a round has no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoundError {
    /// What arrived is not what was pushed.
    Wrong {
        /// The number of items pushed and their wrapping sum.
        pushed: (u64, u64),
        /// The number of items popped and their wrapping sum.
        popped: (u64, u64),
    },
    /// Not all threads finished in time, or one of them panicked.
    Unfinished,
}

impl fmt::Display for RoundError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RoundError::Wrong { pushed, popped } => write!(
                f,
                "pushed {} items of sum {:#x}, but popped {} of sum {:#x}",
                pushed.0, pushed.1, popped.0, popped.1
            ),
            RoundError::Unfinished => write!(f, "a thread panicked or did not finish in time"),
        }
    }
}

impl std::error::Error for RoundError {}

/// Moves `items` items in all through a fresh `C` in `shape`, and returns the
/// wall time from the first start of a thread to the last stop.
///
/// The items are the numbers from 0, so count and sum tell a loss or a
/// duplicate; their order was the business of the [proof](crate::proof).
///
/// # Errors
///
/// [`RoundError`] if count or sum of what arrived is wrong, or if the round hangs.
pub fn time<C: Contender>(shape: Shape, items: u64) -> Result<Duration, RoundError> {
    let producers = shape.producers() as u64;
    let run = run::run::<C, _>(shape, CAPACITY, DEADLINE, CountedItems { items, producers })
        .map_err(|UnfinishedRun| RoundError::Unfinished)?;
    let pushed = (items, sum_below(items));
    let popped = run
        .outputs
        .iter()
        .fold((0, 0), |all: (u64, u64), (one, _)| (all.0 + one.0, all.1.wrapping_add(one.1)));
    if pushed == popped { Ok(run.wall) } else { Err(RoundError::Wrong { pushed, popped }) }
}

/// The wrapping sum of the numbers below `items`.
fn sum_below(items: u64) -> u64 {
    let items = u128::from(items);
    // The low 64 bits are the wrapping sum.
    (items * items.saturating_sub(1) / 2) as u64
}

/// The work of a timed round: each producer pushes its share of the numbers
/// below `items`; a consumer keeps their count and wrapping sum.
struct CountedItems {
    items: u64,
    producers: u64,
}

impl<C: Contender> Work<C> for CountedItems {
    type Output = (u64, u64);

    #[inline]
    fn produce(&self, producer: usize, handle: &mut C::Push, backoff: &Backoff) -> bool {
        let first = self.items * producer as u64 / self.producers;
        let next = self.items * (producer as u64 + 1) / self.producers;
        for item in first..next {
            if !handle.push(item, backoff) {
                return false;
            }
        }
        true
    }

    #[inline]
    fn consume(&self, handle: &mut C::Pop, backoff: &Backoff) -> (u64, u64) {
        let (mut count, mut sum) = (0_u64, 0_u64);
        while let Some(item) = handle.pop(backoff) {
            if item == END {
                break;
            }
            count += 1;
            sum = sum.wrapping_add(item);
        }
        (count, sum)
    }
}

#[cfg(test)]
mod tests {
    use super::sum_below;

    #[test]
    fn the_sum_below_wraps_as_adding_does() {
        for items in [0, 1, 2, 10, 1001] {
            assert_eq!(sum_below(items), (0..items).sum::<u64>());
        }
        // 2^33 items: n * (n - 1) / 2 = 2^65 - 2^32, which wraps.
        assert_eq!(sum_below(1 << 33), 0_u64.wrapping_sub(1 << 32));
    }
}
