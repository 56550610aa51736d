//! What a failure is shown as: the trace in parts, its order, the files, and
//! the page as a browser sees it.

use ringwright_check::alloc::Quarantine;
use ringwright_check::door::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use ringwright_check::door::cell::UnsafeCell;
use ringwright_check::door::{Arc, Mutex, thread};
use ringwright_check::{
    Check, Failure, FailureKind, Interleaving, Operation, OperationKind, Report, TraceLine,
};
use std::path::{Path, PathBuf};
use std::process::Command;

#[global_allocator]
static ALLOC: Quarantine = Quarantine;

/// A value and a flag that says that it is there.
struct Slot {
    ready: AtomicBool,
    value: UnsafeCell<usize>,
}

// SAFETY: it is shared to show the checker what goes wrong; an execution runs one thread at a time.
unsafe impl Sync for Slot {}

/// A race: the flag is set with the wrong ordering.
fn race() -> Report {
    Check::new("two threads <race> & \"co\"").run(|| {
        let slot = Arc::new(Slot { ready: AtomicBool::new(false), value: UnsafeCell::new(0) });
        let other = Arc::clone(&slot);
        let writer = thread::spawn(move || {
            // SAFETY: a race on purpose, of accesses that run one after the other.
            other.value.with_mut(|value| unsafe { *value = 7 });
            other.ready.store(true, Ordering::Relaxed);
        });
        // Acquire: pairs with nothing; the store is Relaxed, which is the bug.
        if slot.ready.load(Ordering::Acquire) {
            // SAFETY: as above.
            slot.value.with(|value| assert_eq!(unsafe { *value }, 7));
        }
        writer.join().expect("it does not panic");
    })
}

