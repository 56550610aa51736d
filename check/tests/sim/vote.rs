//! A vote that is answered before it is on disk.
//!
//! Two candidates stand for the same term, one after the other; each has its own
//! vote and needs that of the voter. The voter must not vote twice in a term, so
//! it keeps its votes on its disk. If it answers first and writes then, a crash
//! in between lets it forget a vote that counts.

use crate::show;
use ringwright_check::sim::{Cut, Disk, Downtime, Leaders, Net, Node, Sim, World};
use ringwright_check::{FailureKind, Limit, Report, Verdict};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const TERM: u64 = 1;

#[derive(Clone, Debug)]
enum Message {
    VoteForMe { term: u64 },
    Vote { granted: bool },
}

/// What the voter does before it answers.
#[derive(Clone, Copy, PartialEq)]
enum First {
    Nothing,
    /// The sync is forgotten.
    Write,
    WriteAndSync,
}

async fn voter(me: Node, net: Net<Message>, disk: Disk<u64, Node>, first: First) {
    let mut votes = disk.read_all().await;
    loop {
        let request = net.recv(me).await;
        let Message::VoteForMe { term } = request.body else { continue };
        let vote = *votes.entry(term).or_insert(request.from);
        let answer = Message::Vote { granted: vote == request.from };
        if first != First::Nothing {
            disk.write(term, vote).await;
        }
        if first == First::WriteAndSync {
            disk.sync().await.expect("the disk works");
        }
        net.reply(&request, answer).await;
        if first == First::Nothing {
            disk.write(term, vote).await;
            disk.sync().await.expect("the disk works");
        }
    }
}

/// Asks a few times for the one vote that is missing.
async fn candidate(me: Node, voter: Node, net: Net<Message>, leaders: Leaders) {
    for _ in 0..3 {
        match net.call(me, voter, Message::VoteForMe { term: TERM }, SECOND).await {
            Ok(Message::Vote { granted: true }) => return leaders.elected(me, TERM),
            Ok(_) => return,
            Err(_) => {}
        }
    }
}

fn election(first: First) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| {
        let (net, leaders) = (world.net("vote"), Leaders::new(world));
        let node = world.node("voter");
        let disk = world.disk(node);
        let program = net.clone();
        world.boot(node, move || voter(node, program.clone(), disk.clone(), first));
        for (name, at) in [("one", 0), ("two", 5)] {
            let (me, clock) = (world.node(name), world.clock(world.node(name)));
            let (net, leaders) = (net.clone(), leaders.clone());
            world.spawn(me, async move {
                clock.sleep(at * SECOND).await;
                candidate(me, node, net, leaders).await;
            });
        }
        let world = world.clone();
        world.clone().check_at_end(move || {
            world.outcome(format!("{} leaders", leaders.terms()));
            Ok(())
        });
    }
}

fn run(faults: u32, first: First) -> Report {
    let sim = Sim::new("vote").nodes(["one", "two", "voter"]).faults(faults);
    let sim = sim.crashes([Downtime::For(SECOND), Downtime::For(6 * SECOND), Downtime::Forever]);
    let sim = sim.partitions([Cut::Isolate, Cut::Mute, Cut::Deafen], [2 * SECOND]);
    show(sim.run(election(first)))
}

#[test]
fn a_vote_that_is_not_on_disk_is_given_twice() {
    for first in [First::Nothing, First::Write] {
        let report = run(1, first);
        report.assert_failed(FailureKind::Property);
        let failure = report.failure.expect("it failed");
        assert_eq!(failure.message, "term 1 has two leaders: one and two");
        let crash = failure.trace.lines.iter().find(|line| line.what == "crash, down 1 s");
        let crash = crash.expect("the trace shows the crash");
        assert_eq!(failure.trace.lanes[crash.lane], "voter");
        assert!(crash.note.ends_with("fault 1"), "{failure}");
        let again = failure.trace.lines.iter().find(|line| line.what == "starts again");
        assert!(again.is_some(), "{failure}");
    }
}

#[test]
fn a_vote_that_is_synced_first_is_given_once() {
    let report = run(2, First::WriteAndSync);
    report.assert_passed().assert_outcomes(["0 leaders", "1 leaders"]);
}

#[test]
fn sampling_more_faults_finds_it_too() {
    let sim = || Sim::new("vote").nodes(["one", "two", "voter"]).faults(4);
    let report = show(sim().random(3_000, 1).run(election(First::Write)));
    report.assert_failed(FailureKind::Property);
    let report = show(sim().random(3_000, 1).run(election(First::WriteAndSync)));
    report.assert_passed();
    // A budget that ends before the search does is no pass.
    let report = sim().max_executions(500).run(election(First::WriteAndSync));
    assert_eq!(report.verdict, Verdict::LimitHit(Limit::Executions(500)));
    assert!(!report.passed());
}
