//! Message passing, two threads: how many executions a second.
use loom_tests as _;
use ringwright::check::Check;
use ringwright::sync::atomic::{AtomicUsize, Ordering};
use ringwright::sync::thread;
use std::sync::Arc;
fn main() {
    let n: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(200_000);
    let report = Check::new("mp").random(n).run(|| {
        let a = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let b = Arc::clone(&a);
        let t = thread::spawn(move || {
            b.0.store(1, Ordering::Relaxed);
            b.1.store(1, Ordering::Release);
        });
        if a.1.load(Ordering::Acquire) == 1 {
            assert_eq!(a.0.load(Ordering::Relaxed), 1);
        }
        t.join().unwrap();
    });
    println!("{report}\n{:.0} executions/s", n as f64 / report.elapsed.as_secs_f64());
}
