//! A client that does not read its own writes.
//!
//! Writes go to the leader, which passes them on to a follower; reads go to the
//! follower. If it is behind, a client misses what it wrote, or reads backwards.
//! A client that brings along the version that it has seen is told to wait.

use crate::show;
use ringwright_check::sim::{Delay, Guarantee, Net, Node, NodeClock, Sessions, Sim, World};
use ringwright_check::{FailureKind, Report};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
enum Message {
    Write,
    Written(u64),
    Replicate(u64),
    Read { at_least: u64 },
    Value(u64),
    NotYet,
}

#[derive(Clone, Copy, PartialEq)]
enum Client {
    Forgetful,
    BringsItsVersion,
}

async fn leader(me: Node, follower: Node, net: Net<Message>) {
    let mut version = 0;
    loop {
        let request = net.recv(me).await;
        if let Message::Write = request.body {
            version += 1;
            net.send(me, follower, Message::Replicate(version)).await;
            net.reply(&request, Message::Written(version)).await;
        }
    }
}

async fn follower(me: Node, net: Net<Message>) {
    let mut version = 0;
    loop {
        let request = net.recv(me).await;
        match request.body {
            Message::Replicate(new) => version = version.max(new),
            Message::Read { at_least } if version < at_least => net.reply(&request, Message::NotYet).await,
            Message::Read { .. } => net.reply(&request, Message::Value(version)).await,
            _ => {}
        }
    }
}

async fn client(
    me: Node,
    [leader, follower]: [Node; 2],
    net: Net<Message>,
    clock: NodeClock,
    kind: Client,
    sessions: Sessions<&'static str>,
) {
    let mut seen = 0;
    for _ in 0..2 {
        if let Ok(Message::Written(version)) = net.call(me, leader, Message::Write, SECOND).await {
            sessions.wrote(me, "x", version);
            seen = version;
        }
        let at_least = if kind == Client::BringsItsVersion { seen } else { 0 };
        for _ in 0..2 {
            match net.call(me, follower, Message::Read { at_least }, SECOND).await {
                Ok(Message::Value(version)) => {
                    sessions.read(me, "x", version);
                    seen = version.max(seen);
                    break;
                }
                _ => clock.sleep(SECOND).await,
            }
        }
    }
}

fn session(kind: Client, promised: Guarantee) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| {
        let [me, one, two] = ["client", "leader", "follower"].map(|name| world.node(name));
        let (net, sessions) = (world.net("store"), Sessions::new(world, [promised]));
        world.serve(one, leader(one, two, net.clone()));
        world.serve(two, follower(two, net.clone()));
        let clock = world.clock(me);
        world.spawn(me, client(me, [one, two], net, clock, kind, sessions));
    }
}

fn run(faults: u32, kind: Client, promised: Guarantee) -> Report {
    let sim = Sim::new("session").nodes(["client", "leader", "follower"]).faults(faults).pauses([]);
    show(sim.delays([Delay::PastNext(1), Delay::By(5 * SECOND)]).run(session(kind, promised)))
}

#[test]
fn a_client_that_reads_from_a_follower_misses_its_own_write() {
    let report = run(1, Client::Forgetful, Guarantee::ReadYourWrites);
    report.assert_failed(FailureKind::Property);
    let failure = report.failure.expect("it failed");
    assert!(failure.message.starts_with("client reads version "), "{failure}");
    assert!(failure.message.contains("having written version "), "{failure}");
}

#[test]
fn with_one_follower_reads_do_not_go_backwards() {
    run(2, Client::Forgetful, Guarantee::MonotonicReads).assert_passed();
}

#[test]
fn a_client_that_brings_its_version_reads_its_writes() {
    run(2, Client::BringsItsVersion, Guarantee::ReadYourWrites).assert_passed();
}
