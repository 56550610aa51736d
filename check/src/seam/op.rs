//! The operations that the door hands to an engine, and what each may do.
//!
//! An operation that reads (a load, a read-modify-write, a lock, a wait) is
//! described by the [`Alt`]s that it has on a value: what it would write, and
//! what it would return. No alternative at all means that it cannot go on with
//! that value. Everything that blocks is a read-modify-write of a state word,
//! so one rule covers locks, condition variables and parking.

use std::sync::atomic::Ordering;

/// The strength of an ordering as three bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Strength(u8);

impl Strength {
    pub(crate) const RELAXED: Strength = Strength(0);
    pub(crate) const ACQUIRE: Strength = Strength(1);
    pub(crate) const RELEASE: Strength = Strength(2);
    pub(crate) const ACQ_REL: Strength = Strength(3);
    pub(crate) const SEQ_CST: Strength = Strength(7);

    /// What `order` means, whatever operation carries it.
    pub(crate) fn of(order: Ordering) -> Strength {
        Strength(match order {
            Ordering::Acquire => 1,
            Ordering::Release => 2,
            Ordering::AcqRel => 3,
            Ordering::SeqCst => 7,
            _ => 0,
        })
    }

    pub(crate) fn acquires(self) -> bool {
        self.0 & 1 != 0
    }

    pub(crate) fn releases(self) -> bool {
        self.0 & 2 != 0
    }

    pub(crate) fn is_sc(self) -> bool {
        self.0 & 4 != 0
    }

    /// The name in the source.
    pub(crate) fn name(self) -> &'static str {
        match self.0 {
            0 => "Relaxed",
            1 => "Acquire",
            2 => "Release",
            3 => "AcqRel",
            _ => "SeqCst",
        }
    }
}

/// A read-modify-write of an atomic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rmw {
    Swap(u64),
    Add(u64),
    Sub(u64),
    And(u64),
    Nand(u64),
    Or(u64),
    Xor(u64),
    Max { value: u64, signed: bool },
    Min { value: u64, signed: bool },
    Cas { expected: u64, new: u64, weak: bool },
}

/// The value bits of an atomic that is `bits` wide.
pub(crate) fn mask(bits: u8) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

/// `value`'s low `bits` bits as a signed number.
pub(crate) fn sign_extend(value: u64, bits: u8) -> i64 {
    let shift = 64 - u32::from(bits);
    ((value << shift) as i64) >> shift
}

impl Rmw {
    /// What it writes over `old`; for a compare-exchange, if it succeeds.
    pub(crate) fn apply(self, old: u64, bits: u8) -> u64 {
        let greater = |a: u64, b: u64, signed: bool| {
            if signed { sign_extend(a, bits) > sign_extend(b, bits) } else { a > b }
        };
        let new = match self {
            Rmw::Swap(v) => v,
            Rmw::Add(v) => old.wrapping_add(v),
            Rmw::Sub(v) => old.wrapping_sub(v),
            Rmw::And(v) => old & v,
            Rmw::Nand(v) => !(old & v),
            Rmw::Or(v) => old | v,
            Rmw::Xor(v) => old ^ v,
            Rmw::Max { value, signed } if greater(value, old, signed) => value,
            Rmw::Min { value, signed } if greater(old, value, signed) => value,
            Rmw::Max { .. } | Rmw::Min { .. } => old,
            Rmw::Cas { new, .. } => new,
        };
        new & mask(bits)
    }

    /// The method's name in the source.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Rmw::Swap(_) => "swap",
            Rmw::Add(_) => "fetch_add",
            Rmw::Sub(_) => "fetch_sub",
            Rmw::And(_) => "fetch_and",
            Rmw::Nand(_) => "fetch_nand",
            Rmw::Or(_) => "fetch_or",
            Rmw::Xor(_) => "fetch_xor",
            Rmw::Max { .. } => "fetch_max",
            Rmw::Min { .. } => "fetch_min",
            Rmw::Cas { weak: false, .. } => "compare_exchange",
            Rmw::Cas { weak: true, .. } => "compare_exchange_weak",
        }
    }
}

