//! The simulation: every kind of fault has a program that it must convict and
//! one that it must acquit, and on tiny worlds the number of executions is the
//! one that was worked out by hand.

#[path = "sim/clock_jump.rs"]
mod clock_jump;
#[path = "sim/commit.rs"]
mod commit;
#[path = "sim/crashes.rs"]
mod crashes;
#[path = "sim/endless.rs"]
mod endless;
#[path = "sim/oracles.rs"]
mod oracles;
#[path = "sim/partitions.rs"]
mod partitions;
#[path = "sim/retry.rs"]
mod retry;
#[path = "sim/sessions.rs"]
mod sessions;
#[path = "sim/split_brain.rs"]
mod split_brain;
#[path = "sim/stale_read.rs"]
mod stale_read;
#[path = "sim/torn_log.rs"]
mod torn_log;
#[path = "sim/vote.rs"]
mod vote;

use ringwright_check::sim::{
    CallError, ClientResult, ClockFault, Delay, Effects, Exclusion, Net, Node, Sim, World, join_all,
};
use ringwright_check::{FailureKind, Limit, Report, Verdict};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// No faults but those that a test adds.
fn quiet(name: &str) -> Sim {
    Sim::new(name).nodes(["a", "b"]).loss(false).duplication(false).delays([]).pauses([])
}

fn pair(world: &World) -> (Node, Node) {
    (world.node("a"), world.node("b"))
}

/// `a` sends `count` messages to `b`, which takes whatever comes.
fn sender(count: u32) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| {
        let (a, b) = pair(world);
        let net = world.net::<u32>("net");
        let inbox = net.clone();
        world.serve(b, async move {
            loop {
                inbox.recv(b).await;
            }
        });
        world.spawn(a, async move {
            for number in 0..count {
                net.send(a, b, number).await;
            }
        });
    }
}

/// `a` calls `b` once.
fn caller(world: &World) {
    let (a, b) = pair(world);
    let net = world.net::<u32>("net");
    echo(world, &net, b);
    let outcomes = world.clone();
    world.spawn(a, async move {
        let result = net.call(a, b, 1, SECOND).await;
        outcomes.outcome(format!("{result:?}"));
    });
}

fn echo(world: &World, net: &Net<u32>, node: Node) {
    let net = net.clone();
    world.serve(node, async move {
        loop {
            let request = net.recv(node).await;
            net.reply(&request, request.body).await;
        }
    });
}

/// Prints what a search took: `cargo test --test sim -- --nocapture` shows it.
fn show(report: Report) -> Report {
    let Report { name, verdict, executions, elapsed, .. } = &report;
    println!("{name}: {verdict}, {executions} executions, {:.2} s", elapsed.as_secs_f64());
    report
}

#[track_caller]
fn assert_executions(report: &Report, executions: u64) {
    report.assert_passed();
    assert_eq!(report.executions, executions, "{report}");
}

// Counts worked out by hand.

#[test]
fn without_faults_there_is_one_execution() {
    let report = Sim::new("none").nodes(["a", "b"]).faults(0).run(sender(5));
    assert_executions(&report, 1);
    assert_eq!(report.blocked, 0);
}

#[test]
fn n_messages_that_may_be_lost_give_all_subsets_of_up_to_f() {
    // 1 + 4, and 1 + 4 + 6.
    let run = |faults| quiet("loss").loss(true).faults(faults).run(sender(4));
    assert_executions(&run(1), 5);
    assert_executions(&run(2), 11);
    // 1 + 4 + 6 + 4 + 1 subsets, however many faults are allowed beyond four.
    assert_executions(&run(9), 16);
}

#[test]
fn every_fate_of_a_message_is_one_execution() {
    // On time, lost, late past the next or by 10 s, twice with the copy at once
    // or after either delay: 7 for one message; for two 1 + (6 + 6) + 6 * 6.
    let run = |faults, count| {
        let sim = Sim::new("fates").nodes(["a", "b"]).pauses([]);
        sim.faults(faults).run(sender(count))
    };
    assert_executions(&run(1, 1), 7);
    assert_executions(&run(1, 2), 13);
    assert_executions(&run(2, 2), 49);
}

#[test]
fn a_call_can_lose_its_request_or_its_reply_but_not_both() {
    let report = quiet("call").loss(true).faults(2).run(caller);
    assert_executions(&report, 3);
    report.assert_outcomes(["Err(Timeout)", "Ok(1)"]);
}

