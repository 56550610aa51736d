//! One suite for every structure: what a bounded queue promises to its users.
//!
//! Each test is written once, against the trait [`Queue`], and run for each
//! structure by the list at the end. What only some structures promise is in
//! `conformance/ends.rs`.

#[path = "conformance/ends.rs"]
mod ends;
#[path = "conformance/harness.rs"]
mod harness;

use harness::{End, Item, Ledger, Mpmc, Pop, Push, Queue, Spsc};
use ringwright::{PopError, PushError};
use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

/// One slot, a power of two, its neighbours, a usual one.
const CAPACITIES: [usize; 6] = [1, 2, 3, 4, 7, 1024];

/// A generator of test data: the low bits of an LCG are poor, the high ones do.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
    *state >> 33
}

fn fills_up_and_empties_in_order<Q: Queue>() {
    for capacity in CAPACITIES {
        let (mut producer, mut consumer) = Q::bounded(capacity);
        for round in 0..3 {
            assert_eq!((producer.capacity(), consumer.capacity()), (capacity, capacity));
            for i in 0..capacity {
                producer.assert_holds(i);
                assert_eq!(producer.push((round, i)), Ok(()));
            }
            assert_eq!(producer.push((9, 9)), Err(PushError::Full((9, 9))));
            producer.assert_holds(capacity);
            for i in 0..capacity {
                consumer.assert_holds(capacity - i);
                assert_eq!(consumer.pop(), Ok((round, i)));
            }
            assert_eq!(consumer.pop(), Err(PopError::Empty));
            consumer.assert_holds(0);
        }
    }
}

/// Many laps at every fill level, which a random walk between full and empty visits.
fn agrees_with_a_deque_over_many_laps<Q: Queue>() {
    for capacity in CAPACITIES {
        let (mut producer, mut consumer) = Q::bounded(capacity);
        let mut deque = VecDeque::new();
        let mut state = capacity as u64;
        let mut pushes = 0_u64;
        while pushes < 20 * capacity as u64 + 2000 {
            // Long runs, or a large queue would never be full or empty.
            let run = random(&mut state) as usize % (2 * capacity + 2);
            let pushing = random(&mut state) & 1 == 0;
            for _ in 0..run {
                if pushing {
                    let full = deque.len() == capacity;
                    let expected = if full { Err(PushError::Full(pushes)) } else { Ok(()) };
                    assert_eq!(producer.push(pushes), expected);
                    if !full {
                        deque.push_back(pushes);
                        pushes += 1;
                    }
                } else {
                    assert_eq!(consumer.pop(), deque.pop_front().ok_or(PopError::Empty));
                }
                producer.assert_holds(deque.len());
                consumer.assert_holds(deque.len());
            }
        }
        assert!(consumer.drain().eq(deque), "capacity {capacity}");
    }
}

fn refuses_capacity_zero<Q: Queue>() {
    let panic = catch_unwind(|| Q::bounded::<u8>(0)).expect_err("no panic");
    let message = panic.downcast_ref::<&str>().expect("a message");
    assert!(message.contains("at least 1"), "{message}");
}

fn refuses_a_capacity_that_no_memory_holds<Q: Queue>() {
    assert!(catch_unwind(|| Q::bounded::<u64>(usize::MAX)).is_err());
}

fn carries_items_without_a_size<Q: Queue>() {
    thread_local!(static DROPS: Cell<usize> = const { Cell::new(0) });
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
        }
    }
    assert_eq!(size_of::<Nothing>(), 0);
    let (mut producer, mut consumer) = Q::bounded(3);
    for _ in 0..10 {
        (0..3).for_each(|_| assert!(producer.push(Nothing).is_ok()));
        assert!(matches!(producer.push(Nothing), Err(PushError::Full(_))));
        (0..2).for_each(|_| assert!(consumer.pop().is_ok()));
        consumer.assert_holds(1);
        assert!(consumer.pop().is_ok());
        assert!(matches!(consumer.pop(), Err(PopError::Empty)));
    }
    assert_eq!(DROPS.get(), 40, "every one was popped or refused");
    (0..2).for_each(|_| assert!(producer.push(Nothing).is_ok()));
    drop((producer, consumer));
    assert_eq!(DROPS.get(), 42, "and two were left");
}

