//! The price book: best prices from a stream of updates.

use std::collections::BTreeMap;

use crate::{Side, Subscriber, Update};

/// An update did not follow the one before it; the book needs a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The sequence number that was due.
    pub expected: u64,
    /// The one that came.
    pub got: u64,
}

/// Price levels of one instrument.
#[derive(Debug, Default)]
pub struct Book {
    last_seq: u64,
    bids: BTreeMap<i64, u64>,
    asks: BTreeMap<i64, u64>,
}

impl Book {
    /// Applies everything that has arrived and says how many updates that was.
    ///
    /// # Errors
    /// [`Gap`] at the first update out of sequence, which is not applied.
    pub fn catch_up(&mut self, feed: &mut Subscriber) -> Result<usize, Gap> {
        let mut applied = 0;
        while let Some(update) = feed.poll() {
            self.apply(update)?;
            applied += 1;
        }
        Ok(applied)
    }

    fn apply(&mut self, update: Update) -> Result<(), Gap> {
        let expected = self.last_seq + 1;
        if update.seq != expected {
            let got = update.seq;
            return Err(Gap { expected, got });
        }
        self.last_seq = update.seq;
        let levels = match update.side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        };
        if update.size == 0 {
            levels.remove(&update.price);
        } else {
            levels.insert(update.price, update.size);
        }
        Ok(())
    }

    /// Best bid and best ask, as far as there are any.
    pub fn top(&self) -> (Option<i64>, Option<i64>) {
        let bid = self.bids.keys().next_back().copied();
        (bid, self.asks.keys().next().copied())
    }
}