#[test]
fn a_reply_that_comes_after_its_call_gave_up_is_not_tried_beside_its_loss() {
    // The request: on time, late by 10 s (its reply then finds nobody, so the
    // reply has no fates). The reply: 10 s is past the patience of 1 s.
    let late = [Delay::By(10 * SECOND)];
    let report = quiet("late").delays(late).faults(2).run(caller);
    assert_executions(&report, 2);
    // A quarter of a second is not: on time, late request, late reply, and both.
    let late = [Delay::By(SECOND / 4)];
    let report = quiet("late").delays(late).faults(2).run(caller);
    assert_executions(&report, 4);
}

#[test]
fn a_pause_is_tried_before_every_poll_and_every_operation() {
    // The first poll of the task and the one operation in it: 1 + 2, then both.
    let run = |faults| {
        let sim = quiet("pause").pauses([SECOND]).faults(faults);
        sim.run(|world| {
            let (a, _) = pair(world);
            let world = world.clone();
            let inside = world.clone();
            world.spawn(a, async move {
                inside.point(a).await;
                inside.outcome(format!("{:?}", inside.now()));
            });
        })
    };
    assert_executions(&run(1), 3);
    let report = run(2);
    assert_executions(&report, 4);
    report.assert_outcomes(["0ns", "1s", "2s"]);
}

#[test]
fn a_message_that_waits_already_is_received_at_an_await_like_any_other() {
    // a: its first poll and the send. b: its first poll, the sleep, the poll
    // after it, and the receive that finds the message there.
    let report = quiet("ready").pauses([SECOND]).faults(1).run(|world| {
        let (a, b) = pair(world);
        let (net, clock) = (world.net::<u32>("net"), world.clock(b));
        let first = net.recv(b);
        world.spawn(b, async move {
            clock.sleep(SECOND).await;
            first.await;
        });
        world.spawn(a, async move { net.send(a, b, 1).await });
    });
    assert_executions(&report, 1 + 2 + 4);
}

#[test]
fn a_clock_fault_is_chosen_once_and_only_for_clocks_that_are_read() {
    let faults = [ClockFault::Ahead(SECOND), ClockFault::Behind(SECOND)];
    let report = quiet("clocks").clock_faults(faults).run(|world| {
        let (a, _) = pair(world);
        let (clock, outcomes) = (world.clock(a), world.clone());
        world.spawn(a, async move {
            let (first, second) = (clock.now_wall(), clock.now_wall());
            assert_eq!(first, second);
            outcomes.outcome(format!("{}", first.as_secs() % 60));
        });
    });
    assert_executions(&report, 3);
    report.assert_outcomes(["0", "1", "59"]);
}

#[test]
fn choices_of_the_model_cost_no_fault() {
    let report = quiet("any").faults(0).run(|world| {
        let (x, y) = (world.any(3), world.any(2));
        world.outcome(format!("{x}{y}"));
    });
    assert_executions(&report, 6);
    report.assert_outcomes(["00", "01", "10", "11", "20", "21"]);
}

// Loss.

/// `a` asks `b` until it hears, at most `attempts` times; did `b` ever hear?
fn ask(attempts: u32) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| {
        let (a, b) = pair(world);
        let net = world.net::<u32>("ask");
        echo(world, &net, b);
        let heard = Rc::new(Cell::new(false));
        let hears = Rc::clone(&heard);
        world.spawn(a, async move {
            for _ in 0..attempts {
                if net.call(a, b, 1, SECOND).await.is_ok() {
                    hears.set(true);
                    return;
                }
            }
        });
        world.check_at_end(move || match heard.get() {
            true => Ok(()),
            false => Err("a never heard".to_owned()),
        });
    }
}

#[test]
fn a_lost_message_convicts_whoever_does_not_try_again() {
    let run = |attempts| quiet("ask").loss(true).run(ask(attempts));
    let report = run(2);
    report.assert_failed(FailureKind::Property);
    let failure = report.failure.expect("it failed");
    assert_eq!(failure.message, "a never heard");
    let lost = failure.trace.lines.iter().filter(|l| l.what.starts_with("lost"));
    assert_eq!(lost.count(), 2, "two faults are needed, and shown");
    run(3).assert_passed();
}