/// Items that are left are dropped in their slots, so their drop can see where the slots are.
fn aligns_its_slots<Q: Queue>() {
    #[repr(align(256))]
    struct Aligned(u8, Arc<AtomicUsize>);
    impl Drop for Aligned {
        fn drop(&mut self) {
            let address = std::ptr::from_ref(self).addr();
            assert_eq!(address % 256, 0, "item {}", self.0);
            self.1.fetch_add(1, Relaxed);
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let (mut producer, mut consumer) = Q::bounded(3);
    for i in 0..5 {
        assert!(producer.push(Aligned(i, drops.clone())).is_ok());
        assert_eq!(consumer.pop().map(|item| item.0), Ok(i));
    }
    (5..8).for_each(|i| assert!(producer.push(Aligned(i, drops.clone())).is_ok()));
    drop((producer, consumer));
    assert_eq!(drops.load(Relaxed), 8);
}

fn carries_items_that_own_memory<Q: Queue>() {
    let (mut producer, mut consumer) = Q::bounded(2);
    for i in 0..100 {
        assert!(producer.push(vec![i.to_string()]).is_ok());
        assert_eq!(consumer.pop().unwrap(), [i.to_string()]);
    }
    assert!(producer.push(vec!["left".to_string()]).is_ok());
}

/// At every offset into the ring, with any number popped and the rest left,
/// whichever end goes first.
fn drops_every_item_once<Q: Queue>() {
    for capacity in [1, 2, 3, 7] {
        for offset in 0..2 * capacity {
            for popped in 0..=capacity {
                for producer_first in [true, false] {
                    let ledger = Ledger::new(offset + capacity);
                    let (mut producer, mut consumer) = Q::bounded(capacity);
                    for number in 0..offset {
                        assert!(producer.push(ledger.item(number)).is_ok());
                        assert!(consumer.pop().is_ok());
                    }
                    for number in offset..offset + capacity {
                        assert!(producer.push(ledger.item(number)).is_ok());
                    }
                    ledger.assert_dropped(offset);
                    for _ in 0..popped {
                        assert!(consumer.pop().is_ok());
                    }
                    ledger.assert_dropped(offset + popped);
                    if producer_first {
                        drop(producer);
                        ledger.assert_dropped(offset + popped);
                        drop(consumer);
                    } else {
                        drop(consumer);
                        ledger.assert_dropped(offset + popped);
                        drop(producer);
                    }
                    ledger.assert_dropped(offset + capacity);
                }
            }
        }
    }
}

fn gives_a_refused_item_back_and_does_not_drop_it<Q: Queue>() {
    let ledger = Ledger::new(3);
    let (mut producer, consumer) = Q::bounded(1);
    assert!(producer.push(ledger.item(2)).is_ok());
    let refused = producer.push(ledger.item(0)).unwrap_err();
    assert!(refused.is_full());
    ledger.assert_dropped(0);
    drop(refused.into_inner());
    ledger.assert_dropped(1);
    drop(consumer);
    let refused = producer.push(ledger.item(1)).unwrap_err();
    assert!(refused.is_closed());
    ledger.assert_dropped(1);
    drop(refused);
    ledger.assert_dropped(2);
    drop(producer);
    ledger.assert_dropped(3);
}

fn drops_the_rest_if_one_drop_panics<Q: Queue>() {
    for offset in 0..5 {
        for panicking in 0..5 {
            let ledger = Ledger::new(5);
            let (mut producer, mut consumer) = Q::bounded(5);
            for _ in 0..offset {
                assert!(producer.push(Ledger::new(1).item(0)).is_ok());
                assert!(consumer.pop().is_ok());
            }
            for number in 0..5 {
                let mut item = ledger.item(number);
                item.panics = number == panicking;
                assert!(producer.push(item).is_ok());
            }
            drop(producer);
            let caught = catch_unwind(AssertUnwindSafe(|| drop(consumer)));
            assert!(caught.is_err(), "the panic comes through");
            ledger.assert_dropped(5);
        }
    }
}

fn survives_a_popped_item_whose_drop_panics<Q: Queue>() {
    let ledger = Ledger::new(3);
    let (mut producer, mut consumer) = Q::bounded(2);
    let mut item = ledger.item(0);
    item.panics = true;
    assert!(producer.push(item).is_ok());
    assert!(producer.push(ledger.item(1)).is_ok());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(consumer.pop()))).is_err());
    ledger.assert_dropped(1);
    assert!(producer.push(ledger.item(2)).is_ok());
    assert!(consumer.drain().map(|item| item.number).eq([1, 2]));
    ledger.assert_dropped(3);
}