/// Three threads, each with one lock, each waiting for the next one's.
fn deadlock() -> Report {
    Check::new("three philosophers").run(|| {
        let forks: Vec<_> = (0..3).map(|_| Arc::new(Mutex::new(0usize))).collect();
        let threads: Vec<_> = (0..3)
            .map(|seat| {
                let (left, right) = (Arc::clone(&forks[seat]), Arc::clone(&forks[(seat + 1) % 3]));
                thread::spawn(move || {
                    let mut one = left.lock().expect("no panic");
                    let mut two = right.lock().expect("no panic");
                    (*one, *two) = (*one + 1, *two + 1);
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().expect("it does not panic"));
    })
}

/// Store buffering: both threads read 0, which no interleaving shows.
fn store_buffering() -> Report {
    Check::new("store buffering").run(|| {
        let (x, y) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (also_x, also_y) = (Arc::clone(&x), Arc::clone(&y));
        let left = thread::spawn(move || {
            also_x.store(1, Ordering::Relaxed);
            also_y.load(Ordering::Relaxed)
        });
        y.store(1, Ordering::Relaxed);
        let right = x.load(Ordering::Relaxed);
        let left = left.join().expect("it does not panic");
        assert!(left + right > 0, "neither saw the other");
    })
}

/// A lost update: a plain interleaving.
fn lost_update() -> Report {
    Check::new("lost update").run(|| {
        let count = Arc::new(AtomicUsize::new(0));
        let add = |count: &AtomicUsize| {
            let old = count.load(Ordering::SeqCst);
            count.store(old + 1, Ordering::SeqCst);
        };
        let other = Arc::clone(&count);
        let thread = thread::spawn(move || add(&other));
        add(&count);
        thread.join().expect("it does not panic");
        assert_eq!(count.load(Ordering::SeqCst), 2);
    })
}

/// Four threads and a longer run: a sequence lock whose reader has no fence, between two bystanders.
fn long_run() -> Report {
    Check::new("sequence lock without a fence").random(20_000).run(|| {
        let seq = Arc::new(AtomicUsize::new(0));
        let data: Vec<_> = (0..2).map(|_| Arc::new(AtomicUsize::new(0))).collect();
        let noise = Arc::new(AtomicUsize::new(0));
        let mut threads = Vec::new();
        {
            let (seq, data) = (Arc::clone(&seq), data.clone());
            threads.push(thread::spawn(move || {
                for round in 1..=2 {
                    seq.store(round * 2 - 1, Ordering::Relaxed);
                    fence(Ordering::Release);
                    data.iter().for_each(|cell| cell.store(round, Ordering::Relaxed));
                    seq.store(round * 2, Ordering::Release);
                }
            }));
        }
        for _ in 0..2 {
            let noise = Arc::clone(&noise);
            threads.push(thread::spawn(move || {
                for _ in 0..4 {
                    noise.fetch_add(1, Ordering::AcqRel);
                    noise.load(Ordering::Relaxed);
                }
            }));
        }
        let before = seq.load(Ordering::Acquire);
        let seen: Vec<usize> = data.iter().map(|cell| cell.load(Ordering::Relaxed)).collect();
        // Without `fence(Acquire)` here, the reads above may come from a later round.
        if before.is_multiple_of(2) && seq.load(Ordering::Relaxed) == before {
            assert_eq!(seen[0], seen[1], "torn");
        }
        threads.into_iter().for_each(|t| t.join().expect("it does not panic"));
    })
}

/// A model whose names and messages would be markup, if the page let them.
fn hostile() -> Report {
    Check::new("<script>document.title = 'name'</script>").run(|| {
        let name = "<img src=x onerror=\"document.title = 'lane'\">".to_owned();
        let thread = thread::Builder::new().name(name).spawn(|| {
            let x = AtomicUsize::new(0);
            x.load(Ordering::Relaxed);
            panic!("</script></title><script>document.title = 'message'</script>\u{1b}[31m");
        });
        drop(thread.expect("there is room").join());
        panic!("'\"><svg onload=alert(1)>");
    })
}

fn failure(report: &Report, kind: FailureKind) -> &Failure {
    report.assert_failed(kind);
    report.failure.as_ref().expect("a failed report has a failure")
}

fn operations(lines: &[TraceLine]) -> Vec<&Operation> {
    lines.iter().filter_map(|line| line.operation.as_ref()).collect()
}

fn dir(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn a_load_knows_the_store_it_read_and_all_it_could_have_read() {
    let report = race();
    let trace = &failure(&report, FailureKind::Race).trace;
    let at = trace.lines.iter().position(|l| l.what.starts_with("load")).expect("the flag is read");
    let load = trace.lines[at].operation.as_ref().expect("it is taken apart");
    assert_eq!(
        (load.kind, load.ordering.as_deref(), load.read),
        (OperationKind::Load, Some("Acquire"), Some(1))
    );
    let from = load.from.as_ref().expect("it read something");
    let store = &trace.lines[from.step.expect("a step")];
    assert!(from.step < Some(at) && store.what.starts_with("store") && trace.lanes[store.lane] == "t1");
    assert_eq!(store.operation.as_ref().and_then(|o| o.place), Some(1));
    let candidates: Vec<_> = load.candidates.iter().map(|c| (c.step.is_some(), c.place, c.value)).collect();
    assert_eq!(candidates, [(true, 1, 1), (false, 0, 0)]);
    let guilty: Vec<_> = trace.lines.iter().filter(|l| l.guilty).map(|l| (l.lane, l.what.as_str())).collect();
    assert_eq!(guilty, [(1, "write value"), (0, "read value")]);
    assert_eq!(trace.interleaving, Some(Interleaving::Plain));
}

#[test]
fn what_no_interleaving_shows_has_the_fewest_stale_reads_marked() {
    let report = store_buffering();
    let trace = &failure(&report, FailureKind::Panic).trace;
    let weak = Interleaving::Weak { stale_reads: 1, late_stores: 0, fewest: true };
    assert_eq!(trace.interleaving, Some(weak));
    let stale: Vec<_> = operations(&trace.lines).into_iter().filter(|o| o.stale).collect();
    assert_eq!(stale.iter().map(|o| (o.kind, o.read)).collect::<Vec<_>>(), [(OperationKind::Load, Some(0))]);
    let text = report.to_string();
    assert!(text.contains("needs weak memory: 1 read is stale (no order has fewer)"), "{text}");
    let stale = "; one newer store there, but nothing orders them before this";
    assert_eq!(trace.lines.iter().filter(|line| line.note.ends_with(stale)).count(), 1, "{text}");
}

#[test]
fn what_an_interleaving_shows_is_one() {
    let report = lost_update();
    let trace = &failure(&report, FailureKind::Panic).trace;
    assert_eq!(trace.interleaving, Some(Interleaving::Plain));
    assert!(operations(&trace.lines).iter().all(|o| !o.stale && !o.late));
    // Read as a program with one memory, the steps give these very values.
    let mut memory = std::collections::HashMap::new();
    for operation in operations(&trace.lines) {
        let Some(object) = &operation.object else { continue };
        if let (Some(read), Some(known)) = (operation.read, memory.get(object)) {
            assert_eq!(read, *known, "{report}");
        }
        if let Some(value) = operation.written.or(operation.read) {
            memory.insert(object.clone(), value);
        }
    }
    assert!(!report.to_string().contains("newer store"), "{report}");
    assert!(trace.lines.last().is_some_and(|l| l.guilty && l.what.starts_with("panic: ")), "{report}");
}

#[test]
fn a_deadlock_shows_what_each_thread_waits_for() {
    let report = deadlock();
    let lines = &failure(&report, FailureKind::Deadlock).trace.lines;
    let last: Vec<_> = lines[lines.len() - 4..].iter().map(|l| (l.lane, l.what.as_str(), l.guilty)).collect();
    let waits = "waits forever: ";
    assert!(
        last.iter().enumerate().all(|(lane, l)| l.0 == lane && l.1.starts_with(waits) && l.2),
        "{report}"
    );
    assert_eq!(last[0].1, "waits forever: join t1");
}

#[test]
fn a_long_run_is_made_smaller_and_its_token_replays_it() {
    let report = long_run();
    let failure = failure(&report, FailureKind::Panic);
    // What is needed: three Arcs and three spawns by main, its four loads and its panic; of the writer
    // the store to one of the two cells, and what comes before it.
    assert!(failure.trace.lines.len() <= 20, "{report}");
    let weak = Interleaving::Weak { stale_reads: 1, late_stores: 0, fewest: true };
    assert_eq!(failure.trace.interleaving, Some(weak), "{report}");
    if std::env::var_os("RINGWRIGHT_REPLAY").is_some() {
        println!("replayed in {} execution", report.executions);
        println!("{}", serde_json::to_string(&failure.trace).expect("it is plain data"));
        return;
    }
    assert!(report.notes.iter().any(|note| note.contains("was made smaller")), "{report}");
    let program = std::env::current_exe().expect("this program");
    let test = ["--exact", "a_long_run_is_made_smaller_and_its_token_replays_it", "--nocapture"];
    let child = Command::new(program).args(test).env("RINGWRIGHT_REPLAY", &failure.token).output();
    let child = child.expect("it can be started");
    let text = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{text}\n{}", String::from_utf8_lossy(&child.stderr));
    assert!(text.contains("replayed in 1 execution"), "{text}");
    // Not as text: what a line of text holds depends on the terminal.
    let trace = serde_json::to_string(&failure.trace).expect("it is plain data");
    assert!(text.contains(&trace), "{text}\nis not\n{trace}");
}

#[test]
fn a_report_comes_back_from_its_json() {
    for report in [race(), deadlock(), store_buffering()] {
        let again: Report = serde_json::from_str(&report.to_json()).expect("it is JSON");
        assert_eq!(again, report);
    }
}

#[test]
fn the_files_are_written_where_the_message_says() {
    let report = race();
    let panic = std::panic::catch_unwind(|| drop(report.assert_passed().clone())).expect_err("it failed");
    let text = panic.downcast_ref::<String>().expect("a message");
    let path = text.lines().find_map(|line| line.strip_prefix("report: ")).expect("the message says where");
    assert!(path.ends_with("ringwright/two-threads--race-----co-.html"), "{path}");
    assert_eq!(std::fs::read_to_string(path).expect("it is there"), report.to_html());
    let json = Path::new(path).with_extension("json");
    assert_eq!(std::fs::read_to_string(json).expect("it is there"), report.to_json());
    // Who expects the failure is not told of it.
    let unseen = lost_update();
    unseen.assert_failed(FailureKind::Panic);
    assert!(!Path::new(path).with_file_name("lost-update.html").exists());
}

#[test]
fn the_page_has_both_sites_of_a_race_with_their_lines() {
    let report = race();
    let html = report.to_html();
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file!()))
        .expect("this file");
    for site in &failure(&report, FailureKind::Race).sites {
        let line = text.lines().nth(site.line as usize - 1).expect("the line").trim();
        let line = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let marked =
            html.lines().find(|l| l.starts_with("<mark>") && l.contains(&format!(">{:>5} <", site.line)));
        assert!(marked.is_some_and(|l| l.contains(&line)), "{site}: {marked:?} without {line}");
    }
    assert!(html.contains(&failure(&report, FailureKind::Race).token));
    let loads = ["src=", "href=", "url(http", "@import", "fetch(", "XMLHttpRequest", "http://", "https://"];
    for word in loads.iter().filter(|word| html.contains(**word)) {
        // The name of SVG is a name only.
        assert!(
            *word == "http://"
                && html.matches("http://").count() == 1
                && html.contains("\"http://www.w3.org/2000/svg\"")
        );
    }
}

#[test]
fn nothing_that_a_model_says_is_markup() {
    let html = hostile().to_html();
    assert_eq!(html.matches("<script").count(), 2, "the page has its data and its own script");
    assert_eq!(html.matches("</script").count(), 2);
    for markup in ["<img", "<svg onload", "\u{1b}", "onerror=\""] {
        assert!(!html.contains(markup), "{markup}");
    }
    assert!(html.contains("&lt;script&gt;document.title"));
}

/// The windows of a desk and of a telephone.
const WIDE: &str = "1280,800";
const NARROW: &str = "390,844";

/// A browser that shows a page without a window, if there is one.
fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "google-chrome", "chromium-browser", "chrome", "chromium-headless-shell"];
    let programs = std::env::split_paths(&path).flat_map(|dir| names.map(|name| dir.join(name)));
    programs.into_iter().find(|program| program.is_file())
}

