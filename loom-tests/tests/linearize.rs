//! The queues under scenarios: every small program of their operations has linearizable histories only.

use ringwright::check::linearize::{BufferOp, BufferRet, Queue, Role, Scenarios, Subject};
use ringwright::{PopError, PushError, mpmc, spsc};

#[global_allocator]
static ALLOC: ringwright::check::alloc::Quarantine = ringwright::check::alloc::Quarantine;

fn pushed(result: Result<(), PushError<u64>>) -> BufferRet<u64> {
    match result {
        Ok(()) => BufferRet::Pushed,
        Err(PushError::Full(_)) => BufferRet::Full,
        Err(PushError::Closed(_)) => panic!("nobody closed the queue"),
    }
}

fn popped(result: Result<u64, PopError>) -> BufferRet<u64> {
    match result {
        Ok(item) => BufferRet::Popped(item),
        Err(PopError::Empty) => BufferRet::Empty,
        Err(PopError::Closed) => panic!("nobody closed the queue"),
    }
}

fn push_and_pop(fresh: u64) -> Vec<BufferOp<u64>> {
    vec![BufferOp::Push(fresh), BufferOp::Pop]
}

struct Mpmc {
    exact: bool,
}

impl Subject for Mpmc {
    type Spec = Queue<u64>;
    type Handle = (mpmc::Producer<u64>, mpmc::Consumer<u64>);

    fn spec(&self) -> Queue<u64> {
        if self.exact { Queue::bounded(2) } else { Queue::bounded(2).with_stale_answers() }
    }

    fn handles(&self, lanes: &[usize]) -> Vec<Self::Handle> {
        let ends = mpmc::bounded(2);
        lanes.iter().map(|_| ends.clone()).collect()
    }

    fn operations(&self, _: usize, fresh: u64) -> Vec<BufferOp<u64>> {
        push_and_pop(fresh)
    }

    fn call(&self, (producer, consumer): &mut Self::Handle, op: &BufferOp<u64>) -> BufferRet<u64> {
        match op {
            BufferOp::Push(item) => pushed(producer.push(*item)),
            _ => popped(consumer.pop()),
        }
    }
}

#[test]
fn mpmc_is_acquitted() {
    let findings = Scenarios::new("mpmc", Mpmc { exact: false }).threads(2).ops(2).init(1).run();
    println!("{findings}");
    findings.assert_passed();
}

#[test]
fn that_mpmc_says_full_is_no_promise() {
    // What it says of a full or an empty queue may be about an earlier moment: its ends read each other's
    // stamps without a fence. The exact specification shows it.
    let findings = Scenarios::new("mpmc", Mpmc { exact: true }).threads(2).ops(2).init(1).run();
    let message = &findings.failure.expect("a stale answer").report.failure.expect("a failure").message;
    assert!(message.contains("= full") || message.contains("= empty"), "{message}");
}

/// An end of the single-producer single-consumer queue.
enum End {
    Producer(spsc::Producer<u64>),
    Consumer(spsc::Consumer<u64>),
}

struct Spsc;

impl Subject for Spsc {
    type Spec = Queue<u64>;
    type Handle = End;

    fn spec(&self) -> Queue<u64> {
        Queue::bounded(2).with_stale_answers()
    }

    fn roles(&self) -> Vec<Role> {
        vec![Role::exclusive("producer"), Role::exclusive("consumer")]
    }

    fn handles(&self, lanes: &[usize]) -> Vec<End> {
        let (producer, consumer) = spsc::bounded(2);
        let mut ends = [Some(End::Producer(producer)), Some(End::Consumer(consumer))];
        let handles = lanes.iter().map(|role| ends[*role].take().expect("one lane a role")).collect();
        // A queue with one end is closed, so the other one lives on.
        ends.into_iter().flatten().for_each(std::mem::forget);
        handles
    }

    fn operations(&self, role: usize, fresh: u64) -> Vec<BufferOp<u64>> {
        if role == 0 { vec![BufferOp::Push(fresh)] } else { vec![BufferOp::Pop] }
    }

    fn call(&self, end: &mut End, op: &BufferOp<u64>) -> BufferRet<u64> {
        match (end, op) {
            (End::Producer(producer), BufferOp::Push(item)) => pushed(producer.push(*item)),
            (End::Consumer(consumer), _) => popped(consumer.pop()),
            (End::Producer(_), _) => panic!("a producer does not pop"),
        }
    }
}

#[test]
fn spsc_is_acquitted_with_one_thread_a_role() {
    let findings = Scenarios::new("spsc", Spsc).threads(2).ops(3).init(1).post(1).run();
    println!("{findings}");
    findings.assert_passed();
}

#[test]
#[should_panic(expected = "there is no scenario of this size")]
fn more_threads_than_exclusive_roles_are_refused() {
    let _ = Scenarios::new("spsc", Spsc).threads(3).run();
}
