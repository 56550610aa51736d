//! Spinning locks: test-and-set, tickets, and the queues of Mellor-Crummey and Scott and of Craig, Landin and Hagersten.

use crate::shapes::body::{Plain, relaxed_if};
use crate::shapes::shape::{Shape, Structure};
use ringwright::check::FailureKind;
use ringwright::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use ringwright::sync::hint::spin_loop;
use ringwright::sync::thread;

const MCS: &str = "Mellor-Crummey and Scott, Algorithms for scalable synchronization, TOCS 1991";
const CLH: &str = "Craig, TR 93-02-02, 1993; Magnusson, Landin and Hagersten, IPPS 1994";
const STUCK: &[FailureKind] = &[FailureKind::Livelock, FailureKind::Deadlock];

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "spinlock-relaxed-unlock",
        source: "Anderson, The performance of spin lock alternatives, TPDS 1990",
        buggy: || exclusion(&Spin::new(true), [1, 1]),
        fixed: || exclusion(&Spin::new(false), [1, 1]),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "ticket-lock-relaxed-unlock",
        source: MCS,
        buggy: || exclusion(&Ticket::new(true), [1, 1]),
        fixed: || exclusion(&Ticket::new(false), [1, 1]),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "mcs-relaxed-handover",
        source: MCS,
        buggy: || exclusion(&Mcs::new(McsFlaw::RelaxedHandover), [1, 1]),
        fixed: || exclusion(&Mcs::new(McsFlaw::None), [1, 1]),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "mcs-lost-successor",
        source: MCS,
        buggy: || exclusion(&Mcs::new(McsFlaw::LostSuccessor), [1, 1]),
        fixed: || exclusion(&Mcs::new(McsFlaw::None), [1, 1]),
        expected: STUCK,
    },
    Shape {
        name: "clh-relaxed-unlock",
        source: CLH,
        buggy: || exclusion(&Clh::new(ClhFlaw::RelaxedUnlock), [1, 1]),
        fixed: || exclusion(&Clh::new(ClhFlaw::None), [1, 1]),
        expected: &[FailureKind::Race],
    },
    Shape {
        name: "clh-own-node-reused",
        source: CLH,
        buggy: || exclusion(&Clh::new(ClhFlaw::OwnNode), [2, 1]),
        fixed: || exclusion(&Clh::new(ClhFlaw::None), [2, 1]),
        expected: STUCK,
    },
];

pub(super) const STRUCTURES: &[Structure] = &[
    Structure {
        name: "spinlock-three-threads",
        source: "Anderson, The performance of spin lock alternatives, TPDS 1990",
        model: || exclusion(&Spin::new(false), [1, 1, 1]),
    },
    Structure {
        name: "ticket-lock-three-threads",
        source: MCS,
        model: || exclusion(&Ticket::new(false), [1, 1, 1]),
    },
    Structure {
        name: "mcs-two-turns-each",
        source: MCS,
        model: || exclusion(&Mcs::new(McsFlaw::None), [2, 2]),
    },
    Structure {
        name: "clh-two-turns-each",
        source: CLH,
        model: || exclusion(&Clh::new(ClhFlaw::None), [2, 2]),
    },
];

trait Lock: Sync {
    fn lock(&self, me: usize);
    fn unlock(&self, me: usize);
}

/// Each thread takes the lock so often and counts, in plain memory.
fn exclusion<const N: usize>(lock: &impl Lock, turns: [u32; N]) {
    let count = Plain::new(0);
    let work = |me: usize| {
        for _ in 0..turns[me] {
            lock.lock(me);
            count.set(count.get() + 1);
            lock.unlock(me);
        }
    };
    thread::scope(|scope| {
        for me in 1..N {
            scope.spawn(move || work(me));
        }
        work(0);
    });
    assert_eq!(count.get(), turns.iter().sum::<u32>());
}

struct Spin {
    flaw: bool,
    held: AtomicBool,
}

impl Spin {
    fn new(flaw: bool) -> Spin {
        Spin { flaw, held: AtomicBool::new(false) }
    }
}

impl Lock for Spin {
    fn lock(&self, _: usize) {
        // Acquire: pairs with the Release store in `unlock`.
        while self.held.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            spin_loop();
        }
    }

    fn unlock(&self, _: usize) {
        // Release: pairs with the Acquire swap in `lock`.
        self.held.store(false, relaxed_if(self.flaw, Ordering::Release));
    }
}

struct Ticket {
    flaw: bool,
    next: AtomicU32,
    serving: AtomicU32,
}

impl Ticket {
    fn new(flaw: bool) -> Ticket {
        Ticket { flaw, next: AtomicU32::new(0), serving: AtomicU32::new(0) }
    }
}

impl Lock for Ticket {
    fn lock(&self, _: usize) {
        let ticket = self.next.fetch_add(1, Ordering::Relaxed);
        // Acquire: pairs with the Release store in `unlock`.
        while self.serving.load(Ordering::Acquire) != ticket {
            spin_loop();
        }
    }

