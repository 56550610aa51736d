//! Histories at random.

use ringwright_check::linearize::{BufferOp, BufferRet, Call, History, RegisterOp, RegisterRet, SetOp};

/// A small generator of numbers (SplitMix64).
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

pub(crate) type Buffer = History<BufferOp<u32>, BufferRet<u32>>;

/// Puts calls into time: each gets a random span, short or long, and some never end.
fn into_time<O: Clone, R: Clone>(calls: Vec<(O, Option<R>)>, rng: &mut Rng) -> History<O, R> {
    let n = calls.len();
    let length = [2, 4, 2 * n + 1][rng.below(3)];
    let mut ends: Vec<(u64, usize, bool)> = Vec::new();
    for call in 0..n {
        let start = rng.below(2 * n) as u64 * 1000;
        ends.push((start + rng.below(900) as u64, call, false));
        ends.push((start + 901 + rng.below(1000 * length) as u64, call, true));
    }
    ends.sort_unstable();
    let mut spans = vec![(0, 0); n];
    for (position, (_, call, is_end)) in ends.into_iter().enumerate() {
        if is_end { spans[call].1 = position as u64 + 1 } else { spans[call].0 = position as u64 + 1 }
    }
    let mut list = Vec::new();
    for (process, (op, ret)) in calls.into_iter().enumerate() {
        let (invoked, returned) = spans[process];
        // An open call has a result or not: a prefix of a history knows them.
        let open = ret.is_none() || rng.once_in(12);
        list.push(Call { process, op, ret, invoked, returned: (!open).then_some(returned) });
    }
    History::real_time(list)
}

/// Pushes of distinct values, most of them popped, and pops that find nothing.
pub(crate) fn buffer(rng: &mut Rng, unknown_pops: bool) -> Buffer {
    let mut calls = Vec::new();
    for value in 0..1 + rng.below(5) as u32 {
        if !rng.once_in(40) {
            calls.push((BufferOp::Push(value), (!rng.once_in(15)).then_some(BufferRet::Pushed)));
        }
        if !rng.once_in(6) {
            calls.push((BufferOp::Pop, Some(BufferRet::Popped(value))));
        }
        if rng.once_in(60) {
            calls.push((BufferOp::Pop, Some(BufferRet::Popped(value))));
        }
    }
    let empties = if rng.once_in(2) { 0 } else { rng.below(3) };
    (0..empties).for_each(|_| calls.push((BufferOp::Pop, Some(BufferRet::Empty))));
    if unknown_pops {
        (0..rng.below(3)).for_each(|_| calls.push((BufferOp::Pop, None)));
    }
    into_time(calls, rng)
}

/// Writes of distinct values and reads.
pub(crate) fn register(rng: &mut Rng) -> History<RegisterOp<u32>, RegisterRet<u32>> {
    let mut calls = Vec::new();
    let writes = 1 + rng.below(4) as u32;
    for value in 1..=writes {
        calls.push((RegisterOp::Write(value), (!rng.once_in(15)).then_some(RegisterRet::Written)));
    }
    for _ in 0..rng.below(6) {
        let value = rng.below(writes as usize + 1) as u32;
        let ret = RegisterRet::Found((value > 0).then_some(value));
        calls.push((RegisterOp::Read, (!rng.once_in(15)).then_some(ret)));
    }
    into_time(calls, rng)
}

/// One element, added and removed once at most; others may fail.
pub(crate) fn set(rng: &mut Rng) -> History<SetOp<u32>, bool> {
    let mut calls = Vec::new();
    for element in 0..1 + rng.below(2) as u32 {
        if !rng.once_in(8) {
            calls.push((SetOp::Add(element), Some(true)));
        }
        if !rng.once_in(3) {
            calls.push((SetOp::Remove(element), Some(true)));
        }
        for _ in 0..rng.below(4) {
            calls.push(match rng.below(4) {
                0 => (SetOp::Add(element), Some(false)),
                1 => (SetOp::Remove(element), Some(false)),
                _ => (SetOp::Contains(element), Some(rng.once_in(2))),
            });
        }
    }
    into_time(calls, rng)
}