#[test]
fn waiting_for_a_lost_message_for_ever_is_a_deadlock() {
    let run = |loss| {
        quiet("wait").loss(loss).run(|world| {
            let (a, b) = pair(world);
            let (net, inbox) = (world.net::<u32>("net"), world.net::<u32>("other"));
            let receiver = net.clone();
            world.spawn(b, async move {
                receiver.recv(b).await;
            });
            world.spawn(a, async move { net.send(a, b, 1).await });
            drop(inbox);
        })
    };
    run(false).assert_passed();
    let report = run(true);
    report.assert_failed(FailureKind::Deadlock);
    let failure = report.failure.expect("it failed");
    assert!(failure.message.contains("b waits in a receive"), "{failure}");
    assert_eq!(failure.sites.len(), 1);
    assert_eq!(failure.sites[0].file, file!());
}

// Duplication.

/// `b` counts what it is told to count; by identity of the message or not.
fn counter(by_identity: bool) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| {
        let (a, b) = pair(world);
        let net = world.net::<u32>("count");
        let effects = Effects::new(world, b);
        let inbox = net.clone();
        world.serve(b, async move {
            loop {
                let message = inbox.recv(b).await;
                if !by_identity || effects.count(&message.body) == 0 {
                    effects.happened(message.body);
                }
            }
        });
        world.spawn(a, async move {
            for number in 0..2 {
                net.send(a, b, number).await;
            }
        });
    }
}

#[test]
fn a_duplicate_convicts_whoever_does_not_know_it_again() {
    let run = |by_identity| quiet("count").duplication(true).run(counter(by_identity));
    let report = run(false);
    report.assert_failed(FailureKind::Property);
    assert_eq!(report.failure.expect("it failed").message, "1 took effect 2 times");
    run(true).assert_passed();
}

// Delay.

/// `a` writes 1 and then 2 to `b`, which keeps the last, or the newest by number.
fn writer(by_number: bool) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| {
        let (a, b) = pair(world);
        let net = world.net::<u32>("set");
        let value = Rc::new(Cell::new(0));
        let (inbox, stored) = (net.clone(), Rc::clone(&value));
        world.serve(b, async move {
            loop {
                let new = inbox.recv(b).await.body;
                if !by_number || new > stored.get() {
                    stored.set(new);
                }
            }
        });
        world.spawn(a, async move {
            net.send(a, b, 1).await;
            net.send(a, b, 2).await;
        });
        world.check_at_end(move || match value.get() {
            2 => Ok(()),
            other => Err(format!("the last write was 2, stored is {other}")),
        });
    }
}

#[test]
fn overtaking_convicts_whoever_takes_arrival_for_order() {
    for delay in [Delay::PastNext(1), Delay::By(SECOND)] {
        let run = |by_number| quiet("set").delays([delay]).run(writer(by_number));
        let report = run(false);
        report.assert_failed(FailureKind::Property);
        let failure = report.failure.expect("it failed");
        assert_eq!(failure.message, "the last write was 2, stored is 1");
        run(true).assert_passed();
    }
}

#[test]
fn a_late_message_and_a_copy_come_in_every_place_that_was_named() {
    let arrivals = |sim: Sim| {
        sim.faults(1).run(|world| {
            let (a, b) = pair(world);
            let (net, seen) = (world.net::<u32>("net"), Rc::new(RefCell::new(String::new())));
            let (inbox, writes) = (net.clone(), Rc::clone(&seen));
            world.serve(b, async move {
                loop {
                    let number = inbox.recv(b).await.body;
                    writes.borrow_mut().push_str(&number.to_string());
                }
            });
            world.spawn(a, async move {
                for number in 1..=4 {
                    net.send(a, b, number).await;
                }
            });
            let inside = world.clone();
            world.check_at_end(move || {
                inside.outcome(seen.borrow().clone());
                Ok(())
            });
        })
    };
    // The last one has nobody to be late for: it comes when all is quiet.
    let report = arrivals(quiet("places").delays([Delay::PastNext(1)]));
    report.assert_passed().assert_outcomes(["1234", "2134", "1324", "1243"]);
    let report = arrivals(quiet("places").delays([Delay::PastNext(2)]));
    report.assert_passed().assert_outcomes(["1234", "2314", "1342", "1243"]);
    let report = arrivals(quiet("places").delays([Delay::By(SECOND)]));
    report.assert_passed().assert_outcomes(["1234", "2341", "1342", "1243"]);
    let report = arrivals(quiet("places").duplication(true));
    let expected = ["1234", "11234", "12234", "12334", "12344"];
    report.assert_passed().assert_outcomes(expected);
}

// Pauses and leases.

