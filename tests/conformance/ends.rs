//! What only some structures promise: which marker traits the ends have, clones
//! of an end, a look at the next item.

use crate::harness::{Item, Ledger};
use ringwright::{PopError, PushError, mpmc, spsc};
use std::cell::Cell;
use std::rc::Rc;

/// Does not compile if the type has the trait: both impls below would apply,
/// and nothing says which one is meant.
macro_rules! assert_lacks {
    ($type:ty: $($bound:tt)+) => {
        const _: fn() = || {
            trait Ambiguous<A> {
                fn pick() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            struct Has;
            impl<T: ?Sized + $($bound)+> Ambiguous<Has> for T {}
            let _ = <$type as Ambiguous<_>>::pick;
        };
    };
}

/// Does not compile if the type lacks the trait.
macro_rules! assert_has {
    ($type:ty: $($bound:tt)+) => {
        const _: fn() = || {
            fn has<T: $($bound)+>() {}
            has::<$type>();
        };
    };
}

// Single ends: one thread at a time, which may change, and never two of them.
assert_has!(spsc::Producer<Cell<u8>>: Send);
assert_has!(spsc::Consumer<Cell<u8>>: Send);
assert_lacks!(spsc::Producer<u8>: Sync);
assert_lacks!(spsc::Consumer<u8>: Sync);
assert_lacks!(spsc::Producer<u8>: Clone);
assert_lacks!(spsc::Consumer<u8>: Clone);
assert_lacks!(spsc::Producer<Rc<u8>>: Send);
assert_lacks!(spsc::Consumer<Rc<u8>>: Send);

// Many ends: shared and cloned at will, as long as the items can go from thread to thread.
assert_has!(mpmc::Producer<Cell<u8>>: Send + Sync + Clone);
assert_has!(mpmc::Consumer<Cell<u8>>: Send + Sync + Clone);
assert_lacks!(mpmc::Producer<Rc<u8>>: Send);
assert_lacks!(mpmc::Consumer<Rc<u8>>: Send);
assert_lacks!(mpmc::Producer<Rc<u8>>: Sync);
assert_lacks!(mpmc::Consumer<Rc<u8>>: Sync);

// The tools above can tell: each of these has or lacks what it is asked for.
assert_has!(Cell<u8>: Send);
assert_lacks!(Cell<u8>: Sync);

#[test]
fn mpmc_closes_with_the_last_clone_of_an_end() {
    for clones in 0..5 {
        let (producer, consumer) = mpmc::bounded(8);
        let mut producers = vec![producer];
        let mut consumers = vec![consumer];
        for i in 0..clones {
            producers.push(producers[i].clone());
            consumers.push(consumers[i].clone());
        }
        for producer in &producers {
            producer.push(0).unwrap();
        }
        let last = producers.swap_remove(clones / 2);
        for producer in producers {
            drop(producer);
            assert!(!consumers[0].is_closed());
        }
        drop(last);
        for consumer in &consumers {
            assert!(consumer.is_closed());
            assert_eq!(consumer.pop(), Ok(0));
        }
        assert_eq!(consumers[0].pop(), Err(PopError::Closed));

        let (producer, consumer) = mpmc::bounded(8);
        let consumers: Vec<_> = (0..=clones).map(|_| consumer.clone()).collect();
        drop(consumer);
        for (dropped, consumer) in consumers.into_iter().enumerate() {
            assert_eq!(producer.push(dropped), Ok(()), "one is left");
            drop(consumer);
        }
        assert_eq!(producer.push(9), Err(PushError::Closed(9)));
        assert_eq!(producer.clone().push(9), Err(PushError::Closed(9)));
    }
}

#[test]
fn mpmc_drops_what_is_left_with_the_last_clone() {
    let ledger = Ledger::new(4);
    let (producer, consumer) = mpmc::bounded(4);
    let (second, other) = (producer.clone(), consumer.clone());
    for number in 0..4 {
        let end = if number % 2 == 0 { &producer } else { &second };
        assert!(end.push(ledger.item(number)).is_ok());
    }
    drop(other.pop());
    drop((producer, consumer, other));
    ledger.assert_dropped(1);
    drop(second);
    ledger.assert_dropped(4);
}

#[test]
fn spsc_peek_shows_the_next_item_and_leaves_it() {
    let ledger = Ledger::new(3);
    let (mut producer, mut consumer) = spsc::bounded(2);
    assert_eq!(consumer.peek().map(|item: &Item| item.number), Err(PopError::Empty));
    assert!(producer.push(ledger.item(0)).is_ok());
    assert!(producer.push(ledger.item(1)).is_ok());
    for number in 0..2 {
        for _ in 0..2 {
            assert_eq!(consumer.peek().map(|item| item.number), Ok(number));
        }
        assert_eq!(consumer.len(), 2 - number);
        ledger.assert_dropped(number);
        assert_eq!(consumer.pop().map(|item| item.number), Ok(number));
    }
    assert!(producer.push(ledger.item(2)).is_ok());
    drop(producer);
    assert_eq!(consumer.peek().map(|item| item.number), Ok(2));
    drop(consumer.pop());
    ledger.assert_dropped(3);
    assert_eq!(consumer.peek().map(|item| item.number), Err(PopError::Closed));
}
