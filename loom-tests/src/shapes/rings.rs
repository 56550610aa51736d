//! Rings: Lamport's for one producer and one consumer, Vyukov's for many, the sequences of the Disruptor.

use crate::shapes::body::{Plain, both, relaxed_if};
use crate::shapes::shape::{Shape, Structure};
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicUsize, Ordering};
use ringwright::sync::hint::spin_loop;
use ringwright::sync::thread;

const LAMPORT: &str = "Lamport, Specifying concurrent program modules, TOPLAS 1983";
const VYUKOV: &str = "Vyukov, Bounded MPMC queue, 2011";
const LMAX: &str = "Thompson et al., Disruptor: high performance alternative to bounded queues, 2011";

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "spsc-relaxed-tail",
        source: LAMPORT,
        buggy: || hand_over(SpscFlaw::RelaxedTail),
        fixed: || hand_over(SpscFlaw::None),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "spsc-slot-given-back-before-it-is-read",
        source: LAMPORT,
        buggy: || hand_over(SpscFlaw::EarlyHead),
        fixed: || hand_over(SpscFlaw::None),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "vyukov-mpmc-relaxed-stamp",
        source: VYUKOV,
        buggy: || stamps(StampFlaw::RelaxedPush),
        fixed: || stamps(StampFlaw::None),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "vyukov-mpmc-stamp-not-compared",
        source: VYUKOV,
        buggy: || stamps(StampFlaw::NoLap),
        fixed: || stamps(StampFlaw::None),
        expected: &[FailureKind::Race, FailureKind::Panic, FailureKind::Livelock],
    },
    Shape {
        name: "disruptor-relaxed-gate",
        source: LMAX,
        buggy: || disruptor::<1>(true),
        fixed: || disruptor::<1>(false),
        expected: &[FailureKind::Race],
    },
];

pub(super) const STRUCTURES: &[Structure] = &[
    Structure { name: "vyukov-mpmc-two-producers-two-consumers", source: VYUKOV, model: four_ends },
    Structure { name: "disruptor-two-consumers", source: LMAX, model: || disruptor::<2>(false) },
];

#[derive(Clone, Copy, PartialEq)]
enum SpscFlaw {
    None,
    RelaxedTail,
    EarlyHead,
}

/// Two items through a ring of one slot.
fn hand_over(flaw: SpscFlaw) {
    let (head, tail, slot) = (AtomicUsize::new(0), AtomicUsize::new(0), Plain::new(0));
    let pop = || {
        let position = head.load(Ordering::Relaxed);
        // Acquire: pairs with the Release store of the tail.
        if tail.load(Ordering::Acquire) == position {
            return None;
        }
        if flaw == SpscFlaw::EarlyHead {
            // Release: pairs with the Acquire load of the head; but the slot is not read yet.
            head.store(position + 1, Ordering::Release);
        }
        let item = slot.get();
        // Release: pairs with the Acquire load of the head.
        head.store(position + 1, Ordering::Release);
        Some(item)
    };
    let consumer = || {
        let first = pop();
        assert!([None, Some(1)].contains(&first));
        assert!([None, Some(1), Some(2)].contains(&pop()));
    };
    both(consumer, || {
        for item in [1, 2] {
            let position = tail.load(Ordering::Relaxed);
            // Acquire: pairs with the Release store of the head.
            if position > head.load(Ordering::Acquire) {
                break;
            }
            slot.set(item);
            // Release: pairs with the Acquire load of the tail.
            tail.store(position + 1, relaxed_if(flaw == SpscFlaw::RelaxedTail, Ordering::Release));
        }
    });
}

#[derive(Clone, Copy, PartialEq)]
enum StampFlaw {
    None,
    RelaxedPush,
    /// A producer takes a slot without looking whether the last lap's item is out.
    NoLap,
}

struct Stamped {
    flaw: StampFlaw,
    tail: AtomicUsize,
    head: AtomicUsize,
    slots: Vec<(AtomicUsize, Plain<u32>)>,
}

impl Stamped {
    fn new(flaw: StampFlaw, capacity: usize) -> Stamped {
        let slots = (0..capacity).map(|position| (AtomicUsize::new(position), Plain::new(0))).collect();
        Stamped { flaw, tail: AtomicUsize::new(0), head: AtomicUsize::new(0), slots }
    }

