//! Models of `spsc::bounded`.

use crate::support::{Mark, word};
use ringwright::PushError;
use ringwright::check;
use ringwright::spsc;
use ringwright::sync::thread;

/// One push and three pops, capacity 1: the item is boxed, so a slot that is
/// read before it is written, or an item that is dropped twice, shows.
pub fn hand_over() -> impl Fn() + Send + Sync + 'static {
    || {
        let (mut producer, mut consumer) = spsc::bounded(1);
        let pushing = thread::spawn(move || producer.push(Box::new(1)).is_ok());
        let seen: Vec<String> = (0..3).map(|_| word(consumer.pop())).collect();
        assert!(pushing.join().unwrap());
        check::outcome(seen.join(" "));
    }
}

/// Two pushes through one slot: the second one needs the slot back.
pub fn reuse() -> impl Fn() + Send + Sync + 'static {
    || {
        let (mut producer, mut consumer) = spsc::bounded(1);
        let pushing = thread::spawn(move || {
            [1, 2].map(|item| if producer.push(Box::new(item)).is_ok() { "ok" } else { "full" }).join(" ")
        });
        let first = word(consumer.pop());
        let second = word(consumer.pop());
        let pushes = pushing.join().unwrap();
        let rest: Vec<String> = (0..2).map(|_| word(consumer.pop())).collect();
        check::outcome(format!("{pushes} / {first} {second} / {}", rest.join(" ")));
    }
}

/// The consumer goes while the producer pushes: the item comes back or is
/// dropped with the queue, once.
pub fn consumer_gone() -> impl Fn() + Send + Sync + 'static {
    || {
        let (mut producer, consumer) = spsc::bounded(1);
        let dropping = thread::spawn(move || drop(consumer));
        let pushed = producer.push(Box::new(1)).is_ok();
        let closed = producer.is_closed();
        dropping.join().unwrap();
        assert!(producer.is_closed());
        check::outcome(format!("pushed {pushed} closed {closed}"));
    }
}

/// What the consumer did before it went happens before the producer learns of
/// it.
pub fn closed_to_the_producer() -> impl Fn() + Send + Sync + 'static {
    || {
        let mark = std::sync::Arc::new(Mark::new());
        let theirs = std::sync::Arc::clone(&mark);
        let (mut producer, consumer) = spsc::bounded(1);
        let dropping = thread::spawn(move || {
            theirs.set();
            drop(consumer);
        });
        let closed = matches!(producer.push(Box::new(1)), Err(PushError::Closed(_)));
        assert!(!closed || mark.is_set());
        dropping.join().unwrap();
        check::outcome(format!("closed {closed}"));
    }
}

/// What the producer did before it went happens before the consumer learns of
/// it by asking.
pub fn closed_to_the_consumer() -> impl Fn() + Send + Sync + 'static {
    || {
        let mark = std::sync::Arc::new(Mark::new());
        let theirs = std::sync::Arc::clone(&mark);
        let (producer, consumer) = spsc::bounded::<u32>(1);
        let dropping = thread::spawn(move || {
            theirs.set();
            drop(producer);
        });
        let closed = consumer.is_closed();
        assert!(!closed || mark.is_set());
        dropping.join().unwrap();
        check::outcome(format!("closed {closed}"));
    }
}
