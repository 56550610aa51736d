//! The threads of one run: opened, pinned, started at a barrier, clocked, and
//! given up on if they do not finish.

use crate::contender::{Contender, END, Patience, Push as _};
use crate::{Shape, machine};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// What the threads of a run do, besides ending the stream.
pub(crate) trait Work<C: Contender>: Send + Sync + 'static {
    /// What a consumer thread brings home.
    type Catch: Send + 'static;

    /// Pushes all items of the producer with this number, and returns whether
    /// it could.
    fn produce(&self, producer: usize, handle: &mut C::Push, patience: &Patience) -> bool;

    /// Pops until [`END`], or until the run is called off.
    fn consume(&self, handle: &mut C::Pop, patience: &Patience) -> Self::Catch;
}

/// A finished run.
pub(crate) struct Run<C: Contender, Catch> {
    /// From the first start of a thread to the last stop of one.
    pub(crate) wall: Duration,
    /// What each consumer brought home, with its handle.
    pub(crate) catches: Vec<(Catch, C::Pop)>,
}

/// A run whose threads did not all finish before its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unfinished;

/// When one thread started and stopped.
#[derive(Clone, Copy, Debug)]
struct Clocked {
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
) -> Result<Run<C, W::Catch>, Unfinished> {
    let (pushes, pops) = C::open(shape, capacity);
    assert_eq!(pushes.len(), shape.producers(), "{}: producers", C::NAME);
    assert_eq!(pops.len(), shape.consumers(), "{}: consumers", C::NAME);
    let work = Arc::new(work);
    let patience = Patience::default();
    let producing = Arc::new(AtomicUsize::new(shape.producers()));
    let catches = Arc::new(Mutex::new(Vec::new()));
    let mut acts: Vec<Act> = Vec::with_capacity(shape.threads());

    for (producer, mut handle) in pushes.into_iter().enumerate() {
        let (work, patience) = (Arc::clone(&work), patience.clone());
        let producing = Arc::clone(&producing);
        acts.push(Box::new(move || {
            let start = Instant::now();
            let pushed = work.produce(producer, &mut handle, &patience);
            // AcqRel: pairs with the AcqRel `fetch_sub` of the other producers,
            // so that the last one ends the stream after all items are in.
            if pushed && producing.fetch_sub(1, Ordering::AcqRel) == 1 {
                for _ in 0..shape.consumers() {
                    handle.push(END, &patience);
                }
            }
            let stop = Instant::now();
            Clocked { start, stop }
        }));
    }
    for mut handle in pops {
        let (work, patience) = (Arc::clone(&work), patience.clone());
        let catches = Arc::clone(&catches);
        acts.push(Box::new(move || {
            let start = Instant::now();
            let catch = work.consume(&mut handle, &patience);
            let stop = Instant::now();
            lock(&catches).push((catch, handle));
            Clocked { start, stop }
        }));
    }
    let wall = perform(acts, deadline, &patience)?;
    let catches = std::mem::take(&mut *lock(&catches));
    Ok(Run { wall, catches })
}

/// What one thread does after the barrier. The call into it is dynamic, so that
/// threads are made by code that is compiled once; the loop inside is the
/// contender's own.
type Act = Box<dyn FnOnce() -> Clocked + Send>;

/// Lets one thread perform each act, and returns the wall time.
fn perform(acts: Vec<Act>, deadline: Duration, patience: &Patience) -> Result<Duration, Unfinished> {
    let threads = acts.len();
    let barrier = Arc::new(Barrier::new(threads));
    let mut cores = machine::cores_for(threads).into_iter();
    let (report, reports) = mpsc::channel();
    for act in acts {
        let (barrier, report) = (Arc::clone(&barrier), report.clone());
        let core = cores.next();
        thread::spawn(move || {
            if let Some(core) = core {
                core_affinity::set_for_current(core);
            }
            barrier.wait();
            // The receiver is gone only after the run was given up.
            let _ = report.send(act());
        });
    }
    drop(report);

    let give_up = Instant::now() + deadline;
    let mut clocked = Vec::with_capacity(threads);
    while clocked.len() < threads {
        let left = give_up.saturating_duration_since(Instant::now());
        match reports.recv_timeout(left) {
            Ok(one) => clocked.push(one),
            Err(_) => {
                patience.call_off();
                return Err(Unfinished);
            }
        }
    }
    Ok(wall(&clocked))
}

/// Locks. No thread panics while it holds the lock.
fn lock<T>(catches: &Mutex<T>) -> MutexGuard<'_, T> {
    catches.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From the first start to the last stop.
fn wall(clocked: &[Clocked]) -> Duration {
    let first = clocked.iter().map(|one| one.start).min();
    let last = clocked.iter().map(|one| one.stop).max();
    match (first, last) {
        (Some(first), Some(last)) => last.duration_since(first),
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::{Clocked, wall};
    use std::time::{Duration, Instant};

    #[test]
    fn the_wall_time_is_from_the_first_start_to_the_last_stop() {
        let zero = Instant::now();
        let at = |start, stop| Clocked {
            start: zero + Duration::from_millis(start),
            stop: zero + Duration::from_millis(stop),
        };
        let clocked = [at(5, 20), at(3, 10), at(4, 15)];
        assert_eq!(wall(&clocked), Duration::from_millis(17));
    }
}
