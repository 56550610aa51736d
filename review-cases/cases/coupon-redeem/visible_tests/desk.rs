//! The desk: limits, errors, giving back, several threads.

use std::thread;

use promo::{Desk, Duplicate, RedeemError};

fn desk() -> Desk {
    let desk = Desk::default();
    desk.add("SPRING", 500, 2).unwrap();
    desk
}

#[test]
fn a_coupon_is_good_for_its_limit() {
    let desk = desk();
    let first = desk.redeem("SPRING").unwrap();
    let second = desk.redeem("SPRING").unwrap();
    assert_eq!(first.discount_cents() + second.discount_cents(), 1000);
    assert_eq!(desk.redeem("SPRING").err(), Some(RedeemError::UsedUp));
    assert_eq!(desk.used("SPRING"), Some(2));
}

#[test]
fn what_is_given_back_can_be_used_again() {
    let desk = desk();
    let first = desk.redeem("SPRING").unwrap();
    let _second = desk.redeem("SPRING").unwrap();
    assert_eq!(desk.redeem("SPRING").err(), Some(RedeemError::UsedUp));
    first.give_back();
    assert_eq!(desk.used("SPRING"), Some(1));
    assert!(desk.redeem("SPRING").is_ok());
    assert_eq!(desk.redeem("SPRING").err(), Some(RedeemError::UsedUp));
}

#[test]
fn unknown_and_duplicate_codes_are_refused() {
    let desk = desk();
    assert_eq!(desk.redeem("AUTUMN").err(), Some(RedeemError::Unknown));
    assert_eq!(desk.used("AUTUMN"), None);
    assert_eq!(desk.add("SPRING", 100, 1), Err(Duplicate));
    assert_eq!(desk.used("SPRING"), Some(0));
}

#[test]
fn four_checkouts_work_at_the_same_time() {
    let desk = Desk::default();
    let codes = ["NORTH", "EAST", "SOUTH", "WEST"];
    for code in codes {
        desk.add(code, 250, 1000).unwrap();
    }
    thread::scope(|scope| {
        for code in codes {
            let desk = &desk;
            scope.spawn(move || {
                for order in 0..1500 {
                    assert_eq!(desk.redeem(code).is_ok(), order < 1000);
                }
            });
        }
    });
    for code in codes {
        assert_eq!(desk.used(code), Some(1000));
    }
}
