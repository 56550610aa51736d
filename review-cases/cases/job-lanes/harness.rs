//! Workers that take while jobs are coming in.

use std::thread;

use render::{JobQueue, Lane};
use review_cases::harness::Harness;

/// Runs two workers that take once each while `office` works with the queue, and
/// says what they were given.
fn two_workers(queue: &JobQueue<u32>, office: impl FnOnce()) -> [Option<u32>; 2] {
    thread::scope(|scope| {
        let workers = [(); 2].map(|()| scope.spawn(|| queue.take()));
        office();
        workers.map(|worker| worker.join().unwrap())
    })
}

fn submit(queue: &JobQueue<u32>, lane: Lane, job: u32) {
    assert!(queue.submit(lane, job).is_ok(), "the queue is open");
}

/// A job for each worker, and the queue stays open: each gets one, none twice.
fn open_queue() {
    let queue = JobQueue::new();
    let mut taken = two_workers(&queue, || {
        submit(&queue, Lane::Bulk, 1);
        submit(&queue, Lane::Urgent, 2);
    });
    for answer in taken {
        assert!(answer.is_some(), "a worker was told to leave while the queue was open");
    }
    taken.sort_unstable();
    assert_eq!(taken, [Some(1), Some(2)], "each job is handed out once");
}

/// One job, then the queue is closed: one worker gets it, the other one leaves.
fn closed_queue() {
    let queue = JobQueue::new();
    let mut taken = two_workers(&queue, || {
        submit(&queue, Lane::Bulk, 1);
        queue.close();
    });
    taken.sort_unstable();
    assert_eq!(taken, [None, Some(1)], "what was in is handed out once");
    assert!(queue.submit(Lane::Bulk, 2).is_err(), "the queue is closed");
    assert_eq!(queue.take(), None, "nothing is left");
}

fn main() {
    let mut h = Harness::from_args();
    h.model("two workers, two jobs", open_queue);
    h.model("two workers, one job, closed", closed_queue);
    h.finish();
}
