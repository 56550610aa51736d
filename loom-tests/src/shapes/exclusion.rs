//! Mutual exclusion by loads and stores: Dekker, Peterson, Lamport.

use crate::shapes::body::{Plain, both};
use crate::shapes::shape::{Shape, Structure};
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, fence};
use ringwright::sync::hint::spin_loop;

const DEKKER: &str = "Dijkstra, Over de sequentialiteit van procesbeschrijvingen, EWD 35, 1962";
const PETERSON: &str = "Peterson, Myths about the mutual exclusion problem, IPL 1981";
const BAKERY: &str = "Lamport, A new solution of Dijkstra's concurrent programming problem, CACM 1974";
const WILLIAMS: &str = "Williams, Implementing Dekker's algorithm with fences, 2010";

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "peterson-acquire-release",
        source: PETERSON,
        buggy: || exclusion(&Peterson::new(Strength::AcquireRelease)),
        fixed: || exclusion(&Peterson::new(Strength::SeqCst)),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "dekker-no-fence",
        source: WILLIAMS,
        buggy: || entry_by_fence(true),
        fixed: || entry_by_fence(false),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "dekker-acquire-release",
        source: DEKKER,
        buggy: || exclusion(&Dekker::new(Strength::AcquireRelease)),
        fixed: || exclusion(&Dekker::new(Strength::SeqCst)),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "bakery-acquire-release",
        source: BAKERY,
        buggy: || exclusion(&Bakery::new(Strength::AcquireRelease)),
        fixed: || exclusion(&Bakery::new(Strength::SeqCst)),
        expected: &[FailureKind::Race],
    },
];

pub(super) const STRUCTURES: &[Structure] = &[
    Structure {
        name: "peterson-seqcst",
        source: PETERSON,
        model: || exclusion(&Peterson::new(Strength::SeqCst)),
    },
    Structure { name: "dekker-seqcst", source: DEKKER, model: || exclusion(&Dekker::new(Strength::SeqCst)) },
    Structure { name: "bakery-seqcst", source: BAKERY, model: || exclusion(&Bakery::new(Strength::SeqCst)) },
];

#[derive(Clone, Copy)]
enum Strength {
    AcquireRelease,
    SeqCst,
}

impl Strength {
    fn load(self) -> Ordering {
        match self {
            // Acquire: pairs with the Release of `store`.
            Strength::AcquireRelease => Ordering::Acquire,
            // SeqCst: pairs with the SeqCst of `store`: one of two threads sees the other.
            Strength::SeqCst => Ordering::SeqCst,
        }
    }

    fn store(self) -> Ordering {
        match self {
            // Release: pairs with the Acquire of `load`.
            Strength::AcquireRelease => Ordering::Release,
            // SeqCst: pairs with the SeqCst of `load`.
            Strength::SeqCst => Ordering::SeqCst,
        }
    }
}

/// A lock for threads 0 and 1.
trait Lock: Sync {
    fn lock(&self, me: usize);
    fn unlock(&self, me: usize);
}

fn exclusion(lock: &impl Lock) {
    let count = Plain::new(0);
    let work = |me| {
        lock.lock(me);
        count.set(count.get() + 1);
        lock.unlock(me);
    };
    both(|| work(1), || work(0));
    assert_eq!(count.get(), 2);
}

/// Only the entry: raise a flag, look at the other's.
fn entry_by_fence(flaw: bool) {
    let flags = [AtomicBool::new(false), AtomicBool::new(false)];
    let inside = Plain::new(0);
    let enter = |me: usize| {
        flags[me].store(true, Ordering::Relaxed);
        if !flaw {
            // SeqCst: pairs with the same fence of the other thread: one of the two sees the other's flag.
            fence(Ordering::SeqCst);
        }
        if !flags[1 - me].load(Ordering::Relaxed) {
            inside.set(me);
        }
    };
    both(|| enter(1), || enter(0));
}

struct Peterson {
    strength: Strength,
    wants: [AtomicBool; 2],
    last: AtomicUsize,
}

impl Peterson {
    fn new(strength: Strength) -> Peterson {
        Peterson {
            strength,
            wants: [AtomicBool::new(false), AtomicBool::new(false)],
            last: AtomicUsize::new(0),
        }
    }
}

impl Lock for Peterson {
    fn lock(&self, me: usize) {
        let (load, store) = (self.strength.load(), self.strength.store());
        self.wants[me].store(true, store);
        self.last.store(me, store);
        while self.wants[1 - me].load(load) && self.last.load(load) == me {
            spin_loop();
        }
    }

    fn unlock(&self, me: usize) {
        self.wants[me].store(false, self.strength.store());
    }
}

struct Dekker {
    strength: Strength,
    wants: [AtomicBool; 2],
    turn: AtomicUsize,
}

impl Dekker {
    fn new(strength: Strength) -> Dekker {
        Dekker {
            strength,
            wants: [AtomicBool::new(false), AtomicBool::new(false)],
            turn: AtomicUsize::new(0),
        }
    }
}

impl Lock for Dekker {
    fn lock(&self, me: usize) {
        let (load, store) = (self.strength.load(), self.strength.store());
        self.wants[me].store(true, store);
        while self.wants[1 - me].load(load) {
            if self.turn.load(load) == me {
                spin_loop();
                continue;
            }
            self.wants[me].store(false, store);
            while self.turn.load(load) != me {
                spin_loop();
            }
            self.wants[me].store(true, store);
        }
    }

    fn unlock(&self, me: usize) {
        let store = self.strength.store();
        self.turn.store(1 - me, store);
        self.wants[me].store(false, store);
    }
}

struct Bakery {
    strength: Strength,
    choosing: [AtomicBool; 2],
    number: [AtomicU32; 2],
}

impl Bakery {
    fn new(strength: Strength) -> Bakery {
        Bakery {
            strength,
            choosing: [AtomicBool::new(false), AtomicBool::new(false)],
            number: [AtomicU32::new(0), AtomicU32::new(0)],
        }
    }
}

impl Lock for Bakery {
    fn lock(&self, me: usize) {
        let (load, store) = (self.strength.load(), self.strength.store());
        self.choosing[me].store(true, store);
        let mine = self.number[1 - me].load(load) + 1;
        self.number[me].store(mine, store);
        self.choosing[me].store(false, store);
        while self.choosing[1 - me].load(load) {
            spin_loop();
        }
        loop {
            let theirs = self.number[1 - me].load(load);
            if theirs == 0 || (mine, me) < (theirs, 1 - me) {
                break;
            }
            spin_loop();
        }
    }

    fn unlock(&self, me: usize) {
        self.number[me].store(0, self.strength.store());
    }
}
