//! A log whose last record was torn by a crash.
//!
//! A record is its length and its bytes. After a crash the last one may be there
//! in part, or with zeros for its end; who believes the length alone reads what
//! nobody wrote. With a checksum the torn tail is known and cut off. And a record
//! is acknowledged only once it is synced.

use crate::show;
use ringwright_check::sim::{Downtime, Durability, File, Net, Node, Sim, World};
use ringwright_check::{FailureKind, Report};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// What clients store.
const WORDS: [&str; 2] = ["alpha", "omega"];

#[derive(Clone, Debug)]
enum Message {
    Store(&'static str),
    Stored,
}

#[derive(Clone, Copy, PartialEq)]
enum Format {
    /// Length, bytes.
    Bare,
    /// Length, checksum, bytes.
    Summed,
}

#[derive(Clone, Copy, PartialEq)]
enum Sync {
    Forgotten,
    BeforeTheAnswer,
}

/// Differs for any two of the records, torn or whole, that this log can have.
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0xa5, |sum: u8, byte| sum.rotate_left(3) ^ byte)
}

fn record(format: Format, word: &str) -> Vec<u8> {
    let mut bytes = vec![word.len() as u8];
    if format == Format::Summed {
        bytes.push(checksum(word.as_bytes()));
    }
    bytes.extend(word.as_bytes());
    bytes
}

/// The records of a log, and how long the part is that holds them.
fn recover(format: Format, log: &[u8]) -> (Vec<String>, usize) {
    let (mut words, mut at) = (Vec::new(), 0);
    let head = if format == Format::Summed { 2 } else { 1 };
    while at + head <= log.len() {
        let end = at + head + usize::from(log[at]);
        let Some(bytes) = log.get(at + head..end) else { break };
        if format == Format::Summed && log[at + 1] != checksum(bytes) {
            break;
        }
        words.push(String::from_utf8_lossy(bytes).into_owned());
        at = end;
    }
    (words, at)
}

async fn store(
    me: Node,
    net: Net<Message>,
    log: File,
    format: Format,
    sync: Sync,
    read: Rc<RefCell<Vec<String>>>,
) {
    let (words, whole) = recover(format, &log.read().await);
    *read.borrow_mut() = words;
    log.truncate(whole).await;
    loop {
        let request = net.recv(me).await;
        let Message::Store(word) = request.body else { continue };
        log.append(&record(format, word)).await;
        if sync == Sync::BeforeTheAnswer {
            log.sync().await.expect("the disk works");
        }
        net.reply(&request, Message::Stored).await;
    }
}

fn logging(format: Format, sync: Sync) -> impl Fn(&World) + Send + std::marker::Sync + 'static {
    move |world| {
        let (client, node) = (world.node("client"), world.node("store"));
        let (net, log) = (world.net("log"), world.file(node));
        let disk = log.clone();
        let durability = Durability::new(world, move |word: &&str| {
            recover(format, &disk.survives()).0.iter().any(|stored| stored == word)
        });
        let read = Rc::new(RefCell::new(Vec::new()));
        let (server, recovered) = (net.clone(), Rc::clone(&read));
        world.boot(node, move || {
            store(node, server.clone(), log.clone(), format, sync, Rc::clone(&recovered))
        });
        world.check(move || match read.borrow().iter().find(|word| !WORDS.contains(&word.as_str())) {
            Some(word) => Err(format!("the log has {word:?}, which nobody wrote")),
            None => Ok(()),
        });
        world.spawn(client, async move {
            for word in WORDS {
                for _ in 0..3 {
                    if net.call(client, node, Message::Store(word), SECOND).await.is_ok() {
                        durability.acknowledged(client, word);
                        break;
                    }
                }
            }
        });
    }
}

fn run(faults: u32, format: Format, sync: Sync) -> Report {
    let sim = Sim::new("log").nodes(["client", "store"]).faults(faults).crashes([Downtime::For(SECOND / 2)]);
    show(sim.run(logging(format, sync)))
}

#[test]
fn a_torn_record_is_read_as_one_that_nobody_wrote() {
    let report = run(1, Format::Bare, Sync::BeforeTheAnswer);
    report.assert_failed(FailureKind::Property);
    let failure = report.failure.expect("it failed");
    assert!(failure.message.ends_with("which nobody wrote"), "{failure}");
    let torn = failure.trace.lines.iter().any(|line| line.what.ends_with("torn and ends in zeros"));
    assert!(torn, "{failure}");
}

#[test]
fn an_answer_before_the_sync_is_a_promise_that_a_crash_breaks() {
    let report = run(0, Format::Summed, Sync::Forgotten);
    report.assert_failed(FailureKind::Property);
    let failure = report.failure.expect("it failed");
    assert_eq!(failure.message, "\"alpha\" is acknowledged, but not durable");
}

#[test]
fn checksums_and_a_sync_before_the_answer_keep_the_log() {
    run(2, Format::Summed, Sync::BeforeTheAnswer).assert_passed();
}