fn closes_producers_at_once<Q: Queue>() {
    for capacity in CAPACITIES {
        for held in [0, capacity / 2, capacity] {
            let (mut producer, consumer) = Q::bounded(capacity);
            (0..held).for_each(|i| assert_eq!(producer.push(i), Ok(())));
            assert!(!producer.is_closed());
            drop(consumer);
            for _ in 0..3 {
                assert_eq!(producer.push(7), Err(PushError::Closed(7)));
                assert!(producer.is_closed());
            }
            producer.assert_holds(held);
        }
    }
}

fn closes_consumers_after_the_last_item<Q: Queue>() {
    for capacity in CAPACITIES {
        for held in [0, capacity / 2, capacity] {
            let (mut producer, mut consumer) = Q::bounded(capacity);
            (0..held).for_each(|i| assert_eq!(producer.push(i), Ok(())));
            assert!(!consumer.is_closed());
            drop(producer);
            for i in 0..held {
                assert!(consumer.is_closed());
                consumer.assert_holds(held - i);
                assert_eq!(consumer.pop(), Ok(i));
            }
            for _ in 0..3 {
                assert_eq!(consumer.pop(), Err(PopError::Closed));
                assert!(consumer.is_closed());
            }
        }
    }
}

fn loses_nothing_when_the_producer_goes_while_the_consumer_pops<Q: Queue>() {
    for round in 0..300 {
        let (mut producer, mut consumer) = Q::bounded(1 + round % 3);
        let items = round % 7;
        let said = Arc::new(AtomicUsize::new(0));
        let told = said.clone();
        let pushing = thread::spawn(move || {
            for mut item in 0..items {
                while let Err(refused) = producer.push(item) {
                    assert!(refused.is_full(), "the consumer is there");
                    item = refused.into_inner();
                    thread::yield_now();
                }
            }
            told.store(1, Relaxed);
        });
        let mut popped = Vec::new();
        loop {
            match consumer.pop() {
                Ok(item) => popped.push(item),
                Err(PopError::Empty) => thread::yield_now(),
                Err(PopError::Closed) => break,
            }
        }
        assert_eq!(said.load(Relaxed), 1, "the drop happens before `Closed`");
        assert!(popped.into_iter().eq(0..items));
        pushing.join().unwrap();
    }
}

