//! Workers that take while jobs are coming in.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use render::{JobQueue, Lane};
use review_cases::harness::Harness;

type Queue = Arc<JobQueue<u32>>;

/// A worker that takes so many times, jobs or not.
fn worker(queue: &Queue, times: usize) -> JoinHandle<Vec<Option<u32>>> {
    let queue = Arc::clone(queue);
    thread::spawn(move || (0..times).map(|_| queue.take()).collect())
}

/// Submits as many jobs as the workers take altogether. The queue stays open,
/// so each of them must get a job every time, and no job goes to two.
fn open_queue(takes: [usize; 2]) {
    let queue = Arc::new(JobQueue::new());
    let workers = takes.map(|times| worker(&queue, times));
    let jobs: Vec<u32> = (1..).take(takes.iter().sum()).collect();
    for &job in &jobs {
        let lane = if job % 2 == 0 {
            Lane::Urgent
        } else {
            Lane::Bulk
        };
        assert!(queue.submit(lane, job).is_ok(), "the queue is open");
    }
    let taken = workers.map(|worker| worker.join().unwrap());
    let mut got: Vec<u32> = Vec::new();
    for answer in taken.into_iter().flatten() {
        got.push(answer.expect("a worker was told to leave while the queue was open"));
    }
    got.sort_unstable();
    assert_eq!(got, jobs, "each job is handed out once");
}

/// Closing lets the workers have what is in, then tells each to leave.
fn closed_queue() {
    let queue = Arc::new(JobQueue::new());
    let workers = [worker(&queue, 2), worker(&queue, 2)];
    assert!(queue.submit(Lane::Bulk, 1).is_ok(), "the queue is open");
    queue.close();
    assert!(queue.submit(Lane::Bulk, 2).is_err(), "the queue is closed");
    let taken = workers.map(|worker| worker.join().unwrap());
    let got: Vec<u32> = taken.into_iter().flatten().flatten().collect();
    assert_eq!(got, [1], "what was in is handed out once");
}

fn main() {
    let mut h = Harness::from_args();
    h.model("two workers, two jobs", || open_queue([1, 1]));
    h.model("two workers, closed", closed_queue);
    h.model("two workers, three jobs", || open_queue([1, 2]));
    h.finish();
}
