//! A payment that is applied twice.
//!
//! A client that hears nothing must try again, and then a lost reply means a
//! second payment, unless the bank knows the request again by its key. The key
//! has to be stored with the payment, in one record: a bank that keeps its keys
//! in memory forgets them in a crash.

use crate::show;
use ringwright_check::sim::{Attempts, Disk, Downtime, Durability, Effects, Net, Node, Sim, World};
use ringwright_check::{FailureKind, Report};
use std::collections::BTreeSet;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const ATTEMPTS: u32 = 3;

#[derive(Clone, Debug)]
enum Message {
    Pay { key: u32, amount: u64 },
    Paid,
}

#[derive(Clone, Copy, PartialEq)]
enum Keys {
    Ignored,
    InMemory,
    OnDisk,
}

async fn bank(me: Node, net: Net<Message>, disk: Disk<u32, u64>, keys: Keys, effects: Effects<u32>) {
    let mut known: BTreeSet<u32> = match keys {
        Keys::OnDisk => disk.read_all().await.into_keys().collect(),
        _ => BTreeSet::new(),
    };
    loop {
        let request = net.recv(me).await;
        let Message::Pay { key, amount } = request.body else { continue };
        if keys == Keys::Ignored || known.insert(key) {
            disk.write(key, amount).await;
            disk.sync().await.expect("the disk works");
            effects.happened(key);
        }
        net.reply(&request, Message::Paid).await;
    }
}

fn payments(keys: Keys) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| {
        let (shop, node) = (world.node("shop"), world.node("bank"));
        let (net, disk) = (world.net("pay"), world.disk::<u32, u64>(node));
        let effects = Effects::new(world, node);
        let attempts = Attempts::new(world, ATTEMPTS);
        let stored = disk.clone();
        let durability = Durability::new(world, move |key| stored.survives(key).is_some());
        let (server, judge) = (net.clone(), effects.clone());
        world.boot(node, move || bank(node, server.clone(), disk.clone(), keys, judge.clone()));
        world.spawn(shop, async move {
            for key in [1, 2] {
                for _ in 0..ATTEMPTS {
                    attempts.attempt(shop, key);
                    let pay = Message::Pay { key, amount: 100 };
                    if let Ok(Message::Paid) = net.call(shop, node, pay, SECOND).await {
                        durability.acknowledged(shop, key);
                        break;
                    }
                }
            }
        });
    }
}

fn run(faults: u32, keys: Keys) -> Report {
    let sim = Sim::new("payments").nodes(["shop", "bank"]).faults(faults);
    show(sim.crashes([Downtime::For(SECOND), Downtime::Forever]).run(payments(keys)))
}

#[test]
fn a_lost_reply_and_a_retry_pay_twice() {
    let report = run(1, Keys::Ignored);
    report.assert_failed(FailureKind::Property);
    let failure = report.failure.expect("it failed");
    assert!(failure.message.ends_with("took effect 2 times"), "{failure}");
}

#[test]
fn keys_in_memory_do_not_survive_a_crash() {
    let report = run(1, Keys::InMemory);
    report.assert_failed(FailureKind::Property);
    let failure = report.failure.expect("it failed");
    assert!(failure.message.ends_with("took effect 2 times"), "{failure}");
    assert!(failure.trace.lines.iter().any(|line| line.what == "crash, down 1 s"), "{failure}");
}

#[test]
fn a_key_that_is_stored_with_the_payment_pays_once() {
    run(2, Keys::OnDisk).assert_passed();
}