#[derive(Clone, Debug)]
enum Lock {
    Acquire,
    Granted(u64),
    Held,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fence {
    /// The storage takes every write.
    None,
    /// The holder looks at its own clock before it writes.
    Client,
    /// The storage refuses epochs below the highest that it has seen.
    Storage,
}

/// Two clients, a lock server that leases for 5 s, and a storage.
fn leases(fence: Fence) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| {
        let (lock, store) = (world.node("lock"), world.node("store"));
        let locks = world.net::<Lock>("lock");
        let writes = world.net::<u64>("store");
        serve_lock(world, lock, &locks);
        let exclusion = Exclusion::new(world, store, "file");
        let (inbox, names) = (writes.clone(), world.clone());
        world.serve(store, async move {
            let mut newest = 0;
            loop {
                let write = inbox.recv(store).await;
                if fence == Fence::Storage && write.body < newest {
                    continue;
                }
                newest = newest.max(write.body);
                exclusion.write(&names.name(write.from), write.body);
            }
        });
        for name in ["one", "two"] {
            let node = world.node(name);
            let (clock, locks, writes) = (world.clock(node), locks.clone(), writes.clone());
            world.spawn(node, async move {
                for _ in 0..3 {
                    let asked = clock.now_mono();
                    let reply = locks.call(node, lock, Lock::Acquire, SECOND).await;
                    if let Ok(Lock::Granted(epoch)) = reply {
                        for _ in 0..2 {
                            if fence != Fence::None && clock.now_mono() > asked + 5 * SECOND {
                                return;
                            }
                            writes.send(node, store, epoch).await;
                        }
                        return;
                    }
                    clock.sleep(4 * SECOND).await;
                }
            });
        }
    }
}

fn serve_lock(world: &World, node: Node, net: &Net<Lock>) {
    let (net, clock) = (net.clone(), world.clock(node));
    world.serve(node, async move {
        let (mut epoch, mut until) = (0, Duration::ZERO);
        loop {
            let request = net.recv(node).await;
            let now = clock.now_mono();
            let answer = if now < until {
                Lock::Held
            } else {
                (epoch, until) = (epoch + 1, now + 5 * SECOND);
                Lock::Granted(epoch)
            };
            net.reply(&request, answer).await;
        }
    });
}

fn lease_world(name: &str) -> Sim {
    let nodes = ["one", "two", "lock", "store"];
    Sim::new(name).nodes(nodes).pauses([12 * SECOND])
}

#[test]
fn a_pause_past_the_lease_convicts_whoever_does_not_fence_at_the_storage() {
    for fence in [Fence::None, Fence::Client] {
        let sim = lease_world("lease").loss(false).duplication(false).delays([]);
        let report = show(sim.faults(1).run(leases(fence)));
        report.assert_failed(FailureKind::Property);
        let failure = report.failure.expect("it failed");
        assert!(failure.message.starts_with("file: stale write: one (epoch 1)"), "{failure}");
        let lines = &failure.trace.lines;
        let pause = lines.iter().find(|line| line.what == "pause 12 s");
        let pause = pause.expect("the trace shows the pause");
        assert_eq!(failure.trace.lanes[pause.lane], "one");
        assert!(lines.iter().any(|l| l.what == "send store/1 to store"), "{failure}");
        assert!(lines.last().is_some_and(|line| line.guilty));
    }
}

#[test]
fn a_fence_at_the_storage_holds_against_two_faults_of_any_kind() {
    let report = show(lease_world("lease").run(leases(Fence::Storage)));
    report.assert_passed();
    let Verdict::Bounded(bound) = &report.verdict else {
        panic!("{report}");
    };
    assert!(bound.starts_with("2 faults, 4 nodes, "), "{bound}");
}

#[test]
fn a_paused_node_finds_that_time_has_gone_on() {
    let sim = quiet("time").pauses([10 * SECOND]).faults(1);
    let report = sim.run(|world| {
        let (a, _) = pair(world);
        let (clock, inside) = (world.clock(a), world.clone());
        world.spawn(a, async move {
            let (wall, mono) = (clock.now_wall(), clock.now_mono());
            inside.point(a).await;
            let (wall, mono) = (clock.now_wall() - wall, clock.now_mono() - mono);
            assert_eq!(wall, mono);
            inside.outcome(format!("{}", mono.as_secs()));
        });
    });
    assert_executions(&report, 3);
    report.assert_outcomes(["0", "10"]);
}

