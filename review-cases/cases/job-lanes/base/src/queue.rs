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

struct Jobs<J> {
    waiting: VecDeque<(Lane, J)>,
    closed: bool,
}

/// An unbounded queue of jobs for any number of workers.
pub struct JobQueue<J> {
    jobs: Mutex<Jobs<J>>,
    ready: Condvar,
}

impl<J> JobQueue<J> {
    /// An open queue without jobs.
    pub fn new() -> Self {
        Self {
            jobs: Mutex::new(Jobs {
                waiting: VecDeque::new(),
                closed: false,
            }),
            ready: Condvar::new(),
        }
    }

    /// Adds a job and wakes the workers.
    ///
    /// # Errors
    /// [`Closed`] gives the job back if the queue is closed.
    pub fn submit(&self, lane: Lane, job: J) -> Result<(), Closed<J>> {
        let mut jobs = self.lock();
        if jobs.closed {
            return Err(Closed(job));
        }
        jobs.waiting.push_back((lane, job));
        self.ready.notify_all();
        Ok(())
    }

    /// Takes the next job, after waiting for one if there is none.
    ///
    /// `None` tells a worker to leave: the queue is closed and empty.
    pub fn take(&self) -> Option<J> {
        let jobs = self.lock();
        let mut jobs = self
            .ready
            .wait_while(jobs, |jobs| jobs.waiting.is_empty() && !jobs.closed)
            .unwrap_or_else(PoisonError::into_inner);
        let urgent = jobs
            .waiting
            .iter()
            .position(|(lane, _)| *lane == Lane::Urgent);
        let (_, job) = jobs.waiting.remove(urgent.unwrap_or(0))?;
        Some(job)
    }

    /// Lets no more jobs in. Those that are in are still handed out.
    pub fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
    }

    /// No code of a caller runs under this lock, so a panic cannot leave the
    /// jobs half changed.
    fn lock(&self) -> MutexGuard<'_, Jobs<J>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Default for JobQueue<J> {
    fn default() -> Self {
        Self::new()
    }
}