    fn unlock(&self, _: usize) {
        let next = self.serving.load(Ordering::Relaxed) + 1;
        // Release: pairs with the Acquire load in `lock`.
        self.serving.store(next, relaxed_if(self.flaw, Ordering::Release));
    }
}

#[derive(PartialEq)]
enum McsFlaw {
    None,
    RelaxedHandover,
    /// A holder that sees nobody behind it empties the queue without looking again.
    LostSuccessor,
}

/// Nobody, in the links of an [`Mcs`]; thread `t` is `t + 1`.
const NOBODY: usize = 0;

struct Mcs {
    flaw: McsFlaw,
    tail: AtomicUsize,
    nodes: [McsNode; 2],
}

struct McsNode {
    waiting: AtomicBool,
    next: AtomicUsize,
}

impl Mcs {
    fn new(flaw: McsFlaw) -> Mcs {
        let node = || McsNode { waiting: AtomicBool::new(false), next: AtomicUsize::new(NOBODY) };
        Mcs { flaw, tail: AtomicUsize::new(NOBODY), nodes: [node(), node()] }
    }

    /// Whether the queue held nobody but `me` and is empty now.
    fn emptied(&self, me: usize) -> bool {
        if self.flaw == McsFlaw::LostSuccessor {
            // Release: pairs with the AcqRel swap in `lock`.
            self.tail.store(NOBODY, Ordering::Release);
            return true;
        }
        // Release: pairs with the AcqRel swap in `lock`.
        self.tail.compare_exchange(me + 1, NOBODY, Ordering::Release, Ordering::Relaxed).is_ok()
    }
}

impl Lock for Mcs {
    fn lock(&self, me: usize) {
        let node = &self.nodes[me];
        node.next.store(NOBODY, Ordering::Relaxed);
        node.waiting.store(true, Ordering::Relaxed);
        // AcqRel: pairs with itself (the next thread's stores into this node come after the ones above) and
        // with the Release in `emptied`.
        let before = self.tail.swap(me + 1, Ordering::AcqRel);
        if before != NOBODY {
            // Release: pairs with the Acquire loads of `next` in `unlock`.
            self.nodes[before - 1].next.store(me + 1, Ordering::Release);
            // Acquire: pairs with the Release store of `waiting` in `unlock`.
            while node.waiting.load(Ordering::Acquire) {
                spin_loop();
            }
        }
    }

    fn unlock(&self, me: usize) {
        let node = &self.nodes[me];
        // Acquire: pairs with the Release store of `next` in `lock`.
        let mut next = node.next.load(Ordering::Acquire);
        if next == NOBODY {
            if self.emptied(me) {
                return;
            }
            while next == NOBODY {
                spin_loop();
                // Acquire: pairs with the Release store of `next` in `lock`.
                next = node.next.load(Ordering::Acquire);
            }
        }
        let relaxed = self.flaw == McsFlaw::RelaxedHandover;
        // Release: pairs with the Acquire load of `waiting` in `lock`.
        self.nodes[next - 1].waiting.store(false, relaxed_if(relaxed, Ordering::Release));
    }
}

#[derive(PartialEq)]
enum ClhFlaw {
    None,
    RelaxedUnlock,
    /// A thread uses its own node again, on which its successor may still look.
    OwnNode,
}

struct Clh {
    flaw: ClhFlaw,
    tail: AtomicUsize,
    held: [AtomicBool; 3],
    /// Each thread's node, and its predecessor's. Only the thread itself looks.
    mine: [[AtomicUsize; 2]; 2],
}

impl Clh {
    fn new(flaw: ClhFlaw) -> Clh {
        let pair = |node| [AtomicUsize::new(node), AtomicUsize::new(node)];
        Clh {
            flaw,
            tail: AtomicUsize::new(2),
            held: [(); 3].map(|()| AtomicBool::new(false)),
            mine: [pair(0), pair(1)],
        }
    }
}

impl Lock for Clh {
    fn lock(&self, me: usize) {
        let [node, before] = &self.mine[me];
        let node = node.load(Ordering::Relaxed);
        self.held[node].store(true, Ordering::Relaxed);
        // AcqRel: pairs with itself: the successor sees that this node is held.
        let ahead = self.tail.swap(node, Ordering::AcqRel);
        before.store(ahead, Ordering::Relaxed);
        // Acquire: pairs with the Release store in `unlock`.
        while self.held[ahead].load(Ordering::Acquire) {
            spin_loop();
        }
    }

    fn unlock(&self, me: usize) {
        let [node, before] = &self.mine[me];
        let held = &self.held[node.load(Ordering::Relaxed)];
        // Release: pairs with the Acquire load in `lock`.
        held.store(false, relaxed_if(self.flaw == ClhFlaw::RelaxedUnlock, Ordering::Release));
        if self.flaw != ClhFlaw::OwnNode {
            node.store(before.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }
}