#[test]
fn a_pause_lets_a_timeout_run_out_only_after_what_was_due_before_it() {
    // The reply was at the door before the call's time was over: it wins. A
    // reply to a request that the pause held back in the callee does not.
    let report = quiet("due").pauses([10 * SECOND]).faults(1).run(caller);
    report.assert_passed().assert_outcomes(["Err(Timeout)", "Ok(1)"]);
    let only_a = quiet("due").pauses([10 * SECOND]).faults(1).run(|world| {
        let (a, b) = pair(world);
        let net = world.net::<u32>("net");
        let (server, delayed) = (net.clone(), world.clone());
        world.serve(b, async move {
            let request = server.recv(b).await;
            server.reply(&request, 1).await;
        });
        world.spawn(a, async move {
            let asked = delayed.now();
            let result = net.call(a, b, 1, SECOND).await;
            let waited = (delayed.now() - asked).as_secs();
            delayed.outcome(format!("{} after {waited}", result.is_ok()));
        });
    });
    let expected = ["false after 1", "true after 0", "true after 10"];
    only_a.assert_passed().assert_outcomes(expected);
}

#[test]
fn a_pause_holds_every_task_of_its_node_and_no_other() {
    let report = quiet("all").pauses([10 * SECOND]).faults(1).run(|world| {
        let (a, b) = pair(world);
        let seen = Rc::new(RefCell::new(Vec::new()));
        for node in [a, a, b] {
            let (inside, seen) = (world.clone(), Rc::clone(&seen));
            world.spawn(node, async move {
                let now = inside.now().as_secs();
                seen.borrow_mut().push(format!("{}{now}", inside.name(node)));
            });
        }
        let inside = world.clone();
        world.check_at_end(move || {
            inside.outcome(seen.borrow().join(" "));
            Ok(())
        });
    });
    assert_executions(&report, 4);
    // Before the first task of a, before its second, before that of b.
    let expected = ["a0 a0 b0", "b0 a10 a10", "a0 b0 a10", "a0 a0 b10"];
    report.assert_outcomes(expected);
}

#[test]
fn after_a_pause_a_node_acts_first_and_then_sees_things_in_the_order_they_were_due() {
    let report = quiet("order").pauses([10 * SECOND]).faults(1).run(|world| {
        let (a, b) = pair(world);
        let (net, clock) = (world.net::<()>("net"), world.clock(a));
        let seen = Rc::new(RefCell::new(Vec::new()));
        let (inside, log) = (world.clone(), Rc::clone(&seen));
        let note =
            Rc::new(move |what: &str| log.borrow_mut().push(format!("{what}{}", inside.now().as_secs())));
        let (inbox, noted) = (net.clone(), Rc::clone(&note));
        world.spawn(a, async move {
            inbox.recv(a).await;
            noted("message");
        });
        let noted = Rc::clone(&note);
        world.spawn(a, async move {
            clock.sleep(10 * SECOND).await;
            noted("timer");
        });
        let point = world.point(a);
        world.spawn(a, async move {
            point.await;
            note("acts");
        });
        world.spawn(b, async move { net.send(b, a, ()).await });
        let inside = world.clone();
        world.check_at_end(move || {
            inside.outcome(seen.borrow().join(" "));
            Ok(())
        });
    });
    report.assert_passed().assert_outcomes([
        // Not paused; b paused.
        "acts0 message0 timer10",
        "acts0 timer10 message10",
        // a paused before it received, before its timer ran, before it acted.
        "acts10 message10 timer20",
        "acts10 message10 timer10",
        // a paused when the message had come, and when the time was over.
        "acts0 message10 timer10",
        "acts0 message0 timer20",
    ]);
}

// Clocks.