/// An operation on the state word of a lock, a condition variable or a
/// thread's parking token.
///
/// | word | value |
/// |---|---|
/// | mutex | 0 free, otherwise the owner's number + 1 |
/// | reader-writer lock | 0 free, [`WRITER`] + owner + 1, otherwise the number of readers; and [`WAITING`] for each writer that waits |
/// | condition variable | waiting threads in the low half, notified ones in the high half, a bit a thread |
/// | parking token | 0 none, 1 there |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SyncOp {
    Lock,
    TryLock,
    ReadLock,
    TryReadLock,
    ReadUnlock,
    WriteLock,
    TryWriteLock,
    /// Takes the lock for which the thread has waited, as one of the waiting writers.
    QueuedWriteLock,
    /// Gives the lock back that it holds alone, while other writers may wait.
    WriteUnlock,
    /// Makes the writer a reader.
    Downgrade,
    /// Joins the waiters of a condition variable.
    Enter,
    /// Waits to be notified, once among the waiters. `spurious`: may wake for
    /// no reason.
    Wait {
        timed: bool,
        spurious: bool,
    },
    NotifyOne,
    NotifyAll,
    Park {
        timed: bool,
    },
    Unpark,
    /// Waits until the word is not 0, and sees what was done before it was set.
    Await,
}

/// The bit that says that a writer holds a reader-writer lock.
pub(crate) const WRITER: u64 = 1 << 63;

/// A writer that waits for a reader-writer lock, and holds new readers up.
const WAITING: u64 = 1 << 32;
/// All of them.
const ALL_WAITING: u64 = 0x7fff_ffff << 32;

/// Why an alternative exists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AltKind {
    /// It does what it is for.
    Normal,
    /// It fails, because the value is not the one it wants.
    Fail,
    /// It fails or wakes for no reason, as the standard allows.
    Spurious,
    /// Its time runs out.
    Timeout,
}

/// One thing that an operation may do with a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Alt {
    /// What it writes, if it writes.
    pub(crate) write: Option<u64>,
    /// What the caller gets.
    pub(crate) result: u64,
    /// How strong it is.
    pub(crate) strength: Strength,
    /// Why it exists.
    pub(crate) kind: AltKind,
}

/// [`Alt::result`] of an operation that did not get what it wanted in time.
pub(crate) const MISSED: u64 = 0;
/// [`Alt::result`] of an operation that did what it is for.
pub(crate) const DONE: u64 = 1;
/// [`Alt::result`] of a writer that now waits, and holds new readers up.
pub(crate) const QUEUED: u64 = 2;

