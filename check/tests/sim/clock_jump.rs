//! A lease that is measured by a clock that somebody sets.
//!
//! The server grants a lease for ten seconds. The holder looks at its clock
//! before each write, and the storage takes whatever comes. By the wall clock,
//! one that is set back makes the lease last longer for the holder than for the
//! server. The monotonic clock is never set.
//!
//! (Neither helps against a pause or a message that is late by more than the
//! margin; that takes a fence at the storage. Here there are none.)

use crate::show;
use ringwright_check::sim::{ClockFault, Delay, Exclusion, Net, Node, NodeClock, Sim, World};
use ringwright_check::{FailureKind, Report};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const LEASE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
enum Message {
    Acquire,
    Granted,
    Held,
}

#[derive(Clone, Copy, PartialEq)]
enum By {
    WallClock,
    MonotonicClock,
}

impl By {
    fn now(self, clock: &NodeClock) -> Duration {
        match self {
            By::WallClock => clock.now_wall(),
            By::MonotonicClock => clock.now_mono(),
        }
    }
}

async fn lock_server(me: Node, net: Net<Message>, clock: NodeClock) {
    let mut until = Duration::ZERO;
    loop {
        let request = net.recv(me).await;
        let now = clock.now_mono();
        let answer = if now < until { Message::Held } else { Message::Granted };
        if now >= until {
            until = now + LEASE;
        }
        net.reply(&request, answer).await;
    }
}

/// Gets the lease and writes every four seconds while it lasts.
async fn client(
    me: Node,
    [lock, store]: [Node; 2],
    locks: Net<Message>,
    writes: Net<()>,
    clock: NodeClock,
    by: By,
) {
    for _ in 0..4 {
        let asked = by.now(&clock);
        if let Ok(Message::Granted) = locks.call(me, lock, Message::Acquire, SECOND).await {
            // A second is for the message to get there.
            while by.now(&clock) < asked + LEASE - SECOND {
                writes.send(me, store, ()).await;
                clock.sleep(4 * SECOND).await;
            }
            return;
        }
        clock.sleep(6 * SECOND).await;
    }
}

fn lease(by: By) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| {
        let [lock, store, one, two] = ["lock", "store", "one", "two"].map(|name| world.node(name));
        let (locks, writes) = (world.net("lock"), world.net("store"));
        world.serve(lock, lock_server(lock, locks.clone(), world.clock(lock)));
        let (exclusion, inbox, names) = (Exclusion::new(world, store, "file"), writes.clone(), world.clone());
        world.serve(store, async move {
            loop {
                let from = inbox.recv(store).await.from;
                exclusion.write(&names.name(from), None);
            }
        });
        for me in [one, two] {
            world.spawn(me, client(me, [lock, store], locks.clone(), writes.clone(), world.clock(me), by));
        }
    }
}

fn run(faults: u32, by: By) -> Report {
    let sim = Sim::new("clock jump").nodes(["lock", "store", "one", "two"]).faults(faults).pauses([]);
    let sim = sim.duplication(false).delays([Delay::By(SECOND / 2)]);
    let jumps = [ClockFault::JumpBack(3600 * SECOND), ClockFault::JumpAhead(3600 * SECOND)];
    show(sim.clock_faults(jumps).run(lease(by)))
}

#[test]
fn a_wall_clock_that_is_set_back_outlives_the_lease() {
    let report = run(1, By::WallClock);
    report.assert_failed(FailureKind::Property);
    let failure = report.failure.expect("it failed");
    assert!(failure.message.starts_with("file: stale write: one"), "{failure}");
    assert!(failure.trace.lines.iter().any(|line| line.what == "clock jumps back by 3600 s"), "{failure}");
}

#[test]
fn the_monotonic_clock_is_never_set() {
    run(2, By::MonotonicClock).assert_passed();
}