/// Two clients write in turn, each with its wall clock as the version; the
/// storage keeps the newest version. Does the second write survive?
fn last_writer_wins(world: &World) {
    let store = world.node("store");
    let net = world.net::<(u64, &'static str)>("put");
    let stored = Rc::new(RefCell::new((0, "")));
    let (inbox, keeps) = (net.clone(), Rc::clone(&stored));
    world.serve(store, async move {
        loop {
            let write = inbox.recv(store).await.body;
            let mut kept = keeps.borrow_mut();
            *kept = write.max(*kept);
        }
    });
    for (name, after) in [("one", 0), ("two", 30)] {
        let node = world.node(name);
        let (clock, net) = (world.clock(node), net.clone());
        world.spawn(node, async move {
            clock.sleep(after * SECOND).await;
            let version = clock.now_wall().as_millis() as u64;
            net.send(node, store, (version, name)).await;
        });
    }
    world.check_at_end(move || match stored.borrow().1 {
        "two" => Ok(()),
        other => Err(format!("two wrote last, the store has {other}")),
    });
}

#[test]
fn a_skewed_clock_convicts_whoever_takes_time_for_order() {
    let run = |ahead| {
        let nodes = ["one", "two", "store"];
        let sim = quiet("clock").nodes(nodes).faults(1);
        sim.clock_faults([ClockFault::Ahead(ahead)]).run(last_writer_wins)
    };
    let report = run(60 * SECOND);
    report.assert_failed(FailureKind::Property);
    let lines = report.failure.expect("it failed").trace.lines;
    assert!(lines.iter().any(|line| line.what == "clock ahead by 60 s"));
    assert!(lines.iter().any(|line| line.what == "clock 14:01:00"));
    run(20 * SECOND).assert_passed();
}

#[test]
fn a_fast_clock_sleeps_shorter() {
    let report =
        quiet("drift").clock_faults([ClockFault::Fast(1_000_000), ClockFault::Slow(500_000)]).run(|world| {
            let (a, _) = pair(world);
            let (clock, inside) = (world.clock(a), world.clone());
            world.spawn(a, async move {
                clock.sleep(10 * SECOND).await;
                assert_eq!(clock.now_mono(), 10 * SECOND);
                inside.outcome(format!("{}", inside.now().as_secs()));
            });
        });
    assert_executions(&report, 3);
    report.assert_outcomes(["10", "20", "5"]);
}

// Clients' results, oracles, futures.

#[test]
fn what_a_client_was_told_is_judged_at_the_end() {
    let run = |believes_timeouts: bool| {
        quiet("told").loss(true).run(move |world| {
            let (a, b) = pair(world);
            let net = world.net::<u32>("do");
            let effects = Effects::new(world, b);
            let (server, acts) = (net.clone(), effects.clone());
            world.serve(b, async move {
                loop {
                    let request = server.recv(b).await;
                    acts.happened(request.body);
                    server.reply(&request, request.body).await;
                }
            });
            world.spawn(a, async move {
                let reply = net.call(a, b, 1, SECOND).await;
                let result = match reply {
                    Err(CallError::Timeout) if believes_timeouts => ClientResult::Err(CallError::Timeout),
                    reply => ClientResult::from(reply),
                };
                effects.answered(1, &result);
            });
        })
    };
    run(false).assert_passed();
    let report = run(true);
    report.assert_failed(FailureKind::Property);
    assert_eq!(report.failure.expect("it failed").message, "1 was refused, but is there");
}

#[test]
fn a_call_to_nobody_is_refused() {
    let report = quiet("refused").run(|world| {
        let (a, b) = pair(world);
        let (net, inside) = (world.net::<u32>("net"), world.clone());
        world.spawn(a, async move {
            let result = ClientResult::from(net.call(a, b, 1, SECOND).await);
            assert_eq!(result, ClientResult::Err(CallError::Refused));
            inside.outcome("refused");
        });
    });
    report.assert_passed().assert_outcomes(["refused"]);
}

#[test]
fn futures_run_together_and_are_cancelled() {
    let report = quiet("join").run(|world| {
        let (a, b) = pair(world);
        let (net, clock, inside) = (world.net::<u32>("net"), world.clock(a), world.clone());
        echo(world, &net, b);
        world.spawn(a, async move {
            let calls = (0..3).map(|n| net.call(a, b, n, SECOND));
            assert_eq!(join_all(calls).await, [Ok(0), Ok(1), Ok(2)]);
            let slow = clock.timeout(SECOND, clock.sleep(5 * SECOND)).await;
            assert!(slow.is_err());
            let quick = clock.timeout(5 * SECOND, clock.sleep(SECOND)).await;
            assert_eq!(quick, Ok(()));
            // Two latencies and the two sleeps: the cancelled timers hold nobody up.
            inside.outcome(format!("{:?}", inside.now()));
        });
    });
    report.assert_passed().assert_outcomes(["2.002s"]);
}

#[test]
fn a_disk_keeps_what_was_written() {
    let report = Sim::new("disk").nodes(["a"]).run(|world| {
        let a = world.node("a");
        let (disk, reader) = (world.disk::<&str, u32>(a), world.disk::<&str, u32>(a));
        world.spawn(a, async move {
            disk.write("x", 1).await;
            disk.write("x", 2).await;
            assert_eq!(disk.read("x").await, Some(2));
            assert_eq!(reader.read("x").await, None, "another disk");
        });
    });
    report.assert_passed();
}

#[test]
fn a_property_is_checked_after_every_event() {
    let report = quiet("always").run(|world| {
        let (a, _) = pair(world);
        let (clock, value) = (world.clock(a), Rc::new(Cell::new(0)));
        let sets = Rc::clone(&value);
        world.spawn(a, async move {
            for value in [1, 7, 2] {
                clock.sleep(SECOND).await;
                sets.set(value);
            }
        });
        world.check(move || match value.get() {
            7 => Err("it was 7".to_owned()),
            _ => Ok(()),
        });
    });
    report.assert_failed(FailureKind::Property);
    let failure = report.failure.expect("it failed");
    assert_eq!(failure.message, "it was 7");
    assert_eq!(failure.sites[0].file, file!());
}

// What goes wrong is named.

#[test]
fn a_panic_of_the_model_is_a_failure_with_its_line() {
    let report = quiet("panic").loss(true).run(|world| {
        let (a, b) = pair(world);
        let net = world.net::<u32>("net");
        echo(world, &net, b);
        world.spawn(a, async move {
            let reply = net.call(a, b, 1, SECOND).await;
            assert!(reply.is_ok(), "no answer");
        });
    });
    report.assert_failed(FailureKind::Panic);
    let failure = report.failure.expect("it failed");
    assert_eq!(failure.message, "no answer");
    assert_eq!(failure.sites[0].file, file!(), "{failure}");
}

#[test]
fn a_model_that_takes_chance_from_elsewhere_is_not_deterministic() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let report = quiet("chance").loss(true).run(|world| {
        // Relaxed: one thread runs the whole search.
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        sender(run % 3)(world);
    });
    report.assert_failed(FailureKind::NotDeterministic);

    static SLEEPS: AtomicU32 = AtomicU32::new(0);
    let report = quiet("chance").run(|world| {
        let (a, _) = pair(world);
        let clock = world.clock(a);
        // Relaxed: as above. The choices are the same, the times are not.
        let run = SLEEPS.fetch_add(1, Ordering::Relaxed);
        world.spawn(a, async move { clock.sleep(run * SECOND).await });
    });
    report.assert_failed(FailureKind::NotDeterministic);

    static FAILS: AtomicU32 = AtomicU32::new(0);
    let report = quiet("chance").run(|world| {
        let (a, _) = pair(world);
        // Relaxed: as above.
        let run = FAILS.fetch_add(1, Ordering::Relaxed);
        world.violated(a, format!("run {run}"));
    });
    report.assert_failed(FailureKind::NotDeterministic);
}

