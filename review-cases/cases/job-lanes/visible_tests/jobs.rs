//! The queue and its workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use render::{Closed, JobQueue, Lane, Pool, Summary};

#[test]
fn urgent_jobs_come_first_and_each_lane_keeps_its_order() {
    let queue = JobQueue::new();
    let jobs = [
        (Lane::Bulk, "bulk 1"),
        (Lane::Urgent, "urgent 1"),
        (Lane::Bulk, "bulk 2"),
        (Lane::Urgent, "urgent 2"),
    ];
    for (lane, job) in jobs {
        queue.submit(lane, job).unwrap();
    }
    queue.close();
    let taken: Vec<_> = std::iter::from_fn(|| queue.take()).collect();
    assert_eq!(taken, ["urgent 1", "urgent 2", "bulk 1", "bulk 2"]);
}

#[test]
fn a_closed_queue_gives_the_job_back() {
    let queue = JobQueue::new();
    queue.close();
    assert_eq!(queue.submit(Lane::Bulk, 7), Err(Closed(7)));
    assert_eq!(queue.take(), None);
}

#[test]
fn a_waiting_worker_gets_what_comes() {
    let queue = Arc::new(JobQueue::new());
    let sum = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&sum);
    let pool = Pool::start(&queue, 1, move |pages: u64| {
        seen.fetch_add(pages, Ordering::Relaxed);
    });
    for pages in 1..=100 {
        queue.submit(Lane::Urgent, pages).unwrap();
    }
    let all = Summary {
        done: 100,
        panicked: 0,
    };
    assert_eq!(pool.finish(), all);
    assert_eq!(sum.load(Ordering::Relaxed), 5050);
}

#[test]
fn four_workers_empty_the_nightly_run() {
    let queue = Arc::new(JobQueue::new());
    for job in 0..400 {
        queue.submit(Lane::Bulk, job).unwrap();
    }
    queue.close();
    let pool = Pool::start(&queue, 4, |job: u64| {
        assert!(job % 100 != 99, "this report cannot be rendered");
    });
    let all = Summary {
        done: 396,
        panicked: 4,
    };
    assert_eq!(pool.finish(), all);
}

#[test]
fn idle_workers_leave_when_the_pool_finishes() {
    let queue = Arc::new(JobQueue::new());
    let pool = Pool::start(&queue, 4, |_: u64| {});
    assert_eq!(pool.finish(), Summary::default());
}
