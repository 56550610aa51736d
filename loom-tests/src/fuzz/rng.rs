//! Pseudo-random numbers from a seed that a failure names.

use std::collections::BTreeSet;

/// A generator (splitmix64): the same seed gives the same program on every machine.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The generator of the program with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() >> 11) as usize % n
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of `from`.
    pub fn one<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// One of `from`, each as likely as its weight says.
    pub fn weighted<T: Copy>(&mut self, from: &[(T, usize)]) -> T {
        let mut at = self.below(from.iter().map(|(_, weight)| weight).sum());
        for (what, weight) in from {
            if at < *weight {
                return *what;
            }
            at -= weight;
        }
        unreachable!("the number is below the sum of the weights")
    }
}

/// The kinds of operations that a campaign leaves out, by name.
#[derive(Clone, Debug, Default)]
pub struct LeftOut(BTreeSet<String>);

impl LeftOut {
    /// The kinds of this list, with commas between them.
    #[must_use]
    pub fn parse(list: &str) -> LeftOut {
        LeftOut(list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }

    /// Whether programs have operations of this kind.
    #[must_use]
    pub fn has(&self, kind: &str) -> bool {
        !self.0.contains(kind)
    }

    /// The entries of a weighted list whose kind programs have.
    #[must_use]
    pub fn filter<T: Copy>(&self, list: &[(T, usize, &str)]) -> Vec<(T, usize)> {
        list.iter().filter(|(_, _, kind)| self.has(kind)).map(|(what, weight, _)| (*what, *weight)).collect()
    }
}
