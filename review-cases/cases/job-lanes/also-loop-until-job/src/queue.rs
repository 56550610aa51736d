//! The queue between those who order reports and the workers.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How soon a job is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Somebody is looking at a progress bar: before everything in `Bulk`.
    Urgent,
    /// The nightly run.
    Bulk,
}

/// The queue is closed; here is the job that came too late.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed<J>(pub J);

struct Lanes<J> {
    urgent: VecDeque<J>,
    bulk: VecDeque<J>,
    closed: bool,
}

/// An unbounded queue of jobs for any number of workers.
pub struct JobQueue<J> {
    lanes: Mutex<Lanes<J>>,
    ready: Condvar,
}

impl<J> JobQueue<J> {
    /// An open queue without jobs.
    pub fn new() -> Self {
        Self {
            lanes: Mutex::new(Lanes {
                urgent: VecDeque::new(),
                bulk: VecDeque::new(),
                closed: false,
            }),
            ready: Condvar::new(),
        }
    }

    /// Adds a job and wakes a worker for it.
    ///
    /// # Errors
    /// [`Closed`] gives the job back if the queue is closed.
    pub fn submit(&self, lane: Lane, job: J) -> Result<(), Closed<J>> {
        let mut lanes = self.lock();
        if lanes.closed {
            return Err(Closed(job));
        }
        match lane {
            Lane::Urgent => lanes.urgent.push_back(job),
            Lane::Bulk => lanes.bulk.push_back(job),
        }
        self.ready.notify_one();
        Ok(())
    }

    /// Takes the next job, after waiting for one if there is none.
    ///
    /// `None` tells a worker to leave: the queue is closed and empty.
    pub fn take(&self) -> Option<J> {
        let mut lanes = self.lock();
        loop {
            let job = lanes.urgent.pop_front().or_else(|| lanes.bulk.pop_front());
            if job.is_some() || lanes.closed {
                return job;
            }
            lanes = self
                .ready
                .wait(lanes)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets no more jobs in. Those that are in are still handed out.
    pub fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
    }

    /// No code of a caller runs under this lock, so a panic cannot leave the
    /// lanes half changed.
    fn lock(&self) -> MutexGuard<'_, Lanes<J>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Default for JobQueue<J> {
    fn default() -> Self {
        Self::new()
    }
}