impl SyncOp {
    /// What it may do with `value`, on behalf of thread `me`.
    pub(crate) fn alts(self, value: u64, me: usize, out: &mut Vec<Alt>) {
        let alt = |write, result, strength, kind| Alt { write, result, strength, kind };
        let (acquire, release) = (Strength::ACQUIRE, Strength::RELEASE);
        let owner = me as u64 + 1;
        let bit = 1u64 << me;
        match self {
            SyncOp::Lock | SyncOp::TryLock if value == 0 => {
                out.push(alt(Some(owner), DONE, acquire, AltKind::Normal));
            }
            SyncOp::ReadLock | SyncOp::TryReadLock if value & WRITER == 0 => {
                out.push(alt(Some(value + 1), DONE, acquire, AltKind::Normal));
            }
            SyncOp::WriteLock | SyncOp::TryWriteLock if value & !ALL_WAITING == 0 => {
                out.push(alt(Some(value | WRITER | owner), DONE, acquire, AltKind::Normal));
            }
            SyncOp::QueuedWriteLock if value & !ALL_WAITING == 0 => {
                out.push(alt(Some((value - WAITING) | WRITER | owner), DONE, acquire, AltKind::Normal));
            }
            SyncOp::WriteUnlock => out.push(alt(Some(value & ALL_WAITING), DONE, release, AltKind::Normal)),
            SyncOp::TryLock | SyncOp::TryReadLock | SyncOp::TryWriteLock => {
                out.push(alt(None, MISSED, Strength::RELAXED, AltKind::Fail));
            }
            SyncOp::Lock | SyncOp::ReadLock | SyncOp::WriteLock | SyncOp::QueuedWriteLock => {}
            SyncOp::ReadUnlock => out.push(alt(Some(value - 1), DONE, release, AltKind::Normal)),
            SyncOp::Downgrade => out.push(alt(Some(value & ALL_WAITING | 1), DONE, release, AltKind::Normal)),
            SyncOp::Enter => {
                let value = (value | bit) & !(bit << 32);
                out.push(alt(Some(value), DONE, Strength::RELAXED, AltKind::Normal));
            }
            SyncOp::Wait { timed, spurious } => {
                let left = value & !bit & !(bit << 32);
                if value & (bit << 32) != 0 {
                    out.push(alt(Some(left), DONE, Strength::RELAXED, AltKind::Normal));
                } else {
                    if timed {
                        out.push(alt(Some(left), MISSED, Strength::RELAXED, AltKind::Timeout));
                    }
                    if spurious {
                        out.push(alt(Some(left), DONE, Strength::RELAXED, AltKind::Spurious));
                    }
                }
            }
            SyncOp::NotifyOne => {
                let waiting = (value & 0xffff_ffff) & !(value >> 32);
                for w in (0..32).filter(|w| waiting & (1 << w) != 0) {
                    let value = value | (1 << (w + 32));
                    out.push(alt(Some(value), w + 1, Strength::RELAXED, AltKind::Normal));
                }
                if waiting == 0 {
                    out.push(alt(Some(value), MISSED, Strength::RELAXED, AltKind::Normal));
                }
            }
            SyncOp::NotifyAll => {
                let woken = (value & 0xffff_ffff & !(value >> 32)).count_ones();
                let value = value | (value << 32);
                out.push(alt(Some(value), woken.into(), Strength::RELAXED, AltKind::Normal));
            }
            SyncOp::Park { timed } => {
                if value == 1 {
                    out.push(alt(Some(0), DONE, acquire, AltKind::Normal));
                } else {
                    if timed {
                        out.push(alt(None, MISSED, Strength::RELAXED, AltKind::Timeout));
                    }
                    out.push(alt(None, DONE, Strength::RELAXED, AltKind::Spurious));
                }
            }
            SyncOp::Unpark => out.push(alt(Some(1), DONE, release, AltKind::Normal)),
            SyncOp::Await if value == 0 => {}
            SyncOp::Await => out.push(alt(None, DONE, acquire, AltKind::Normal)),
        }
    }

    /// [`alts`](Self::alts) where a waiting writer holds new readers up.
    pub(crate) fn alts_behind_writers(self, value: u64, me: usize, out: &mut Vec<Alt>) {
        let alt = |write, result, kind| Alt { write, result, strength: Strength::RELAXED, kind };
        match self {
            SyncOp::WriteLock if value & !ALL_WAITING != 0 => {
                out.push(alt(Some(value + WAITING), QUEUED, AltKind::Normal));
            }
            SyncOp::ReadLock if value & ALL_WAITING != 0 => {}
            SyncOp::TryReadLock if value & ALL_WAITING != 0 => out.push(alt(None, MISSED, AltKind::Fail)),
            _ => self.alts(value, me, out),
        }
    }

    /// Whether it waits for other threads, for as long as it takes.
    pub(crate) fn blocks(self) -> bool {
        matches!(
            self,
            SyncOp::Lock
                | SyncOp::ReadLock
                | SyncOp::WriteLock
                | SyncOp::QueuedWriteLock
                | SyncOp::Wait { timed: false, .. }
                | SyncOp::Park { timed: false }
                | SyncOp::Await
        )
    }

