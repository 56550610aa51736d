//! Hashes that are the same in every run and on every machine: FNV-1a.
//!
//! Shards, tokens and the fingerprints of executions are made of them, so that
//! machines agree on who takes what, and a token found on one names the same
//! run on another.

use std::hash::{Hash, Hasher};

/// The published start and factor of 64-bit FNV-1a (Fowler, Noll, Vo).
const START: u64 = 0xcbf2_9ce4_8422_2325;
const FACTOR: u64 = 0x0100_0000_01b3;

/// Hashes what is written to it byte by byte, numbers with their low bytes first.
#[derive(Clone, Debug)]
pub(crate) struct StableHasher(u64);

impl Default for StableHasher {
    fn default() -> StableHasher {
        StableHasher(START)
    }
}

impl Hasher for StableHasher {
    fn finish(&self) -> u64 {
        // The low bits of FNV are weak, and they pick the shard.
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(FACTOR);
        }
    }

    fn write_u16(&mut self, number: u16) {
        self.write(&number.to_le_bytes());
    }

    fn write_u32(&mut self, number: u32) {
        self.write(&number.to_le_bytes());
    }

    fn write_u64(&mut self, number: u64) {
        self.write(&number.to_le_bytes());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

/// The hash of `value`.
pub(crate) fn hash_of(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = StableHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published values of FNV-1a, before `finish` folds them.
    #[test]
    fn texts_have_the_published_hashes() {
        for (text, hash) in [("", START), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)] {
            let mut hasher = StableHasher::default();
            hasher.write(text.as_bytes());
            assert_eq!(hasher.0, hash, "{text}");
        }
    }

    #[test]
    fn a_number_is_its_bytes_from_the_low_end() {
        let mut by_bytes = StableHasher::default();
        by_bytes.write(&[0x34, 0x12, 0x78, 0x56, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
        let mut by_numbers = StableHasher::default();
        0x1234u16.hash(&mut by_numbers);
        0x5678u32.hash(&mut by_numbers);
        9u64.hash(&mut by_numbers);
        7usize.hash(&mut by_numbers);
        assert_eq!(by_numbers.finish(), by_bytes.finish());
    }

    #[test]
    fn the_low_bits_spread() {
        let mut shards = [0; 4];
        (0..400u32).for_each(|n| shards[hash_of(&n) as usize % 4] += 1);
        assert!(shards.iter().all(|count| (60..140).contains(count)), "{shards:?}");
    }
}
