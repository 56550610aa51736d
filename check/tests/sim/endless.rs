//! What would never end: servers that beat, gossip and tick for ever, and loops that wait for nothing.

use super::{SECOND, pair, quiet};
use ringwright_check::sim::{Cut, Effects, Sim, World};
use ringwright_check::{FailureKind, Limit, Report, Verdict};
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// `a` beats every `every`, `b` answers each beat; the outcome is when the execution ended.
fn beats(every: Duration) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| {
        let (a, b) = pair(world);
        let net = world.net::<u32>("beat");
        let (inbox, answers, clock) = (net.clone(), net.clone(), world.clock(a));
        world.serve(b, async move {
            loop {
                let beat = inbox.recv(b).await;
                inbox.send(b, a, beat.body).await;
            }
        });
        world.serve(a, async move {
            loop {
                clock.sleep(every).await;
                net.send(a, b, 1).await;
                answers.recv(a).await;
            }
        });
        let ended = world.clone();
        world.check_at_end(move || {
            ended.outcome(format!("{} s", ended.now().as_secs()));
            Ok(())
        });
    }
}

#[test]
fn heartbeats_below_settle_end_with_the_clients() {
    for every in [SECOND * 4 / 5, 10 * SECOND, 59 * SECOND] {
        let report = quiet("beats").faults(0).run(move |world| {
            beats(every)(world);
            let clock = world.clock(world.node("a"));
            world.spawn(world.node("a"), async move { clock.sleep(SECOND).await });
        });
        report.assert_passed();
        let ended: Vec<u64> =
            report.outcomes.iter().map(|o| o.trim_end_matches(" s").parse().expect("seconds")).collect();
        assert!(matches!(ended[..], [at] if at <= 61 && at + every.as_secs() >= 60), "{every:?}: {ended:?}");
    }
}

#[test]
fn a_client_that_waits_for_ever_is_in_a_deadlock_beside_heartbeats() {
    let report = Sim::new("waits").nodes(["a", "b", "c"]).faults(0).run(|world| {
        beats(10 * SECOND)(world);
        let (c, net) = (world.node("c"), world.net::<u32>("never"));
        world.spawn(c, async move {
            net.recv(c).await;
        });
    });
    report.assert_failed(FailureKind::Deadlock);
    let message = report.failure.expect("it failed").message;
    assert!(message.contains("c waits in a receive"), "{message}");
    assert!(message.ends_with("(servers went on by their own timers for 60 s)"), "{message}");
}

#[test]
fn a_server_that_reaches_a_client_by_its_own_timer_is_waited_for() {
    let report = quiet("late").faults(0).run(|world| {
        let (a, b) = pair(world);
        let (net, clock) = (world.net::<u32>("news"), world.clock(b));
        let inbox = net.clone();
        world.serve(b, async move {
            for number in 0..3 {
                clock.sleep(50 * SECOND).await;
                net.send(b, a, number).await;
            }
        });
        let pause = world.clock(a);
        world.spawn(a, async move {
            for _ in 0..3 {
                inbox.recv(a).await;
                pause.sleep(SECOND).await;
            }
        });
    });
    report.assert_passed();
}

#[test]
fn a_server_that_sends_again_is_waited_for_while_a_partition_lasts() {
    // `a` is told once, and tells `b` every 10 s until it hears of it.
    let model = |world: &World| {
        let (a, b) = pair(world);
        let net = world.net::<&'static str>("net");
        let effects = Effects::new(world, b);
        let (answers, clock, inbox) = (net.clone(), world.clock(a), net.clone());
        world.serve(b, async move {
            let mut seen = false;
            loop {
                let told = inbox.recv(b).await;
                if !std::mem::replace(&mut seen, true) {
                    effects.happened(1);
                }
                inbox.send(b, told.from, "heard").await;
            }
        });
        let heard = Rc::new(Cell::new(false));
        let hears = Rc::clone(&heard);
        world.serve(a, async move {
            loop {
                net.send(a, b, "news").await;
                if clock.timeout(10 * SECOND, answers.recv(a)).await.is_ok() {
                    hears.set(true);
                    return;
                }
            }
        });
        world.check_at_end(move || if heard.get() { Ok(()) } else { Err("a never heard".into()) });
    };
    let cut = |heal| quiet("cut").partitions([Cut::Link], [heal]).faults(1).run(model);
    cut(300 * SECOND).assert_passed();
    cut(Duration::MAX).assert_failed(FailureKind::Property);
}

#[test]
fn a_limit_says_what_went_on() {
    let report = quiet("fast").faults(0).max_steps(500).run(beats(Duration::from_millis(10)));
    assert_eq!(report.verdict, Verdict::LimitHit(Limit::Steps(500)));
    let note = report.notes.last().expect("a note");
    assert!(
        note.contains("servers only went on by their own timers") && note.contains("Sim::settle"),
        "{note}"
    );

    let report = quiet("slow").faults(0).max_steps(50).run(|world| {
        let (a, _) = pair(world);
        let clock = world.clock(a);
        world.spawn(a, async move {
            loop {
                clock.sleep(SECOND).await;
            }
        });
    });
    let note = report.notes.last().expect("a note");
    assert!(note.contains("a waits in a sleep (") && note.contains("endless.rs:"), "{note}");
}

