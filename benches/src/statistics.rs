//! Medians and their intervals.
//!
//! The interval of a median is the **order-statistic interval**: of the sorted
//! values it takes the k-th lowest and the k-th highest, with the largest k for
//! which the true median lies outside with a probability of at most 5 %. It
//! assumes nothing of the distribution, draws no random numbers, and its level
//! is at least 95 % (95.1 % for 20 values, 97.3 % for 21). It does assume that
//! the rounds are independent of each other, which rounds on a busy machine are
//! not quite.
//!
//! A **paired ratio** is taken round by round: the contender's throughput over
//! the best peer's in the same round. The median of those ratios is the ratio
//! that is printed, so it need not equal the ratio of the medians.

/// The fewest values that have an interval.
pub const FEWEST: usize = 6;

/// A median with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The median.
    pub median: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

impl Estimate {
    /// The median of `values` and its interval. O(n log n).
    ///
    /// # Panics
    ///
    /// Panics if there are fewer than [`FEWEST`] values: then even the interval
    /// from the lowest to the highest holds the median in less than 95 % of all
    /// cases.
    #[must_use]
    pub fn of(values: &[f64]) -> Estimate {
        assert!(
            values.len() >= FEWEST,
            "{} values are too few for a 95 % interval, which takes {FEWEST}",
            values.len()
        );
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let rank = rank(count);
        Estimate {
            median: f64::midpoint(sorted[(count - 1) / 2], sorted[count / 2]),
            low: sorted[rank - 1],
            high: sorted[count - rank],
        }
    }

    /// The estimate of the ratios of `values` to `others`, round by round.
    ///
    /// # Panics
    ///
    /// Panics if the two are not of the same length, or are too short.
    #[must_use]
    pub fn of_ratios(values: &[f64], others: &[f64]) -> Estimate {
        assert_eq!(values.len(), others.len(), "ratios are of the same rounds");
        let ratios: Vec<f64> = values.iter().zip(others).map(|(a, b)| a / b).collect();
        Estimate::of(&ratios)
    }

    /// Whether the interval spans 1.0, its ends included.
    #[must_use]
    pub fn is_tie(&self) -> bool {
        self.low <= 1.0 && 1.0 <= self.high
    }
}

/// The largest k for which the interval from the k-th lowest to the k-th
/// highest of `count` values holds the median with at least 95 %: the chance
/// that fewer than k of `count` fair coins fall heads is at most 2.5 %.
fn rank(count: usize) -> usize {
    let mut term = 0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
    let mut below = term;
    let mut rank = 0;
    while below <= 0.025 {
        rank += 1;
        term *= (count + 1 - rank) as f64 / rank as f64;
        below += term;
    }
    rank
}

#[cfg(test)]
mod tests {
    use super::{Estimate, FEWEST, rank};

    #[test]
    fn the_median_is_the_middle_or_between_the_two_middles() {
        let odd = [9.0, 1.0, 5.0, 3.0, 7.0, 11.0, 13.0];
        assert_eq!(Estimate::of(&odd).median, 7.0);
        let even = [6.0, 1.0, 2.0, 5.0, 3.0, 4.0];
        assert_eq!(Estimate::of(&even).median, 3.5);
    }

    #[test]
    fn ranks_are_those_of_the_published_tables() {
        // Confidence limits for the median at 95 %, by number of values.
        let table = [
            (6, 1),
            (8, 1),
            (9, 2),
            (11, 2),
            (12, 3),
            (15, 4),
            (20, 6),
            (21, 6),
            (25, 8),
            (30, 10),
            (41, 14),
            (50, 18),
        ];
        for (count, expected) in table {
            assert_eq!(rank(count), expected, "{count} values");
        }
    }

    #[test]
    fn the_interval_takes_the_values_at_the_rank_from_both_ends() {
        let values: Vec<f64> = (1..=21).rev().map(f64::from).collect();
        let estimate = Estimate::of(&values);
        assert_eq!((estimate.low, estimate.high), (6.0, 16.0));
        assert_eq!(estimate.median, 11.0);
    }

    #[test]
    fn one_wild_round_does_not_move_the_interval() {
        let mut values = vec![2.0; 9];
        values[4] = 1e9;
        let estimate = Estimate::of(&values);
        assert_eq!(estimate, Estimate { median: 2.0, low: 2.0, high: 2.0 });
    }

    #[test]
    fn ratios_are_paired_round_by_round() {
        // The machine slows down tenfold; the ratio does not.
        let ours = [20.0, 2.0, 20.0, 2.0, 20.0, 2.0];
        let theirs = [10.0, 1.0, 10.0, 1.0, 10.0, 1.0];
        let ratio = Estimate::of_ratios(&ours, &theirs);
        assert_eq!((ratio.low, ratio.median, ratio.high), (2.0, 2.0, 2.0));
    }

    #[test]
    fn a_tie_is_an_interval_that_spans_one() {
        let estimate = |low, high| Estimate { median: f64::midpoint(low, high), low, high };
        assert!(estimate(0.9, 1.1).is_tie());
        assert!(estimate(1.0, 1.0).is_tie());
        assert!(estimate(1.0, 1.2).is_tie());
        assert!(!estimate(1.01, 1.2).is_tie());
        assert!(!estimate(0.8, 0.99).is_tie());
    }

    #[test]
    #[should_panic(expected = "too few")]
    fn five_values_have_no_interval() {
        let _ = Estimate::of(&[1.0; FEWEST - 1]);
    }

    /// The interval is what it says: of many samples with a known median, at
    /// least 95 % have it inside.
    #[test]
    fn the_interval_covers_the_median_as_often_as_it_says() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut uniform = || {
            // xorshift64: plain and seeded, so the test is the same every time.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let samples = 4_000;
        let covered = (0..samples)
            .filter(|_| {
                // Skewed: the square of a uniform number has the median 0.25.
                let values: Vec<f64> = (0..15).map(|_| uniform().powi(2)).collect();
                let estimate = Estimate::of(&values);
                estimate.low <= 0.25 && 0.25 <= estimate.high
            })
            .count();
        let share = covered as f64 / f64::from(samples);
        // Exact coverage for 15 values: 96.5 %.
        assert!((0.955..0.975).contains(&share), "{share}");
    }
}
