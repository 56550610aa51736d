//! Jobs from two sources, done by as many workers as the machine has cores.
//!
//! Nobody counts jobs or tells the workers to stop: when the last producer is
//! gone and the queue is empty, `pop` says `Closed`.

use ringwright::{PopError, PushError, mpmc};
use std::thread;

/// A job: find the number of primes below this.
type Job = u32;

fn primes_below(limit: Job) -> usize {
    (2..limit).filter(|n| (2..).take_while(|d| d * d <= *n).all(|d| n % d != 0)).count()
}

fn source(jobs: &mpmc::Producer<Job>, range: std::ops::Range<Job>) {
    for mut job in range {
        while let Err(PushError::Full(back)) = jobs.push(job) {
            job = back;
            thread::yield_now();
        }
    }
}

fn worker(jobs: &mpmc::Consumer<Job>) -> (usize, usize) {
    let (mut done, mut primes) = (0, 0);
    loop {
        match jobs.pop() {
            Ok(job) => {
                done += 1;
                primes += primes_below(job);
            }
            Err(PopError::Empty) => thread::yield_now(),
            Err(PopError::Closed) => return (done, primes),
        }
    }
}

fn main() {
    let (producer, consumer) = mpmc::bounded(64);
    let workers = thread::available_parallelism().map_or(2, |cores| cores.get());
    thread::scope(|scope| {
        for range in [0..500, 500..1000] {
            let producer = producer.clone();
            scope.spawn(move || source(&producer, range));
        }
        drop(producer); // The two sources have their own.
        let pool: Vec<_> = (0..workers).map(|_| scope.spawn(|| worker(&consumer))).collect();
        let results: Vec<_> = pool.into_iter().map(|it| it.join().unwrap()).collect();
        for (number, (done, primes)) in results.iter().enumerate() {
            println!("worker {number} did {done} jobs and counted {primes} primes");
        }
        assert_eq!(results.iter().map(|it| it.0).sum::<usize>(), 1000);
    });
}
