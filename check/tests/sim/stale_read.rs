//! A stale read after a failover.
//!
//! A register on three replicas. The primary gives each write a version, stores
//! it and passes it on; once a backup has it too, a majority has it and the
//! writer is told. A reader that asks the primary, and after a failover any one
//! backup, may ask the one that has not got it. A reader that asks a majority
//! cannot: one of them has it; and before it tells anybody what it read, it sees
//! to it that a majority has that (the register of Attiya, Bar-Noy and Dolev).

use crate::show;
use ringwright_check::linearize::{Register, RegisterOp, RegisterRet};
use ringwright_check::sim::{
    CallError, ClientHistory, ClientResult, Delay, Disk, Net, Node, Sim, World, join_all,
};
use ringwright_check::{FailureKind, Report};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MAJORITY: usize = 2;

/// A value with its version.
type Stamped = (u64, u32);

#[derive(Clone, Debug)]
enum Message {
    /// To the primary: a new value.
    Write(u32),
    /// To any replica: keep this, unless it is older than what you have.
    Keep(Stamped),
    Read,
    Done,
    Failed,
    Value(Stamped),
}

#[derive(Clone, Copy, PartialEq)]
enum Reads {
    /// From the primary, or after a failover from a backup.
    One,
    /// From a majority.
    Quorum,
}

/// Stores what is newer than what is there.
async fn keep(disk: &Disk<(), Stamped>, stored: &mut Stamped, new: Stamped) {
    if new.0 > stored.0 {
        disk.write((), new).await;
        disk.sync().await.expect("the disk works");
        *stored = new;
    }
}

/// Asks these replicas to keep a value; how many do?
async fn spread(net: &Net<Message>, from: Node, to: &[Node], value: Stamped) -> usize {
    let calls = to.iter().map(|&to| net.call(from, to, Message::Keep(value), SECOND));
    let answers = join_all(calls).await;
    answers.iter().filter(|answer| matches!(answer, Ok(Message::Done))).count()
}

async fn replica(me: Node, backups: Vec<Node>, net: Net<Message>, disk: Disk<(), Stamped>) {
    let mut stored = disk.read(()).await.unwrap_or_default();
    loop {
        let request = net.recv(me).await;
        let answer = match request.body {
            Message::Keep(new) => {
                keep(&disk, &mut stored, new).await;
                Message::Done
            }
            Message::Read => Message::Value(stored),
            Message::Write(value) => {
                let new = (stored.0 + 1, value);
                keep(&disk, &mut stored, new).await;
                match 1 + spread(&net, me, &backups, new).await {
                    copies if copies >= MAJORITY => Message::Done,
                    _ => Message::Failed,
                }
            }
            _ => continue,
        };
        net.reply(&request, answer).await;
    }
}

async fn read_one(me: Node, replicas: &[Node], net: &Net<Message>) -> ClientResult<Stamped, ()> {
    for &replica in replicas {
        if let Ok(Message::Value(value)) = net.call(me, replica, Message::Read, SECOND).await {
            return ClientResult::Ok(value);
        }
    }
    ClientResult::Unknown
}

async fn read_quorum(me: Node, replicas: &[Node], net: &Net<Message>) -> ClientResult<Stamped, ()> {
    let calls = replicas.iter().map(|&replica| net.call(me, replica, Message::Read, SECOND));
    let answers = join_all(calls).await;
    let value = |answer: &Result<Message, CallError>| match answer {
        Ok(Message::Value(value)) => Some(*value),
        _ => None,
    };
    let values: Vec<Stamped> = answers.iter().filter_map(value).collect();
    let newest = values.iter().copied().max().unwrap_or_default();
    if values.len() < MAJORITY {
        return ClientResult::Unknown;
    }
    let copies = values.iter().filter(|value| **value == newest).count();
    if copies < MAJORITY && spread(net, me, replicas, newest).await < MAJORITY {
        return ClientResult::Unknown;
    }
    ClientResult::Ok(newest)
}

fn register(reads: Reads) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| {
        let net = world.net("register");
        let replicas = ["a", "b", "c"].map(|name| world.node(name));
        for (place, node) in replicas.into_iter().enumerate() {
            let (net, disk) = (net.clone(), world.disk(node));
            let backups = if place == 0 { replicas[1..].to_vec() } else { Vec::new() };
            world.boot(node, move || replica(node, backups.clone(), net.clone(), disk.clone()));
        }
        let history = ClientHistory::linearizable(world, Register::holding(0));

        let (writer, reader) = (world.node("writer"), world.node("reader"));
        let (to, writes) = (net.clone(), history.clone());
        world.spawn(writer, async move {
            let write = writes.invoke(writer, RegisterOp::Write(7));
            match to.call(writer, replicas[0], Message::Write(7), 3 * SECOND).await {
                Ok(Message::Done) => write.done(),
                // It is unknown, then, whether a majority gets it.
                _ => drop(write),
            }
        });
        let clock = world.clock(reader);
        world.spawn(reader, async move {
            // The first read may overlap the write, the second begins later.
            for _ in 0..2 {
                let read = history.invoke(reader, RegisterOp::Read);
                let result = match reads {
                    Reads::One => read_one(reader, &replicas, &net).await,
                    Reads::Quorum => read_quorum(reader, &replicas, &net).await,
                };
                let value = match result {
                    ClientResult::Ok((_, value)) => ClientResult::Ok(RegisterRet::Found(Some(value))),
                    _ => ClientResult::Unknown,
                };
                read.end::<()>(value);
                clock.sleep(4 * SECOND).await;
            }
        });
    }
}

fn run(reads: Reads) -> Report {
    let nodes = ["a", "b", "c", "writer", "reader"];
    let sim = Sim::new("register").nodes(nodes).duplication(false);
    show(sim.delays([Delay::By(5 * SECOND)]).pauses([5 * SECOND]).run(register(reads)))
}

#[test]
fn a_read_from_one_replica_is_stale_after_a_failover() {
    let report = run(Reads::One);
    report.assert_failed(FailureKind::Property);
    let failure = report.failure.expect("it failed");
    assert!(failure.message.starts_with("no order of these explains all results: "), "{failure}");
    let faults = failure.trace.lines.iter().filter(|line| line.note.contains("fault"));
    assert_eq!(faults.count(), 2, "one backup did not get it, and the primary is away\n{failure}");
}

#[test]
fn a_read_from_a_majority_is_never_stale() {
    run(Reads::Quorum).assert_passed();
}
