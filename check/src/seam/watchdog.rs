//! The watchdog: code of a model that never ends, and never comes back to the checker, ends the process with an
//! error that says where.
//!
//! Nobody can stop such code: it runs on the operating-system thread of its search. So another thread, one for the
//! process, looks now and then whether each search has made a step since it looked last.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A search, as the watchdog sees it.
pub(crate) trait Watchable: Send + Sync {
    /// Steps so far, in any count that grows; `None` while the search may take as long as it likes.
    fn steps(&self) -> Option<u64>;
    /// What the process says of the search `name`, which has made no step for `silence`, before it ends.
    fn hangs(&self, name: &str, silence: Duration) -> String;
}

/// A search that is being watched.
struct WatchedSearch {
    number: u64,
    name: String,
    silence: Duration,
    search: Arc<dyn Watchable>,
    /// What it said when it was looked at last, and when it is looked at again.
    seen: Option<u64>,
    due: Instant,
}

/// All that are being watched.
struct WatchList {
    searches: Vec<WatchedSearch>,
    /// Searches so far.
    count: u64,
    /// Whether the watching thread has started.
    started: bool,
    /// When it looks again; `None` if it waits to be told.
    wakes: Option<Instant>,
}

static WATCH_LIST: Mutex<WatchList> =
    Mutex::new(WatchList { searches: Vec::new(), count: 0, started: false, wakes: None });

/// The watching thread has to look earlier than it thinks.
static LOOK_NOW: Condvar = Condvar::new();

fn watch_list() -> MutexGuard<'static, WatchList> {
    WATCH_LIST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Watches until it is dropped.
#[derive(Debug)]
pub(crate) struct WatchdogGuard(Option<u64>);

impl Drop for WatchdogGuard {
    fn drop(&mut self) {
        if let Some(number) = self.0 {
            watch_list().searches.retain(|search| search.number != number);
        }
    }
}

/// Ends the process if `search` makes no step for `silence`, unless that is zero.
pub(crate) fn watch(name: &str, silence: Duration, search: Arc<dyn Watchable>) -> WatchdogGuard {
    if silence.is_zero() {
        return WatchdogGuard(None);
    }
    let mut watch_list = watch_list();
    if !watch_list.started {
        // Without a thread to spare nobody watches; the search itself is as it was.
        let thread =
            std::thread::Builder::new().name("ringwright watchdog".into()).spawn(look_again_and_again);
        watch_list.started = thread.is_ok();
    }
    watch_list.count += 1;
    let (number, due, seen) = (watch_list.count, Instant::now() + silence, search.steps());
    watch_list.searches.push(WatchedSearch { number, name: name.to_owned(), silence, search, seen, due });
    if watch_list.wakes.is_none_or(|wakes| due < wakes) {
        LOOK_NOW.notify_one();
    }
    WatchdogGuard(Some(number))
}

/// The life of the watching thread.
fn look_again_and_again() {
    let mut watch_list = watch_list();
    loop {
        watch_list.wakes = watch_list.searches.iter().map(|search| search.due).min();
        watch_list = match watch_list.wakes {
            Some(wakes) => {
                let time = wakes.saturating_duration_since(Instant::now());
                LOOK_NOW.wait_timeout(watch_list, time).unwrap_or_else(PoisonError::into_inner).0
            }
            None => LOOK_NOW.wait(watch_list).unwrap_or_else(PoisonError::into_inner),
        };
        let now = Instant::now();
        watch_list.searches.iter_mut().filter(|search| search.due <= now).for_each(|search| search.look(now));
    }
}

impl WatchedSearch {
    fn look(&mut self, now: Instant) {
        let steps = self.search.steps();
        if steps.is_some() && steps == self.seen {
            let text = self.search.hangs(&self.name, self.silence);
            // Not `eprint!`: what a test's threads print is captured, and lost with the process.
            let _ = std::io::stderr().lock().write_all(text.as_bytes());
            std::process::exit(101);
        }
        (self.seen, self.due) = (steps, now + self.silence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Counting(AtomicU64);

    impl Watchable for Counting {
        fn steps(&self) -> Option<u64> {
            // Relaxed: one number.
            Some(self.0.fetch_add(1, Ordering::Relaxed))
        }

        fn hangs(&self, name: &str, _: Duration) -> String {
            unreachable!("{name} makes a step each time")
        }
    }

    #[test]
    fn a_search_is_looked_at_again_and_again_until_its_guard_is_gone() {
        let search = Arc::new(Counting(AtomicU64::new(0)));
        let long = watch("long", Duration::from_secs(3_600), Arc::clone(&search) as Arc<dyn Watchable>);
        // Due before the other: the thread must be told.
        let short = watch("short", Duration::from_millis(1), Arc::clone(&search) as Arc<dyn Watchable>);
        // Relaxed, here and below: one number.
        while search.0.load(Ordering::Relaxed) < 10 {
            std::thread::yield_now();
        }
        drop((short, long));
        assert_eq!(Arc::strong_count(&search), 1, "nothing is kept");
        let looked = search.0.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(search.0.load(Ordering::Relaxed), looked);
    }

    #[test]
    fn no_silence_is_no_watch() {
        let search = Arc::new(Counting(AtomicU64::new(0)));
        let guard = watch("silent", Duration::ZERO, Arc::clone(&search) as Arc<dyn Watchable>);
        assert_eq!((guard.0, Arc::strong_count(&search)), (None, 1));
    }
}