fn loses_nothing_when_the_consumer_goes_while_the_producer_pushes<Q: Queue>() {
    for round in 0..300 {
        let ledger = Ledger::new(1000);
        let (mut producer, mut consumer) = Q::bounded::<Item>(1 + round % 3);
        let said = Arc::new(AtomicUsize::new(0));
        let told = said.clone();
        let popping = thread::spawn(move || {
            let mut next = 0;
            while next < round % 7 {
                match consumer.pop() {
                    Ok(item) => {
                        assert_eq!(item.number, next);
                        next += 1;
                    }
                    Err(error) => {
                        assert_eq!(error, PopError::Empty, "the producer is there");
                        thread::yield_now();
                    }
                }
            }
            told.store(1, Relaxed);
        });
        let mut made = 0;
        let mut item = ledger.item(0);
        loop {
            match producer.push(item) {
                Ok(()) if made == 999 => break,
                Ok(()) => {
                    made += 1;
                    item = ledger.item(made);
                }
                Err(PushError::Full(back)) => {
                    item = back;
                    thread::yield_now();
                }
                Err(PushError::Closed(_)) => break,
            }
        }
        assert!(producer.is_closed(), "a thousand items do not fit");
        assert_eq!(said.load(Relaxed), 1, "the drop happens before `Closed`");
        popping.join().unwrap();
        drop(producer);
        ledger.assert_dropped(made + 1);
    }
}

fn closes_when_the_thread_of_an_end_panics<Q: Queue>() {
    let (mut producer, mut consumer) = Q::bounded(4);
    let pushing = thread::spawn(move || {
        assert!(producer.push(1).is_ok());
        panic!("as planned");
    });
    assert!(pushing.join().is_err());
    assert_eq!(consumer.pop(), Ok(1));
    assert_eq!(consumer.pop(), Err(PopError::Closed));

    let (mut producer, mut consumer) = Q::bounded(4);
    assert!(producer.push(1).is_ok());
    let popping = thread::spawn(move || {
        assert!(consumer.pop().is_ok());
        panic!("as planned");
    });
    assert!(popping.join().is_err());
    assert_eq!(producer.push(2), Err(PushError::Closed(2)));
}

fn drains_what_is_there_and_leaves_the_rest<Q: Queue>() {
    let (mut producer, mut consumer) = Q::bounded(4);
    (0..4).for_each(|i| assert_eq!(producer.push(i), Ok(())));
    assert!(consumer.drain().take(2).eq([0, 1]));
    assert_eq!(producer.push(4), Ok(()));
    assert!(consumer.drain().eq([2, 3, 4]));
    assert_eq!(consumer.drain().next(), None);
    drop(producer);
    assert_eq!(consumer.drain().next(), None);
}

fn prints_without_the_items<Q: Queue>() {
    struct Opaque;
    let (mut producer, consumer) = Q::bounded(3);
    assert!(producer.push(Opaque).is_ok());
    assert_eq!(format!("{producer:?}"), "Producer { len: 1, capacity: 3, .. }");
    assert_eq!(format!("{consumer:?}"), "Consumer { len: 1, capacity: 3, .. }");
}

/// Runs every test named in the second list for every structure in the first.
macro_rules! suite {
    ({ $($module:ident: $queue:ident),* } $tests:tt) => {
        $(suite!(@ $module $queue $tests);)*
    };
    (@ $module:ident $queue:ident [ $($test:ident)* ]) => {
        mod $module {
            $(#[test]
            fn $test() {
                super::$test::<super::$queue>();
            })*
        }
    };
}

suite! {
    { spsc_bounded: Spsc, mpmc_bounded: Mpmc }
    [
        fills_up_and_empties_in_order
        agrees_with_a_deque_over_many_laps
        refuses_capacity_zero
        refuses_a_capacity_that_no_memory_holds
        carries_items_without_a_size
        aligns_its_slots
        carries_items_that_own_memory
        drops_every_item_once
        gives_a_refused_item_back_and_does_not_drop_it
        drops_the_rest_if_one_drop_panics
        survives_a_popped_item_whose_drop_panics
        closes_producers_at_once
        closes_consumers_after_the_last_item
        loses_nothing_when_the_producer_goes_while_the_consumer_pops
        loses_nothing_when_the_consumer_goes_while_the_producer_pushes
        closes_when_the_thread_of_an_end_panics
        drains_what_is_there_and_leaves_the_rest
        prints_without_the_items
    ]
}