    /// The method's name in the source.
    pub(crate) fn name(self) -> &'static str {
        match self {
            SyncOp::Lock => "lock",
            SyncOp::TryLock => "try_lock",
            SyncOp::ReadLock => "read",
            SyncOp::TryReadLock => "try_read",
            SyncOp::ReadUnlock => "unlock read",
            SyncOp::WriteLock => "write",
            SyncOp::TryWriteLock => "try_write",
            SyncOp::QueuedWriteLock => "write (queued)",
            SyncOp::WriteUnlock => "unlock",
            SyncOp::Downgrade => "downgrade",
            SyncOp::Enter => "wait (enter)",
            SyncOp::Wait { timed: false, .. } => "wait",
            SyncOp::Wait { timed: true, .. } => "wait_timeout",
            SyncOp::NotifyOne => "notify_one",
            SyncOp::NotifyAll => "notify_all",
            SyncOp::Park { timed: false } => "park",
            SyncOp::Park { timed: true } => "park_timeout",
            SyncOp::Unpark => "unpark",
            SyncOp::Await => "join (scope)",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alts(op: SyncOp, value: u64, me: usize) -> Vec<Alt> {
        let mut out = Vec::new();
        op.alts(value, me, &mut out);
        out
    }

    #[test]
    fn narrow_arithmetic_wraps() {
        assert_eq!(Rmw::Add(1).apply(255, 8), 0);
        assert_eq!(Rmw::Sub(1).apply(0, 16), 65535);
        assert_eq!(Rmw::Nand(1).apply(1, 1), 0);
        assert_eq!(Rmw::Max { value: 0xff, signed: true }.apply(1, 8), 1);
        assert_eq!(Rmw::Max { value: 0xff, signed: false }.apply(1, 8), 0xff);
        assert_eq!(Rmw::Min { value: 0xff, signed: true }.apply(1, 8), 0xff);
    }

    #[test]
    fn a_held_lock_blocks_and_a_try_fails() {
        assert!(alts(SyncOp::Lock, 2, 0).is_empty());
        assert_eq!(alts(SyncOp::TryLock, 2, 0)[0].result, MISSED);
        assert_eq!(alts(SyncOp::Lock, 0, 3)[0].write, Some(4));
        assert!(alts(SyncOp::ReadLock, WRITER | 1, 0).is_empty());
        assert_eq!(alts(SyncOp::ReadLock, 2, 0)[0].write, Some(3));
        assert!(alts(SyncOp::WriteLock, 1, 0).is_empty());
    }

    #[test]
    fn a_waiting_writer_holds_readers_up_and_gets_in_first() {
        let behind = |op: SyncOp, value: u64, me: usize| {
            let mut out = Vec::new();
            op.alts_behind_writers(value, me, &mut out);
            out
        };
        // One reader; a writer queues; a reader must wait, and a try fails.
        let queued = behind(SyncOp::WriteLock, 1, 4)[0];
        assert_eq!((queued.write, queued.result), (Some(WAITING + 1), QUEUED));
        assert!(behind(SyncOp::ReadLock, WAITING + 1, 2).is_empty());
        assert_eq!(behind(SyncOp::TryReadLock, WAITING + 1, 2)[0].result, MISSED);
        assert!(behind(SyncOp::QueuedWriteLock, WAITING + 1, 4).is_empty());
        // The reader leaves, and the writer has the lock until it gives it back.
        assert_eq!(behind(SyncOp::ReadUnlock, WAITING + 1, 0)[0].write, Some(WAITING));
        assert_eq!(behind(SyncOp::QueuedWriteLock, WAITING, 4)[0].write, Some(WRITER | 5));
        assert_eq!(behind(SyncOp::WriteUnlock, WRITER | WAITING | 5, 4)[0].write, Some(WAITING));
        assert_eq!(behind(SyncOp::Downgrade, WRITER | WAITING | 5, 4)[0].write, Some(WAITING | 1));
        // Without the policy a reader gets in.
        assert_eq!(alts(SyncOp::ReadLock, WAITING + 1, 2)[0].write, Some(WAITING + 2));
    }

    #[test]
    fn a_word_is_awaited_until_it_is_set() {
        assert!(alts(SyncOp::Await, 0, 1).is_empty());
        let [set] = alts(SyncOp::Await, 2, 1)[..] else { panic!("one way on") };
        assert_eq!((set.write, set.strength, set.kind), (None, Strength::ACQUIRE, AltKind::Normal));
    }

    #[test]
    fn notify_one_offers_every_waiter_once() {
        let value = 0b101 | (0b001 << 32);
        let offered: Vec<u64> = alts(SyncOp::NotifyOne, value, 5).iter().map(|a| a.result).collect();
        assert_eq!(offered, [3]);
        assert_eq!(alts(SyncOp::NotifyOne, 0b110, 5).len(), 2);
        assert_eq!(alts(SyncOp::NotifyOne, 0, 5)[0].result, MISSED);
    }
}