/// What the browser makes of the page of `report`, in a window of that size and with that `script` at its end.
fn seen_by(browser: &Path, report: &Report, step: usize, size: &str, script: &str) -> String {
    let name = format!("browser-{}-{}", std::process::id(), size);
    let (_, html) = report.write_files(dir(&name)).expect("it can be written");
    let text = std::fs::read_to_string(&html).expect("it was written");
    std::fs::write(&html, text.replace("</body>", &format!("<script>{script}</script></body>")))
        .expect("as above");
    let page = format!("file://{}#step{step}", html.display());
    let profile = format!("--user-data-dir={}", dir(&name).join("profile").display());
    let size = format!("--window-size={size}");
    let flags = ["--headless", "--no-sandbox", "--disable-gpu", &profile, &size, "--dump-dom", &page];
    let output = Command::new(browser).args(flags).output().expect("it can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn a_browser_shows_the_lanes_and_what_a_load_could_have_read() {
    let Some(browser) = browser() else {
        println!("skipped: no chromium, google-chrome, chromium-browser or chrome is on the PATH");
        return;
    };
    let report = race();
    let lines = &failure(&report, FailureKind::Race).trace.lines;
    let load = 1 + lines.iter().position(|l| l.what.starts_with("load")).expect("the flag is read");
    let dom = seen_by(&browser, &report, load, WIDE, "");
    for lane in ["main", "t1"] {
        assert!(dom.contains(&format!("text-anchor=\"middle\">{lane}</text>")), "no lane {lane} in\n{dom}");
    }
    // What only the script makes: the position, the detail of the step, the lights.
    assert!(dom.contains(&format!(">step {load} of {}</span>", lines.len())), "{dom}");
    assert!(dom.contains("Could have read any of 2, the newest first"), "{dom}");
    assert!(dom.contains("the initial value: 0") && dom.contains("1  (it read this one)"), "{dom}");
    assert_eq!(dom.matches("class=\"step lane1 read\"").count(), 1, "the store that it read is lit\n{dom}");

    let dom = seen_by(&browser, &hostile(), 1, WIDE, "");
    let title = dom.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    assert_eq!(title, Some("&lt;script&gt;document.title = 'name'&lt;/script&gt;: failed (panic)"));
    std::fs::remove_dir_all(dir(&format!("browser-{}-{WIDE}", std::process::id())))
        .expect("it was made here");
}

/// Steps through the page by its button, and writes into the title which steps are not in view: of the
/// window, of the frame and below the lanes' names.
const STEPS_OUT_OF_VIEW: &str = r##"
    const frame = document.querySelector(".scroll"), names = document.querySelector(".names");
    const controls = document.querySelector(".controls"), steps = document.querySelectorAll("#steps > .step");
    document.getElementById("first").click();
    const hidden = [];
    for (let at = 0; at < steps.length; at++) {
      const step = steps[at].querySelector("rect").getBoundingClientRect(), around = frame.getBoundingClientRect();
      const top = Math.max(around.top + names.getBoundingClientRect().height, controls.getBoundingClientRect().bottom);
      const shown = step.top >= top && step.bottom <= Math.min(around.bottom, innerHeight)
        && step.left >= around.left && (step.right <= around.right || step.width > around.width - 12);
      if (!shown) hidden.push(at + 1);
      document.getElementById("next").click();
    }
    const wide = document.documentElement.scrollWidth > innerWidth ? "; wider than the window" : "";
    document.title = `${innerWidth} pixels, ${steps.length} steps, hidden: [${hidden}]${wide}`;
"##;

#[test]
fn on_a_telephone_the_step_is_in_view() {
    let Some(browser) = browser() else {
        println!("skipped: no chromium, google-chrome, chromium-browser or chrome is on the PATH");
        return;
    };
    let report = long_run();
    let steps = failure(&report, FailureKind::Panic).trace.lines.len();
    let dom = seen_by(&browser, &report, 1, NARROW, STEPS_OUT_OF_VIEW);
    let title = dom.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    assert_eq!(title, Some(&*format!("390 pixels, {steps} steps, hidden: []")));
    std::fs::remove_dir_all(dir(&format!("browser-{}-{NARROW}", std::process::id())))
        .expect("it was made here");
}
