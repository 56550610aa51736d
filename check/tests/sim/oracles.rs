//! The oracles that no other file convicts with: attempts, key-value histories, late losses.

use crate::{SECOND, quiet, show};
use ringwright_check::linearize::{Register, RegisterOp, RegisterRet};
use ringwright_check::sim::{
    Attempts, ClientHistory, ClientResult, Durability, KeyValue, KeyValueOp, Net, Node, NodeClock, Sim, World,
};
use ringwright_check::{FailureKind, Limit, Report, Verdict};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

// Retries that multiply: a client and a proxy that both try again.

const ATTEMPTS: u32 = 3;

async fn proxy(me: Node, server: Node, net: Net<u32>, tries: u32) {
    loop {
        let request = net.recv(me).await;
        for _ in 0..tries {
            if let Ok(answer) = net.call(me, server, request.body, SECOND / 2).await {
                net.reply(&request, answer).await;
                break;
            }
        }
    }
}

async fn retrying_client(me: Node, proxy: Node, net: Net<u32>, clock: NodeClock) {
    for _ in 0..ATTEMPTS {
        if net.call(me, proxy, 7, SECOND).await.is_ok() {
            return;
        }
        clock.sleep(SECOND).await;
    }
}

fn requests(tries_of_proxy: u32) -> Report {
    let sim = Sim::new("retries").nodes(["client", "proxy", "server"]).duplication(false).delays([]);
    show(sim.run(move |world| {
        let [client, middle, server] = ["client", "proxy", "server"].map(|name| world.node(name));
        let (net, attempts) = (world.net("get"), Attempts::new(world, ATTEMPTS));
        let (clock, inbox) = (world.clock(client), net.clone());
        world.serve(middle, proxy(middle, server, net.clone(), tries_of_proxy));
        world.serve(server, async move {
            loop {
                let request = inbox.recv(server).await;
                attempts.attempt(server, request.body);
                inbox.reply(&request, 0).await;
            }
        });
        world.spawn(client, retrying_client(client, middle, net, clock));
    }))
}

#[test]
fn retries_in_two_places_multiply() {
    let report = requests(2);
    report.assert_failed(FailureKind::Property);
    let failure = report.failure.expect("it failed");
    assert_eq!(failure.message, "7 is attempted 4 times, not 3 at most");
    requests(1).assert_passed();
}

// A cache that is told of writes, by a message that can be lost.