#[test]
fn limits_are_no_pass() {
    let forever = |world: &World| {
        let (a, _) = pair(world);
        let clock = world.clock(a);
        world.spawn(a, async move {
            loop {
                clock.sleep(SECOND).await;
            }
        });
    };
    let report = quiet("steps").max_steps(50).run(forever);
    assert_eq!(report.verdict, Verdict::LimitHit(Limit::Steps(50)));
    assert!(!report.passed());

    let report = quiet("executions").loss(true).max_executions(4).run(sender(9));
    assert_eq!(report.verdict, Verdict::LimitHit(Limit::Executions(4)));
    let report = quiet("time").loss(true).max_time(Duration::ZERO).run(sender(9));
    assert_eq!(report.verdict, Verdict::LimitHit(Limit::Millis(0)));
}

#[test]
fn a_server_with_a_timer_of_its_own_does_not_keep_the_world_going() {
    let report = quiet("ticking").settle(10 * SECOND).run(|world| {
        let (a, b) = pair(world);
        let (clock, ticks, inside) = (world.clock(b), Rc::new(Cell::new(0)), world.clone());
        let counts = Rc::clone(&ticks);
        world.serve(b, async move {
            loop {
                clock.sleep(SECOND).await;
                counts.set(counts.get() + 1);
            }
        });
        let waits = world.clock(a);
        world.spawn(a, async move { waits.sleep(5 * SECOND).await });
        world.check_at_end(move || {
            inside.outcome(format!("{}", ticks.get()));
            Ok(())
        });
    });
    report.assert_passed().assert_outcomes(["15"]);
}

#[test]
#[should_panic(expected = "two nodes are called \"a\"")]
fn nodes_of_the_same_name_are_refused() {
    let _ = Sim::new("twins").nodes(["a", "a"]);
}

