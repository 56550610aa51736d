//! Buffers that are on loan at the same time are different ones, and every
//! buffer comes back.

use relay::{BufferPool, Lease};
use review_cases::harness::Harness;
use std::mem;
use std::thread;

const MOST: usize = 4;

/// Takes everything there is: `count` buffers, no two the same.
fn judge(pool: &BufferPool, count: usize) {
    let mut leases: Vec<Lease<'_>> = Vec::new();
    while leases.len() < MOST
        && let Some(lease) = pool.take()
    {
        assert_eq!(lease.len(), 1);
        leases.push(lease);
    }
    let found = leases.len();
    give_back(leases);
    assert_eq!(found, count, "every buffer comes back, once");
}

/// Drops leases that are held at the same time, once they are known to differ.
fn give_back(leases: Vec<Lease<'_>>) {
    let same = leases.iter().enumerate().any(|(at, lease)| {
        let mut others = leases[..at].iter();
        others.any(|other| lease.as_ptr() == other.as_ptr())
    });
    if same {
        // A buffer that came back twice would tie the pool into a knot.
        mem::forget(leases);
        panic!("one buffer, two leases");
    }
}

/// What a worker does with a datagram.
fn work(pool: &BufferPool, mark: u8) {
    if let Some(mut lease) = pool.take() {
        lease[0] = mark;
        assert_eq!(lease[0], mark);
    }
}

fn main() {
    let mut h = Harness::from_args();
    h.model("two workers, one buffer", || {
        let pool = BufferPool::new(1, 1);
        thread::scope(|scope| {
            scope.spawn(|| work(&pool, 1));
            work(&pool, 2);
        });
        judge(&pool, 1);
    });
    h.model("one takes while another gives back", || {
        let pool = BufferPool::new(2, 1);
        let held = pool.take();
        thread::scope(|scope| {
            scope.spawn(move || drop(held));
            work(&pool, 1);
        });
        judge(&pool, 2);
    });
    h.model(
        "one takes while another takes two and returns the first",
        || {
            let pool = BufferPool::new(2, 1);
            let (mine, theirs) = thread::scope(|scope| {
                let other = scope.spawn(|| {
                    let first = pool.take();
                    let second = pool.take();
                    drop(first);
                    second
                });
                let mine = pool.take();
                (mine, other.join().unwrap())
            });
            let left = pool.take();
            let leases = [mine, theirs, left].into_iter().flatten().collect();
            give_back(leases);
            judge(&pool, 2);
        },
    );
    h.finish();
}
