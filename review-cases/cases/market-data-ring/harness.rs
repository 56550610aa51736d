//! One decoder and one book builder at the same time.

use std::thread;

use feed::{Side, Subscriber, Update, link};
use review_cases::harness::Harness;

fn update(seq: u64) -> Update {
    Update {
        seq,
        side: if seq % 2 == 0 { Side::Ask } else { Side::Bid },
        price: 1000 + seq as i64,
        size: 7 * seq,
    }
}

/// Publishes `packets` in one thread while another polls `polls` times.
///
/// What was accepted must arrive once, whole and in order.
fn exchange(capacity: usize, packets: &'static [&'static [u64]], polls: usize) {
    let (mut publisher, mut subscriber) = link(capacity);
    let decoder = thread::spawn(move || {
        let mut accepted = Vec::new();
        for packet in packets {
            let packet: Vec<Update> = packet.iter().map(|&seq| update(seq)).collect();
            if publisher.publish(&packet).is_ok() {
                accepted.extend(packet);
            }
        }
        accepted
    });
    let builder = thread::spawn(move || {
        let arrived: Vec<Update> = (0..polls).filter_map(|_| subscriber.poll()).collect();
        (arrived, subscriber)
    });
    let accepted = decoder.join().unwrap();
    let (mut arrived, mut subscriber) = builder.join().unwrap();
    arrived.extend(rest(&mut subscriber));
    assert_eq!(arrived, accepted, "what arrived is not what was accepted");
}

fn rest(subscriber: &mut Subscriber) -> Vec<Update> {
    std::iter::from_fn(|| subscriber.poll()).collect()
}

fn main() {
    let mut h = Harness::from_args();
    h.model("one packet", || exchange(2, &[&[1, 2]], 2));
    h.model("a slot used twice", || exchange(1, &[&[1], &[2]], 2));
    h.model("two packets", || exchange(2, &[&[1], &[2, 3]], 3));
    h.finish();
}
