//! Two-phase commit, and a coordinator that tells its decision before it is on disk.
//!
//! A coordinator that starts again finds the transactions on its disk; one that
//! it has not decided on, it aborts (presumed abort). If it had told somebody to
//! commit by then, one node has committed and another aborts.

use crate::show;
use ringwright_check::sim::{AtomicCommit, CallError, CommitDecision, Disk, Net, Node, Sim, World, join_all};
use ringwright_check::{FailureKind, Report};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// The one transaction.
const TRANSFER: &str = "transfer";

#[derive(Clone, Debug)]
enum Message {
    Prepare,
    Vote(bool),
    Decided(CommitDecision),
    Done,
}

#[derive(Clone, Copy, PartialEq)]
enum Order {
    TellFirst,
    /// Who does not answer is taken to agree.
    SilenceIsConsent,
    LogFirst,
}

/// What the coordinator has on its disk of a transaction.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Entry {
    Begun,
    Decided(CommitDecision),
}

async fn log(disk: &Disk<&'static str, Entry>, entry: Entry) {
    disk.write(TRANSFER, entry).await;
    disk.sync().await.expect("the disk works");
}

async fn coordinator(
    me: Node,
    participants: [Node; 2],
    net: Net<Message>,
    disk: Disk<&'static str, Entry>,
    order: Order,
) {
    let decision = match disk.read(TRANSFER).await {
        Some(Entry::Decided(decision)) => decision,
        Some(Entry::Begun) => {
            log(&disk, Entry::Decided(CommitDecision::Abort)).await;
            CommitDecision::Abort
        }
        None => {
            log(&disk, Entry::Begun).await;
            let prepares = participants.map(|node| net.call(me, node, Message::Prepare, SECOND));
            let votes = join_all(prepares).await;
            let agrees = |vote: &Result<Message, CallError>| match vote {
                Ok(vote) => matches!(vote, Message::Vote(true)),
                Err(_) => order == Order::SilenceIsConsent,
            };
            let all = votes.iter().all(agrees);
            let decision = if all { CommitDecision::Commit } else { CommitDecision::Abort };
            if order != Order::TellFirst {
                log(&disk, Entry::Decided(decision)).await;
            }
            decision
        }
    };
    for node in participants {
        let mut told = false;
        for _ in 0..3 {
            told = told || net.call(me, node, Message::Decided(decision), SECOND).await.is_ok();
        }
    }
    log(&disk, Entry::Decided(decision)).await;
}

async fn participant(me: Node, net: Net<Message>, votes_yes: bool, outcome: AtomicCommit<&'static str>) {
    loop {
        let request = net.recv(me).await;
        let answer = match request.body {
            Message::Prepare => {
                if !votes_yes {
                    outcome.votes_against(me, TRANSFER);
                }
                Message::Vote(votes_yes)
            }
            Message::Decided(decision) => {
                outcome.decided(me, TRANSFER, decision);
                Message::Done
            }
            _ => continue,
        };
        net.reply(&request, answer).await;
    }
}

fn transfer(order: Order) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| {
        let net = world.net("2pc");
        let outcome = AtomicCommit::new(world);
        let (me, participants) = (world.node("coordinator"), ["one", "two"].map(|name| world.node(name)));
        let both_agree = world.any(2) == 0;
        for node in participants {
            let agrees = both_agree || node == participants[0];
            world.serve(node, participant(node, net.clone(), agrees, outcome.clone()));
        }
        let disk = world.disk(me);
        world.boot(me, move || coordinator(me, participants, net.clone(), disk.clone(), order));
        let inside = world.clone();
        world.check_at_end(move || {
            let decided = participants.map(|node| outcome.decision(node, &TRANSFER));
            inside.outcome(format!("{decided:?}"));
            Ok(())
        });
    }
}

fn run(faults: u32, order: Order) -> Report {
    let sim = Sim::new("commit").nodes(["coordinator", "one", "two"]).faults(faults);
    show(sim.run(transfer(order)))
}

#[test]
fn a_decision_that_is_told_before_it_is_on_disk_is_taken_twice() {
    let report = run(1, Order::TellFirst);
    report.assert_failed(FailureKind::Property);
    let failure = report.failure.expect("it failed");
    assert!(
        failure.message.contains("commits \"transfer\"") || failure.message.contains("aborts \"transfer\"")
    );
    assert!(failure.trace.lines.iter().any(|line| line.what == "crash, down 1 s"), "{failure}");
}

#[test]
fn a_vote_that_nobody_heard_is_no_consent() {
    let report = run(1, Order::SilenceIsConsent);
    report.assert_failed(FailureKind::Property);
    let failure = report.failure.expect("it failed");
    assert!(failure.message.contains("commits \"transfer\", but two voted against it"), "{failure}");
}

#[test]
fn a_decision_that_is_on_disk_first_is_the_only_one() {
    let report = run(2, Order::LogFirst);
    report.assert_passed();
    for decided in ["[Some(Commit), Some(Commit)]", "[Some(Abort), Some(Abort)]"] {
        assert!(report.outcomes.contains(decided), "{:?}", report.outcomes);
    }
}