#[derive(Clone, Debug)]
enum Message {
    Get(&'static str),
    Put(&'static str, u32),
    Forget(&'static str),
    Value(Option<u32>),
}

async fn store(me: Node, cache: Node, net: Net<Message>) {
    let mut values = BTreeMap::new();
    loop {
        let request = net.recv(me).await;
        match request.body {
            Message::Get(key) => net.reply(&request, Message::Value(values.get(key).copied())).await,
            Message::Put(key, value) => {
                let before = values.insert(key, value);
                net.send(me, cache, Message::Forget(key)).await;
                net.reply(&request, Message::Value(before)).await;
            }
            _ => {}
        }
    }
}

/// Answers what it has, if it may, and else asks the store.
async fn cache(me: Node, store: Node, net: Net<Message>, keeps: bool) {
    let mut values = BTreeMap::new();
    loop {
        let request = net.recv(me).await;
        match request.body {
            Message::Forget(key) => drop(values.remove(key)),
            Message::Get(key) => {
                let known = values.get(key).copied().filter(|_| keeps);
                let asked = match known {
                    Some(value) => Ok(Message::Value(value)),
                    None => net.call(me, store, Message::Get(key), SECOND).await,
                };
                if let Ok(Message::Value(value)) = asked {
                    values.insert(key, value);
                    net.reply(&request, Message::Value(value)).await;
                }
            }
            _ => {}
        }
    }
}

fn cached(faults: u32, keeps: bool) -> Report {
    let sim = Sim::new("cache").nodes(["client", "cache", "store"]).faults(faults).duplication(false);
    show(sim.pauses([]).run(move |world| {
        let [me, near, far] = ["client", "cache", "store"].map(|name| world.node(name));
        let net = world.net("kv");
        world.serve(far, store(far, near, net.clone()));
        world.serve(near, cache(near, far, net.clone(), keeps));
        let history = ClientHistory::linearizable(world, KeyValue::new());
        world.spawn(me, async move {
            let (get, put) = (KeyValueOp::Get("x"), KeyValueOp::Put("x", 1));
            for op in [get, put, get] {
                let call = history.invoke(me, op);
                let (to, message) = match op {
                    KeyValueOp::Put(key, value) => (far, Message::Put(key, value)),
                    _ => (near, Message::Get("x")),
                };
                let answer = match net.call(me, to, message, 3 * SECOND).await {
                    Ok(Message::Value(value)) => ClientResult::Ok(value),
                    Ok(other) => panic!("{other:?} is no answer"),
                    Err(_) => ClientResult::Unknown,
                };
                call.end::<()>(answer);
            }
        });
    }))
}

#[test]
fn a_cache_that_misses_a_message_answers_what_is_gone() {
    let report = cached(1, true);
    report.assert_failed(FailureKind::Property);
    let failure = report.failure.expect("it failed");
    let history = "client Get(\"x\") -> None; client Put(\"x\", 1) -> None; client Get(\"x\") -> None";
    assert!(failure.message.ends_with(history), "{failure}");
    cached(2, false).assert_passed();
}

// What was durable when it was acknowledged, and is gone at the end.

#[test]
fn what_was_acknowledged_must_still_be_there_at_the_end() {
    let run = |cleans_up: bool| {
        quiet("late").run(move |world: &World| {
            let a = world.node("a");
            let (stored, clock) = (Rc::new(Cell::new(true)), world.clock(a));
            let disk = Rc::clone(&stored);
            let durability = Durability::new(world, move |_: &u32| disk.get());
            world.spawn(a, async move {
                durability.acknowledged(a, 7);
                clock.sleep(SECOND).await;
                stored.set(!cleans_up);
            });
        })
    };
    run(false).assert_passed();
    let report = run(true);
    report.assert_failed(FailureKind::Property);
    assert_eq!(report.failure.expect("it failed").message, "7 was acknowledged, and is lost");
}

// A history of many operations.

/// A client counts a counter up by compare-and-set; `stale` answers one read
/// with what was there before. Each `unknown` operation is one that nobody
/// answers.
fn counter(rounds: u32, stale: Option<u32>, unknown: u32, budget: u64) -> Report {
    quiet("counter").faults(0).run(move |world| {
        let (a, clock) = (world.node("a"), world.clock(world.node("a")));
        let register = Register::holding(0u32);
        let history = ClientHistory::linearizable_within(world, register, budget);
        world.spawn(a, async move {
            for lost in 0..unknown {
                drop(history.invoke(a, RegisterOp::Write(1_000 + lost)));
            }
            for value in 0..rounds {
                let swap = history.invoke(a, RegisterOp::Cas(value, value + 1));
                swap.end::<()>(ClientResult::Ok(RegisterRet::Swapped(true)));
                clock.sleep(SECOND).await;
                let read = history.invoke(a, RegisterOp::Read);
                let found = if stale == Some(value) { value } else { value + 1 };
                read.end::<()>(ClientResult::Ok(RegisterRet::Found(Some(found))));
            }
        });
    })
}

#[test]
fn a_history_may_have_more_than_128_operations() {
    let budget = 100_000;
    let report = counter(150, None, 0, budget);
    report.assert_passed();
    assert_eq!(report.executions, 1);
    let report = counter(150, Some(149), 0, budget);
    report.assert_failed(FailureKind::Property);
    let message = report.failure.expect("it failed").message;
    let (start, end) = ("no order of these explains all results: 268 before; ", "a Read -> Found(Some(149))");
    assert!(message.starts_with(start) && message.ends_with(end), "{message}");
}

#[test]
fn a_history_that_is_too_hard_is_a_limit_and_no_pass() {
    let report = counter(20, Some(19), 8, 100);
    let Verdict::LimitHit(Limit::Engine(why)) = &report.verdict else {
        panic!("{report}");
    };
    assert_eq!(why, "the order of a history was searched through 100 configurations");
    // What else is wrong at the end is still found.
    let run = |else_wrong: bool| {
        quiet("both").faults(0).run(move |world| {
            let a = world.node("a");
            let history = ClientHistory::linearizable_within(world, Register::holding(0), 1);
            world.spawn(a, async move {
                drop(history.invoke(a, RegisterOp::Write(1)));
                drop(history.invoke(a, RegisterOp::Write(2)));
                let read = history.invoke(a, RegisterOp::Cas(3, 4));
                read.end::<()>(ClientResult::Ok(RegisterRet::Swapped(true)));
            });
            world.check_at_end(move || if else_wrong { Err("wrong".into()) } else { Ok(()) });
        })
    };
    assert!(matches!(run(false).verdict, Verdict::LimitHit(_)));
    run(true).assert_failed(FailureKind::Property);
}
