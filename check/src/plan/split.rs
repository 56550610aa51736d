//! Dividing the search tree among threads and machines.
//!
//! Every choice that an execution makes is a branch of the tree. The first
//! [`DEPTH`] choices of an execution name a subtree. A *shard* owns the subtrees
//! whose name hashes to its number; the threads of one check claim subtrees in
//! a common table as they come to them. An execution that reaches a subtree of
//! somebody else's is abandoned there and counts for nothing.
//!
//! The cut-off of the search ([`crate::search::stack`], rule 2) asks what a whole
//! subtree has shown. Above the names nobody knows, so the search goes on there
//! as if it had shown what is needed. That costs blocked executions and loses
//! none.

use crate::plan::hash::StableHasher;
use std::collections::HashSet;
use std::hash::Hasher;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Choices that name a subtree.
pub(crate) const DEPTH: usize = 7;

/// The part of the work that is this search's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Split {
    /// Which search the claims are for.
    pub(crate) tag: u32,
    /// Number and count of shards.
    pub(crate) shard: Option<(u64, u64)>,
    /// Subtrees that a thread of this check has taken.
    pub(crate) claims: Option<Arc<Mutex<HashSet<Vec<u32>>>>>,
    /// Set when a thread of this check has found a failure.
    pub(crate) stop: Option<Arc<AtomicBool>>,
}

impl Split {
    /// Whether there is anybody to share with.
    pub(crate) fn is_shared(&self) -> bool {
        self.shard.is_some() || self.claims.is_some()
    }

    /// Whether the subtree called `name` is for this search.
    pub(crate) fn takes(&self, name: &[u32]) -> bool {
        let in_shard = self.shard.is_none_or(|(number, count)| hash(name) % count == number);
        in_shard
            && self.claims.as_ref().is_none_or(|claims| {
                let mut claim = name.to_vec();
                claim.push(self.tag);
                claims.lock().unwrap_or_else(PoisonError::into_inner).insert(claim)
            })
    }

    /// Tells the other threads of this check that there is a failure.
    pub(crate) fn stop(&self) {
        if let Some(stop) = &self.stop {
            // Relaxed: as in `stopped`.
            stop.store(true, Ordering::Relaxed);
        }
    }

    /// Whether another thread has found a failure.
    pub(crate) fn stopped(&self) -> bool {
        // Relaxed: a hint; the reports travel through the join of the threads.
        self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
    }
}

/// The number of a subtree, which picks its shard.
fn hash(name: &[u32]) -> u64 {
    let mut hasher = StableHasher::default();
    // One by one: a slice would be hashed in the order of this machine's bytes.
    name.iter().for_each(|choice| hasher.write_u32(*choice));
    hasher.finish()
}

/// Reads `i/n`, shards counted from 1.
pub(crate) fn parse_shard(text: &str) -> Result<(u64, u64), String> {
    let wrong = || format!("`{text}` is no shard: write i/n with 1 <= i <= n, such as 1/4");
    let (number, count) = text.split_once('/').ok_or_else(wrong)?;
    let (number, count): (u64, u64) =
        (number.trim().parse().map_err(|_| wrong())?, count.trim().parse().map_err(|_| wrong())?);
    if number == 0 || number > count { Err(wrong()) } else { Ok((number - 1, count)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_one_shard() {
        for name in [&[][..], &[1], &[1, 2, 3]] {
            let owners =
                (0..3).filter(|n| Split { shard: Some((*n, 3)), ..Split::default() }.takes(name)).count();
            assert_eq!(owners, 1);
        }
    }

    /// All machines of a sharded check have to agree, whatever they were built with.
    #[test]
    fn the_number_of_a_subtree_is_the_same_everywhere() {
        assert_eq!([hash(&[]), hash(&[1, 2, 3])], [0xcbf2_9ce4_4fd0_bfc1, 0xfd1f_0f43_7cf4_0cd6]);
    }

    #[test]
    fn a_claim_is_made_once() {
        let split = Split { claims: Some(Arc::default()), ..Split::default() };
        assert!(split.takes(&[1]) && !split.takes(&[1]) && split.takes(&[2]));
    }

    #[test]
    fn shards_are_read_or_refused() {
        assert_eq!(parse_shard("2/3"), Ok((1, 3)));
        for wrong in ["", "0/2", "3/2", "1", "a/b", "1/0"] {
            assert!(parse_shard(wrong).is_err(), "{wrong}");
        }
    }
}