#[test]
#[should_panic(expected = "a search of no executions shows nothing")]
fn a_plan_of_no_executions_is_refused() {
    let _ = Sim::new("none").random(0, 1);
}

// Random search.

#[test]
fn sampling_finds_what_one_fault_shows_and_says_how_much_it_saw() {
    let report = quiet("sample").duplication(true).random(500, 1).run(counter(false));
    report.assert_failed(FailureKind::Property);
    let report = quiet("sample").duplication(true).random(500, 1).run(counter(true));
    let Verdict::Sampled { executions: 500, distinct } = report.verdict else {
        panic!("{report}");
    };
    // Two messages, each once or twice with the copy at once: four executions.
    assert_eq!(distinct, 4);
}

// Tokens.

fn failing_lease() -> Report {
    lease_world("lease").run(leases(Fence::None))
}

#[test]
fn a_token_replays_the_same_failure() {
    let first = failing_lease().failure.expect("it failed");
    let again = lease_world("lease").replay(&first.token).run(leases(Fence::None));
    again.assert_failed(FailureKind::Property);
    assert_eq!(again.executions, 1);
    assert_eq!(again.failure, Some(first));
}

#[test]
fn a_token_of_another_model_or_build_is_an_error_and_not_a_run() {
    let token = failing_lease().failure.expect("it failed").token;
    let refused = |sim: Sim, fence| {
        let report = sim.run(leases(fence));
        assert!(!report.passed());
        let Verdict::NotRun(why) = report.verdict else {
            panic!("{report}");
        };
        why
    };
    let other = refused(lease_world("other").replay(&token), Fence::None);
    assert!(other.contains("another model"), "{other}");
    let rules = refused(lease_world("lease").faults(3).replay(&token), Fence::None);
    assert!(rules.contains("another model"), "{rules}");
    // The same model with other code behind it, as after a fix.
    let build = refused(lease_world("lease").replay(&token), Fence::Storage);
    assert!(build.contains("another build"), "{build}");
    // It still fails, and by the same choices, but it is not the same run.
    let build = refused(lease_world("lease").replay(&token), Fence::Client);
    assert!(build.contains("another build"), "{build}");
    // A choice that is out of range, where the last one in range fails.
    let pauses = || lease_world("pauses").loss(false).duplication(false).delays([]);
    let last = pauses().run(leases(Fence::None)).failure.expect("it failed").token;
    let (head, run) = last.rsplit_once(':').expect("parts");
    let beyond = refused(pauses().replay(format!("{head}9:{run}")), Fence::None);
    assert!(beyond.contains("another build"), "{beyond}");
    let shorter = token.rsplit_once(':').expect("parts").0;
    let damaged = refused(lease_world("lease").replay(shorter), Fence::None);
    assert!(damaged.contains("damaged"), "{damaged}");
    let foreign = refused(lease_world("lease").replay("xp1:1"), Fence::None);
    assert!(foreign.contains("not a token of the simulation"), "{foreign}");
}

#[test]
fn every_execution_drops_what_it_made() {
    #[derive(Debug)]
    struct Counted;
    static LIVE: AtomicU32 = AtomicU32::new(0);
    impl Counted {
        fn new() -> Self {
            // Relaxed: one thread runs the whole search.
            LIVE.fetch_add(1, Ordering::Relaxed);
            Counted
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            // Relaxed: as above.
            LIVE.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let report = Sim::new("drops").nodes(["a", "b"]).run(|world| {
        let (a, b) = pair(world);
        let net = world.net::<Rc<Counted>>("net");
        let (server, checked) = (net.clone(), (Counted::new(), world.clone()));
        world.serve(b, async move {
            loop {
                let request = server.recv(b).await;
                server.reply(&request, Rc::new(Counted::new())).await;
            }
        });
        world.spawn(a, async move {
            let _ = net.call(a, b, Rc::new(Counted::new()), SECOND).await;
            net.send(a, b, Rc::new(Counted::new())).await;
        });
        world.check_at_end(move || {
            let _ = &checked;
            // Relaxed: as above.
            match LIVE.load(Ordering::Relaxed) {
                0 => Err("it counts itself".to_owned()),
                _ => Ok(()),
            }
        });
    });
    report.assert_passed();
    // Relaxed: as above.
    assert_eq!(LIVE.load(Ordering::Relaxed), 0);
}

#[test]
fn two_searches_of_a_model_are_the_same() {
    let (first, second) = (failing_lease(), failing_lease());
    assert_eq!(first.failure, second.failure);
    assert_eq!(first.executions, second.executions);
}
