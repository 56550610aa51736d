//! Transfers, their errors, and the audit.

use std::thread;

use ledger::{AccountId, Cents, Ledger, Opening, TransferError};

const SHOP: AccountId = AccountId(90);

fn ledger() -> Ledger {
    let opening = |id, branch, balance| Opening {
        id: AccountId(id),
        branch,
        balance,
    };
    let mut openings: Vec<Opening> = (1..=8).map(|id| opening(id, 1, 5_000)).collect();
    openings.push(opening(SHOP.0, 2, 0));
    openings.push(opening(91, 2, Cents::MAX));
    Ledger::open(&openings)
}

#[test]
fn a_transfer_moves_the_amount() {
    let ledger = ledger();
    assert_eq!(ledger.transfer(AccountId(1), AccountId(2), 1_200), Ok(()));
    assert_eq!(ledger.transfer(AccountId(2), AccountId(1), 200), Ok(()));
    assert_eq!(ledger.balance(AccountId(1)), Ok(4_000));
    assert_eq!(ledger.balance(AccountId(2)), Ok(6_000));
    assert_eq!(ledger.branch_total(1), 40_000);
}

#[test]
fn a_refused_transfer_moves_nothing() {
    let ledger = ledger();
    let refused = [
        (1, 1, 10, TransferError::SameAccount),
        (1, 77, 10, TransferError::Unknown(AccountId(77))),
        (77, 1, 10, TransferError::Unknown(AccountId(77))),
        (1, 2, 5_001, TransferError::NotEnough),
        (1, 91, 10, TransferError::TooMuch),
    ];
    for (from, to, amount, error) in refused {
        let answer = ledger.transfer(AccountId(from), AccountId(to), amount);
        assert_eq!(answer, Err(error));
    }
    assert_eq!(ledger.balance(AccountId(1)), Ok(5_000));
    assert_eq!(ledger.branch_total(1), 40_000);
    assert_eq!(ledger.branch_total(2), u128::from(Cents::MAX));
}

#[test]
fn four_pairs_trade_at_the_same_time() {
    let ledger = ledger();
    thread::scope(|scope| {
        for pair in [(1, 2), (3, 4), (5, 6), (7, 8)] {
            let (ledger, left, right) = (&ledger, AccountId(pair.0), AccountId(pair.1));
            scope.spawn(move || {
                for _ in 0..1_000 {
                    assert_eq!(ledger.transfer(left, right, 30), Ok(()));
                    assert_eq!(ledger.transfer(right, left, 29), Ok(()));
                }
            });
        }
    });
    assert_eq!(ledger.balance(AccountId(1)), Ok(4_000));
    assert_eq!(ledger.balance(AccountId(8)), Ok(6_000));
    assert_eq!(ledger.branch_total(1), 40_000);
}

#[test]
fn eight_customers_pay_one_shop_at_the_same_time() {
    let ledger = ledger();
    thread::scope(|scope| {
        for customer in (1..=8).map(AccountId) {
            let ledger = &ledger;
            scope.spawn(move || {
                for _ in 0..100 {
                    assert_eq!(ledger.transfer(customer, SHOP, 25), Ok(()));
                }
            });
        }
    });
    assert_eq!(ledger.balance(SHOP), Ok(20_000));
    assert_eq!(ledger.branch_total(1), 20_000);
}
