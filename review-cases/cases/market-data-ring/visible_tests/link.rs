//! The link: order, room, and the way through a book.

use std::thread;

use feed::{Book, Full, Gap, Side, Update, link};

fn update(seq: u64) -> Update {
    Update {
        seq,
        side: Side::Bid,
        price: 100 + seq as i64,
        size: 10 * seq,
    }
}

#[test]
fn a_packet_arrives_whole_and_in_order() {
    let (mut publisher, mut subscriber) = link(8);
    publisher.publish(&[update(1), update(2)]).unwrap();
    publisher.publish(&[update(3)]).unwrap();
    for seq in 1..=3 {
        assert_eq!(subscriber.poll(), Some(update(seq)));
    }
    assert_eq!(subscriber.poll(), None);
}

#[test]
fn a_packet_that_does_not_fit_is_refused_whole() {
    let (mut publisher, mut subscriber) = link(2);
    publisher.publish(&[update(1)]).unwrap();
    assert_eq!(publisher.publish(&[update(2), update(3)]), Err(Full));
    assert_eq!(subscriber.rejected(), 1);
    assert_eq!(subscriber.poll(), Some(update(1)));
    publisher.publish(&[update(2), update(3)]).unwrap();
    assert_eq!(subscriber.poll(), Some(update(2)));
    assert_eq!(subscriber.poll(), Some(update(3)));
}

#[test]
fn a_thousand_laps_from_thread_to_thread() {
    let (mut publisher, mut subscriber) = link(4);
    let mut book = Book::default();
    for lap in 0..1000 {
        let packet = [
            update(3 * lap + 1),
            update(3 * lap + 2),
            update(3 * lap + 3),
        ];
        publisher = thread::spawn(move || {
            publisher.publish(&packet).unwrap();
            publisher
        })
        .join()
        .unwrap();
        (subscriber, book) = thread::spawn(move || {
            assert_eq!(book.catch_up(&mut subscriber), Ok(3));
            (subscriber, book)
        })
        .join()
        .unwrap();
    }
    assert_eq!(book.top(), (Some(3100), None));
}

#[test]
fn the_book_follows_and_notices_a_gap() {
    let (mut publisher, mut subscriber) = link(8);
    let mut book = Book::default();
    let ask = Update {
        seq: 2,
        side: Side::Ask,
        price: 110,
        size: 5,
    };
    let gone = Update {
        seq: 3,
        size: 0,
        ..update(1)
    };
    publisher.publish(&[update(1), ask]).unwrap();
    assert_eq!(book.catch_up(&mut subscriber), Ok(2));
    assert_eq!(book.top(), (Some(101), Some(110)));
    publisher.publish(&[gone, update(5)]).unwrap();
    let gap = Gap {
        expected: 4,
        got: 5,
    };
    assert_eq!(book.catch_up(&mut subscriber), Err(gap));
    assert_eq!(book.top(), (None, Some(110)));
}
