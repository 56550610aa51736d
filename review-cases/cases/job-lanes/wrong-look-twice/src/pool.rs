//! The workers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::JobQueue;

/// What the workers did in their time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Reports rendered.
    pub done: u64,
    /// Jobs that panicked; the worker went on with the next one.
    pub panicked: u64,
}

/// Threads that work until the queue is closed and empty.
///
/// They do so even if the pool is dropped; [`finish`](Pool::finish) waits for them.
pub struct Pool<J> {
    queue: Arc<JobQueue<J>>,
    workers: Vec<JoinHandle<Summary>>,
}

impl<J: Send + 'static> Pool<J> {
    /// Starts `workers` threads that call `render` for each job.
    ///
    /// # Panics
    /// If the system cannot start a thread.
    pub fn start<R>(queue: &Arc<JobQueue<J>>, workers: usize, render: R) -> Self
    where
        R: Fn(J) + Clone + Send + 'static,
    {
        let start_one = |_| {
            let (queue, render) = (Arc::clone(queue), render.clone());
            thread::spawn(move || work(&queue, render))
        };
        Self {
            queue: Arc::clone(queue),
            workers: (0..workers).map(start_one).collect(),
        }
    }

    /// Closes the queue and waits until the workers have emptied it.
    pub fn finish(self) -> Summary {
        self.queue.close();
        let mut total = Summary::default();
        for worker in self.workers {
            // A worker catches what its jobs throw, so it ends by returning.
            let Summary { done, panicked } = worker.join().unwrap_or_default();
            total.done += done;
            total.panicked += panicked;
        }
        total
    }
}

fn work<J>(queue: &JobQueue<J>, render: impl Fn(J)) -> Summary {
    let mut summary = Summary::default();
    while let Some(job) = queue.take() {
        match catch_unwind(AssertUnwindSafe(|| render(job))) {
            Ok(()) => summary.done += 1,
            Err(_) => summary.panicked += 1,
        }
    }
    summary
}
