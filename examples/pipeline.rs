//! Three threads in a row, joined by two single-producer single-consumer queues.
//!
//! A dropped end closes its queue, so the end of the input runs down the line
//! by itself, and so would the early death of a later stage run up.

use ringwright::{PopError, PushError, spsc};
use std::thread;

/// Pushes with patience. `false` if nobody is there to pop.
fn send<T>(to: &mut spsc::Producer<T>, mut item: T) -> bool {
    loop {
        match to.push(item) {
            Ok(()) => return true,
            Err(PushError::Full(back)) => item = back,
            Err(PushError::Closed(_)) => return false,
        }
        thread::yield_now();
    }
}

/// Pops with patience. `None` if nothing will come any more.
fn receive<T>(from: &mut spsc::Consumer<T>) -> Option<T> {
    loop {
        match from.pop() {
            Ok(item) => return Some(item),
            Err(PopError::Empty) => thread::yield_now(),
            Err(PopError::Closed) => return None,
        }
    }
}

fn main() {
    let (mut lines, mut parse) = spsc::bounded::<String>(16);
    let (mut numbers, mut add) = spsc::bounded::<u64>(16);

    thread::scope(|scope| {
        scope.spawn(move || {
            for i in 1..=1000 {
                if !send(&mut lines, format!("{i} apples")) {
                    return;
                }
            }
        });
        scope.spawn(move || {
            while let Some(line) = receive(&mut parse) {
                let (count, _) = line.split_once(' ').expect("a count and a word");
                if !send(&mut numbers, count.parse().expect("a number")) {
                    return;
                }
            }
        });
        let total: u64 = std::iter::from_fn(|| receive(&mut add)).sum();
        println!("{total} apples");
        assert_eq!(total, 500_500);
    });
}
