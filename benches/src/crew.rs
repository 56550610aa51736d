//! The threads of one run: opened, pinned, started at a barrier, clocked, and
//! given up on if they do not finish.

use crate::contender::{Contender, END, Patience, Push as _};
use crate::{Shape, machine};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Barrier};
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

/// What one thread reports when it stops.
struct Stop<T> {
    start: Instant,
    stop: Instant,
    catch: Option<T>,
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
    let barrier = Arc::new(Barrier::new(shape.threads()));
    let producing = Arc::new(AtomicUsize::new(shape.producers()));
    let mut cores = machine::cores_for(shape.threads()).into_iter();
    let (report, reports) = mpsc::channel();

    for (producer, mut handle) in pushes.into_iter().enumerate() {
        let (work, patience) = (Arc::clone(&work), patience.clone());
        let producing = Arc::clone(&producing);
        spawn(&report, &barrier, cores.next(), move || {
            let pushed = work.produce(producer, &mut handle, &patience);
            // AcqRel: pairs with the AcqRel `fetch_sub` of the other producers,
            // so that the last one ends the stream after all items are in.
            if pushed && producing.fetch_sub(1, Ordering::AcqRel) == 1 {
                for _ in 0..shape.consumers() {
                    handle.push(END, &patience);
                }
            }
            None
        });
    }
    for mut handle in pops {
        let (work, patience) = (Arc::clone(&work), patience.clone());
        spawn(&report, &barrier, cores.next(), move || {
            let catch = work.consume(&mut handle, &patience);
            Some((catch, handle))
        });
    }
    drop(report);

    let give_up = Instant::now() + deadline;
    let mut stops = Vec::with_capacity(shape.threads());
    while stops.len() < shape.threads() {
        let left = give_up.saturating_duration_since(Instant::now());
        match reports.recv_timeout(left) {
            Ok(stop) => stops.push(stop),
            Err(_) => {
                patience.call_off();
                return Err(Unfinished);
            }
        }
    }
    Ok(Run {
        wall: wall(&stops),
        catches: stops.into_iter().filter_map(|stop| stop.catch).collect(),
    })
}

/// Starts one thread: pin, wait at the barrier, act, report.
fn spawn<T: Send + 'static>(
    report: &Sender<Stop<T>>,
    barrier: &Arc<Barrier>,
    core: Option<core_affinity::CoreId>,
    act: impl FnOnce() -> Option<T> + Send + 'static,
) {
    let report = report.clone();
    let barrier = Arc::clone(barrier);
    thread::spawn(move || {
        if let Some(core) = core {
            core_affinity::set_for_current(core);
        }
        barrier.wait();
        let start = Instant::now();
        let catch = act();
        let stop = Instant::now();
        // The receiver is gone only after the run was given up.
        let _ = report.send(Stop { start, stop, catch });
    });
}

/// From the first start to the last stop.
fn wall<T>(stops: &[Stop<T>]) -> Duration {
    let first = stops.iter().map(|stop| stop.start).min();
    let last = stops.iter().map(|stop| stop.stop).max();
    match (first, last) {
        (Some(first), Some(last)) => last.duration_since(first),
        _ => Duration::ZERO,
    }
}
