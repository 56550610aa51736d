//! Crashes one by one: where they are tried, and what they take.

use crate::{SECOND, assert_executions, echo, pair, quiet};
use ringwright_check::FailureKind;
use ringwright_check::sim::{Disk, Downtime, File, Net, Node, Sim, World};
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;

/// No faults but crashes.
fn crashing(name: &str) -> Sim {
    quiet(name).crashes([Downtime::For(SECOND)])
}

/// `b` takes whatever comes, and can crash.
fn boot_sink(world: &World, net: &Net<u32>) {
    let (_, b) = pair(world);
    let net = net.clone();
    world.boot(b, move || {
        let net = net.clone();
        async move {
            loop {
                net.recv(b).await;
            }
        }
    });
}

/// Calls `program` with the number of the life: 1, and after a crash 2.
fn boot_counted<F: Future<Output = ()> + 'static>(
    world: &World,
    node: Node,
    program: impl Fn(u32) -> F + 'static,
) {
    let lives = Cell::new(0);
    world.boot(node, move || {
        lives.set(lives.get() + 1);
        program(lives.get())
    });
}

#[test]
fn a_node_crashes_where_it_waits_where_it_wakes_and_before_it_acts() {
    // b: as it starts, as it waits, as the message has come, as it waits again.
    let report = crashing("sink").faults(1).run(|world| {
        let (a, b) = pair(world);
        let net = world.net::<u32>("net");
        boot_sink(world, &net);
        world.spawn(a, async move { net.send(a, b, 1).await });
    });
    assert_executions(&report, 1 + 4);
    assert_eq!(report.notes[1], "placed in all executions: crash 4");
    // And before the reply is sent.
    let report = crashing("echo").faults(1).run(|world| {
        let (a, b) = pair(world);
        let (net, inside) = (world.net::<u32>("net"), world.clone());
        let server = net.clone();
        world.boot(b, move || {
            let server = server.clone();
            async move {
                loop {
                    let request = server.recv(b).await;
                    server.reply(&request, request.body).await;
                }
            }
        });
        world.spawn(a, async move {
            let reply = net.call(a, b, 1, SECOND).await;
            inside.outcome(format!("{reply:?}"));
        });
    });
    assert_executions(&report, 1 + 5);
    report.assert_outcomes(["Ok(1)", "Err(Timeout)"]);
}

#[test]
fn a_node_that_does_not_say_how_it_starts_does_not_crash() {
    let report = crashing("served").run(|world| {
        let (a, b) = pair(world);
        let net = world.net::<u32>("net");
        echo(world, &net, b);
        world.spawn(a, async move {
            let _ = net.call(a, b, 1, SECOND).await;
        });
    });
    assert_executions(&report, 1);
    assert_eq!(report.notes[0], "faults: none");
    let report = quiet("booted").crashes([]).run(|world| boot_sink(world, &world.net("net")));
    assert_executions(&report, 1);
}

#[test]
fn what_is_sent_to_a_node_that_is_down_is_lost_and_no_choice() {
    // Without a fault: b starts, waits, wakes, waits; one message to lose. After
    // a crash there is a start and a wait more. A crash at the beginning leaves
    // nothing to lose: b is down until after the message has come.
    let report = crashing("down").loss(true).faults(2).run(|world| {
        let (a, b) = pair(world);
        let (net, clock) = (world.net::<u32>("net"), world.clock(a));
        boot_sink(world, &net);
        world.spawn(a, async move {
            clock.sleep(SECOND / 2).await;
            net.send(a, b, 1).await;
        });
    });
    assert_executions(&report, 1 + (4 + 1) + 4 * 2);
}

#[test]
fn a_crash_takes_tasks_inboxes_and_calls_and_leaves_disks() {
    let report = crashing("takes").faults(1).run(|world| {
        let (a, b) = pair(world);
        let (net, disk) = (world.net::<u32>("net"), world.disk::<&str, u32>(b));
        echo(world, &net, a);
        let (inside, sender) = (world.clone(), net.clone());
        boot_counted(world, b, move |life| {
            let (world, net, disk) = (inside.clone(), net.clone(), disk.clone());
            async move {
                // A second task, which must not outlive the first.
                let (clock, other) = (world.clock(b), world.clone());
                let born = other.now();
                world.serve(b, async move {
                    clock.sleep(10 * SECOND).await;
                    other.outcome(format!("task of life {life} after {:?}", other.now() - born));
                });
                let before = disk.read("life").await;
                disk.write("life", life).await;
                disk.sync().await.expect("the disk works");
                let reply = net.call(b, a, life, SECOND).await;
                let heard = net.recv(b).await.body;
                world.outcome(format!("{before:?} {reply:?} {heard}"));
            }
        });
        let clock = world.clock(a);
        world.spawn(a, async move {
            // Twice, and the second time b is up again.
            for number in [7, 8] {
                clock.sleep(2 * SECOND).await;
                sender.send(a, b, number).await;
            }
        });
    });
    report.assert_passed().assert_outcomes([
        "None Ok(1) 7",
        // It crashed before the first sync, after it, and with the 7 in its hands.
        "None Ok(2) 7",
        "Some(1) Ok(2) 7",
        "Some(1) Ok(2) 8",
        "task of life 1 after 10s",
        "task of life 2 after 10s",
    ]);
}

