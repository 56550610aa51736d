//! Partitions and clock jumps one by one: when they begin, what they stop, when they end.

use crate::{SECOND, assert_executions, pair, quiet};
use ringwright_check::sim::{ClockFault, Cut, Net, Node, Sim, World};
use ringwright_check::{FailureKind, Report};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// Writes down what arrives at `node`.
fn listen(world: &World, net: &Net<u32>, node: Node, heard: &Rc<RefCell<String>>) {
    let (net, heard) = (net.clone(), Rc::clone(heard));
    world.serve(node, async move {
        loop {
            let number = net.recv(node).await.body;
            heard.borrow_mut().push_str(&number.to_string());
        }
    });
}

/// `a` sends 1 to 3 at 0 s, 0.5 s and 2 s, and `b` sends 9 at 0.6 s.
fn talk(cuts: &[Cut], nodes: &[&str], heal: Duration) -> Report {
    let sim = quiet("talk").nodes(nodes.iter().copied()).faults(1);
    sim.partitions(cuts.iter().copied(), [heal]).run(|world| {
        let (a, b) = pair(world);
        let net = world.net::<u32>("net");
        let heard: [Rc<RefCell<String>>; 2] = Default::default();
        listen(world, &net, a, &heard[0]);
        listen(world, &net, b, &heard[1]);
        let (clock, out) = (world.clock(a), net.clone());
        world.spawn(a, async move {
            for (number, wait) in [(1, 500), (2, 1500), (3, 0)] {
                out.send(a, b, number).await;
                clock.sleep(Duration::from_millis(wait)).await;
            }
        });
        let clock = world.clock(b);
        world.spawn(b, async move {
            clock.sleep(Duration::from_millis(600)).await;
            net.send(b, a, 9).await;
        });
        let inside = world.clone();
        world.check_at_end(move || {
            inside.outcome(format!("{}/{}", heard[1].borrow(), heard[0].borrow()));
            Ok(())
        });
    })
}

#[test]
fn a_partition_begins_at_any_message_and_stops_both_ways_until_it_heals() {
    let report = talk(&[Cut::Isolate], &["a", "b"], SECOND);
    assert_executions(&report, 1 + 4);
    // It begins at 1 (and stops 2 and 9), at 2, at 9, at 3.
    report.assert_outcomes(["123/9", "3/", "13/", "123/", "12/9"]);
    assert_eq!(report.notes[1], "placed in all executions: partition 4");
    let report = talk(&[Cut::Isolate], &["a", "b"], Duration::MAX);
    report.assert_passed().assert_outcomes(["123/9", "/", "1/", "12/", "12/9"]);
}

#[test]
fn one_way_the_other_still_hears() {
    for cut in [Cut::Mute, Cut::Deafen, Cut::OneWay] {
        let report = talk(&[cut], &["a", "b"], SECOND);
        assert_executions(&report, 1 + 4);
        // The one that begins at 9 stops nothing but that.
        report.assert_outcomes(["123/9", "3/9", "13/9", "123/", "12/9"]);
    }
}

#[test]
fn every_wall_between_two_nodes_is_tried_at_every_message() {
    let count = |cuts: &[Cut], nodes: &[&str], walls: u64| {
        assert_executions(&talk(cuts, nodes, SECOND), 1 + 4 * walls);
    };
    // With a third node, either of the two can be cut off from the others.
    count(&[Cut::Isolate], &["a", "b", "c"], 2);
    count(&[Cut::Split], &["a", "b", "c"], 2);
    count(&[Cut::Split], &["a", "b", "c", "d"], 4);
    count(&[Cut::Isolate, Cut::Link, Cut::Split], &["a", "b"], 1);
    count(&[Cut::Isolate, Cut::Link, Cut::Mute, Cut::Deafen, Cut::OneWay], &["a", "b", "c"], 2 + 1 + 3);
}

#[test]
fn what_a_partition_stops_is_no_choice() {
    // Nothing is left to lose behind a wall that stands to the end: it begins at
    // one of the four messages, and each before it may be lost.
    let sim = quiet("behind").loss(true).partitions([Cut::Isolate], [Duration::MAX]);
    let report = sim.run(|world| {
        let (a, b) = pair(world);
        let net = world.net::<u32>("net");
        listen(world, &net, b, &Rc::default());
        world.spawn(a, async move {
            for number in 0..4 {
                net.send(a, b, number).await;
            }
        });
    });
    let (losses, walls, both) = (4 + 6, 4, 1 + 2 + 3);
    assert_executions(&report, 1 + losses + walls + both);
}

#[test]
fn a_partition_and_its_end_are_in_the_trace() {
    let sim = quiet("trace").partitions([Cut::Isolate], [SECOND]);
    let report = sim.faults(1).run(|world| {
        let (a, b) = pair(world);
        let (net, clock, inside) = (world.net::<u32>("net"), world.clock(a), world.clone());
        let heard: Rc<RefCell<String>> = Rc::default();
        listen(world, &net, b, &heard);
        world.spawn(a, async move {
            net.send(a, b, 1).await;
            clock.sleep(2 * SECOND).await;
            net.send(a, b, 2).await;
            clock.sleep(SECOND).await;
            if *heard.borrow() == "2" {
                inside.violated(a, "seen");
            }
        });
    });
    report.assert_failed(FailureKind::Property);
    let failure = report.failure.expect("it failed");
    let lines: Vec<String> =
        failure.trace.lines.iter().map(|line| format!("{} {}", line.lane, line.what)).collect();
    assert_eq!(
        lines,
        [
            "0 send net/1 to b",
            "1 partition a | b, 1 s",
            "1 cut off: net/1 from a is lost",
            "0 partition a | b heals",
            "0 send net/2 to b",
            "1 deliver net/2 from a",
            "0 seen",
        ]
    );
    assert_eq!(failure.trace.lines[1].note, "at 0.001 s, fault 1");
}

#[test]
#[should_panic(expected = "partitions need a time that they last")]
fn partitions_that_last_no_time_are_refused() {
    let _ = Sim::new("none").partitions([Cut::Isolate], []);
}

#[test]
fn a_clock_jumps_before_any_reading_of_it_and_stays_there() {
    let jumps = [ClockFault::JumpBack(60 * SECOND), ClockFault::JumpAhead(3600 * SECOND)];
    let report = quiet("jump").clock_faults(jumps).faults(1).run(|world| {
        let (a, _) = pair(world);
        let (clock, inside) = (world.clock(a), world.clone());
        world.spawn(a, async move {
            let start = clock.now_wall().as_secs() as i64;
            clock.sleep(10 * SECOND).await;
            let wall = [clock.now_wall(), clock.now_wall()].map(|now| now.as_secs() as i64 - start);
            // Neither the timers nor the monotonic clock notice.
            assert_eq!(clock.now_mono(), 10 * SECOND);
            inside.outcome(format!("{wall:?}"));
        });
    });
    // Three readings, two jumps.
    assert_executions(&report, 1 + 3 * 2);
    // What jumped before the first reading is not seen in a difference.
    let expected = ["[10, 10]", "[-50, -50]", "[10, -50]", "[3610, 3610]", "[10, 3610]"];
    report.assert_outcomes(expected);
}
