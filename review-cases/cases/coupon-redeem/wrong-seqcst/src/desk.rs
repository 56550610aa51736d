//! All coupons by code.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::coupon::{Coupon, Redemption};

/// The code is taken by another coupon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicate;

/// Why an order does not get the discount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedeemError {
    /// No coupon has this code.
    Unknown,
    /// As many orders as the coupon allows hold it now.
    UsedUp,
}

/// The coupons of a shop, shared by all checkout threads.
#[derive(Default)]
pub struct Desk {
    coupons: RwLock<BTreeMap<String, Arc<Coupon>>>,
}

impl Desk {
    /// Adds a coupon that up to `limit` orders can hold.
    ///
    /// # Errors
    /// [`Duplicate`] if the code exists; that coupon stays as it is.
    pub fn add(&self, code: &str, discount_cents: u32, limit: u32) -> Result<(), Duplicate> {
        let mut coupons = self.coupons.write().unwrap_or_else(PoisonError::into_inner);
        if coupons.contains_key(code) {
            return Err(Duplicate);
        }
        let coupon = Arc::new(Coupon::new(discount_cents, limit));
        coupons.insert(code.to_owned(), coupon);
        Ok(())
    }

    /// Uses the coupon for one order.
    ///
    /// # Errors
    /// [`RedeemError`] says why the order gets nothing off.
    pub fn redeem(&self, code: &str) -> Result<Redemption, RedeemError> {
        let coupon = self.find(code).ok_or(RedeemError::Unknown)?;
        Redemption::of(coupon).ok_or(RedeemError::UsedUp)
    }

    /// How many orders hold the coupon now.
    pub fn used(&self, code: &str) -> Option<u32> {
        Some(self.find(code)?.used())
    }

    fn find(&self, code: &str) -> Option<Arc<Coupon>> {
        let coupons = self.coupons.read().unwrap_or_else(PoisonError::into_inner);
        coupons.get(code).cloned()
    }
}
