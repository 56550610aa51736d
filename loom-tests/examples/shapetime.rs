use loom_tests::shapes::{all, structures};
use ringwright::check::Check;
use std::time::Duration;
fn main() {
    let want = std::env::args().nth(1).unwrap_or_default();
    let verbose = std::env::args().nth(2).is_some();
    for s in all().into_iter().filter(|s| s.name.contains(&want)) {
        let b = Check::new("b").max_time(Duration::from_secs(12)).run(s.buggy);
        let ok = b.failed().is_some_and(|k| s.expected.contains(&k));
        println!(
            "{:40} {} {} {}+{} {:.3}",
            s.name,
            if ok { "ok " } else { "BAD" },
            b.verdict,
            b.executions,
            b.blocked,
            b.seconds
        );
        if verbose || !ok {
            println!("{b}");
        }
        let f = Check::new("f").max_time(Duration::from_secs(12)).run(s.fixed);
        println!(
            "{:40} {} {} {}+{} {:.3}",
            "",
            if f.passed() { "ok " } else { "BAD" },
            f.verdict,
            f.executions,
            f.blocked,
            f.seconds
        );
        if !f.passed() {
            println!("{f}");
        }
    }
    for s in structures().into_iter().filter(|s| s.name.contains(&want)) {
        let f = Check::new("f").max_time(Duration::from_secs(20)).run(s.model);
        println!(
            "{:40} {} {} {}+{} {:.3}",
            s.name,
            if f.passed() { "ok " } else { "BAD" },
            f.verdict,
            f.executions,
            f.blocked,
            f.seconds
        );
        if !f.passed() {
            println!("{f}");
        }
    }
}
