//! Objects under scenarios: broken ones are convicted, right ones acquitted.

use ringwright_check::door::atomic::{AtomicU64, Ordering};
use ringwright_check::door::{Arc, Condvar, Mutex};
use ringwright_check::linearize::{
    BufferOp, BufferRet, Order, Queue, Register, RegisterOp, RegisterRet, Role, Scenarios, Spec, Subject,
};
use ringwright_check::{Engine, FailureKind};
use std::collections::VecDeque;

fn push_and_pop(fresh: u64) -> Vec<BufferOp<u64>> {
    vec![BufferOp::Push(fresh), BufferOp::Pop]
}

/// A queue behind a lock, whose pop looks and takes under two locks, if `torn`.
struct Locked {
    torn: bool,
}

impl Subject for Locked {
    type Spec = Queue<u64>;
    type Handle = Arc<Mutex<VecDeque<u64>>>;

    fn spec(&self) -> Queue<u64> {
        Queue::new()
    }

    fn handles(&self, lanes: &[usize]) -> Vec<Self::Handle> {
        let queue = Arc::new(Mutex::new(VecDeque::new()));
        lanes.iter().map(|_| Arc::clone(&queue)).collect()
    }

    fn operations(&self, _: usize, fresh: u64) -> Vec<BufferOp<u64>> {
        push_and_pop(fresh)
    }

    fn call(&self, queue: &mut Self::Handle, op: &BufferOp<u64>) -> BufferRet<u64> {
        if let BufferOp::Push(item) = op {
            queue.lock().unwrap().push_back(*item);
            return BufferRet::Pushed;
        }
        if !self.torn {
            return queue.lock().unwrap().pop_front().map_or(BufferRet::Empty, BufferRet::Popped);
        }
        let Some(first) = queue.lock().unwrap().front().copied() else {
            return BufferRet::Empty;
        };
        queue.lock().unwrap().pop_front();
        BufferRet::Popped(first)
    }
}

#[test]
fn a_torn_pop_is_convicted_by_the_smallest_scenario() {
    let findings = Scenarios::new("torn pop", Locked { torn: true }).threads(2).ops(2).init(1).post(1).run();
    let failing = findings.failure.as_ref().expect("two pops give the same item");
    println!("{findings}");
    assert_eq!(failing.report.failed(), Some(FailureKind::Panic));
    let scenario = &failing.scenario;
    assert_eq!((scenario.lanes.len(), scenario.post.len()), (2, 0));
    let calls = scenario.init.len() + scenario.lanes.iter().map(|lane| lane.ops.len()).sum::<usize>();
    assert_eq!(calls, 3, "one push and two pops: {}", failing.table);
    let failure = failing.report.failure.as_ref().expect("a failure");
    let said = "then the state is [], and no call can come next of pop() = 1";
    assert!(failure.message.contains(said), "{}", failure.message);
    assert!(failure.message.contains("| process 0    | process 1"), "{}", failure.message);
    assert!(failure.trace.lanes.iter().any(|lane| lane == "process 1"), "{:?}", failure.trace.lanes);
    assert!(!failure.trace.lines.is_empty() && !failure.token.is_empty());
}

#[test]
fn a_whole_pop_is_acquitted() {
    let scenarios = Scenarios::new("whole pop", Locked { torn: false }).threads(2).ops(2).init(1);
    let findings = scenarios.run();
    println!("{findings}");
    findings.assert_passed();
    assert!(findings.histories > findings.scenarios && findings.executions > findings.histories);
}

#[test]
fn every_engine_with_threads_convicts_or_acquits() {
    for engine in [Engine::Explorer, Engine::Sc, Engine::Native] {
        for order in [Order::HappensBefore, Order::RealTime] {
            let plan = move |check: ringwright_check::Check| match engine {
                Engine::Native => check.engine(engine).random(20),
                _ => check.engine(engine),
            };
            let try_it =
                |torn| Scenarios::new("locked", Locked { torn }).ops(1).init(1).order(order).plan(plan).run();
            try_it(false).assert_passed();
            if engine != Engine::Native {
                let findings = try_it(true);
                assert!(findings.failure.is_some(), "{engine} {order:?}: {findings}");
            }
        }
    }
}

#[test]
fn a_scenario_at_random_is_convicted_too() {
    let findings = Scenarios::new("torn pop", Locked { torn: true }).threads(3).ops(2).random(50, 1).run();
    assert!(findings.failure.is_some(), "{findings}");
}

/// A queue whose `recv` waits on a condition variable; `push` tells it, or not.
struct Waiting {
    tells: bool,
}

impl Subject for Waiting {
    type Spec = Queue<u64>;
    type Handle = Arc<(Mutex<VecDeque<u64>>, Condvar)>;

    fn spec(&self) -> Queue<u64> {
        Queue::new()
    }

    fn handles(&self, lanes: &[usize]) -> Vec<Self::Handle> {
        let queue = Arc::new((Mutex::new(VecDeque::new()), Condvar::new()));
        lanes.iter().map(|_| Arc::clone(&queue)).collect()
    }

    fn operations(&self, _: usize, fresh: u64) -> Vec<BufferOp<u64>> {
        vec![BufferOp::Push(fresh), BufferOp::Recv]
    }

    fn call(&self, queue: &mut Self::Handle, op: &BufferOp<u64>) -> BufferRet<u64> {
        let mut items = queue.0.lock().unwrap();
        if let BufferOp::Push(item) = op {
            items.push_back(*item);
            if self.tells {
                queue.1.notify_one();
            }
            return BufferRet::Pushed;
        }
        loop {
            match items.pop_front() {
                Some(item) => return BufferRet::Popped(item),
                None => items = queue.1.wait(items).unwrap(),
            }
        }
    }
}

