//! Two leaders in one term, in the two halves of a partition.
//!
//! Five nodes; two of them stand. Who counts a majority of those that answered
//! is elected by its own half, and so is the other one. A majority of all five
//! is in one half only.

use crate::show;
use ringwright_check::sim::{Cut, Leaders, Net, Node, Sim, World, join_all};
use ringwright_check::{FailureKind, Report};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

#[derive(Clone, Debug)]
enum Message {
    VoteForMe,
    Vote(bool),
}

#[derive(Clone, Copy)]
enum Majority {
    OfAnswers,
    OfAll,
}

/// Gives its vote to whoever asks first. (It does not crash here.)
async fn voter(me: Node, net: Net<Message>) {
    let mut vote = None;
    loop {
        let request = net.recv(me).await;
        let granted = *vote.get_or_insert(request.from) == request.from;
        net.reply(&request, Message::Vote(granted)).await;
    }
}

async fn candidate(me: Node, nodes: Vec<Node>, net: Net<Message>, majority: Majority, leaders: Leaders) {
    let calls = nodes.iter().map(|&node| net.call(me, node, Message::VoteForMe, SECOND));
    let answers = join_all(calls).await;
    let answered = answers.iter().filter(|answer| answer.is_ok()).count();
    let granted = answers.iter().filter(|answer| matches!(answer, Ok(Message::Vote(true)))).count();
    let of = match majority {
        Majority::OfAnswers => answered,
        Majority::OfAll => nodes.len(),
    };
    if granted > of / 2 {
        leaders.elected(me, 1);
    }
}

fn election(majority: Majority) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| {
        let (nodes, net, leaders) = (world.nodes(), world.net("vote"), Leaders::new(world));
        for &node in &nodes {
            world.serve(node, voter(node, net.clone()));
        }
        for me in [nodes[0], nodes[4]] {
            world.spawn(me, candidate(me, nodes.clone(), net.clone(), majority, leaders.clone()));
        }
    }
}

fn run(faults: u32, majority: Majority) -> Report {
    let sim = Sim::new("split brain").nodes(NAMES).faults(faults).loss(false).duplication(false);
    let sim = sim.delays([]).pauses([]).partitions([Cut::Split, Cut::OneWay], [Duration::MAX]);
    show(sim.run(election(majority)))
}

#[test]
fn a_majority_of_those_that_answer_elects_two() {
    let report = run(1, Majority::OfAnswers);
    report.assert_failed(FailureKind::Property);
    let failure = report.failure.expect("it failed");
    assert!(failure.message.starts_with("term 1 has two leaders: "), "{failure}");
    assert!(failure.trace.lines.iter().any(|line| line.what.starts_with("partition ")), "{failure}");
}

#[test]
fn a_majority_of_all_elects_one() {
    run(2, Majority::OfAll).assert_passed();
}
