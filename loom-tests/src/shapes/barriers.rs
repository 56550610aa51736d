//! Barriers that are used more than once.

use crate::shapes::body::{Plain, both};
use crate::shapes::shape::{Shape, Structure};
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use ringwright::sync::hint::spin_loop;
use ringwright::sync::{Condvar, Mutex, thread};

const SENSE: &str = "Mellor-Crummey and Scott, Algorithms for scalable synchronization, TOCS 1991";
const STUCK: &[FailureKind] = &[FailureKind::Livelock, FailureKind::Deadlock];

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "barrier-without-generation",
        source: "Downey, The little book of semaphores: the reusable barrier",
        buggy: || rounds(&Generations::new(true), 2),
        fixed: || rounds(&Generations::new(false), 2),
        expected: STUCK,
    },
    Shape {
        name: "sense-barrier-reset-too-late",
        source: SENSE,
        buggy: || rounds(&Sense::new(SenseFlaw::ResetLate, 2), 2),
        fixed: || rounds(&Sense::new(SenseFlaw::None, 2), 2),
        expected: &[FailureKind::Race, FailureKind::Livelock],
    },
    Shape {
        name: "sense-barrier-relaxed-arrival",
        source: SENSE,
        buggy: || rounds(&Sense::new(SenseFlaw::RelaxedArrival, 2), 1),
        fixed: || rounds(&Sense::new(SenseFlaw::None, 2), 1),
        expected: &[FailureKind::Race],
    },
];

pub(super) const STRUCTURES: &[Structure] = &[
    Structure {
        name: "sense-barrier-three-rounds",
        source: SENSE,
        model: || rounds(&Sense::new(SenseFlaw::None, 2), 3),
    },
    Structure { name: "sense-barrier-three-threads", source: SENSE, model: three_threads },
];

trait Barrier: Sync {
    /// Waits for all the others, in this round.
    fn wait(&self, round: usize);
}

/// In turn, one thread writes and the other one reads.
fn rounds(barrier: &impl Barrier, rounds: usize) {
    let value = Plain::new(0);
    let work = |me: usize| {
        for round in 0..rounds {
            if round % 2 == me {
                value.set(round);
            }
            barrier.wait(round);
            if round % 2 != me {
                assert_eq!(value.get(), round);
            }
        }
    };
    both(|| work(1), || work(0));
}

fn three_threads() {
    let (barrier, values) = (Sense::new(SenseFlaw::None, 3), [0, 1, 2].map(Plain::new));
    let work = |me: usize| {
        values[me].set(me + 7);
        barrier.wait(0);
        assert_eq!(values[(me + 1) % 3].get(), (me + 1) % 3 + 7);
    };
    thread::scope(|scope| {
        scope.spawn(|| work(1));
        scope.spawn(|| work(2));
        work(0);
    });
}

/// A count under a lock.
struct Generations {
    flaw: bool,
    state: Mutex<State>,
    full: Condvar,
}

struct State {
    arrived: usize,
    generation: usize,
}

impl Generations {
    fn new(flaw: bool) -> Generations {
        Generations { flaw, state: Mutex::new(State { arrived: 0, generation: 0 }), full: Condvar::new() }
    }
}

impl Barrier for Generations {
    fn wait(&self, _: usize) {
        let mut state = self.state.lock().unwrap();
        let generation = state.generation;
        state.arrived += 1;
        if state.arrived == 2 {
            state.arrived = 0;
            state.generation += 1;
            self.full.notify_all();
            return;
        }
        // Without a generation, a thread that is back before this one wakes holds it here.
        let waits = |state: &mut State| {
            if self.flaw { state.arrived != 0 } else { state.generation == generation }
        };
        drop(self.full.wait_while(state, waits).unwrap());
    }
}

#[derive(PartialEq)]
enum SenseFlaw {
    None,
    /// The last one lets the others go before it resets the count.
    ResetLate,
    RelaxedArrival,
}

/// A count, and a flag that changes its sense from round to round.
struct Sense {
    flaw: SenseFlaw,
    threads: usize,
    left: AtomicUsize,
    sense: AtomicBool,
}

impl Sense {
    fn new(flaw: SenseFlaw, threads: usize) -> Sense {
        Sense { flaw, threads, left: AtomicUsize::new(threads), sense: AtomicBool::new(false) }
    }
}

impl Barrier for Sense {
    fn wait(&self, round: usize) {
        let sense = round.is_multiple_of(2);
        // AcqRel: pairs with itself: the last one has all that was done before.
        let arrival =
            if self.flaw == SenseFlaw::RelaxedArrival { Ordering::Relaxed } else { Ordering::AcqRel };
        if self.left.fetch_sub(1, arrival) > 1 {
            // Acquire: pairs with the Release stores of `sense` below.
            while self.sense.load(Ordering::Acquire) != sense {
                spin_loop();
            }
        } else if self.flaw == SenseFlaw::ResetLate {
            // Release: pairs with the Acquire load above.
            self.sense.store(sense, Ordering::Release);
            self.left.store(self.threads, Ordering::Relaxed);
        } else {
            self.left.store(self.threads, Ordering::Relaxed);
            // Release: pairs with the Acquire load above.
            self.sense.store(sense, Ordering::Release);
        }
    }
}
