//! The shard as its two threads use it.

use ledger::{PostError, Snapshot, open};
use std::thread;

#[test]
fn a_checkpoint_holds_what_was_posted() {
    let (mut poster, mut checkpointer) = open(3);
    poster.post(0, 250).unwrap();
    poster.post(2, -100).unwrap();
    poster.post(0, 50).unwrap();
    let copy = checkpointer.copy().unwrap();
    assert_eq!(
        copy,
        Snapshot {
            balances: vec![300, 0, -100],
            total: 200
        }
    );
}

#[test]
fn a_posting_that_fails_changes_nothing() {
    let (mut poster, mut checkpointer) = open(2);
    poster.post(1, i64::MAX).unwrap();
    assert_eq!(poster.post(1, 1), Err(PostError::Overflow));
    assert_eq!(poster.post(2, 1), Err(PostError::UnknownAccount(2)));
    let copy = checkpointer.copy().unwrap();
    assert_eq!(copy.balances, [0, i64::MAX]);
    assert_eq!(copy.total, i64::MAX);
}

#[test]
fn a_failed_posting_leaves_the_shard_free() {
    let (mut poster, mut checkpointer) = open(1);
    poster.post(0, i64::MAX).unwrap();
    poster.post(0, 1).unwrap_err();
    checkpointer.copy().unwrap();
    poster.post(0, -1).unwrap();
    assert_eq!(checkpointer.copy().unwrap().total, i64::MAX - 1);
}

#[test]
fn the_handles_move_between_threads() {
    let (mut poster, mut checkpointer) = open(4);
    for round in 1..=200 {
        poster = thread::spawn(move || {
            for account in 0..4 {
                poster.post(account, 1).unwrap();
            }
            poster
        })
        .join()
        .unwrap();
        let (back, copy) = thread::spawn(move || {
            let copy = checkpointer.copy().unwrap();
            (checkpointer, copy)
        })
        .join()
        .unwrap();
        checkpointer = back;
        assert_eq!(copy.balances, [round; 4]);
        assert_eq!(copy.total, 4 * round);
    }
}