// Loops that wait for nothing.

/// `a` runs `spin` for ever; the note says where.
fn spins<F: Future<Output = ()> + 'static>(
    spin: impl Fn(&World) -> F + Send + Sync + Copy + 'static,
) -> Report {
    let report = quiet("spin").faults(0).max_steps(1000).run(move |world| {
        let (a, b) = pair(world);
        let (net, spin) = (world.net::<u32>("inbox"), spin(world));
        world.serve(b, async move {
            loop {
                net.recv(b).await;
            }
        });
        world.spawn(a, spin);
    });
    assert_eq!(report.verdict, Verdict::LimitHit(Limit::Steps(1000)), "{report}");
    let note = report.notes.last().expect("a note").clone();
    assert!(
        note.contains("a was in a loop that waits for nothing (") && note.contains("endless.rs:"),
        "{note}"
    );
    report
}

#[test]
fn a_loop_over_operations_that_do_not_wait_is_a_limit_hit_with_its_place() {
    spins(|world| {
        let (world, (a, _)) = (world.clone(), pair(world));
        async move {
            loop {
                world.point(a).await;
            }
        }
    });
    spins(|world| {
        let (net, (a, b)) = (world.net::<u32>("m"), pair(world));
        async move {
            loop {
                net.send(a, b, 1).await;
            }
        }
    });
    spins(|world| {
        let (net, (a, b), clock) = (world.net::<u32>("m"), pair(world), world.clock(world.node("a")));
        async move {
            loop {
                let both = [net.send(a, b, 1), net.send(a, b, 2)];
                drop(clock.timeout(SECOND, ringwright_check::sim::join_all(both)).await);
            }
        }
    });
}

#[test]
fn a_loop_that_reads_the_clock_until_it_goes_on_is_a_limit_hit() {
    spins(|world| {
        let clock = world.clock(world.node("a"));
        async move { while clock.now_mono() < SECOND {} }
    });
    spins(|world| {
        let clock = world.clock(world.node("a"));
        async move {
            let begun = clock.now_wall();
            while clock.now_wall() < begun + SECOND {}
        }
    });
    spins(|world| {
        let world = world.clone();
        async move { while world.now() < SECOND {} }
    });
    spins(|world| {
        let world = world.clone();
        async move { while world.any(1) == 0 {} }
    });
    spins(|world| {
        let (world, a) = (world.clone(), world.node("a"));
        async move {
            loop {
                world.note(a, "still here");
            }
        }
    });
}

#[test]
fn many_operations_that_end_are_no_loop() {
    let report = quiet("many").faults(0).max_steps(1000).run(|world| {
        let (a, _) = pair(world);
        let (world, clock) = (world.clone(), world.clock(a));
        let inside = world.clone();
        world.spawn(a, async move {
            for _ in 0..9 {
                for _ in 0..900 {
                    inside.point(a).await;
                }
                clock.sleep(SECOND).await;
            }
        });
    });
    report.assert_passed();
}

#[test]
fn a_failure_before_a_loop_is_a_failure() {
    let report = quiet("violated").faults(0).max_steps(1000).run(|world| {
        let (world, a) = (world.clone(), world.node("a"));
        let inside = world.clone();
        world.spawn(a, async move {
            loop {
                inside.violated(a, "wrong");
            }
        });
    });
    report.assert_failed(FailureKind::Property);
}

#[test]
fn the_time_is_looked_at_within_an_execution() {
    let started = Instant::now();
    let half = SECOND / 2;
    for model in [false, true] {
        let sim = quiet("long").faults(0).max_steps(u64::MAX).max_time(half);
        let report = sim.run(move |world| {
            let (a, _) = pair(world);
            let (inside, clock) = (world.clone(), world.clock(a));
            world.spawn(a, async move {
                loop {
                    if model {
                        inside.point(a).await;
                    } else {
                        clock.sleep(SECOND).await;
                    }
                }
            });
        });
        assert_eq!(report.verdict, Verdict::LimitHit(Limit::Millis(500)), "{report}");
    }
    assert!(started.elapsed() < 20 * SECOND, "{:?}", started.elapsed());
}

#[test]
#[cfg(unix)]
fn a_loop_without_its_world_ends_the_process_with_the_name_of_its_node() {
    const CHILD: &str = "RINGWRIGHT_TEST_SPINS_WITHOUT_ITS_WORLD";
    if std::env::var_os(CHILD).is_some() {
        quiet("hangs").faults(0).watchdog(SECOND / 5).run(|world| {
            world.spawn(world.node("b"), async {
                loop {
                    std::future::ready(()).await;
                    std::hint::spin_loop();
                }
            });
        });
        unreachable!("it never ends");
    }
    let name = "endless::a_loop_without_its_world_ends_the_process_with_the_name_of_its_node";
    let child = std::process::Command::new(std::env::current_exe().expect("this test has a file"))
        .args(["--exact", name])
        .env(CHILD, "1")
        .output()
        .expect("it starts again");
    assert_eq!(child.status.code(), Some(101));
    let error = String::from_utf8_lossy(&child.stderr);
    assert!(error.contains("the simulation `hangs` hangs: a task of node b has not come back"), "{error}");
}
