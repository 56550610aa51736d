//! Models of `mpmc::bounded`.

use crate::support::{Mark, word};
use ringwright::check;
use ringwright::mpmc;
use ringwright::sync::thread;

/// One push and two pops, capacity 1.
pub fn hand_over() -> impl Fn() + Send + Sync + 'static {
    || {
        let (producer, consumer) = mpmc::bounded(1);
        let pushing = thread::spawn(move || producer.push(Box::new(1)).is_ok());
        let seen = [(); 2].map(|()| word(consumer.pop())).join(" ");
        assert!(pushing.join().unwrap());
        check::outcome(seen);
    }
}

/// Two producers with one item each, and whatever comes out afterwards.
pub fn two_producers() -> impl Fn() + Send + Sync + 'static {
    || {
        let (producer, consumer) = mpmc::bounded(2);
        let other = producer.clone();
        let pushing = thread::spawn(move || other.push(Box::new(1)).is_ok());
        assert!(producer.push(Box::new(2)).is_ok());
        drop(producer);
        assert!(pushing.join().unwrap());
        check::outcome([(); 3].map(|()| word(consumer.pop())).join(" "));
    }
}

/// Two consumers and two items that are there before.
pub fn two_consumers() -> impl Fn() + Send + Sync + 'static {
    || {
        let (producer, consumer) = mpmc::bounded(2);
        for item in [1, 2] {
            assert!(producer.push(Box::new(item)).is_ok());
        }
        let other = consumer.clone();
        let popping = thread::spawn(move || word(other.pop()));
        let mine = word(consumer.pop());
        let theirs = popping.join().unwrap();
        check::outcome(format!("{mine} {theirs}"));
    }
}

/// Two pushes through one slot, popped by another thread.
pub fn reuse() -> impl Fn() + Send + Sync + 'static {
    || {
        let (producer, consumer) = mpmc::bounded(1);
        let popping = thread::spawn(move || {
            let first = word(consumer.pop());
            (first, consumer)
        });
        let pushes =
            [1, 2].map(|item| if producer.push(Box::new(item)).is_ok() { "ok" } else { "full" }).join(" ");
        let (first, consumer) = popping.join().unwrap();
        drop(producer);
        let rest = [(); 2].map(|()| word(consumer.pop())).join(" ");
        check::outcome(format!("{pushes} / {first} / {rest}"));
    }
}

/// The last two consumers go, and the producer learns of it. What each did
/// before (it wrote to a cell) happens before `Closed`.
pub fn consumers_gone() -> impl Fn() + Send + Sync + 'static {
    || {
        let marks = std::sync::Arc::new([Mark::new(), Mark::new()]);
        let (producer, consumer) = mpmc::bounded::<u32>(1);
        let handles = [consumer.clone(), consumer];
        let mut threads = Vec::new();
        for (number, consumer) in handles.into_iter().enumerate() {
            let marks = std::sync::Arc::clone(&marks);
            threads.push(thread::spawn(move || {
                marks[number].set();
                drop(consumer);
            }));
        }
        let closed = producer.is_closed();
        if closed {
            assert!(marks.iter().all(Mark::is_set));
        }
        for thread in threads {
            thread.join().unwrap();
        }
        check::outcome(format!("closed {closed}"));
    }
}

/// The producer pushes and goes; `Closed` never comes before its item.
pub fn producer_gone() -> impl Fn() + Send + Sync + 'static {
    || {
        let (producer, consumer) = mpmc::bounded(1);
        let other = producer.clone();
        let pushing = thread::spawn(move || {
            assert!(other.push(Box::new(1)).is_ok());
        });
        drop(producer);
        let mut seen = vec![word(consumer.pop())];
        pushing.join().unwrap();
        seen.push(word(consumer.pop()));
        check::outcome(seen.join(" "));
    }
}