type Program = Pin<Box<dyn Future<Output = ()>>>;

/// A program that writes and syncs, and what it finds when it starts again.
fn writes(world: &World, program: fn(Disk<u32, u32>) -> Program) {
    let (a, _) = pair(world);
    let (disk, inside) = (world.disk(a), world.clone());
    boot_counted(world, a, move |life| {
        let (disk, world) = (disk.clone(), inside.clone());
        async move {
            if life == 1 {
                program(disk).await;
            } else {
                let found: Vec<u32> = disk.read_all().await.into_keys().collect();
                world.outcome(format!("{found:?}"));
            }
        }
    });
}

#[test]
fn a_crash_keeps_the_first_few_writes_since_the_last_sync() {
    let report = crashing("disk").faults(1).run(|world| {
        let (a, _) = pair(world);
        let (disk, inside, done) = (world.disk(a), world.clone(), Rc::new(Cell::new(0)));
        boot_counted(world, a, move |life| {
            let (disk, world, done) = (disk.clone(), inside.clone(), Rc::clone(&done));
            async move {
                if life == 2 {
                    let found: Vec<u32> = disk.read_all().await.into_keys().collect();
                    world.outcome(format!("{found:?} of {}", done.get()));
                    return;
                }
                for number in 1..=3 {
                    disk.write(number, ()).await;
                    done.set(number);
                    if number == 1 {
                        disk.sync().await.expect("the disk works");
                    }
                }
                std::future::pending().await
            }
        });
    });
    report.assert_passed().assert_outcomes([
        "[] of 0",
        // Before the sync, and after it.
        "[] of 1",
        "[1] of 1",
        "[1] of 2",
        "[1, 2] of 2",
        "[1] of 3",
        "[1, 2] of 3",
        "[1, 2, 3] of 3",
    ]);
}

#[test]
fn what_was_received_and_not_yet_acted_on_is_lost() {
    let report = crashing("inbox").faults(1).run(|world| {
        let (a, b) = pair(world);
        let (net, clock, inside) = (world.net::<u32>("net"), world.clock(a), world.clone());
        let inbox = net.clone();
        boot_counted(world, b, move |life| {
            let (world, clock, next) = (inside.clone(), inside.clock(b), inbox.recv(b));
            async move {
                clock.sleep(5 * SECOND).await;
                let got = clock.timeout(5 * SECOND, next).await.map(|message| message.body);
                world.outcome(format!("life {life} gets {got:?}"));
            }
        });
        world.spawn(a, async move {
            clock.sleep(2 * SECOND).await;
            net.send(a, b, 7).await;
        });
    });
    // Down before it came; and up when it had come, but down before it was read.
    let expected = ["life 1 gets Ok(7)", "life 2 gets Ok(7)", "life 2 gets Err(TimeoutError)"];
    report.assert_passed().assert_outcomes(expected);
}

#[test]
fn a_failed_sync_has_lost_what_it_was_for() {
    // Syncing again says that all is well, and keeps nothing of it.
    let report = crashing("sync").sync_errors(true).faults(2).run(|world| {
        writes(world, |disk| {
            Box::pin(async move {
                disk.write(1, 1).await;
                if disk.sync().await.is_err() {
                    disk.sync().await.expect("one fault is left for the crash");
                    assert_eq!(disk.read(1).await, Some(1));
                    disk.write(2, 2).await;
                    disk.sync().await.expect("one fault is left for the crash");
                }
                std::future::pending().await
            })
        });
    });
    report.assert_failed(FailureKind::Panic);
    let report = crashing("sync").sync_errors(true).faults(2).run(|world| {
        writes(world, |disk| {
            Box::pin(async move {
                disk.write(1, 1).await;
                if disk.sync().await.is_err() {
                    let _ = disk.sync().await;
                    assert_eq!(disk.read(1).await, Some(1));
                    disk.write(2, 2).await;
                    let _ = disk.sync().await;
                }
                std::future::pending().await
            })
        });
    });
    report.assert_passed().assert_outcomes(["[]", "[1]", "[2]"]);
}

