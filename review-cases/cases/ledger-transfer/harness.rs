//! Transfers and audits at the same time.

use std::sync::Arc;
use std::thread;

use ledger::{AccountId, Cents, Ledger, Opening, TransferError};
use review_cases::harness::Harness;

type Transfer = (u32, u32, Cents);
type Answer = Result<(), TransferError>;

/// Accounts 1, 2, ... with these branches and balances.
fn ledger(accounts: &[(u16, Cents)]) -> Arc<Ledger> {
    let openings: Vec<Opening> = (1..)
        .zip(accounts)
        .map(|(id, &(branch, balance))| Opening {
            id: AccountId(id),
            branch,
            balance,
        })
        .collect();
    Arc::new(Ledger::open(&openings))
}

/// Runs all transfers at once, a thread each.
fn transfer_all<const N: usize>(ledger: &Arc<Ledger>, transfers: [Transfer; N]) -> [Answer; N] {
    let threads = transfers.map(|(from, to, amount)| {
        let ledger = Arc::clone(ledger);
        thread::spawn(move || ledger.transfer(AccountId(from), AccountId(to), amount))
    });
    threads.map(|thread| thread.join().unwrap())
}

fn balances<const N: usize>(ledger: &Ledger, ids: [u32; N]) -> [Cents; N] {
    ids.map(|id| ledger.balance(AccountId(id)).unwrap())
}

/// Two accounts pay each other.
fn opposite(branches: [u16; 2]) {
    let ledger = ledger(&branches.map(|branch| (branch, 10)));
    let answers = transfer_all(&ledger, [(1, 2, 3), (2, 1, 4)]);
    assert_eq!(answers, [Ok(()), Ok(())], "there was enough for both");
    assert_eq!(balances(&ledger, [1, 2]), [11, 9], "each moved once");
}

/// Three accounts pay each other in a circle.
fn circle() {
    let ledger = ledger(&[(7, 10), (7, 10), (7, 10)]);
    let answers = transfer_all(&ledger, [(1, 2, 1), (2, 3, 2), (3, 1, 3)]);
    assert_eq!(answers, [Ok(()); 3], "there was enough for all");
    assert_eq!(balances(&ledger, [1, 2, 3]), [12, 9, 9], "each moved once");
}

/// Money for one transfer, and two that want it.
fn contested() {
    let ledger = ledger(&[(7, 5), (7, 0), (8, 0)]);
    let answers = transfer_all(&ledger, [(1, 2, 4), (1, 3, 4)]);
    let paid = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(paid, 1, "there was enough for one");
    let [left, second, third] = balances(&ledger, [1, 2, 3]);
    assert_eq!((left, second + third), (1, 4), "one moved");
}

/// An audit while money moves within the branch.
fn audit(from: u32, to: u32) {
    let ledger = ledger(&[(7, 10), (7, 10)]);
    let books = Arc::clone(&ledger);
    let auditor = thread::spawn(move || books.branch_total(7));
    let answers = transfer_all(&ledger, [(from, to, 5)]);
    let total = auditor.join().unwrap();
    assert_eq!(answers, [Ok(())], "there was enough");
    assert_eq!(total, 20, "the audit saw money that is nowhere or twice");
}

fn main() {
    let mut h = Harness::from_args();
    h.model("opposite transfers, one branch", || opposite([7, 7]));
    h.model("opposite transfers, two branches", || opposite([7, 8]));
    h.model("audit, upwards", || audit(1, 2));
    h.model("audit, downwards", || audit(2, 1));
    h.model("money for one", contested);
    h.model("three in a circle", circle);
    h.finish();
}
