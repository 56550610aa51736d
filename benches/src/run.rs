//! The threads of one run: opened, pinned, started at a barrier, clocked, and
//! given up on if they do not finish.

use crate::contender::{Backoff, Contender, END, Push as _};
use crate::machine;
use crate::shape::Shape;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// What the threads of a run do, besides ending the stream.
pub(crate) trait Work<C: Contender>: Send + Sync + 'static {
    /// What a consumer thread brings home.
    type Output: Send + 'static;

    /// Pushes all items of the producer with this number, and returns whether
    /// it could.
    fn produce(&self, producer: usize, handle: &mut C::Push, backoff: &Backoff) -> bool;

    /// Pops until [`END`], or until the run is called off.
    fn consume(&self, handle: &mut C::Pop, backoff: &Backoff) -> Self::Output;
}

/// A finished run.
pub(crate) struct FinishedRun<C: Contender, Output> {
    /// From the first start of a thread to the last stop of one.
    pub(crate) wall: Duration,
    /// What each consumer brought home, with its handle.
    pub(crate) outputs: Vec<(Output, C::Pop)>,
}

/// A run whose threads did not all finish before its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnfinishedRun;

/// When one thread started and stopped.
#[derive(Clone, Copy, Debug)]
struct ThreadTimes {
    start: Instant,
    stop: Instant,
}

/// Runs `work` on a fresh queue.
///
/// The threads are not scoped: one that hangs in a blocking call of a broken
/// contender can only be left behind.
pub(crate) fn run<C: Contender, W: Work<C>>(
    shape: Shape,
    capacity: usize,
    deadline: Duration,
    work: W,
) -> Result<FinishedRun<C, W::Output>, UnfinishedRun> {
    let (pushes, pops) = C::open(shape, capacity);
    assert_eq!(pushes.len(), shape.producers(), "{}: producers", C::NAME);
    assert_eq!(pops.len(), shape.consumers(), "{}: consumers", C::NAME);
    let work = Arc::new(work);
    let backoff = Backoff::default();
    let producing = Arc::new(AtomicUsize::new(shape.producers()));
    let outputs = Arc::new(Mutex::new(Vec::new()));
    let mut bodies: Vec<ThreadBody> = Vec::with_capacity(shape.threads());

    for (producer, mut handle) in pushes.into_iter().enumerate() {
        let (work, backoff) = (Arc::clone(&work), backoff.clone());
        let producing = Arc::clone(&producing);
        bodies.push(Box::new(move || {
            let start = Instant::now();
            let pushed = work.produce(producer, &mut handle, &backoff);
            // AcqRel: pairs with the AcqRel `fetch_sub` of the other producers,
            // so that the last one ends the stream after all items are in.
            if pushed && producing.fetch_sub(1, Ordering::AcqRel) == 1 {
                for _ in 0..shape.consumers() {
                    handle.push(END, &backoff);
                }
            }
            let stop = Instant::now();
            ThreadTimes { start, stop }
        }));
    }
    for mut handle in pops {
        let (work, backoff) = (Arc::clone(&work), backoff.clone());
        let outputs = Arc::clone(&outputs);
        bodies.push(Box::new(move || {
            let start = Instant::now();
            let output = work.consume(&mut handle, &backoff);
            let stop = Instant::now();
            lock(&outputs).push((output, handle));
            ThreadTimes { start, stop }
        }));
    }
    let wall = run_threads(bodies, deadline, &backoff)?;
    let outputs = std::mem::take(&mut *lock(&outputs));
    Ok(FinishedRun { wall, outputs })
}

/// What one thread does after the barrier. The call into it is dynamic, so that
/// threads are made by code that is compiled once; the loop inside is the
/// contender's own.
type ThreadBody = Box<dyn FnOnce() -> ThreadTimes + Send>;

/// Runs each body on a thread of its own, and returns the wall time.
fn run_threads(
    bodies: Vec<ThreadBody>,
    deadline: Duration,
    backoff: &Backoff,
) -> Result<Duration, UnfinishedRun> {
    let threads = bodies.len();
    let barrier = Arc::new(Barrier::new(threads));
    let mut cores = machine::cores_for(threads).into_iter();
    let (report, reports) = mpsc::channel();
    for body in bodies {
        let (barrier, report) = (Arc::clone(&barrier), report.clone());
        let core = cores.next();
        thread::spawn(move || {
            if let Some(core) = core {
                core_affinity::set_for_current(core);
            }
            barrier.wait();
            // The receiver is gone only after the run was given up.
            let _ = report.send(body());
        });
    }
    drop(report);

    let give_up = Instant::now() + deadline;
    let mut times = Vec::with_capacity(threads);
    while times.len() < threads {
        let left = give_up.saturating_duration_since(Instant::now());
        match reports.recv_timeout(left) {
            Ok(one) => times.push(one),
            Err(_) => {
                backoff.cancel();
                return Err(UnfinishedRun);
            }
        }
    }
    Ok(wall(&times))
}

/// Locks. No thread panics while it holds the lock.
fn lock<T>(outputs: &Mutex<T>) -> MutexGuard<'_, T> {
    outputs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From the first start to the last stop.
fn wall(times: &[ThreadTimes]) -> Duration {
    let first = times.iter().map(|one| one.start).min();
    let last = times.iter().map(|one| one.stop).max();
    match (first, last) {
        (Some(first), Some(last)) => last.duration_since(first),
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::{ThreadTimes, wall};
    use std::time::{Duration, Instant};

    #[test]
    fn the_wall_time_is_from_the_first_start_to_the_last_stop() {
        let zero = Instant::now();
        let at = |start, stop| ThreadTimes {
            start: zero + Duration::from_millis(start),
            stop: zero + Duration::from_millis(stop),
        };
        let times = [at(5, 20), at(3, 10), at(4, 15)];
        assert_eq!(wall(&times), Duration::from_millis(17));
    }
}
