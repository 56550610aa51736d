//! A set of calls that were put in order: small, however long the history is.

/// The calls put in order so far, by their ranks among the completed and the open ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct CallSet {
    /// The first completed call that is not in order yet.
    pub(crate) low: u32,
    /// Later completed calls that are, ascending.
    ahead: Vec<u32>,
    /// Open calls that are, ascending.
    open: Vec<u32>,
}

/// A call that may come next: its rank among the completed or the open calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextCall {
    Completed(u32),
    Open(u32),
}

impl CallSet {
    /// Whether the completed call `rank` is in.
    pub(crate) fn has(&self, rank: u32) -> bool {
        rank < self.low || self.ahead.binary_search(&rank).is_ok()
    }

    /// Whether the open call `rank` is in.
    pub(crate) fn has_open(&self, rank: u32) -> bool {
        self.open.binary_search(&rank).is_ok()
    }

    /// How many completed calls are in.
    pub(crate) fn completed(&self) -> usize {
        self.low as usize + self.ahead.len()
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        4 * (self.ahead.capacity() + self.open.capacity())
    }

    /// Takes in a call.
    pub(crate) fn put(&mut self, call: NextCall) {
        match call {
            NextCall::Completed(rank) if rank == self.low => self.advance(),
            NextCall::Completed(rank) => insert(&mut self.ahead, rank),
            NextCall::Open(rank) => insert(&mut self.open, rank),
        }
    }

    fn advance(&mut self) {
        self.low += 1;
        let run = self.ahead.iter().zip(self.low..).take_while(|(ahead, next)| **ahead == *next).count();
        self.ahead.drain(..run);
        self.low += run as u32;
    }
}

fn insert(list: &mut Vec<u32>, rank: u32) {
    if let Err(at) = list.binary_search(&rank) {
        list.insert(at, rank);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_without_a_gap_is_one_number() {
        let mut set = CallSet::default();
        for rank in [1, 3, 2, 0] {
            set.put(NextCall::Completed(rank));
        }
        set.put(NextCall::Open(7));
        assert_eq!((set.low, &set.ahead[..], &set.open[..], set.completed()), (4, &[][..], &[7][..], 4));
        set.put(NextCall::Completed(6));
        assert!(set.has(3) && set.has(6) && !set.has(5) && set.has_open(7) && !set.has_open(6));
    }
}
