//! Two checkouts that use one coupon at the same time.

use std::sync::Arc;
use std::thread;

use promo::{Desk, RedeemError, Redemption};
use review_cases::harness::Harness;

const CODE: &str = "SPRING";

fn desk(limit: u32) -> Arc<Desk> {
    let desk = Desk::default();
    desk.add(CODE, 500, limit).unwrap();
    Arc::new(desk)
}

/// Runs two checkouts at once and counts the redemptions they end up with.
fn both<L, R>(desk: &Arc<Desk>, left: L, right: R) -> u32
where
    L: FnOnce(&Desk) -> Option<Redemption> + Send + 'static,
    R: FnOnce(&Desk) -> Option<Redemption> + Send + 'static,
{
    let (left_desk, right_desk) = (Arc::clone(desk), Arc::clone(desk));
    let left = thread::spawn(move || left(&left_desk));
    let right = thread::spawn(move || right(&right_desk));
    let got = [left.join().unwrap(), right.join().unwrap()];
    got.iter().flatten().count() as u32
}

fn redeem(desk: &Desk) -> Option<Redemption> {
    match desk.redeem(CODE) {
        Ok(redemption) => Some(redemption),
        Err(error) => {
            assert_eq!(error, RedeemError::UsedUp, "the code is known");
            None
        }
    }
}

fn last_place() {
    let desk = desk(1);
    let held = both(&desk, redeem, redeem);
    assert!(held <= 1, "{held} orders hold a coupon for one");
    assert_eq!(held, 1, "the one place was free and nobody got it");
    assert_eq!(desk.used(CODE), Some(held), "held and counted");
}

fn room_for_both() {
    let desk = desk(2);
    let held = both(&desk, redeem, redeem);
    assert_eq!(held, 2, "there was a place for each");
    assert_eq!(desk.used(CODE), Some(held), "held and counted");
}

fn given_back() {
    let desk = desk(1);
    let first = desk.redeem(CODE).unwrap();
    let unpaid = move |desk: &Desk| {
        first.give_back();
        redeem(desk)
    };
    let held = both(&desk, redeem, unpaid);
    assert!(held <= 1, "{held} orders hold a coupon for one");
    assert_eq!(held, 1, "a place was given back and nobody got it");
    assert_eq!(desk.used(CODE), Some(held), "held and counted");
}

fn main() {
    let mut h = Harness::from_args();
    h.model("two orders, one place", last_place);
    h.model("two orders, two places", room_for_both);
    h.model("one order gives back", given_back);
    h.finish();
}
