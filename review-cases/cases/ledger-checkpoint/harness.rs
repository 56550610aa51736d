//! One poster, one checkpointer: a copy is the books between two postings.

use ledger::{PostError, Snapshot, open};
use review_cases::harness::Harness;
use std::thread;

/// A copy agrees with itself and with the postings that may have been applied.
fn judge(copy: &Snapshot, wanted: &[[i64; 2]]) {
    assert_eq!(copy.balances.iter().sum::<i64>(), copy.total);
    assert!(
        wanted.iter().any(|books| copy.balances == books),
        "a copy of {:?} is none of {wanted:?}",
        copy.balances
    );
}

fn main() {
    let mut h = Harness::from_args();
    h.model("one posting, one copy", || {
        let (mut poster, mut checkpointer) = open(2);
        let posting = thread::spawn(move || poster.post(0, 5));
        if let Ok(copy) = checkpointer.copy() {
            judge(&copy, &[[0, 0], [5, 0]]);
        }
        let posted = posting.join().unwrap();
        assert!(matches!(posted, Ok(()) | Err(PostError::Busy)));
        let paid = if posted.is_ok() { 5 } else { 0 };
        let last = checkpointer.copy().expect("nobody else has the shard");
        judge(&last, &[[paid, 0]]);
    });
    h.model("two postings, one copy", || {
        let (mut poster, mut checkpointer) = open(2);
        let posting = thread::spawn(move || {
            let first = poster.post(0, 5).is_ok();
            let second = poster.post(1, 7).is_ok();
            (first, second)
        });
        if let Ok(copy) = checkpointer.copy() {
            judge(&copy, &[[0, 0], [5, 0], [0, 7], [5, 7]]);
        }
        let (first, second) = posting.join().unwrap();
        let last = checkpointer.copy().expect("nobody else has the shard");
        judge(
            &last,
            &[[if first { 5 } else { 0 }, if second { 7 } else { 0 }]],
        );
    });
    h.model("one posting, two copies", || {
        let (mut poster, mut checkpointer) = open(2);
        let copying = thread::spawn(move || {
            let first = checkpointer.copy();
            let second = checkpointer.copy();
            for copy in [&first, &second].into_iter().flatten() {
                judge(copy, &[[0, 0], [5, 0]]);
            }
            if let (Ok(first), Ok(second)) = (first, second) {
                assert!(first.total <= second.total, "a posting was undone");
            }
            checkpointer
        });
        let posted = poster.post(0, 5).is_ok();
        let mut checkpointer = copying.join().unwrap();
        let last = checkpointer.copy().expect("nobody else has the shard");
        judge(&last, &[[if posted { 5 } else { 0 }, 0]]);
        poster.post(1, 7).expect("nobody else has the shard");
    });
    h.finish();
}
