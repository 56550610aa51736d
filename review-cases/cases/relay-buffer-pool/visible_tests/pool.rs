//! Buffers are lent, written, and come back.

use relay::{BufferPool, Lease};
use std::thread;

#[test]
fn a_buffer_comes_back_with_the_lease() {
    let pool = BufferPool::new(1, 1500);
    let mut lease = pool.take().unwrap();
    assert_eq!(*lease, [0; 1500]);
    lease[7] = 0x45;
    drop(lease);
    let lease = pool.take().unwrap();
    assert_eq!((lease.len(), lease[7]), (1500, 0x45));
}

#[test]
fn a_pool_lends_no_more_than_it_has() {
    let pool = BufferPool::new(3, 8);
    let leases: Vec<Lease<'_>> = (0..3).map(|_| pool.take().unwrap()).collect();
    assert!(pool.take().is_none());
    drop(leases);
    assert!(pool.take().is_some());
    assert!(BufferPool::new(0, 8).take().is_none());
}

#[test]
fn the_buffer_that_came_back_last_goes_out_first() {
    let pool = BufferPool::new(2, 1);
    let (mut first, mut second) = (pool.take().unwrap(), pool.take().unwrap());
    first[0] = 1;
    second[0] = 2;
    drop(first);
    drop(second);
    let (a, b) = (pool.take().unwrap(), pool.take().unwrap());
    assert_eq!((a[0], b[0]), (2, 1));
}

#[test]
fn leases_are_dropped_on_other_threads() {
    let pool = BufferPool::new(4, 64);
    for round in 0..200 {
        let mut leases: Vec<Lease<'_>> = (0..4).map(|_| pool.take().unwrap()).collect();
        assert!(pool.take().is_none());
        for lease in &mut leases {
            lease.fill(round as u8);
        }
        thread::scope(|scope| {
            for lease in leases {
                scope.spawn(move || assert_eq!(*lease, [round as u8; 64]));
            }
        });
    }
    let leases: Vec<Lease<'_>> = (0..5).filter_map(|_| pool.take()).collect();
    assert_eq!(leases.len(), 4);
}