    /// Claims a position of `end` whose slot has the stamp `position + ahead`; none if it is older.
    fn claim(&self, end: &AtomicUsize, ahead: usize) -> Option<usize> {
        let mut position = end.load(Ordering::Relaxed);
        loop {
            // Acquire: pairs with the Release stores of the stamps in `push` and `pop`.
            let stamp = self.slots[position % self.slots.len()].0.load(Ordering::Acquire);
            if stamp < position + ahead && (ahead == 1 || self.flaw != StampFlaw::NoLap) {
                return None;
            }
            if stamp > position + ahead {
                position = end.load(Ordering::Relaxed);
                continue;
            }
            match end.compare_exchange(position, position + 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(position),
                Err(now) => position = now,
            }
        }
    }

    fn push(&self, item: u32) -> bool {
        let Some(position) = self.claim(&self.tail, 0) else { return false };
        let (stamp, slot) = &self.slots[position % self.slots.len()];
        slot.set(item);
        // Release: pairs with the Acquire load in `claim`.
        stamp.store(position + 1, relaxed_if(self.flaw == StampFlaw::RelaxedPush, Ordering::Release));
        true
    }

    fn pop(&self) -> Option<u32> {
        let position = self.claim(&self.head, 1)?;
        let (stamp, slot) = &self.slots[position % self.slots.len()];
        let item = slot.get();
        // Release: pairs with the Acquire load in `claim`.
        stamp.store(position + self.slots.len(), Ordering::Release);
        Some(item)
    }
}

/// Two pushes and two pops meet in a ring of two slots that holds one item.
fn stamps(flaw: StampFlaw) {
    let ring = Stamped::new(flaw, 2);
    assert!(ring.push(1));
    let mut popped = [None; 2];
    let mut pushed = [false; 2];
    both(|| popped = [ring.pop(), ring.pop()], || pushed = [ring.push(2), ring.push(3)]);
    assert!(pushed[0], "there was room for two");
    let all: Vec<u32> = popped.into_iter().flatten().chain(std::iter::from_fn(|| ring.pop())).collect();
    assert_eq!(all, if pushed[1] { vec![1, 2, 3] } else { vec![1, 2] });
}

/// Each of two threads pushes an item and pops one.
fn four_ends() {
    let ring = Stamped::new(StampFlaw::None, 2);
    let mut popped = [None; 2];
    let [theirs, ours] = &mut popped;
    both(
        || {
            assert!(ring.push(1));
            *theirs = ring.pop();
        },
        || {
            assert!(ring.push(2));
            *ours = ring.pop();
        },
    );
    let mut seen: Vec<u32> = popped.into_iter().flatten().chain(std::iter::from_fn(|| ring.pop())).collect();
    seen.sort_unstable();
    assert_eq!(seen, [1, 2]);
}

/// Two items through a ring of one slot; each consumer sees every item.
fn disruptor<const CONSUMERS: usize>(flaw: bool) {
    let (slot, published) = (Plain::new(0), AtomicUsize::new(0));
    let consumed = [(); CONSUMERS].map(|()| AtomicUsize::new(0));
    let consume = |gate: &AtomicUsize| {
        for sequence in [1, 2] {
            // Acquire: pairs with the Release store of the producer.
            while published.load(Ordering::Acquire) < sequence {
                spin_loop();
            }
            assert_eq!(slot.get(), sequence);
            // Release: pairs with the Acquire load of the producer.
            gate.store(sequence, Ordering::Release);
        }
    };
    thread::scope(|scope| {
        for gate in &consumed {
            scope.spawn(|| consume(gate));
        }
        for sequence in [1, 2] {
            for gate in &consumed {
                // Acquire: pairs with the Release store of the consumer.
                while gate.load(relaxed_if(flaw, Ordering::Acquire)) + 1 < sequence {
                    spin_loop();
                }
            }
            slot.set(sequence);
            // Release: pairs with the Acquire load of the consumers.
            published.store(sequence, Ordering::Release);
        }
    });
}
