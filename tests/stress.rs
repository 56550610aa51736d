//! Real threads, every bounded structure: nothing is lost, nothing comes twice,
//! nothing is torn, and what one producer pushed stays in order.
//!
//! The models in `loom-tests` look at every interleaving of a few operations;
//! this looks at many operations in the interleavings that the machine happens
//! to make. Small capacities keep the ends close together, where they interfere.

use ringwright::{PopError, PushError, mpmc, spsc};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::thread;

/// How often a thread tries again before it lets another one run.
const SPINS: u32 = 20;

/// Four words that belong together, so that a torn item shows.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Item {
    producer: usize,
    number: usize,
    check: [usize; 2],
}

impl Item {
    fn new(producer: usize, number: usize) -> Self {
        let check = [!number, number ^ producer.rotate_left(32)];
        Item { producer, number, check }
    }
}

/// Waits a little, the more often the longer.
fn wait(tries: &mut u32) {
    *tries += 1;
    if *tries < SPINS {
        std::hint::spin_loop();
    } else {
        thread::yield_now();
    }
}

/// Pushes `items` numbered items by `push`, which may be full but not closed.
fn produce(me: usize, items: usize, mut push: impl FnMut(Item) -> Result<(), PushError<Item>>) {
    for number in 0..items {
        let mut tries = 0;
        while let Err(refused) = push(Item::new(me, number)) {
            assert!(refused.is_full(), "a consumer is there");
            assert_eq!(refused.into_inner(), Item::new(me, number), "given back whole");
            wait(&mut tries);
        }
    }
}

/// Pops until the queue is closed. Checks each item, and that those of one
/// producer come in order. Gives how many came from each producer.
fn consume(producers: usize, mut pop: impl FnMut() -> Result<Item, PopError>) -> Vec<Vec<usize>> {
    let mut seen = vec![Vec::new(); producers];
    let mut tries = 0;
    loop {
        match pop() {
            Ok(item) => {
                assert_eq!(item, Item::new(item.producer, item.number), "torn");
                let numbers: &mut Vec<usize> = &mut seen[item.producer];
                assert!(numbers.last().is_none_or(|&last| last < item.number), "out of order");
                numbers.push(item.number);
                tries = 0;
            }
            Err(PopError::Empty) => wait(&mut tries),
            Err(PopError::Closed) => return seen,
        }
    }
}

/// Checks that the consumers together saw each item of each producer once.
fn assert_complete(seen: Vec<Vec<Vec<usize>>>, producers: usize, items: usize) {
    for producer in 0..producers {
        let mut numbers: Vec<usize> = seen.iter().flat_map(|by| by[producer].clone()).collect();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..items), "items of producer {producer}");
    }
}

fn spsc_carries_everything(capacity: usize, items: usize) {
    let (mut producer, mut consumer) = spsc::bounded(capacity);
    let pushing = thread::spawn(move || produce(0, items, |item| producer.push(item)));
    let seen = consume(1, || consumer.pop());
    pushing.join().unwrap();
    assert_complete(vec![seen], 1, items);
}

fn mpmc_carries_everything(producers: usize, consumers: usize, capacity: usize, items: usize) {
    let (producer, consumer) = mpmc::bounded(capacity);
    let start = Arc::new(Barrier::new(producers + consumers));
    let pushing: Vec<_> = (0..producers)
        .map(|me| (me, producer.clone(), start.clone()))
        .map(|(me, producer, start)| {
            thread::spawn(move || {
                start.wait();
                produce(me, items, |item| producer.push(item));
            })
        })
        .collect();
    let popping: Vec<_> = (0..consumers)
        .map(|_| (consumer.clone(), start.clone()))
        .map(|(consumer, start)| {
            thread::spawn(move || {
                start.wait();
                consume(producers, || consumer.pop())
            })
        })
        .collect();
    drop((producer, consumer));
    pushing.into_iter().for_each(|thread| thread.join().unwrap());
    let seen = popping.into_iter().map(|thread| thread.join().unwrap());
    assert_complete(seen.collect(), producers, items);
}

#[test]
fn spsc_carries_everything_in_order() {
    for (capacity, items) in [(1, 5_000), (2, 10_000), (3, 10_000), (64, 200_000), (1000, 200_000)] {
        spsc_carries_everything(capacity, items);
    }
}

#[test]
fn mpmc_carries_everything_from_one_to_one() {
    for (capacity, items) in [(1, 5_000), (2, 10_000), (3, 10_000), (64, 100_000)] {
        mpmc_carries_everything(1, 1, capacity, items);
    }
}

#[test]
fn mpmc_carries_everything_from_many_to_one() {
    for (capacity, items) in [(1, 1_000), (2, 2_000), (3, 2_000), (64, 20_000)] {
        mpmc_carries_everything(4, 1, capacity, items);
    }
}

#[test]
fn mpmc_carries_everything_from_one_to_many() {
    for (capacity, items) in [(1, 4_000), (2, 8_000), (3, 8_000), (64, 80_000)] {
        mpmc_carries_everything(1, 4, capacity, items);
    }
}

#[test]
fn mpmc_carries_everything_from_many_to_many() {
    for (capacity, items) in [(1, 1_000), (2, 2_000), (3, 2_000), (64, 20_000), (1000, 20_000)] {
        mpmc_carries_everything(4, 4, capacity, items);
        mpmc_carries_everything(2, 2, capacity, items);
    }
}

/// How many of these live, and whether one is dropped twice.
struct Counted {
    live: Arc<AtomicUsize>,
    alive: Box<bool>,
}

impl Counted {
    fn new(live: &Arc<AtomicUsize>) -> Self {
        live.fetch_add(1, Relaxed);
        Counted { live: live.clone(), alive: Box::new(true) }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        assert!(std::mem::replace(&mut *self.alive, false), "dropped twice");
        self.live.fetch_sub(1, Relaxed);
    }
}

/// Ends come and go while items are under way: whatever was popped, refused or
/// left, each item is dropped once.
#[test]
fn mpmc_drops_every_item_once_when_ends_come_and_go() {
    for round in 0..300 {
        let live = Arc::new(AtomicUsize::new(0));
        let (producer, consumer) = mpmc::bounded(1 + round % 5);
        let pushing = [producer.clone(), producer].map(|producer| {
            let live = live.clone();
            thread::spawn(move || {
                for _ in 0..50 {
                    if let Err(PushError::Closed(_)) = producer.clone().push(Counted::new(&live)) {
                        return;
                    }
                }
            })
        });
        let popping = [consumer.clone(), consumer].map(|consumer| {
            thread::spawn(move || (0..round % 50).for_each(|_| drop(consumer.clone().pop())))
        });
        pushing.into_iter().for_each(|thread| thread.join().unwrap());
        popping.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(live.load(Relaxed), 0, "round {round}");
    }
}

#[test]
fn spsc_drops_every_item_once_when_an_end_goes() {
    for round in 0..300 {
        let live = Arc::new(AtomicUsize::new(0));
        let (mut producer, mut consumer) = spsc::bounded(1 + round % 5);
        let counter = live.clone();
        let pushing = thread::spawn(move || {
            for _ in 0..50 {
                if let Err(PushError::Closed(_)) = producer.push(Counted::new(&counter)) {
                    return;
                }
            }
        });
        (0..round % 50).for_each(|_| drop(consumer.pop()));
        drop(consumer);
        pushing.join().unwrap();
        assert_eq!(live.load(Relaxed), 0, "round {round}");
    }
}