#[test]
fn waiting_for_ever_is_right_where_nothing_can_be_done() {
    for engine in [Engine::Explorer, Engine::Sc] {
        let plan = move |check: ringwright_check::Check| check.engine(engine);
        let findings = Scenarios::new("waiting", Waiting { tells: true }).ops(2).plan(plan).run();
        findings.assert_passed();
        let findings = Scenarios::new("not told", Waiting { tells: false }).ops(2).plan(plan).run();
        println!("{findings}");
        let failing = findings.failure.as_ref().expect("a lost wake-up");
        assert_eq!(failing.report.failed(), Some(FailureKind::Deadlock));
        let message = &failing.report.failure.as_ref().expect("a failure").message;
        assert!(message.contains("a call waits for ever though it could run"), "{message}");
        assert!(message.contains("recv() ... never returns"), "{message}");
    }
}

/// Two flags, written with Release and read with Acquire.
struct Flags;

struct TwoFlags;

impl Spec for TwoFlags {
    type State = [bool; 2];
    type Op = (bool, usize);
    type Ret = bool;

    fn init(&self) -> [bool; 2] {
        [false; 2]
    }

    fn apply(&self, flags: &mut [bool; 2], (set, flag): &(bool, usize)) -> Option<bool> {
        flags[*flag] |= set;
        Some(flags[*flag])
    }
}

impl Subject for Flags {
    type Spec = TwoFlags;
    type Handle = Arc<[AtomicU64; 2]>;

    fn spec(&self) -> TwoFlags {
        TwoFlags
    }

    fn handles(&self, lanes: &[usize]) -> Vec<Self::Handle> {
        let flags = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        lanes.iter().map(|_| Arc::clone(&flags)).collect()
    }

    fn operations(&self, _: usize, _: u64) -> Vec<(bool, usize)> {
        vec![(true, 0), (true, 1), (false, 0), (false, 1)]
    }

    fn call(&self, flags: &mut Self::Handle, (set, flag): &(bool, usize)) -> bool {
        if *set {
            flags[*flag].store(1, Ordering::Release);
            return true;
        }
        flags[*flag].load(Ordering::Acquire) == 1
    }
}

#[test]
fn a_store_buffer_shows_by_happens_before_and_a_shared_counter_hides_it() {
    let findings = Scenarios::new("flags", Flags).run();
    println!("{findings}");
    let failing = findings.failure.expect("both threads may miss the other's flag");
    assert!(failing.scenario.lanes.iter().all(|lane| lane.ops.len() == 2), "{}", failing.table);
    Scenarios::new("flags", Flags).order(Order::RealTime).run().assert_passed();
}

/// A register whose writer keeps every value back until the next write.
struct Late;

impl Subject for Late {
    type Spec = Register<u64>;
    type Handle = (Arc<AtomicU64>, Option<u64>);

    fn spec(&self) -> Register<u64> {
        Register::new()
    }

    fn roles(&self) -> Vec<Role> {
        vec![Role::exclusive("writer"), Role::shared("reader")]
    }

    fn handles(&self, lanes: &[usize]) -> Vec<Self::Handle> {
        let shown = Arc::new(AtomicU64::new(0));
        lanes.iter().map(|_| (Arc::clone(&shown), None)).collect()
    }

    fn operations(&self, role: usize, fresh: u64) -> Vec<RegisterOp<u64>> {
        vec![if role == 0 { RegisterOp::Write(fresh) } else { RegisterOp::Read }]
    }

    fn call(&self, (shown, kept): &mut Self::Handle, op: &RegisterOp<u64>) -> RegisterRet<u64> {
        match op {
            RegisterOp::Write(value) => {
                if let Some(earlier) = kept.replace(*value) {
                    shown.store(earlier, Ordering::Release);
                }
                RegisterRet::Written
            }
            _ => RegisterRet::Found(Some(shown.load(Ordering::Acquire)).filter(|value| *value != 0)),
        }
    }
}

#[test]
fn a_late_effect_shows_in_real_time_only() {
    // Nobody who has seen nothing of the writer knows that its call is over.
    Scenarios::new("late", Late).ops(1).run().assert_passed();
    let findings = Scenarios::new("late", Late).ops(1).order(Order::RealTime).run();
    let failing = findings.failure.as_ref().expect("a read after the write misses it");
    println!("{findings}");
    assert_eq!(failing.scenario.lanes.len(), 2);
}

/// An object whose operations become more with each question.
struct Growing(std::sync::atomic::AtomicUsize);

impl Subject for Growing {
    type Spec = Queue<u64>;
    type Handle = ();

    fn spec(&self) -> Queue<u64> {
        Queue::new()
    }

    fn handles(&self, lanes: &[usize]) -> Vec<()> {
        vec![(); lanes.len()]
    }

    fn operations(&self, _: usize, _: u64) -> Vec<BufferOp<u64>> {
        // Relaxed: one thread asks.
        vec![BufferOp::Pop; 2 + self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed)]
    }

    fn call(&self, (): &mut (), _: &BufferOp<u64>) -> BufferRet<u64> {
        BufferRet::Empty
    }
}

#[test]
#[should_panic(expected = "`operations` differs from call to call: choice 0 was 0 of 2, but now there are")]
fn operations_that_change_are_refused() {
    let _ = Scenarios::new("growing", Growing(Default::default())).threads(1).ops(2).run();
}