#[test]
fn a_crash_tears_the_last_write_to_a_file() {
    let run = |torn| {
        crashing("file").torn_writes(torn).faults(1).run(|world| {
            let (a, _) = pair(world);
            let (file, inside): (File, _) = (world.file(a), world.clone());
            boot_counted(world, a, move |life| {
                let (file, world) = (file.clone(), inside.clone());
                async move {
                    if life == 1 {
                        file.append(b"ab").await;
                        file.sync().await.expect("the disk works");
                        file.append(b"cdef").await;
                        return std::future::pending().await;
                    }
                    let found = file.read().await;
                    world.outcome(format!("{}", found.escape_ascii()));
                }
            });
        })
    };
    run(false).assert_passed().assert_outcomes(["", "ab", "abcdef"]);
    let torn = ["", "a", "a\\x00", "ab", "abcd", "abcd\\x00\\x00", "abcdef"];
    run(true).assert_passed().assert_outcomes(torn);
}

#[test]
fn a_node_stays_down_as_long_as_was_named() {
    let downs = [Downtime::For(SECOND), Downtime::For(3 * SECOND), Downtime::Forever];
    let report = quiet("long").crashes(downs).faults(1).run(|world| {
        let (a, _) = pair(world);
        let inside = world.clone();
        let ends = world.clone();
        world.check_at_end(move || {
            ends.outcome(if ends.is_up(a) { "up" } else { "down" });
            Ok(())
        });
        boot_counted(world, a, move |life| {
            let world = inside.clone();
            async move { world.outcome(format!("life {life} at {:?}", world.now())) }
        });
    });
    // It ends at once: the one place to crash is its start.
    assert_executions(&report, 1 + 3);
    report.assert_outcomes(["life 1 at 0ns", "life 2 at 1s", "life 2 at 3s", "up", "down"]);
}

#[test]
fn a_pause_that_a_crash_cuts_short_is_over() {
    // b pauses, and cannot crash until it goes on; a crash ends no pause of a.
    let sim = quiet("both").crashes([Downtime::For(SECOND)]).pauses([10 * SECOND]);
    let report = sim.run(|world| {
        let (a, b) = pair(world);
        let net = world.net::<u32>("net");
        boot_sink(world, &net);
        let inside = world.clone();
        world.spawn(a, async move {
            for number in 0..3 {
                net.send(a, b, number).await;
            }
            inside.outcome(format!("{:?}", inside.now()));
        });
    });
    report.assert_passed().assert_outcomes(["0ns", "10s", "20s"]);
}

#[test]
fn a_token_replays_a_crash_and_what_it_left() {
    let model = |world: &World| {
        let (a, _) = pair(world);
        let (file, inside) = (world.file(a), world.clone());
        boot_counted(world, a, move |life| {
            let (file, world) = (file.clone(), inside.clone());
            async move {
                if life == 1 {
                    file.append(b"abcd").await;
                    return std::future::pending().await;
                }
                if file.read().await == b"ab\0\0" {
                    world.violated(a, "torn");
                }
            }
        });
    };
    let report = crashing("token").run(model);
    report.assert_failed(FailureKind::Property);
    let first = report.failure.expect("it failed");
    let lines: Vec<&str> = first.trace.lines.iter().map(|line| line.what.as_str()).collect();
    let torn = "0 of 1 unsynced writes are kept, the next one is torn and ends in zeros";
    assert_eq!(&lines[1..4], ["crash, down 1 s", torn, "starts again"]);
    let again = crashing("token").replay(&first.token).run(model);
    assert_eq!(again.failure, Some(first));
}

#[test]
#[should_panic(expected = "b was booted already")]
fn a_node_has_one_program() {
    let report = crashing("twice").run(|world| {
        let net = world.net("net");
        boot_sink(world, &net);
        boot_sink(world, &net);
    });
    report.assert_passed();
}

#[test]
fn what_a_program_owns_is_dropped_in_a_crash() {
    let report = crashing("drops").faults(1).run(|world| {
        let (a, _) = pair(world);
        let (held, inside) = (Rc::new(()), world.clone());
        let watch = Rc::downgrade(&held);
        world.boot(a, move || {
            let (held, world) = (Rc::clone(&held), inside.clone());
            async move {
                world.clock(a).sleep(5 * SECOND).await;
                drop(held);
            }
        });
        let inside = world.clone();
        world.check_at_end(move || {
            inside.outcome(format!("{}", watch.strong_count()));
            Ok(())
        });
    });
    // Only the program itself still holds it, whatever happened.
    report.assert_passed().assert_outcomes(["1"]);
}
